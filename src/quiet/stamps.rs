//! Empty files that have one modification time each, which is their name: shells compare others with them.
//!
//! A stamp can be missing, but not wrong, and a check whose stamp is missing asks. So the shells of a user share them,
//! and whoever finds too many removes all.

use crate::fs::make_private_dir;
use crate::host::Host;
use anyhow::Result;
use rustix::fs::{Timespec, Timestamps, futimens};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// More than this many are not of the shells that run now.
const LIMIT: usize = 500;
const SECOND: i64 = 1_000_000_000;

#[derive(Debug)]
pub struct Stamps {
    dir: PathBuf,
}

impl Stamps {
    /// In memory where the system has such a place; `None` where nobody else's hands are kept off.
    pub fn open(host: &Host) -> Option<Self> {
        let is_usable = |dir: &PathBuf| {
            make_private_dir(dir).is_ok() && dir.ancestors().take(2).all(is_private)
        };
        dirs(host).find(is_usable).map(|dir| Self { dir })
    }

    /// The stamp of a time, made unless it is there.
    pub fn at(&self, time: i64) -> Option<PathBuf> {
        let stamp = self.dir.join(time.to_string());
        if !is_stamp(&stamp, time) {
            self.make_room();
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .mode(0o600)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&stamp)
                .ok()?;
            set_time(&file, time)?;
        }
        // A file system of coarser times cannot hold it.
        is_stamp(&stamp, time).then_some(stamp)
    }

    /// Removes all of them, wherever they may be; each shell asks once.
    pub fn prune(host: &Host) -> Result<()> {
        for dir in dirs(host).filter(|dir| is_private(dir)) {
            for stamp in (Self { dir }).all() {
                crate::fs::remove_if_there(&stamp)?;
            }
        }
        Ok(())
    }

    fn make_room(&self) {
        let stamps = self.all();
        if stamps.len() >= LIMIT {
            for stamp in stamps {
                _ = crate::fs::remove_if_there(&stamp);
            }
        }
    }

    fn all(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries
            .filter(|entry| {
                entry.file_name().to_str().is_some_and(|name| name.parse::<i64>().is_ok())
            })
            .map(|entry| entry.path())
            .collect()
    }
}

/// A file that background work touches, for every shell of the user to ask at its next prompt.
pub fn bell(host: &Host) -> Option<PathBuf> {
    dirs(host).next().map(|dir| dir.with_file_name("bell"))
}

fn dirs(host: &Host) -> impl Iterator<Item = PathBuf> {
    let runtime = host.env.non_empty("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = [runtime.filter(|dir| is_private(dir)), host.xdg("XDG_DATA_HOME", ".local/share")];
    places
        .into_iter()
        .flatten()
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join("envr").join("stamps"))
}

/// Ours, and only we write there.
fn is_private(dir: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    dir.symlink_metadata()
        .is_ok_and(|found| found.is_dir() && found.uid() == own && found.mode() & 0o022 == 0)
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
