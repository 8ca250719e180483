//! A bash that runs: its pipes, Ctrl-C, the warning when it takes long, and the one place that waits for it.

use super::conversation::Conversation;
use super::library;
use super::terminal::LineMode;
use crate::config::Config;
use crate::env::Env;
use crate::host::{Host, Voice};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd, ioctl_fionbio};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::emulate_default_handler;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PRELUDE: &str = include_str!("../../../shell-hooks/evaluate.bash");
const START: &str = "__envr_main \"$9\"\n";
/// Scripts use low descriptors for themselves.
const FIRST_DESCRIPTOR: i32 = 60;
/// How long bash may take to end after Ctrl-C before it is killed.
const GRACE: Duration = Duration::from_secs(1);

pub struct Running {
    child: Child,
    questions: OwnedFd,
    answers: OwnedFd,
    reports: OwnedFd,
    /// The child's ends of what we read, so that a script which closes its own does not end the pipe and keep `poll`
    /// from waiting.
    _held: [OwnedFd; 2],
    ended: UnixStream,
    /// Nothing comes where Ctrl-C is not ours to take.
    interrupts: UnixStream,
    /// Keeps the stream from ending where no signal holds its other end.
    _interrupter: UnixStream,
    line_mode: LineMode,
    /// Signals that end us, one each.
    fatal: [(i32, UnixStream); 2],
    /// What came over the report pipe.
    pub report: Vec<u8>,
}

#[derive(Clone, Copy)]
pub struct End {
    pub status: ExitStatus,
    /// The user pressed Ctrl-C on the way.
    pub interrupted: bool,
}

impl Running {
    /// stdin is the user's, for scripts may ask; stdout goes to stderr, for ours belongs to the shell. No pipe is
    /// waited on for its end: what a script leaves in the background may hold them all.
    pub fn start(bash: &Path, env: &Env, conversation: &Conversation) -> Result<Self> {
        // The handlers come first: a caught signal is back at its default in the child, an ignored one (as our hooks
        // leave SIGINT) would stay ignored there.
        let ended = signal_stream(SIGCHLD)?;
        let (interrupts, interrupter) =
            UnixStream::pair().context("could not make a pipe for signals")?;
        if conversation.world.host.is_at_prompt() || !is_ignored(SIGINT) {
            listen_for(SIGINT, interrupter.try_clone()?)?;
        }
        interrupts.set_nonblocking(true).context("could not listen for signals")?;
        let fatal = [(SIGHUP, signal_stream(SIGHUP)?), (SIGTERM, signal_stream(SIGTERM)?)];
        let (questions, question) = pipe()?;
        let (answer, answers) = pipe()?;
        let (reports, report) = pipe()?;
        let [question, answer, report] = [question, answer, report].map(for_the_child);
        let (question, answer, report) = (question?, answer?, report?);
        for fd in [&questions, &reports] {
            ioctl_fionbio(fd, true).context("could not listen to bash")?;
        }

        let Conversation { world: World { host, config, .. }, trusted, stage, .. } = conversation;
        let script = [PRELUDE, &library::stubs(), START].concat();
        let mut command = Command::new(bash);
        command.arg("-c").arg(script).arg(bash).arg(host.program());
        command.arg(config.dir.as_deref().unwrap_or(Path::new(""))).arg(stage.path());
        command.args([&question, &answer, &report].map(|fd| fd.as_raw_fd().to_string()));
        command
            .arg(host.voice.name())
            .arg(if config.strict_env { "strict" } else { "" })
            .arg(&trusted.rc().path);
        command.env_clear().envs(env.iter()).stdout(io::stderr().as_fd().try_clone_to_owned()?);
        if config.disable_stdin {
            command.stdin(Stdio::null());
        }
        let line_mode = LineMode::enter();
        let child =
            command.spawn().with_context(|| format!("could not start `{}`", bash.display()))?;
        Ok(Self {
            child,
            questions,
            answers,
            reports,
            _held: [question, report],
            ended,
            interrupts,
            _interrupter: interrupter,
            line_mode,
            fatal,
            report: Vec::new(),
        })
    }

    /// Answers until bash has ended, then takes what is still in the pipes.
    pub fn wait(&mut self, conversation: &mut Conversation) -> Result<End> {
        let mut patience = Patience::new(conversation.world.config);
        let mut interrupted = false;
        let status = loop {
            let ready = self.poll(patience.left())?;
            if patience.is_over() {
                self.lose_patience(&mut patience, conversation.world.host);
            }
            if ready.interrupt {
                drain(&mut self.interrupts);
                // What has the terminal got the signal, too; the second Ctrl-C does not wait for it to obey.
                if interrupted {
                    _ = self.child.kill();
                }
                interrupted = true;
                patience = Patience::until_killed();
            }
            if let Some(signal) = ready.fatal {
                self.die(signal, conversation);
            }
            self.listen(conversation)?;
            if ready.end {
                drain(&mut self.ended);
                if let Some(status) = self.child.try_wait().context("could not wait for bash")? {
                    break status;
                }
            }
        };
        self.line_mode.leave();
        self.listen(conversation)?;
        Ok(End { status, interrupted })
    }

