//! The environment of a shell: that of bash, sourcing what `nix print-dev-env` prints.

use super::{World, has_nix, versions};
use std::collections::BTreeMap;
use std::path::Path;

/// bash sets them itself, nix sets them to what is gone, or envr keeps the user's.
const APART: [&str; 11] = [
    "NIX_BUILD_TOP",
    "OLDPWD",
    "PS4",
    "PWD",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TEMPDIR",
    "TMP",
    "TMPDIR",
    "_",
];

#[test]
fn it_is_that_of_bash() {
    if !has_nix() {
        return;
    }
    for bin in versions() {
        compare(&bin, "use flake\n", &[]);
        compare(&bin, "use flake .#bare\n", &[".#bare"]);
        compare(&bin, "use nix\n", &["--impure", "-f", "shell.nix"]);
        compare(&bin, "use nix -A hello pkgs.nix\n", &["--impure", "-f", "pkgs.nix", "hello"]);
    }
}

#[track_caller]
fn compare(bin: &Path, rc: &str, arguments: &[&str]) {
    let world = World::with(bin);
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nraw_env = true\n");
    world.allow(rc);
    let mut shell = world.project.shell();
    for name in ["SHELL", "XDG_DATA_DIRS", "name", "TERM"] {
        shell.set(name, format!("/the/users/{name}"));
    }
    let script = format!(
        "eval \"$('{}' print-dev-env {})\" >/dev/null; unset shellHook; exec /usr/bin/env -0",
        world.project.path("bin/nix").display(),
        arguments.join(" ")
    );
    let mut bash = world.run("/bin/bash", &["-c", &script]);
    let output = bash.env_clear().envs(&shell.env).output().unwrap();
    let theirs = output.stdout.split(|byte| *byte == 0).filter(|variable| !variable.is_empty());
    let theirs: BTreeMap<String, String> = theirs
        .map(|variable| {
            let (name, value) = std::str::from_utf8(variable).unwrap().split_once('=').unwrap();
            (name.to_string(), value.to_string())
        })
        .collect();
    assert!(theirs.contains_key("buildCommand"), "{}", String::from_utf8_lossy(&output.stderr));

    // The first load leaves it to bash, the second one needs none.
    for _ in 0..2 {
        shell = world.project.shell();
        for name in ["SHELL", "XDG_DATA_DIRS", "name", "TERM"] {
            shell.set(name, format!("/the/users/{name}"));
        }
        shell.any_prompt(0);
        let ours = shell
            .visible()
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()));
        assert_eq!(
            comparable(ours.collect()),
            comparable(theirs.clone()),
            "{rc} with {}",
            bin.display()
        );
    }
}

