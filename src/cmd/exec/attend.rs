//! Runs a command as a child where something is to be done when it ends, or with what it prints: signals, exit code
//! and terminal are as if it had taken our place.

use super::output::Outputs;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus};

const SIGNALS: [i32; 8] = [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];

/// Where a byte arrives for each signal.
struct Heard {
    signal: i32,
    stream: UnixStream,
}

/// Returns when the command has ended and all it printed is passed on.
pub fn attend(command: &mut Command, mut outputs: Outputs<'_>) -> Result<ExitStatus> {
    let heard = SIGNALS.map(listen).into_iter().collect::<Result<Vec<_>>>()?;
    let mut child = command.spawn()?;
    // Its ends of the pipes are in there.
    *command = Command::new("");
    let pid = Pid::from_child(&child);
    loop {
        wait(&heard, &outputs)?;
        for signal in heard.iter().filter_map(Heard::take) {
            match signal {
                SIGCHLD => {}
                SIGWINCH => {
                    outputs.resize();
                    pass_on(pid, signal);
                }
                // The terminal sends these to everybody in the foreground, the command among them.
                SIGINT | SIGQUIT if is_in_foreground() => {}
                signal => pass_on(pid, signal),
            }
        }
        let ended = child.try_wait().context("could not wait for the command")?;
        outputs.pass_on();
        if let Some(status) = ended {
            outputs.finish();
            return Ok(status);
        }
    }
}

/// What our own end must be for who started us.
pub fn end_as(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        // Returns where the signal does not end a process.
        _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    let code = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn listen(signal: i32) -> Result<Heard> {
    let could_not = "could not listen for signals";
    let (stream, sender) = UnixStream::pair().context(could_not)?;
    stream.set_nonblocking(true).context(could_not)?;
    sender.set_nonblocking(true).context(could_not)?;
    signal_hook::low_level::pipe::register(signal, sender).context(could_not)?;
    Ok(Heard { signal, stream })
}

impl Heard {
    fn take(&self) -> Option<i32> {
        let mut bytes = [0; 64];
        matches!((&self.stream).read(&mut bytes), Ok(1..)).then_some(self.signal)
    }
}

fn wait(heard: &[Heard], outputs: &Outputs<'_>) -> Result<()> {
    let signals = heard.iter().map(|heard| heard.stream.as_fd());
    let mut waiting: Vec<PollFd<'_>> = signals
        .chain(outputs.descriptors())
        .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
        .collect();
    match poll(&mut waiting, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error).context("could not wait for the command"),
    }
}

fn pass_on(pid: Pid, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        _ = kill_process(pid, signal);
    }
}

fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|tty| tcgetpgrp(&tty).is_ok_and(|group| group == getpgrp()))
}
