//! Random files of the subset that envr evaluates natively: bash must make the same of each.
//!
//! `ENVR_CASES` says how many, `ENVR_CASE` picks one by its number.

use crate::test::Project;
use base64::Engine as _;
use generate::Random;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tempfile::TempDir;

mod generate;

const CASES: usize = 500;
const TOLD: &str = "envr: lane: ";

#[test]
fn random_files_are_the_same_to_bash() {
    let (first, count) = match number("ENVR_CASE") {
        Some(case) => (case, 1),
        None => (0, number("ENVR_CASES").unwrap_or(CASES)),
    };
    let next = AtomicUsize::new(first);
    let (native, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= first + count {
                        return;
                    }
                    match check(case) {
                        Ok(is_native) => _ = native.fetch_add(is_native.into(), Ordering::Relaxed),
                        Err(failure) => failures.lock().unwrap().push(failure),
                    }
                }
            });
        }
    });
    let (native, failures) = (native.into_inner(), failures.into_inner().unwrap());
    println!("native: {native} of {count} random files");
    assert!(failures.is_empty(), "{} files:\n{}", failures.len(), failures.join("\n"));
    assert!(count < 100 || native * 10 > count * 4, "most of the files are to be native");
}

/// One prompt in each lane; both must say this, and leave the same environment but for the state.
#[track_caller]
fn check_both(project: &Project, code: i32, said: &str) {
    let shells = ["tell", "bash"].map(|lane| {
        let mut shell = project.shell();
        shell.set("ENVR_LANE", lane);
        assert_eq!(shell.any_prompt(code).replace("envr: lane: native\n", ""), said, "{lane}");
        shell.visible().into_iter().filter(|(name, _)| name != "ENVR_LANE").collect::<Vec<_>>()
    });
    assert_eq!(shells[0], shells[1]);
}

#[test]
fn what_a_command_gets_is_the_same() {
    let project = Project::new();
    project.write(".envrc", "export A=\"$PATH\"\nPATH_add bin\nsource_env sub\n");
    project.write("sub/.envrc", "export HERE=$PWD");
    project.allow();
    let env = |lane| {
        let run = project.envr(["exec", ".", "env"]).env("ENVR_LANE", lane).env("SHLVL", "3");
        let output = run.env("PS2", "> ").env("A.B", "x").any_stdout().any_stderr().success();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_state = |line: &&str| line.starts_with("DIRENV_") || line.starts_with("ENVR_LANE");
        text.lines().filter(|line| !is_state(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    let native = env("");
    assert!(native.iter().any(|line| line == "SHLVL=4"));
    assert_eq!(native, env("bash"));
}

#[test]
fn a_file_that_is_not_approved_is_refused() {
    // Each lane has its own project: what one refuses is known to the next.
    for lane in ["tell", "bash"] {
        let project = Project::new().env("ENVR_LANE", lane);
        project
            .write(".envrc", "echo before\nN=part\n[ -f flag ] && source_env $N.sh\nexport A=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("part.sh", "export B=1\n");
        project.write("flag", "");
        project.write(".envrc", project.read("project/.envrc"));
        let said = shell.any_prompt(1).replace("envr: lane: native\n", "");
        assert_eq!(
            said,
            "envr: loading $DIR/project/.envrc\nbefore\n\
             envr: error: `$DIR/project/.envrc` is blocked: `$DIR/project/part.sh`, which it executes, is not as it \
             was approved\nenvr: hint: `envr review` shows it, `envr allow` approves it\n"
        );
    }
}

#[test]
fn an_exit_says_its_status() {
    let project = Project::new();
    project.write(".envrc", "watch_file a\nexport A=1\n[ -n \"$A\" ] && exit 3\n");
    project.allow();
    check_both(
        &project,
        1,
        "envr: loading $DIR/project/.envrc\nenvr: error: could not load `$DIR/project/.envrc`: it exited with status 3\n",
    );
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// Whether the native lane took the case; `Err` is how the lanes differ.
fn check(case: usize) -> Result<bool, String> {
    let world = World::new();
    let mut random = Random::new(case as u64);
    let mut files = BTreeMap::new();
    for (name, length) in [
        ("outer/project/.envrc", 8),
        ("outer/.envrc", 2),
        ("outer/project/sub/.envrc", 2),
        ("outer/project/lib.sh", 3),
    ] {
        files.insert(name, random.script(length));
    }
    files.insert("outer/project/.env", random.dotenv());
    for (name, text) in &files {
        world.write(name, text.as_bytes());
    }
    let native = world.load("tell");
    if native.lane != "native" {
        return Ok(false);
    }
    let bash = world.load("bash");
    if native.said == bash.said && native.changes == bash.changes && native.code == bash.code {
        return Ok(true);
    }
    let files: Vec<String> =
        files.iter().map(|(name, text)| format!("--- {name}\n{text}\n")).collect();
    let files = files.concat();
    Err(format!("=== case {case}\n{files}--- bash: {bash:#?}\n--- native: {native:#?}"))
}

struct World {
    root: TempDir,
}

#[derive(Debug)]
struct Load {
    lane: String,
    said: String,
    changes: BTreeMap<String, Value>,
    code: Option<i32>,
}

impl World {
    fn new() -> Self {
        let world = Self { root: TempDir::new().unwrap() };
        for dir in ["home", "outer/project/bin", "outer/project/a b", "run"] {
            fs::create_dir_all(world.root.path().join(dir)).unwrap();
        }
        let config = format!("[whitelist]\nprefix = [\"{}\"]\n", world.root.path().display());
        world.write("home/.config/direnv/direnv.toml", config.as_bytes());
        world.write("outer/project/a b/file", b"x");
        world
    }

    #[expect(clippy::disallowed_methods, reason = "a test's file, not envr's")]
    fn write(&self, below: &str, content: &[u8]) {
        let path = self.root.path().join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn load(&self, lane: &str) -> Load {
        let root = self.root.path();
        // What the other lane remembered is not to help this one.
        _ = fs::remove_dir_all(root.join("home/.local"));
        let output = Command::new("/usr/bin/timeout")
            .args(["--signal=KILL", "20", crate::test::ENVR, "export", "json"])
            .current_dir(root.join("outer/project"))
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("TERM", "dumb")])
            .envs([("OUTER", "from outside"), ("EMPTY", ""), ("LIST", "/one:/two:")])
            .envs([("MANPATH", "/usr/share/man"), ("ENVR_LANE", lane)])
            .env("HOME", root.join("home"))
            .env("XDG_RUNTIME_DIR", root.join("run"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let (told, said): (Vec<&str>, Vec<&str>) =
            stderr.split_inclusive('\n').partition(|line| line.starts_with(TOLD));
        let mut changes: BTreeMap<String, Value> =
            serde_json::from_slice(&output.stdout).unwrap_or_default();
        changes.remove("DIRENV_DIFF");
        if let Some(Value::String(watches)) = changes.get("DIRENV_WATCHES") {
            let paths = watched(watches, root);
            changes.insert("DIRENV_WATCHES".into(), paths);
        }
        Load {
            lane: told.concat().replace(TOLD, "").trim_end().to_owned(),
            said: said.concat(),
            changes,
            code: output.status.code(),
        }
    }
}

/// The paths, without the times.
fn watched(watches: &str, root: &Path) -> Value {
    let packed = base64::engine::general_purpose::URL_SAFE.decode(watches).unwrap();
    let json = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&json).unwrap();
    let root = String::from_utf8_lossy(root.as_os_str().as_bytes()).into_owned();
    rows.iter().map(|row| row["path"].as_str().unwrap_or("").replace(&root, "")).collect()
}
