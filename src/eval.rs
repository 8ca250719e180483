//! Runs what is trusted: a `Trusted` and the environment outside become an evaluation.

mod bash;
mod conversation;
pub mod dotenv;
mod dump;
mod native;
mod parse;
mod stage;
mod stdlib;

use crate::config::Config;
use crate::env::Env;
use crate::host::Host;
use crate::rc::Kind;
use crate::trust::{Store, Trusted};
use crate::watch::Watches;
use anyhow::Result;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub use stdlib::text as stdlib;

/// `ENVR_LANE=bash` has bash run every `.envrc`; `ENVR_LANE=tell` says who ran one, and why.
pub const LANE: &str = "ENVR_LANE";

/// What came of running an rc.
#[derive(Debug)]
pub struct Evaluation {
    pub lane: Lane,
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

/// Who ran it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    Native,
    /// And why.
    Bash(String),
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => write!(f, "native"),
            Self::Bash(why) => write!(f, "bash, for {why}"),
        }
    }
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
        Kind::Envrc => {
            let native = plan(host, config, trusted, outer).and_then(|script| {
                native::run(host, config, store, trusted, outer, &watches, &script)
            });
            match native {
                Ok(evaluation) => Ok(evaluation),
                Err(why) => bash::run(host, config, store, trusted, outer, watches, why),
            }
        }
        Kind::Dotenv => Ok(run_dotenv(host, config, trusted, outer, watches)),
    }
}

/// The lane that an rc takes, as far as can be told without running it.
pub fn lane(host: &Host, config: &Config, trusted: &Trusted, outer: &Env) -> Lane {
    match trusted.rc().kind {
        Kind::Envrc => plan(host, config, trusted, outer).map_or_else(Lane::Bash, |_| Lane::Native),
        Kind::Dotenv => Lane::Native,
    }
}

/// The script, if it can run without bash; else why not.
fn plan(
    host: &Host,
    config: &Config,
    trusted: &Trusted,
    outer: &Env,
) -> Result<parse::List, String> {
    let because = |why: &str| Err(why.to_string());
    if host.env.get(LANE).is_some_and(|lane| lane == "bash") {
        return because(LANE);
    }
    if config.strict_env {
        return because("`strict_env`");
    }
    if config.bash_path.is_some() || host.env.non_empty("DIRENV_BASH").is_some() {
        return because("the bash of your choice");
    }
    if let Some(file) = users_functions(host, config, outer) {
        return Err(format!("`{}`", host.tilde(&file)));
    }
    if config.dir.is_none() || !has_plain_locale(outer) {
        return because("the locale or the home");
    }
    let mut names = outer.iter().map(|(name, _)| name.as_bytes());
    if let Some(name) = names.find(|name| {
        name.starts_with(b"BASH_FUNC_")
            || (parse::names::is_name(name) && !parse::names::is_taken_over(name))
    }) {
        return Err(format!("`{}` in the environment", String::from_utf8_lossy(name)));
    }
    if let Some(name) = ["HOME", "PATH"].iter().find(|name| outer.non_empty(name).is_none()) {
        return Err(format!("`{name}`, which is not set"));
    }
    parse::parse(trusted.bytes()).map_err(|reason| reason.to_string())
}

/// A file of the user's own that runs before every rc.
fn users_functions(host: &Host, config: &Config, outer: &Env) -> Option<PathBuf> {
    let dir = config.dir.as_ref()?;
    let home = outer.non_empty("HOME").map(|home| Path::new(home).join(".direnvrc"));
    let rc = [Some(dir.join("direnvrc")), home].into_iter().flatten().find(|file| file.is_file());
    rc.or_else(|| {
        let files = std::fs::read_dir(dir.join("lib")).into_iter().flatten().flatten();
        files
            .map(|entry| entry.path())
            .find(|file| file.extension().is_some_and(|extension| extension == "sh"))
    })
    .map(|file| host.absolute(&file))
}

/// Where a byte below 0x80 is always a letter of its own.
fn has_plain_locale(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.non_empty(name));
    let Some(locale) = locale else { return true };
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    let (name, encoding) =
        locale.split('@').next().unwrap_or_default().split_once('.').unwrap_or((&locale, ""));
    matches!(name, "c" | "posix") || matches!(encoding, "utf-8" | "utf8")
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
    Evaluation { lane: Lane::Native, outcome, watches, left_behind: Vec::new() }
}
