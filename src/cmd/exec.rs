//! `exec`: one command in the environment of a directory.

use crate::config::Config;
use crate::enter::{self, Entry};
use crate::env::Env;
use crate::error::misused;
use crate::host::{Host, Voice, find_program};
use crate::rc;
use crate::session::Session;
use anyhow::{Context as _, Result, bail};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// `exec -- COMMAND…` takes the working directory, `exec DIR COMMAND…` another. Returns only when the command cannot
/// be started: it takes the place of this process, and so its signals and its exit code are its own.
pub fn exec(host: &Host, arguments: &[OsString]) -> Result<ExitCode> {
    let (dir, command) = split(host, arguments)?;
    let [name, arguments @ ..] = command.as_slice() else {
        bail!(misused(
            host,
            "missing COMMAND argument",
            "execute: no command was named",
            "exec DIR COMMAND"
        ))
    };
    let env = environment(host, &dir)?;
    // A name with a slash goes to the system as it is, for a script sees it as its own.
    let is_path = name.as_encoded_bytes().contains(&b'/');
    let found = if is_path {
        Some(name.into())
    } else {
        find_program(name, env.get("PATH"), host.cwd.as_deref())
    };
    let Some(program) = found else {
        let path = env.get("PATH").unwrap_or_default();
        let (name, path) = (name.display(), path.display());
        match host.voice {
            Voice::Direnv => bail!("command '{name}' not found on PATH '{path}'"),
            Voice::Envr => bail!("command `{name}` not found on PATH `{path}`"),
        }
    };
    let error =
        Command::new(&program).arg0(name).args(arguments).env_clear().envs(env.iter()).exec();
    Err(error).with_context(|| format!("could not start `{}`", program.display()))
}

/// The directory and the command. direnv also takes a file in place of the directory: it is the command, run in the
/// environment of the directory it stands in.
fn split(host: &Host, arguments: &[OsString]) -> Result<(PathBuf, Vec<OsString>)> {
    let [first, rest @ ..] = arguments else {
        bail!(misused(
            host,
            "missing DIR and COMMAND arguments",
            "execute: no command was named",
            "exec -- COMMAND"
        ))
    };
    if first == OsStr::new("--") {
        return Ok((rc::working_directory(host)?.to_path_buf(), rest.to_vec()));
    }
    let path = host.absolute(Path::new(first));
    let path = std::fs::canonicalize(&path).with_context(|| match host.voice {
        Voice::Direnv => format!("stat {}", first.display()),
        Voice::Envr => format!("could not find `{}`", first.display()),
    })?;
    if path.is_file() {
        let dir = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        let command = std::iter::once(path.into_os_string()).chain(rest.iter().cloned()).collect();
        return Ok((dir, command));
    }
    let command = rest.strip_prefix(&[OsString::from("--")]).unwrap_or(rest);
    Ok((path, command.to_vec()))
}

fn environment(host: &Host, dir: &Path) -> Result<Env> {
    let config = Config::load(host)?;
    let session = Session::from_env(&host.env);
    let Some(found) = rc::find(host, &config, dir) else { return session.revert(&host.env) };
    let path = found.path.clone();
    let entered = enter::enter(host, &config, &session, found)?;
    match entered.result {
        Entry::Loaded => Ok(entered.env),
        Entry::Denied => bail!("could not load `{}`: it is denied", path.display()),
        Entry::Failed => Err(anyhow::Error::new(crate::error::Told)),
    }
}
