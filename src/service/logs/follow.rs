//! Logs as they grow: the files themselves are read, so that a reader who stalls holds up nobody.

use super::reader::{Assembly, last_of, whole};
use super::{CURRENT, Line, Wanted, archives, inode_of, older_than};
use anyhow::{Context as _, Result};
use rustix::event::Timespec;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How much of one log is read before the next has its turn.
const TURN: u64 = 1 << 20;
/// How many turns each log has before what was read is shown: who says more than can be shown is never read to the end.
const TURNS: usize = 4;
/// No file has this number.
const GONE: u64 = u64::MAX;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// What is to be known from these is not complete.
const LOSSES: ReadFlags = ReadFlags::IGNORED.union(ReadFlags::QUEUE_OVERFLOW);

/// The logs of several services.
#[derive(Debug)]
pub struct Follow {
    notices: OwnedFd,
    tails: BTreeMap<String, Tail>,
    /// Whose directory the kernel means by a number.
    watched: HashMap<i32, String>,
    /// Those that grew since they were read to their end.
    grown: BTreeSet<String>,
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

impl Follow {
    pub fn new() -> Result<Self> {
        let notices = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .context("could not watch logs")?;
        Ok(Self {
            notices,
            tails: BTreeMap::new(),
            watched: HashMap::new(),
            grown: BTreeSet::new(),
        })
    }

    /// Begins at the end of what is there now; what comes is read once `await_growth` was called.
    pub fn add(&mut self, name: &str, dir: &Path) {
        let mut tail = Tail::new(dir);
        if let Some(file) = &mut tail.file {
            _ = file.seek(SeekFrom::End(0));
        }
        self.tails.insert(name.to_string(), tail);
    }

    /// From now on whatever is added to the logs is noticed; what came since they were known is read next.
    pub fn await_growth(&mut self) -> Result<()> {
        let dirs: Vec<(String, PathBuf)> =
            self.tails.iter().map(|(name, tail)| (name.clone(), tail.dir.clone())).collect();
        // One that cannot be watched is in no other's way.
        dirs.iter().map(|(name, dir)| self.watch(name, dir)).fold(Ok(()), Result::and)
    }

    /// Begins behind the last lines, which it returns: what comes meanwhile is neither lost nor there twice.
    pub fn add_after(&mut self, name: &str, dir: &Path, wanted: &Wanted) -> Result<Vec<Line>> {
        self.watch(name, dir)?;
        let mut tail = Tail::new(dir);
        let mut current = Vec::new();
        if let Some(file) = &mut tail.file {
            file.read_to_end(&mut current).context("could not read a log")?;
        }
        tail.rest = current.split_off(whole(&current));
        let older = older_than(dir, tail.inode);
        self.tails.insert(name.to_string(), tail);
        Ok(last_of(&older, current, wanted))
    }

    /// Notices logs of services that come later, too: they are read once they are added.
    pub fn await_others(&mut self, logs: &Path) -> Result<()> {
        self.notice(logs).map(drop)
    }

    pub fn follows(&self, name: &str) -> bool {
        self.tails.contains_key(name)
    }

    /// What came since, in the order of time; with the service's name each.
    pub fn read(&mut self) -> Vec<(String, Line)> {
        if !self.drain() {
            // One that cannot be made anew is read as far as it goes.
            _ = self.await_growth();
        }
        let mut lines = Vec::new();
        for _ in 0..TURNS {
            self.read_turn(&mut lines);
        }
        lines.sort_by(|(_, one), (_, other)| one.time.cmp(&other.time));
        lines
    }

    /// How long to wait for more.
    pub fn patience(&self) -> Option<&'static Timespec> {
        (!self.grown.is_empty()).then_some(&AT_ONCE)
    }

    /// Who has nothing to read is not looked at again before it grows.
    fn read_turn(&mut self, lines: &mut Vec<(String, Line)>) {
        let tails = &mut self.tails;
        self.grown.retain(|name| {
            let Some(tail) = tails.get_mut(name) else { return false };
            let mut own = Vec::new();
            let was_read = tail.read(&mut own);
            lines.extend(own.into_iter().map(|line| (name.clone(), line)));
            was_read
        });
    }

    fn watch(&mut self, name: &str, dir: &Path) -> Result<()> {
        let number = self.notice(dir)?;
        self.watched.insert(number, name.to_string());
        self.grown.insert(name.to_string());
        Ok(())
    }

    fn notice(&self, dir: &Path) -> Result<i32> {
        crate::fs::make_private_dir(dir)?;
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::DELETE;
        inotify::add_watch(&self.notices, dir, flags)
            .with_context(|| format!("could not watch `{}`", dir.display()))
    }

    /// Learns who grew; whether that can be relied on: no directory is gone, and with it the watch on it, and no more
    /// happened than the kernel keeps.
    fn drain(&mut self) -> bool {
        let mut is_whole = true;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.notices, &mut buffer);
        while let Ok(event) = reader.next() {
            is_whole &= !event.events().intersects(LOSSES);
            if let Some(name) = self.watched.get(&event.wd()) {
                self.grown.insert(name.clone());
            }
        }
        is_whole
    }
}

impl AsFd for Follow {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.notices.as_fd()
    }
}

impl Tail {
    fn new(dir: &Path) -> Self {
        let mut tail = Self {
            dir: dir.to_path_buf(),
            file: None,
            inode: 0,
            rest: Vec::new(),
            assembly: Assembly::default(),
        };
        tail.open();
        tail
    }

    /// Whether there was anything to read.
    fn read(&mut self, lines: &mut Vec<Line>) -> bool {
        if self.read_file(lines) {
            return true;
        }
        // As long as it is open, that its directory is gone is not noticed, either.
        if self.is_removed() {
            self.file = None;
            self.inode = GONE;
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
        let whole = whole(&self.rest);
        let rest = self.rest.split_off(whole);
        let records = std::mem::replace(&mut self.rest, rest);
        lines.append(&mut self.assembly.take(&records));
        length > 0
    }

    fn is_removed(&self) -> bool {
        let metadata = self.file.as_ref().and_then(|file| file.metadata().ok());
        metadata.is_some_and(|metadata| metadata.nlink() == 0)
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
