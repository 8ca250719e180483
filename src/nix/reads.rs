//! From nix's log to inputs: which files and variables a shell was made from.

mod virtual_path;

use super::flake::{self, LocalFlake};
use super::inputs::{Aspect, View, is_too_large, with_worktree};
use super::literals::{self, Mention, Named, Reach, Reading};
use super::log::Look;
use super::others::{self, Others};
use super::repository::{self, Repository};
use super::request::{Request, Source};
use super::settings;
use super::tracked::{Checkout, Tracked};
use crate::env::Env;
use crate::watch::Watches;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use virtual_path::virtual_path;

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
const NIXPKGS_FILES: [&str; 3] =
    [".config/nixpkgs/config.nix", ".config/nixpkgs/overlays.nix", ".config/nixpkgs/overlays"];

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reads {
    pub paths: BTreeSet<(PathBuf, Aspect)>,
    pub variables: BTreeSet<String>,
    /// What nix found to be there, or not.
    pub found: BTreeMap<PathBuf, bool>,
    /// Directories that count with all below them and are too large to be watched.
    pub too_large: BTreeSet<PathBuf>,
    /// What of the paths nix sees only as far as git tracks them.
    pub checkout: Option<Checkout>,
    pub tracked: Option<Tracked>,
    /// Where programs keep what they may need again.
    pub caches: PathBuf,
}

/// A flake, and whether nix copies it, as far as the files of it that are looked at go.
#[derive(Clone, Copy)]
struct Copied<'a> {
    flake: &'a LocalFlake,
    is_pure: bool,
}

/// What is known of a nix file beside its text.
#[derive(Clone, Copy)]
struct Context<'a> {
    flake: Option<Copied<'a>>,
    own: Own,
    others: &'a Others<'a>,
}

/// Whether nix tells what a file itself looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Told,
    Untold,
}

/// The store that an environment names.
pub fn store_dir(env: &Env) -> PathBuf {
    env.non_empty("NIX_STORE_DIR").map_or_else(|| "/nix/store".into(), PathBuf::from)
}

