//! What services say: read when it comes, and of those who say much in small pieces now and then, for each look costs.

use super::Supervisor;
use super::poller::Source;
use super::supervised::Supervised;
use crate::service::logs::Stream;
use rustix::event::epoll::EventFlags;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How much of what a service said last is read at once when it ends; what its orphans go on to say can wait.
const LAST_WORDS: usize = 1 << 20;
/// How long those who say much in small pieces are left alone.
const REST: Duration = Duration::from_millis(50);
/// Who is silent for longer than this between two pieces is heard at once.
const PAUSE: Duration = Duration::from_millis(25);
/// After so long a silence of one pipe the other may rest.
const SILENCE: Duration = Duration::from_secs(1);
/// What may gather meanwhile, in bytes: a quarter of a pipe, so that nobody has to wait for us.
const ROOM: usize = 16 << 10;

/// How a service speaks through one of its pipes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// When it was read last.
    heard: Option<Duration>,
    /// It is not waited for: it is looked at with all others that rest.
    pub rests: bool,
}

impl Pace {
    /// Takes in that so many bytes came at a time; whether it can be left alone for a while.
    fn hear(&mut self, length: usize, now: Duration) -> bool {
        let before = self.heard.replace(now);
        let Some(pause) = before.map(|before| now.saturating_sub(before)) else { return false };
        pause <= PAUSE && length as u128 * REST.as_nanos() <= ROOM as u128 * pause.as_nanos()
    }

    fn is_silent(&self, now: Duration) -> bool {
        self.heard.is_none_or(|heard| now.saturating_sub(heard) > SILENCE)
    }
}

impl Supervised {
    fn pipe(&self, source: Source) -> &OwnedFd {
        match source {
            Source::Stderr(_) => &self.stderr.read,
            _ => &self.stdout.read,
        }
    }

    fn pace(&mut self, source: Source) -> &mut Pace {
        match source {
            Source::Stderr(_) => &mut self.stderr_pace,
            _ => &mut self.stdout_pace,
        }
    }
}

impl Supervisor<'_> {
    /// There is something to read. What the other pipe may hold came before, so it is read before.
    pub fn hear(&mut self, index: usize, source: Source) {
        let other = match source {
            Source::Stderr(_) => Source::Stdout(index),
            _ => Source::Stderr(index),
        };
        if self.services[index].pace(other).rests {
            self.read_output(index, other);
            self.end_rest(index, other);
        }
        let length = self.read_output(index, source);
        let now = self.started.elapsed();
        let service = &mut self.services[index];
        let can_rest = service.pace(source).hear(length, now);
        // Between two that speak at once the order would be lost.
        if can_rest && service.pace(other).is_silent(now) {
            service.pace(source).rests = true;
            self.poller.change(service.pipe(source), source, EventFlags::empty());
            self.resting.push(source);
            self.round.get_or_insert(now + REST);
        }
    }

    /// Looks at those who rest: who has become silent, or says more than there is room for, is waited for again.
    pub fn go_round(&mut self) {
        let now = self.started.elapsed();
        if self.round.is_none_or(|due| due > now) {
            return;
        }
        for source in std::mem::take(&mut self.resting) {
            let (Source::Stdout(index) | Source::Stderr(index)) = source else { continue };
            if !self.services[index].pace(source).rests {
                continue;
            }
            let length = self.read_output(index, source);
            self.services[index].pace(source).heard = Some(now);
            if (1..=ROOM).contains(&length) {
                self.resting.push(source);
            } else {
                self.end_rest(index, source);
            }
        }
        self.round = (!self.resting.is_empty()).then(|| self.started.elapsed() + REST);
    }

    fn end_rest(&mut self, index: usize, source: Source) {
        let service = &mut self.services[index];
        service.pace(source).rests = false;
        self.poller.change(service.pipe(source), source, EventFlags::IN);
    }

    pub fn read_last_words(&mut self, index: usize) {
        for source in [Source::Stdout(index), Source::Stderr(index)] {
            let mut length = 0;
            while length < LAST_WORDS {
                match self.read_output(index, source) {
                    0 => break,
                    more => length += more,
                }
            }
        }
    }

    /// Returns how much there was.
    fn read_output(&mut self, index: usize, source: Source) -> usize {
        let service = &mut self.services[index];
        let stream = match source {
            Source::Stderr(_) => Stream::Stderr,
            _ => Stream::Stdout,
        };
        let read = rustix::io::read(service.pipe(source), &mut self.buffer);
        let Ok(length) = read else { return 0 };
        let could_write = service.log.trouble().is_none();
        service.log.append(&mut self.clock, stream, &self.buffer[..length]);
        self.tell_of_trouble(index, could_write);
        self.look_for_line(index, stream, length);
        length
    }

    /// What was said of services since, for which nothing that starts or stops had to wait.
    pub fn write_logs(&mut self) {
        for index in 0..self.services.len() {
            let log = &mut self.services[index].log;
            let could_write = log.trouble().is_none();
            log.write_waiting(&mut self.clock);
            self.tell_of_trouble(index, could_write);
        }
    }

    /// Once, when nothing can be written any more.
    fn tell_of_trouble(&mut self, index: usize, could_write: bool) {
        let service = &self.services[index];
        let trouble = service.log.trouble();
        self.has_happened |= could_write != trouble.is_none();
        if let Some(trouble) = trouble.filter(|_| could_write) {
            let why = crate::ui::plain(&trouble.into());
            let name = service.spec.name.clone();
            crate::ui::warn(self.host, &format!("could not write the log of `{name}`: {why}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_be_left_alone() {
        let can_rest = |pieces: &[(u64, usize)]| {
            let mut pace = Pace::default();
            let at = Duration::from_micros;
            pieces.iter().map(|(time, length)| pace.hear(*length, at(*time))).last().unwrap()
        };
        assert!(!can_rest(&[(0, 10)]), "the first piece may be the only one");
        assert!(!can_rest(&[(0, 10), (30_000, 10)]), "this is slow");
        assert!(can_rest(&[(0, 10), (10_000, 80)]));
        assert!(!can_rest(&[(0, 10), (10_000, 4096)]), "a pipe would be full");
        assert!(!can_rest(&[(0, 10), (20, 1600)]), "this is a flood");
        assert!(can_rest(&[(0, 10), (90_000, 10), (100_000, 10)]));
    }
}
