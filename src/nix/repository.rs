//! The commit that a git repository is at, read from its files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file of a repository larger than this many bytes is none.
const LIMIT: u64 = 1 << 20;

/// A working tree's part of a repository.
pub struct Repository {
    /// Of this working tree: its `HEAD`.
    git_dir: PathBuf,
    /// Of all working trees: branches and tags.
    common_dir: PathBuf,
}

impl Repository {
    pub fn at(git_dir: &Path) -> Self {
        let common = read(&git_dir.join("commondir"));
        let common = common.map(|common| crate::fs::clean(&git_dir.join(common)));
        let common_dir = common.unwrap_or_else(|| git_dir.to_path_buf());
        Self { git_dir: git_dir.to_path_buf(), common_dir }
    }

    /// What `HEAD` leads to, or, where git keeps branches in tables, something that differs where that may.
    pub fn commit(&self) -> Option<String> {
        if let Some(tables) = read(&self.tables()) {
            return Some(tables);
        }
        let head = read(&self.head())?;
        let Some(name) = head.strip_prefix("ref: ") else { return Some(head) };
        let packed = || {
            let packed = read(&self.packed())?;
            let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(_, packed)| *packed == name).map(|(commit, _)| commit.to_string())
        };
        read(&self.common_dir.join(name)).or_else(packed)
    }

    /// The files that say so.
    pub fn files(&self) -> Vec<PathBuf> {
        let head = read(&self.head()).unwrap_or_default();
        let branch = head.strip_prefix("ref: ").map(|name| self.common_dir.join(name));
        [self.head(), self.packed(), self.tables()].into_iter().chain(branch).collect()
    }

    /// The files that say which commit a branch or a tag is at.
    pub fn files_of(&self, reference: &str) -> Vec<PathBuf> {
        let places = ["", "refs/heads", "refs/tags"].into_iter();
        let own = places.map(|place| self.common_dir.join(place).join(reference));
        own.chain([self.packed(), self.tables()]).collect()
    }

    /// Whether tracked files differ from the commit; `None` where git cannot tell.
    pub fn is_dirty(tree: &Path) -> Option<bool> {
        let mut git = Command::new("git");
        git.arg("-C").arg(tree).args(["--no-optional-locks", "-c", "core.fsmonitor=false"]);
        git.args(["status", "--porcelain", "--untracked-files=no"]).stdin(Stdio::null());
        git.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
        let output = git.stderr(Stdio::null()).output().ok()?;
        output.status.success().then_some(!output.stdout.is_empty())
    }

    fn tables(&self) -> PathBuf {
        self.common_dir.join("reftable/tables.list")
    }

    /// In bytes: 20 of SHA-1, or 32 where the repository says SHA-256.
    pub fn object_name_length(&self) -> usize {
        let config = read(&self.common_dir.join("config")).unwrap_or_default().to_ascii_lowercase();
        let is_sha256 = |line: &str| {
            line.split_once('=').is_some_and(|(name, value)| {
                name.trim() == "objectformat" && value.trim() == "sha256"
            })
        };
        if config.lines().any(is_sha256) { 32 } else { 20 }
    }

    fn head(&self) -> PathBuf {
        self.git_dir.join("HEAD")
    }

    fn packed(&self) -> PathBuf {
        self.common_dir.join("packed-refs")
    }
}

/// Of a working tree; that of a linked one is named in a file.
pub fn git_dir(tree: &Path) -> Option<PathBuf> {
    let entry = tree.join(".git");
    if entry.is_dir() {
        return Some(entry);
    }
    let text = crate::fs::read_regular(&entry, 1 << 12).ok()??;
    let text = String::from_utf8_lossy(&text);
    Some(crate::fs::clean(&tree.join(text.trim().strip_prefix("gitdir: ")?)))
}

fn read(file: &Path) -> Option<String> {
    let bytes = crate::fs::read_regular(file, LIMIT).ok()??;
    Some(String::from_utf8_lossy(&bytes).trim().to_string())
}
