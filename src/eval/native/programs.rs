//! Programs that run without a shell between: found, started, heard and waited for as bash does it.

use super::children::{Children, code};
use super::lookup::{Complaint, Found};
use super::pipe::{Feed, Heard, Pipe, read_some};
use super::redirect::{Redirections, Sink};
use super::{Flow, Shell, Stop, builtins, needs_bash};
use crate::eval::bash::terminal::LineMode;
use crate::eval::in_progress;
use crate::eval::parse::{AndOr, Assignment, Call, Programs, Redirect, parse_exports};
use crate::eval::vigil::{self, Interrupt, Vigil};
use crate::ui;
use anyhow::{Context as _, Error, Result};
use rustix::io::ioctl_fionbio;
use signal_hook::consts::{SIGINT, SIGKILL};
use signal_hook::low_level::emulate_default_handler;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// How far behind the clock the times of files may be, in nanoseconds.
const TICK: i64 = 10_000_000;

/// What it takes to wait for programs.
#[derive(Debug)]
pub struct Runner {
    /// What changed later was made by a program. In nanoseconds since the epoch.
    pub began: i64,
    vigil: Vigil,
    line_mode: LineMode,
}

/// The output of a substitution so far.
#[derive(Debug, Default)]
pub struct Capture {
    pub text: Vec<u8>,
    pipe: Option<Pipe>,
}

/// One part of a pipe.
struct Part {
    what: What,
    redirections: Redirections,
}

enum What {
    Program(Program),
    Text(Vec<u8>),
    NotFound(Vec<u8>),
}

struct Program {
    path: PathBuf,
    /// bash reads it.
    is_script: bool,
    name: Vec<u8>,
    arguments: Vec<Vec<u8>>,
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Why a program does not run.
enum NotStarted {
    Complaint(Complaint),
    Failure(Error),
}

impl<E: Into<Error>> From<E> for NotStarted {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// A part whose files are open.
enum Ready {
    Program {
        program: Program,
        input: Option<File>,
        sinks: [Sink; 2],
    },
    Text(Vec<u8>),
    /// bash said why, and goes on with this status.
    Not(u8),
}

impl Shell<'_> {
    /// Runs a pipe; its status is that of the last part.
    pub fn programs(&mut self, programs: &Programs) -> Flow {
        if programs.calls.iter().any(|call| self.functions.has(&call.name)) {
            return self.function(programs);
        }
        let mut parts = Vec::new();
        for call in &programs.calls {
            parts.push(self.part(call)?);
        }
        self.commit()?;
        // In a subshell bash forgets where it found what.
        if let ([Part { what: What::Program(Program { path, name, .. }), .. }], true) =
            (parts.as_slice(), self.captures.is_empty())
            && !name.contains(&b'/')
        {
            self.variables.found.insert(name.clone(), path.clone());
        }
        let count = parts.len();
        let mut ready = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            ready.push(self.open_part(part, programs.line, number + 1 == count));
        }
        self.status = self.run(ready, programs)?;
        Ok(())
    }

    /// What was read as a program's name, before anything was known of the script's functions.
    fn function(&mut self, programs: &Programs) -> Flow {
        let [Call { variables, name, redirects, .. }] = programs.calls.as_slice() else {
            return needs_bash("a function in a pipe");
        };
        if !variables.is_empty()
            || redirects.iter().any(|redirect| matches!(redirect, Redirect::File(_)))
        {
            return needs_bash("a function with a file or variables of its own");
        }
        let arguments = self.expand_arguments(&programs.calls[0])?;
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let redirections = self.redirections(&programs.calls[0])?;
        let sinks = self.sinks.clone();
        _ = self.redirect(&redirections);
        let status = self.call_function(name, &arguments);
        self.sinks = sinks;
        self.status = status?;
        Ok(())
    }

    /// Runs what a pipe prints.
    pub fn eval(&mut self, programs: &Programs) -> Flow {
        let printed = self.capture_with(programs.line, |shell| shell.programs(programs))?;
        let Ok(script) = parse_exports(&printed) else {
            return needs_bash("what an `eval` runs");
        };
        self.variables.learn_identity();
        self.eval_line = programs.line;
        if self.exports_all || printed.trim_ascii().is_empty() {
            self.status = 0;
        }
        self.run_list(&script)
    }

    /// The output of commands, up to the end of the pipe, which something in the background may hold open.
    pub fn capture(&mut self, commands: &AndOr) -> Flow<Vec<u8>> {
        self.capture_with(line_of(commands), |shell| shell.run_and_or(commands))
    }

