//! The oracle cases: each directory of `tests/rc/` is a small project that envr loads as Debian's direnv does.
//!
//! | in a case | what it is |
//! | --- | --- |
//! | `project/` | copied into a fresh directory, shown as `$DIR`; `%0A` in a file name stands for that byte |
//! | `home/` | copied into HOME, shown as `$HOME` |
//! | `cwd` | the sub-directory of the project to stand in |
//! | `env` | more start variables, `KEY=VALUE` lines that may say `$DIR` and `$HOME` |
//! | `allow` | more paths of the project to allow, one a line |
//! | `needs` | programs without which the case is skipped, one a line |
//! | `expect.json`, `expect.status` | the changes direnv makes, null for unset, and its exit code unless that is 0 |
//! | `differs.json`, `differs.status`, `reason` | the changes envr makes instead, and why it should |
//!
//! What envr evaluates natively it evaluates with bash, too, and both must say and do the same.
//!
//! `UPDATE_EXPECT=1` writes the expectations from direnv. `RC_CASE=word` picks the cases with that word in their name.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its switches, writes its expectations and says what it skips"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::{env, io, thread};

use crate::cases::{copy, decode, replace, split_once};
use tempfile::TempDir;

/// The direnv whose behaviour `expect.json` records.
const ORACLE_VERSION: &str = "2.32.1";
const SYSTEM_PATH: &str = "/usr/bin:/bin";
/// What direnv keeps for itself; its values are nobody else's business.
const STATE: [&str; 5] =
    ["DIRENV_DIFF", "DIRENV_DIR", "DIRENV_FILE", "DIRENV_REQUIRED", "DIRENV_WATCHES"];
/// Chooses the lane of an evaluation, or has envr tell it.
const LANE: &str = "ENVR_LANE";
const TOLD: &str = "direnv: lane: ";
const FILES: [&str; 11] = [
    "allow",
    "cwd",
    "differs.json",
    "differs.status",
    "env",
    "expect.json",
    "expect.status",
    "home",
    "needs",
    "project",
    "reason",
];

#[test]
fn envr_loads_what_direnv_loads() {
    let update = env::var_os("UPDATE_EXPECT").is_some();
    let oracle = find_oracle();
    if oracle.is_none() {
        skip("direnv", &format!("no direnv {ORACLE_VERSION} on PATH to compare with"));
    }
    let envr = Path::new(env!("CARGO_BIN_EXE_envr"));

    let queue = Mutex::new(cases().into_iter());
    let failures = Mutex::new(BTreeSet::new());
    let lanes = Mutex::new(Lanes::default());
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = { queue.lock().expect("no worker panicked").next() } {
                    let found = case.failures(oracle.as_deref(), envr, update, &lanes);
                    failures.lock().expect("no worker panicked").extend(found);
                }
            });
        }
    });

    let Lanes { native, bash } = lanes.into_inner().expect("no worker panicked");
    println!("native: {native} of {} cases", native + bash);
    let failures = failures.into_inner().expect("no worker panicked");
    for failure in &failures {
        println!("{failure}");
    }
    assert!(failures.is_empty(), "{} of the loads above are not as expected", failures.len());
}

