//! What the loop waits for, and the one place where it waits.

use anyhow::{Context as _, Result};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Who has something for us; the numbers are those of services and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Ends,
    RequestsToEnd,
    Listener,
    Evaluation,
    Files,
    Client(u32),
    Stdout(usize),
    Stderr(usize),
    Ready(usize),
    Probe(usize),
    Connection(usize),
    Alarm,
}

#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    pub fn new() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("could not wait for events")?;
        Ok(Self { epoll })
    }

    /// Waits until it can be read, or is hung up.
    pub fn add(&self, fd: impl AsFd, source: Source) -> Result<()> {
        self.add_for(fd, source, EventFlags::IN)
    }

    pub fn add_for(&self, fd: impl AsFd, source: Source, flags: EventFlags) -> Result<()> {
        epoll::add(&self.epoll, fd, EventData::new_u64(source.pack()), flags)
            .context("could not wait for an event")
    }

    pub fn change(&self, fd: impl AsFd, source: Source, flags: EventFlags) {
        _ = epoll::modify(&self.epoll, fd, EventData::new_u64(source.pack()), flags);
    }

    pub fn remove(&self, fd: impl AsFd) {
        _ = epoll::delete(&self.epoll, fd);
    }

    /// Without a time it waits until something happens.
    pub fn wait(&self, time: Option<Duration>) -> Result<Vec<Source>> {
        let time = time.map(|time| Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        });
        let mut events: Vec<Event> = Vec::with_capacity(256);
        let buffer = rustix::buffer::spare_capacity(&mut events);
        match epoll::wait(&self.epoll, buffer, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not wait for events"),
        }
        Ok(events.iter().filter_map(|event| Source::unpack(event.data.u64())).collect())
    }
}

impl Source {
    fn pack(self) -> u64 {
        let (kind, number) = match self {
            Self::Ends => (0, 0),
            Self::RequestsToEnd => (1, 0),
            Self::Listener => (2, 0),
            Self::Evaluation => (3, 0),
            Self::Client(number) => (4, u64::from(number)),
            Self::Stdout(index) => (5, index as u64),
            Self::Stderr(index) => (6, index as u64),
            Self::Ready(index) => (7, index as u64),
            Self::Probe(index) => (8, index as u64),
            Self::Files => (9, 0),
            Self::Connection(index) => (10, index as u64),
            Self::Alarm => (11, 0),
        };
        number << 8 | kind
    }

    fn unpack(data: u64) -> Option<Self> {
        let number = data >> 8;
        let index = usize::try_from(number).ok()?;
        Some(match data & 0xff {
            0 => Self::Ends,
            1 => Self::RequestsToEnd,
            2 => Self::Listener,
            3 => Self::Evaluation,
            4 => Self::Client(u32::try_from(number).ok()?),
            5 => Self::Stdout(index),
            6 => Self::Stderr(index),
            7 => Self::Ready(index),
            8 => Self::Probe(index),
            9 => Self::Files,
            10 => Self::Connection(index),
            11 => Self::Alarm,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_survive_the_kernel() {
        let sources = [
            Source::Ends,
            Source::RequestsToEnd,
            Source::Listener,
            Source::Evaluation,
            Source::Client(7),
            Source::Stdout(0),
            Source::Stderr(1),
            Source::Ready(1 << 20),
            Source::Probe(9),
            Source::Files,
            Source::Connection(3),
            Source::Alarm,
        ];
        for source in sources {
            assert_eq!(Source::unpack(source.pack()), Some(source));
        }
    }
}
