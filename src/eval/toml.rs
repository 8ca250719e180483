//! `[env]`, `[path]` and `[dotenv]` of an `envr.toml`: an environment that is declared, not run.

use super::{Evaluation, Lane, Outcome, Start, dotenv};
use crate::env::Env;
use crate::fs::read_regular;
use crate::toml::{Document, Table};
use crate::trust::Trusted;
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A `.env` file larger than this many bytes is something else.
const DOTENV_LIMIT: u64 = 4 << 20;

/// What an `envr.toml` says about the environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// In the order of names; `None` takes a variable away.
    env: Vec<(String, Option<String>)>,
    /// Put before what is on PATH, the first before the others.
    path: Vec<String>,
    dotenv: Vec<String>,
    dotenv_if_exists: Vec<String>,
}

impl Declared {
    /// Takes its tables out of the file's.
    pub fn take(top: &mut Table) -> Result<Self> {
        let mut declared = Self::default();
        if let Some(env) = top.table("env")? {
            for (name, value) in env.into_entries() {
                if name.is_empty() || name.contains(['=', '\0']) {
                    return Err(value.mistake(&format!("`{name}` cannot be a variable's name")));
                }
                declared.env.push((name, value.variable()?));
            }
        }
        if let Some(mut path) = top.table("path")? {
            declared.path = path.strings("add")?;
            path.finish()?;
        }
        if let Some(mut dotenv) = top.table("dotenv")? {
            declared.dotenv = dotenv.strings("files")?;
            declared.dotenv_if_exists = dotenv.strings("if_exists")?;
            dotenv.finish()?;
        }
        Ok(declared)
    }

    /// The environment with `.env` files first, then PATH, then single variables.
    fn apply(&self, dir: &Path, outer: &Env, watches: &mut Watches) -> Result<Env> {
        let mut env = outer.clone();
        let required = self.dotenv.iter().map(|file| (file, true));
        let optional = self.dotenv_if_exists.iter().map(|file| (file, false));
        for (file, is_required) in required.chain(optional) {
            let file = crate::fs::clean(&dir.join(file));
            watches.add(&file);
            load_dotenv(&file, is_required, &mut env)?;
        }
        if !self.path.is_empty() {
            env.set("PATH", self.path_before(dir, &env)?);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => env.set(name, value),
                None => env.unset(name),
            }
        }
        Ok(env)
    }

    fn path_before(&self, dir: &Path, env: &Env) -> Result<OsString> {
        let added = self.path.iter().map(|entry| crate::fs::clean(&dir.join(entry)));
        let before = env.get("PATH").map(std::env::split_paths).into_iter().flatten();
        let entries: Vec<PathBuf> = added.chain(before).collect();
        std::env::join_paths(entries).context("could not add to PATH")
    }
}

pub fn run(start: &Start, trusted: &Trusted) -> Evaluation {
    let World { host, config, .. } = start.world;
    let rc = trusted.rc();
    ui::status(host, config, &format!("loading {}", host.tilde(&rc.path)));
    let mut watches = start.watches.clone();
    let declared = Document::new(&rc.path, trusted.bytes())
        .and_then(|document| Declared::take(&mut document.table()?));
    let outcome = declared.and_then(|declared| declared.apply(rc.dir(), start.outer, &mut watches));
    let outcome = match outcome {
        Ok(env) => Outcome::Loaded(env),
        Err(error) => Outcome::Failed(error),
    };
    Evaluation::new(Lane::Native, outcome, watches)
}

fn load_dotenv(file: &Path, is_required: bool, env: &mut Env) -> Result<()> {
    let path = file.display();
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
