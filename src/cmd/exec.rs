//! `exec`: one command in the environment of a directory.

mod attend;
mod output;

use crate::config::Config;
use crate::enter::command::{self, Commanded};
use crate::env::Env;
use crate::error::misused;
use crate::host::{Host, Voice, find_program, is_executable};
use crate::memory_dir::MemoryDir;
use crate::memory_file;
use crate::rc;
use crate::secrets::{Needles, Variables};
use anyhow::{Context as _, Result, bail};
use output::Outputs;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode};

/// `exec -- COMMAND…` takes the working directory, `exec DIR COMMAND…` another. Unless there is something to do for it
/// while it runs, the command takes the place of this process, and so its signals and its exit code are its own.
pub fn exec(host: &Host, arguments: &[OsString]) -> Result<ExitCode> {
    let (redacts, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "--redact" && host.voice == Voice::Envr => (true, rest),
        _ => (false, arguments),
    };
    let Order { dir, words, shown } = Order::read(host, arguments)?;
    let [name, arguments @ ..] = words.as_slice() else {
        bail!(misused(
            host,
            "missing COMMAND argument",
            "execute: no command was named",
            "exec DIR COMMAND"
        ))
    };
    let config = Config::load(host)?;
    let rc = rc::find(host, &config, &dir);
    let Commanded { mut env, mut secrets, held } = command::environment(host, &config, rc)?;
    let dir = hold(host, &held.files, &mut env)?;
    let _open = hold_open(&held.descriptors, &mut env)?;
    let found = program(host, name, &env);
    let Some(program) = found else {
        let path = env.get("PATH").unwrap_or_default();
        let (name, path) = (shown.display(), path.display());
        match host.voice {
            Voice::Direnv => bail!("command '{name}' not found on PATH '{path}'"),
            Voice::Envr => bail!("command `{name}` not found on PATH `{path}`"),
        }
    };
    let could_not = || format!("could not start `{}`", program.display());
    let mut command = Command::new(&program);
    command.arg0(name).args(arguments).env_clear().envs(env.iter());
    if dir.is_none() && !redacts {
        return Err(command.exec()).with_context(could_not);
    }
    secrets.extend(held.into_values());
    let needles = Needles::new(&secrets);
    let outputs = if redacts { Outputs::of(&mut command, &needles)? } else { Outputs::default() };
    let status = attend::attend(&mut command, outputs).with_context(could_not)?;
    drop(dir);
    Ok(attend::end_as(status))
}

/// Puts files for the command where only its user can read them, as long as it runs.
fn hold(host: &Host, files: &Variables, env: &mut Env) -> Result<Option<MemoryDir>> {
    if files.is_empty() {
        return Ok(None);
    }
    let dir = MemoryDir::new(host)?;
    for (name, value) in files.iter() {
        env.set(name, dir.write(OsStr::new(name), value.bytes())?);
    }
    Ok(Some(dir))
}

/// Files without a name that the command inherits: they go with the last process that has them, and need nobody to wait.
fn hold_open(files: &Variables, env: &mut Env) -> Result<Vec<OwnedFd>> {
    let mut open = Vec::new();
    for (name, value) in files.iter() {
        let file = memory_file::inherited(name, value.bytes())?;
        env.set(name, format!("/dev/fd/{}", file.as_raw_fd()));
        open.push(file);
    }
    Ok(open)
}

/// A name with a slash goes to the system as it is, for a script sees it as its own. direnv looks whether it can run.
fn program(host: &Host, name: &OsStr, env: &Env) -> Option<PathBuf> {
    let cwd = host.cwd.as_deref();
    if !name.as_encoded_bytes().contains(&b'/') {
        return find_program(name, env.get("PATH"), cwd);
    }
    let can_run = host.voice == Voice::Envr || is_executable(&host.absolute(Path::new(name)));
    can_run.then(|| name.into())
}

/// What is to be run, and in the environment of which directory.
struct Order {
    dir: PathBuf,
    words: Vec<OsString>,
    /// The command as direnv names it.
    shown: PathBuf,
}

impl Order {
    /// direnv also takes a file in place of the directory: it is the command, run in the environment of the directory it
    /// stands in. It knows no `--`.
    fn read(host: &Host, arguments: &[OsString]) -> Result<Self> {
        let [first, rest @ ..] = arguments else {
            bail!(misused(
                host,
                "missing DIR and COMMAND arguments",
                "execute: no command was named",
                "exec -- COMMAND"
            ))
        };
        let dashes = OsStr::new("--");
        if host.voice == Voice::Envr && first == dashes {
            return Ok(Self::of(rc::working_directory(host)?.to_path_buf(), rest));
        }
        let path = host.absolute(Path::new(first));
        let path = std::fs::canonicalize(&path).with_context(|| match host.voice {
            Voice::Direnv => format!("stat {}", first.display()),
            Voice::Envr => format!("could not find `{}`", first.display()),
        })?;
        if path.is_file() {
            let dir = path.parent().unwrap_or(Path::new("/")).to_path_buf();
            let command = std::iter::once(path.into_os_string()).chain(rest.iter().cloned());
            let words = command.collect();
            let named = Path::new(first).components().filter(|part| *part != Component::CurDir);
            return Ok(Self { dir, words, shown: named.collect() });
        }
        let has_dashes = host.voice == Voice::Envr && rest.first().is_some_and(|it| it == dashes);
        Ok(Self::of(path, if has_dashes { &rest[1..] } else { rest }))
    }

    fn of(dir: PathBuf, words: &[OsString]) -> Self {
        let shown = words.first().map(PathBuf::from).unwrap_or_default();
        Self { dir, words: words.to_vec(), shown }
    }
}
