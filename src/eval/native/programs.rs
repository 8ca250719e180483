//! Programs that run without a shell between: found, started, heard and waited for as bash does it.

use super::shell::Sink;
use super::{Flow, Shell, Stop, builtins, needs_bash};
use crate::eval::bash::terminal::LineMode;
use crate::eval::descendants::kill_with_descendants;
use crate::eval::parse::{AndOr, Call, Programs};
use crate::eval::vigil::{Interrupt, Ready, Vigil};
use crate::ui;
use anyhow::{Context as _, Result};
use rustix::io::{Errno, ioctl_fionbio};
use signal_hook::consts::{SIGINT, SIGKILL, SIGTERM};
use signal_hook::low_level::emulate_default_handler;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// What fits into any pipe, so that it can be written before anyone reads.
const PIPE_ROOM: usize = 4096;

/// What it takes to wait for programs.
#[derive(Debug)]
pub struct Runner {
    vigil: Vigil,
    line_mode: LineMode,
}

/// The output of a substitution so far.
#[derive(Debug, Default)]
pub struct Capture {
    pub text: Vec<u8>,
    pipe: Option<Pipe>,
}

#[derive(Debug)]
struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// One part of a pipe.
enum Part {
    Program {
        path: PathBuf,
        name: Vec<u8>,
        arguments: Vec<Vec<u8>>,
        sinks: [Sink; 2],
    },
    Text(Vec<u8>),
    /// bash says so, and goes on.
    NotFound(Vec<u8>),
}

enum Found {
    Program(PathBuf),
    Nothing,
}

