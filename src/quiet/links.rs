//! The directories in which a link, changed, would make a path mean another file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows.
const HOPS: usize = 40;

#[derive(Debug, Default)]
pub struct Links {
    pub directories: BTreeSet<PathBuf>,
    /// Known to be no links; paths share most of their way.
    plain: BTreeSet<OsString>,
    /// Known to have no link on the way to them.
    straight: Vec<PathBuf>,
}

impl Links {
    /// Takes up the directory of each link on the way to `path`, which may be one itself, and the one that holds its
    /// end, if asked to.
    pub fn follow(&mut self, path: &Path, is_link: bool, with_its_own: bool) {
        match path.parent() {
            Some(dir) if !is_link && self.is_straight(dir) => {
                if with_its_own {
                    self.directories.insert(dir.to_path_buf());
                }
            }
            _ => self.walk(path, with_its_own),
        }
    }

    /// The kernel says in one step what else takes one for each name on the way.
    fn is_straight(&mut self, dir: &Path) -> bool {
        if self.straight.iter().any(|known| known.as_os_str() == dir.as_os_str()) {
            return true;
        }
        let is_no_link = || dir.read_link().is_err_and(|why| why.kind() == ErrorKind::InvalidInput);
        let is_straight = opens_without_links(dir)
            || dir.parent().is_none_or(|above| self.is_straight(above)) && is_no_link();
        if is_straight {
            self.straight.push(dir.to_path_buf());
        }
        is_straight
    }

    fn walk(&mut self, path: &Path, with_its_own: bool) {
        let mut way = names(path);
        let mut at = PathBuf::from("/");
        let mut hops = 0;
        while let Some(name) = way.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&name);
            let target =
                if self.plain.contains(next.as_os_str()) { None } else { next.read_link().ok() };
            match target {
                Some(target) if hops < HOPS => {
                    hops += 1;
                    self.directories.insert(at.clone());
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    way.extend(names(&target));
                }
                _ => {
                    if with_its_own && way.is_empty() {
                        self.directories.insert(at);
                        return;
                    }
                    self.plain.insert(next.clone().into_os_string());
                    at = next;
                }
            }
        }
    }
}

/// False, too, where the system does not know the question.
#[cfg(target_os = "linux")]
fn opens_without_links(dir: &Path) -> bool {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(CWD, dir, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn opens_without_links(_: &Path) -> bool {
    false
}

/// The last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_os_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn each_link_on_the_way_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for dir in ["a", "b/c", "d"] {
            std::fs::create_dir_all(root.join(dir)).unwrap();
        }
        symlink("../b", root.join("a/to_b")).unwrap();
        symlink(root.join("d/end"), root.join("b/c/to_d")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let directories = |path: &str, with_its_own| {
            let path = root.join(path);
            let (mut links, mut walked) = (Links::default(), Links::default());
            links.follow(&path, path.is_symlink(), with_its_own);
            walked.walk(&path, with_its_own);
            assert_eq!(links.directories, walked.directories);
            let below = |dir: &PathBuf| dir.strip_prefix(&root).unwrap().display().to_string();
            links.directories.iter().map(below).collect::<Vec<_>>()
        };
        assert_eq!(directories("d/end", false), [""; 0]);
        assert_eq!(directories("d/end", true), ["d"]);
        assert_eq!(directories("a/to_b/c/to_d", false), ["a", "b/c"]);
        assert_eq!(directories("a/to_b/c/to_d", true), ["a", "b/c", "d"]);
        assert_eq!(directories("a/to_b/c/absent", false), ["a"]);
        assert_eq!(directories("loop", false), [""]);
    }
}
