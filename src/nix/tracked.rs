//! What git tracks in a working tree, read from its index: of a flake in git, nix sees that alone.

use super::repository::Repository;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// An index larger than this many bytes is none: some three million files.
const LIMIT: u64 = 256 << 20;
/// git's index format, `gitformat-index(5)`: the head, the fields of an entry before and after the object's name.
const HEAD: usize = 12;
const MODE: Range<usize> = 24..28;
const BEFORE_OBJECT: usize = 40;
const FLAGS: usize = 2;
/// Of the flags: two more bytes of them follow.
const EXTENDED: u16 = 0x4000;
/// Modes of entries that stand for all below them: a submodule, a directory outside a sparse checkout.
const SUBMODULE: u32 = 0o160_000;
const DIRECTORY: u32 = 0o040_000;
/// The extension by which most entries stand in another file.
const SPLIT: &[u8] = b"link";

/// A working tree of git that nix takes a flake from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Checkout {
    pub tree: PathBuf,
    pub git_dir: PathBuf,
    /// Directories in it that nix takes as they are.
    pub apart: Vec<PathBuf>,
}

/// What git tracks in a working tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// In git's order, that of their bytes.
    files: Vec<Vec<u8>>,
    /// Where another index, or none, says what is tracked.
    opaque: BTreeSet<Vec<u8>>,
}

impl Checkout {
    pub fn index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    /// `None` where only git can read the index.
    pub fn tracked(&self) -> Option<Tracked> {
        let index = self.index();
        if !index.exists() {
            return Some(Tracked::default());
        }
        let bytes = crate::fs::read_regular(&index, LIMIT).ok()??;
        Tracked::read(&bytes, Repository::at(&self.git_dir).object_name_length())
    }

    /// Whether nix can see a path: of those below the tree, a file that is tracked or what leads to one.
    pub fn shows(&self, path: &Path, tracked: &Tracked) -> bool {
        let below = path.strip_prefix(&self.tree).ok().filter(|_| self.governs(path));
        below.is_none_or(|below| tracked.has(below))
    }

    /// Whether it is git that says if nix can see a path.
    pub fn governs(&self, path: &Path) -> bool {
        path.starts_with(&self.tree) && !self.apart.iter().any(|apart| path.starts_with(apart))
    }
}

impl Tracked {
    fn has(&self, path: &Path) -> bool {
        let name = |path: &Path| path.as_os_str().as_bytes().to_vec();
        let is_file = |path: &Path| self.files.binary_search(&name(path)).is_ok();
        let leads_to_one = || {
            let inside = [&name(path), b"/".as_slice()].concat();
            let next = self.files.get(self.files.partition_point(|file| *file < inside));
            next.is_some_and(|file| file.starts_with(&inside))
        };
        let is_at_the_top = path.as_os_str().is_empty();
        is_at_the_top
            || is_file(path)
            || leads_to_one()
            || path.ancestors().any(|above| self.opaque.contains(&name(above)))
            // A link to a directory: where it leads, nothing here tells.
            || path.ancestors().skip(1).any(is_file)
    }

    /// `object`: the bytes of an object's name.
    fn read(index: &[u8], object: usize) -> Option<Self> {
        let mut tracked = Self::default();
        let version = match index.get(..HEAD)? {
            [b'D', b'I', b'R', b'C', 0, 0, 0, version @ 2..=4, ..] => *version,
            _ => return None,
        };
        let count = u32::from_be_bytes(index[8..HEAD].try_into().ok()?);
        let mut rest = &index[HEAD..];
        let mut last = Vec::new();
        for _ in 0..count {
            let mode = u32::from_be_bytes(rest.get(MODE)?.try_into().ok()?);
            let flags_at = BEFORE_OBJECT + object;
            let flags = u16::from_be_bytes(rest.get(flags_at..flags_at + FLAGS)?.try_into().ok()?);
            let name_at = flags_at + FLAGS + if flags & EXTENDED == 0 { 0 } else { 2 };
            let mut entry = rest.get(name_at..)?;
            if version == 4 {
                let dropped = take_number(&mut entry)?;
                last.truncate(last.len().checked_sub(dropped)?);
            } else {
                last.clear();
            }
            let length = entry.iter().position(|byte| *byte == 0)?;
            last.extend(&entry[..length]);
            let end = match version {
                4 => rest.len() - entry.len() + length + 1,
                // One to eight zeros, up to a multiple of eight bytes.
                _ => (name_at + length + 8) & !7,
            };
            rest = rest.get(end..)?;
            match mode {
                SUBMODULE | DIRECTORY => {
                    tracked.opaque.insert(last.strip_suffix(b"/").unwrap_or(&last).to_vec());
                }
                // A conflict is more than one entry of a name.
                _ if tracked.files.last() != Some(&last) => tracked.files.push(last.clone()),
                _ => {}
            }
        }
        if !tracked.files.is_sorted() {
            return None;
        }
        let extensions = rest.get(..rest.len().checked_sub(object)?)?;
        (!is_split(extensions)?).then_some(tracked)
    }
}

