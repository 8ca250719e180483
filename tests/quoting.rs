//! What envr prints for a shell, read back byte for byte through that shell; and the hooks as their linters see them.

use crate::terminal::find_program;
use crate::test::{ENVR, Project, has};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Values that are code somewhere, or nearly.
const HOSTILE: [&str; 24] = [
    "",
    " ",
    "  two  blanks\t\ttabs  ",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned; #",
    "'; touch pwned; '",
    "\"; touch pwned; \"",
    "\\'; touch pwned; \\'",
    "\ntouch pwned\n",
    "'\ntouch pwned\n'",
    "\u{2019}; touch pwned; \u{2018}",
    "\u{fdd0}\u{f600}\u{f6ff}\u{feff}\u{1f980}",
    "a[$(touch pwned)]",
    "path[$(touch pwned)]",
    "${HOME:-`touch pwned`}",
    "!!",
    "!touch it's !$ !-1",
    "trailing \\",
    "\\\n",
    "-n",
    "~/x:~root",
    "=ls",
    "* ? [a] {b,c} %1 ^x #y <z> & | ( )",
];

/// What shells give a meaning.
const MARKS: &[u8] = b"a0 '\"\\$`!\n\t\r;&|(){}[]<>*?~#%^=-+,.:/@";

const CHARACTERS: [&str; 12] =
    ["x", " ", "é", "ß", "€", "日", "𝄞", "\u{85}", "\u{a0}", "\u{2028}", "\u{f6ff}", "\u{10ffff}"];

/// Shells and what they do with the file `code`.
const READERS: [(&str, &[&str], &str); 7] = [
    ("bash", &["--norc", "--noprofile", "-c"], "eval \"$(<code)\""),
    ("zsh", &["-f", "-c"], "eval \"$(<code)\""),
    ("fish", &["--no-config", "-c"], "source code"),
    ("fish", &["--no-config", "-c"], "eval (cat code)"),
    ("tcsh", &["-f", "-c"], "source code"),
    ("tcsh", &["-f", "-c"], "eval `cat code`"),
    ("tcsh", &["-f", "-c"], "eval \"`cat code`\""),
];

const ELVISH: &str = "
    var changes = (from-json < code)
    keys $changes | each {|name|
        if (eq $changes[$name] $nil) { unset-env $name } else { set-env $name $changes[$name] }
    }
    /usr/bin/env -0
";

type Vars = BTreeMap<OsString, OsString>;

#[test]
fn bytes_survive_bash() {
    bytes_survive("bash");
}

#[test]
fn bytes_survive_zsh() {
    bytes_survive("zsh");
}

#[test]
fn bytes_survive_fish() {
    bytes_survive("fish");
}

#[test]
fn bytes_survive_tcsh() {
    bytes_survive("tcsh");
}

#[track_caller]
fn bytes_survive(shell: &str) {
    for (turn, locale) in ["C", "C.UTF-8"].iter().enumerate() {
        let readers = readers(shell);
        for (place, reader) in readers.iter().enumerate() {
            // Each reader gets its share of the values, and another one in the other locale.
            let numbered = samples().into_iter().zip(turn + place..);
            let share = numbered.filter(|(_, number)| number.is_multiple_of(readers.len()));
            let vars = share.map(|(var, _)| var).collect();
            let world = World::with(shell, &vars);
            compare(&vars, &exported(world.command(shell).args(reader).env("LC_ALL", locale)));
        }
    }
}

#[test]
fn bytes_survive_xonsh() {
    // Not with `has`: no gate requires this one.
    if let Some(xonsh) = find_program("xonsh") {
        let vars = samples();
        let world = World::with("xonsh", &vars);
        world.write("read.xsh", "exec(open('code').read())\n/usr/bin/env -0\n");
        compare(
            &vars,
            &exported(world.command(xonsh.to_str().unwrap()).args(["--no-rc", "read.xsh"])),
        );
    } else {
        println!("skipped: `xonsh` is not installed");
    }
}

#[test]
fn bytes_survive_vim() {
    if has("vim") {
        let vars = samples();
        let world = World::with("vim", &vars);
        let mut vim = world.command("vim");
        vim.args(["-es", "-N", "-u", "NONE", "-i", "NONE", "-S", "code"]);
        vim.args(["-c", "silent !/usr/bin/env -0 > out", "-c", "qa!"]).output().unwrap();
        compare(&vars, &variables(&world.read("out")));
    }
}

