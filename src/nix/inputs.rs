//! What an evaluation looked at, by content: it need not be repeated while all of it is as it was.

use super::repository::{self, Repository};
use super::snapshot::{Change, What};
use super::tracked::{Checkout, Tracked};
use crate::digest::Digest;
use crate::env::Env;
use crate::watch::{Watches, last_change};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{DirEntry, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A directory with more files than this is too large to be looked through at each load.
const TREE_LIMIT: usize = 1000;
/// Links out of a directory that lead to larger ones, until no other is followed.
const LARGE_LINKS: usize = 8;
/// Files larger than this many bytes are told apart by their times.
const CONTENT_LIMIT: u64 = 16 << 20;
/// What is written while nix runs, by nix or by us, and says nothing about a project.
const OWN_NAMES: [&str; 2] = [".direnv", ".git"];
const ABSENT: &str = "absent";
/// The bit of a mode that counts in the store.
const OWNER_EXECUTES: u32 = 0o100;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// What nix sees of these files only as far as git tracks them.
    checkout: Option<Checkout>,
    /// Where programs, nix and envr among them, write what they may need again.
    caches: PathBuf,
    looked_at: Vec<Input>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Input {
    aspect: Aspect,
    path: PathBuf,
    /// What the aspect was.
    was: String,
}

/// What of a path was looked at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    Content,
    /// The names in a directory.
    Names,
    Presence,
    /// Whether it is a file, a directory or a link.
    Kind,
    /// A directory with all below it.
    Tree,
    /// The same, as far as the repository that it belongs to tracks it.
    Worktree,
    /// When the newest of a directory and all below it was written.
    Newest,
    /// Where a link, or a chain of them, leads.
    Target,
    /// The commit that a git repository is at.
    Commit,
    /// Whether a working tree differs from its commit.
    Dirt,
    /// The names of what git tracks.
    Index,
}

/// A directory with all below it, in order.
#[derive(Default)]
struct Tree {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
}

/// What nix can see of files: all of them, or of a working tree what git tracks.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    tracked: Option<(&'a Checkout, &'a Tracked)>,
    /// Nobody looks in there by going through what is around it.
    caches: &'a Path,
}

/// Inputs with what their repository tracks by now.
#[derive(Debug)]
pub struct Now<'a> {
    inputs: &'a Inputs,
    tracked: Option<Tracked>,
    /// How its index looked before it was read.
    index: Watches,
}

impl Inputs {
    /// As they are now, and how their files looked just before; nothing where that may hide a change from now on.
    pub fn of(
        looked_at: &BTreeSet<(PathBuf, Aspect)>,
        (checkout, caches): (Option<Checkout>, PathBuf),
    ) -> (Self, Watches) {
        let input = |(path, aspect): &(PathBuf, Aspect)| Input {
            was: String::new(),
            aspect: *aspect,
            path: path.clone(),
        };
        let looked_at = looked_at.iter().map(input).collect();
        let mut inputs = Self { checkout, caches, looked_at };
        let now = inputs.now();
        let seen = Some(now.watches()).filter(Watches::is_settled).unwrap_or_default();
        let mut looked_at = inputs.looked_at.clone();
        if let (Some(checkout), None) = (&inputs.checkout, &now.tracked) {
            // What it holds is not known; that it is another is.
            looked_at.push(input(&(checkout.index(), Aspect::Content)));
        }
        for input in &mut looked_at {
            input.was = input.aspect.of(&input.path, now.view());
        }
        inputs.looked_at = looked_at;
        (inputs, seen)
    }

    /// The same for the same content, whenever and by whatever it was written.
    pub fn content(&self) -> Digest {
        let lines = self
            .looked_at
            .iter()
            .map(|Input { aspect, path, was }| format!("{aspect:?} {} {was}\n", path.display()));
        Digest::of(lines.collect::<Vec<_>>().concat().as_bytes())
    }

    /// For more than one question at the same moment.
    pub fn now(&self) -> Now<'_> {
        let mut index = Watches::default();
        let checkout = self.checkout.as_ref();
        let tracked = checkout.and_then(|checkout| checkout.tracked(&mut index));
        Now { inputs: self, tracked, index }
    }
}

