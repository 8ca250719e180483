//! What of a path was looked at, and what that is.

use super::tree::Tree;
use crate::digest::Digest;
use crate::nix::repository::Repository;
use crate::nix::tracked::Checkout;
use crate::nix::view::{Scope, View};
use crate::watch::last_change;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What of a path was looked at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    Content,
    /// The names in a directory.
    Names,
    Presence,
    /// Whether it is a file, a directory or a link.
    Kind,
    /// A directory with all below it.
    Tree,
    /// The same, as far as the repository that it belongs to tracks it.
    Worktree,
    /// When the newest of a directory and all below it was written.
    Newest,
    /// Where a link, or a chain of them, leads.
    Target,
    /// The commit that a git repository is at.
    Commit,
    /// Whether a working tree differs from its commit.
    Dirt,
    /// The names of what git tracks.
    Index,
}

pub const ABSENT: &str = "absent";
/// Files larger than this many bytes are told apart by their times.
const CONTENT_LIMIT: u64 = 16 << 20;
/// The bit of a mode that counts in the store.
const OWNER_EXECUTES: u32 = 0o100;

impl Aspect {
    /// In a form that differs where the aspect does.
    pub fn of(self, path: &Path, view: &View) -> String {
        let is_seen = view.shows(path);
        let seen = match self {
            Self::Names | Self::Presence | Self::Kind | Self::Tree | Self::Content if !is_seen => {
                None
            }
            Self::Presence => {
                path.metadata().or_else(|_| path.symlink_metadata()).ok().map(|found| kind(&found))
            }
            Self::Kind => path.symlink_metadata().ok().map(|found| kind(&found)),
            Self::Tree => stored(path, view),
            Self::Worktree => tree(path, &Scope::of_worktree(path).now()),
            Self::Newest => newest(path, view).map(|second| second.to_string()),
            Self::Names => names(path, view),
            Self::Content if path.is_dir() => names(path, view),
            Self::Content => content(path),
            Self::Target => {
                path.canonicalize().ok().map(|target| target.to_string_lossy().into_owned())
            }
            Self::Commit => Repository::at(path).commit(),
            Self::Dirt => Repository::is_dirty(path).map(|is_dirty| is_dirty.to_string()),
            Self::Index => Checkout::at(path).names(),
        };
        seen.unwrap_or_else(|| ABSENT.to_string())
    }
}

fn kind(found: &Metadata) -> String {
    let kind = match found.file_type() {
        kind if kind.is_dir() => "directory",
        kind if kind.is_symlink() => "link",
        _ => "file",
    };
    kind.to_string()
}

fn content(file: &Path) -> Option<String> {
    match crate::fs::read_regular(file, CONTENT_LIMIT).ok()? {
        Some(bytes) => Some(Digest::of(&bytes).to_string()),
        None => {
            let found = file.metadata().ok()?;
            Some(format!("{} {} {}", found.size(), found.ino(), last_change(file)))
        }
    }
}

/// What the store has of it: of a file, whether it is a program, too; of a link, where it leads, and what is there.
fn stored(path: &Path, view: &View) -> Option<String> {
    let behind = match path.metadata() {
        Ok(found) if found.is_dir() => tree(path, view)?,
        Ok(found) => {
            let kind = if found.mode() & OWNER_EXECUTES != 0 { "program" } else { "file" };
            format!("{kind} {}", content(path)?)
        }
        Err(_) => path.is_symlink().then(|| ABSENT.to_string())?,
    };
    Some(target(path).map_or_else(|| behind.clone(), |target| format!("{target} {behind}")))
}

fn target(link: &Path) -> Option<String> {
    let target = link.read_link().ok()?;
    Some(Digest::of(target.as_os_str().as_bytes()).to_string())
}

fn names(dir: &Path, view: &View) -> Option<String> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| view.has(entry))
        .map(|entry| {
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_dir() => "/".to_string(),
                Ok(kind) if kind.is_symlink() => {
                    let target = entry.path().read_link().unwrap_or_default();
                    format!(" -> {}", target.to_string_lossy())
                }
                Ok(_) | Err(_) => " ".to_string(),
            };
            format!("{}{kind}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort();
    Some(Digest::of(names.join("\n").as_bytes()).to_string())
}

/// `None` for what is too large to be looked through.
fn tree(dir: &Path, view: &View) -> Option<String> {
    let mut digest = Sha256::new();
    let Tree { files, dirs } = Tree::below(dir, view)?;
    for dir in &dirs {
        digest.update(dir.as_os_str().as_bytes());
        digest.update("/\n");
    }
    for file in files {
        digest.update(file.strip_prefix(dir).unwrap_or(&file).as_os_str().as_bytes());
        let is = if file.is_dir() {
            target(&file).zip(names(&file, view)).map(|(target, names)| target + &names)
        } else {
            stored(&file, view)
        };
        digest.update(format!("\0{}\n", is.as_deref().unwrap_or(ABSENT)));
    }
    Some(crate::digest::hex(&digest.finalize()))
}

/// In seconds since the epoch, as nix tells it.
fn newest(dir: &Path, view: &View) -> Option<i64> {
    let tree = Tree::below(dir, view)?;
    let written = |path: &Path| path.symlink_metadata().ok().map(|found| found.mtime());
    tree.paths().map(PathBuf::as_path).chain([dir]).filter_map(written).max()
}
