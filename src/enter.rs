//! Entering a directory: judge its rc, evaluate it, record what came of it, and say so.

use crate::config::Config;
use crate::diff::{self, Changes};
use crate::env::Env;
use crate::error::Hinted;
use crate::eval::{self, Evaluation, Outcome};
use crate::host::{Host, Voice};
use crate::rc::Rc;
use crate::session::{self, Session};
use crate::trust::{self, Reason, Store, Trusted, Verdict};
use crate::ui;
use crate::watch::Watches;
use anyhow::Result;
use std::path::Path;

/// The environment after entering, state included.
#[derive(Debug)]
pub struct Entered {
    pub env: Env,
    pub result: Entry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Loaded,
    /// The user said no before; nothing was told.
    Denied,
    /// Blocked, unusable, failed or interrupted; the reason was told.
    Failed,
}

/// Enters the directory of `rc`. Whatever comes of it is recorded in the environment, so that the next prompt does not
/// try again before something changes.
pub fn enter(host: &Host, config: &Config, session: &Session, rc: Rc) -> Result<Entered> {
    let store = Store::open(host)?;
    let outer = session.revert(&host.env)?;
    let path = rc.path.clone();
    match trust::judge(host, &store, config, rc) {
        Verdict::Allowed(trusted) => load(host, config, &store, session, trusted, &outer),
        Verdict::Denied => Ok(outside(outer, &path, &watches_of(&store, &path), Entry::Denied)),
        Verdict::Blocked(reason) => {
            ui::error(host, &blocked(host, &path, &reason));
            let mut watches = watches_of(&store, &path);
            if let Reason::Executes(file) = &reason {
                watch_approval(&mut watches, &store, file);
            }
            Ok(outside(outer, &path, &watches, Entry::Failed))
        }
        Verdict::Unusable(why) => {
            ui::fail(host, &format!("could not load `{}`: {why}", path.display()));
            Ok(outside(outer, &path, &watches_of(&store, &path), Entry::Failed))
        }
    }
}

fn load(
    host: &Host,
    config: &Config,
    store: &Store,
    session: &Session,
    mut trusted: Trusted,
    outer: &Env,
) -> Result<Entered> {
    let Evaluation { lane, outcome, mut watches, left_behind } =
        eval::eval(host, config, store, &mut trusted, outer)?;
    if host.env.get(eval::LANE).is_some_and(|value| value == "tell") {
        ui::note(host, &format!("lane: {lane}"));
    }
    let path = &trusted.rc().path;
    let is_whole = matches!(outcome, Outcome::Loaded(_));
    if let Err(error) = trusted.remember(store, is_whole) {
        ui::warn(host, &format!("{error:#}"));
    }
    match outcome {
        Outcome::Loaded(mut env) => {
            report(host, config, outer, &diff::changes(outer, &env));
            if !left_behind.is_empty() {
                let names = left_behind.join(", ");
                ui::warn(
                    host,
                    &format!(
                        "`{}` defines {names}: no shell gets these from an rc",
                        host.tilde(path)
                    ),
                );
            }
            session::record(outer, &mut env, path, &watches);
            return Ok(Entered { env, result: Entry::Loaded });
        }
        Outcome::Failed(why) => ui::fail(host, &why),
        Outcome::Refused(file) => {
            watch_approval(&mut watches, store, &file);
            ui::error(host, &blocked(host, path, &Reason::Executes(file)));
        }
        Outcome::Silent if host.voice == Voice::Direnv => {
            return Ok(outside(outer.clone(), path, &watches, Entry::Loaded));
        }
        Outcome::Silent => ui::fail(
            host,
            &format!(
                "could not load `{}`: it ended without an environment, as after `exec`",
                path.display()
            ),
        ),
        Outcome::Interrupted => {
            ui::fail(host, &format!("could not load `{}`: interrupted", path.display()));
            if session.file.as_ref() == Some(path) {
                return Ok(unchanged(&host.env, path, &watches));
            }
        }
    }
    Ok(outside(outer.clone(), path, &watches, Entry::Failed))
}

fn outside(mut env: Env, path: &Path, watches: &Watches, result: Entry) -> Entered {
    let outer = env.clone();
    session::record(&outer, &mut env, path, watches);
    Entered { env, result }
}

/// What the same rc loaded before stays until something changes.
fn unchanged(env: &Env, path: &Path, watches: &Watches) -> Entered {
    let mut env = env.clone();
    session::keep(&mut env, path, watches);
    Entered { env, result: Entry::Failed }
}

fn watches_of(store: &Store, path: &Path) -> Watches {
    eval::rc_watches(store, path, &trust::read(path).unwrap_or_default())
}

/// An executed file that is blocked is free when it changes back, or when it is approved as an rc of its own.
fn watch_approval(watches: &mut Watches, store: &Store, file: &Path) {
    watches.add(file);
    watches.add(&store.allow_path(file, &trust::read(file).unwrap_or_default()));
}

fn report(host: &Host, config: &Config, outer: &Env, changes: &Changes) {
    let summary = diff::summary(outer, changes);
    if config.hide_env_diff || summary.is_empty() {
        return;
    }
    let names = summary.iter().map(|(sign, name)| format!(" {sign}{}", name.to_string_lossy()));
    ui::status(host, config, &format!("export{}", names.collect::<String>()));
}

/// The message for an rc that waits for approval.
pub fn blocked(host: &Host, path: &Path, reason: &Reason) -> anyhow::Error {
    let shown = path.display();
    if host.voice == Voice::Direnv {
        return anyhow::anyhow!("{shown} is blocked. Run `direnv allow` to approve its content");
    }
    let why = match reason {
        Reason::New => "it is not approved yet".to_string(),
        Reason::Changed { added, removed } => {
            format!(
                "it changed since it was approved ({}, {})",
                lines(*added, "added"),
                lines(*removed, "removed")
            )
        }
        Reason::Executes(file) => {
            format!("`{}`, which it executes, is not as it was approved", host.tilde(file))
        }
    };
    Hinted::new(
        format!("`{shown}` is blocked: {why}"),
        "`envr review` shows it, `envr allow` approves it",
    )
    .into()
}

fn lines(count: usize, what: &str) -> String {
    format!("{count} line{} {what}", if count == 1 { "" } else { "s" })
}
