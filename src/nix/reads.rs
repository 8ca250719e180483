//! From nix's log to inputs: which files and variables a shell was made from.

mod sources;
mod texts;
mod virtual_path;

use super::flake::{self, LocalFlake};
use super::inputs::{Aspect, Tree};
use super::log::Look;
use super::others::{self, Others};
use super::repository::{self, Repository};
use super::request::{Request, Source};
use super::settings;
use super::view::{Scope, View};
use crate::env::Env;
pub use sources::{Foreign, Sources, copies};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use texts::{Context, Own, Texts};

/// A nix file larger than this many bytes names nothing.
const TEXT_LIMIT: u64 = 4 << 20;
/// What nixpkgs asks the environment for, where it may.
const NIXPKGS_VARIABLES: [&str; 6] = [
    "NIXPKGS_ALLOW_BROKEN",
    "NIXPKGS_ALLOW_INSECURE",
    "NIXPKGS_ALLOW_UNFREE",
    "NIXPKGS_ALLOW_UNSUPPORTED_SYSTEM",
    "NIXPKGS_CONFIG",
    "NIX_PATH",
];
/// What it looks for at home.
const NIXPKGS_FILES: [&str; 2] = [".config/nixpkgs/config.nix", ".config/nixpkgs/overlays.nix"];
/// Where it takes all that is there: at home, and by its name in the search path.
const OVERLAYS: (&str, &str) = (".config/nixpkgs/overlays", "nixpkgs-overlays=");

#[derive(Debug)]
pub struct Reads<'a> {
    /// What nix saw of the paths.
    pub view: &'a View<'a>,
    pub paths: BTreeSet<(PathBuf, Aspect)>,
    pub variables: BTreeSet<String>,
    /// What nix found to be there, or not.
    pub found: BTreeMap<PathBuf, bool>,
    /// Directories that count with all below them and are too large to be watched.
    pub too_large: BTreeSet<PathBuf>,
}

/// The store that an environment names.
pub fn store_dir(env: &Env) -> PathBuf {
    env.non_empty("NIX_STORE_DIR").map_or_else(|| "/nix/store".into(), PathBuf::from)
}

impl<'a> Reads<'a> {
    pub fn none(view: &'a View) -> Self {
        let (paths, variables) = (BTreeSet::new(), BTreeSet::new());
        Self { view, paths, variables, found: BTreeMap::new(), too_large: BTreeSet::new() }
    }

    pub fn of((request, env): (&Request, &Env), looks: &[Look], view: &'a View) -> Self {
        let mut reads = Self::none(view);
        let flake = request.local_flake();
        let sources = Sources::new(store_dir(env), flake.as_ref(), looks, request);
        for look in looks {
            reads.take(look, &sources);
        }
        let others = Others::new(looks, &sources);
        let mut files = reads.nix_files();
        let is_own = |file: &Path| flake.is_some() || file.starts_with(&request.project);
        files.retain(|file| is_own(file) || !others::is_nixpkgs(file));
        let texts = Texts::of(files);
        if let Some(flake) = &flake {
            reads.take_flake(flake);
            let is_around = |other: &&LocalFlake| flake.tree.starts_with(&other.tree);
            for other in sources.others.iter().filter(|other| !is_around(other)) {
                reads.take_source(other);
            }
            let context = Context::of_flake((flake, request), &texts, &others);
            reads.take_texts(&texts, context);
            reads.take_whole(flake, &texts, &others);
        } else {
            let traced: BTreeSet<PathBuf> = looks.iter().flat_map(Look::traced).collect();
            let file = request.local_file();
            let is_told = |path: &Path| file.as_deref() == Some(path) || traced.contains(path);
            let (told, rest) = texts.split(is_told);
            let rest = rest.with(&request.dir, &request.expressions());
            reads.take_texts(&rest, Context::of_expression(Own::Untold, &rest, &others));
            reads.take_texts(&told, Context::of_expression(Own::Told, &rest, &others));
        }
        reads.take_request(request, env);
        if request.is_impure() {
            reads.take_nixpkgs(env);
        }
        reads.paths.extend(request.watched.iter().map(|path| (path.clone(), Aspect::Content)));
        reads
    }

