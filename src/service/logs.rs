//! The log of one service: written as it comes, rotated, and never in the way of the service.
//!
//! A log is a directory: `current`, and older files named after the time of their last record, oldest first. A file is
//! lines in the form that Kubernetes gives container logs: `TIME STREAM TAG TEXT`, where the tag is `F` for a whole line
//! and `P` for a piece that goes on in the next record of the same stream.

mod record;
mod reader;
mod follow;

use super::LogLimits;
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

pub use follow::Follow;
pub use reader::{Line, Wanted, last_lines};
pub use record::{Clock, Stream};

/// The file that is written to.
pub const CURRENT: &str = "current";

/// Writes records; knows what it could not write.
#[derive(Debug)]
pub struct Log {
    dir: PathBuf,
    limits: LogLimits,
    file: Option<File>,
    inode: u64,
    size: u64,
    lost: Lost,
    /// Records of ours that can wait.
    waiting: Vec<u8>,
}

/// What had to be thrown away, for the service must not wait for a disk.
#[derive(Debug, Default)]
struct Lost {
    records: u64,
    why: Option<Errno>,
}

impl Log {
    /// The log in `dir`, which is opened when something is written, and what a killed writer left mended then.
    pub fn new(dir: PathBuf, limits: LogLimits) -> Self {
        Self {
            dir,
            limits,
            file: None,
            inode: 0,
            size: 0,
            lost: Lost::default(),
            waiting: Vec::new(),
        }
    }

    pub fn limit(&mut self, limits: LogLimits) {
        self.limits = limits;
    }

    /// Appends what a stream said.
    pub fn append(&mut self, clock: &mut Clock, stream: Stream, bytes: &[u8]) {
        self.write_waiting(clock);
        self.write_all(clock.records(stream, bytes));
        self.tell_of_lost(clock);
    }

    /// Takes what the supervisor says; it is written before the next that is appended, or by `write_waiting`.
    pub fn append_later(&mut self, clock: &mut Clock, bytes: &[u8]) {
        self.waiting.extend_from_slice(clock.records(Stream::System, bytes));
    }

    pub fn write_waiting(&mut self, clock: &mut Clock) {
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            self.write_all(&waiting);
            self.tell_of_lost(clock);
        }
    }

    fn write_all(&mut self, mut records: &[u8]) {
        while !records.is_empty() {
            let (first, rest) = self.fitting(records);
            self.write(first);
            records = rest;
        }
    }

    fn tell_of_lost(&mut self, clock: &mut Clock) {
        if self.lost.records > 0 && self.lost.why.is_none() {
            let count = std::mem::take(&mut self.lost.records);
            let text = format!("{count} records could not be written here\n");
            self.write(clock.records(Stream::System, text.as_bytes()));
        }
    }

    /// Why nothing can be written at the moment.
    pub fn trouble(&self) -> Option<Errno> {
        self.lost.why
    }

    /// As many whole records as one file may have, but at least one.
    fn fitting<'r>(&self, records: &'r [u8]) -> (&'r [u8], &'r [u8]) {
        let limit = usize::try_from(self.limits.size).unwrap_or(usize::MAX);
        let Some(most) = records.get(..limit) else { return (records, &[]) };
        let is_end = |byte: &u8| *byte == b'\n';
        let end = most.iter().rposition(is_end).or_else(|| records.iter().position(is_end));
        records.split_at(end.map_or(records.len(), |end| end + 1))
    }

    fn write(&mut self, records: &[u8]) {
        let length = records.len() as u64;
        self.look_at_file();
        let written = self.file_for(length).and_then(|file| file.write_all(records));
        match written {
            Ok(()) => {
                self.size += length;
                self.lost.why = None;
            }
            Err(error) => {
                // A record is there whole or not at all.
                if let Some(file) = &self.file {
                    _ = file.set_len(self.size);
                }
                self.lost.records += records.split(|byte| *byte == b'\n').count() as u64 - 1;
                self.lost.why = Some(Errno::from_io_error(&error).unwrap_or(Errno::IO));
            }
        }
    }

    /// The current file, with room for so many bytes.
    fn file_for(&mut self, length: u64) -> std::io::Result<&mut File> {
        if self.file.is_none() {
            self.open_current()?;
        }
        if self.size > 0 && self.size + length > self.limits.size {
            self.rotate();
        }
        if self.file.is_none() {
            self.open_current()?;
        }
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Each step leaves a log that can be read and gone on with.
    fn rotate(&mut self) {
        let mut name = format!("@{}", Clock::now().file_name());
        // Two in one moment, or a clock that was set back: the order of the names stays that of the lines.
        let last = archives(&self.dir).pop();
        if let Some(last) = last.as_ref().and_then(|last| last.file_name()?.to_str())
            && name.as_str() <= last
        {
            name = format!("{last}+");
        }
        let archive = self.dir.join(name);
        if std::fs::rename(self.dir.join(CURRENT), archive).is_err() {
            return;
        }
        self.file = None;
        self.size = 0;
        for archive in archives(&self.dir).iter().rev().skip(self.limits.files as usize - 1) {
            _ = std::fs::remove_file(archive);
        }
    }

    /// Whoever removes a log, or its directory, renames or empties it, means what was said so far: what comes is kept in one
    /// that is there.
    fn look_at_file(&mut self) {
        let Some(inode) = self.file.as_ref().map(|_| self.inode) else { return };
        match std::fs::metadata(self.dir.join(CURRENT)) {
            Ok(status) if status.ino() == inode => self.size = status.len(),
            _ => {
                self.file = None;
                self.size = 0;
            }
        }
    }

    fn open_current(&mut self) -> std::io::Result<()> {
        let path = self.dir.join(CURRENT);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
                options.open(&path)?
            }
            opened => opened?,
        };
        self.size = file.seek(SeekFrom::End(0))?;
        self.inode = file.metadata()?.ino();
        // A record that was cut off becomes a line of its own.
        let mut last = [b'\n'];
        if self.size > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            file.write_all(b"\n")?;
            self.size += 1;
        }
        self.file = Some(file);
        Ok(())
    }
}

/// A service's name as that of its directory.
pub fn directory_of(logs: &Path, service: &str) -> PathBuf {
    logs.join(service.replace('/', "%"))
}

/// The files that are older than the one of a number, oldest first: it may have been rotated since it was opened, and others
/// after it.
fn older_than(dir: &Path, inode: u64) -> Vec<PathBuf> {
    let mut older = archives(dir);
    if let Some(own) = older.iter().position(|file| inode_of(file) == inode) {
        older.truncate(own);
    }
    older
}

/// 0 where there is no file.
fn inode_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.ino())
}

/// The older files, oldest first.
fn archives(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut archives: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"@"))
        .map(|entry| entry.path())
        .collect();
    archives.sort();
    archives
}

#[cfg(test)]
mod tests;
