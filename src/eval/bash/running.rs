//! A bash that runs: its pipes, Ctrl-C, the warning when it takes long, and the one place that waits for it.

use super::conversation::Conversation;
use super::foresight::{Calls, begins_plain, may_define, may_disable, may_hand_on};
use super::library;
use super::report::{self, Report};
use super::terminal::LineMode;
use crate::env::Env;
use crate::eval::descendants::kill_with_descendants;
use crate::eval::vigil::{Interrupt, Vigil};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd, ioctl_fionbio};
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Questions are short, and so are most reports.
const PART: usize = 4 << 10;

const START: &str = "__main__ \"$9\"\n";
/// What a stub calls, for those that reach another bash.
const HAND_ON: &str = "builtin export -f __envr\n";
/// Scripts use low descriptors for themselves.
const FIRST_DESCRIPTOR: i32 = 60;

pub struct Running {
    child: Child,
    questions: OwnedFd,
    answers: OwnedFd,
    reports: Reports,
    /// The child's ends of what we read, so that a script which closes its own does not end the pipe and keep `poll`
    /// from waiting.
    _held: [OwnedFd; 2],
    vigil: Vigil,
    line_mode: LineMode,
    /// What bash reported so far.
    reported: Vec<u8>,
    /// The same, once it is whole.
    pub report: Option<Report>,
    /// The part of it, or of a question, that was read last.
    heard: Vec<u8>,
}

/// Where bash reports. It writes line by line, and each would wake us up, so the report lies in a file until bash has
/// ended, where the system has files that are in memory alone.
enum Reports {
    File(OwnedFd),
    Pipe(OwnedFd),
}

#[derive(Clone, Copy)]
pub struct End {
    pub status: ExitStatus,
    /// What the user pressed on the way.
    pub interrupt: Interrupt,
}

impl Running {
    /// stdin is the user's, for scripts may ask; stdout goes to stderr, for ours belongs to the shell. No pipe is
    /// waited on for its end: what a script leaves in the background may hold them all.
    pub fn start(bash: &Path, env: &Env, conversation: &Conversation) -> Result<Self> {
        let vigil = Vigil::start(conversation.world)?;
        let (questions, question) = pipe()?;
        let (answer, answers) = pipe()?;
        let (reports, report) = Reports::new()?;
        let [question, answer, report] = [question, answer, report].map(for_the_child);
        let (question, answer, report) = (question?, answer?, report?);
        ioctl_fionbio(&questions, true).context("could not listen to bash")?;

        let Conversation { world: World { host, config, .. }, trusted, stage, .. } = conversation;
        let hand_on = if may_hand_on(trusted.bytes()) { HAND_ON } else { "" };
        let calls =
            if conversation.has_functions { Calls::Any } else { Calls::of(trusted.bytes()) };
        let (stubs, others) = library::stubs(&calls);
        let enable = if may_disable(trusted.bytes()) { library::ENABLE } else { "" };
        let script = [library::PRELUDE, &stubs, hand_on, enable, START].concat();
        let mut command = Command::new(bash);
        command.arg("-c").arg(script).arg(bash).arg(host.program());
        command.arg(config.dir.as_deref().unwrap_or(Path::new(""))).arg(stage.path());
        command.args([&question, &answer, &report].map(|fd| fd.as_raw_fd().to_string()));
        command
            .arg(host.voice.name())
            .arg(if config.strict_env { "strict" } else { "" })
            .arg(&trusted.rc().path);
        let loading = format!("loading {}", host.tilde(&trusted.rc().path));
        let loading = ui::status_line(host, config, &loading).unwrap_or_default();
        let may_define = may_define(trusted.bytes(), host.voice);
        command.arg(&loading).arg(library::functions());
        command.arg(if may_define { "defines" } else { "" });
        command.arg(if begins_plain(trusted.bytes()) { "plain" } else { "" });
        command.arg(if conversation.has_functions { library::USERS } else { "" });
        command.arg(library::ASKING).arg(library::WAY_BACK).arg(others);
        command.env_clear().envs(env.iter()).stdout(io::stderr().as_fd().try_clone_to_owned()?);
        if config.disable_stdin {
            command.stdin(Stdio::null());
        }
        let line_mode = LineMode::enter();
        let child =
            command.spawn().with_context(|| format!("could not start `{}`", bash.display()))?;
        // What is started later, as nix, shall not hold them.
        for fd in [&question, &report] {
            fcntl_setfd(fd, FdFlags::CLOEXEC).context("could not close a pipe to others")?;
        }
        Ok(Self {
            child,
            questions,
            answers,
            reports,
            _held: [question, report],
            vigil,
            line_mode,
            heard: vec![0; PART],
            reported: Vec::new(),
            report: None,
        })
    }

