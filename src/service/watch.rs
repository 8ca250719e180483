//! Files that a service is restarted for: patterns of paths, and the directories that are watched for them.

use anyhow::{Context as _, Result};
use regex_lite::Regex;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Directories that nobody means by `**`.
const PASSED_OVER: [&str; 3] = [".direnv", ".git", "node_modules"];

/// `src/**/*.py`, or `!src/generated/**` for what does not count.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Option<Regex>,
    pub excludes: bool,
    /// The directory below which all that it can mean is.
    pub root: PathBuf,
    /// Whether directories below the root count, too.
    is_deep: bool,
}

/// The watched directories.
#[derive(Debug)]
pub struct Watching {
    notices: OwnedFd,
    directories: HashMap<i32, PathBuf>,
    roots: Vec<(PathBuf, bool)>,
}

/// What was seen to change.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    Paths(Vec<PathBuf>),
    /// More than could be told.
    Anything,
}

impl Pattern {
    /// As seen from a directory.
    pub fn new(text: &str, dir: &Path) -> Self {
        let (text, excludes) = text.strip_prefix('!').map_or((text, false), |text| (text, true));
        let path = crate::fs::clean(&dir.join(text));
        let path = path.to_string_lossy();
        let special = path.find(['*', '?']).unwrap_or(path.len());
        let end = path[..special].rfind('/').unwrap_or(0);
        let root = PathBuf::from(if end == 0 { "/" } else { &path[..end] });
        let is_deep = path[special..].contains("**") || path[end + 1..].contains('/');
        // Every letter that means something to the engine is escaped: what it refuses is only too long to mean a path.
        let regex = Regex::new(&regex_of(&path)).ok();
        Self { regex, excludes, root, is_deep }
    }

    fn fits(&self, path: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(path))
    }
}

/// Whether a path is meant by patterns, the last of which that fits counts.
pub fn is_meant(patterns: &[Pattern], path: &Path) -> bool {
    let path = path.to_string_lossy();
    let last = patterns.iter().rev().find(|pattern| pattern.fits(&path));
    last.is_some_and(|pattern| !pattern.excludes)
}

fn regex_of(glob: &str) -> String {
    let mut regex = "^".to_string();
    let mut rest = glob;
    while let Some(letter) = rest.chars().next() {
        let (text, length) = match letter {
            _ if rest.starts_with("**/") => ("(?:.*/)?".to_string(), 3),
            _ if rest.starts_with("**") => (".*".to_string(), 2),
            '*' => ("[^/]*".to_string(), 1),
            '?' => ("[^/]".to_string(), 1),
            letter if letter.is_ascii_alphanumeric() || letter == '/' => (letter.to_string(), 1),
            letter => {
                let mut escaped = String::new();
                _ = write!(escaped, "\\x{{{:x}}}", u32::from(letter));
                (escaped, letter.len_utf8())
            }
        };
        regex.push_str(&text);
        rest = &rest[length..];
    }
    regex.push('$');
    regex
}

impl Watching {
    /// Watches for all that patterns can mean.
    pub fn new<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Result<Self> {
        let notices = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .context("could not watch files")?;
        let patterns = patterns.filter(|pattern| !pattern.excludes);
        let roots: Vec<_> =
            patterns.map(|pattern| (pattern.root.clone(), pattern.is_deep)).collect();
        let mut watching = Self { notices, directories: HashMap::new(), roots };
        for (root, is_deep) in watching.roots.clone() {
            watching.add_root(&root, is_deep, &mut Vec::new())?;
        }
        Ok(watching)
    }

