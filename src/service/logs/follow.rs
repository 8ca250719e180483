//! Logs as they grow: the files themselves are read, so that a reader who stalls holds up nobody.

use super::reader::{Assembly, last_of};
use super::{CURRENT, Line, Wanted, archives};
use anyhow::{Context as _, Result};
use rustix::event::Timespec;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How much of one log is read before the next has its turn.
const TURN: u64 = 1 << 20;
/// How many turns each log has before what was read is shown: who says more than can be shown is never read to the end.
const TURNS: usize = 4;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The logs of several services.
#[derive(Debug)]
pub struct Follow {
    notices: OwnedFd,
    tails: BTreeMap<String, Tail>,
    /// There was more when it was read last.
    is_behind: bool,
}

#[derive(Debug)]
struct Tail {
    dir: PathBuf,
    file: Option<File>,
    inode: u64,
    /// A record that is not whole yet.
    rest: Vec<u8>,
    assembly: Assembly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noticed {
    Growth,
    /// A directory is gone, and with it the watch on it.
    Removal,
}

impl Follow {
    pub fn new() -> Result<Self> {
        let notices = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .context("could not watch logs")?;
        Ok(Self { notices, tails: BTreeMap::new(), is_behind: false })
    }

    /// Begins at the end of what is there now.
    pub fn add(&mut self, name: &str, dir: &Path) -> Result<()> {
        self.add_after(name, dir, &Wanted { count: Some(0), since: None }).map(drop)
    }

    /// Begins behind the last lines, which it returns: what comes meanwhile is neither lost nor there twice.
    pub fn add_after(&mut self, name: &str, dir: &Path, wanted: &Wanted) -> Result<Vec<Line>> {
        self.watch(dir)?;
        let mut tail = Tail {
            dir: dir.to_path_buf(),
            file: None,
            inode: 0,
            rest: Vec::new(),
            assembly: Assembly::default(),
        };
        tail.open();
        let mut current = Vec::new();
        if let Some(file) = &mut tail.file {
            file.read_to_end(&mut current).context("could not read a log")?;
        }
        let whole = current.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        tail.rest = current.split_off(whole);
        let mut older = archives(dir);
        older.retain(|file| inode_of(file) != tail.inode);
        self.tails.insert(name.to_string(), tail);
        Ok(last_of(&older, current, wanted))
    }

    /// Notices logs of services that come later, too: they are read once they are added.
    pub fn await_others(&self, logs: &Path) -> Result<()> {
        self.watch(logs)
    }

    pub fn follows(&self, name: &str) -> bool {
        self.tails.contains_key(name)
    }

    /// What came since, in the order of time; with the service's name each.
    pub fn read(&mut self) -> Vec<(String, Line)> {
        if self.drain() == Noticed::Removal {
            // One that cannot be made anew is read as far as it goes.
            self.tails.values().for_each(|tail| _ = self.watch(&tail.dir));
        }
        let mut lines = Vec::new();
        self.is_behind = (0..TURNS).all(|_| self.read_turn(&mut lines));
        lines.sort_by(|(_, one), (_, other)| one.time.cmp(&other.time));
        lines
    }

    /// How long to wait for more.
    pub fn patience(&self) -> Option<&'static Timespec> {
        self.is_behind.then_some(&AT_ONCE)
    }

    /// Whether there was anything to read, be it no whole line.
    fn read_turn(&mut self, lines: &mut Vec<(String, Line)>) -> bool {
        let mut was_read = false;
        for (name, tail) in &mut self.tails {
            let mut own = Vec::new();
            was_read |= tail.read(&mut own);
            lines.extend(own.into_iter().map(|line| (name.clone(), line)));
        }
        was_read
    }

    fn watch(&self, dir: &Path) -> Result<()> {
        crate::fs::make_private_dir(dir)?;
        inotify::add_watch(&self.notices, dir, WatchFlags::MODIFY | WatchFlags::CREATE)
            .with_context(|| format!("could not watch `{}`", dir.display()))?;
        Ok(())
    }

    /// That something is there to be read matters, not what.
    fn drain(&self) -> Noticed {
        let mut noticed = Noticed::Growth;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.notices, &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::IGNORED) {
                noticed = Noticed::Removal;
            }
        }
        noticed
    }
}

impl AsFd for Follow {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.notices.as_fd()
    }
}

impl Tail {
    /// Whether there was anything to read.
    fn read(&mut self, lines: &mut Vec<Line>) -> bool {
        if self.read_file(lines) {
            return true;
        }
        // A rotated file is read to its end before the next is opened.
        self.is_rotated() && {
            self.open();
            self.read_file(lines)
        }
    }

    fn read_file(&mut self, lines: &mut Vec<Line>) -> bool {
        let Some(file) = &mut self.file else { return false };
        let Ok(length) = file.take(TURN).read_to_end(&mut self.rest) else { return false };
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.rest.split_off(whole);
        let records = std::mem::replace(&mut self.rest, rest);
        lines.append(&mut self.assembly.take(&records));
        length > 0
    }

    fn is_rotated(&self) -> bool {
        let inode = inode_of(&self.dir.join(CURRENT));
        inode != 0 && inode != self.inode
    }

    /// Opens what was written after the file that we know: there may have been several rotations.
    fn open(&mut self) {
        let mut files = archives(&self.dir);
        files.push(self.dir.join(CURRENT));
        let next = match files.iter().position(|file| inode_of(file) == self.inode) {
            Some(known) => known + 1,
            None if self.inode == 0 => files.len() - 1,
            // It is gone already, and with it perhaps others.
            None => 0,
        };
        self.file = files.get(next).and_then(|file| File::open(file).ok());
        let opened = self.file.as_ref().and_then(|file| file.metadata().ok());
        self.inode = opened.map_or(0, |file| file.ino());
        self.rest.clear();
    }
}

/// 0 where there is no file.
fn inode_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.ino())
}
