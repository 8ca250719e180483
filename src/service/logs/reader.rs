//! A log's files as lines again.

use super::record::{Record, Stream};
use super::{CURRENT, older_than};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A line that holds more than this many bytes is shown in parts.
const LONGEST: usize = 1 << 20;

/// One line that a service, or the supervisor, said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In UTC and of one length, so that lines sort by it.
    pub time: String,
    pub stream: Stream,
    /// Without its end.
    pub text: Vec<u8>,
}

/// Puts pieces together.
#[derive(Debug, Default)]
pub struct Assembly {
    /// For each stream what has no end yet.
    open: [Option<Line>; 3],
}

impl Assembly {
    /// Takes whole records; gives the lines that they end.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for record in bytes.split(|byte| *byte == b'\n').filter_map(Record::parse) {
            self.add(&record, &mut lines);
        }
        lines
    }

    /// What is left without an end.
    pub fn finish(&mut self) -> Vec<Line> {
        self.open.iter_mut().filter_map(Option::take).collect()
    }

    fn add(&mut self, record: &Record, lines: &mut Vec<Line>) {
        // What the supervisor says comes after all that the service said.
        if record.stream == Stream::System {
            lines.append(&mut self.finish());
        }
        let open = &mut self.open[record.stream as usize];
        let mut line = open.take().unwrap_or_else(|| Line {
            time: String::from_utf8_lossy(record.time).into_owned(),
            stream: record.stream,
            text: Vec::new(),
        });
        line.text.extend_from_slice(record.text);
        if record.is_piece && line.text.len() < LONGEST {
            *open = Some(line);
        } else {
            lines.push(line);
        }
    }
}

/// Which lines of a log are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// At most so many, the last ones.
    pub count: Option<usize>,
    /// None that is older; a time as lines have it, or its beginning.
    pub since: Option<String>,
}

/// The last lines of a log.
pub fn last_lines(dir: &Path, wanted: &Wanted) -> Vec<Line> {
    // As long as it is open no other file has its number.
    let file = File::open(dir.join(CURRENT));
    let mut current = Vec::new();
    let inode = file.as_ref().map_or(0, |mut file| {
        _ = file.read_to_end(&mut current);
        // A record that is being written may be there in part.
        current.truncate(whole(&current));
        file.metadata().map_or(0, |file| file.ino())
    });
    last_of(&older_than(dir, inode), current, wanted)
}

/// How many bytes of a text are whole records.
pub fn whole(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// The last lines of older files, oldest first, and the text that follows them.
pub fn last_of(archives: &[PathBuf], current: Vec<u8>, wanted: &Wanted) -> Vec<Line> {
    let Wanted { count, since } = wanted;
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut records = 0;
    let older = archives.iter().rev().filter_map(|file| std::fs::read(file).ok());
    for text in std::iter::once(current).chain(older) {
        records += text.split(|byte| *byte == b'\n').count() - 1;
        let is_before =
            |since: &String| text.get(..since.len()).is_some_and(|start| start < since.as_bytes());
        let is_older = since.as_ref().is_some_and(is_before);
        texts.push(text);
        // Pieces make more records than lines: more is read than seems to be needed.
        if is_older || count.is_some_and(|count| records > count.saturating_mul(2)) {
            break;
        }
    }
    let mut assembly = Assembly::default();
    let mut lines: Vec<Line> = texts.iter().rev().flat_map(|text| assembly.take(text)).collect();
    lines.append(&mut assembly.finish());
    lines.retain(|line| since.as_ref().is_none_or(|since| line.time >= *since));
    let first = count.map_or(0, |count| lines.len().saturating_sub(count));
    lines.split_off(first)
}
