//! The commit that a git repository is at, read from its files.

use std::path::{Path, PathBuf};

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

    /// What `HEAD` leads to.
    pub fn commit(&self) -> Option<String> {
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
        [self.head(), self.packed()].into_iter().chain(branch).collect()
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

fn read(file: &Path) -> Option<String> {
    let bytes = crate::fs::read_regular(file, LIMIT).ok()??;
    Some(String::from_utf8_lossy(&bytes).trim().to_string())
}
