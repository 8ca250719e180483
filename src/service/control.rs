//! What is said over the supervisor's socket: one line of JSON for each request and reply.

use super::state::State;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;

/// Both ends must mean the same.
pub const VERSION: u32 = 1;
/// A request that is longer than this many bytes is none.
pub const LONGEST: usize = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub version: u32,
    pub request: Request,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Whether anybody is there who will stay: a supervisor that was just killed still accepts.
    Hello,
    /// Reads the definitions anew, and starts these services (all, where none is named) with what they need. Who owns
    /// the supervisor ends it by hanging up.
    Up {
        names: Vec<String>,
        owns: bool,
    },
    /// Stops everything, and the supervisor. `Stopping` tells how far it is, `Done` is the end.
    Down,
    /// As `Down`, with SIGKILL.
    Kill,
    Start {
        names: Vec<String>,
    },
    Stop {
        names: Vec<String>,
    },
    /// `Done` comes when they are up again.
    Restart {
        names: Vec<String>,
    },
    Signal {
        names: Vec<String>,
        signal: i32,
    },
    Ps,
    /// The services now, and again whenever something about them changes.
    Watch,
    Wait {
        names: Vec<String>,
        until: Until,
    },
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    Ready,
    Completed,
    /// Nothing runs any more, and nothing will.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    Done {
        /// Services that ended only by SIGKILL.
        killed: Vec<String>,
        /// Services that did not even end by that, or that failed.
        failed: Vec<String>,
        /// What is to be said beside.
        #[serde(default)]
        notes: Vec<Note>,
    },
    Services {
        services: Vec<Status>,
    },
    Stopping {
        running: Vec<String>,
    },
    Refused {
        message: String,
        hint: Option<String>,
    },
}

/// Something that its reader may not expect, with what to type next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub message: String,
    pub hint: String,
}

/// A service as `ps --json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub name: String,
    pub state: String,
    pub pid: Option<i32>,
    /// When it came into its state: RFC 3339, in UTC.
    pub since: String,
    /// Starts after the first.
    pub restarts: u64,
    /// The TCP ports that it has, by name.
    pub ports: BTreeMap<String, u16>,
    /// How its last run ended: `0`, `1`, `SIGKILL`.
    pub exit: Option<String>,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl State {
    /// Its word in `ps`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Ready => "ready",
            Self::Stopping | Self::Sweeping | Self::Finishing => "stopping",
            Self::Backoff => "backoff",
            Self::Failed => "failed",
            Self::Completed => "completed",
        }
    }
}

impl Status {
    /// Of a service that nobody supervises.
    pub fn down(name: String) -> Self {
        Self {
            name,
            state: State::Down.word().to_string(),
            pid: None,
            since: String::new(),
            restarts: 0,
            ports: BTreeMap::new(),
            exit: None,
            note: None,
        }
    }
}

/// The end that asks.
#[derive(Debug)]
pub struct Connection {
    replies: BufReader<UnixStream>,
}

impl Connection {
    pub fn new(stream: UnixStream) -> Self {
        Self { replies: BufReader::new(stream) }
    }

    pub fn stream(&self) -> &UnixStream {
        self.replies.get_ref()
    }

    pub fn send(&mut self, request: Request) -> Result<()> {
        let mut line = serde_json::to_vec(&Asked { version: VERSION, request })?;
        line.push(b'\n');
        self.stream().write_all(&line).context("could not ask the supervisor")
    }

    /// The next reply; a refusal is an error.
    pub fn receive(&mut self) -> Result<Reply> {
        let mut line = String::new();
        let length = match self.replies.read_line(&mut line) {
            // It ended before it read what it was asked.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.context("could not hear the supervisor")?,
        };
        if length == 0 {
            bail!("the supervisor ended");
        }
        let reply = serde_json::from_str(&line)
            .context("could not understand the supervisor: it is of another version")?;
        match reply {
            Reply::Refused { message, hint: Some(hint) } => {
                Err(crate::error::Hinted::new(message, hint).into())
            }
            Reply::Refused { message, hint: None } => bail!(message),
            reply => Ok(reply),
        }
    }

    pub fn ask(&mut self, request: Request) -> Result<Reply> {
        self.send(request)?;
        self.receive()
    }

    /// Whether a whole reply has been read from the socket already.
    pub fn has_reply(&self) -> bool {
        self.replies.buffer().contains(&b'\n')
    }
}
