//! What a command prints, on its way to our own standard output and error, without the secrets in it.

use crate::secrets::{Needles, Redactor};
use anyhow::{Context as _, Result};
use rustix::fs::{CWD, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, openat};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::Command;

/// As much as a pipe holds.
const CHUNK: usize = 64 << 10;

/// Nothing where the command prints by itself.
#[derive(Debug, Default)]
pub struct Outputs<'a>(Vec<Stream<'a>>);

#[derive(Debug)]
struct Stream<'a> {
    /// Closed once nobody wants to read on our side, or nobody writes on the other.
    source: Option<File>,
    target: Target,
    is_terminal: bool,
    redactor: Redactor<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    Stderr,
}

impl<'a> Outputs<'a> {
    /// Has the command print to us. Where both of our outputs are the same file, so are both of its own: the order of
    /// what it prints stays.
    pub fn of(command: &mut Command, needles: &'a Needles) -> Result<Self> {
        let could_not = "could not take the output of the command";
        let (out, for_stdout) = Stream::new(Target::Stdout, needles).context(could_not)?;
        if are_same() {
            command.stderr(for_stdout.try_clone().context(could_not)?);
            command.stdout(for_stdout);
            return Ok(Self(vec![out]));
        }
        let (error, for_stderr) = Stream::new(Target::Stderr, needles).context(could_not)?;
        command.stdout(for_stdout).stderr(for_stderr);
        Ok(Self(vec![out, error]))
    }

    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().filter_map(|stream| Some(stream.source.as_ref()?.as_fd()))
    }

    /// Everything that has arrived.
    pub fn pass_on(&mut self) {
        self.0.iter_mut().for_each(Stream::pass_on);
    }

    /// What was held back, too: whoever still writes has nobody to read it.
    pub fn finish(&mut self) {
        for stream in &mut self.0 {
            let rest = stream.redactor.finish();
            _ = stream.target.write(&rest);
        }
    }

    /// The command's terminals have the size of ours.
    pub fn resize(&self) {
        self.0.iter().filter(|stream| stream.is_terminal).for_each(Stream::resize);
    }
}

impl<'a> Stream<'a> {
    /// And the command's end of it: a terminal where ours is one.
    fn new(target: Target, needles: &'a Needles) -> Result<(Self, OwnedFd)> {
        let is_terminal = isatty(target.descriptor());
        let (source, other): (OwnedFd, OwnedFd) = if is_terminal {
            terminal_like(target.descriptor())?
        } else {
            let (reader, writer) = io::pipe()?;
            (reader.into(), writer.into())
        };
        fcntl_setfl(&source, fcntl_getfl(&source)? | OFlags::NONBLOCK)?;
        let redactor = Redactor::new(needles);
        Ok((Self { source: Some(source.into()), target, is_terminal, redactor }, other))
    }

    fn pass_on(&mut self) {
        let mut bytes = zeroize::Zeroizing::new(vec![0; CHUNK]);
        while let Some(source) = &mut self.source {
            match source.read(&mut bytes) {
                Ok(count @ 1..) => {
                    let shown = self.redactor.push(&bytes[..count]);
                    if self.target.write(&shown).is_err() {
                        // Its next write shall fail as it would have without us.
                        self.source = None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // A terminal that nobody has open any more is an error to read.
                Ok(0) | Err(_) => self.source = None,
            }
        }
    }

    fn resize(&self) {
        if let (Some(source), Ok(size)) = (&self.source, tcgetwinsize(self.target.descriptor())) {
            _ = tcsetwinsize(source, size);
        }
    }
}

impl Target {
    fn descriptor(self) -> BorrowedFd<'static> {
        match self {
            Self::Stdout => rustix::stdio::stdout(),
            Self::Stderr => rustix::stdio::stderr(),
        }
    }

    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().write_all(bytes),
        }
    }
}

/// A terminal with the size and the modes of another, which changes nothing in what is written: the other one will do
/// that. It controls nothing, so keys, signals and jobs stay with the other one, too.
fn terminal_like(other: BorrowedFd<'_>) -> Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = openat(CWD, &name, flags, Mode::empty())?;
    let mut modes = tcgetattr(other)?;
    modes.output_modes = rustix::termios::OutputModes::empty();
    tcsetattr(&terminal, OptionalActions::Now, &modes)?;
    tcsetwinsize(&terminal, tcgetwinsize(other)?)?;
    Ok((master, terminal))
}

fn are_same() -> bool {
    let [out, error] = [Target::Stdout, Target::Stderr].map(|target| fstat(target.descriptor()));
    matches!((out, error), (Ok(out), Ok(error)) if (out.st_dev, out.st_ino) == (error.st_dev, error.st_ino))
}
