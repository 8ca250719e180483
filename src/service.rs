//! What a project wants running: its services as one model, wherever they are written down.

mod directory;
mod procfile;
mod table;
pub mod import;
pub mod watch;
pub mod schedule;
pub mod zone;
pub mod project;
pub mod graph;
pub mod places;
pub mod state;
pub mod process;
pub mod control_group;
pub mod ports;
pub mod readiness;
pub mod logs;
pub mod control;
pub mod place;
pub mod environment;
pub mod supervisor;
pub mod listener;
pub mod keeper;
pub mod view;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use ports::{Listen, Port};
pub use schedule::Schedule;
pub use zone::Zone;

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub name: String,
    pub kind: Kind,
    pub run: Program,
    /// Runs after each end of `run`, with what s6 tells it.
    pub finish: Option<Finish>,
    pub dir: PathBuf,
    /// On top of the project's environment; `None` takes a variable away.
    pub env: BTreeMap<String, Option<String>>,
    pub depends_on: BTreeMap<String, Condition>,
    pub ready: Option<Ready>,
    /// Asked again and again once it is ready; a service that fails it is restarted.
    pub live: Option<Probe>,
    pub restart: Restart,
    /// How long the work of a oneshot may take; `None` as long as it likes.
    pub time_limit: Option<Duration>,
    pub stop: Stop,
    /// The TCP ports that it listens at, by name.
    pub ports: BTreeMap<String, Port>,
    /// Sockets that are opened for it, in the order in which it gets them.
    pub listen: BTreeMap<String, Listen>,
    /// Patterns of files for which it is restarted, with their whole path.
    pub watch: Vec<String>,
    /// When it runs, if not all the time.
    pub schedule: Option<Schedule>,
    /// Whose clocks the schedule means; `None` for those of its environment's `TZ`, or of the machine.
    pub timezone: Option<Zone>,
    pub log: LogLimits,
    /// The service that reads its standard output, which is then not in envr's log.
    pub logger: Option<String>,
    pub start: StartWhen,
    /// Whether `up` without names starts it.
    pub starts_with_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Longrun,
    /// Does its work and ends.
    Oneshot,
}

/// When a service that is wanted up starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartWhen {
    /// As soon as what it needs is there.
    AtOnce,
    /// When somebody connects to one of its sockets.
    OnConnection,
}

/// What to start, without a shell in between unless it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// A name without a slash is looked for on the service's PATH.
    pub file: PathBuf,
    pub arguments: Vec<OsString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub file: PathBuf,
    /// `None` waits for ever.
    pub timeout: Option<Duration>,
}

/// What a service waits for in another before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Started,
    Ready,
    /// It ended, and well.
    Completed,
}

/// How it is known that a service does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    pub how: Readiness,
    /// A service that is not ready by then is restarted. `None` waits for ever.
    pub timeout: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// A line written to this descriptor, as s6 has it.
    Descriptor(i32),
    /// `READY=1`, sent to `$NOTIFY_SOCKET`, as systemd has it.
    Notify {
        /// It has to say `WATCHDOG=1` at least so often; who does not is started again.
        watchdog: Option<Duration>,
    },
    /// A line of its output that holds this.
    LogLine(String),
    Probe(Probe),
}

/// A question that is asked until the answer is yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub check: Check,
    /// From one end to the next start.
    pub every: Duration,
    /// For each answer.
    pub timeout: Duration,
    /// How many in a row count as a failure.
    pub failures: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// A shell command that succeeds.
    Exec(String),
    /// Somebody accepts connections.
    Tcp { host: String, port: PortOf },
    /// A GET that is answered with a status from 200 to 399.
    Http { host: String, port: PortOf, path: String },
}

