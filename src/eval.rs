//! Runs what is trusted: a `Trusted` and the environment outside become an evaluation.

mod bash;
mod conversation;
pub mod dotenv;
mod dump;
mod stage;
mod stdlib;

use crate::config::Config;
use crate::env::Env;
use crate::host::Host;
use crate::rc::Kind;
use crate::trust::{Store, Trusted};
use crate::watch::Watches;
use anyhow::Result;
use std::path::{Path, PathBuf};

pub use stdlib::text as stdlib;

/// What came of running an rc.
#[derive(Debug)]
pub struct Evaluation {
    pub outcome: Outcome,
    /// What it depended on, as far as it came.
    pub watches: Watches,
    /// Aliases and functions it defined for a shell that will not get them.
    pub left_behind: Vec<String>,
}

#[derive(Debug)]
pub enum Outcome {
    Loaded(Env),
    /// Nothing of it counts; the message says why.
    Failed(String),
    /// It wanted to execute a file that is not approved.
    Refused(PathBuf),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// It ended without saying what the environment is, as after `exec`.
    Silent,
}

pub fn eval(
    host: &Host,
    config: &Config,
    store: &Store,
    trusted: &mut Trusted,
    outer: &Env,
) -> Result<Evaluation> {
    let watches = first_watches(host, config, store, trusted);
    match trusted.rc().kind {
        Kind::Envrc => bash::run(host, config, store, trusted, outer, watches),
        Kind::Dotenv => Ok(run_dotenv(host, config, trusted, outer, watches)),
    }
}

/// What every rc depends on: itself, the two marks of its approval, and the user's own functions.
pub fn first_watches(host: &Host, config: &Config, store: &Store, trusted: &Trusted) -> Watches {
    let mut watches = rc_watches(store, &trusted.rc().path, trusted.bytes());
    if let Some(dir) = config.dir.as_ref().filter(|_| trusted.rc().kind == Kind::Envrc) {
        watches.add(&dir.join("direnvrc"));
        if let Some(home) = host.home() {
            watches.add(&home.join(".direnvrc"));
        }
        let lib = dir.join("lib");
        watches.add(&lib);
        let files =
            std::fs::read_dir(&lib).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut scripts: Vec<PathBuf> = files
            .filter(|file| file.extension().is_some_and(|extension| extension == "sh"))
            .collect();
        scripts.sort();
        for script in scripts {
            watches.add(&script);
        }
    }
    watches
}

/// What a blocked rc waits for: its content or its approval to change.
pub fn rc_watches(store: &Store, path: &Path, bytes: &[u8]) -> Watches {
    let mut watches = Watches::default();
    watches.add(path);
    watches.add(&store.allow_path(path, bytes));
    watches.add(&store.deny_path(path));
    watches
}

fn run_dotenv(
    host: &Host,
    config: &Config,
    trusted: &Trusted,
    outer: &Env,
    watches: Watches,
) -> Evaluation {
    crate::ui::status(host, config, &format!("loading {}", host.tilde(&trusted.rc().path)));
    let dir = trusted.rc().dir();
    let outcome = match dotenv::parse_in(dir, trusted.bytes(), outer) {
        Ok(variables) => {
            let mut env = outer.clone();
            for (name, value) in variables {
                env.set(name, value);
            }
            Outcome::Loaded(env)
        }
        Err(error) => Outcome::Failed(format!(
            "could not load `{}:{}`: {}",
            trusted.rc().path.display(),
            error.line,
            error.message
        )),
    };
    Evaluation { outcome, watches, left_behind: Vec::new() }
}
