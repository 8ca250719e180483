//! What an evaluation looked at, by content: it need not be repeated while all of it is as it was.

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
/// A time younger than this says little: the file may change once more within it. In nanoseconds.
const TICK: i64 = 50_000_000;
const ABSENT: &str = "absent";

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Inputs(Vec<Input>);

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Input {
    aspect: Aspect,
    path: PathBuf,
    /// What the aspect was.
    was: String,
    /// How the files of it looked when that was: the quick test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    print: Option<String>,
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

/// How a file looks, or all files of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Print {
    /// Sizes, inodes and times.
    text: String,
    /// The last change of any of them, in nanoseconds since the epoch.
    changed: i64,
}

impl Inputs {
    /// As they are now.
    pub fn of(looked_at: BTreeSet<(PathBuf, Aspect)>) -> Self {
        let inputs = looked_at.into_iter().map(|(path, aspect)| {
            let print = Print::of(aspect, &path).filter(Print::is_settled).map(|print| print.text);
            Input { was: aspect.of(&path), aspect, path, print }
        });
        Self(inputs.collect())
    }

    /// The same for the same content, whenever and by whatever it was written.
    pub fn content(&self) -> Digest {
        let lines = self.0.iter().map(|Input { aspect, path, was, .. }| {
            format!("{aspect:?} {} {was}\n", path.display())
        });
        Digest::of(lines.collect::<Vec<_>>().concat().as_bytes())
    }

    /// The first one that is not as it was.
    pub fn changed(&self) -> Option<&Path> {
        self.0.iter().find(|input| !input.holds()).map(|input| input.path.as_path())
    }

    /// The first one that was written after a moment, in nanoseconds since the epoch, apart from `except`.
    pub fn changed_since(&self, moment: i64, except: &Path) -> Option<&Path> {
        let mut others = self.0.iter().filter(|input| input.path != except);
        others.find(|input| input.last_change() >= moment).map(|input| input.path.as_path())
    }

    /// Has prompts notice when one of them changes.
    pub fn watch(&self, watches: &mut Watches) {
        for Input { aspect, path, .. } in &self.0 {
            match aspect {
                // What is too large by now, or cannot be read, is watched as what it is.
                Aspect::Tree if tree_files(path).is_some_and(|files| !files.is_empty()) => {
                    if watches.add_tree(path).is_err() {
                        watches.add(path);
                    }
                }
                Aspect::Commit => watches.add(&path.join("logs/HEAD")),
                _ => watches.add(path),
            }
        }
    }
}

impl Input {
    fn holds(&self) -> bool {
        let print = || Print::of(self.aspect, &self.path).map(|print| print.text);
        let looks_the_same = self.print.is_some() && self.print == print();
        looks_the_same || self.aspect.of(&self.path) == self.was
    }

    /// When what was looked at was written last, in nanoseconds since the epoch; 0 where nothing tells.
    fn last_change(&self) -> i64 {
        let below = || Print::of(self.aspect, &self.path).map_or(0, |print| print.changed);
        match self.aspect {
            Aspect::Content | Aspect::Names => last_change(&self.path),
            Aspect::Tree => last_change(&self.path).max(below()),
            Aspect::Commit => last_change(&self.path.join("logs/HEAD")),
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
            Self::Commit => commit(path),
        };
        seen.unwrap_or_else(|| ABSENT.to_string())
    }
}

impl Print {
    /// `None` where looking is as dear as reading.
    fn of(aspect: Aspect, path: &Path) -> Option<Self> {
        match aspect {
            Aspect::Tree if path.is_dir() => Self::of_tree(path),
            Aspect::Content | Aspect::Tree => Self::of_file(path),
            Aspect::Names | Aspect::Presence | Aspect::Target | Aspect::Commit => None,
        }
    }

    fn of_file(path: &Path) -> Option<Self> {
        let file = path.metadata().ok()?;
        let nanos =
            |seconds: i64, part: i64| seconds.saturating_mul(1_000_000_000).saturating_add(part);
        let changed = nanos(file.ctime(), file.ctime_nsec());
        let modified = nanos(file.mtime(), file.mtime_nsec());
        let text = format!("{} {} {modified} {changed}", file.size(), file.ino());
        Some(Self { text, changed })
    }

    fn of_tree(dir: &Path) -> Option<Self> {
        let mut digest = Sha256::new();
        let mut changed = 0;
        for file in tree_files(dir)? {
            digest.update(file.as_os_str().as_bytes());
            let print = Self::of_file(&file);
            digest.update(format!("\0{}\n", print.as_ref().map_or("", |print| &print.text)));
            changed = changed.max(print.map_or(0, |print| print.changed));
        }
        Some(Self { text: crate::digest::hex(&digest.finalize()), changed })
    }

    /// Whether a change from now on would show in it.
    fn is_settled(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_nanos()).unwrap_or(i64::MAX));
        // Where times are whole seconds they settle later.
        let tick = if self.changed % 1_000_000_000 == 0 { 2_000_000_000 } else { TICK };
        self.changed < now - tick
    }
}

fn content(path: &Path) -> Option<String> {
    if path.is_dir() {
        return names(path).map(|names| Digest::of(names.join("\n").as_bytes()).to_string());
    }
    match crate::fs::read_regular(path, CONTENT_LIMIT).ok()? {
        Some(bytes) => Some(Digest::of(&bytes).to_string()),
        None => Print::of_file(path).map(|print| print.text),
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
    let files = tree_files(dir)?;
    let mut digest = Sha256::new();
    for file in files {
        let mode = file.metadata().map_or(0, |metadata| metadata.mode() & 0o111);
        digest.update(file.strip_prefix(dir).unwrap_or(&file).as_os_str().as_bytes());
        digest.update(format!("\0{mode:o}\0{}\n", content(&file).unwrap_or_default()));
    }
    Some(crate::digest::hex(&digest.finalize()))
}

/// The files below a directory, in order; `None` where there are too many.
pub fn tree_files(dir: &Path) -> Option<Vec<PathBuf>> {
    let (mut files, mut dirs) = (Vec::new(), vec![dir.to_path_buf()]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).ok()?.flatten() {
            if OWN_NAMES.iter().any(|own| entry.file_name() == *own) {
                continue;
            }
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_dir { &mut dirs } else { &mut files }.push(entry.path());
        }
        if files.len() + dirs.len() > TREE_LIMIT {
            return None;
        }
    }
    files.sort();
    Some(files)
}

/// What `HEAD` of a git directory leads to.
fn commit(git_dir: &Path) -> Option<String> {
    let read = |name: &str| {
        let bytes = crate::fs::read_regular(&git_dir.join(name), 1 << 20).ok()??;
        Some(String::from_utf8_lossy(&bytes).trim().to_string())
    };
    let head = read("HEAD")?;
    let Some(name) = head.strip_prefix("ref: ") else { return Some(head) };
    let packed = || {
        let packed = read("packed-refs")?;
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, packed)| *packed == name).map(|(commit, _)| commit.to_string())
    };
    read(name).or_else(packed)
}

/// The values of variables, as a name for what was made with them; values themselves may be secret.
pub fn variant(names: &[String], env: &Env) -> String {
    let mut digest = Sha256::new();
    for name in names {
        let value = env.get(name).map(OsStr::as_bytes);
        digest.update(format!(
            "{name}\0{}\0",
            value.map_or(-1, |value| value.len().cast_signed() as i64)
        ));
        digest.update(value.unwrap_or_default());
    }
    crate::digest::hex(&digest.finalize())[..16].to_string()
}
