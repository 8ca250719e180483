//! One record of a log: `2026-01-31T12:00:00.000000Z stdout F text`.

use crate::calendar::rfc3339;
use std::time::{SystemTime, UNIX_EPOCH};

/// The bytes of a time, `2026-01-31T12:00:00.000000Z`.
const TIME: usize = 27;
/// Where the digits below the second begin.
const MICROS: usize = 20;
/// The bytes before the text: time, stream and tag with a space behind each.
const PREFIX: usize = TIME + 1 + 6 + 1 + 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
    /// What the supervisor has to say about the service.
    System,
}

impl Stream {
    /// All names are of one length, for the eye and for the reader.
    fn name(self) -> &'static [u8; 6] {
        match self {
            Self::Stdout => b"stdout",
            Self::Stderr => b"stderr",
            Self::System => b"system",
        }
    }
}

/// Stamps records; one look at the clock serves all that came at once.
#[derive(Debug)]
pub struct Clock {
    /// The second that `time` shows.
    second: u64,
    time: [u8; TIME],
    buffer: Vec<u8>,
}

impl Clock {
    pub fn now() -> Self {
        let mut clock = Self { second: u64::MAX, time: [b'0'; TIME], buffer: Vec::new() };
        clock.look();
        clock
    }

    /// The records of what a stream said. A line that is not ended is a piece: nothing is held back.
    pub fn records(&mut self, stream: Stream, bytes: &[u8]) -> &[u8] {
        self.look();
        let mut prefix = [b' '; PREFIX];
        prefix[..TIME].copy_from_slice(&self.time);
        prefix[TIME + 1..TIME + 7].copy_from_slice(stream.name());
        prefix[PREFIX - 2] = b'F';
        self.buffer.clear();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let piece = line.last() != Some(&b'\n');
            if piece {
                prefix[PREFIX - 2] = b'P';
            }
            self.buffer.extend_from_slice(&prefix);
            self.buffer.extend_from_slice(line);
            if piece {
                self.buffer.push(b'\n');
            }
        }
        &self.buffer
    }

    /// The time as part of a file's name; files sort by it.
    pub fn file_name(&self) -> String {
        String::from_utf8_lossy(&self.time).replace(':', "-")
    }

    pub fn time(&mut self) -> String {
        self.look();
        String::from_utf8_lossy(&self.time).into_owned()
    }

    fn look(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            let text = rfc3339(now.as_secs().cast_signed());
            // Years of more digits are not this format's.
            if text.len() == MICROS {
                self.time[..MICROS].copy_from_slice(text.as_bytes());
                self.time[MICROS - 1] = b'.';
                self.time[TIME - 1] = b'Z';
            }
        }
        let mut rest = now.subsec_micros();
        for digit in self.time[MICROS..TIME - 1].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
    }
}

/// A record taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub time: &'a [u8],
    pub stream: Stream,
    pub is_piece: bool,
    pub text: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` for what is no record, as one that was cut off.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let (prefix, text) = line.split_at_checked(PREFIX)?;
        let name = prefix.get(TIME + 1..TIME + 7)?;
        let streams = [Stream::Stdout, Stream::Stderr, Stream::System];
        let stream = streams.into_iter().find(|stream| stream.name() == name)?;
        let is_piece = match prefix[PREFIX - 2] {
            b'P' => true,
            b'F' => false,
            _ => return None,
        };
        Some(Self { time: &prefix[..TIME], stream, is_piece, text })
    }
}
