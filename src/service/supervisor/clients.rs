//! Those who ask: accepted if they are this user, read line by line, and never waited for.

use super::poller::Source;
use super::{Ending, Supervisor};
use crate::service::control::{Asked, LONGEST, Note, Reply, Request, Status, Until, VERSION};
use crate::service::place::check_peer;
use crate::ui;
use rustix::event::epoll::EventFlags;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What a client that does not read may leave unread before it is hung up on, in bytes.
const PATIENCE: usize = 4 << 20;

/// How long clients wait for a free descriptor before it is tried again.
const RESPITE: Duration = Duration::from_millis(100);
/// What goes wrong with one client, not with the next.
const PASSING: [io::ErrorKind; 2] = [io::ErrorKind::Interrupted, io::ErrorKind::ConnectionAborted];

#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What it waits for.
    pub waits_for: Option<Waiting>,
    /// The supervisor ends when it hangs up.
    pub owns: bool,
    is_gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// What can start to have started.
    Settled,
    /// Everything to end; holds who was still running when it was last told.
    Down(Vec<String>),
    For {
        services: Vec<usize>,
        until: Until,
    },
    /// Anything to change; holds what it was told last.
    Changes(Vec<Status>),
    /// Services to be down.
    Stopped(Vec<usize>),
    /// Services to be up again.
    Back {
        services: Vec<usize>,
        /// With those that they need.
        all: Vec<usize>,
        notes: Vec<Note>,
    },
}

impl Supervisor<'_> {
    pub fn accept(&mut self) {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if PASSING.contains(&error.kind()) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Nothing is free for one more. Who waits would be told of again and again.
                Err(_) => {
                    self.poller.remove(&self.listener);
                    self.accepts_again = Some(self.started.elapsed() + RESPITE);
                    return;
                }
            };
            if check_peer(&stream).is_err() || stream.set_nonblocking(true).is_err() {
                continue;
            }
            self.next_client = self.next_client.wrapping_add(1);
            let number = self.next_client;
            if self.poller.add(&stream, Source::Client(number)).is_ok() {
                let client = Client {
                    stream,
                    input: Vec::new(),
                    output: Vec::new(),
                    waits_for: None,
                    owns: false,
                    is_gone: false,
                };
                self.clients.insert(number, client);
            }
        }
    }

    /// Goes on with whoever had to wait.
    pub fn accept_if_due(&mut self, now: Duration) {
        if self.accepts_again.is_some_and(|due| due <= now) {
            self.accepts_again = None;
            match self.poller.add(&self.listener, Source::Listener) {
                Ok(()) => self.accept(),
                Err(_) => self.accepts_again = Some(now + RESPITE),
            }
        }
    }

    pub fn serve_client(&mut self, number: u32) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        client.write();
        let lines = client.read();
        for line in lines {
            if let Some(reply) = self.answer(number, &line) {
                self.reply(number, &reply);
            }
        }
        self.drop_if_gone(number);
    }

    pub fn reply(&mut self, number: u32, reply: &Reply) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        if let Ok(line) = serde_json::to_vec(reply) {
            client.output.extend(line);
            client.output.push(b'\n');
        }
        client.write();
        // Who does not read at once is told when it can.
        let flags = if client.output.is_empty() {
            EventFlags::IN
        } else {
            EventFlags::IN | EventFlags::OUT
        };
        self.poller.change(&client.stream, Source::Client(number), flags);
        self.drop_if_gone(number);
    }

    fn drop_if_gone(&mut self, number: u32) {
        let Some(client) = self.clients.get(&number).filter(|client| client.is_gone) else {
            return;
        };
        let owned = client.owns;
        self.poller.remove(&client.stream);
        self.clients.remove(&number);
        if owned {
            self.end(Ending::InOrder);
        }
    }

    fn answer(&mut self, number: u32, line: &[u8]) -> Option<Reply> {
        if line.len() > LONGEST {
            if let Some(client) = self.clients.get_mut(&number) {
                client.is_gone = true;
            }
            return None;
        }
        match serde_json::from_slice::<Asked>(line) {
            Ok(Asked { version: VERSION, request }) => self.answer_request(number, request),
            Ok(Asked { version, .. }) => Some(refusal(&format!(
                "the supervisor speaks version {VERSION} of its protocol, not {version}"
            ))),
            Err(error) => Some(refusal(&format!("the supervisor did not understand: {error}"))),
        }
    }

    fn answer_request(&mut self, number: u32, request: Request) -> Option<Reply> {
        let result = self.do_what_is_asked(number, request);
        result.unwrap_or_else(|error| {
            let hinted =
                error.chain().find_map(|cause| cause.downcast_ref::<crate::error::Hinted>());
            let hint = hinted.and_then(|hinted| hinted.hints().first().cloned());
            Some(Reply::Refused { message: ui::causes(&error), hint })
        })
    }
}

impl Client {
    /// Whole lines; what is longer than a request can be comes as it is.
    fn read(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 8192];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.is_gone = true;
                    break;
                }
                Ok(length) => self.input.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.is_gone = true;
                    break;
                }
            }
            if self.input.len() > LONGEST {
                return vec![std::mem::take(&mut self.input)];
            }
        }
        let end = self.input.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.input.split_off(end);
        let whole = std::mem::replace(&mut self.input, rest);
        whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn write(&mut self) {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(length) => _ = self.output.drain(..length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.is_gone = true;
                    return;
                }
            }
        }
        self.is_gone |= self.output.len() > PATIENCE;
    }
}

fn refusal(message: &str) -> Reply {
    Reply::Refused { message: message.to_string(), hint: None }
}
