//! Where paths that nix names come from: the store's copies of what the user has, and what newer nix names otherwise.

use super::TEXT_LIMIT;
use super::virtual_path::{parts, virtual_path};
use crate::nix::flake::{Fetched, LocalFlake};
use crate::nix::log::Look;
use crate::nix::request::Request;
use crate::nix::store_path;
use std::path::{Path, PathBuf};

pub struct Sources {
    pub store: PathBuf,
    /// The flake's copies in the store: there is another one when nix has written the lock.
    pub copies: Vec<PathBuf>,
    /// What they were made of.
    tree: PathBuf,
    /// What other sources may have been made of.
    pub others: Vec<LocalFlake>,
    /// What the flake's lock tells of sources that newer nix names otherwise.
    fetched: Vec<Fetched>,
}

/// A file of a source that is not the user's.
pub struct Foreign {
    /// Where it can be looked at, if the store is known to have it.
    pub file: PathBuf,
    pub source: PathBuf,
}

impl Sources {
    pub fn new(
        store: PathBuf,
        flake: Option<&LocalFlake>,
        looks: &[Look],
        request: &Request,
    ) -> Self {
        let copied = flake.filter(|_| request.flake_in_place().is_none());
        let copies = copied.map(|flake| copies(flake, &store, looks)).unwrap_or_default();
        let tree = flake.map(|flake| flake.tree.clone()).unwrap_or_default();
        let mut others = flake.map(LocalFlake::path_inputs).unwrap_or_default();
        let overrides = request.values_of("--override-input");
        let overrides =
            overrides.filter_map(|(_, reference)| LocalFlake::find(reference, &request.dir));
        others.extend(overrides);
        let fetched = flake.map(LocalFlake::fetched).unwrap_or_default();
        Self { store, copies, tree, others, fetched }
    }

    /// What is none of the user's files.
    pub fn foreign(&self, path: &Path) -> Option<Foreign> {
        if let Some((reference, below)) = parts(path) {
            // What has no scheme is nix's own.
            if !reference.contains(':') || virtual_path(path, &self.tree).is_some() {
                return None;
            }
            let fetched = self.fetched.iter().find(|fetched| fetched.is(reference));
            let stored = fetched.and_then(|it| store_path::of_source(&self.store, &it.hash));
            let source = stored.unwrap_or_else(|| reference.into());
            return Some(Foreign { file: source.join(below.trim_start_matches('/')), source });
        }
        let name = path.strip_prefix(&self.store).ok()?.components().next()?;
        let (file, source) = (path.to_path_buf(), self.store.join(name));
        (!self.copies.contains(&source)).then_some(Foreign { file, source })
    }

    /// The files of the user that a path nix named may stand for.
    pub fn places(&self, path: &Path) -> Vec<PathBuf> {
        if let Some(path) = virtual_path(path, &self.tree) {
            return vec![path];
        }
        if !path.is_absolute() {
            return Vec::new();
        }
        if let Some(below) = self.copies.iter().find_map(|copy| path.strip_prefix(copy).ok()) {
            return vec![crate::fs::clean(&self.tree.join(below))];
        }
        let Ok(in_store) = path.strip_prefix(&self.store) else { return vec![path.to_path_buf()] };
        let below: PathBuf = in_store.components().skip(1).collect();
        let others = self.others.iter().map(|flake| flake.tree.join(&below));
        others.filter(|path| path.is_file()).collect()
    }
}

/// nix evaluates the flake itself first; whatever has the same `flake.nix` is another copy.
pub fn copies(flake: &LocalFlake, store: &Path, looks: &[Look]) -> Vec<PathBuf> {
    let name = flake.file_below_tree();
    let mut text = None;
    let mut copies = Vec::new();
    for look in looks {
        let Look::File(path) = look else { continue };
        if !path.starts_with(store) || !path.ends_with(&name) {
            continue;
        }
        let found = crate::fs::read_regular(path, TEXT_LIMIT).ok().flatten();
        let copy = path.ancestors().nth(name.components().count());
        if *text.get_or_insert_with(|| found.clone()) == found {
            copies.extend(copy.map(Path::to_path_buf));
        }
    }
    copies
}
