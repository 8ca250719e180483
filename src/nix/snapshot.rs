//! How the files of a project look at one moment, for what comes, goes or is moved while nix runs leaves no time behind.

use super::view::View;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::{DirEntry, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Looking at more entries than this would hold nix up.
const LIMIT: usize = 10_000;

/// The entries of directories, those of the upper ones first where there are too many.
#[derive(Debug, Default)]
pub struct Snapshot {
    dirs: BTreeMap<PathBuf, Entries>,
}

type Entries = BTreeMap<OsString, Entry>;

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    inode: u64,
    /// Of a directory, its entries tell more.
    written: Option<Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Directory,
    Link,
    File,
}

#[derive(Debug, PartialEq, Eq)]
struct Written {
    modified: (i64, i64),
    changed: (i64, i64),
    size: u64,
}

/// What happened while nix ran.
#[derive(Debug)]
pub struct Meanwhile<'a> {
    /// When it began, in nanoseconds since the epoch.
    pub began: i64,
    pub before: &'a Snapshot,
    pub changes: BTreeSet<Change>,
    /// What nix itself wrote.
    pub own: Option<PathBuf>,
}

/// A path that is not as it was.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub path: PathBuf,
    pub of: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It came, went, or became something else.
    Name,
    Content,
}

impl Snapshot {
    /// As far as a view goes.
    pub fn of(roots: impl IntoIterator<Item = PathBuf>, view: &View) -> Self {
        let (mut snapshot, mut count) = (Self::default(), 0);
        let mut left: VecDeque<PathBuf> = roots.into_iter().collect();
        while let Some(dir) = left.pop_front().filter(|_| count < LIMIT) {
            if snapshot.dirs.contains_key(&dir) {
                continue;
            }
            let entries = entries(&dir, view);
            count += entries.len();
            let below = entries.iter().filter(|(_, entry)| entry.kind == Kind::Directory);
            left.extend(below.map(|(name, _)| dir.join(name)));
            snapshot.dirs.insert(dir, entries);
        }
        snapshot
    }

    /// Whether it tells of all that comes and goes in a directory.
    pub fn has(&self, dir: &Path) -> bool {
        self.dirs.contains_key(dir)
    }

    /// What is not as it was then.
    pub fn changes(&self, view: &View) -> BTreeSet<Change> {
        let mut changes = BTreeSet::new();
        for (dir, before) in &self.dirs {
            let now = entries(dir, view);
            for name in before.keys().chain(now.keys()) {
                let (was, is) = (before.get(name), now.get(name));
                if was != is {
                    let is_the_same_name = was.map(|was| was.kind) == is.map(|is| is.kind);
                    let of = if is_the_same_name { What::Content } else { What::Name };
                    changes.insert(Change { path: dir.join(name), of });
                }
            }
        }
        changes
    }
}

fn entries(dir: &Path, view: &View) -> Entries {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let seen = |entry: DirEntry| Some((entry.file_name(), Entry::of(&entry.metadata().ok()?)));
    entries.filter(|entry| view.has(entry)).filter_map(seen).collect()
}

impl Entry {
    fn of(found: &Metadata) -> Self {
        let kind = match found.file_type() {
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::File,
        };
        let written = Written {
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            size: found.size(),
        };
        let written = Some(written).filter(|_| kind != Kind::Directory);
        Self { kind, inode: found.ino(), written }
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::Scope;
    use super::*;

    #[test]
    fn what_comes_goes_and_is_moved_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let write = |name: &str| crate::fs::replace(&at(name), b"x").unwrap();
        for dir in ["d", "e", ".git"] {
            std::fs::create_dir(at(dir)).unwrap();
        }
        ["a", "d/a", "e/a", "gone"].into_iter().for_each(write);
        let scope = Scope::default();
        let view = &scope.now();
        let before = Snapshot::of([root.path().to_path_buf()], view);
        assert_eq!(before.changes(view), BTreeSet::new());
        write(".git/index");
        std::fs::rename(at("d"), at("f")).unwrap();
        std::fs::rename(at("e"), at("d")).unwrap();
        std::fs::remove_file(at("gone")).unwrap();
        write("d/b");
        crate::fs::write_atomic(&at("a"), b"x").unwrap();
        let expected = [
            ("a", What::Content),
            ("d", What::Content),
            ("d/a", What::Content),
            ("d/b", What::Name),
            ("e", What::Name),
            ("e/a", What::Name),
            ("f", What::Name),
            ("gone", What::Name),
        ];
        let expected = expected.map(|(name, of)| Change { path: at(name), of });
        assert_eq!(before.changes(view), BTreeSet::from(expected));
    }
}