impl<'a> Now<'a> {
    /// The first one that is not as it was. One whose files look as they did when it was the same need not be read.
    pub fn changed(&self, seen: &Watches) -> Option<&'a Path> {
        let changed = |input: &&Input| !input.holds(seen, self.view());
        self.inputs.looked_at.iter().find(changed).map(|input| input.path.as_path())
    }

    /// The first one that was written after a moment, in nanoseconds since the epoch, by others than who wrote `own`.
    pub fn changed_since(&self, moment: i64, own: &Path) -> Option<&'a Path> {
        let is_later = |input: &&Input| input.last_change(self.view(), own) >= moment;
        self.inputs.looked_at.iter().find(is_later).map(|input| input.path.as_path())
    }

    /// The first one that something of what changed may have made another one.
    pub fn touched_by(&self, changes: &BTreeSet<Change>) -> Option<&'a Path> {
        let view = self.view();
        let touches = |input: &Input, change: &Change| {
            input.is_touched_by(change) && view.shows(&change.path)
        };
        let is_touched = |input: &&Input| changes.iter().any(|change| touches(input, change));
        self.inputs.looked_at.iter().find(is_touched).map(|input| input.path.as_path())
    }

    /// Whether something is an input in another way than by its content.
    pub fn has_by_name(&self, path: &Path) -> bool {
        let change = Change { path: path.to_path_buf(), of: What::Name };
        let inputs = self.inputs.looked_at.iter();
        let mut others = inputs.filter(|input| input.aspect != Aspect::Content);
        others.any(|input| input.is_touched_by(&change))
    }

    /// All that changes when one of them does, as it looks now. While it looks so, they are what they are.
    pub fn watches(&self) -> Watches {
        let mut watches = Watches::default();
        for Input { aspect, path, .. } in &self.inputs.looked_at {
            match aspect {
                Aspect::Commit => {
                    Repository::at(path).files().iter().for_each(|file| watches.add(file));
                }
                Aspect::Index => watches.add(&path.join("index")),
                Aspect::Tree | Aspect::Dirt | Aspect::Newest => {
                    watch_tree(path, self.view(), &mut watches);
                }
                Aspect::Worktree => {
                    with_worktree(path, |view| watch_tree(path, view, &mut watches));
                }
                Aspect::Content
                | Aspect::Names
                | Aspect::Presence
                | Aspect::Kind
                | Aspect::Target => watches.add(path),
            }
            // Only the directory tells of a link that leads nowhere.
            if path.is_symlink() && !path.exists() {
                path.parent().into_iter().for_each(|dir| watches.add(dir));
            }
        }
        watches.merge(self.index.clone());
        watches
    }

    fn view(&self) -> View<'_> {
        let Inputs { checkout, caches, .. } = self.inputs;
        View::of((checkout.as_ref(), self.tracked.as_ref()), caches)
    }
}

impl Input {
    fn holds(&self, seen: &Watches, view: View) -> bool {
        // Of a link that leads nowhere, nothing is seen.
        let is_one_file = match self.aspect {
            Aspect::Content | Aspect::Presence => self.path.exists(),
            Aspect::Tree => self.path.is_file(),
            _ => false,
        };
        let looks_the_same = || view.shows(&self.path) && seen.reason(&self.path).is_none();
        if is_one_file && self.was != ABSENT && looks_the_same() {
            return true;
        }
        let is = self.aspect.of(&self.path, view);
        // Whoever has no git to ask knows of no difference.
        is == self.was
            || self.aspect == Aspect::Dirt && [&is, &self.was].contains(&&ABSENT.to_string())
    }

    fn is_touched_by(&self, Change { path, of }: &Change) -> bool {
        let leads_to_it = self.path.starts_with(path);
        match self.aspect {
            Aspect::Content | Aspect::Presence | Aspect::Kind | Aspect::Target => leads_to_it,
            Aspect::Names => {
                leads_to_it || *of == What::Name && path.parent() == Some(self.path.as_path())
            }
            Aspect::Tree | Aspect::Worktree | Aspect::Dirt | Aspect::Newest => {
                leads_to_it || path.starts_with(&self.path)
            }
            Aspect::Commit | Aspect::Index => false,
        }
    }

    /// When what was looked at was written last, in nanoseconds since the epoch; 0 where nothing tells. Who wrote `own`
    /// put its name into its directory.
    fn last_change(&self, view: View, own: &Path) -> i64 {
        let others = |paths: &[PathBuf]| {
            let others = paths.iter().filter(|path| *path != own && own.parent() != Some(path));
            others.map(|path| last_change(path)).max().unwrap_or(0)
        };
        match self.aspect {
            Aspect::Content | Aspect::Names => others(std::slice::from_ref(&self.path)),
            Aspect::Tree => {
                let below = Tree::below(&self.path, view).map_or(0, |tree| others(&tree.files));
                others(std::slice::from_ref(&self.path)).max(below)
            }
            Aspect::Worktree => with_worktree(&self.path, |view| {
                Tree::below(&self.path, view).map_or(0, |tree| others(&tree.files))
            }),
            // By whoever it was.
            Aspect::Newest => {
                let tree = Tree::below(&self.path, view);
                tree.map_or(0, |tree| tree.paths().map(|path| last_change(path)).max().unwrap_or(0))
            }
            Aspect::Commit => others(&Repository::at(&self.path).files()),
            Aspect::Dirt | Aspect::Index | Aspect::Presence | Aspect::Kind | Aspect::Target => 0,
        }
    }
}

