//! One try of a check: started, polled and given up without anybody waiting for it.

use super::process::{self, Launch};
use super::{Check, PortOf};
use crate::env::Env;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};
use rustix::process::{Pid, Rlimit};
use signal_hook::consts::SIGKILL;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

/// `ESC [ 38 ; 2 ; 255 ; 255 ; 255 m` and its kind have fewer bytes than this.
const LONGEST_COLOUR: usize = 64;
/// An answer's first line fits into this many bytes.
const FIRST_LINE: usize = 256;

#[derive(Debug)]
pub enum Attempt {
    Exec(Pid),
    Connect {
        socket: OwnedFd,
        request: Option<Vec<u8>>,
        /// It was sent; the answer is to come.
        sent: bool,
        /// What came of it.
        answer: Vec<u8>,
    },
}

/// A text that is looked for in what a service says, whatever colours are around it and in it.
#[derive(Debug)]
pub struct Search {
    text: Vec<u8>,
    /// The end of what was said that may be the beginning of the text.
    seen: Vec<u8>,
    /// The beginning of a colour, perhaps.
    open: Vec<u8>,
}

/// What is to be waited for before the attempt can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Readable,
    /// The end, and whether the answer was yes.
    Over(bool),
}

/// Where a check runs.
#[derive(Debug)]
pub struct Place<'a> {
    pub dir: &'a Path,
    pub env: &'a Env,
    pub open_files: Rlimit,
}

impl Attempt {
    /// `count` is how many there were before: a name that stands for two addresses is tried at each in turn.
    pub fn start(check: &Check, place: Place, count: u64) -> io::Result<Self> {
        match check {
            Check::Exec(line) => {
                let arguments = [OsString::from("-c"), line.into()];
                let pid = process::spawn(Launch {
                    file: Path::new("/bin/sh"),
                    arguments: &arguments,
                    dir: place.dir,
                    env: place.env,
                    stdin: None,
                    stdout: None,
                    stderr: None,
                    passed: vec![],
                    open_files: place.open_files,
                    group: None,
                })?;
                Ok(Self::Exec(pid))
            }
            Check::Tcp { host, port } => {
                Self::connect(address(host, number(port, place.env)?, count)?, None)
            }
            Check::Http { host, port, path } => {
                let port = number(port, place.env)?;
                let request = format!(
                    "GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
                );
                Self::connect(address(host, port, count)?, Some(request.into_bytes()))
            }
        }
    }

    fn connect(address: SocketAddr, request: Option<Vec<u8>>) -> io::Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {
                Ok(Self::Connect { socket, request, sent: false, answer: Vec::new() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is polled, for an attempt that is no process.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Exec(_) => None,
            Self::Connect { socket, .. } => Some(socket.as_fd()),
        }
    }

    /// Goes on after the socket became ready.
    pub fn proceed(&mut self) -> Progress {
        let Self::Connect { socket, request, sent, answer } = self else {
            return Progress::Over(false);
        };
        if !*sent {
            if !matches!(sockopt::socket_error(&*socket), Ok(Ok(()))) {
                return Progress::Over(false);
            }
            let Some(request) = request else { return Progress::Over(true) };
            *sent = true;
            return match rustix::io::write(&*socket, request) {
                Ok(length) if length == request.len() => Progress::Readable,
                _ => Progress::Over(false),
            };
        }
        let mut piece = [0; FIRST_LINE];
        match rustix::io::read(&*socket, &mut piece[answer.len()..]) {
            Ok(0) => Progress::Over(is_fine(answer)),
            Ok(length) => {
                answer.extend_from_slice(&piece[answer.len()..][..length]);
                let is_whole = answer.len() == FIRST_LINE || answer.contains(&b'\n');
                if is_whole { Progress::Over(is_fine(answer)) } else { Progress::Readable }
            }
            Err(Errno::AGAIN | Errno::INTR) => Progress::Readable,
            Err(_) => Progress::Over(false),
        }
    }

    /// For an attempt that takes too long: nothing of it stays.
    pub fn give_up(&self) {
        if let Self::Exec(pid) = self {
            process::signal_group(*pid, SIGKILL);
        }
    }
}

impl Search {
    pub fn new(text: &str) -> Self {
        let mut search = Self { text: Vec::new(), seen: Vec::new(), open: Vec::new() };
        search.add(text.as_bytes());
        search.text = std::mem::take(&mut search.seen);
        search.open.clear();
        search
    }

    /// Whether the text came with these bytes, or before them and with them.
    pub fn hear(&mut self, bytes: &[u8]) -> bool {
        self.add(bytes);
        if self.seen.windows(self.text.len().max(1)).any(|window| window == self.text) {
            return true;
        }
        let keep = self.seen.len().min(self.text.len());
        self.seen.drain(..self.seen.len() - keep);
        false
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match (self.open.as_slice(), byte) {
                ([], 0x1b) | ([0x1b], b'[') | ([0x1b, b'[', ..], b'0'..=b'9' | b';' | b':')
                    if self.open.len() < LONGEST_COLOUR =>
                {
                    self.open.push(*byte);
                }
                ([0x1b, b'[', ..], b'm') => self.open.clear(),
                _ => {
                    self.seen.append(&mut self.open);
                    self.seen.push(*byte);
                }
            }
        }
    }
}

/// `HTTP/1.1 204 No Content`: everything from 200 to 399 is a yes.
fn is_fine(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse::<u16>().ok());
    status.is_some_and(|status| (200..400).contains(&status))
}

fn number(port: &PortOf, env: &Env) -> io::Result<u16> {
    match port {
        PortOf::Number(number) => Ok(*number),
        PortOf::Variable(name) => {
            let value = env.get(name).and_then(|value| value.to_str()?.parse().ok());
            let wrong = || format!("`{name}` in its environment is not a port");
            value.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, wrong()))
        }
    }
}

/// Names would have to be looked up, which can take any time; only the one of this machine is known.
fn address(host: &str, port: u16, count: u64) -> io::Result<SocketAddr> {
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let address = match host {
        "localhost" => own[usize::from(count % 2 == 1)],
        host => host.parse().map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "it is neither `localhost` nor an address")
        })?,
    };
    Ok(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_hide_no_text() {
        let hears = |text: &str, pieces: &[&str]| {
            let mut search = Search::new(text);
            pieces.iter().any(|piece| search.hear(piece.as_bytes()))
        };
        assert!(hears("is up", &["it is", " up"]));
        assert!(hears("is up", &["\x1b[1;32mis\x1b[", "0m u", "p\x1b[m"]));
        assert!(hears("\x1b[1mis up", &["is \x1b[4mup"]));
        assert!(hears("[0m", &["\x1b \x1b[2J[0m"]));
        assert!(!hears("is up", &["is\x1b[2J up", "is", "up"]));
        assert!(hears("\x1b[2J", &["\x1b[2", "J"]));
    }

    #[test]
    fn answers() {
        assert!(is_fine(b"HTTP/1.1 200 OK\r\n"));
        assert!(is_fine(b"HTTP/1.0 399 \r\n"));
        for no in [&b"HTTP/1.1 404 Not Found\r\n"[..], b"SSH-2.0-x", b"HTTP/1.1 2", b""] {
            assert!(!is_fine(no), "{}", String::from_utf8_lossy(no));
        }
    }
}
