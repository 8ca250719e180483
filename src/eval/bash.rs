//! The bash lane: starts bash on an rc and turns its end and its report into an evaluation.

pub mod library;
mod running;
mod terminal;

use super::conversation::Conversation;
use super::{Evaluation, Lane, Outcome, dump};
use crate::config::Config;
use crate::env::Env;
use crate::host::{Host, Voice, find_program};
use crate::session;
use crate::trust::{Store, Trusted};
use crate::watch::Watches;
use anyhow::Result;
use running::{End, Running};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use terminal::LineMode;

pub fn run(
    host: &Host,
    config: &Config,
    store: &Store,
    trusted: &mut Trusted,
    outer: &Env,
    first: Watches,
    lane: String,
) -> Result<Evaluation> {
    let lane = Lane::Bash(lane);
    let bash = config.bash(host)?;
    let link_dir = direnv_link_dir(host, outer);
    let mut start = outer.clone();
    session::set_watches(&mut start, &first);
    start.set("DIRENV_IN_ENVRC", "1");
    if let Some(dir) = &link_dir {
        append_to_path(&mut start, dir);
    }

    let mut conversation = Conversation::new(host, config, store, trusted, first.clone())?;
    let line_mode = LineMode::enter();
    let mut running = Running::start(&bash, &start, &conversation)?;
    let end = running.wait(&mut conversation)?;
    drop(line_mode);

    let Conversation { watches: asked, failure, refused, .. } = conversation;
    let outcome = match (refused, failure, end) {
        (Some(path), ..) => Outcome::Refused(path),
        (None, Some(failure), _) => Outcome::Failed(failure),
        (None, None, End { status, interrupted: true }) if !status.success() => {
            Outcome::Interrupted
        }
        (None, None, End { status, .. }) if !status.success() => {
            Outcome::Failed(why(host, trusted, status))
        }
        (None, None, End { .. }) => match dump::read(&running.report) {
            None => Outcome::Silent,
            Some(report) => {
                let left_behind = left_behind(host, trusted, &report);
                let mut env = dump::with_what_bash_cannot_hold(outer, report.exported);
                let watches = all_watches(host, trusted, &env, first, asked);
                session::clear(&mut env);
                env.unset("DIRENV_IN_ENVRC");
                if let Some(dir) = &link_dir {
                    remove_from_path(&mut env, dir);
                }
                return Ok(Evaluation {
                    lane,
                    outcome: Outcome::Loaded(env),
                    watches,
                    left_behind,
                });
            }
        },
    };
    Ok(Evaluation { lane, outcome, watches: asked, left_behind: Vec::new() })
}

/// What the script left in its variable counts, for other programs add to it and take from it, too; where it is gone,
/// what was asked for.
fn all_watches(
    host: &Host,
    trusted: &Trusted,
    env: &Env,
    first: Watches,
    asked: Watches,
) -> Watches {
    let mut watches = first;
    watches.merge(session::watches_of(env).unwrap_or(asked));
    if host.voice == Voice::Envr {
        for path in trusted.executed() {
            watches.add(path);
        }
    }
    watches
}

/// Aliases, and functions that nothing in the rc itself can be seen to use: those meant for the prompt.
fn left_behind(host: &Host, trusted: &Trusted, report: &dump::Dump) -> Vec<String> {
    if host.voice == Voice::Direnv {
        return Vec::new();
    }
    let aliases = report.aliases.iter().map(|name| format!("alias `{name}`"));
    let is_for_the_prompt = |name: &&String| {
        !["use_", "layout_", "_"].iter().any(|prefix| name.starts_with(prefix))
            && occurrences(trusted.bytes(), name.as_bytes()) == 1
    };
    let functions =
        report.functions.iter().filter(is_for_the_prompt).map(|name| format!("function `{name}`"));
    aliases.chain(functions).collect()
}

fn occurrences(text: &[u8], word: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    text.split(|byte| !is_part(byte)).filter(|part| *part == word).count()
}

pub fn why(host: &Host, trusted: &Trusted, status: ExitStatus) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) if host.voice == Voice::Direnv => return format!("exit status {code}"),
        (None, Some(signal)) if host.voice == Voice::Direnv => return format!("signal: {signal}"),
        (Some(code), _) => format!("it exited with status {code}"),
        (None, Some(signal)) => format!("bash was ended by signal {signal}"),
        (None, None) => "bash ended".to_string(),
    };
    format!("could not load `{}`: {how}", trusted.rc().path.display())
}

/// Scripts call `direnv` by name. Where the name leads nowhere, a link of ours stands last on PATH while they run: in
/// the data directory, whose path does not change, should a script keep its PATH somewhere.
pub fn direnv_link_dir(host: &Host, outer: &Env) -> Option<PathBuf> {
    if find_program("direnv".as_ref(), outer.get("PATH"), host.cwd.as_deref()).is_some() {
        return None;
    }
    let dir = host.xdg("XDG_DATA_HOME", ".local/share")?.join("envr/bin");
    let link = dir.join("direnv");
    if std::fs::read_link(&link).ok().as_deref() != Some(host.program()) {
        crate::fs::make_private_dir(&dir).ok()?;
        _ = crate::fs::remove_if_there(&link);
        std::os::unix::fs::symlink(host.program(), &link).ok()?;
    }
    Some(dir)
}

pub fn append_to_path(env: &mut Env, dir: &Path) {
    let mut path = env.get("PATH").map(OsStr::to_os_string).unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push(dir);
    env.set("PATH", path);
}

pub fn remove_from_path(env: &mut Env, dir: &Path) {
    let Some(path) = env.get("PATH") else { return };
    let dir = dir.as_os_str().as_bytes();
    let rest: Vec<&[u8]> =
        path.as_bytes().split(|byte| *byte == b':').filter(|entry| *entry != dir).collect();
    let rest = OsString::from_vec(rest.join(&b':'));
    if rest.is_empty() { env.unset("PATH") } else { env.set("PATH", rest) }
}
