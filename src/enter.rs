//! Entering a directory: judge its rc, evaluate it, record what came of it, and say so.

pub mod command;

use crate::config::Config;
use crate::diff::{self, Changes};
use crate::env::size::{self, TooLarge};
use crate::env::{Env, outside};
use crate::error::Hinted;
use crate::eval::{self, Evaluation, Outcome};
use crate::host::{Host, Voice};
use crate::rc::Rc;
use crate::secrets::Secret;
use crate::session::{self, Session};
use crate::trust::{self, Reason, Store, Trusted, Verdict};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::Result;
use std::path::Path;

/// The environment after entering, state included.
#[derive(Debug)]
pub struct Entered {
    pub env: Env,
    pub result: Entry,
    /// The values in it that came from secrets files.
    pub secrets: Vec<Secret>,
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
    if eval::is_in_progress(host, &rc.path) {
        let path = host.tilde(&rc.path);
        ui::note(host, &format!("`{path}` is being loaded: the environment stays as it is"));
        return Ok(Entered { env: host.env.clone(), result: Entry::Loaded, secrets: Vec::new() });
    }
    let store = Store::open(host)?;
    let world = World { host, config, store: &store };
    let outer = leave(host, session)?;
    let path = rc.path.clone();
    let mut watches = Watches::default();
    let result = match trust::judge(world, rc, &mut watches) {
        Verdict::Allowed(trusted) => return Ok(load(world, session, trusted, &outer)),
        Verdict::Denied => Entry::Denied,
        Verdict::Blocked(reason) => {
            ui::error(host, &blocked(host, &path, &reason));
            Entry::Failed
        }
        Verdict::Unusable(why) => {
            ui::fail(host, &format!("could not load `{}`: {why}", host.tilde(&path)));
            Entry::Failed
        }
    };
    Ok(outside(outer, &path, &watches, result))
}

/// The environment outside. Where the way back cannot be read what was loaded stays, and the shell goes on from there;
/// direnv goes nowhere.
pub fn leave(host: &Host, session: &Session) -> Result<Env> {
    session.revert(&host.env).or_else(|garbage| match host.voice {
        Voice::Direnv => Err(garbage.told(host)),
        Voice::Envr => {
            ui::warn(host, &format!("{}; what it had loaded stays", ui::causes(&garbage.into())));
            Ok(session.outside(&host.env))
        }
    })
}

fn load(world: World, session: &Session, mut trusted: Trusted, outer: &Env) -> Entered {
    let World { host, config, store } = world;
    config.speak_of(&trusted.rc().path);
    let Evaluation { lane, outcome, watches, left_behind, fell_short, secrets } =
        eval::eval(world, &mut trusted, outer);
    if host.env.get(eval::LANE).is_some_and(|value| value == "tell") {
        ui::note(host, &format!("lane: {lane}"));
    }
    let path = &trusted.rc().path;
    let is_whole = matches!(outcome, Outcome::Loaded(_));
    if let Err(error) = trusted.remember(store, is_whole) {
        ui::warn(host, &ui::causes(&error));
    }
    match outcome {
        Outcome::Loaded(mut env) => {
            let changes = diff::changes(outer, &env);
            // direnv believes a project's directories, and has no such variable.
            match host.voice {
                Voice::Envr => outside::remember(outer, &mut env),
                Voice::Direnv => env.unset(outside::VARIABLE),
            }
            session::record(outer, &mut env, path, &watches);
            if let Some(too_large) = size::too_large(&env) {
                let why = in_words(&too_large);
                ui::fail(host, &format!("could not load `{}`: {why}", host.tilde(path)));
                // Too many files to watch are one reason.
                return outside(outer.clone(), path, trusted.watches(), Entry::Failed);
            }
            report(host, config, outer, &changes);
            warn_of_left_behind(host, path, &left_behind);
            let result = if fell_short { Entry::Failed } else { Entry::Loaded };
            let secrets = secrets.into_iter().map(|secret| secret.value).collect();
            return Entered { env, result, secrets };
        }
        Outcome::Failed(error) => ui::error(host, &error),
        Outcome::Refused(reason) => ui::error(host, &blocked(host, path, &reason)),
        Outcome::Silent if host.voice == Voice::Direnv => {
            return outside(outer.clone(), path, &watches, Entry::Loaded);
        }
        Outcome::Silent => ui::fail(
            host,
            &format!(
                "could not load `{}`: it ended without an environment, as after `exec`",
                host.tilde(path)
            ),
        ),
        Outcome::Interrupted => {
            ui::fail(host, &format!("could not load `{}`: interrupted", host.tilde(path)));
            if session.file.as_ref() == Some(path) {
                return unchanged(&host.env, path, &watches);
            }
        }
    }
    outside(outer.clone(), path, &watches, Entry::Failed)
}

fn in_words(too_large: &TooLarge) -> String {
    let what = match too_large {
        TooLarge::Variable { name, bytes } => {
            format!("the variable `{}` takes {bytes} bytes", name.to_string_lossy())
        }
        TooLarge::All { bytes } => format!("the environment takes {bytes} bytes"),
    };
    format!("{what}, and no program could be started with so many")
}

fn warn_of_left_behind(host: &Host, path: &Path, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let (path, names) = (host.tilde(path), names.join(", "));
    ui::warn(host, &format!("`{path}` defines {names}: no shell gets these from an rc"));
}

fn outside(mut env: Env, path: &Path, watches: &Watches, result: Entry) -> Entered {
    let outer = env.clone();
    session::record(&outer, &mut env, path, watches);
    Entered { env, result, secrets: Vec::new() }
}

/// What the same rc loaded before stays until something changes.
fn unchanged(env: &Env, path: &Path, watches: &Watches) -> Entered {
    let mut env = env.clone();
    session::keep(&mut env, path, watches);
    Entered { env, result: Entry::Failed, secrets: Vec::new() }
}

fn report(host: &Host, config: &Config, outer: &Env, changes: &Changes) {
    let summary = diff::summary(outer, changes);
    let is_wanted = host.voice == Voice::Envr || host.is_at_prompt();
    if config.hide_env_diff || summary.is_empty() || !is_wanted {
        return;
    }
    let names = summary.iter().map(|(sign, name)| format!(" {sign}{}", name.to_string_lossy()));
    ui::status(host, config, &format!("export{}", names.collect::<String>()));
}

/// The message for an rc that waits for approval.
pub fn blocked(host: &Host, path: &Path, reason: &Reason) -> anyhow::Error {
    if host.voice == Voice::Direnv {
        let shown = path.display();
        return anyhow::anyhow!("{shown} is blocked. Run `direnv allow` to approve its content");
    }
    Hinted::new(
        format!("`{}` is blocked: {}", host.tilde(path), reason.text(host)),
        "`envr review` shows it, `envr allow` approves it",
    )
    .into()
}