#[test]
fn bytes_survive_a_github_file() {
    let vars = samples();
    let file = rendered("gha", &vars);
    let mut rest = file.as_slice();
    let mut found = Vars::new();
    while let Some((head, tail)) = split(rest, b"\n") {
        let (name, delimiter) = split(head, b"<<").unwrap();
        let (value, tail) = split(tail, &[b"\n", delimiter, b"\n"].concat()).unwrap();
        found.insert(OsStr::from_bytes(name).into(), OsStr::from_bytes(value).into());
        rest = tail;
    }
    compare(&vars, &found);
}

#[test]
fn text_survives_elvish() {
    if has("elvish") {
        let vars = samples();
        let world = World::with("elvish", &vars);
        let found = exported(world.command("elvish").args(["-norc", "-c", ELVISH]));
        compare(&as_text(&vars), &found);
    }
}

#[test]
fn text_survives_json() {
    let vars = samples();
    for shell in ["json", "murex", "nu"] {
        let json = rendered(shell, &vars);
        let found: BTreeMap<String, String> = serde_json::from_slice(&json).unwrap();
        let found = found.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        compare(&as_text(&vars), &found);
    }
}

/// What systemd understands in double quotes, bash understands, too.
#[test]
fn text_survives_an_environment_file() {
    if has("bash") {
        let vars = samples();
        let world = World::with("systemd", &vars);
        let script = "set -a; . ./code; /usr/bin/env -0";
        let found = exported(world.command("bash").args(["--norc", "-c", script]));
        compare(&as_text(&vars), &found);
    }
}

#[test]
fn hostile_names_run_nothing() {
    let names = [
        "$(touch pwned)",
        "'; touch pwned; '",
        "-f",
        "1A",
        "A\t",
        "A\n",
        "A B",
        "A\"",
        "A$(touch pwned)",
        "A'",
        "A'] = 1; import os",
        "A.B",
        "A; touch pwned",
        "A<<x",
        "A\\",
        "A\ntouch pwned",
        "`touch pwned`",
        "a[$(touch pwned)]",
        "é",
    ];
    let mut vars: Vars = names.iter().map(|name| (name.into(), "touch pwned".into())).collect();
    vars.insert(OsStr::from_bytes(b"A\xff").into(), "x".into());
    vars.insert("zz_last".into(), "here".into());
    for shell in ["bash", "zsh", "fish", "tcsh"] {
        for reader in readers(shell) {
            let world = World::with(shell, &vars);
            let found = exported(world.command(shell).args(reader));
            assert_eq!(found.get(OsStr::new("zz_last")).unwrap(), "here", "{shell}");
            let stray = names.iter().find(|name| found.contains_key(OsStr::new(name)));
            assert_eq!(stray, None, "{shell}");
            world.is_clean(shell);
        }
    }
    if has("elvish") {
        let world = World::with("elvish", &vars);
        exported(world.command("elvish").args(["-norc", "-c", ELVISH]));
        world.is_clean("elvish");
    }
}

/// Some are read-only, some are lists, and some are read as arithmetic, where a subscript can run commands.
#[test]
fn variables_of_the_shell_run_nothing() {
    let lists = [
        ("bash", "compgen -v; printf '%s\\n' HISTCMD MAILCHECK OPTIND RANDOM SECONDS SRANDOM"),
        ("zsh", "zmodload zsh/datetime; print -l ${(k)parameters} SAVEHIST RANDOM ERRNO"),
        ("fish", "set --names"),
    ];
    for (shell, list) in lists.into_iter().filter(|(shell, _)| has(shell)) {
        let reader = &readers(shell)[0];
        let (_, options) = reader.split_last().unwrap();
        let names = silent(World::new().command(shell).args(options).arg(list));
        for value in ["path[$(touch pwned)]", "a[$(touch pwned)]", "x", "", "7"] {
            let names = names.split(|byte| *byte == b'\n').filter(|name| !name.is_empty());
            let mut vars: Vars =
                names.map(|name| (OsStr::from_bytes(name).into(), value.into())).collect();
            vars.insert("zz_last".into(), "here".into());
            let world = World::with(shell, &vars);
            // It may well complain about a terminal called `x`.
            let found = variables(&world.command(shell).args(reader).output().unwrap().stdout);
            assert_eq!(found.get(OsStr::new("zz_last")).unwrap(), "here", "{shell}, {value:?}");
            world.is_clean(shell);
        }
    }
}

