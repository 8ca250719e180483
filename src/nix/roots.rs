//! Roots for the inputs of a flake: without them the garbage collector would have each evaluation fetch them anew.

use super::log::{Line, Look};
use super::place::Place;
use super::program;
use super::reads::store_dir;
use super::request::Request;
use crate::env::Env;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What `nix flake archive --json` prints.
#[derive(Deserialize)]
struct Archive {
    #[serde(default)]
    path: Option<PathBuf>,
    #[serde(default)]
    inputs: BTreeMap<String, Self>,
}

/// Offline, or where nix has no such thing, there are none.
pub fn keep_inputs(place: &Place, nix: &Path, request: &Request, env: &Env) -> Result<()> {
    let store = store_dir(env);
    let mut paths = if request.flake_in_place().is_some() {
        evaluated(place, &store)?
    } else {
        archived(nix, request, env)?
    };
    paths.retain(|path| path.starts_with(&store) && path.exists());
    let _lock = place.lock_roots()?;
    if !place.request().exists() {
        return Ok(());
    }
    let roots = place.roots();
    _ = std::fs::remove_dir_all(&roots);
    if paths.is_empty() {
        return Ok(());
    }
    crate::fs::make_private_dir(&roots)?;
    let mut command = program::beside(nix, "nix-store", request, env);
    command
        .arg("--realise")
        .args(&paths)
        .arg("--add-root")
        .arg(roots.join("input"))
        .arg("--indirect");
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("could not keep the inputs")?;
    Ok(())
}

/// To ask nix for the inputs is to have it copy the flake itself.
fn archived(nix: &Path, request: &Request, env: &Env) -> Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    let Some(mut command) = program::archive(nix, request, env) else { return Ok(paths) };
    let output = command.stderr(Stdio::null()).output().context("could not ask for the inputs")?;
    if let Ok(archive) = serde_json::from_slice::<Archive>(&output.stdout) {
        archive.inputs.values().for_each(|input| input.collect(&mut paths));
    }
    Ok(paths)
}

/// What an evaluation took from the store, by its log.
fn evaluated(place: &Place, store: &Path) -> Result<BTreeSet<PathBuf>> {
    let log = BufReader::new(File::open(place.log()).context("could not read the log")?);
    let paths = log.lines().map_while(Result::ok).filter_map(|line| {
        let Line::Looked(Look::File(path)) = Line::parse(&line) else { return None };
        let below = path.strip_prefix(store).ok()?;
        Some(store.join(below.components().next()?))
    });
    Ok(paths.collect())
}

impl Archive {
    fn collect(&self, paths: &mut BTreeSet<PathBuf>) {
        paths.extend(self.path.clone());
        self.inputs.values().for_each(|input| input.collect(paths));
    }
}
