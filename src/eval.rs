//! Runs what is trusted: a `Trusted` and the environment outside become an evaluation.

pub mod parse;
pub mod native;
mod secrets;
mod stdlib;
mod vigil;
mod signals;
mod descendants;
mod bash;
mod link;
mod in_progress;
mod trace;
mod ansi_c;
pub mod dotenv;
pub mod toml;

use crate::env::{Env, is_name};
use crate::error::in_voice;
use crate::host::Voice;
use crate::rc::Kind;
use crate::trust::{Reason, Trusted};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::anyhow;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub use bash::print_nix;
pub use bash::report::environment as reported_environment;
#[cfg(not(target_os = "linux"))]
pub use bash::stage::Stage;
pub use bash::terminal::LineMode;
pub use descendants::{kill_children_but, kill_with_descendants, own_children};
pub use in_progress::is_in_progress;
pub use parse::names::is_assignable;
pub use secrets::Disclosed;
pub use stdlib::TEXT as STDLIB;
pub use trace::{Step, Trace, trace};
pub use vigil::{Interrupt, Ready, Subject, Vigil};

/// `ENVR_LANE=bash` has bash run every `.envrc`, `native` none; `tell` says who ran one, and why.
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
    /// Something it wanted could not be had, and the user was told; the rest counts.
    pub fell_short: bool,
    /// What came from secrets files.
    pub secrets: Vec<Disclosed>,
}

#[derive(Debug)]
pub enum Outcome {
    Loaded(Env),
    /// Nothing of it counts; the error says why.
    Failed(anyhow::Error),
    /// It wanted to execute a file that is not approved.
    Refused(Reason),
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

impl Evaluation {
    fn new(lane: Lane, outcome: Outcome, watches: Watches) -> Self {
        let (left_behind, secrets) = <_>::default();
        Self { lane, outcome, watches, left_behind, fell_short: false, secrets }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => write!(f, "native"),
            Self::Bash(why) => write!(f, "bash, for {why}"),
        }
    }
}

/// What an evaluation starts from.
#[derive(Debug)]
pub struct Start<'a> {
    pub world: World<'a>,
    /// The environment without any rc.
    pub outer: &'a Env,
    /// What every rc depends on.
    pub watches: Watches,
    /// A file with the user's own functions, which run before every `.envrc`.
    functions: Option<PathBuf>,
}

impl<'a> Start<'a> {
    fn new(world: World<'a>, trusted: &Trusted, outer: &'a Env) -> Self {
        let mut watches = trusted.watches().clone();
        let functions = match trusted.rc().kind {
            Kind::Envrc => watch_users_functions(&mut watches, world, outer),
            Kind::Dotenv | Kind::Toml => None,
        };
        Self { world, outer, watches, functions }
    }
}

/// Never fails as such: whatever keeps an rc from loading is an outcome, with what it depended on.
pub fn eval(world: World, trusted: &mut Trusted, outer: &Env) -> Evaluation {
    let start = Start::new(world, trusted, outer);
    let mut evaluation = match trusted.rc().kind {
        Kind::Envrc => run_envrc(&start, trusted),
        Kind::Dotenv => run_dotenv(&start, trusted),
        Kind::Toml => toml::run(&start, trusted),
    };
    // What was judged counts as it was then, whatever else names it.
    evaluation.watches.merge(trusted.watches().clone());
    evaluation
}

/// The lane that an rc takes, as far as can be told without running it.
pub fn lane(world: World, trusted: &Trusted, outer: &Env) -> Lane {
    match trusted.rc().kind {
        Kind::Envrc => {
            let plan = plan(&Start::new(world, trusted, outer), trusted);
            plan.map_or_else(Lane::Bash, |_| Lane::Native)
        }
        Kind::Dotenv | Kind::Toml => Lane::Native,
    }
}

fn run_envrc(start: &Start, trusted: &mut Trusted) -> Evaluation {
    let native = plan(start, trusted).and_then(|script| native::run(start, trusted, script));
    native.unwrap_or_else(|why| {
        if start.world.host.env.get(LANE).is_some_and(|lane| lane == "native") {
            let path = trusted.rc().path.display();
            let error = anyhow::anyhow!("could not load `{path}` without bash: {why}");
            return Evaluation::new(Lane::Native, Outcome::Failed(error), start.watches.clone());
        }
        let lane = Lane::Bash(why);
        bash::run(start, trusted, lane.clone()).unwrap_or_else(|error| {
            // A mended configuration is a reason to try again.
            let mut watches = start.watches.clone();
            if let Some(dir) = &start.world.config.dir {
                watches.add(&dir.join("direnv.toml"));
            }
            let path = start.world.host.tilde(&trusted.rc().path);
            let outcome = Outcome::Failed(error.context(format!("could not load `{path}`")));
            Evaluation::new(lane, outcome, watches)
        })
    })
}

/// The script, if it can run without bash; else why not.
fn plan(start: &Start, trusted: &Trusted) -> Result<parse::List, String> {
    let Start { world: World { host, config, .. }, outer, functions, .. } = start;
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
    if let Some(file) = functions {
        return Err(format!("`{}`", host.tilde(&host.absolute(file))));
    }
    if config.dir.is_none() || !has_plain_locale(outer) {
        return because("the locale or the home");
    }
    let mut names = outer.iter().map(|(name, _)| name.as_bytes());
    if let Some(name) = names.find(|name| {
        name.starts_with(b"BASH_FUNC_") || (is_name(name) && !parse::names::is_taken_over(name))
    }) {
        return Err(format!("`{}` in the environment", String::from_utf8_lossy(name)));
    }
    if let Some(name) = ["HOME", "PATH"].iter().find(|name| outer.non_empty(name).is_none()) {
        return Err(format!("`{name}`, which is not set"));
    }
    parse::parse(trusted.bytes()).map_err(|reason| reason.to_string())
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

/// Watches the user's own functions, which run before every `.envrc`; returns a file that has some.
fn watch_users_functions(watches: &mut Watches, world: World, outer: &Env) -> Option<PathBuf> {
    let dir = world.config.dir.as_ref()?;
    let home = outer.non_empty("HOME").map(|home| Path::new(home).join(".direnvrc"));
    let mut files = vec![dir.join("direnvrc")];
    files.extend(home);
    let lib = dir.join("lib");
    let has_lib = watches.look_at(&lib);
    files.extend(if has_lib { scripts_in(&lib) } else { Vec::new() });
    files.retain(|file| watches.look_at(file));
    files.into_iter().next()
}

/// In the order in which bash runs them.
fn scripts_in(lib: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(lib).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut scripts: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "sh")).collect();
    scripts.sort();
    scripts
}

fn run_dotenv(start: &Start, trusted: &Trusted) -> Evaluation {
    let World { host, config, .. } = start.world;
    let path = &trusted.rc().path;
    // direnv says so of an `.envrc` alone.
    if host.voice == Voice::Envr {
        ui::status(host, config, &format!("loading {}", host.tilde(path)));
    }
    let outcome = match dotenv::parse_in(trusted.rc().dir(), trusted.bytes(), start.outer) {
        Ok(variables) => {
            let mut env = start.outer.clone();
            for (name, value) in variables {
                env.set(name, value);
            }
            Outcome::Loaded(env)
        }
        Err(dotenv::Error { line, message }) => {
            let ours = anyhow!("could not load `{}:{line}`: {message}", host.tilde(path));
            Outcome::Failed(in_voice(host, dotenv::wrong_line(trusted.bytes(), line), ours))
        }
    };
    Evaluation::new(Lane::Native, outcome, start.watches.clone())
}
