//! Approvals on disk: direnv's marks, read and written, and beside them what envr remembers.

use super::record::Approval;
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{read_regular, remove_if_there, write_atomic};
use crate::host::Host;
use crate::watch::Watches;
use anyhow::{Context as _, Result};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A record or mark larger than this many bytes is not ours.
const RECORD_LIMIT: u64 = 4 << 20;

/// Beyond this many bytes nothing is kept in memory to save a digest.
const KNOWN_LIMIT: usize = 16 << 10;

/// Two directories below the data directory.
#[derive(Debug)]
pub struct Store {
    /// direnv's: `allow/` and `deny/`.
    marks: PathBuf,
    /// envr's: `approval/`, `last/` and `content/`.
    records: PathBuf,
    /// The marks that were asked for, by what they are made of: a judgement asks for each several times.
    known: RefCell<Vec<(Vec<u8>, String)>>,
}

impl Store {
    pub fn open(host: &Host) -> Result<Self> {
        let data = host.xdg("XDG_DATA_HOME", ".local/share").ok_or_else(|| {
            Hinted::new(
                "could not find the data directory: neither `XDG_DATA_HOME` nor `HOME` is set",
                "eval \"export HOME=~$(id -un)\"",
            )
        })?;
        Ok(Self {
            marks: data.join("direnv"),
            records: data.join("envr"),
            known: RefCell::default(),
        })
    }

    pub fn allow_dir(&self) -> PathBuf {
        self.marks.join("allow")
    }

    /// direnv's mark for these bytes at this path.
    pub fn allow_path(&self, path: &Path, bytes: &[u8]) -> PathBuf {
        self.allow_dir().join(self.mark(path, bytes))
    }

    pub fn deny_path(&self, path: &Path) -> PathBuf {
        self.marks.join("deny").join(self.mark(path, b""))
    }

    pub fn allows(&self, path: &Path, bytes: &[u8]) -> bool {
        says(&self.allow_path(path, bytes), path)
    }

    pub fn denies(&self, path: &Path) -> bool {
        self.deny_path(path).exists()
    }

    /// Watches what the user says next of these bytes at this path; says whether they are denied now.
    pub fn watch_marks(&self, watches: &mut Watches, path: &Path, bytes: &[u8]) -> bool {
        watches.add_mark(&self.allow_path(path, bytes));
        watches.add_mark(&self.deny_path(path)) && self.denies(path)
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
        let bytes = super::contents(file)?;
        write_atomic(&self.required_path(rc, file, &bytes), &line(below(rc, file)))
    }

    pub fn allows_required(&self, rc: &Path, file: &Path) -> bool {
        let Ok(bytes) = super::read(file) else { return false };
        says(&self.required_path(rc, file, &bytes), below(rc, file))
    }

    /// direnv's mark for such a file as it is now.
    pub fn required_mark(&self, rc: &Path, file: &Path) -> PathBuf {
        self.required_path(rc, file, &super::read(file).unwrap_or_default())
    }

    /// What is known of the approval of these bytes at this path.
    pub fn approval(&self, path: &Path, bytes: &[u8]) -> Option<Approval> {
        self.approval_named(&self.mark(path, bytes))
    }

    /// What is known of the last approval at this path, of whatever bytes.
    pub fn last_approval(&self, path: &Path) -> Option<Approval> {
        let name = read_regular(&self.last_path(path), RECORD_LIMIT).ok()??;
        let name = std::str::from_utf8(&name).ok()?;
        Digest::parse(name.as_bytes()).and_then(|_| self.approval_named(name))
    }

    pub fn keep_approval(&self, path: &Path, bytes: &[u8], approval: &Approval) -> Result<()> {
        let name = self.mark(path, bytes);
        write_atomic(&self.approval_path(&name), &approval.encode(path.as_os_str()))?;
        write_atomic(&self.last_path(path), name.as_bytes())
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
        let mut approved = BTreeMap::new();
        for mark in files(&self.marks.join("allow"))? {
            if !is_live(&mark) {
                remove_if_there(&mark)?;
                pruned += 1;
            } else if let Some(rc) = path_in(&mark) {
                approved.insert(self.required_dir(&rc), rc);
            }
        }
        self.prune_required(&approved)?;
        let mut wanted = BTreeSet::new();
        for record in files(&self.records.join("approval"))? {
            match self.live_approval(&record) {
                Some(approval) => {
                    wanted.insert(self.content_path(&approval.rc));
                    let digests =
                        approval.executed.values().filter_map(|executed| executed.digest.as_ref());
                    wanted.extend(digests.map(|digest| self.content_path(digest)));
                }
                None => remove_if_there(&record)?,
            }
        }
        for last in files(&self.records.join("last"))? {
            let name = read_regular(&last, RECORD_LIMIT).ok().flatten().unwrap_or_default();
            if !self.approval_path(OsStr::from_bytes(&name)).is_file() {
                remove_if_there(&last)?;
            }
        }
        for content in files(&self.records.join("content"))? {
            if !wanted.contains(&content) {
                remove_if_there(&content)?;
            }
        }
        Ok(pruned)
    }