impl Shell<'_> {
    /// Runs a pipe; its status is that of the last part.
    pub fn programs(&mut self, programs: &Programs) -> Flow {
        let mut parts = Vec::new();
        for (number, call) in programs.calls.iter().enumerate() {
            let is_last = number + 1 == programs.calls.len();
            parts.push(self.part(call, is_last)?);
        }
        if self.runner.is_none() {
            if parts.iter().any(|part| matches!(part, Part::NotFound(_))) {
                return needs_bash("a program that is not there");
            }
            self.commit()?;
        }
        for part in &parts {
            if let Part::NotFound(name) = part {
                let name = String::from_utf8_lossy(name);
                self.complain(programs.line, &format!("{name}: command not found"));
            }
        }
        self.status = self.run(parts)?;
        Ok(())
    }

    /// The output of commands, up to the end of the pipe, which something in the background may hold open.
    pub fn capture(&mut self, commands: &AndOr) -> Flow<Vec<u8>> {
        let sinks = self.sinks;
        self.sinks[0] = Sink::Capture;
        self.captures.push(Capture::default());
        let result = self.run_and_or(commands);
        self.sinks = sinks;
        let Some(Capture { mut text, pipe }) = self.captures.pop() else { return Ok(Vec::new()) };
        result?;
        if let Some(Pipe { reader, writer }) = pipe {
            drop(writer);
            self.read_to_end(&reader, &mut text)?;
        }
        if text.contains(&0) {
            text.retain(|byte| *byte != 0);
            self.complain(
                line_of(commands),
                "warning: command substitution: ignored null byte in input",
            );
        }
        Ok(text)
    }

    fn part(&mut self, call: &Call, is_last: bool) -> Flow<Part> {
        let arguments = self.expand_arguments(call)?;
        let before = self.sinks;
        if !is_last {
            self.sinks[0] = Sink::Pipe;
        }
        self.redirect(&call.redirects);
        let sinks = std::mem::replace(&mut self.sinks, before);
        if matches!(call.name.as_slice(), b"echo" | b"printf") {
            if !call.redirects.is_empty() {
                return needs_bash("a redirection in front of a pipe");
            }
            let words: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let text = builtins::text(&call.name, &words)?;
            return if text.len() > PIPE_ROOM {
                needs_bash("a long text in a pipe")
            } else {
                Ok(Part::Text(text))
            };
        }
        Ok(match self.find(&call.name)? {
            Found::Program(path) => {
                Part::Program { path, name: call.name.clone(), arguments, sinks }
            }
            Found::Nothing => Part::NotFound(call.name.clone()),
        })
    }

    /// From here on there is no way back to bash.
    fn commit(&mut self) -> Flow {
        if let Some(doubt) = self.doubt() {
            return needs_bash(doubt);
        }
        let names: Vec<Vec<u8>> =
            self.frames.iter().flat_map(|frame| frame.programs().map(<[u8]>::to_vec)).collect();
        for name in names {
            if matches!(self.find(&name)?, Found::Nothing) {
                return needs_bash("a program that is not there");
            }
        }
        let Ok(vigil) = Vigil::start(self.world) else { return needs_bash("signals") };
        self.runner = Some(Runner { vigil, line_mode: LineMode::enter() });
        ui::say(&std::mem::take(&mut self.said));
        Ok(())
    }

    /// As bash says what is wrong with a command.
    fn complain(&mut self, line: usize, what: &str) {
        let Some(frame) = self.frames.last() else { return };
        let message = format!("{}:{line}: {what}\n", String::from_utf8_lossy(&frame.name));
        self.print(2, message.as_bytes());
    }

    /// Where bash finds a program, if it is one that the system can start by itself.
    fn find(&self, name: &[u8]) -> Flow<Found> {
        if name.contains(&b'/') {
            let file = self.path(name);
            if !builtins::is_program(&file) || !has_interpreter(&file) {
                return needs_bash("a program that the system does not start");
            }
            return Ok(Found::Program(PathBuf::from(OsStr::from_bytes(name))));
        }
        self.check_known(b"PATH")?;
        let path = self.variables.get(b"PATH").unwrap_or_default();
        let mut is_there = false;
        for dir in path.split(|byte| *byte == b':') {
            if !dir.starts_with(b"/") {
                return needs_bash("an entry of PATH that depends on the directory");
            }
            let dir = if dir.ends_with(b"/") { dir.to_vec() } else { [dir, b"/"].concat() };
            let file = PathBuf::from(OsStr::from_bytes(&[dir.as_slice(), name].concat()));
            if builtins::is_program(&file) {
                return if has_interpreter(&file) {
                    Ok(Found::Program(file))
                } else {
                    needs_bash("a program that the system does not start")
                };
            }
            is_there |= file.exists() && !file.is_dir();
        }
        if is_there {
            needs_bash("a file on PATH that cannot be executed")
        } else {
            Ok(Found::Nothing)
        }
    }

    fn run(&mut self, parts: Vec<Part>) -> Flow<u8> {
        let Some(runner) = &mut self.runner else { return needs_bash("a program") };
        if runner.vigil.take_interrupt() {
            return Err(Stop::Interrupted);
        }
        let count = parts.len();
        let mut children = Children::default();
        let mut input = None;
        for (number, part) in parts.into_iter().enumerate() {
            let is_last = number + 1 == count;
            let next = if is_last { None } else { Some(Pipe::new().map_err(Stop::Failed)?) };
            let (reader, output) = next.map(|pipe| (pipe.reader, pipe.writer)).unzip();
            let input = std::mem::replace(&mut input, reader);
            match part {
                Part::Text(text) => write_all(output.as_ref(), &text),
                Part::NotFound(_) => {}
                Part::Program { path, name, arguments, sinks } => {
                    let mut command = Command::new(&path);
                    command.arg0(OsStr::from_bytes(&name));
                    command.args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
                    let child = self
                        .prepare(&mut command, &path, sinks, (input, output))
                        .and_then(|()| Ok(command.spawn()?))
                        .with_context(|| {
                            let script = self.trusted.rc().path.display();
                            let path = path.display();
                            format!("could not load `{script}`: could not start `{path}`")
                        });
                    children.running.push((child.map_err(Stop::Failed)?, is_last));
                }
            }
        }
        let last = self.wait_for(&mut children)?;
        if let (1, true, Some(SIGTERM)) =
            (count, self.captures.is_empty(), last.and_then(|status| status.signal()))
        {
            self.print(2, b"Terminated\n");
        }
        Ok(last.map_or(127, code))
    }

    /// How the last one ended, when all of them have.
    fn wait_for(&mut self, children: &mut Children) -> Flow<Option<ExitStatus>> {
        let mut last = None;
        let mut result = Ok(());
        while !children.running.is_empty() {
            let ready = self.wait()?;
            if ready.must_kill {
                children.kill();
            }
            for (status, is_last) in children.take_ended().map_err(Stop::Failed)? {
                if is_last {
                    last = Some(status);
                }
                result = result.and(self.heed(status));
            }
            if let Some(signal) = ready.fatal {
                self.die(signal, children);
            }
        }
        self.hear_capture()?;
        result.map(|()| last)
    }

    /// stdin is the user's, stdout goes to stderr, as for the programs that bash runs for us.
    fn prepare(
        &mut self,
        command: &mut Command,
        path: &Path,
        sinks: [Sink; 2],
        (input, output): (Option<OwnedFd>, Option<OwnedFd>),
    ) -> Result<()> {
        let mut env = self.variables.environment();
        env.set("_", path);
        env.set("DIRENV_IN_ENVRC", "1");
        crate::session::set_watches(&mut env, &self.watches);
        command.env_clear().envs(env.iter()).current_dir(OsStr::from_bytes(self.dir()));
        command.stdin(match input {
            Some(pipe) => pipe.into(),
            None if self.world.config.disable_stdin => Stdio::null(),
            None => Stdio::inherit(),
        });
        for (descriptor, sink) in sinks.into_iter().enumerate() {
            let stdio = match (sink, &output) {
                (Sink::Pipe, Some(pipe)) => pipe.try_clone()?.into(),
                (Sink::Null | Sink::Pipe, _) => Stdio::null(),
                (Sink::Stderr, _) => io::stderr().as_fd().try_clone_to_owned()?.into(),
                (Sink::Capture, _) => self.capture_pipe()?.into(),
            };
            if descriptor == 0 {
                command.stdout(stdio)
            } else {
                command.stderr(stdio)
            };
        }
        Ok(())
    }

    fn capture_pipe(&mut self) -> Result<OwnedFd> {
        let capture = self.captures.last_mut().context("a capture is under way")?;
        let pipe = match capture.pipe.take() {
            Some(pipe) => pipe,
            None => {
                let pipe = Pipe::new()?;
                ioctl_fionbio(&pipe.reader, true).context("could not listen to a program")?;
                pipe
            }
        };
        let writer = pipe.writer.try_clone()?;
        capture.pipe = Some(pipe);
        Ok(writer)
    }

    fn wait(&mut self) -> Flow<Ready> {
        let pipe = self.captures.last().and_then(|capture| capture.pipe.as_ref());
        let pipes: Vec<&OwnedFd> = pipe.map(|pipe| &pipe.reader).into_iter().collect();
        let Some(runner) = &mut self.runner else { return needs_bash("a program") };
        let ready = runner.vigil.wait(&pipes, self.world.host).map_err(Stop::Failed)?;
        self.hear_capture()?;
        Ok(ready)
    }

    /// Takes what is in the pipe now.
    fn hear_capture(&mut self) -> Flow {
        let Some(Capture { text, pipe: Some(pipe) }) = self.captures.last_mut() else {
            return Ok(());
        };
        while read_some(&pipe.reader, text).map_err(Stop::Failed)? == Heard::Some {}
        Ok(())
    }

    fn read_to_end(&mut self, reader: &OwnedFd, text: &mut Vec<u8>) -> Flow {
        loop {
            match read_some(reader, text).map_err(Stop::Failed)? {
                Heard::Some => {}
                // What held the pipe may have heard the same Ctrl-C, and ended first.
                Heard::End if self.hears_interrupt() => return Err(Stop::Interrupted),
                Heard::End => return Ok(()),
                Heard::Nothing => {
                    let Some(runner) = &mut self.runner else { return Ok(()) };
                    let ready =
                        runner.vigil.wait(&[reader], self.world.host).map_err(Stop::Failed)?;
                    if let Some(signal) = ready.fatal {
                        self.die(signal, &mut Children::default());
                    }
                    // Only what is in the background runs now, and the shell itself hears Ctrl-C.
                    if self.hears_interrupt() {
                        return Err(Stop::Interrupted);
                    }
                }
            }
        }
    }

    fn hears_interrupt(&mut self) -> bool {
        let is_new = self.runner.as_mut().is_some_and(|runner| runner.vigil.take_interrupt());
        is_new || self.interrupt() != Interrupt::None
    }

    /// A program that Ctrl-C ended ends the script, one that took it otherwise does not.
    fn heed(&self, status: ExitStatus) -> Flow {
        let is_ended = matches!(status.signal(), Some(SIGINT | SIGKILL));
        match self.interrupt() {
            Interrupt::Forced => Err(Stop::Interrupted),
            Interrupt::Asked if is_ended => Err(Stop::Interrupted),
            Interrupt::Asked | Interrupt::None => Ok(()),
        }
    }

    fn interrupt(&self) -> Interrupt {
        self.runner.as_ref().map_or(Interrupt::None, |runner| runner.vigil.interrupt)
    }

    /// Ends as the signal asks, but leaves nothing behind.
    fn die(&mut self, signal: i32, children: &mut Children) {
        children.kill();
        if let Some(runner) = &mut self.runner {
            runner.line_mode.leave();
        }
        _ = emulate_default_handler(signal);
    }
}

