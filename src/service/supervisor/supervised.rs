//! One service as the supervisor has it: its machine, its pipes, its log, and what is known of its processes.

use super::output::Pace;
use super::poller::Poller;
use crate::service::logs::{Clock, Log};
use crate::service::ports::Picked;
use crate::service::process::Identity;
use crate::service::readiness::{Attempt, Search};
use crate::service::schedule::Due;
use crate::service::state::{Life, Policy, State};
use crate::service::watch::Pattern;
use crate::service::{Condition, Kind, Port, Spec, StartWhen};
use anyhow::{Context as _, Result};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Where its user wants it to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Up,
    Down,
}

#[derive(Debug)]
pub struct Supervised {
    pub spec: Spec,
    pub policy: Policy,
    pub life: Life,
    pub goal: Goal,
    /// It is stopped to be started again.
    pub restarting: bool,
    /// Its machine knows that it is to stop.
    pub is_told: bool,
    /// It is defined no more, and goes once it is down.
    pub is_removed: bool,
    pub needs: Vec<(usize, Condition)>,
    /// What it needed when it was started; it may be defined otherwise by now.
    pub leans_on: Vec<usize>,
    /// Those that need it, or lean on it.
    pub dependents: Vec<usize>,
    /// Runs so far.
    pub runs: u64,
    /// When it came into its state, in UTC.
    pub since: String,
    /// What there is to say beside its state.
    pub note: Option<String>,
    /// How often the kernel had ended a process for want of memory when it was started.
    pub kills_before: u64,
    /// It ended only by SIGKILL.
    pub was_killed: bool,
    /// Its main process ended and left others.
    pub was_backgrounded: bool,
    pub main: Option<Pid>,
    /// Of the last one.
    pub identity: Option<Identity>,
    pub finish: Option<Pid>,
    /// What asks it to stop.
    pub stopper: Option<Pid>,
    /// The session of its last run.
    pub session: Option<Pid>,
    pub log: Log,
    /// Ports that were picked for it, by name; they stay its own.
    pub picked: BTreeMap<String, Picked>,
    /// Its open sockets, in the order of their names.
    pub sockets: BTreeMap<String, OwnedFd>,
    /// The files for which it is restarted.
    pub patterns: Vec<Pattern>,
    /// When it is restarted for them.
    pub restart_due: Option<Duration>,
    /// When it runs next, by its schedule.
    pub next_run: Option<Due>,
    /// It is time for a run: its schedule says so, or somebody connected.
    pub is_due: bool,
    /// Its sockets are watched for whoever comes first.
    pub is_called_by_connection: bool,
    pub stdout: Pipe,
    pub stderr: Pipe,
    pub stdout_pace: Pace,
    pub stderr_pace: Pace,
    /// What feeds a logger; kept from one run to the next, so that nothing in it is lost.
    pub feed: Option<Pipe>,
    pub readiness: Listening,
    pub attempt: Option<Attempt>,
    pub attempts: u64,
    /// When the attempt takes too long.
    pub attempt_deadline: Option<Duration>,
    pub next_probe: Option<Duration>,
    /// When it must have said that it is alive.
    pub watchdog: Option<Duration>,
    /// Failures of its checks in a row.
    pub probe_failures: u32,
}

/// Both ends are kept, so that neither a start nor an end of the service is an end of the pipe.
#[derive(Debug)]
pub struct Pipe {
    pub read: OwnedFd,
    pub write: OwnedFd,
}

/// How it is heard that it is ready.
#[derive(Debug)]
pub enum Listening {
    Nothing,
    Descriptor(OwnedFd),
    /// A descriptor that it closed without a word: nothing will come.
    Closed,
    Socket(UnixDatagram),
    LogLine {
        stdout: Search,
        stderr: Search,
    },
}

impl Pipe {
    pub fn new() -> Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).context("could not make a pipe")?;
        Ok(Self { read, write })
    }

    /// For an end that must never be waited for.
    pub fn listening() -> Result<Self> {
        let pipe = Self::new()?;
        rustix::io::ioctl_fionbio(&pipe.read, true).context("could not make a pipe")?;
        Ok(pipe)
    }
}