/// As if a person had pasted the code: history expansion is on.
#[test]
fn history_is_not_expanded() {
    let vars = named(HOSTILE.iter().map(|value| value.as_bytes().to_vec()));
    for shell in ["bash", "zsh", "tcsh"].into_iter().filter(|shell| has(shell)) {
        let world = World::new();
        let code = rendered(shell, &vars);
        world.write("typed", [b": first\n", code.as_slice(), b"\n/usr/bin/env -0 >out\n"].concat());
        let options: &[&str] = if shell == "bash" { &["--norc", "-i"] } else { &["-f", "-i"] };
        let typed = File::open(world.path("typed")).unwrap();
        world.command(shell).args(options).stdin(typed).output().unwrap();
        compare(&vars, &variables(&world.read("out")));
        world.is_clean(shell);
    }
}

#[test]
fn lists_are_lists_in_fish() {
    if has("fish") {
        let names = ["PATH", "MANPATH", "CDPATH", "FOO_PATH"];
        let vars = Vars::from(names.map(|name| (name.into(), "/a b:/c:/d".into())));
        let world = World::with("fish", &vars);
        let counts = names.map(|name| format!("count ${name}; ")).concat();
        let script = format!("source code; {counts} /usr/bin/env -0");
        let output = silent(world.command("fish").args(["--no-config", "-c", &script]));
        compare(&vars, &variables(output.strip_prefix(b"3\n3\n3\n3\n").unwrap()));
    }
}

#[test]
fn what_is_unset_goes() {
    let project = Project::new();
    project.write(".envrc", "unset GONE\nexport NEW=here\n");
    project.allow();
    for shell in ["bash", "zsh", "fish", "tcsh"] {
        let export = project.envr(["export", shell]).env("GONE", "x").any_stdout().any_stderr();
        let world = World::new();
        world.write("code", export.success().stdout);
        for reader in readers(shell) {
            let mut command = world.command(shell);
            let found = exported(command.args(reader).envs([("GONE", "x"), ("STAYS", "x")]));
            assert_eq!(found.get(OsStr::new("GONE")), None, "{shell}");
            assert_eq!(found.get(OsStr::new("STAYS")).unwrap(), "x", "{shell}");
            assert_eq!(found.get(OsStr::new("NEW")).unwrap(), "here", "{shell}");
        }
    }
}

#[test]
fn linters_have_nothing_to_say() {
    let linters: [(&str, &[&str], &str); 6] = [
        ("shellcheck", &["--enable=all"], "hook.bash"),
        ("shfmt", &["-d"], "hook.bash"),
        ("zsh", &["-n"], "hook.zsh"),
        ("fish", &["--no-execute"], "hook.fish"),
        ("fish_indent", &["--check"], "hook.fish"),
        ("tcsh", &["-n"], "hook.tcsh"),
    ];
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("shell-hooks");
    for (linter, options, hook) in linters.into_iter().filter(|(linter, ..)| has(linter)) {
        let said = silent(World::new().command(linter).args(options).arg(hooks.join(hook)));
        assert_eq!(String::from_utf8_lossy(&said), "", "{linter}");
    }
}

#[test]
fn a_hook_is_silent_and_there_once() {
    let shells: [(&str, &[&str], &str, &str); 3] = [
        (
            "bash",
            &["--norc", "-euo", "pipefail", "-c"],
            "! true; _direnv_hook; PROMPT_COMMAND=(mine); . ./code; . ./code; \
             declare -p PROMPT_COMMAND",
            "declare -a PROMPT_COMMAND=([0]=\"_direnv_hook;mine\")\n",
        ),
        (
            "zsh",
            &["-f", "-euo", "pipefail", "-c"],
            "! true; _direnv_hook; chpwd_functions=(a _direnv_hook); \
             precmd_functions=(b _direnv_hook c); . ./code; \
             print -r - $chpwd_functions, $precmd_functions",
            "_direnv_hook a, _direnv_hook b c\n",
        ),
        (
            "fish",
            &["--no-config", "-c"],
            "emit fish_prompt; emit fish_preexec; set --names | string match '*env*'; \
             functions --names --all | string match '__*env*'",
            "__envr_until\n__direnv_export_eval\n__direnv_export_eval_2\n__envr_follow\n__envr_is_current\n",
        ),
    ];
    for (shell, options, then, expected) in shells.into_iter().filter(|(shell, ..)| has(shell)) {
        let world = World::new();
        world.write("code", world.0.envr(["hook", shell]).any_stdout().success().stdout);
        let script = format!(". ./code; . ./code; {then}");
        let output = silent(world.command(shell).args(options).arg(script));
        assert_eq!(String::from_utf8_lossy(&output), expected, "{shell}");
    }
}

