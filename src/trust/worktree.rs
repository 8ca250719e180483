//! The same file in the other worktrees of a git repository: what was approved there is approved here.

use super::record::Approval;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A file at the same place in another worktree.
#[derive(Debug)]
pub struct Sibling {
    pub path: PathBuf,
    root: PathBuf,
    our_root: PathBuf,
}

impl Sibling {
    /// The sibling's approval with its worktree's paths turned into ours.
    pub fn rebase(&self, approval: Approval) -> Approval {
        let ours = |path: PathBuf| match path.strip_prefix(&self.root) {
            Ok(below) => self.our_root.join(below),
            Err(_) => path,
        };
        let executed: BTreeMap<_, _> =
            approval.executed.into_iter().map(|(path, digest)| (ours(path), digest)).collect();
        Approval { executed, ..approval }
    }
}

/// Worktrees count only when they and the repository name each other: a directory that merely claims to belong to a
/// repository of the user's gains nothing.
pub fn siblings(path: &Path) -> Vec<Sibling> {
    let Some(our_root) =
        path.ancestors().skip(1).find(|dir| dir.join(".git").symlink_metadata().is_ok())
    else {
        return Vec::new();
    };
    let (Some(common), Ok(below)) = (common_dir(our_root), path.strip_prefix(our_root)) else {
        return Vec::new();
    };
    let linked = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    let mut roots: Vec<PathBuf> = linked.filter_map(|entry| root_named_in(&entry.path())).collect();
    roots.extend(common.parent().map(Path::to_path_buf));
    roots.sort();
    roots
        .into_iter()
        .filter(|root| root != our_root && common_dir(root).as_ref() == Some(&common))
        .map(|root| Sibling { path: root.join(below), root, our_root: our_root.to_path_buf() })
        .collect()
}

/// The repository that a worktree belongs to, if the repository says so, too: a linked worktree's directory stands among
/// the repository's own, where only its owner writes, and names the worktree.
fn common_dir(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let kind = dot_git.symlink_metadata().ok()?;
    if kind.is_dir() {
        return fs::canonicalize(dot_git).ok();
    }
    if !kind.is_file() {
        return None;
    }
    let git_dir = fs::canonicalize(root.join(path_in(&dot_git, b"gitdir: ")?)).ok()?;
    let worktrees = git_dir.parent().filter(|dir| dir.ends_with("worktrees"))?;
    let named_back = root_named_in(&git_dir)?;
    let is_ours = fs::canonicalize(named_back).ok()? == fs::canonicalize(root).ok()?;
    is_ours.then(|| worktrees.parent().map(Path::to_path_buf))?
}

fn root_named_in(git_dir: &Path) -> Option<PathBuf> {
    let dot_git = git_dir.join(path_in(&git_dir.join("gitdir"), b"")?);
    Some(crate::fs::clean(dot_git.parent()?))
}

/// The one line of a small file, after a prefix, as a path.
fn path_in(file: &Path, prefix: &[u8]) -> Option<PathBuf> {
    let bytes = crate::fs::read_regular(file, 1 << 16).ok()??;
    let line =
        bytes.strip_prefix(prefix)?.strip_suffix(b"\n").unwrap_or(bytes.strip_prefix(prefix)?);
    Some(PathBuf::from(OsStr::from_bytes(line)))
}
