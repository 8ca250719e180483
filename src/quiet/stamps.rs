//! Empty files that have one modification time each, which is their name: shells compare others with them.
//!
//! A stamp can be missing, but not wrong, and a check whose stamp is missing asks. So the shells of a user share them,
//! and whoever finds too many removes all.

use crate::fs::make_private_dir;
use crate::host::Host;
use anyhow::Result;
use rustix::fs::{Timespec, Timestamps, futimens};
use std::cell::OnceCell;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// More than this many are not of the shells that run now.
const LIMIT: usize = 500;
const SECOND: i64 = 1_000_000_000;

#[derive(Debug)]
pub struct Stamps {
    /// Who we are.
    user: u32,
    /// Where stamps may be: in memory, where the system has such a place, then on disk.
    dirs: Vec<PathBuf>,
    /// Where they are, as soon as one is wanted; `None` where nobody else's hands are kept off.
    dir: OnceCell<Option<PathBuf>>,
}

impl Stamps {
    pub fn of(host: &Host) -> Self {
        let user = rustix::process::geteuid().as_raw();
        let runtime = host.directory("XDG_RUNTIME_DIR").filter(|dir| is_private(dir, user));
        let places = [runtime, host.xdg("XDG_DATA_HOME", ".local/share")];
        let dirs = places.into_iter().flatten().map(|dir| dir.join("envr/stamps")).collect();
        Self { user, dirs, dir: OnceCell::new() }
    }

    /// A file that background work touches, for every shell of the user to ask at its next prompt.
    pub fn bell(&self) -> Option<PathBuf> {
        self.dirs.first().map(|dir| dir.with_file_name("bell"))
    }

    /// The stamp of a time, made unless it is there.
    pub fn at(&self, time: i64) -> Option<PathBuf> {
        let dir = self.dir.get_or_init(|| self.dirs.iter().find(|dir| self.opens(dir)).cloned());
        let stamp = dir.as_ref()?.join(time.to_string());
        if is_stamp(&stamp, time) {
            return Some(stamp);
        }
        make_room(dir.as_ref()?);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&stamp)
            .ok()?;
        set_time(&file, time)?;
        // A file system of coarser times cannot hold it.
        is_stamp(&stamp, time).then_some(stamp)
    }

    /// Removes all of them, wherever they may be; each shell asks once.
    pub fn prune(host: &Host) -> Result<()> {
        let stamps = Self::of(host);
        for dir in stamps.dirs.iter().filter(|dir| is_private(dir, stamps.user)) {
            for stamp in all(dir) {
                crate::fs::remove_if_there(&stamp)?;
            }
        }
        Ok(())
    }

    fn opens(&self, dir: &Path) -> bool {
        let is_ours = || dir.ancestors().take(2).all(|dir| is_private(dir, self.user));
        is_ours() || make_private_dir(dir).is_ok() && is_ours()
    }
}

fn make_room(dir: &Path) {
    let stamps = all(dir);
    if stamps.len() >= LIMIT {
        for stamp in stamps {
            _ = crate::fs::remove_if_there(&stamp);
        }
    }
}

fn all(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<i64>().is_ok()))
        .map(|entry| entry.path())
        .collect()
}

/// Ours, and only we write there.
fn is_private(dir: &Path, user: u32) -> bool {
    dir.symlink_metadata()
        .is_ok_and(|found| found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0)
}

fn is_stamp(path: &Path, time: i64) -> bool {
    path.symlink_metadata().is_ok_and(|found| {
        found.is_file()
            && (found.mtime(), found.mtime_nsec())
                == (time.div_euclid(SECOND), time.rem_euclid(SECOND))
    })
}

fn set_time(file: &File, time: i64) -> Option<()> {
    let time = Timespec { tv_sec: time.div_euclid(SECOND), tv_nsec: time.rem_euclid(SECOND) };
    futimens(file, &Timestamps { last_access: time, last_modification: time }).ok()
}