#[test]
fn every_case_says_what_it_expects() {
    if env::var_os("UPDATE_EXPECT").is_some() {
        return;
    }
    let mut faults = Vec::new();
    for case in cases() {
        let files = children(&case.dir);
        let has = |name: &str| files.iter().any(|file| file == name);
        let mut fault = |text: String| faults.push(format!("{}: {text}", case.name));

        for file in &files {
            if !FILES.iter().any(|known| file == known) {
                fault(format!("unknown file `{}`", file.display()));
            }
        }
        for file in ["expect.json", "project"] {
            if !has(file) {
                fault(format!("`{file}` is missing"));
            }
        }
        if has("differs.json") != has("reason") || (has("differs.status") && !has("differs.json")) {
            fault("`differs.json` and `reason` go together".to_owned());
        }
        for which in ["expect", "differs"] {
            let Some(outcome) = case.read(which) else { continue };
            let text = fs::read(case.dir.join(format!("{which}.json")));
            if text.is_ok_and(|text| text != outcome.to_json().as_bytes()) {
                fault(format!("`{which}.json` is not as UPDATE_EXPECT=1 writes it"));
            }
        }
        if case.read("differs").is_some_and(|outcome| Some(outcome) == case.read("expect")) {
            fault("`differs.json` does not differ".to_owned());
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// How many cases went which way.
#[derive(Default)]
struct Lanes {
    native: usize,
    bash: usize,
}

struct Case {
    name: String,
    dir: PathBuf,
}

fn cases() -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rc");
    let wanted = env::var("RC_CASE").unwrap_or_default();
    children(&dir)
        .into_iter()
        .map(|name| Case { dir: dir.join(&name), name: name.to_string_lossy().into_owned() })
        .filter(|case| case.name.contains(&wanted))
        .collect()
}

impl Case {
    /// What is wrong, one readable text for each program and each place it was asked in.
    fn failures(
        &self,
        oracle: Option<&Path>,
        envr: &Path,
        update: bool,
        lanes: &Mutex<Lanes>,
    ) -> Vec<String> {
        for program in self.lines("needs") {
            let program = program.to_string_lossy();
            if !env::split_paths(SYSTEM_PATH).any(|dir| dir.join(&*program).exists()) {
                skip(&self.name, &format!("`{program}` is not installed"));
                return Vec::new();
            }
        }

        let mut failures = Vec::new();
        if let Some(oracle) = oracle {
            match World::new(self, oracle).load() {
                Err(fault) => failures.push(format!("{}: direnv {fault}", self.name)),
                Ok(load) if update => self.write(&load.outcome),
                Ok(load) => failures.extend(self.compare("expect", "direnv", &load)),
            }
        }

        let which = if self.dir.join("differs.json").exists() { "differs" } else { "expect" };
        let mut world = World::new(self, envr);
        world.vars.insert(LANE.into(), "tell".into());
        match world.load() {
            Err(fault) => failures.push(format!("{}: envr {fault}", self.name)),
            Ok(load) => {
                failures.extend(self.compare(which, "envr", &load));
                if let Err(fault) = world.leave(&load) {
                    failures.push(format!("{}: envr, on leaving, {fault}", self.name));
                }
                let is_native = load.lane == "native";
                let mut lanes = lanes.lock().expect("no worker panicked");
                *if is_native { &mut lanes.native } else { &mut lanes.bash } += 1;
                drop(lanes);
                if is_native {
                    failures.extend(self.compare_with_bash(envr, &world, &load));
                }
            }
        }
        failures
    }

    fn compare_with_bash(&self, envr: &Path, world: &World, load: &Load) -> Option<String> {
        let mut other = World::new(self, envr);
        other.vars.insert(LANE.into(), "bash".into());
        let bash = match other.load() {
            Ok(load) => load,
            Err(fault) => return Some(format!("{}: envr with bash {fault}", self.name)),
        };
        let mut text = String::new();
        if load.outcome != bash.outcome {
            text += &difference(&bash.outcome.changes, &load.outcome.changes);
        }
        for (native, bash) in
            [(&load.stderr, &bash.stderr), (&world.watched(load), &other.watched(&bash))]
        {
            if native != bash {
                let _ = write!(text, "  bash:\n{}  native:\n{}", quote(bash), quote(native));
            }
        }
        (!text.is_empty()).then(|| format!("{}: the lanes do not agree\n{text}", self.name))
    }

    fn compare(&self, which: &str, program: &str, load: &Load) -> Option<String> {
        let expected = self.read(which).unwrap_or_default();
        if load.outcome == expected {
            return None;
        }
        let mut text = format!("{}: {program} is not as in `{which}.json`\n", self.name);
        if load.outcome.status != expected.status {
            let _ =
                writeln!(text, "  status {}, expected {}", load.outcome.status, expected.status);
        }
        text += &difference(&expected.changes, &load.outcome.changes);
        Some(text + &quote(&load.stderr))
    }

    fn read(&self, which: &str) -> Option<Outcome> {
        let json = fs::read(self.dir.join(format!("{which}.json"))).ok()?;
        let changes =
            serde_json::from_slice(&json).expect("an expectation maps names to strings or null");
        let status = self.lines(&format!("{which}.status")).first().map_or(0, |status| {
            let status = status.to_str().and_then(|status| status.parse().ok());
            status.expect("a status is a number")
        });
        Some(Outcome { changes, status })
    }

    fn write(&self, outcome: &Outcome) {
        let status = self.dir.join("expect.status");
        fs::write(self.dir.join("expect.json"), outcome.to_json()).expect("the case is writable");
        if outcome.status != 0 {
            fs::write(status, format!("{}\n", outcome.status)).expect("the case is writable");
        } else if status.exists() {
            fs::remove_file(status).expect("the case is writable");
        }
    }

    fn lines(&self, file: &str) -> Vec<OsString> {
        let bytes = fs::read(self.dir.join(file)).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| OsString::from_vec(line.to_vec())).collect()
    }
}

type Vars = BTreeMap<OsString, OsString>;
type Changes = BTreeMap<String, Option<String>>;

#[derive(Default, PartialEq)]
struct Outcome {
    changes: Changes,
    status: i32,
}

impl Outcome {
    fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.changes).expect("strings are JSON") + "\n"
    }
}