/// The port that a check asks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortOf {
    Number(u16),
    /// It is in a variable of the service's environment.
    Variable(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    pub when: RestartWhen,
    /// The first delay, which doubles with each failure.
    pub delay: Duration,
    pub longest_delay: Duration,
    /// Failures in a row after which it is left alone; `None` goes on for ever.
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartWhen {
    Always,
    OnFailure,
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// A line for the shell that asks it to end; the signal follows if it did not.
    pub command: Option<String>,
    pub signal: i32,
    /// Who gets the signal.
    pub scope: Scope,
    /// From the signal to SIGKILL for all it started; `None` waits for ever.
    pub timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The process that was started, as s6 has it.
    Main,
    /// Its process group, as a terminal's Ctrl-C.
    Group,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Bytes of one file.
    pub size: u64,
    /// How many files are kept, the current one included.
    pub files: u32,
}

impl Program {
    /// A line for the shell.
    pub fn shell(line: &str) -> Self {
        Self { file: "/bin/sh".into(), arguments: vec!["-c".into(), line.into()] }
    }
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            when: RestartWhen::Always,
            delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(30),
            limit: None,
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            command: None,
            signal: signal_hook::consts::SIGTERM,
            scope: Scope::Group,
            timeout: Some(Duration::from_secs(10)),
        }
    }
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { size: 1 << 20, files: 10 }
    }
}

impl Spec {
    /// A service that is run from `dir`, with nothing said about it.
    pub fn new(name: &str, dir: PathBuf, run: Program) -> Self {
        Self {
            name: name.to_string(),
            kind: Kind::Longrun,
            run,
            finish: None,
            dir,
            env: BTreeMap::new(),
            depends_on: BTreeMap::new(),
            ready: None,
            live: None,
            restart: Restart::default(),
            time_limit: None,
            stop: Stop::default(),
            ports: BTreeMap::new(),
            listen: BTreeMap::new(),
            watch: Vec::new(),
            schedule: None,
            timezone: None,
            log: LogLimits::default(),
            logger: None,
            start: StartWhen::AtOnce,
            starts_with_all: true,
        }
    }
}

impl Condition {
    /// As definitions and notes have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ready => "ready",
            Self::Completed => "completed",
        }
    }
}

impl Spec {
    /// Whether it can ever be done: what is always started again is not.
    pub fn can_complete(&self) -> bool {
        let ends = self.kind == Kind::Oneshot || self.restart.when != RestartWhen::Always;
        ends && self.start == StartWhen::AtOnce
    }

    /// What it is reached at, by name: its ports, and those that are opened for it.
    pub fn tcp_ports(&self) -> impl Iterator<Item = (&String, &Port)> {
        let sockets = self.listen.iter().filter_map(|(name, socket)| match socket {
            Listen::Tcp(_, port) => Some((name, port)),
            Listen::Unix(_) => None,
        });
        self.ports.iter().chain(sockets)
    }
}

/// A signal by its name, with or without `SIG`, or by its number.
pub fn signal_number(name: &str) -> Option<i32> {
    use signal_hook::consts::{
        SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGQUIT, SIGSTOP, SIGTERM,
        SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH,
    };
    let names = [
        ("ABRT", SIGABRT),
        ("ALRM", SIGALRM),
        ("CONT", SIGCONT),
        ("HUP", SIGHUP),
        ("INT", SIGINT),
        ("KILL", SIGKILL),
        ("PIPE", SIGPIPE),
        ("QUIT", SIGQUIT),
        ("STOP", SIGSTOP),
        ("TERM", SIGTERM),
        ("TSTP", SIGTSTP),
        ("TTIN", SIGTTIN),
        ("TTOU", SIGTTOU),
        ("USR1", SIGUSR1),
        ("USR2", SIGUSR2),
        ("WINCH", SIGWINCH),
    ];
    let name = name.trim().to_ascii_uppercase();
    if let Ok(number) = name.parse::<i32>() {
        return (1..=31).contains(&number).then_some(number);
    }
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// Whether a name can be a service's: a word that is also a file's name, and the same on every terminal.
pub fn is_name(name: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_letter)
}