    /// What makes it this flake, and this state of it.
    fn take_flake(&mut self, flake: &LocalFlake) {
        for name in ["flake.nix", "flake.lock"] {
            self.paths.insert((flake.dir.join(name), Aspect::Content));
        }
        self.paths.extend(flake.passed.iter().map(|dir| (dir.join("flake.nix"), Aspect::Presence)));
        // A repository around it would hide what it does not track.
        let is_around = |dir: &&Path| flake.git_dir.is_none() || dir.starts_with(&flake.tree);
        let above = flake.dir.ancestors().take_while(is_around);
        self.paths.extend(above.map(|dir| (dir.join(".git"), Aspect::Presence)));
    }

    /// What nix looks at before any file of the user's.
    fn take_request(&mut self, request: &Request, env: &Env) {
        self.variables.extend(settings::VARIABLES.map(String::from));
        let settings = settings::files(env).into_iter();
        let files = settings.chain(request.files());
        self.paths.extend(files.map(|file| (file, Aspect::Content)));
        match &request.source {
            Source::Flake(reference) => self.take_reference((reference, &request.dir), env),
            Source::File { file, .. } => {
                let file = crate::fs::clean(&request.dir.join(file));
                // Where both are there, it is the other one.
                if file.ends_with("default.nix") {
                    self.paths.insert((file.with_file_name("shell.nix"), Aspect::Presence));
                }
                self.paths.insert((file, Aspect::Content));
            }
            Source::Expression { .. } | Source::Packages(_) => {}
        }
    }

    /// What tells which flake a reference means, where it is none of files that nix takes as they are.
    fn take_reference(&mut self, (reference, dir): (&str, &Path), env: &Env) {
        if let (Some(flake), Some(branch)) =
            (LocalFlake::find(reference, dir), flake::branch(reference))
            && let Some(git_dir) = flake.git_dir
        {
            self.take_branch(&git_dir, &branch);
        }
        let Some(name) = flake::registered(reference) else { return };
        for file in settings::registries(env) {
            let target = settings::registered(&file, name);
            let target = target.and_then(|target| LocalFlake::find(&target, Path::new("/")));
            if let Some(flake) = target {
                self.take_source(&flake);
            }
            self.paths.insert((file, Aspect::Content));
        }
    }

    /// All of what nix takes another flake, or an input, from.
    fn take_source(&mut self, flake: &LocalFlake) {
        match &flake.git_dir {
            Some(git_dir) => self.take_repository(&flake.tree, git_dir),
            None => self.take_tree(flake.tree.clone()),
        }
    }

    fn take(&mut self, look: &Look, sources: &Sources) {
        let (path, aspect) = match look {
            Look::File(path) => (path, Aspect::Content),
            Look::Directory(path) => (path, Aspect::Names),
            Look::Presence(path, is_there) => {
                if *path == crate::fs::clean(path) && sources.places(path) == [path.clone()] {
                    self.found.insert(path.clone(), *is_there);
                }
                (path, Aspect::Presence)
            }
            Look::Kind(path) => (path, Aspect::Kind),
            Look::Tree { path, .. } => (path, Aspect::Tree),
            Look::Traced(path) => (path, Aspect::Target),
            Look::Variable(name) => {
                self.variables.insert(name.clone());
                return;
            }
            Look::Fetched(reference) => return self.take_fetched(reference, sources),
            Look::Derivation(_) => return,
        };
        for path in sources.places(path) {
            self.take_link(&path);
            match aspect {
                Aspect::Tree => self.take_tree(path),
                Aspect::Target => {}
                // So nix calls what it finds behind a link to a directory.
                Aspect::Content if path.is_dir() => {
                    self.paths.insert((path.join("default.nix"), aspect));
                }
                aspect => _ = self.paths.insert((path, aspect)),
            }
        }
    }