    /// A record whose rc still is what it tells of, or is approved last, for the next difference.
    fn live_approval(&self, record: &Path) -> Option<Approval> {
        let bytes = read_regular(record, RECORD_LIMIT).ok()??;
        let (path, approval) = Approval::decode(&bytes)?;
        let name = record.file_name()?.as_bytes();
        let last = read_regular(&self.last_path(&path), RECORD_LIMIT).ok().flatten();
        let is_last = last.as_deref() == Some(name) && path.symlink_metadata().is_ok();
        let is_current = || super::read(&path).is_ok_and(|it| mark(&path, &it).as_bytes() == name);
        (is_last || is_current()).then_some(approval)
    }

    /// What `require_allowed` of an rc that nobody approves any more was told, or of a file that has other bytes now.
    fn prune_required(&self, approved: &BTreeMap<PathBuf, PathBuf>) -> Result<()> {
        for dir in entries(&self.marks.join("allowed-required"))? {
            for allowed in files(&dir)? {
                let file = approved.get(&dir).and_then(|rc| {
                    let below = read_regular(&allowed, RECORD_LIMIT).ok()??;
                    let below = below.strip_suffix(b"\n").unwrap_or(&below);
                    Some(rc.parent()?.join(OsStr::from_bytes(below)))
                });
                let name = file.and_then(|file| Some(mark(&file, &super::read(&file).ok()?)));
                if name.is_none_or(|name| allowed.file_name() != Some(OsStr::new(&name))) {
                    remove_if_there(&allowed)?;
                }
            }
            // One that is not empty holds something that is not ours.
            _ = std::fs::remove_dir(dir);
        }
        Ok(())
    }

    fn required_path(&self, rc: &Path, file: &Path, bytes: &[u8]) -> PathBuf {
        self.required_dir(rc).join(mark(file, bytes))
    }

    fn required_dir(&self, rc: &Path) -> PathBuf {
        self.marks.join("allowed-required").join(mark(rc, b""))
    }

    /// The name of direnv's marks: the digest of path, newline and content.
    fn mark(&self, path: &Path, bytes: &[u8]) -> String {
        let content = [&line(path), bytes].concat();
        if content.len() > KNOWN_LIMIT {
            return Digest::of(&content).to_string();
        }
        let mut known = self.known.borrow_mut();
        if let Some((_, mark)) = known.iter().find(|(known, _)| *known == content) {
            return mark.clone();
        }
        let mark = Digest::of(&content).to_string();
        known.push((content, mark.clone()));
        mark
    }

    fn approval_named(&self, name: &str) -> Option<Approval> {
        let bytes = read_regular(&self.approval_path(name), RECORD_LIMIT).ok()??;
        Approval::decode(&bytes).map(|(_, approval)| approval)
    }

    fn approval_path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.records.join("approval").join(name)
    }

    fn last_path(&self, path: &Path) -> PathBuf {
        self.records.join("last").join(self.mark(path, b""))
    }

    fn content_path(&self, digest: &Digest) -> PathBuf {
        self.records.join("content").join(digest.to_string())
    }
}

/// As `Store::mark`, of what is looked at once.
fn mark(path: &Path, bytes: &[u8]) -> String {
    Digest::of(&[&line(path), bytes].concat()).to_string()
}

/// Whether a mark stands for this path. Its name is a digest of path and content joined by a newline, which a path may
/// hold, too: so the mark itself tells which path was meant. direnv's oldest marks are empty.
fn says(mark: &Path, path: &Path) -> bool {
    let mark = read_regular(mark, RECORD_LIMIT).ok().flatten();
    mark.is_some_and(|mark| mark.is_empty() || mark == line(path))
}

/// A file as its rc names it.
fn below<'a>(rc: &Path, file: &'a Path) -> &'a Path {
    file.strip_prefix(rc.parent().unwrap_or(Path::new("/"))).unwrap_or(file)
}

fn line(path: &Path) -> Vec<u8> {
    [path.as_os_str().as_bytes(), b"\n"].concat()
}

/// Whether a mark still approves the file that it names. What names no file is left alone: older direnvs wrote
/// empty ones, and others may stand there that are not ours to remove.
fn is_live(allow_mark: &Path) -> bool {
    let Some(path) = path_in(allow_mark) else { return true };
    match super::read(&path) {
        Ok(bytes) => {
            allow_mark.file_name().is_some_and(|name| name == OsStr::new(&mark(&path, &bytes)))
        }
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

/// The rc that a mark names.
fn path_in(allow_mark: &Path) -> Option<PathBuf> {
    let content = read_regular(allow_mark, RECORD_LIMIT).ok()??;
    let path = content.strip_suffix(b"\n").filter(|path| path.starts_with(b"/"))?;
    Some(OsStr::from_bytes(path).into())
}

/// The files of a directory in name order; none where there is no directory.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = entries(dir)?;
    files.retain(|path| path.is_file());
    Ok(files)
}

/// What a directory holds, in name order; nothing where there is no directory.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("could not read `{}`", dir.display()))?,
    };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}