impl Aspect {
    /// In a form that differs where the aspect does.
    fn of(self, path: &Path, view: View) -> String {
        let is_seen = view.shows(path);
        let seen = match self {
            Self::Names | Self::Presence | Self::Kind | Self::Tree | Self::Content if !is_seen => {
                None
            }
            Self::Presence => {
                path.metadata().or_else(|_| path.symlink_metadata()).ok().map(|found| kind(&found))
            }
            Self::Kind => path.symlink_metadata().ok().map(|found| kind(&found)),
            Self::Tree => stored(path, view),
            Self::Worktree => with_worktree(path, |view| tree(path, view)),
            Self::Newest => newest(path, view).map(|second| second.to_string()),
            Self::Names => names(path, view),
            Self::Content if path.is_dir() => names(path, view),
            Self::Content => content(path),
            Self::Target => {
                path.canonicalize().ok().map(|target| target.to_string_lossy().into_owned())
            }
            Self::Commit => Repository::at(path).commit(),
            Self::Dirt => Repository::is_dirty(path).map(|is_dirty| is_dirty.to_string()),
            Self::Index => Checkout::at(path).names(),
        };
        seen.unwrap_or_else(|| ABSENT.to_string())
    }
}

impl<'a> View<'a> {
    pub fn of(
        (checkout, tracked): (Option<&'a Checkout>, Option<&'a Tracked>),
        caches: &'a Path,
    ) -> Self {
        Self { tracked: checkout.zip(tracked), caches }
    }

    fn shows(self, path: &Path) -> bool {
        self.tracked.is_none_or(|(checkout, tracked)| checkout.shows(path, tracked))
    }

    /// Whether an entry of a directory that is gone through counts.
    pub fn has(self, entry: &DirEntry) -> bool {
        let (path, name) = (entry.path(), entry.file_name());
        !OWN_NAMES.iter().any(|own| name == *own) && path != self.caches && self.shows(&path)
    }
}

fn kind(found: &Metadata) -> String {
    let kind = match found.file_type() {
        kind if kind.is_dir() => "directory",
        kind if kind.is_symlink() => "link",
        _ => "file",
    };
    kind.to_string()
}

fn content(file: &Path) -> Option<String> {
    match crate::fs::read_regular(file, CONTENT_LIMIT).ok()? {
        Some(bytes) => Some(Digest::of(&bytes).to_string()),
        None => {
            let found = file.metadata().ok()?;
            Some(format!("{} {} {}", found.size(), found.ino(), last_change(file)))
        }
    }
}

/// What the store has of it: of a file, whether it is a program, too; of a link, where it leads, and what is there.
fn stored(path: &Path, view: View) -> Option<String> {
    let behind = match path.metadata() {
        Ok(found) if found.is_dir() => tree(path, view)?,
        Ok(found) => {
            let kind = if found.mode() & OWNER_EXECUTES != 0 { "program" } else { "file" };
            format!("{kind} {}", content(path)?)
        }
        Err(_) => path.is_symlink().then(|| ABSENT.to_string())?,
    };
    Some(target(path).map_or_else(|| behind.clone(), |target| format!("{target} {behind}")))
}

fn target(link: &Path) -> Option<String> {
    let target = link.read_link().ok()?;
    Some(Digest::of(target.as_os_str().as_bytes()).to_string())
}