    /// Answers until bash has ended, then takes what is still in the pipes.
    pub fn wait(&mut self, conversation: &mut Conversation) -> Result<End> {
        let status = loop {
            let mut pipes = vec![&self.questions];
            if let Reports::Pipe(reports) = &self.reports {
                pipes.push(reports);
            }
            let ready = self.vigil.wait(&pipes, conversation.world.host)?;
            if ready.must_kill {
                kill_with_descendants(&self.child);
            }
            if let Some(signal) = ready.fatal {
                self.die(signal, conversation);
            }
            self.listen(conversation)?;
            if conversation.has_waited {
                self.vigil.stay_patient();
            }
            if conversation.has_reported {
                self.read_report();
                conversation.stage.remove();
            }
            if ready.has_end
                && let Some(status) = self.child.try_wait().context("could not wait for bash")?
            {
                break status;
            }
        };
        self.line_mode.leave();
        self.listen(conversation)?;
        self.read_report();
        Ok(End { status, interrupt: self.vigil.interrupt })
    }

    /// Ends as the signal asks, but leaves nothing behind.
    fn die(&mut self, signal: i32, conversation: &mut Conversation) {
        kill_with_descendants(&self.child);
        self.line_mode.leave();
        conversation.stage.remove();
        _ = emulate_default_handler(signal);
    }

    fn listen(&mut self, conversation: &mut Conversation) -> Result<()> {
        while let Some(bytes) = read_some(&self.questions, &mut self.heard)? {
            let answers = conversation.hear(bytes)?;
            write_all(&self.answers, &answers);
        }
        while let Some(bytes) = self.reports.read(&mut self.heard, self.reported.len())? {
            self.reported.extend(bytes);
        }
        Ok(())
    }

    fn read_report(&mut self) {
        if self.report.is_none() {
            self.report = report::read(&self.reported);
        }
    }
}

impl Reports {
    /// Our end, and the one to write to.
    fn new() -> Result<(Self, OwnedFd)> {
        #[cfg(target_os = "linux")]
        if let Ok(file) = rustix::fs::memfd_create(c"report", rustix::fs::MemfdFlags::CLOEXEC) {
            let report = file.try_clone().context("could not make a file for bash")?;
            return Ok((Self::File(file), report));
        }
        let (reports, report) = pipe()?;
        ioctl_fionbio(&reports, true).context("could not listen to bash")?;
        Ok((Self::Pipe(reports), report))
    }

    /// What stands behind the part that is known; `None` when there is nothing more for now.
    fn read<'a>(&self, room: &'a mut [u8], known: usize) -> Result<Option<&'a [u8]>> {
        match self {
            Self::File(file) => match rustix::io::pread(file, &mut *room, known as u64) {
                Ok(0) => Ok(None),
                Ok(length) => Ok(Some(&room[..length])),
                Err(error) => Err(error).context("could not read from bash"),
            },
            Self::Pipe(pipe) => read_some(pipe, room),
        }
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe().context("could not make a pipe to bash")?;
    Ok((reader.into(), writer.into()))
}

/// A descriptor with a high number that a child inherits. We are one thread and start one child, so no other child can
/// inherit it by accident.
fn for_the_child(fd: OwnedFd) -> Result<OwnedFd> {
    let fd = fcntl_dupfd_cloexec(&fd, FIRST_DESCRIPTOR).unwrap_or(fd);
    fcntl_setfd(&fd, FdFlags::empty()).context("could not pass a pipe to bash")?;
    Ok(fd)
}

/// What is in a pipe now; `None` when it is empty or ended.
fn read_some<'a>(pipe: &OwnedFd, room: &'a mut [u8]) -> Result<Option<&'a [u8]>> {
    loop {
        match rustix::io::read(pipe, &mut *room) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(None),
            Ok(length) => return Ok(Some(&room[..length])),
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