fn comparable(mut env: BTreeMap<String, String>) -> BTreeMap<String, String> {
    env.retain(|name, _| !APART.contains(&name.as_str()));
    // 2.8 overwrites one of them; later ones repeat entries.
    for name in ["PATH", "XDG_DATA_DIRS"] {
        let Some(list) = env.get_mut(name) else { continue };
        let mut entries: Vec<&str> = Vec::new();
        for entry in
            list.split(':').filter(|entry| !entry.is_empty() && !entry.starts_with("/the/users"))
        {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        *list = entries.join(":");
    }
    env
}

/// What nix's own script makes there at each load, nobody removes.
#[test]
fn nothing_is_left_in_the_temporary_directory() {
    if !has_nix() {
        return;
    }
    for bin in versions() {
        let world = World::with(&bin);
        let temporary = world.project.path("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let settle = |reload: &str| {
            let run = world.project.envr(["exec", ".", "hello"]).env("TMPDIR", &temporary);
            let run = run.env("_nix_direnv_force_reload", reload).any_stderr();
            run.stdout("hello from the store\n").success();
        };
        settle("");
        for rc in ["use flake\n", "use nix\n", "use flake .#unbuildable || use flake\n"] {
            world.allow(rc);
            settle("");
            settle("");
            settle("1");
        }
        let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn what_only_a_build_wants_to_know_stays_out() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.run("nix", &["flake", "lock"]).output().unwrap();
    let mut shell = world.project.shell();
    shell.prompt(
        "envr: loading $DIR/project/.envrc\nenvr: using flake\nenvr: nix: building `greeting-1.0`\n\
         envr: nix: building `hello-1.0`\nwelcome to the fixture shell\n\
         envr: export +EMPTY +FLAG_FALSE +FLAG_TRUE +FROM_SETUP +HOOK_RAN +IN_NIX_SHELL +LIST +MULTILINE +PLAIN \
         +PROJECT_BIN +QUOTED +UNICODE +XDG_DATA_DIRS +envSetup ~PATH\n",
    );
    let project = world.project.path("project");
    assert!(shell.get("PATH").unwrap().starts_with(&format!("{}/bin:", project.display())));
    assert_eq!(shell.get("TMPDIR"), world.project.path("").to_str());
    assert_eq!(shell.get("SHELL"), None);
    assert!(shell.get("DIRENV_DIFF").unwrap().len() < 2048);
}

#[test]
fn structured_attributes_have_their_files() {
    for bin in versions().into_iter().skip(1) {
        let world = World::with(&bin);
        world.project.write(
            "shell.nix",
            "(import ./pkgs.nix { }).mkShell { name = \"s\"; A = \"x\"; __structuredAttrs = true; L = [ \"a\" \"b\" ]; }",
        );
        world.allow("use nix\n");
        let mut shell = world.project.shell();
        shell.any_prompt(0);
        for name in ["NIX_ATTRS_JSON_FILE", "NIX_ATTRS_SH_FILE"] {
            let text = std::fs::read_to_string(shell.get(name).unwrap()).unwrap();
            assert!(text.contains("buildCommand"), "{text}");
        }
        assert_eq!(shell.get("A"), None);
        // Those of shells that were let go are gone, too.
        for value in 0..6 {
            world.edit("shell.nix", "A = \"", &format!("A = \"{value}"));
            world.settle();
        }
        assert_eq!(world.kept("attributes-").len(), world.kept("shell-").len());
    }
}

#[test]
fn a_hook_that_bash_must_run_finds_the_functions_of_the_shell() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit(
        "pkgs.nix",
        "echo \"welcome to the fixture shell\"",
        "greet you; greet-all; export ARRAY=\"''${array[1]}/''${assoc[key]}/$unexported/$outputs\"; mine() { :; }",
    );
    world.edit("pkgs.nix", "greet() {", "greet-all() { greet all; }\n      greet() {");
    let mut shell = world.project.shell();
    for _ in 0..2 {
        let said = shell.any_prompt(0);
        assert!(said.contains("\ngreet you\ngreet all\n"), "{said}");
        assert_eq!(shell.get("ARRAY"), Some("two words/value/a shell variable/out"));
        assert_eq!(shell.get("name"), None);
        // What the hook itself defines is worth a word, what nix defines is not.
        let warning = "`$DIR/project/.envrc` defines function `mine`: no shell";
        assert!(
            said.contains(&warning.replace("function `mine`", "")) == said.contains("mine"),
            "{said}"
        );
        assert!(!said.contains("genericBuild"), "{said}");
        shell = world.project.shell();
    }
    for lane in ["tell", "bash"] {
        let mut shell = world.project.shell();
        shell.set("ENVR_LANE", lane);
        shell.set("array", "the user's");
        shell.any_prompt(0);
        assert_eq!(shell.get("array"), Some("the user's"), "{lane}");
        assert_eq!(shell.get("ARRAY").map(|array| array.contains("two words")), Some(false));
    }
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nshell_hook = \"never\"\n");
    shell.any_prompt(0);
    assert_eq!((shell.get("ARRAY"), shell.get("PLAIN")), (None, Some("plain value")));
}

