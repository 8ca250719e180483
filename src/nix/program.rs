//! The `nix` program: where it is, and how it is asked.

use super::place::Place;
use super::request::{Request, Source};
use crate::env::Env;
use crate::error::Hinted;
use crate::host::find_program;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first version with `print-dev-env`.
const OLDEST: (u32, u32) = (2, 4);
/// As `log` reads it.
const LOG: [&str; 3] = ["-vv", "--log-format", "internal-json"];
const FEATURES: [&str; 2] = ["--extra-experimental-features", "nix-command flakes"];

/// From the PATH of an environment, or where nix-direnv's users say.
pub fn find(env: &Env, dir: &Path) -> Result<PathBuf> {
    let named = || env.non_empty("NIX_DIRENV_FALLBACK_NIX").map(PathBuf::from);
    find_program("nix".as_ref(), env.get("PATH"), Some(dir)).or_else(named).ok_or_else(|| {
        let hint = "export PATH=/nix/var/nix/profiles/default/bin:$PATH";
        Hinted::new("could not find `nix` on PATH", hint).into()
    })
}

/// What is wrong with a nix that is older than `print-dev-env`.
pub fn why_too_old(nix: &Path, request: &Request, env: &Env) -> Option<String> {
    let mut command = Command::new(nix);
    command.arg("--version").stderr(Stdio::null());
    in_environment(&mut command, request, env);
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = said.split_whitespace().next_back()?;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    ((major, minor) < OLDEST).then(|| {
        let (nix, (major, minor)) = (nix.display(), OLDEST);
        format!(
            "`{nix}` is nix {version}, and too old: `nix print-dev-env` came with {major}.{minor}\n"
        )
    })
}

/// Prints the development shell as JSON, its profile and its log in `place`.
pub fn print_dev_env(nix: &Path, request: &Request, env: &Env, place: &Place) -> Command {
    let mut command = Command::new(nix);
    command.args(FEATURES).args(["print-dev-env", "--json", "--profile"]).arg(place.profile());
    // What is cached of an evaluation is not told to have been read.
    command.args(["--no-warn-dirty", "--option", "eval-cache", "false"]);
    command.args(LOG);
    command.args(request.words());
    in_environment(&mut command, request, env);
    command
}

/// Prints the store paths of a flake and its inputs as JSON, after fetching what is missing.
pub fn archive(nix: &Path, request: &Request, env: &Env) -> Option<Command> {
    let mut command = Command::new(nix);
    command.args(FEATURES).args(["flake", "archive", "--json", "--no-write-lock-file"]);
    command.arg(request.whole_flake()?).args(&request.arguments);
    in_environment(&mut command, request, env);
    Some(command)
}

/// Writes the lock of a flake, unless the arguments have something else to say about it.
pub fn lock(nix: &Path, request: &Request, env: &Env) -> Option<Command> {
    let flake = request.whole_flake()?;
    let is_about_locks = |word: &String| word.contains("lock") || word.contains("input");
    if request.arguments.iter().any(is_about_locks) {
        return None;
    }
    let mut command = Command::new(nix);
    command.args(FEATURES).args(["flake", "lock", "--no-warn-dirty"]);
    command.args(LOG).arg(flake).args(&request.arguments);
    in_environment(&mut command, request, env);
    Some(command)
}

/// Succeeds where the lock of a flake is what its `flake.nix` needs; a directory with the two files is enough to tell.
pub fn check_lock(nix: &Path, request: &Request, env: &Env, dir: &Path) -> Command {
    let mut command = Command::new(nix);
    command.args(FEATURES).args(["flake", "metadata", "--no-update-lock-file", "path:."]);
    in_environment(&mut command, request, env);
    command.current_dir(dir);
    command
}

/// Copies store paths; where to and which ones is the caller's to say.
pub fn copy(nix: &Path, request: &Request, env: &Env) -> Command {
    let mut command = Command::new(nix);
    command.args(FEATURES).arg("copy");
    in_environment(&mut command, request, env);
    command
}

/// Another of nix's programs, beside `nix` itself.
pub fn beside(nix: &Path, name: &str, request: &Request, env: &Env) -> Command {
    let mut command = Command::new(nix.with_file_name(name));
    in_environment(&mut command, request, env);
    command
}

fn in_environment(command: &mut Command, request: &Request, env: &Env) {
    command.env_clear().envs(env.iter()).current_dir(&request.dir).stdin(Stdio::null());
    // A worktree's hook may have left us in another repository's hands.
    command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
    if !matches!(request.source, Source::Flake(_)) {
        command.env("IN_NIX_SHELL", "impure");
    }
}
