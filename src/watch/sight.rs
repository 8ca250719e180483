//! One look at a file: what its path leads to, and the link on the way.

use super::{Fingerprint, nanos};
use rustix::fs::{FileType, Stat};
use std::path::Path;

/// Times are nanoseconds since the epoch.
#[derive(Clone, Debug)]
pub struct Sight {
    pub modified: i64,
    pub changed: i64,
    pub inode: u64,
    size: u64,
    link: Option<Link>,
}

/// The times of a link itself.
#[derive(Clone, Debug)]
struct Link {
    modified: i64,
    changed: i64,
}

impl Sight {
    /// `None` where nothing is, or a link that leads to nothing.
    pub fn of(path: &Path) -> Option<Self> {
        let named = Self::from_stat(&rustix::fs::lstat(path).ok()?);
        if named.link.is_none() {
            return Some(named);
        }
        let target = Self::from_stat(&rustix::fs::stat(path).ok()?);
        Some(Self { link: named.link, ..target })
    }

    pub fn is_link(&self) -> bool {
        self.link.is_some()
    }

    /// The link's own times count where they are newer, so that a swapped link is seen.
    pub fn fingerprint(&self) -> Fingerprint {
        let Self { modified, changed, inode, size, .. } = *self;
        let link = self.link.as_ref();
        Fingerprint {
            modified: link.map_or(modified, |link| link.modified.max(modified)),
            changed: link.map_or(changed, |link| link.changed.max(changed)),
            size,
            inode,
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "no file is smaller than nothing")]
    fn from_stat(file: &Stat) -> Self {
        let time = |seconds: i64, part| nanos(seconds, i64::try_from(part).unwrap_or(0));
        let modified = time(file.st_mtime, file.st_mtime_nsec);
        let changed = time(file.st_ctime, file.st_ctime_nsec);
        let is_link = FileType::from_raw_mode(file.st_mode).is_symlink();
        Self {
            modified,
            changed,
            inode: file.st_ino,
            size: file.st_size as u64,
            link: is_link.then_some(Link { modified, changed }),
        }
    }
}