#[test]
fn a_hook_may_run_once_for_each_shell_that_nix_made() {
    if !has_nix() {
        return;
    }
    let world = with_hook_on_change(
        "if :; then echo ran; fi; export PATH=/hook:$PATH:/behind HOOK=$(greet once); unset GONE",
    );
    let enter = |said_so: bool| {
        let mut shell = world.project.shell();
        let path = format!("/mine:{}", shell.get("PATH").unwrap());
        shell.set("PATH", path);
        shell.set("GONE", "1");
        let said = shell.any_prompt(0);
        assert_eq!(said.contains("\nran\n"), said_so, "{said}");
        let loaded = shell.get("PATH").unwrap();
        assert!(loaded.contains("/project/bin:/hook:/") && loaded.contains(":/mine:"), "{loaded}");
        assert!(loaded.ends_with("/bin:/behind"), "{loaded}");
        assert_eq!(shell.get("HOOK"), Some("greet once"));
        shell.get("GONE").is_none()
    };
    assert!(enter(true));
    assert!(enter(false));
    let mut shell = world.project.shell();
    shell.set("ENVR_LANE", "tell");
    assert!(shell.any_prompt(0).contains("lane: native"));
    world.edit("pkgs.nix", "plain value", "another");
    world.settle();
    // It ran where there was nothing to unset.
    assert!(!enter(false));
    world.edit("pkgs.nix", "echo ran;", "echo ran; exit 3;");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = world.project.shell().any_prompt(1);
    assert!(said.contains("it exited with status 3"), "{said}");
}

#[test]
fn a_hook_that_leaves_no_text_runs_once_too() {
    if !has_nix() {
        return;
    }
    let world = with_hook_on_change("for x in 1; do echo ran >>ran; export ODD=$'\\xff'; done");
    for _ in 0..2 {
        let run = world.project.envr(["exec", ".", "printenv", "ODD"]).any_stdout().any_stderr();
        assert_eq!(run.success().stdout, b"\xff\n");
        assert_eq!(world.project.read("project/ran"), "ran\n");
    }
}

/// A rc that ends with `use flake` has bash run the hook alone; one that goes on has bash run all of it.
#[test]
fn a_hook_does_the_same_wherever_it_runs() {
    if !has_nix() {
        return;
    }
    let cases = [
        ("export A=\\\"''${array[1]}\\\" B=\\\"$mine\\\"; unset PLAIN; cd /", 0),
        ("for x in 1 2; do echo $x; done; exit 0", 0),
        ("for x in 1 2; do echo $x; done; exit 3", 1),
        ("for x in 1 2; do export A=$x; done; false", 0),
        ("[[ -n $(greet me) ]] && export A=1; kill -9 $$", 1),
        ("sleep 1000 >/dev/null 2>&1 & export SLEEPER=$!", 0),
        ("set -eu; set -o posix; trap - EXIT; export A=$(echo 1)", 1),
        ("exec true", 1),
        ("if", 0),
    ];
    let world = World::new();
    world.allow("mine=own\nuse flake\n");
    let hook = "echo \"welcome to the fixture shell\"\n      export HOOK_RAN=\"yes\"";
    let mut before = hook.to_string();
    for (after, code) in cases {
        let after = after.replace("\\\"", "\"");
        world.edit("pkgs.nix", &before, &after);
        before = after;
        world.project.envr(["exec", ".", "true"]).any_stderr().output();
        let mut loads = ["tell", "bash"].map(|lane| {
            let mut shell = world.project.shell();
            shell.set("ENVR_LANE", lane);
            let said = shell.any_prompt(code);
            let (told, said): (Vec<&str>, Vec<&str>) =
                said.lines().partition(|line| line.contains("envr: lane: "));
            assert_eq!(told, ["envr: lane: native"][..usize::from(lane == "tell")], "{before}");
            let mut visible = shell.visible();
            visible.remove(std::ffi::OsStr::new("ENVR_LANE"));
            if let Some(sleeper) = visible.remove(std::ffi::OsStr::new("SLEEPER")) {
                let sleeper = sleeper.to_str().unwrap().parse().unwrap();
                let sleeper = rustix::process::Pid::from_raw(sleeper).unwrap();
                rustix::process::kill_process(sleeper, rustix::process::Signal::KILL).unwrap();
            }
            (visible, said.join("\n"))
        });
        // Where bash complains it names its line.
        for (_, said) in &mut loads {
            *said = said.lines().filter(|line| !line.contains(": syntax error")).collect();
        }
        let [alone, whole] = loads;
        assert_eq!(alone, whole, "{before}");
    }
}

/// A project with a `shellHook` that runs once for each shell that nix made.
fn with_hook_on_change(hook: &str) -> World {
    let world = World::new();
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nshell_hook = \"on-change\"\n");
    world.edit("pkgs.nix", "echo \"welcome to the fixture shell\"", hook);
    world
}