    fn poll(&self, timeout: Option<Duration>) -> Result<Ready> {
        let timeout = timeout.map(|left| Timespec {
            tv_sec: left.as_secs().cast_signed(),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut fds = [
            PollFd::new(&self.questions, PollFlags::IN),
            PollFd::new(&self.reports, PollFlags::IN),
            PollFd::new(&self.ended, PollFlags::IN),
            PollFd::new(&self.interrupts, PollFlags::IN),
            PollFd::new(&self.fatal[0].1, PollFlags::IN),
            PollFd::new(&self.fatal[1].1, PollFlags::IN),
        ];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not wait for bash"),
        }
        let [_, _, ended, interrupts, fatal @ ..] = fds.map(|fd| !fd.revents().is_empty());
        let fatal = fatal.into_iter().zip(&self.fatal).find(|(came, _)| *came);
        Ok(Ready {
            end: ended,
            interrupt: interrupts,
            fatal: fatal.map(|(_, (signal, _))| *signal),
        })
    }

    /// Ends as the signal asks, but leaves nothing behind.
    fn die(&mut self, signal: i32, conversation: &mut Conversation) {
        _ = self.child.kill();
        self.line_mode.leave();
        conversation.stage.remove();
        _ = emulate_default_handler(signal);
    }

    fn listen(&mut self, conversation: &mut Conversation) -> Result<()> {
        while let Some(bytes) = read_some(&self.questions)? {
            let answers = conversation.hear(&bytes)?;
            write_all(&self.answers, &answers);
        }
        while let Some(bytes) = read_some(&self.reports)? {
            self.report.extend(bytes);
        }
        Ok(())
    }

    fn lose_patience(&mut self, patience: &mut Patience, host: &Host) {
        match patience {
            Patience::Warn(_) => {
                let arguments: Vec<_> =
                    host.args.iter().map(|argument| argument.to_string_lossy()).collect();
                match host.voice {
                    Voice::Envr => ui::warn(host, "loading takes a while; press Ctrl-C to give up"),
                    Voice::Direnv => ui::note(
                        host,
                        &format!(
                            "([{} {}]) is taking a while to execute. Use CTRL-C to give up.",
                            host.program().display(),
                            arguments.join(" ")
                        ),
                    ),
                }
                *patience = Patience::Endless;
            }
            Patience::Kill(_) => {
                _ = self.child.kill();
                *patience = Patience::Endless;
            }
            Patience::Endless => {}
        }
    }
}

struct Ready {
    end: bool,
    interrupt: bool,
    fatal: Option<i32>,
}

/// What happens when, if bash does not end.
enum Patience {
    Warn(Instant),
    Kill(Instant),
    Endless,
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

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe().context("could not make a pipe to bash")?;
    Ok((reader.into(), writer.into()))
}

fn signal_stream(signal: i32) -> Result<UnixStream> {
    let (stream, sender) = UnixStream::pair().context("could not make a pipe for signals")?;
    stream.set_nonblocking(true).context("could not listen for signals")?;
    listen_for(signal, sender)?;
    Ok(stream)
}

fn listen_for(signal: i32, sender: UnixStream) -> Result<()> {
    sender
        .set_nonblocking(true)
        .and_then(|()| signal_hook::low_level::pipe::register(signal, sender).map(drop))
        .context("could not listen for signals")
}

/// Whether whoever started us wants a signal to be ignored, as a shell does for what it protects from Ctrl-C.
fn is_ignored(signal: i32) -> bool {
    let status = crate::fs::read_regular(Path::new("/proc/self/status"), 1 << 16)
        .ok()
        .flatten()
        .unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn drain(stream: &mut UnixStream) {
    while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
}

/// A descriptor with a high number that a child inherits. We are one thread and start one child, so no other child can
/// inherit it by accident.
fn for_the_child(fd: OwnedFd) -> Result<OwnedFd> {
    let fd = fcntl_dupfd_cloexec(&fd, FIRST_DESCRIPTOR).unwrap_or(fd);
    fcntl_setfd(&fd, FdFlags::empty()).context("could not pass a pipe to bash")?;
    Ok(fd)
}

/// What is in a pipe now; `None` when it is empty or ended.
fn read_some(pipe: &OwnedFd) -> Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        match rustix::io::read(pipe, &mut bytes) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(None),
            Ok(length) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not read from bash"),
        }
    }
}

/// Answers are a few bytes, one at a time. That bash is gone shows elsewhere.
fn write_all(pipe: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(pipe, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}
