//! `hook` and `export`: what runs at a prompt.

use super::shell_of;
use crate::config::Config;
use crate::diff;
use crate::enter::{self, Entered, Entry};
use crate::env::Env;
use crate::error::misused;
use crate::host::{Host, Voice};
use crate::quiet::{self, Answer};
use crate::rc;
use crate::session::Session;
use crate::shell::Shell;
use crate::ui;
use crate::watch::Look;
use anyhow::{Context as _, Result, anyhow, bail};
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// Prints what the shell has to do to be as its directory wants it; nothing when it is.
///
/// A hook says so with `--hook` after its shell's name, and gets the quiet check besides.
pub fn export(host: &Host, arguments: &[OsString]) -> Result<ExitCode> {
    let shell = shell(host, "export", arguments.first().map(OsString::as_os_str))?;
    let is_hook = arguments.get(1).is_some_and(|second| second == "--hook");
    let began = if is_hook { quiet::clock() } else { 0 };
    let config = Config::load(host)?;
    // A directory that was removed has nothing to load, and what is loaded is left.
    let found = host.cwd.as_deref().and_then(|cwd| rc::find(host, &config, cwd));
    let place = found.as_ref().map(|rc| rc.path.as_path());
    let check = |env: &Env, session: &Session, look: &Look| {
        let answer = Answer { host, config: &config, found: found.as_ref(), env, session, began };
        quiet::code(shell, &answer, look)
    };
    let session = Session::from_env(&host.env);
    if let Some(look) = session.look(host.voice, place) {
        if is_hook {
            host.print(&check(&host.env, &session, &look))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let entered = match &found {
        Some(rc) => enter::enter(host, &config, &session, rc.clone()),
        None => enter::leave(host, &session).map(|env| {
            ui::status(host, &config, "unloading");
            Entered { env, result: Entry::Loaded, secrets: Vec::new() }
        }),
    };
    let Entered { env, result, .. } =
        entered.map_err(|error| match (host.voice, session.revert(&host.env)) {
            (Voice::Direnv, Err(garbage)) => anyhow!("Revert() failed: {}", garbage.told(host)),
            _ => error,
        })?;
    let mut code = shell.render(&diff::changes(&host.env, &env));
    let session = Session::from_env(&env);
    // What came of the answer is no reason to withhold it.
    if is_hook && let Some(look) = session.look(host.voice, place) {
        code.extend(check(&env, &session, &look));
    }
    host.print(&code)?;
    Ok(match result {
        Entry::Loaded | Entry::Denied => ExitCode::SUCCESS,
        // A hook wants the code in any case, and some shells give none of it to who fails.
        Entry::Failed if is_hook => ExitCode::SUCCESS,
        Entry::Failed => ExitCode::FAILURE,
    })
}

/// Prints the code for a shell's start file.
pub fn hook(host: &Host, target: Option<&OsStr>) -> Result<ExitCode> {
    let shell = shell(host, "hook", target)?;
    let hook = shell.hook(host.program()).with_context(|| match (host.voice, shell) {
        (Voice::Direnv, Shell::Vim) => {
            "this feature is not supported. Install the direnv.vim plugin instead".to_string()
        }
        (Voice::Direnv, Shell::Gzenv) => "the gzenv shell doesn't support hooking".to_string(),
        (Voice::Direnv, Shell::Gha) => "Hook not implemented for GitHub Actions shell".to_string(),
        (Voice::Direnv, _) => "this feature is not supported".to_string(),
        (Voice::Envr, _) => format!("there is no hook for `{}`", shell.name()),
    })?;
    host.print(&hook)?;
    Ok(ExitCode::SUCCESS)
}

fn shell(host: &Host, verb: &str, target: Option<&OsStr>) -> Result<Shell> {
    let Some(target) = target else {
        bail!(misused(
            host,
            "unknown target shell ''",
            &format!("{verb}: no shell was named"),
            &format!("{verb} zsh")
        ))
    };
    shell_of(host, target)
}