fn names(dir: &Path, view: View) -> Option<String> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| view.has(entry))
        .map(|entry| {
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_dir() => "/".to_string(),
                Ok(kind) if kind.is_symlink() => {
                    let target = entry.path().read_link().unwrap_or_default();
                    format!(" -> {}", target.to_string_lossy())
                }
                Ok(_) | Err(_) => " ".to_string(),
            };
            format!("{}{kind}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort();
    Some(Digest::of(names.join("\n").as_bytes()).to_string())
}

/// Has something look at a working tree as its repository tells what is there; where it cannot tell, all is.
pub fn with_worktree<T>(tree: &Path, look: impl FnOnce(View) -> T) -> T {
    let (tree, apart) = (tree.to_path_buf(), BTreeSet::new());
    let git_dir = repository::git_dir(&tree);
    let checkout = git_dir.map(|git_dir| Checkout { tree, git_dir, apart });
    let tracked = checkout.as_ref().and_then(|it| it.tracked(&mut Watches::default()));
    look(View::of((checkout.as_ref(), tracked.as_ref()), Path::new("")))
}

fn watch_tree(dir: &Path, view: View, watches: &mut Watches) {
    watches.add(dir);
    Tree::below(dir, view).iter().flat_map(Tree::paths).for_each(|path| watches.add(path));
}

/// `None` for what is too large to be looked through.
fn tree(dir: &Path, view: View) -> Option<String> {
    let mut digest = Sha256::new();
    let Tree { files, dirs } = Tree::below(dir, view)?;
    for dir in &dirs {
        digest.update(dir.as_os_str().as_bytes());
        digest.update("/\n");
    }
    for file in files {
        digest.update(file.strip_prefix(dir).unwrap_or(&file).as_os_str().as_bytes());
        let is = if file.is_dir() {
            target(&file).zip(names(&file, view)).map(|(target, names)| target + &names)
        } else {
            stored(&file, view)
        };
        digest.update(format!("\0{}\n", is.as_deref().unwrap_or(ABSENT)));
    }
    Some(crate::digest::hex(&digest.finalize()))
}

/// In seconds since the epoch, as nix tells it.
fn newest(dir: &Path, view: View) -> Option<i64> {
    let tree = Tree::below(dir, view)?;
    let written = |path: &Path| path.symlink_metadata().ok().map(|found| found.mtime());
    tree.paths().map(PathBuf::as_path).chain([dir]).filter_map(written).max()
}

/// Whether a directory has more below it than can be looked through.
pub fn is_too_large(dir: &Path, view: View) -> bool {
    dir.is_dir() && Tree::below(dir, view).is_none()
}

impl Tree {
    /// `None` where there is too much, or what cannot be read.
    fn below(dir: &Path, view: View) -> Option<Self> {
        let (mut tree, mut links) = (Self::default(), BTreeSet::new());
        tree.walk((dir, TREE_LIMIT), view, &mut links)?;
        // Where a link leads, nix may go, too; once is enough, and what is large there is another's.
        let (mut linked, mut large) = (BTreeSet::new(), 0);
        while let Some(link) = links.pop_first().filter(|_| large < LARGE_LINKS) {
            let Ok(target) = link.canonicalize() else { continue };
            let (mut behind, mut more) = (Self::default(), BTreeSet::new());
            let room = TREE_LIMIT - tree.count();
            if link.starts_with(&target) || !linked.insert(target) {
                continue;
            }
            if behind.walk((&link, room), view, &mut more).is_some() {
                tree.files.extend(behind.files);
                tree.dirs.extend(behind.dirs);
                links.extend(more);
            } else {
                large += 1;
            }
        }
        tree.files.sort();
        tree.dirs.sort();
        Some(tree)
    }

    /// Takes what stands in a directory and those below it; links that lead to others, too.
    fn walk(
        &mut self,
        (dir, limit): (&Path, usize),
        view: View,
        links: &mut BTreeSet<PathBuf>,
    ) -> Option<()> {
        let mut left = vec![dir.to_path_buf()];
        while let Some(dir) = left.pop() {
            for entry in std::fs::read_dir(&dir).ok()?.flatten() {
                let (path, kind) = (entry.path(), entry.file_type());
                if !view.has(&entry) {
                    continue;
                }
                if kind.is_ok_and(|kind| kind.is_dir()) {
                    left.push(path.clone());
                    self.dirs.push(path);
                } else {
                    links.extend(path.is_dir().then(|| path.clone()));
                    self.files.push(path);
                }
            }
            if self.count() > limit {
                return None;
            }
        }
        Some(())
    }

    fn count(&self) -> usize {
        self.files.len() + self.dirs.len()
    }

    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.dirs.iter().chain(&self.files)
    }
}

/// The values of variables, as a name for what was made with them; values themselves may be secret.
pub fn variant(names: &[String], env: &Env) -> String {
    let mut text = Vec::new();
    for name in names {
        let value = env.get(name).map(OsStr::as_bytes);
        let length = value.map_or(-1, |value| value.len().cast_signed() as i64);
        text.extend(format!("{name}\0{length}\0").bytes());
        text.extend(value.unwrap_or_default());
    }
    Digest::of(&text).as_str()[..16].to_string()
}
