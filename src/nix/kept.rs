//! Shells and failures as they are kept on disk: whole and as written, or not at all.

use super::environment::Environment;
use super::inputs::{self, Inputs};
use super::place::Place;
use crate::digest::Digest;
use crate::env::Env;
use anyhow::Result;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first words of a file; another number is another program's.
const MARK: &str = "envr-nix 1";
/// A file larger than this many bytes is none of ours.
const LIMIT: u64 = 64 << 20;
/// So many shells of one variant stay, for going back to another branch to cost nothing.
const GENERATIONS: usize = 4;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The development shell that one evaluation gave.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub inputs: Inputs,
    pub environment: Environment,
    /// A file of bash code for the hook, if there is one, and the functions and arrays that it defines.
    pub setup: Option<PathBuf>,
    pub defined: Vec<String>,
    /// The generation of the profile that keeps its store path.
    pub generation: Option<PathBuf>,
    /// Directories that it was made of and that are too large to be watched.
    pub too_large: BTreeSet<PathBuf>,
}

/// What nix said when it failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub inputs: Inputs,
    /// The variables that it depends on, and which values they had.
    pub variables: Vec<String>,
    pub variant: String,
    pub message: String,
    /// nix ended itself; it would do so again.
    pub is_lasting: bool,
    pub is_shown: bool,
}

/// What is known without asking nix.
#[derive(Debug)]
pub struct Found {
    pub standing: Standing,
    /// Valid or not, the last good one.
    pub last: Option<Kept>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Valid,
    /// And the input that changed, where there is one.
    Stale(Option<PathBuf>),
    Failed(Failure),
}

/// Looks up what is kept for an environment. `see` is shown the inputs of what is found before they are compared, so
/// that a change which comes later does not get lost.
pub fn look_up(place: &Place, env: &Env, mut see: impl FnMut(&Inputs)) -> Found {
    let variant = variant(place, env);
    let mut last: Option<(Kept, Option<PathBuf>)> = None;
    let is_wanted = place.wanted().exists();
    for path in place.shells(&variant) {
        let Some(kept) = read::<Kept>(&path).filter(|kept| kept.is_there(place)) else { continue };
        see(&kept.inputs);
        let changed = kept.inputs.changed().map(Path::to_path_buf);
        if changed.is_none() && !is_wanted {
            mark_used(place);
            return Found { standing: Standing::Valid, last: Some(kept) };
        }
        last.get_or_insert((kept, changed));
    }
    let failure = read::<Failure>(&place.failure(&variant));
    if let Some(failure) = &failure {
        see(&failure.inputs);
    }
    let stands = |failure: &Failure| {
        let is_the_same = failure.variant == inputs::variant(&failure.variables, env)
            && failure.inputs.changed().is_none();
        if failure.is_lasting { is_the_same } else { !failure.is_shown }
    };
    let (last, changed) = last.map_or((None, None), |(kept, changed)| (Some(kept), changed));
    let standing = match failure.filter(|failure| !is_wanted && stands(failure)) {
        Some(failure) => Standing::Failed(failure),
        None => Standing::Stale(changed),
    };
    Found { standing, last }
}

/// Without it the shell would seem unused, no more.
fn mark_used(place: &Place) {
    let used = place.used();
    let age = used.metadata().and_then(|file| file.modified()).map(|time| time.elapsed());
    if age.is_ok_and(|age| age.is_ok_and(|age| age < DAY)) {
        return;
    }
    _ = crate::fs::write_atomic(&used, b"");
}

/// Keeps a shell with the names of the variables it depends on, and lets older ones go.
pub fn keep(place: &Place, env: &Env, variables: &[String], kept: &Kept) -> Result<()> {
    write(&place.variables(), variables)?;
    let variant = inputs::variant(variables, env);
    let content = kept.inputs.content();
    write(&place.shell(&variant, &content), kept)?;
    crate::fs::remove_if_there(&place.effect(&kept.content()))?;
    crate::fs::remove_if_there(&place.failure(&variant))?;
    for old in place.shells(&variant).iter().skip(GENERATIONS) {
        crate::fs::remove_if_there(old)?;
    }
    drop_unneeded(place)
}

pub fn keep_failure(place: &Place, env: &Env, failure: &Failure) -> Result<()> {
    write(&place.failure(&variant(place, env)), failure)
}

/// It is told in full once.
pub fn mark_shown(place: &Place, env: &Env, failure: &Failure) {
    let shown = Failure { is_shown: true, ..failure.clone() };
    // Where it cannot be written it is told again.
    _ = keep_failure(place, env, &shown);
}

fn variant(place: &Place, env: &Env) -> String {
    inputs::variant(&read::<Vec<String>>(&place.variables()).unwrap_or_default(), env)
}

/// What no shell needs goes; generations are left to the garbage collector.
fn drop_unneeded(place: &Place) -> Result<()> {
    let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
    for path in place.shells_of_all_variants() {
        let Some(kept) = read::<Kept>(&path) else { continue };
        needed.insert(place.effect(&kept.content()));
        needed.extend(
            kept.generation.map(|link| place.dir().join(link)).into_iter().chain(kept.setup),
        );
    }
    for file in place.generations().chain(place.setups()).chain(place.effects()) {
        if !needed.contains(&file) {
            crate::fs::remove_if_there(&file)?;
        }
    }
    Ok(())
}

impl Kept {
    /// The same for the same shell made of the same inputs.
    pub fn content(&self) -> Digest {
        let environment = serde_json::to_vec(&self.environment).unwrap_or_default();
        Digest::of(&[self.inputs.content().as_str().as_bytes(), &environment].concat())
    }

    /// Whether the garbage collector left what it leads to.
    pub fn is_there(&self, place: &Place) -> bool {
        self.generation.as_ref().is_none_or(|link| place.dir().join(link).exists())
            && self.setup.as_ref().is_none_or(|file| file.exists())
    }
}

/// `None` for what is not there, cut short, changed, or of another version.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = crate::fs::read_regular(path, LIMIT).ok()??;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, json) = (&bytes[..end], &bytes[end + 1..]);
    (head == head_of(json).as_bytes()).then(|| serde_json::from_slice(json).ok())?
}

pub fn write<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<()> {
    let json = serde_json::to_vec(value)?;
    crate::fs::write_atomic(path, &[head_of(&json).as_bytes(), b"\n", &json].concat())
}

fn head_of(json: &[u8]) -> String {
    format!("{MARK} {}", Digest::of(json))
}
