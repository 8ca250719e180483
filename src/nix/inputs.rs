//! What an evaluation looked at, by content: it need not be repeated while all of it is as it was.

use super::repository::Repository;
use crate::digest::Digest;
use crate::env::Env;
use crate::watch::{Watches, last_change};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A directory with more files than this is too large to be looked through at each load.
const TREE_LIMIT: usize = 1000;
/// Files larger than this many bytes are told apart by their times.
const CONTENT_LIMIT: u64 = 16 << 20;
/// What is written while nix runs, by nix or by us, and says nothing about a project.
const OWN_NAMES: [&str; 2] = [".direnv", ".git"];
const ABSENT: &str = "absent";

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Inputs(Vec<Input>);

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
    /// A directory with all below it.
    Tree,
    /// Where a link, or a chain of them, leads.
    Target,
    /// The commit that a git repository is at.
    Commit,
}

/// A directory with all below it, in order.
struct Tree {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
}

impl Inputs {
    /// As they are now, and how their files looked just before; nothing where that may hide a change from now on.
    pub fn of(looked_at: &BTreeSet<(PathBuf, Aspect)>) -> (Self, Watches) {
        let input = |(path, aspect): &(PathBuf, Aspect)| Input {
            was: String::new(),
            aspect: *aspect,
            path: path.clone(),
        };
        let mut inputs = Self(looked_at.iter().map(input).collect());
        let seen = Some(inputs.watches()).filter(Watches::is_settled).unwrap_or_default();
        for input in &mut inputs.0 {
            input.was = input.aspect.of(&input.path);
        }
        (inputs, seen)
    }

    /// The same for the same content, whenever and by whatever it was written.
    pub fn content(&self) -> Digest {
        let lines = self
            .0
            .iter()
            .map(|Input { aspect, path, was }| format!("{aspect:?} {} {was}\n", path.display()));
        Digest::of(lines.collect::<Vec<_>>().concat().as_bytes())
    }

    /// The first one that is not as it was. One whose files look as they did when it was the same need not be read.
    pub fn changed(&self, seen: &Watches) -> Option<&Path> {
        self.0.iter().find(|input| !input.holds(seen)).map(|input| input.path.as_path())
    }

    /// The first one that was written after a moment, in nanoseconds since the epoch, apart from `except`.
    pub fn changed_since(&self, moment: i64, except: &Path) -> Option<&Path> {
        let mut others = self.0.iter().filter(|input| input.path != except);
        others.find(|input| input.last_change() >= moment).map(|input| input.path.as_path())
    }

    /// All that changes when one of them does, as it looks now. While it looks so, they are what they are.
    pub fn watches(&self) -> Watches {
        let mut watches = Watches::default();
        for Input { aspect, path, .. } in &self.0 {
            match aspect {
                Aspect::Commit => {
                    Repository::at(path).files().iter().for_each(|file| watches.add(file));
                }
                Aspect::Tree => {
                    watches.add(path);
                    Tree::below(path)
                        .iter()
                        .flat_map(Tree::paths)
                        .for_each(|path| watches.add(path));
                }
                Aspect::Content | Aspect::Names | Aspect::Presence | Aspect::Target => {
                    watches.add(path);
                }
            }
        }
        watches
    }
}

impl Input {
    fn holds(&self, seen: &Watches) -> bool {
        let is_one_file = matches!(self.aspect, Aspect::Content | Aspect::Presence);
        is_one_file && seen.reason(&self.path).is_none() || self.aspect.of(&self.path) == self.was
    }

    /// When what was looked at was written last, in nanoseconds since the epoch; 0 where nothing tells.
    fn last_change(&self) -> i64 {
        let last =
            |paths: &mut dyn Iterator<Item = &PathBuf>| paths.map(|path| last_change(path)).max();
        match self.aspect {
            Aspect::Content | Aspect::Names => last_change(&self.path),
            Aspect::Tree => {
                let below = Tree::below(&self.path).and_then(|tree| last(&mut tree.files.iter()));
                last_change(&self.path).max(below.unwrap_or(0))
            }
            Aspect::Commit => last(&mut Repository::at(&self.path).files().iter()).unwrap_or(0),
            Aspect::Presence | Aspect::Target => 0,
        }
    }
}

impl Aspect {
    /// In a form that differs where the aspect does.
    fn of(self, path: &Path) -> String {
        let seen = match self {
            Self::Names => {
                names(path).map(|names| Digest::of(names.join("\n").as_bytes()).to_string())
            }
            Self::Presence => path.metadata().ok().map(|found| {
                if found.is_dir() { "directory".to_string() } else { "file".to_string() }
            }),
            Self::Tree if path.is_dir() => tree(path),
            Self::Content | Self::Tree => content(path),
            Self::Target => {
                path.canonicalize().ok().map(|target| target.to_string_lossy().into_owned())
            }
            Self::Commit => Repository::at(path).commit(),
        };
        seen.unwrap_or_else(|| ABSENT.to_string())
    }
}

fn content(path: &Path) -> Option<String> {
    if path.is_dir() {
        return names(path).map(|names| Digest::of(names.join("\n").as_bytes()).to_string());
    }
    match crate::fs::read_regular(path, CONTENT_LIMIT).ok()? {
        Some(bytes) => Some(Digest::of(&bytes).to_string()),
        None => {
            let file = path.metadata().ok()?;
            Some(format!("{} {} {}", file.size(), file.ino(), last_change(path)))
        }
    }
}

fn names(dir: &Path) -> Option<Vec<String>> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let mut names: Vec<String> = entries
        .map(|entry| {
            let kind = entry.file_type().map_or('?', |kind| if kind.is_dir() { '/' } else { ' ' });
            format!("{}{kind}", entry.file_name().to_string_lossy())
        })
        .filter(|name| !OWN_NAMES.contains(&name.trim_end_matches(['/', ' '])))
        .collect();
    names.sort();
    Some(names)
}

/// `None` for what is too large to be looked through.
fn tree(dir: &Path) -> Option<String> {
    let mut digest = Sha256::new();
    for file in Tree::below(dir)?.files {
        let mode = file.metadata().map_or(0, |metadata| metadata.mode() & 0o111);
        digest.update(file.strip_prefix(dir).unwrap_or(&file).as_os_str().as_bytes());
        digest.update(format!("\0{mode:o}\0{}\n", content(&file).unwrap_or_default()));
    }
    Some(crate::digest::hex(&digest.finalize()))
}

/// Whether a directory has more below it than can be looked through.
pub fn is_too_large(dir: &Path) -> bool {
    dir.is_dir() && Tree::below(dir).is_none()
}

impl Tree {
    /// `None` where there is too much, or what cannot be read.
    fn below(dir: &Path) -> Option<Self> {
        let mut tree = Self { files: Vec::new(), dirs: Vec::new() };
        let mut left = vec![dir.to_path_buf()];
        while let Some(dir) = left.pop() {
            for entry in std::fs::read_dir(&dir).ok()?.flatten() {
                if OWN_NAMES.iter().any(|own| entry.file_name() == *own) {
                    continue;
                }
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_dir {
                    left.push(entry.path());
                    tree.dirs.push(entry.path());
                } else {
                    tree.files.push(entry.path());
                }
            }
            if tree.files.len() + tree.dirs.len() > TREE_LIMIT {
                return None;
            }
        }
        tree.files.sort();
        tree.dirs.sort();
        Some(tree)
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
