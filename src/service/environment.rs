//! The environment that services run in: the project's own, evaluated under the same approval as at the prompt.

use super::place::Place;
use super::project;
use crate::config::Config;
use crate::enter::command::{self, Commanded};
use crate::env::Env;
use crate::fs::write_atomic;
use crate::host::Host;
use crate::memory_dir;
use crate::rc;
use crate::session::Session;
use crate::watch::Watches;
use crate::world::World;
use anyhow::Result;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The verb of a process that evaluates for the supervisor; nobody types it.
pub const VERB: &str = "service-environment";

/// An environment with what it came from.
#[derive(Debug)]
pub struct Environment {
    pub env: Env,
    watches: Watches,
    /// Why it is an older one.
    pub trouble: Option<String>,
    /// What was in the way may be gone.
    is_doubted: bool,
}

impl Environment {
    /// The watched files are in the environment itself, as in a shell's.
    pub fn new(env: Env) -> Self {
        let watches = Session::from_env(&env).watches().unwrap_or_default();
        Self { env, watches, trouble: None, is_doubted: false }
    }

    /// Whether evaluating it again would give the same.
    pub fn is_current(&self) -> bool {
        let is_seen =
            || self.watches.paths().next().is_none() || self.watches.clone().look().is_some();
        !self.is_doubted && is_seen()
    }

    /// Somebody asks for a start: an older one is not taken without another try, for an approval changes no file of it.
    pub fn doubt(&mut self) {
        self.is_doubted = self.trouble.is_some();
    }

    /// Takes what is there now as seen, where a new evaluation failed: it would fail again.
    pub fn keep(&mut self, trouble: String) {
        self.trouble = Some(trouble);
        self.is_doubted = false;
        let mut watches = Watches::default();
        self.watches.paths().for_each(|path| watches.add(path));
        self.watches = watches;
    }
}

/// Evaluates what governs the project's directory; says on stderr what happens, and why it does not.
pub fn evaluate(host: &Host, root: &Path) -> Result<Env> {
    let config = Config::load(host)?;
    let rc = rc::find(host, &config, root);
    let Commanded { mut env, held, .. } = command::environment(host, &config, rc)?;
    // A service is started again when this process is gone, and with it what it could hold open.
    let mut files = held.files.iter().chain(held.descriptors.iter()).peekable();
    if files.peek().is_some() {
        let dir = memory_dir::lasting(host, &Place::of(host, root)?.secrets())?;
        for (name, value) in files {
            let file = dir.join(name);
            write_atomic(&file, value.bytes())?;
            env.set(name, file);
        }
    }
    Ok(env)
}

/// Whether what governs the project's directory may run, without running it.
pub fn check(world: World, root: &Path) -> Result<()> {
    let rc = rc::find(world.host, world.config, root).map(|rc| rc.path);
    let mut files = rc.into_iter().chain(project::definitions(root));
    files.try_for_each(|file| project::approved(world, &file).map(drop))
}

/// As it goes over a pipe: `NAME=VALUE` with a NUL behind each.
pub fn encode(env: &Env) -> Vec<u8> {
    let variables =
        env.iter().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes(), b"\0"]);
    variables.flatten().flatten().copied().collect()
}

pub fn decode(bytes: &[u8]) -> Env {
    let variables = bytes.split(|byte| *byte == 0);
    variables
        .filter_map(|variable| {
            let end = 1 + variable.get(1..)?.iter().position(|byte| *byte == b'=')?;
            Some((OsStr::from_bytes(&variable[..end]), OsStr::from_bytes(&variable[end + 1..])))
        })
        .collect()
}