/// What one program made of a case.
struct Load {
    /// Without the state, with the places masked: what is compared.
    outcome: Outcome,
    /// As printed: what is applied.
    raw: Changes,
    stderr: String,
    lane: String,
}

/// A fresh home and project for one program, here called `direnv`.
struct World {
    root: PathBuf,
    /// Where the shell stands, spelled as its user got there.
    cwd: PathBuf,
    vars: Vars,
    /// The root goes when this does.
    _root: TempDir,
}

impl World {
    fn new(case: &Case, program: &Path) -> Self {
        let temp =
            tempfile::Builder::new().prefix("rc-").tempdir().expect("there is room for a project");
        let root = temp.path().canonicalize().expect("it was made just now");
        let (dir, home) = (root.join("project"), root.join("home"));
        let bin = home.join(".local/bin");
        for made in [&dir, &bin, &root.join("outside")] {
            fs::create_dir_all(made).expect("the root is ours");
        }
        symlink(program, bin.join("direnv")).expect("the root is ours");
        copy(&case.dir.join("project"), &dir);
        copy(&case.dir.join("home"), &home);

        let cwd = case.lines("cwd").first().map_or(dir.clone(), |line| dir.join(decode(line)));
        let mut vars: Vars = [
            ("HOME", home.as_path().into()),
            ("LANG", "C.UTF-8".into()),
            ("PATH", format!("{}:{SYSTEM_PATH}", bin.display()).into()),
            ("PWD", cwd.as_path().into()),
            ("TERM", "dumb".into()),
            ("XDG_CACHE_HOME", home.join(".cache").into()),
            ("XDG_CONFIG_HOME", home.join(".config").into()),
            ("XDG_DATA_HOME", home.join(".local/share").into()),
            ("XDG_STATE_HOME", home.join(".local/state").into()),
        ]
        .map(|(name, value): (&str, OsString)| (name.into(), value))
        .into();
        for line in case.lines("env") {
            let (name, value) = split_once(&line, b'=').expect("`env` has KEY=VALUE lines");
            let value = replace(value.as_bytes(), b"$DIR", dir.as_os_str().as_bytes());
            let value = replace(&value, b"$HOME", home.as_os_str().as_bytes());
            vars.insert(name.to_owned(), OsString::from_vec(value));
        }

        let world = Self { root, cwd, vars, _root: temp };
        let mut allowed = vec![world.cwd.clone()];
        allowed.extend(case.lines("allow").iter().map(|line| dir.join(decode(line))));
        for path in allowed {
            world.direnv(&[OsStr::new("allow"), path.as_os_str()], &world.cwd, &world.vars);
        }
        world
    }

    /// Loads the project the shell stands in.
    fn load(&self) -> Result<Load, String> {
        let reply = self.export(&self.cwd, &self.vars);
        let raw = reply.changes()?;
        let mut changes = raw.clone();
        changes.retain(|name, _| !STATE.contains(&name.as_str()) && name != LANE);
        for value in changes.values_mut().flatten() {
            if value.contains("$DIR") || value.contains("$HOME") {
                return Err(format!("gave `{value}`, which would be taken for a masked path"));
            }
            *value = self.mask(value);
        }
        let outcome = Outcome { changes, status: reply.status };
        let (told, said): (Vec<&str>, Vec<&str>) =
            reply.stderr.split_inclusive('\n').partition(|line| line.starts_with(TOLD));
        let lane = told.concat().replace(TOLD, "").trim_end().to_owned();
        Ok(Load { outcome, raw, stderr: self.mask(&said.concat()), lane })
    }

    /// Takes what was loaded into a directory without an rc: there the start must be back.
    fn leave(&self, load: &Load) -> Result<(), String> {
        let mut vars = self.vars.clone();
        apply(&mut vars, &load.raw);
        let reply = self.export(&self.root.join("outside"), &vars);
        apply(&mut vars, &reply.changes()?);
        if vars == self.vars {
            return Ok(());
        }
        let readable = |vars: &Vars| {
            let text = |text: &OsString| self.mask(&text.to_string_lossy());
            vars.iter().map(|(name, value)| (text(name), Some(text(value)))).collect()
        };
        let difference = difference(&readable(&self.vars), &readable(&vars));
        Err(format!(
            "does not restore the start:\n{difference}{}",
            quote(&self.mask(&reply.stderr))
        ))
    }