/// The programs of one pipe that run, and whether each is the last of it. What nobody waits for any more is ended.
#[derive(Default)]
struct Children {
    running: Vec<(Child, bool)>,
}

impl Children {
    fn kill(&mut self) {
        for (child, _) in &self.running {
            kill_with_descendants(child);
        }
    }

    fn take_ended(&mut self) -> Result<Vec<(ExitStatus, bool)>> {
        let mut ended = Vec::new();
        let mut running = Vec::new();
        for (mut child, is_last) in self.running.drain(..) {
            match child.try_wait().context("could not wait for a program")? {
                Some(status) => ended.push((status, is_last)),
                None => running.push((child, is_last)),
            }
        }
        self.running = running;
        Ok(ended)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.kill();
        for (child, _) in &mut self.running {
            _ = child.wait();
        }
    }
}

impl Pipe {
    fn new() -> Result<Self> {
        let (reader, writer) = io::pipe().context("could not make a pipe for a program")?;
        Ok(Self { reader: reader.into(), writer: writer.into() })
    }
}

/// Only programs print what no variable can hold.
fn line_of(commands: &AndOr) -> usize {
    let rest = commands.rest.iter().map(|(_, pipeline)| pipeline);
    let mut lines =
        std::iter::once(&commands.first).chain(rest).map(|pipeline| match &pipeline.command {
            crate::eval::parse::Command::Programs(programs) => programs.line,
            _ => 0,
        });
    lines.find(|line| *line > 0).unwrap_or_default()
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.unwrap_or(127).to_le_bytes()[0]
}

