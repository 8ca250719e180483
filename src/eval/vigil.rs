//! What is listened for while programs of the user run: their end, Ctrl-C, the signals that end us, and the clock.

use crate::config::Config;
use crate::host::{Host, Voice};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long programs may take to end after Ctrl-C before they are killed.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Vigil {
    ended: Signals,
    /// Ctrl-C
    interrupts: Signals,
    /// Ctrl-\, which bash itself never obeys.
    quits: Signals,
    /// Signals that end us, one each.
    fatal: [(i32, Signals); 2],
    patience: Patience,
    pub interrupt: Interrupt,
}

/// What the user pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    None,
    /// Ctrl-C, which a program may answer with an end of its own.
    Asked,
    /// Ctrl-\: whatever ends now was ended by it.
    Forced,
}

/// A signal as something to poll.
#[derive(Debug)]
struct Signals {
    came: UnixStream,
    /// Keeps the stream from ending where no signal holds its other end.
    _sender: UnixStream,
}

/// What came, or that a pipe can be read.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// A program may have ended.
    pub has_end: bool,
    /// Time to kill what still runs.
    pub must_kill: bool,
    /// The signal that is to end us.
    pub fatal: Option<i32>,
}

/// What happens when, if nothing ends.
#[derive(Debug)]
enum Patience {
    Warn(Instant),
    Kill(Instant),
    Endless,
}

impl Vigil {
    /// Before anything is started: a caught signal is back at its default in the child, an ignored one (as our hooks
    /// leave SIGINT) would stay ignored there.
    pub fn start(world: World) -> Result<Self> {
        let ignored = ignored_signals();
        let is_ours = |signal: i32| ignored >> (signal - 1) & 1 == 0;
        let is_at_prompt = world.host.is_at_prompt();
        let keys =
            [SIGINT, SIGQUIT].map(|signal| Signals::new(signal, is_at_prompt || is_ours(signal)));
        let [interrupts, quits] = keys;
        let [hangups, ends] = [SIGHUP, SIGTERM].map(|signal| Signals::new(signal, is_ours(signal)));
        Ok(Self {
            ended: Signals::new(SIGCHLD, true)?,
            interrupts: interrupts?,
            quits: quits?,
            fatal: [(SIGHUP, hangups?), (SIGTERM, ends?)],
            patience: Patience::new(world.config),
            interrupt: Interrupt::None,
        })
    }

    /// Waits until one of the pipes can be read or something came. Warns when that takes long.
    pub fn wait(&mut self, pipes: &[&OwnedFd], host: &Host) -> Result<Ready> {
        let left = self.patience.left();
        let mut ready = self.poll(pipes, left)?;
        if self.patience.is_over() {
            ready.must_kill = self.lose_patience(host);
        }
        let before = self.interrupt;
        if self.take_interrupt() {
            // What has the terminal got the signal, too; the second Ctrl-C does not wait for it to obey.
            ready.must_kill |= before != Interrupt::None || self.interrupt == Interrupt::Forced;
            self.patience = Patience::until_killed();
        }
        if ready.has_end {
            self.ended.drain();
        }
        Ok(ready)
    }

    /// The user was shown what takes so long.
    pub fn stay_patient(&mut self) {
        if matches!(self.patience, Patience::Warn(_)) {
            self.patience = Patience::Endless;
        }
    }

    /// Whether Ctrl-C or Ctrl-\ was pressed and nobody heard it yet.
    pub fn take_interrupt(&mut self) -> bool {
        let [asked, forced] = [self.interrupts.drain(), self.quits.drain()];
        if forced {
            self.interrupt = Interrupt::Forced;
        } else if asked && self.interrupt == Interrupt::None {
            self.interrupt = Interrupt::Asked;
        }
        asked || forced
    }

    fn poll(&self, pipes: &[&OwnedFd], timeout: Option<Duration>) -> Result<Ready> {
        let timeout = timeout.map(|left| Timespec {
            tv_sec: left.as_secs().cast_signed(),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut fds = vec![
            PollFd::new(&self.fatal[0].1.came, PollFlags::IN),
            PollFd::new(&self.fatal[1].1.came, PollFlags::IN),
            PollFd::new(&self.ended.came, PollFlags::IN),
            PollFd::new(&self.interrupts.came, PollFlags::IN),
            PollFd::new(&self.quits.came, PollFlags::IN),
        ];
        fds.extend(pipes.iter().map(|pipe| PollFd::new(*pipe, PollFlags::IN)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not wait for a program"),
        }
        let came = |at: usize| !fds[at].revents().is_empty();
        let fatal = self.fatal.iter().enumerate().find(|(at, _)| came(*at));
        Ok(Ready {
            has_end: came(2),
            must_kill: false,
            fatal: fatal.map(|(_, (signal, _))| *signal),
        })
    }

    /// Whether it is time to kill.
    fn lose_patience(&mut self, host: &Host) -> bool {
        let is_over = matches!(self.patience, Patience::Kill(_));
        if matches!(self.patience, Patience::Warn(_)) {
            let arguments: Vec<_> =
                host.args.iter().map(|argument| argument.to_string_lossy()).collect();
            match host.voice {
                Voice::Envr => ui::warn(host, "loading takes a while; press Ctrl-C to give up"),
                Voice::Direnv => ui::note(
                    host,
                    &format!(
                        "([{} {}]) is taking a while to execute. Use CTRL-C to give up.",
                        host.called.display(),
                        arguments.join(" ")
                    ),
                ),
            }
        }
        self.patience = Patience::Endless;
        is_over
    }
}

impl Patience {
    fn new(config: &Config) -> Self {
        config.warn_timeout.map_or(Self::Endless, |timeout| Self::Warn(Instant::now() + timeout))
    }

    fn until_killed() -> Self {
        Self::Kill(Instant::now() + GRACE)
    }

    fn left(&self) -> Option<Duration> {
        match self {
            Self::Warn(end) | Self::Kill(end) => {
                Some(end.saturating_duration_since(Instant::now()))
            }
            Self::Endless => None,
        }
    }

    fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }
}

impl Signals {
    /// Of a signal that is not ours to take nothing comes.
    fn new(signal: i32, is_ours: bool) -> Result<Self> {
        let (came, sender) = UnixStream::pair().context("could not make a pipe for signals")?;
        for end in [&came, &sender] {
            end.set_nonblocking(true).context("could not listen for signals")?;
        }
        if is_ours {
            sender
                .try_clone()
                .and_then(|sender| signal_hook::low_level::pipe::register(signal, sender))
                .context("could not listen for signals")?;
        }
        Ok(Self { came, _sender: sender })
    }

    /// Whether there was anything.
    fn drain(&mut self) -> bool {
        let mut was_anything = false;
        while matches!(self.came.read(&mut [0; 64]), Ok(1..)) {
            was_anything = true;
        }
        was_anything
    }
}

/// What whoever started us wants to be ignored, as a shell does for what it protects from Ctrl-C: a bit for each signal.
fn ignored_signals() -> u64 {
    let status = crate::fs::read_regular(Path::new("/proc/self/status"), 1 << 16)
        .ok()
        .flatten()
        .unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or_default()
}
