//! Nix shells, made by real nix from `tests/nix/project` in a store of the test's own: no network, daemon or `/nix`.
//!
//! `NIX_VERSIONS` names more directories with a `nix`, separated by colons: the environment is compared for each of
//! them, and all else is tried with the last one.

mod cache;
mod consumer;
mod declared;
mod example;
mod failures;
mod forms;
mod handed;
mod inputs;
mod overtaken;
mod readers;
mod remarks;
mod stored;
mod surroundings;
mod traced;
mod unseen;
mod verbs;
mod waiting;
mod watcher;

use crate::cases::copy;
use crate::terminal::strays;
use crate::test::{Project, has};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project with the fixture's flake, a store, and a `nix` on PATH that counts how often it evaluates.
pub struct World {
    pub project: Project,
}

/// Each call leaves a line; what `before-nix` and `after-nix` hold runs around the real one. `no-archive` has the search
/// for a flake's inputs fail, which envr makes when nobody waits any more; `after-roots` runs when they have their roots.
const COUNTING: &str = r#"#!/bin/bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case " $* " in
*" print-dev-env "*)
	echo "${*//$'\n'/ }" >>"$root/calls"
	if [[ -f $root/before-nix ]]; then . "$root/before-nix"; fi
	@NIX@ "$@"
	status=$?
	if [[ -f $root/after-nix ]]; then . "$root/after-nix"; fi
	exit "$status"
	;;
*" --add-root "*)
	@NIX@ "$@"
	if [[ -f $root/after-roots ]]; then . "$root/after-roots"; fi
	exit
	;;
*" flake archive "*) if [[ -f $root/no-archive ]]; then exit 1; fi ;;
esac
exec @NIX@ "$@"
"#;

impl World {
    pub fn new() -> Self {
        Self::with(&versions().pop().unwrap())
    }

    /// With the nix of a directory.
    pub fn with(bin: &Path) -> Self {
        let project = Project::new();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nix/project"),
            &project.path("project"),
        );
        let registry = format!(
            r#"{{"version":2,"flakes":[{{"from":{{"type":"indirect","id":"fixture-sub"}},"to":{{"type":"path","path":"{}"}}}}]}}"#,
            project.path("project/sub").display()
        );
        project.write_at("registry.json", registry);
        for name in ["nix", "nix-store"] {
            let program = bin.join(name).display().to_string();
            project.write_program(name, &COUNTING.replace("@NIX@", &program));
        }
        let at = |name: &str| project.path(name);
        let config = format!(
            "experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group =\nsubstituters =\nflake-registry = {}\n",
            at("registry.json").display()
        );
        let variables = [
            ("NIX_STORE_DIR", at("store")),
            ("NIX_STATE_DIR", at("var")),
            ("NIX_LOG_DIR", at("log")),
            ("NIX_CONF_DIR", at("etc")),
        ];
        let mut project = project
            .env("NIX_REMOTE", "local")
            .env("NIX_USER_CONF_FILES", "/dev/null")
            .env("NIX_PATH", "")
            .env("NIX_CONFIG", config);
        for (name, path) in variables {
            project = project.env(name, path);
        }
        let world = Self { project };
        let made = world.run("nix-store", &["--init"]).status().unwrap();
        assert!(made.success());
        world.allow("use flake\n");
        world
    }

    /// Writes the rc and approves it.
    pub fn allow(&self, rc: &str) {
        self.project.write(".envrc", rc);
        self.project.allow();
    }

    /// A program in the project, with what envr would have in its environment.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.project.path("bin").join(program));
        if program.starts_with('/') {
            command = Command::new(program);
        }
        command.args(arguments).env_clear().envs(self.project.variables());
        command.current_dir(self.project.path("project"));
        command
    }

    /// git in the project, which has to succeed.
    pub fn git(&self, arguments: &[&str]) {
        let mut git = self.run("/usr/bin/git", &["-c", "user.name=a", "-c", "user.email=a@b"]);
        let output = git.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// How often nix evaluated.
    pub fn calls(&self) -> usize {
        fs::read_to_string(self.project.path("calls")).map_or(0, |calls| calls.lines().count())
    }

    /// Waits until no evaluation runs, and has the shell that the files describe.
    pub fn settle(&self) {
        self.project.envr(["exec", ".", "true"]).any_stderr().success();
    }

    /// A named pipe for the programs of a test to write to.
    pub fn pipe(&self, name: &str) -> File {
        let path = self.project.path(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        // Open at both ends, so that nobody waits for the other one.
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap()
    }

    /// What the shell's `hello` says.
    pub fn says(&self) -> String {
        let output = self.project.envr(["exec", ".", "hello"]).any_stdout().any_stderr().success();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Replaces a part of a file.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.project.read(&format!("project/{file}"));
        assert!(text.contains(from), "{file}");
        self.project.write(file, text.replacen(from, to, 1));
    }

    /// The directory of the only request that was made.
    pub fn place(&self) -> PathBuf {
        let places = self.places();
        assert_eq!(places.len(), 1);
        places[0].clone()
    }

    pub fn places(&self) -> Vec<PathBuf> {
        let projects = dirs(&self.project.path("home/.cache/envr/nix"));
        projects.iter().flat_map(|project| dirs(project)).collect()
    }

    /// Files of a place whose names begin so.
    pub fn kept(&self, prefix: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.place()).unwrap().map(|entry| entry.unwrap());
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        named.map(|entry| entry.path()).collect()
    }
}

/// Waits until something is written into a pipe; what would hang is a failure.
#[track_caller]
pub fn next(pipe: &mut File) -> String {
    let long = Timespec { tv_sec: 30, tv_nsec: 0 };
    assert_eq!(poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&long)).unwrap(), 1);
    let mut bytes = [0; 4096];
    let count = pipe.read(&mut bytes).unwrap();
    String::from_utf8(bytes[..count].to_vec()).unwrap()
}

impl Drop for World {
    /// What goes on in the background would write into what is being removed. Store paths are read-only, for
    /// directories even in the way of their removal.
    fn drop(&mut self) {
        strays::kill("NIX_STATE_DIR", self.project.path("var").as_os_str());
        make_writable(&self.project.path("store"));
    }
}

fn make_writable(dir: &Path) {
    _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o755));
    for dir in dirs(dir) {
        make_writable(&dir);
    }
}

fn dirs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// Skips the test where nix is not installed.
pub fn has_nix() -> bool {
    has("nix")
}

/// Directories with a nix to try.
#[expect(clippy::disallowed_methods, reason = "the test's own environment")]
pub fn versions() -> Vec<PathBuf> {
    let more = std::env::var_os("NIX_VERSIONS").unwrap_or_default();
    let more = std::env::split_paths(&more).filter(|dir| dir.is_absolute());
    std::iter::once("/usr/bin".into()).chain(more).collect()
}