impl Reads {
    pub fn of(request: &Request, env: &Env, looks: &[Look]) -> Self {
        let mut reads = Self { caches: caches(env), ..Self::default() };
        let flake = request.local_flake();
        let copied = flake.as_ref().filter(|_| request.flake_in_place().is_none());
        reads.checkout = copied.and_then(|flake| flake.checkout(&request.watched));
        let checkout = reads.checkout.as_ref();
        reads.tracked = checkout.and_then(|checkout| checkout.tracked(&mut Watches::default()));
        let store = store_dir(env);
        let mut sources = Sources::new(store.clone(), flake.as_ref(), looks, request);
        if copied.is_none() {
            sources.copies.clear();
        }
        for look in looks {
            reads.take(look, &sources);
        }
        let others = Others::new(looks, (&store, &sources.copies));
        let mut files = reads.nix_files();
        let is_own = |file: &Path| flake.is_some() || file.starts_with(&request.project);
        files.retain(|file| is_own(file) || !others::is_nixpkgs(file));
        let untold = Context { flake: None, own: Own::Untold, others: &others };
        if let Some(flake) = &flake {
            let copied = Copied { flake, is_pure: !request.is_impure() };
            reads.take_flake(flake);
            let is_around = |other: &&LocalFlake| flake.tree.starts_with(&other.tree);
            for other in sources.others.iter().filter(|other| !is_around(other)) {
                reads.take_source(other);
            }
            reads.take_named(files, Context { flake: Some(copied), ..untold });
        } else if let Some(file) = request.local_file() {
            let traced: BTreeSet<PathBuf> = looks.iter().flat_map(Look::traced).collect();
            let is_told = |path: &PathBuf| *path == file || traced.contains(path);
            let (told, rest) = files.into_iter().partition(is_told);
            reads.take_named(rest, untold);
            reads.take_named(told, Context { own: Own::Told, ..untold });
        } else if let Source::Expression { text, .. } = &request.source {
            reads.take_named(files, untold);
            reads.take_text((&request.dir.join("-E"), &literals::named(text)), untold);
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
        self.variables.insert(settings::VARIABLE.to_string());
        let settings = settings::files(env).into_iter();
        self.paths.extend(settings.map(|file| (file, Aspect::Content)));
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
            self.take_branch(&git_dir, branch);
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
            (Some(branch), Some(git_dir)) => self.take_branch(git_dir, branch),
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
        if with_worktree(tree, |view| is_too_large(tree, view)) {
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
        if !self.is_too_large(&dir) {
            self.paths.insert((dir, Aspect::Tree));
        } else if repository::git_dir(&dir).is_some()
            && !with_worktree(&dir, |view| is_too_large(&dir, view))
        {
            self.paths.insert((dir, Aspect::Worktree));
        } else {
            self.paths.insert((dir.clone(), Aspect::Names));
            self.too_large.insert(dir);
        }
    }

    fn is_too_large(&self, dir: &Path) -> bool {
        let tracked = (self.checkout.as_ref(), self.tracked.as_ref());
        is_too_large(dir, View::of(tracked, &self.caches))
    }

    fn nix_files(&self) -> Vec<PathBuf> {
        let contents = self.paths.iter().filter(|(_, aspect)| *aspect == Aspect::Content);
        contents
            .map(|(path, _)| path.clone())
            .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
            .collect()
    }

    /// What nix files name in their text: what they look at themselves, where nix does not tell that, as in a flake
    /// and where nixpkgs' `callPackage` evaluates a file; and what others may look at in the directories they are given.
    fn take_named(&mut self, files: Vec<PathBuf>, context: Context) {
        let named = |file: PathBuf| {
            let bytes = crate::fs::read_regular(&file, TEXT_LIMIT).ok()??;
            Some((file, literals::named(&String::from_utf8_lossy(&bytes))))
        };
        let files: Vec<(PathBuf, Named)> = files.into_iter().filter_map(named).collect();
        for (file, named) in &files {
            self.take_text((file, named), context);
        }
        if let Some(Copied { flake, .. }) = context.flake {
            self.take_whole(flake, &files, context.others);
        }
    }

    /// What counts of a flake as a whole.
    fn take_whole(&mut self, flake: &LocalFlake, files: &[(PathBuf, Named)], others: &Others) {
        let any = |is: fn(&Named) -> bool| files.iter().any(|(_, named)| is(named));
        let hands_on = any(|named| named.hands_on);
        let reads_all = any(|named| named.hands_on && named.reading == Reading::Given);
        if reads_all || hands_on && (others.may_read() || others.have_the_flake()) {
            self.take_tree(flake.tree.clone());
        }
        let asks =
            any(|named| named.asks_for_revision) || hands_on && any(|named| named.names_a_revision);
        if let Some(git_dir) = flake.git_dir.clone().filter(|_| asks) {
            self.paths.insert((git_dir, Aspect::Commit));
            self.paths.insert((flake.tree.clone(), Aspect::Dirt));
            if self.is_too_large(&flake.tree) {
                self.too_large.insert(flake.tree.clone());
            }
        }
    }

    fn take_text(&mut self, (file, named): (&Path, &Named), context: Context) {
        let Context { flake, own, others } = context;
        for mention in &named.paths {
            let path = crate::fs::clean(&file.with_file_name(&mention.path));
            let is_copied = flake.is_some_and(|flake| flake.is_pure);
            let reach = reach(mention, (is_copied, own), others);
            // Of a copy, nothing leads out.
            let is_out = |flake: Copied| flake.is_pure && !path.starts_with(&flake.flake.tree);
            if !(reach == Reach::AllBelow && flake.is_some_and(is_out)) {
                self.take_mentioned(path, (reach, own), file);
            }
        }
        if own == Own::Untold {
            self.variables.extend(named.variables.iter().cloned());
        }
        if named.fetches && flake.is_none_or(|flake| !flake.is_pure) {
            let of_git = |dir: &Path| Some((dir.to_path_buf(), repository::git_dir(dir)?));
            match file.ancestors().skip(1).find_map(of_git) {
                Some((tree, git_dir)) => self.take_repository(&tree, &git_dir),
                None if own == Own::Untold => self.take_tree(file.with_file_name("")),
                None => {}
            }
        }
        let Some(Copied { flake, .. }) = flake else { return };
        // Older versions of nix have `self` stand for the whole tree.
        for mention in &named.below_flake {
            for root in BTreeSet::from([&flake.dir, &flake.tree]) {
                let path = crate::fs::clean(&root.join(&mention.path));
                let reach = reach(mention, (true, own), others);
                self.take_mentioned(path, (reach, own), file);
            }
        }
    }

    /// Of nix files that are there, those that count are known; another path is read, listed or looked for.
    fn take_mentioned(&mut self, path: PathBuf, (reach, own): (Reach, Own), file: &Path) {
        let is_nix = path.extension().is_some_and(|extension| extension == "nix") && path.exists();
        let is_evaluated = self.paths.contains(&(path.join("default.nix"), Aspect::Content));
        let is_known = [Aspect::Tree, Aspect::Content]
            .into_iter()
            .any(|aspect| self.paths.contains(&(path.clone(), aspect)));
        let holds_the_file = file.starts_with(&path);
        self.take_link(&path);
        if is_known || is_evaluated && !holds_the_file {
            return;
        }
        // What is handed on with a `default.nix` is handed on to be evaluated.
        let may_be_read = !path.join("default.nix").exists() || holds_the_file;
        if path.is_dir() && reach == Reach::AllBelow && may_be_read {
            self.take_tree(path);
        } else if (own == Own::Untold || reach == Reach::AllBelow && !path.is_dir())
            && !(holds_the_file && is_of_source(reach))
        {
            let aspect = if path.is_dir() {
                Aspect::Names
            } else if path.exists() && !(is_nix && reach == Reach::Itself) {
                Aspect::Content
            } else {
                Aspect::Presence
            };
            self.paths.insert((path, aspect));
        }
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
            let channels = Path::new(home).join(".nix-defexpr/channels");
            self.paths.insert((channels, Aspect::Target));
        }
        let path = env.get("NIX_PATH").unwrap_or_default().to_string_lossy().into_owned();
        let entries =
            path.split(':').map(|entry| entry.split_once('=').map_or(entry, |(_, path)| path));
        let local = entries.filter(|entry| entry.starts_with('/'));
        self.paths.extend(local.map(|entry| (PathBuf::from(entry), Aspect::Target)));
    }
}

/// What a mention comes to in a flake that nix copies, or in files that stay where they are.
fn reach(mention: &Mention, (is_copied, own): (bool, Own), others: &Others) -> Reach {
    match mention.reach {
        Reach::Text if is_copied && own == Own::Untold => Reach::AllBelow,
        Reach::Text => Reach::Source,
        Reach::Filtered if others.have_untold_sources() => Reach::AllBelow,
        Reach::Filtered | Reach::Source if others.may_read() => Reach::AllBelow,
        reach => reach,
    }
}

fn is_of_source(reach: Reach) -> bool {
    matches!(reach, Reach::Source | Reach::Filtered)
}

/// By the environment of nix.
fn caches(env: &Env) -> PathBuf {
    let at_home = || env.non_empty("HOME").map(|home| Path::new(home).join(".cache"));
    env.non_empty("XDG_CACHE_HOME").map(PathBuf::from).or_else(at_home).unwrap_or_default()
}

/// Where paths of the store come from.
struct Sources {
    store: PathBuf,
    /// The flake's copies in the store: there is another one when nix has written the lock.
    copies: Vec<PathBuf>,
    /// What they were made of.
    tree: PathBuf,
    /// What other sources may have been made of.
    others: Vec<LocalFlake>,
}

impl Sources {
    fn new(store: PathBuf, flake: Option<&LocalFlake>, looks: &[Look], request: &Request) -> Self {
        let copies = flake.map(|flake| copies(flake, &store, looks)).unwrap_or_default();
        let tree = flake.map(|flake| flake.tree.clone()).unwrap_or_default();
        let mut others = flake.map(LocalFlake::path_inputs).unwrap_or_default();
        let overrides = request.arguments.windows(3).filter(|words| words[0] == "--override-input");
        let overrides = overrides.filter_map(|words| LocalFlake::find(&words[2], &request.dir));
        others.extend(overrides);
        Self { store, copies, tree, others }
    }

    /// The files of the user that a path nix named may stand for.
    fn places(&self, path: &Path) -> Vec<PathBuf> {
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