/// A directory with the file `code` for a shell to read.
struct World(Project);

impl World {
    fn new() -> Self {
        Self(Project::new())
    }

    fn with(shell: &str, vars: &Vars) -> Self {
        let world = Self::new();
        world.write("code", rendered(shell, vars));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path("project").join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the shell has written it")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.0.write(name, content);
    }

    /// A program with an environment of its own.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.0.path("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn is_clean(&self, shell: &str) {
        assert!(!self.path("pwned").exists(), "{shell} ran what it should export");
    }
}

/// The arguments by which a shell reads the code and shows what it exports; none when it is missing.
fn readers(shell: &str) -> Vec<Vec<String>> {
    let readers = READERS.iter().filter(|(name, ..)| *name == shell && has(name));
    readers
        .map(|(_, options, read)| {
            let script = format!("{read}; /usr/bin/env -0");
            options.iter().map(ToString::to_string).chain([script]).collect()
        })
        .collect()
}

/// The output of a program that must succeed without a word.
#[track_caller]
fn silent(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it is installed");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command:?}");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    output.stdout
}

#[track_caller]
fn exported(command: &mut Command) -> Vars {
    variables(&silent(command))
}

/// What envr prints to export these variables.
fn rendered(shell: &str, vars: &Vars) -> Vec<u8> {
    silent(Command::new(ENVR).args(["dump", shell]).env_clear().envs(vars))
}

/// Each byte alone, doubled and in text; strings of any bytes, of marks, and of any characters.
fn samples() -> Vars {
    let mut values: Vec<Vec<u8>> = HOSTILE.iter().map(|value| value.as_bytes().to_vec()).collect();
    let any: Vec<u8> = (1..=255).collect();
    for &byte in &any {
        let alone: [&[u8]; 4] = [&[byte], &[byte, byte], &[b'a', byte, b'b'], &[b' ', byte, b'7']];
        values.extend(alone.map(<[u8]>::to_vec));
    }
    let mut state = 1;
    for index in 0..1000 {
        let length = random(&mut state, 40);
        let mut value = Vec::new();
        for _ in 0..length {
            match index % 3 {
                0 => value.push(any[random(&mut state, any.len())]),
                1 => value.push(MARKS[random(&mut state, MARKS.len())]),
                _ => value.extend(CHARACTERS[random(&mut state, CHARACTERS.len())].bytes()),
            }
        }
        values.push(value);
    }
    named(values)
}

/// A number below `limit`, from Knuth's generator; its low bits repeat soon, so the high ones are taken.
fn random(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 40).expect("24 bits fit") % limit
}

fn named(values: impl IntoIterator<Item = Vec<u8>>) -> Vars {
    let name = |index| format!("v_{index}").into();
    let values = values.into_iter().map(OsString::from_vec);
    values.enumerate().map(|(index, value)| (name(index), value)).collect()
}

fn as_text(vars: &Vars) -> Vars {
    let text = |value: &OsString| value.to_string_lossy().into_owned().into();
    vars.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What `env -0` printed.
fn variables(output: &[u8]) -> Vars {
    let own = |bytes| OsStr::from_bytes(bytes).into();
    let pairs = output.split(|byte| *byte == 0).filter_map(|pair| split(pair, b"="));
    pairs.map(|(name, value)| (own(name), own(value))).collect()
}

fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((&bytes[..start], &bytes[start + separator.len()..]))
}

#[track_caller]
fn compare(expected: &Vars, found: &Vars) {
    for (name, value) in expected {
        assert_eq!(found.get(name), Some(value), "{}", name.display());
    }
}