    fn capture_with(&mut self, line: usize, run: impl FnOnce(&mut Self) -> Flow) -> Flow<Vec<u8>> {
        let sinks = self.sinks.clone();
        self.sinks[0] = Sink::Capture;
        self.captures.push(Capture::default());
        let result = run(self);
        self.sinks = sinks;
        let Some(Capture { mut text, pipe }) = self.captures.pop() else { return Ok(Vec::new()) };
        result?;
        if let Some(Pipe { reader, writer }) = pipe {
            drop(writer);
            self.read_to_end(&reader, &mut text)?;
        }
        if text.contains(&0) {
            text.retain(|byte| *byte != 0);
            self.complain(line, "warning: command substitution: ignored null byte in input");
        }
        Ok(text)
    }

    fn part(&mut self, call: &Call) -> Flow<Part> {
        let arguments = self.expand_arguments(call)?;
        let redirections = self.redirections(call)?;
        let mut variables = Vec::new();
        for Assignment { name, value, .. } in &call.variables {
            variables.push((name.clone(), self.expand(value)?));
        }
        if matches!(call.name.as_slice(), b"echo" | b"printf") {
            if !call.redirects.is_empty() {
                return needs_bash("a redirection in front of a pipe");
            }
            let words: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let text = builtins::text(&call.name, &words)?;
            return Ok(Part { what: What::Text(text), redirections });
        }
        let name = call.name.clone();
        let found = self.find(&name)?;
        if self.runner.is_none() && !matches!(found, Found::Program(_)) {
            return needs_bash("a program that the system does not start");
        }
        let is_script = matches!(found, Found::Script(_));
        let what = match found {
            Found::Program(path) | Found::Script(path) | Found::Unstartable(path) => {
                What::Program(Program { path, is_script, name, arguments, variables })
            }
            Found::Nothing => What::NotFound(name),
        };
        Ok(Part { what, redirections })
    }

    /// Opens the files of a part, or says why not.
    fn open_part(&mut self, part: Part, line: usize, is_last: bool) -> Ready {
        let before = self.sinks.clone();
        if !is_last {
            self.sinks[0] = Sink::Pipe;
        }
        let ready = match (self.redirect(&part.redirections), part.what) {
            (Err((line, what)), _) => {
                self.sinks.clone_from(&before);
                self.complain(line, &what);
                Ready::Not(1)
            }
            (Ok(_), What::NotFound(name)) => {
                let name = String::from_utf8_lossy(&name);
                self.complain(line, &format!("{name}: command not found"));
                Ready::Not(127)
            }
            (Ok(_), What::Text(text)) => Ready::Text(text),
            (Ok(input), What::Program(program)) => {
                Ready::Program { program, input, sinks: self.sinks.clone() }
            }
        };
        self.sinks = before;
        ready
    }

    /// From here on bash would do again what was done.
    pub fn commit(&mut self) -> Flow {
        if self.runner.is_some() {
            return Ok(());
        }
        if let Some(doubt) = self.doubt_of_remainder() {
            return needs_bash(doubt);
        }
        let Ok(vigil) = Vigil::start(self.world) else { return needs_bash("signals") };
        let began = crate::quiet::clock() - TICK;
        self.runner = Some(Runner { began, vigil, line_mode: LineMode::enter() });
        ui::say(&std::mem::take(&mut self.said));
        Ok(())
    }

    /// As bash says what is wrong with a command.
    pub fn complain(&mut self, line: usize, what: &str) {
        let Some(frame) = self.frames.last() else { return };
        let message = format!("{}:{line}: {what}\n", String::from_utf8_lossy(&frame.name));
        self.print(2, message.as_bytes());
    }