    /// What changed since it was asked last.
    pub fn read(&mut self) -> Result<Changed> {
        let mut paths = Vec::new();
        let mut came = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.notices, &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return Ok(Changed::Anything);
            }
            let dir = self.directories.get(&event.wd());
            let (Some(dir), Some(name)) = (dir, event.file_name()) else { continue };
            let path = dir.join(std::ffi::OsStr::from_bytes(name.to_bytes()));
            if event.events().contains(ReadFlags::ISDIR) {
                came.push(path);
            } else {
                paths.push(path);
            }
        }
        for dir in came.into_iter().filter(|dir| dir.is_dir()) {
            let roots = self.roots.clone().into_iter();
            for (root, is_deep) in
                roots.filter(|(root, _)| dir.starts_with(root) || root.starts_with(&dir))
            {
                // What is in it may have come before it was watched.
                if root.starts_with(&dir) {
                    self.add_root(&root, is_deep, &mut paths)?;
                } else if is_deep {
                    self.add(&dir, is_deep, &mut paths)?;
                }
            }
        }
        paths.sort();
        paths.dedup();
        Ok(Changed::Paths(paths))
    }

    /// A directory that is not there yet is seen to come by the one above it, which has to be watched before that is
    /// known to be so.
    fn add_root(&mut self, root: &Path, is_deep: bool, files: &mut Vec<PathBuf>) -> Result<()> {
        let mut watched = None;
        loop {
            let there = root.ancestors().find(|dir| dir.is_dir());
            let Some(there) = there.filter(|there| watched != Some(*there)) else { return Ok(()) };
            self.add(there, is_deep && there == root, files)?;
            watched = Some(there);
        }
    }

    /// Watches a directory and what is below it; `files` takes in the files there.
    fn add(&mut self, dir: &Path, is_deep: bool, files: &mut Vec<PathBuf>) -> Result<()> {
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.notices, dir, flags) {
            Ok(number) => _ = self.directories.insert(number, dir.to_path_buf()),
            Err(rustix::io::Errno::NOSPC) => {
                let limit = "fs.inotify.max_user_watches";
                anyhow::bail!("could not watch `{}`: `{limit}` is reached", dir.display());
            }
            // It is gone again, or nobody may look into it.
            Err(_) => return Ok(()),
        }
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_meant = !PASSED_OVER.iter().any(|name| entry.file_name() == **name);
            if !is_dir {
                files.push(entry.path());
            } else if is_deep && is_meant {
                self.add(&entry.path(), is_deep, files)?;
            }
        }
        Ok(())
    }
}

impl AsFd for Watching {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.notices.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let patterns: Vec<Pattern> =
            patterns.iter().map(|text| Pattern::new(text, Path::new("/p"))).collect();
        assert_eq!(is_meant(&patterns, Path::new(path)), expected, "{path}");
    }

    #[test]
    fn what_patterns_mean() {
        check(&["*.py"], "/p/a.py", true);
        check(&["*.py"], "/p/b/a.py", false);
        check(&["src/**/*.py"], "/p/src/a.py", true);
        check(&["src/**/*.py"], "/p/src/b/c/a.py", true);
        check(&["src/**"], "/p/src/b/é", true);
        check(&["src/**"], "/p/srcs", false);
        check(&["a?c"], "/p/abc", true);
        check(&["a.c"], "/p/abc", false);
        check(&["../x/[é+]"], "/x/[é+]", true);
        check(&["src/**", "!src/gen/**"], "/p/src/gen/a", false);
        check(&["src/**", "!src/gen/**", "src/gen/keep"], "/p/src/gen/keep", true);
    }

    #[test]
    fn where_they_are_looked_for() {
        let root = |text: &str| {
            let Pattern { root, is_deep, .. } = Pattern::new(text, Path::new("/p"));
            (root.display().to_string(), is_deep)
        };
        assert_eq!(root("*.py"), ("/p".to_string(), false));
        assert_eq!(root("conf/app.toml"), ("/p/conf".to_string(), false));
        assert_eq!(root("src/**/*.py"), ("/p/src".to_string(), true));
        assert_eq!(root("a*/b"), ("/p".to_string(), true));
        assert_eq!(root("/*"), ("/".to_string(), false));
    }
}
