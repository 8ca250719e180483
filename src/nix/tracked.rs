//! What git tracks in a working tree: of a flake in git, nix sees that alone.

mod index;

use super::repository::{self, Repository};
use crate::digest::Digest;
use crate::watch::Watches;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// An index larger than this many bytes is none: some three million files.
const LIMIT: u64 = 256 << 20;
/// Submodules of submodules are followed so far.
const DEPTH: usize = 8;

/// A working tree of git that nix takes a flake from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Checkout {
    pub tree: PathBuf,
    pub git_dir: PathBuf,
    /// What is looked at in it whether git tracks it or not.
    pub apart: BTreeSet<PathBuf>,
}

/// What git tracks in a working tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// In the order of their bytes.
    files: Vec<Vec<u8>>,
    /// Directories of which no index says what is tracked.
    opaque: BTreeSet<Vec<u8>>,
}

impl Checkout {
    /// Of the repository alone, whatever tree it has.
    pub fn at(git_dir: &Path) -> Self {
        let (tree, git_dir) = (PathBuf::new(), git_dir.to_path_buf());
        Self { tree, git_dir, apart: BTreeSet::new() }
    }

    /// A name for what is tracked.
    pub fn names(&self) -> Option<String> {
        let tracked = self.tracked(&mut Watches::default())?;
        Some(Digest::of(&tracked.files.join(&b'\n')).to_string())
    }

    pub fn index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    /// By its index and those of its submodules, which `watches` takes as they were before; `None` where only git can read
    /// the first.
    pub fn tracked(&self, watches: &mut Watches) -> Option<Tracked> {
        let mut tracked = Tracked::default();
        tracked.take((&self.tree, &self.git_dir), b"", watches)?;
        tracked.files.sort();
        tracked.files.dedup();
        Some(tracked)
    }

    /// Whether nix can see a path: of those below the tree, a file that is tracked or what leads to one.
    pub fn shows(&self, path: &Path, tracked: &Tracked) -> bool {
        let Some(below) = self.below(path) else { return true };
        below.components().any(|part| part.as_os_str() == ".git")
            || tracked.has(below)
            || tracked.link_before(below).is_some_and(|link| self.shows_behind(link, path, tracked))
    }

    /// Whether git says of what is below a directory what is there.
    pub fn has(&self, dir: &Path) -> bool {
        self.below(dir).is_some()
    }

    fn below<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let is_apart = self.apart.iter().any(|apart| path.starts_with(apart));
        path.strip_prefix(&self.tree).ok().filter(|_| !is_apart)
    }

    /// What is behind a link is tracked where it is, if it is here.
    fn shows_behind(&self, link: &Path, path: &Path, tracked: &Tracked) -> bool {
        if !self.tree.join(link).is_symlink() {
            return false;
        }
        let (Ok(tree), Ok(target)) = (self.tree.canonicalize(), path.canonicalize()) else {
            return true;
        };
        target.strip_prefix(&tree).map_or(true, |below| tracked.has(below))
    }
}

impl Tracked {
    /// Adds what the index of a repository says, with the name of its place before each path.
    fn take(
        &mut self,
        (tree, git_dir): (&Path, &Path),
        place: &[u8],
        watches: &mut Watches,
    ) -> Option<()> {
        let file = git_dir.join("index");
        if !watches.look_at(&file) {
            return Some(());
        }
        let bytes = crate::fs::read_regular(&file, LIMIT).ok()??;
        for (mode, name) in index::entries(&bytes, Repository::at(git_dir).object_name_length())? {
            let path = if place.is_empty() { name } else { [place, b"/", &name].concat() };
            match mode {
                index::SUBMODULE => {
                    let module = tree.join(std::ffi::OsStr::from_bytes(&path));
                    let git_dir = repository::git_dir(&module);
                    let is_deep = path.split(|byte| *byte == b'/').count() > DEPTH;
                    let taken = git_dir
                        .filter(|_| !is_deep)
                        .and_then(|git_dir| self.take((tree, &git_dir), &path, watches));
                    if taken.is_none() {
                        self.opaque.insert(path);
                    }
                }
                index::DIRECTORY => _ = self.opaque.insert(path),
                _ => self.files.push(path),
            }
        }
        Some(())
    }

    fn has(&self, path: &Path) -> bool {
        let name = path.as_os_str().as_bytes();
        let leads_to_one = || {
            let inside = [name, b"/"].concat();
            let next = self.files.get(self.files.partition_point(|file| *file < inside));
            next.is_some_and(|file| file.starts_with(&inside))
        };
        let is_opaque = |above: &Path| self.opaque.contains(above.as_os_str().as_bytes());
        name.is_empty() || self.is_file(path) || leads_to_one() || path.ancestors().any(is_opaque)
    }

    fn is_file(&self, path: &Path) -> bool {
        let name = path.as_os_str().as_bytes();
        self.files.binary_search_by(|file| file.as_slice().cmp(name)).is_ok()
    }

    /// A file on the way to a path, which must be a link.
    fn link_before<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.ancestors().skip(1).find(|above| self.is_file(above))
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
        Checkout {
            tree: root.into(),
            git_dir: root.join(".git"),
            apart: [root.join("apart")].into(),
        }
    }

    fn shows(root: &Path, name: &str) -> bool {
        let checkout = checkout(root);
        let tracked = checkout.tracked(&mut Watches::default());
        checkout.shows(&root.join(name), &tracked.unwrap())
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
        assert!(!shows("a/x") && shows("apart/x") && shows(".git/HEAD") && shows("/elsewhere"));
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
    fn a_submodule_says_itself_what_it_tracks() {
        let (root, other) = (repository(&[]), repository(&[]));
        git(other.path(), &["commit", "-qm", "x"]);
        let from = other.path().to_str().unwrap();
        git(
            root.path(),
            &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"],
        );
        assert!(shows(root.path(), "sub/dir/abc"));
        assert!(!shows(root.path(), "sub/more") && !shows(root.path(), "subs"));
        write(root.path(), "sub/more");
        git(&root.path().join("sub"), &["add", "more"]);
        assert!(shows(root.path(), "sub/more"));
        check(root.path());
    }

    #[test]
    fn what_is_behind_a_link_is_tracked_where_it_is() {
        let root = repository(&[]);
        for (target, name) in [("dir", "link"), ("/", "out"), ("nowhere", "broken")] {
            std::os::unix::fs::symlink(target, root.path().join(name)).unwrap();
            git(root.path(), &["add", name]);
        }
        write(root.path(), "dir/new");
        let shows = |name: &str| shows(root.path(), name);
        assert!(shows("link") && shows("link/abc") && shows("out/etc") && shows("broken"));
        assert!(!shows("link/new"));
    }

    #[test]
    fn an_index_that_only_git_can_read_is_none() {
        let root = repository(&[]);
        git(root.path(), &["update-index", "--split-index"]);
        assert_eq!(checkout(root.path()).tracked(&mut Watches::default()), None);
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
        let read = |bytes: &[u8]| index::entries(bytes, 20).is_some();
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