    fn run(&mut self, parts: Vec<Ready>, programs: &Programs) -> Flow<u8> {
        let Some(runner) = &mut self.runner else { return needs_bash("a program") };
        if runner.vigil.take_interrupt() {
            return Err(Stop::Interrupted);
        }
        let count = parts.len();
        let mut children = Children::default();
        let mut input = None;
        let mut unstarted = 127;
        for (number, part) in parts.into_iter().enumerate() {
            let is_last = number + 1 == count;
            let next = if is_last { None } else { Some(Pipe::new().map_err(Stop::Failed)?) };
            let (reader, output) = next.map(|pipe| (pipe.reader, pipe.writer)).unzip();
            let piped = std::mem::replace(&mut input, reader);
            match part {
                Ready::Text(text) => {
                    children.feed = output.and_then(|pipe| Feed::start(pipe, text));
                }
                Ready::Not(status) => unstarted = status,
                Ready::Program { program, input, sinks } => {
                    let input = input.map(OwnedFd::from).or(piped);
                    match self.launch(&program, sinks, (input, output), programs.line)? {
                        Ok(child) => children.running.push((child, is_last)),
                        Err(status) => unstarted = status,
                    }
                }
            }
        }
        let last = self.wait_for(&mut children)?;
        if let (true, Some((id, status))) = (self.captures.is_empty(), last) {
            self.tell_signal(id, status, programs);
        }
        Ok(last.map_or(unstarted, |(_, status)| code(status)))
    }

    /// Starts a program, or says why not, as bash does, and what its status is then.
    fn launch(
        &mut self,
        program: &Program,
        sinks: [Sink; 2],
        pipes: (Option<OwnedFd>, Option<OwnedFd>),
        line: usize,
    ) -> Flow<Result<Child, u8>> {
        let before = std::mem::replace(&mut self.sinks, sinks.clone());
        let started = match self.spawn(program, sinks, pipes) {
            Ok(child) => Ok(Ok(child)),
            Err(NotStarted::Complaint(Complaint { text, status })) => {
                self.complain(line, &text);
                Ok(Err(status))
            }
            Err(NotStarted::Failure(error)) => {
                let script = self.trusted.rc().path.display();
                let path = program.path.display();
                let what = format!("could not load `{script}`: could not start `{path}`");
                Err(Stop::Failed(error.context(what)))
            }
        };
        self.sinks = before;
        started
    }

    /// How the last one ended, and what its number was, when all of them have.
    fn wait_for(&mut self, children: &mut Children) -> Flow<Option<(u32, ExitStatus)>> {
        let mut last = None;
        let mut result = Ok(());
        while !children.are_done() {
            let ready = self.wait(children)?;
            if ready.must_kill {
                children.kill();
            }
            for ended in children.take_ended().map_err(Stop::Failed)? {
                if ended.is_last {
                    last = Some((ended.id, ended.status));
                }
                result = result.and(self.heed(ended.status));
            }
            if let Some(signal) = ready.fatal {
                self.die(signal, children);
            }
        }
        self.hear_capture()?;
        result.map(|()| last)
    }

    /// stdin is the user's, stdout goes to stderr, as for the programs that bash runs for us.
    fn spawn(
        &mut self,
        program: &Program,
        sinks: [Sink; 2],
        (input, output): (Option<OwnedFd>, Option<OwnedFd>),
    ) -> Result<Child, NotStarted> {
        let Program { path, is_script, name, arguments, variables } = program;
        let mut command = if *is_script {
            self.check_script(path).map_err(NotStarted::Complaint)?;
            let bash = self.bash().unwrap_or(b"bash");
            let mut command = Command::new(OsStr::from_bytes(bash));
            command.arg(path);
            command
        } else {
            let mut command = Command::new(path);
            command.arg0(OsStr::from_bytes(name));
            command
        };
        command.args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
        let mut env = self.variables.environment();
        env.set("_", path);
        env.set("DIRENV_IN_ENVRC", "1");
        in_progress::begin(&mut env, &self.trusted.rc().path);
        crate::session::set_watches(&mut env, &self.watches);
        for (name, value) in variables {
            env.set(OsStr::from_bytes(name), OsStr::from_bytes(value));
        }
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
                (Sink::File(file), _) => file.try_clone()?.into(),
            };
            if descriptor == 0 {
                command.stdout(stdio)
            } else {
                command.stderr(stdio)
            };
        }
        command.spawn().map_err(|error| match self.complaint(path, &error) {
            Some(complaint) => NotStarted::Complaint(complaint),
            None => error.into(),
        })
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

    fn wait(&mut self, children: &mut Children) -> Flow<vigil::Ready> {
        let pipe = self.captures.last().and_then(|capture| capture.pipe.as_ref());
        let pipes: Vec<&OwnedFd> = pipe.map(|pipe| &pipe.reader).into_iter().collect();
        let Some(runner) = &mut self.runner else { return needs_bash("a program") };
        let room = children.feed.as_ref().map(|feed| &feed.pipe);
        let ready = runner.vigil.wait_for(&pipes, room, self.world.host).map_err(Stop::Failed)?;
        children.feed = children.feed.take().and_then(Feed::go_on);
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
