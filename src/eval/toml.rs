//! `[nix]`, `[dotenv]`, `[path]`, `[env]` and `[secrets]` of an `envr.toml`: an environment that is declared, not run.

mod nix;
mod secrets;

use super::{Evaluation, Lane, Outcome, Start, Step, dotenv};
use crate::diff;
use crate::env::{Env, lists};
use crate::fs::read_regular;
use crate::host::Host;
use crate::toml::{Document, Table};
use crate::trust::Trusted;
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Context as _, Result, bail};
use nix::NixShell;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

pub use secrets::{Audience, Held, Secrets, Stop};

/// A `.env` file larger than this many bytes is something else.
const DOTENV_LIMIT: u64 = 4 << 20;

/// What an `envr.toml` says about the environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// In the order of names.
    env: Vec<Variable>,
    /// Put before what is on PATH, the first before the others.
    path: Vec<String>,
    /// The line that says so.
    path_line: usize,
    dotenv: Vec<String>,
    dotenv_if_exists: Vec<String>,
    nix: Option<NixShell>,
    secrets: Secrets,
}

#[derive(Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    /// `None` takes it away.
    value: Option<String>,
    line: usize,
}

impl Declared {
    /// Takes its tables out of the file's.
    pub fn take(top: &mut Table) -> Result<Self> {
        let mut declared = Self::default();
        if let Some(env) = top.table("env")? {
            for (name, value) in env.into_variables()? {
                let line = value.line();
                declared.env.push(Variable { name, value: value.variable()?, line });
            }
        }
        if let Some(mut path) = top.table("path")? {
            if let Some(add) = path.take("add") {
                declared.path_line = add.line();
                declared.path = add.strings()?;
            }
            path.finish()?;
        }
        if let Some(mut dotenv) = top.table("dotenv")? {
            declared.dotenv = dotenv.strings("files")?;
            declared.dotenv_if_exists = dotenv.strings("if_exists")?;
            dotenv.finish()?;
        }
        declared.nix = NixShell::take(top)?;
        declared.secrets = Secrets::take(top)?;
        Ok(declared)
    }

    /// `env` with `.env` files first, then PATH, then single variables.
    fn apply(&self, host: &Host, dir: &Path, mut env: Env, watches: &mut Watches) -> Result<Env> {
        for (file, is_required) in self.dotenv_files(dir) {
            watches.add(&file);
            load_dotenv(host, &file, is_required, &mut env)?;
        }
        if !self.path.is_empty() {
            env.set("PATH", self.path_before(dir, &env)?);
        }
        for Variable { name, value, .. } in &self.env {
            match value {
                Some(value) => env.set(name, value),
                None => env.unset(name),
            }
        }
        Ok(env)
    }

    /// In the order in which they count, and whether each has to be there.
    fn dotenv_files(&self, dir: &Path) -> impl Iterator<Item = (PathBuf, bool)> {
        let required = self.dotenv.iter().map(|file| (file, true));
        let optional = self.dotenv_if_exists.iter().map(|file| (file, false));
        let in_dir = move |(file, is_required)| (crate::fs::clean(&dir.join(file)), is_required);
        required.chain(optional).map(in_dir)
    }

    fn path_before(&self, dir: &Path, env: &Env) -> Result<OsString> {
        let added = self.path.iter().map(|entry| crate::fs::clean(&dir.join(entry)));
        let before = env.get("PATH").map(std::env::split_paths).into_iter().flatten();
        let entries: Vec<PathBuf> = added.chain(before).collect();
        std::env::join_paths(entries).context("could not add to PATH")
    }
}

pub fn run(start: &Start, trusted: &mut Trusted) -> Evaluation {
    let World { host, config, .. } = start.world;
    let shown = host.tilde(&trusted.rc().path);
    ui::status(host, config, &format!("loading {shown}"));
    let watches = start.watches.clone();
    let declared = match read(Path::new(&shown), trusted.bytes()) {
        Ok(declared) => declared,
        Err(error) => return Evaluation::new(Lane::Native, Outcome::Failed(error), watches),
    };
    let mut evaluation = match &declared.nix {
        Some(shell) => shell.enter(start, trusted),
        None => Evaluation::new(Lane::Native, Outcome::Loaded(start.outer.clone()), watches),
    };
    if let Outcome::Loaded(env) = evaluation.outcome {
        let dir = trusted.rc().dir();
        evaluation.outcome = match declared.apply(host, dir, env, &mut evaluation.watches) {
            Ok(env) => Outcome::Loaded(env),
            Err(error) => Outcome::Failed(error),
        };
    }
    if let Outcome::Loaded(mut env) = evaluation.outcome {
        let given = declared.secrets.load(&[Audience::Shells], trusted, start.world, &env);
        evaluation.watches.merge(trusted.watches().clone());
        evaluation.outcome = match given {
            Ok(given) => {
                evaluation.secrets = given.set_in(&mut env, host);
                Outcome::Loaded(env)
            }
            Err(stop) => stop.outcome(),
        };
    }
    evaluation
}

/// The lines that set or take away a variable, the one that counts last. `[nix]` does not say which it sets: it is taken to
/// have done what `became` of those that nothing else set.
pub fn steps(trusted: &Trusted, name: &OsStr, (outer, became): (&Env, &Outcome)) -> Vec<Step> {
    let rc = trusted.rc();
    let Ok(declared) = read(&rc.path, trusted.bytes()) else { return Vec::new() };
    let files = declared.dotenv_files(rc.dir()).filter_map(|(file, _)| {
        let bytes = read_regular(&file, DOTENV_LIMIT).ok()??;
        let line = dotenv::line_of(&bytes, name, outer)?;
        Some(Step { file, line })
    });
    let path = (name == "PATH" && !declared.path.is_empty()).then_some(declared.path_line);
    let variables = declared.env.iter().filter(|variable| *variable.name == *name);
    let here = path.into_iter().chain(variables.map(|variable| variable.line));
    let at = |line| Step { file: rc.path.clone(), line };
    let mut steps: Vec<Step> = files.chain(here.map(at)).collect();
    let is_changed =
        matches!(became, Outcome::Loaded(env) if diff::changes(outer, env).contains_key(name));
    if is_changed && (steps.is_empty() || lists::is_list(name)) {
        let nix = declared.nix.as_ref().map(|nix| at(nix.line));
        steps.splice(..0, nix);
    }
    steps
}

fn read(shown: &Path, bytes: &[u8]) -> Result<Declared> {
    Declared::take(&mut Document::new(shown, bytes)?.tables()?)
}

fn load_dotenv(host: &Host, file: &Path, is_required: bool, env: &mut Env) -> Result<()> {
    let path = host.tilde(file);
    let bytes = match read_regular(file, DOTENV_LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => bail!("could not load `{path}`: it is larger than 4 MiB"),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_required => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("could not load `{path}`")),
    };
    let dir = file.parent().unwrap_or(Path::new("/"));
    match dotenv::parse_in(dir, &bytes, env) {
        Ok(variables) => {
            for (name, value) in variables {
                env.set(name, value);
            }
            Ok(())
        }
        Err(dotenv::Error { line, message }) => bail!("could not load `{path}:{line}`: {message}"),
    }
}