/// Whether most entries stand in another file. `None` for what are no extensions.
fn is_split(mut extensions: &[u8]) -> Option<bool> {
    while let Some((head, rest)) = extensions.split_first_chunk::<8>() {
        let (name, length) = head.split_at(4);
        if name == SPLIT {
            return Some(true);
        }
        let length = u32::from_be_bytes(length.try_into().ok()?);
        extensions = rest.get(usize::try_from(length).ok()?..)?;
    }
    extensions.is_empty().then_some(false)
}

/// git's number of a variable length, as offsets of packs have it: each further byte also adds one.
fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0usize;
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number = number.checked_shl(7)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        number = number.checked_add(1).filter(|number| *number < 1 << 32)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn git(dir: &Path, words: &[&str]) {
        let mut git = Command::new("git");
        let git = git.arg("-C").arg(dir).args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        let output = git.args(words).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A repository with names of all lengths around a multiple of eight, one of them long.
    fn repository(format: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &[&["init", "-q"], format].concat());
        for name in ["a", "ab", "dir/abc", "dir/é\nline", "dir.d/x", "12345678", "untracked"] {
            write(root.path(), name);
        }
        let long = "long/".repeat(40);
        write(root.path(), &long);
        git(root.path(), &["add", "a", "ab", "dir", "dir.d", "12345678", "long"]);
        root
    }

    fn write(root: &Path, name: &str) {
        let file = root.join(name.trim_end_matches('/'));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        crate::fs::replace(&file, name.as_bytes()).unwrap();
    }

    fn checkout(root: &Path) -> Checkout {
        Checkout { tree: root.into(), git_dir: root.join(".git"), apart: vec![root.join("apart")] }
    }

    fn shows(root: &Path, name: &str) -> bool {
        let checkout = checkout(root);
        checkout.shows(&root.join(name), &checkout.tracked().unwrap())
    }

    #[track_caller]
    fn check(root: &Path) {
        let shows = |name: &str| shows(root, name);
        let long = "long/".repeat(40);
        let long = long.trim_end_matches('/');
        for name in
            ["", "a", "ab", "dir", "dir/abc", "dir/é\nline", "dir.d/x", "12345678", "long", long]
        {
            assert!(shows(name), "{name}");
        }
        for name in ["untracked", "abc", "di", "dir/ab", "1234567", "long/x"] {
            assert!(!shows(name), "{name}");
        }
        assert!(shows("a/behind/a/link") && shows("apart/x") && shows("/elsewhere"));
    }

    #[test]
    fn every_version_of_an_index_is_read() {
        let root = repository(&[]);
        for version in ["2", "3", "4"] {
            git(root.path(), &["update-index", "--index-version", version]);
            check(root.path());
            // Only an entry with more flags makes a third version of a second.
            git(root.path(), &["add", "-N", "dir"]);
            check(root.path());
        }
        git(root.path(), &["commit", "-qm", "x"]);
        git(root.path(), &["rm", "-q", "--cached", "a"]);
        assert!(!shows(root.path(), "a"));
    }

    #[test]
    fn longer_object_names_are_read() {
        check(repository(&["--object-format=sha256"]).path());
    }

    #[test]
    fn what_is_below_a_submodule_is_seen() {
        let (root, other) = (repository(&[]), repository(&[]));
        git(other.path(), &["commit", "-qm", "x"]);
        let from = other.path().to_str().unwrap();
        git(
            root.path(),
            &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"],
        );
        assert!(shows(root.path(), "sub/any/thing"));
        assert!(!shows(root.path(), "subs"));
        check(root.path());
    }

    #[test]
    fn an_index_that_only_git_can_read_is_none() {
        let root = repository(&[]);
        git(root.path(), &["update-index", "--split-index"]);
        assert_eq!(checkout(root.path()).tracked(), None);
    }

    #[test]
    fn without_an_index_nothing_is_tracked() {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &["init", "-q"]);
        assert!(!shows(root.path(), "flake.nix"));
    }

    #[test]
    fn no_bytes_are_too_odd() {
        let root = repository(&[]);
        git(root.path(), &["update-index", "--index-version", "4"]);
        let index = std::fs::read(root.path().join(".git/index")).unwrap();
        let read = |bytes: &[u8]| Tracked::read(bytes, 20).is_some();
        for end in 0..index.len() {
            read(&index[..end]);
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut changed = index.clone();
                changed[end] = value;
                read(&changed);
            }
        }
        assert!(!read(b"DIRC\0\0\0\x05\0\0\0\0"));
        assert!(!read(b"DIRC\0\0\0\x02\xff\xff\xff\xff"));
    }
}