impl Supervised {
    pub fn new(spec: Spec, log: Log, since: String) -> Result<Self> {
        Ok(Self {
            policy: Policy::of(&spec),
            spec,
            life: Life::default(),
            goal: Goal::Down,
            restarting: false,
            is_told: false,
            is_removed: false,
            needs: Vec::new(),
            leans_on: Vec::new(),
            dependents: Vec::new(),
            runs: 0,
            since,
            note: None,
            kills_before: 0,
            was_killed: false,
            was_backgrounded: false,
            main: None,
            identity: None,
            finish: None,
            stopper: None,
            session: None,
            log,
            picked: BTreeMap::new(),
            sockets: BTreeMap::new(),
            patterns: Vec::new(),
            restart_due: None,
            next_run: None,
            is_due: false,
            is_called_by_connection: false,
            stdout: Pipe::listening()?,
            stderr: Pipe::listening()?,
            stdout_pace: Pace::default(),
            stderr_pace: Pace::default(),
            feed: None,
            readiness: Listening::Nothing,
            attempt: None,
            attempts: 0,
            attempt_deadline: None,
            next_probe: None,
            watchdog: None,
            probe_failures: 0,
        })
    }

    /// Whether that it is wanted up is not enough for a start.
    pub fn waits_to_be_due(&self) -> bool {
        self.spec.schedule.is_some() || self.spec.start == StartWhen::OnConnection
    }

    /// Whether the run that there is goes to its end.
    pub fn is_to_end(&self) -> bool {
        self.restarting || self.goal == Goal::Down
    }

    /// Whether it is its end that others wait for.
    pub fn waits_to_be_done(&self) -> bool {
        self.spec.kind == Kind::Oneshot
    }

    /// Whether it is what another one waits for.
    pub fn fulfils(&self, condition: Condition) -> bool {
        let state = self.life.state;
        let is_scheduled = self.spec.schedule.is_some() && self.goal == Goal::Up;
        match condition {
            // What runs now and then is as it has to be in between.
            Condition::Started | Condition::Ready if is_scheduled => true,
            // Who connects starts it.
            Condition::Started | Condition::Ready if self.is_called_by_connection => true,
            Condition::Started => {
                matches!(state, State::Starting | State::Up | State::Ready | State::Completed)
            }
            Condition::Ready => {
                // Who has no way to say that it is ready is done when it ended well, and for good.
                let is_done = self.waits_to_be_done() || self.spec.ready.is_none();
                matches!(state, State::Up | State::Ready) || is_done && state == State::Completed
            }
            Condition::Completed => state == State::Completed,
        }
    }

    /// Its ports as far as they are known, by name.
    pub fn ports(&self) -> impl Iterator<Item = (String, u16)> {
        let number = |(name, port): (&String, &Port)| {
            let number = match port {
                Port::Number(number) => *number,
                Port::Auto => self.picked.get(name)?.port,
            };
            Some((name.clone(), number))
        };
        self.spec.tcp_ports().filter_map(number)
    }

    pub fn deadlines(&self) -> impl Iterator<Item = Duration> {
        let checks = [self.life.deadline, self.attempt_deadline, self.next_probe];
        checks.into_iter().chain([self.watchdog, self.restart_due]).flatten()
    }

    /// Puts a line of ours into its log, before anything that is said of it to somebody else.
    pub fn say(&mut self, clock: &mut Clock, text: &str) {
        let line = format!("{}\n", text.replace('\n', " "));
        self.log.append_later(clock, line.as_bytes());
    }

    /// As `say`, for what `ps` shows, too.
    pub fn tell(&mut self, clock: &mut Clock, text: &str) {
        self.say(clock, text);
        self.note = Some(text.to_string());
    }

    pub fn stop_listening(&mut self, poller: &Poller) {
        match std::mem::replace(&mut self.readiness, Listening::Nothing) {
            Listening::Descriptor(fd) => poller.remove(&fd),
            Listening::Socket(socket) => {
                poller.remove(&socket);
                let address = socket.local_addr().ok();
                address.and_then(|address| std::fs::remove_file(address.as_pathname()?).ok());
            }
            Listening::LogLine { .. } | Listening::Closed | Listening::Nothing => {}
        }
        if let Some(attempt) = &self.attempt {
            if let Some(socket) = attempt.socket() {
                poller.remove(socket);
            }
            attempt.give_up();
        }
        self.attempt = None;
        self.attempt_deadline = None;
        self.next_probe = None;
        self.watchdog = None;
        self.probe_failures = 0;
    }
}