/// Whether the system starts it by itself: a file that is neither a binary nor names its interpreter bash would read.
fn has_interpreter(file: &Path) -> bool {
    let mut start = [0; 256];
    let Ok(length) =
        std::fs::File::open(file).and_then(|mut file| io::Read::read(&mut file, &mut start))
    else {
        return false;
    };
    match &start[..length] {
        [0x7f, b'E', b'L', b'F', ..] => true,
        [b'#', b'!', line @ ..] => {
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
            let interpreter = words.find(|word| !word.is_empty()).unwrap_or_default();
            interpreter.starts_with(b"/")
                && builtins::is_program(Path::new(OsStr::from_bytes(interpreter)))
        }
        _ => false,
    }
}

#[derive(PartialEq, Eq)]
enum Heard {
    Some,
    Nothing,
    End,
}

fn read_some(pipe: &OwnedFd, text: &mut Vec<u8>) -> Result<Heard> {
    let mut bytes = [0; 16 << 10];
    loop {
        match rustix::io::read(pipe, &mut bytes) {
            Ok(0) => return Ok(Heard::End),
            Ok(length) => {
                text.extend(&bytes[..length]);
                return Ok(Heard::Some);
            }
            Err(Errno::AGAIN) => return Ok(Heard::Nothing),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not read from a program"),
        }
    }
}

/// Into a pipe that has room for it. A reader that is gone misses it.
fn write_all(pipe: Option<&OwnedFd>, text: &[u8]) {
    let mut rest = text;
    while let (Some(pipe), false) = (pipe, rest.is_empty()) {
        match rustix::io::write(pipe, rest) {
            Ok(length) => rest = &rest[length..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}
