//! Which files count: all that are there, or of a working tree what git tracks.

use super::repository;
use super::request::Request;
use super::tracked::{Checkout, Tracked};
use crate::env::Env;
use crate::watch::Watches;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// What is written while nix runs, by nix or by us, and says nothing about a project.
const OWN_NAMES: [&str; 2] = [".direnv", ".git"];

/// What an evaluation can see.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Of these files, what git tracks.
    pub checkout: Option<Checkout>,
    /// Where programs, nix and envr among them, write what they may need again: nobody looks in there by going through
    /// what is around it.
    caches: PathBuf,
}

/// The same at one moment.
#[derive(Debug)]
pub struct View<'a> {
    pub scope: &'a Scope,
    /// `None` where there is no checkout, or only git can tell.
    pub tracked: Option<Tracked>,
    /// How the indexes looked before they were read.
    pub indexes: Watches,
}

impl Scope {
    pub fn of(request: &Request, env: &Env) -> Self {
        let at_home = || env.non_empty("HOME").map(|home| Path::new(home).join(".cache"));
        let caches = env.non_empty("XDG_CACHE_HOME").map(PathBuf::from).or_else(at_home);
        let flake = request.copied_flake();
        let checkout = flake.and_then(|flake| flake.checkout(&request.watched));
        Self { checkout, caches: caches.unwrap_or_default() }
    }

    /// What the repository of a working tree tracks; where it cannot tell, all that is there.
    pub fn of_worktree(tree: &Path) -> Self {
        let (tree, apart) = (tree.to_path_buf(), BTreeSet::new());
        let git_dir = repository::git_dir(&tree);
        let checkout = git_dir.map(|git_dir| Checkout { tree, git_dir, apart });
        Self { checkout, caches: PathBuf::new() }
    }

    pub fn now(&self) -> View<'_> {
        let mut indexes = Watches::default();
        let checkout = self.checkout.as_ref();
        let tracked = checkout.and_then(|checkout| checkout.tracked(&mut indexes));
        View { scope: self, tracked, indexes }
    }
}

impl View<'_> {
    pub fn shows(&self, path: &Path) -> bool {
        let checkout = self.scope.checkout.as_ref();
        let told = checkout.zip(self.tracked.as_ref());
        told.is_none_or(|(checkout, tracked)| checkout.shows(path, tracked))
    }

    /// Whether some of what stands in a directory may not count.
    pub fn hides_some_of(&self, dir: &Path) -> bool {
        let checkout = self.scope.checkout.as_ref().filter(|_| self.tracked.is_some());
        checkout.is_some_and(|checkout| checkout.has(dir))
    }

    /// Whether an entry of a directory that is gone through counts.
    pub fn has(&self, entry: &DirEntry) -> bool {
        let (path, name) = (entry.path(), entry.file_name());
        !OWN_NAMES.iter().any(|own| name == *own) && path != self.scope.caches && self.shows(&path)
    }
}
