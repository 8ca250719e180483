//! Approvals on disk: direnv's marks, read and written, and beside them what envr remembers.

use super::record::Approval;
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{read_regular, remove_if_there, write_atomic};
use crate::host::Host;
use anyhow::{Context as _, Result};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A record or mark larger than this many bytes is not ours.
const RECORD_LIMIT: u64 = 4 << 20;

/// Two directories below the data directory.
#[derive(Debug)]
pub struct Store {
    /// direnv's: `allow/` and `deny/`.
    marks: PathBuf,
    /// envr's: `approval/` and `content/`.
    records: PathBuf,
}

impl Store {
    pub fn open(host: &Host) -> Result<Self> {
        let data = host.xdg("XDG_DATA_HOME", ".local/share").ok_or_else(|| {
            Hinted::new(
                "could not find the data directory: neither `XDG_DATA_HOME` nor `HOME` is set",
                "export HOME=…",
            )
        })?;
        Ok(Self { marks: data.join("direnv"), records: data.join("envr") })
    }

    /// direnv's mark for these bytes at this path.
    pub fn allow_path(&self, path: &Path, bytes: &[u8]) -> PathBuf {
        self.marks.join("allow").join(mark(path, bytes))
    }

    pub fn deny_path(&self, path: &Path) -> PathBuf {
        self.marks.join("deny").join(mark(path, b""))
    }

    pub fn allows(&self, path: &Path, bytes: &[u8]) -> bool {
        // The name of a mark is a digest of path and content joined by a newline, which a path may hold, too: the mark
        // itself tells which path was meant. direnv's oldest marks are empty.
        let mark = read_regular(&self.allow_path(path, bytes), RECORD_LIMIT).ok().flatten();
        mark.is_some_and(|mark| mark.is_empty() || mark == line(path))
    }

    pub fn denies(&self, path: &Path) -> bool {
        self.deny_path(path).exists()
    }

    pub fn allow(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        write_atomic(&self.allow_path(path, bytes), &line(path))?;
        remove_if_there(&self.deny_path(path))
    }

    pub fn deny(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        write_atomic(&self.deny_path(path), &line(path))?;
        remove_if_there(&self.allow_path(path, bytes))
    }

    /// direnv's approval of a file that an rc required with `require_allowed`.
    pub fn allow_required(&self, rc: &Path, file: &Path) -> Result<()> {
        let bytes = super::read(file)
            .map_err(|why| anyhow::anyhow!("could not read `{}`: {why}", file.display()))?;
        let below = file.strip_prefix(rc.parent().unwrap_or(Path::new("/"))).unwrap_or(file);
        write_atomic(&self.required_path(rc, file, &bytes), &line(below))
    }

    pub fn allows_required(&self, rc: &Path, file: &Path) -> bool {
        super::read(file).is_ok_and(|bytes| self.required_path(rc, file, &bytes).exists())
    }

    pub fn approval(&self, path: &Path) -> Option<Approval> {
        let bytes = read_regular(&self.approval_path(path), RECORD_LIMIT).ok()??;
        Approval::decode(&bytes).map(|(_, approval)| approval)
    }

    pub fn keep_approval(&self, path: &Path, approval: &Approval) -> Result<()> {
        write_atomic(&self.approval_path(path), &approval.encode(path.as_os_str()))
    }

    pub fn content(&self, digest: &Digest) -> Option<Vec<u8>> {
        read_regular(&self.content_path(digest), RECORD_LIMIT).ok()?
    }

    pub fn keep_content(&self, bytes: &[u8]) -> Result<()> {
        let path = self.content_path(&Digest::of(bytes));
        if path.exists() { Ok(()) } else { write_atomic(&path, bytes) }
    }

    /// Removes the approvals of what is gone or changed, and what only they needed; returns how many marks went.
    pub fn prune(&self) -> Result<usize> {
        let mut pruned = 0;
        for mark in files(&self.marks.join("allow"))? {
            if !is_live(&mark) {
                remove_if_there(&mark)?;
                pruned += 1;
            }
        }
        let mut wanted = BTreeSet::new();
        for record in files(&self.records.join("approval"))? {
            match read_regular(&record, RECORD_LIMIT)
                .ok()
                .flatten()
                .as_deref()
                .and_then(Approval::decode)
            {
                Some((path, approval)) if path.symlink_metadata().is_ok() => {
                    wanted.insert(self.content_path(&approval.rc));
                    let digests =
                        approval.executed.values().filter_map(|executed| executed.digest.as_ref());
                    wanted.extend(digests.map(|digest| self.content_path(digest)));
                }
                _ => remove_if_there(&record)?,
            }
        }
        for content in files(&self.records.join("content"))? {
            if !wanted.contains(&content) {
                remove_if_there(&content)?;
            }
        }
        Ok(pruned)
    }

    fn required_path(&self, rc: &Path, file: &Path, bytes: &[u8]) -> PathBuf {
        self.marks.join("allowed-required").join(mark(rc, b"")).join(mark(file, bytes))
    }

    fn approval_path(&self, path: &Path) -> PathBuf {
        self.records.join("approval").join(mark(path, b""))
    }

    fn content_path(&self, digest: &Digest) -> PathBuf {
        self.records.join("content").join(digest.to_string())
    }
}

/// The name of direnv's marks: the digest of path, newline and content.
fn mark(path: &Path, bytes: &[u8]) -> String {
    Digest::of(&[&line(path), bytes].concat()).to_string()
}

fn line(path: &Path) -> Vec<u8> {
    [path.as_os_str().as_bytes(), b"\n"].concat()
}

/// Whether a mark still approves the file that it names. What names no file is left alone: older direnvs wrote
/// empty ones, and others may stand there that are not ours to remove.
fn is_live(allow_mark: &Path) -> bool {
    let Ok(Some(content)) = read_regular(allow_mark, RECORD_LIMIT) else { return true };
    let Some(path) = content.strip_suffix(b"\n").filter(|path| path.starts_with(b"/")) else {
        return true;
    };
    let path = Path::new(OsStr::from_bytes(path));
    match super::read(path) {
        Ok(bytes) => {
            allow_mark.file_name().is_some_and(|name| name == OsStr::new(&mark(path, &bytes)))
        }
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

/// The files of a directory in name order; none where there is no directory.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("could not read `{}`", dir.display()))?,
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}
