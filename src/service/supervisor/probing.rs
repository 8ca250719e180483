//! Readiness and liveness: what a service says of itself, and what checks say of it.

use super::supervised::{Listening, Supervised};
use super::{Child, Source, Supervisor, number};
use crate::service::logs::Stream;
use crate::service::readiness::{Attempt, Place, Progress};
use crate::service::state::{Event, State};
use crate::service::{Probe, Readiness};
use rustix::event::epoll::EventFlags;
use std::time::Duration;

/// After the first failure of a readiness check; the pause doubles up to what the definition says.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

impl Supervised {
    /// The check that its state asks for.
    fn probe(&self) -> Option<&Probe> {
        match self.life.state {
            State::Starting => match self.spec.ready.as_ref().map(|ready| &ready.how) {
                Some(Readiness::Probe(probe)) => Some(probe),
                _ => None,
            },
            State::Up | State::Ready => self.spec.live.as_ref(),
            _ => None,
        }
    }
}

impl Supervisor<'_> {
    /// What came through the descriptor or the socket that the service was given.
    pub fn read_readiness(&mut self, index: usize) {
        let service = &mut self.services[index];
        let is_ready = match &service.readiness {
            Listening::Descriptor(fd) => match rustix::io::read(fd, &mut self.buffer) {
                Ok(0) => {
                    service.stop_listening(&self.poller);
                    service.readiness = Listening::Closed;
                    return;
                }
                Ok(length) => self.buffer[..length].contains(&b'\n'),
                Err(_) => false,
            },
            Listening::Socket(socket) => {
                if let Ok(length) = socket.recv(&mut self.buffer) {
                    self.hear_notice(index, length);
                }
                return;
            }
            Listening::LogLine { .. } | Listening::Closed | Listening::Nothing => false,
        };
        if is_ready {
            service.stop_listening(&self.poller);
            self.happen(index, Event::SaidReady);
        }
    }

    /// A datagram as systemd has it, from whoever of the service sends one; the first `length` bytes of the buffer.
    fn hear_notice(&mut self, index: usize, length: usize) {
        let lines: Vec<&[u8]> = self.buffer[..length].split(|byte| *byte == b'\n').collect();
        let says = |line: &[u8]| lines.contains(&line);
        let (is_ready, is_alive) = (says(b"READY=1"), says(b"WATCHDOG=1"));
        let (is_stopping, is_ill) = (says(b"STOPPING=1"), says(b"WATCHDOG=trigger"));
        if is_ready {
            self.happen(index, Event::SaidReady);
        }
        let service = &mut self.services[index];
        if is_stopping || service.life.state != State::Ready {
            service.watchdog = None;
        } else if is_ill {
            self.fail_check(index, "it asked its watchdog to start it again");
        } else if is_ready || is_alive && service.watchdog.is_some() {
            let Some(Readiness::Notify { watchdog }) =
                service.spec.ready.as_ref().map(|ready| &ready.how)
            else {
                return;
            };
            service.watchdog = watchdog.map(|time| self.started.elapsed() + time);
        }
    }

    pub fn watch_if_due(&mut self, index: usize, now: Duration) {
        if self.services[index].watchdog.is_some_and(|due| due <= now) {
            self.fail_check(index, "its watchdog heard nothing of it in time");
        }
    }

    fn fail_check(&mut self, index: usize, text: &str) {
        let service = &mut self.services[index];
        service.tell(&mut self.clock, text);
        service.stop_listening(&self.poller);
        self.happen(index, Event::Unhealthy);
    }

    /// Whether the text by which it is ready is in what it said; the first `length` bytes of the buffer are new.
    pub fn look_for_line(&mut self, index: usize, stream: Stream, length: usize) {
        let service = &mut self.services[index];
        let Listening::LogLine { stdout, stderr } = &mut service.readiness else { return };
        let search = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
            Stream::System => return,
        };
        if search.hear(&self.buffer[..length]) {
            service.stop_listening(&self.poller);
            self.happen(index, Event::SaidReady);
        }
    }

    pub fn probe_if_due(&mut self, index: usize, now: Duration) {
        if self.services[index].attempt_deadline.is_some_and(|deadline| deadline <= now) {
            self.give_up_attempt(index);
        }
        let service = &self.services[index];
        if service.attempt.is_some() || service.next_probe.is_none_or(|due| due > now) {
            return;
        }
        let Some(probe) = service.probe().cloned() else {
            self.services[index].next_probe = None;
            return;
        };
        let env = self.environment_of(index);
        let service = &mut self.services[index];
        service.next_probe = None;
        service.attempts += 1;
        let place = Place { dir: &service.spec.dir, env: &env, open_files: self.open_files };
        match Attempt::start(&probe.check, place, service.attempts) {
            Ok(attempt) => {
                service.attempt_deadline = Some(now + probe.timeout);
                match &attempt {
                    Attempt::Exec(pid) => {
                        self.children.insert(number(*pid), Child::Probe(index));
                    }
                    Attempt::Connect { socket, .. } => {
                        _ = self.poller.add_for(socket, Source::Probe(index), EventFlags::OUT);
                    }
                }
                service.attempt = Some(attempt);
            }
            Err(error) => {
                service.note =
                    Some(format!("its check could not be made: {}", crate::ui::plain(&error)));
                self.probe_answered(index, false);
            }
        }
    }

    pub fn go_on_with_probe(&mut self, index: usize) {
        let Some(attempt) = &mut self.services[index].attempt else { return };
        match attempt.proceed() {
            Progress::Over(answer) => self.probe_answered(index, answer),
            Progress::Readable => {
                if let Some(socket) = attempt.socket() {
                    self.poller.change(socket, Source::Probe(index), EventFlags::IN);
                }
            }
        }
    }

    /// A check that is a process is over when that has ended; a connection is just dropped.
    fn give_up_attempt(&mut self, index: usize) {
        let service = &mut self.services[index];
        service.attempt_deadline = None;
        match &service.attempt {
            Some(attempt @ Attempt::Exec(_)) => attempt.give_up(),
            Some(Attempt::Connect { .. }) => self.probe_answered(index, false),
            None => {}
        }
    }

    pub fn probe_answered(&mut self, index: usize, answer: bool) {
        let now = self.started.elapsed();
        let service = &mut self.services[index];
        if let Some(socket) = service.attempt.as_ref().and_then(Attempt::socket) {
            self.poller.remove(socket);
        }
        service.attempt = None;
        service.attempt_deadline = None;
        let Some(probe) = service.probe().cloned() else { return };
        let is_starting = service.life.state == State::Starting;
        match (is_starting, answer) {
            (true, true) => {
                service.probe_failures = 0;
                self.happen(index, Event::SaidReady);
            }
            (true, false) => {
                service.probe_failures += 1;
                let pause = FIRST_PAUSE.saturating_mul(1 << (service.probe_failures - 1).min(10));
                service.next_probe = Some(now + pause.min(probe.every));
            }
            (false, true) => {
                service.probe_failures = 0;
                service.next_probe = Some(now + probe.every);
            }
            (false, false) => {
                service.probe_failures += 1;
                if service.probe_failures < probe.failures {
                    service.next_probe = Some(now + probe.every);
                    return;
                }
                self.fail_check(index, "it failed its liveness checks");
            }
        }
    }
}