    /// A flake, a repository or a file of this machine that is asked for while nix evaluates.
    fn take_fetched(&mut self, reference: &str, sources: &Sources) {
        let reference = reference.strip_prefix("file://").unwrap_or(reference);
        if Path::new(reference).is_file() {
            self.paths.insert((reference.into(), Aspect::Content));
            return;
        }
        let found = LocalFlake::find(reference, Path::new("/"));
        let Some(flake) = found.filter(|flake| !flake.tree.starts_with(&sources.store)) else {
            return;
        };
        match (flake::branch(reference), &flake.git_dir) {
            (Some(branch), Some(git_dir)) => self.take_branch(git_dir, &branch),
            _ => self.take_source(&flake),
        }
    }

    fn take_branch(&mut self, git_dir: &Path, branch: &str) {
        let files = Repository::at(git_dir).files_of(branch);
        self.paths.extend(files.into_iter().map(|file| (file, Aspect::Content)));
    }

    /// Its commit, and what git tracks of its working tree.
    fn take_repository(&mut self, tree: &Path, git_dir: &Path) {
        let of_repository = [Aspect::Commit, Aspect::Index];
        self.paths.extend(of_repository.map(|aspect| (git_dir.to_path_buf(), aspect)));
        self.paths.insert((tree.to_path_buf(), Aspect::Worktree));
        if Tree::is_too_large(tree, &Scope::of_worktree(tree).now()) {
            self.too_large.insert(tree.to_path_buf());
        }
    }

    /// Another link of the same name may lead to another file.
    fn take_link(&mut self, path: &Path) {
        let is_linked = path.ancestors().any(Path::is_symlink);
        if is_linked && path.exists() {
            self.paths.insert((path.to_path_buf(), Aspect::Target));
        }
    }

    /// Where there is too much of it, what git tracks, or its names alone.
    fn take_tree(&mut self, dir: PathBuf) {
        if !Tree::is_too_large(&dir, self.view) {
            self.paths.insert((dir, Aspect::Tree));
        } else if repository::git_dir(&dir).is_some()
            && !Tree::is_too_large(&dir, &Scope::of_worktree(&dir).now())
        {
            self.paths.insert((dir, Aspect::Worktree));
        } else {
            self.paths.insert((dir.clone(), Aspect::Names));
            self.too_large.insert(dir);
        }
    }

    fn nix_files(&self) -> Vec<PathBuf> {
        let contents = self.paths.iter().filter(|(_, aspect)| *aspect == Aspect::Content);
        contents
            .map(|(path, _)| path.clone())
            .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
            .collect()
    }

    /// What nix says that it missed may come to be there.
    pub fn take_missing(&mut self, message: &str) {
        let quoted = message.split('\'').map(Path::new);
        let missing = quoted.filter(|path| path.is_absolute() && !path.exists());
        self.paths.extend(missing.map(|path| (path.to_path_buf(), Aspect::Presence)));
    }

    fn take_nixpkgs(&mut self, env: &Env) {
        self.variables.extend(NIXPKGS_VARIABLES.map(String::from));
        if let Some(home) = env.non_empty("HOME") {
            let files = NIXPKGS_FILES.iter().map(|name| Path::new(home).join(name));
            self.paths.extend(files.map(|file| (file, Aspect::Presence)));
            self.paths.insert((Path::new(home).join(OVERLAYS.0), Aspect::Names));
            let channels = Path::new(home).join(".nix-defexpr/channels");
            self.paths.insert((channels, Aspect::Target));
        }
        let path = env.get("NIX_PATH").unwrap_or_default().to_string_lossy().into_owned();
        let overlays = path.split(':').filter_map(|entry| entry.strip_prefix(OVERLAYS.1));
        self.paths.extend(overlays.map(|dir| (dir.into(), Aspect::Names)));
        let entries =
            path.split(':').map(|entry| entry.split_once('=').map_or(entry, |(_, path)| path));
        let local = entries.filter(|entry| entry.starts_with('/'));
        self.paths.extend(local.map(|entry| (PathBuf::from(entry), Aspect::Target)));
    }
}
