//! A private directory whose files are in memory and never on a disk; it goes with its owner.

use crate::fs::write_atomic;
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, openat, statfs};
use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What the kernel calls tmpfs and ramfs.
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const PREFIX: &str = "envr-held-";
const NO_PLACE: &str =
    "no place is fit for the plaintext: neither `XDG_RUNTIME_DIR` nor `/dev/shm` is in memory";

#[derive(Debug)]
pub struct MemoryDir {
    path: PathBuf,
    /// Tells others that it has an owner.
    _lock: OwnedFd,
}

impl MemoryDir {
    pub fn new(host: &Host) -> Result<Self> {
        for place in places(host) {
            remove_orphans(&place);
            if let Some(dir) = Self::make(&place) {
                return Ok(dir);
            }
        }
        bail!(NO_PLACE)
    }

    fn make(place: &Path) -> Option<Self> {
        for count in 0..100 {
            let path = place.join(format!("{PREFIX}{}-{count}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let lock = open(&path).ok()?;
                    flock(&lock, FlockOperation::LockExclusive).ok()?;
                    return Some(Self { path, _lock: lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// A new file of that name, for the user alone.
    pub fn write(&self, name: &OsStr, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.path.join(name);
        write_atomic(&file, bytes)?;
        Ok(file)
    }
}

impl Drop for MemoryDir {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A directory of the same kind that outlives this process: whoever knows its name removes it.
pub fn lasting(host: &Host, name: &str) -> Result<PathBuf> {
    let place = places(host).next().context(NO_PLACE)?;
    let dir = place.join(name);
    match DirBuilder::new().mode(0o700).create(&dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("could not make `{}`", dir.display()));
        }
        _ => {}
    }
    // In a place that all users share, somebody else may have made it.
    let metadata = dir.symlink_metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || !is_ours || metadata.mode() & 0o077 != 0 {
        bail!("`{}` is open to others", dir.display());
    }
    Ok(dir)
}

pub fn remove_lasting(host: &Host, name: &str) {
    for place in places(host) {
        _ = std::fs::remove_dir_all(place.join(name));
    }
}

/// Where the system keeps files in memory; on a disk, what was deleted can be found.
fn places(host: &Host) -> impl Iterator<Item = PathBuf> {
    let places = [host.directory("XDG_RUNTIME_DIR"), Some(PathBuf::from("/dev/shm"))];
    places.into_iter().flatten().filter(|place| is_in_memory(place))
}

/// What an owner left that was killed.
fn remove_orphans(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // Only its user can open it.
        let Some(lock) = is_ours.then(|| open(&entry.path()).ok()).flatten() else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn open(dir: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, dir, flags, Mode::empty())
}

fn is_in_memory(place: &Path) -> bool {
    statfs(place).is_ok_and(|place| MEMORY.contains(&place.f_type.cast_unsigned()))
}