    /// The paths that the load depends on, apart from marks of approval, whose names are digests.
    fn watched(&self, load: &Load) -> String {
        let mut vars = self.vars.clone();
        apply(&mut vars, &load.raw);
        let paths = self.direnv(&["watch-print"].map(OsStr::new), &self.cwd, &vars).stdout;
        let is_mark =
            |line: &&str| line.contains("/direnv/allow/") || line.contains("/direnv/deny/");
        let paths: String = paths.split_inclusive('\n').filter(|line| !is_mark(line)).collect();
        self.mask(&paths)
    }

    fn export(&self, cwd: &Path, vars: &Vars) -> Reply {
        self.direnv(&["export", "json"].map(OsStr::new), cwd, vars)
    }

    /// Output goes to files, so that what a case leaves running in the background is not waited for.
    fn direnv(&self, args: &[&OsStr], cwd: &Path, vars: &Vars) -> Reply {
        let (stdout, stderr) = (self.root.join("stdout"), self.root.join("stderr"));
        let status = Command::new("/usr/bin/timeout")
            .args(["--signal=KILL", "20"])
            .arg(self.root.join("home/.local/bin/direnv"))
            .args(args)
            .current_dir(cwd)
            .env_clear()
            .envs(vars)
            .env("PWD", cwd)
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("the root is ours"))
            .stderr(File::create(&stderr).expect("the root is ours"))
            .status()
            .expect("`timeout` is a program of every Debian");
        let text = |bytes: io::Result<Vec<u8>>| {
            String::from_utf8_lossy(&bytes.expect("it was made just now")).into_owned()
        };
        Reply {
            status: status.code().unwrap_or(-1),
            stdout: text(fs::read(stdout)),
            stderr: text(fs::read(stderr)),
        }
    }

    fn mask(&self, text: &str) -> String {
        let root = self.root.display();
        text.replace(&format!("{root}/project"), "$DIR").replace(&format!("{root}/home"), "$HOME")
    }
}

/// What a program printed and how it ended; -1 is by a signal, as after too long a time.
struct Reply {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Reply {
    fn changes(&self) -> Result<Changes, String> {
        if self.stdout.is_empty() {
            return Ok(Changes::new());
        }
        serde_json::from_str(&self.stdout).map_err(|fault| {
            format!("printed no JSON: {fault}\n{}{}", quote(&self.stdout), quote(&self.stderr))
        })
    }
}

fn apply(vars: &mut Vars, changes: &Changes) {
    for (name, value) in changes {
        match value {
            Some(value) => vars.insert(name.into(), value.into()),
            None => vars.remove(OsStr::new(name)),
        };
    }
}

fn difference(expected: &Changes, got: &Changes) -> String {
    let mut text = String::new();
    let names: BTreeSet<&String> = expected.keys().chain(got.keys()).collect();
    for name in names {
        if expected.get(name) != got.get(name) {
            for (sign, side) in [('-', expected), ('+', got)] {
                if let Some(value) = side.get(name) {
                    let value =
                        value.as_ref().map_or("null".to_owned(), |value| format!("{value:?}"));
                    let _ = writeln!(text, "  {sign} {name}: {value}");
                }
            }
        }
    }
    text
}

fn quote(output: &str) -> String {
    output.lines().fold(String::new(), |text, line| text + "  | " + line + "\n")
}

/// The first direnv on PATH that is the oracle: a link to envr, or another release, is not.
fn find_oracle() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join("direnv")).find(|path| {
        let version = Command::new(path).arg("version").output();
        version.is_ok_and(|output| output.stdout.trim_ascii() == ORACLE_VERSION.as_bytes())
    })
}

/// Skipping is for the desk; where CI runs, everything is installed.
fn skip(what: &str, why: &str) {
    assert!(env::var_os("CI").is_none(), "{what}: {why}");
    println!("skipped {what}: {why}");
}

fn children(dir: &Path) -> BTreeSet<OsString> {
    let entries = fs::read_dir(dir).unwrap_or_else(|fault| panic!("{}: {fault}", dir.display()));
    entries.map(|entry| entry.expect("the directory can be listed").file_name()).collect()
}
