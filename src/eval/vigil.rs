//! What is listened for while programs of the user run: their end, Ctrl-C, the signals that end us, and the clock.

use crate::config::Config;
use crate::host::{Host, Voice};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, Termios, tcgetattr};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::fs::File;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long programs may take to end after Ctrl-C before they are killed.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Vigil {
    /// One pipe for all: each costs a load some system calls.
    signals: SignalDelivery<UnixStream, SignalOnly>,
    /// A program may have ended, and nobody looked.
    has_end: bool,
    /// The signal that is to end us.
    fatal: Option<i32>,
    patience: Patience,
    subject: Subject,
    /// Where nobody can hurry what is waited for.
    limit: Option<Instant>,
    pub interrupt: Interrupt,
}

/// What is waited for.
#[derive(Debug)]
pub enum Subject {
    Load,
    /// A program or a server that knows a key, by its name.
    Key(String),
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

/// What came, or that a pipe can be read.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// A program may have ended.
    pub has_end: bool,
    /// Time to kill what still runs.
    pub must_kill: bool,
    /// The limit is over.
    pub is_over: bool,
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
        Self::over(Subject::Load, world.host, world.config)
    }

    /// The same over something else.
    pub fn over(subject: Subject, host: &Host, config: &Config) -> Result<Self> {
        let ignored = ignored_signals();
        let is_ours = |signal: i32| ignored >> (signal - 1) & 1 == 0;
        let is_at_prompt = host.is_at_prompt();
        let taken = [SIGCHLD, SIGINT, SIGQUIT, SIGHUP, SIGTERM].into_iter().filter(|signal| {
            let is_key = [SIGINT, SIGQUIT].contains(signal);
            *signal == SIGCHLD || is_ours(*signal) || is_key && is_at_prompt
        });
        let (came, sender) = UnixStream::pair().context("could not make a pipe for signals")?;
        let signals = SignalDelivery::with_pipe(came, sender, SignalOnly, taken)
            .context("could not listen for signals")?;
        Ok(Self {
            signals,
            has_end: false,
            fatal: None,
            patience: Patience::new(config),
            subject,
            limit: None,
            interrupt: Interrupt::None,
        })
    }

    pub fn with_limit(self, limit: Option<Duration>) -> Self {
        Self { limit: limit.map(|limit| Instant::now() + limit), ..self }
    }

    /// Waits until one of the pipes can be read or something came. Warns when that takes long.
    pub fn wait(&mut self, pipes: &[&OwnedFd], host: &Host) -> Result<Ready> {
        self.wait_for(pipes, None, host)
    }

    /// The same, or until there is room in another pipe.
    pub fn wait_for(
        &mut self,
        pipes: &[&OwnedFd],
        room: Option<&OwnedFd>,
        host: &Host,
    ) -> Result<Ready> {
        let is_known = self.has_end || self.fatal.is_some();
        let limit = self.limit.map(left_until);
        let left = self.patience.left().into_iter().chain(limit).min();
        let mut fds = vec![PollFd::new(self.signals.get_read(), PollFlags::IN)];
        fds.extend(pipes.iter().map(|pipe| PollFd::new(*pipe, PollFlags::IN)));
        fds.extend(room.map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        wait_until(&mut fds, if is_known { Some(Duration::ZERO) } else { left })?;
        let mut must_kill = self.patience.is_over() && self.lose_patience(host);
        let before = self.interrupt;
        if self.take_interrupt() {
            // What has the terminal got the signal, too; the second Ctrl-C does not wait for it to obey.
            must_kill |= before != Interrupt::None || self.interrupt == Interrupt::Forced;
            self.patience = Patience::until_killed();
        }
        Ok(Ready {
            has_end: mem::take(&mut self.has_end),
            must_kill,
            is_over: self.limit.is_some_and(|limit| left_until(limit).is_zero()),
            fatal: self.fatal,
        })
    }

    /// The user was shown what takes so long.
    pub fn stay_patient(&mut self) {
        if matches!(self.patience, Patience::Warn(_)) {
            self.patience = Patience::Endless;
        }
    }

    /// Whether Ctrl-C or Ctrl-\ was pressed and nobody heard it yet.
    pub fn take_interrupt(&mut self) -> bool {
        let (mut asked, mut forced) = (false, false);
        for signal in self.signals.pending() {
            match signal {
                SIGCHLD => self.has_end = true,
                SIGINT => asked = true,
                // Ctrl-\, which bash itself never obeys.
                SIGQUIT => forced = true,
                fatal => self.fatal = Some(fatal),
            }
        }
        if forced {
            self.interrupt = Interrupt::Forced;
        } else if asked && self.interrupt == Interrupt::None {
            self.interrupt = Interrupt::Asked;
        }
        asked || forced
    }

    /// Whether it is time to kill.
    fn lose_patience(&mut self, host: &Host) -> bool {
        let before = mem::replace(&mut self.patience, Patience::Endless);
        match (before, &self.subject) {
            (Patience::Kill(_), _) => true,
            (Patience::Endless, _) => false,
            (Patience::Warn(_), Subject::Load) => {
                warn_of_load(host);
                false
            }
            (Patience::Warn(_), Subject::Key(name)) => {
                self.warn_of_key(name, host);
                false
            }
        }
    }

    fn warn_of_key(&self, name: &str, host: &Host) {
        let modes = File::open("/dev/tty").ok().and_then(|terminal| tcgetattr(terminal).ok());
        // A program that asks for a passphrase or has a dialogue: nothing else may be written there, nor need be.
        let asks =
            |modes: &Termios| !modes.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON);
        let until = match (self.limit, &modes) {
            (Some(limit), _) => format!(", for {}s more at most", left_until(limit).as_secs()),
            (None, Some(modes)) if asks(modes) => return,
            (None, Some(_)) => "; press Ctrl-C to give up".to_string(),
            (None, None) => String::new(),
        };
        ui::warn(host, &format!("waiting for `{name}`{until}"));
    }
}

fn wait_until(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<()> {
    let timeout = timeout.map(|left| Timespec {
        tv_sec: left.as_secs().cast_signed(),
        tv_nsec: left.subsec_nanos().into(),
    });
    match poll(fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error).context("could not wait for a program"),
    }
}

fn warn_of_load(host: &Host) {
    let arguments: Vec<_> = host.args.iter().map(|argument| argument.to_string_lossy()).collect();
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

impl Patience {
    fn new(config: &Config) -> Self {
        config.warn_timeout.map_or(Self::Endless, |timeout| Self::Warn(Instant::now() + timeout))
    }

    fn until_killed() -> Self {
        Self::Kill(Instant::now() + GRACE)
    }

    fn left(&self) -> Option<Duration> {
        match self {
            Self::Warn(end) | Self::Kill(end) => Some(left_until(*end)),
            Self::Endless => None,
        }
    }

    fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }
}

fn left_until(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
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
