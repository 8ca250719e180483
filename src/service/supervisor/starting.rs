//! Starting: the program is looked at once more, gets its environment and descriptors, and runs.

use super::supervised::{Listening, Pipe};
use super::{Child, Source, Supervisor, number};
use crate::env::Env;
use crate::service::environment::{self, Environment};
use crate::service::process::{self, Identity, Launch};
use crate::service::readiness::Search;
use crate::service::state::{Action, Event, Exit};
use crate::service::{Finish, Readiness, StartWhen, listener, project};
use crate::ui;
use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::process::Pid;
use signal_hook::consts::SIGKILL;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::iter;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// The service's name, for its own use.
pub const NAME: &str = "ENVR_SERVICE";
/// Project, name and run: what a process is recognised by, wherever it went.
pub const MARK: &str = "ENVR_SERVICE_ID";
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
const WATCHDOG_USEC: &str = "WATCHDOG_USEC";
/// What the system says when there is no memory or no process left: it may be otherwise in a moment.
const PASSING: [i32; 5] = [libc::EAGAIN, libc::ENOMEM, libc::ETXTBSY, libc::EMFILE, libc::ENFILE];

/// A process that evaluates the environment anew.
#[derive(Debug)]
pub struct Evaluation {
    pid: Pid,
    output: OwnedFd,
    bytes: Vec<u8>,
}

/// Why something was not started.
pub struct Failure {
    pub why: String,
    pub is_permanent: bool,
}

impl Supervisor<'_> {
    pub fn perform(&mut self, index: usize, action: Action) {
        match action {
            Action::Spawn => self.start(index),
            Action::Signal => self.ask_to_stop(index),
            Action::Kill => self.kill(index),
            Action::Sweep => self.sweep(index),
            Action::RunFinish => self.run_finish(index),
            Action::KillFinish => self.kill_finish(index),
        }
    }

    fn start(&mut self, index: usize) {
        match self.spawn_main(index) {
            Ok(pid) => {
                self.children.insert(number(pid), Child::Main(index));
                self.is_list_stale = true;
                let now = self.started.elapsed();
                let service = &mut self.services[index];
                service.main = Some(pid);
                service.identity = Identity::of(pid);
                service.session = Some(pid);
                service.leans_on = service.needs.iter().map(|(needed, _)| *needed).collect();
                service.note = None;
                service.was_killed = false;
                service.was_backgrounded = false;
                // The next run is for who connects next.
                service.is_due &= service.spec.start != StartWhen::OnConnection;
                service.say(&mut self.clock, &format!("started, pid {pid}, run {}", service.runs));
                if let Some(Readiness::Probe(_)) =
                    service.spec.ready.as_ref().map(|ready| &ready.how)
                {
                    service.next_probe = Some(now);
                }
            }
            Err(Failure { why, is_permanent }) => {
                let service = &mut self.services[index];
                service.tell(&mut self.clock, &format!("could not be started: {why}"));
                self.happen(index, Event::SpawnFailed { permanent: is_permanent });
            }
        }
    }

    fn spawn_main(&mut self, index: usize) -> Result<Pid, Failure> {
        let service = &self.services[index];
        let spec = service.spec.clone();
        // What is run, also by an interpreter, was approved when it was read; it may be another since.
        let words = iter::once(spec.run.file.as_os_str())
            .chain(spec.run.arguments.iter().map(|word| &**word));
        for own in words.map(|word| crate::fs::clean(&spec.dir.join(word))) {
            if project::is_definition(&self.place.root, &own) {
                project::approved(self.world(), &own).map_err(Failure::of)?;
            }
        }
        let stdout = match spec.logger.as_ref().and_then(|logger| self.names.get(logger)) {
            Some(logger) => self.feed_of(*logger).map_err(Failure::of)?.write.try_clone(),
            None => self.services[index].stdout.write.try_clone(),
        };
        let is_logger = spec.name.ends_with("/log");
        let stdin = if is_logger {
            let feed = self.feed_of(index).map_err(Failure::of)?;
            Some(feed.read.try_clone().map_err(|error| Failure::of(error.into()))?)
        } else {
            None
        };
        self.take_ports(index)?;
        self.services[index].runs += 1;
        let mut env = self.environment_of(index);
        let mut passed = self.listen_for_readiness(index, &mut env).map_err(Failure::of)?;
        let service = &self.services[index];
        let Some(file) = process::find(&spec.run.file, &env, &spec.dir) else {
            let why = format!("`{}` is not on its PATH", spec.run.file.display());
            return Err(Failure { why, is_permanent: true });
        };
        let sockets = service.pass_sockets(&mut env).map_err(Failure::of)?;
        let (file, arguments) = if sockets.is_empty() {
            (file, spec.run.arguments)
        } else {
            listener::wrapped(self.host.program(), file, spec.run.arguments)
        };
        passed.extend(sockets);
        let stdout = stdout.map_err(|error| Failure::of(error.into()))?;
        let stderr = service.stderr.write.try_clone().map_err(|error| Failure::of(error.into()))?;
        let launch = Launch {
            file: &file,
            arguments: &arguments,
            dir: &spec.dir,
            env: &env,
            stdin,
            stdout: Some(stdout),
            stderr: Some(stderr),
            passed,
            open_files: self.open_files,
            group: self.group_of(index).and_then(|group| group.open()),
        };
        process::spawn(launch).map_err(|error| Failure::of_program(&error, &file, &spec.dir))
    }

    fn run_finish(&mut self, index: usize) {
        let service = &mut self.services[index];
        let Some(Finish { file, .. }) = service.spec.finish.clone() else {
            return self.happen(index, Event::Finished(Exit::Code(0)));
        };
        let (code, signal) = match service.life.exit {
            Some(Exit::Code(code)) => (code, 0),
            Some(Exit::Signal(signal)) => (256, signal),
            None => (256, 0),
        };
        let group = service.session.map_or(0, number);
        let name = service.spec.name.clone();
        let dir = service.spec.dir.clone();
        let arguments: Vec<OsString> = vec![
            code.to_string().into(),
            signal.to_string().into(),
            name.into(),
            group.to_string().into(),
        ];
        let logger =
            service.spec.logger.as_ref().and_then(|logger| self.names.get(logger).copied());
        let stderr = service.stderr.write.try_clone();
        let stdout = match logger.and_then(|logger| self.services[logger].feed.as_ref()) {
            Some(feed) => feed.write.try_clone(),
            None => self.services[index].stdout.write.try_clone(),
        };
        let env = self.environment_of(index);
        let (stdout, stderr) = (stdout.ok(), stderr.ok());
        let approved = project::approved(self.world(), &crate::fs::clean(&dir.join(&file)))
            .map_err(Failure::of);
        let started = approved.and_then(|_| {
            process::spawn(Launch {
                file: &file,
                arguments: &arguments,
                dir: &dir,
                env: &env,
                stdin: None,
                stdout,
                stderr,
                passed: vec![],
                open_files: self.open_files,
                group: None,
            })
            .map_err(|error| Failure::of_program(&error, &file, &dir))
        });
        match started {
            Ok(pid) => {
                self.children.insert(number(pid), Child::Finish(index));
                self.services[index].finish = Some(pid);
            }
            Err(Failure { why, .. }) => {
                let text = format!("`finish` could not be started: {why}");
                self.services[index].tell(&mut self.clock, &text);
                self.happen(index, Event::Finished(Exit::Code(0)));
            }
        }
    }

    fn kill_finish(&mut self, index: usize) {
        let service = &mut self.services[index];
        service.tell(&mut self.clock, "`finish` took too long: it was killed");
        if let Some(finish) = service.finish {
            process::signal_group(finish, SIGKILL);
        }
    }

    /// The project's environment with what is the service's own.
    pub fn environment_of(&self, index: usize) -> Env {
        let service = &self.services[index];
        let mut env = self.environment.env.clone();
        self.tell_ports(index, &mut env);
        for (name, value) in &service.spec.env {
            match value {
                Some(value) => env.set(name, value),
                None => env.unset(name),
            }
        }
        let Self { place, .. } = self;
        env.set(NAME, &service.spec.name);
        env.set(MARK, format!("{}/{}/{}", place.id, service.spec.name, service.runs));
        env
    }

    fn feed_of(&mut self, logger: usize) -> Result<&Pipe> {
        let service = &mut self.services[logger];
        if service.feed.is_none() {
            service.feed = Some(Pipe::new()?);
        }
        service.feed.as_ref().context("a logger has a pipe")
    }

    /// Opens what the service says that it is ready through; returns the descriptors that it gets for it.
    fn listen_for_readiness(&mut self, index: usize, env: &mut Env) -> Result<Vec<(i32, OwnedFd)>> {
        self.services[index].stop_listening(&self.poller);
        let how = self.services[index].spec.ready.as_ref().map(|ready| ready.how.clone());
        let (listening, passed) = match how {
            Some(Readiness::Descriptor(number)) => {
                let Pipe { read, write } = Pipe::listening()?;
                self.poller.add(&read, Source::Ready(index))?;
                (Listening::Descriptor(read), vec![(number, write)])
            }
            Some(Readiness::Notify { watchdog }) => {
                let path = self.place.notify_socket(index)?;
                crate::fs::remove_if_there(&path)?;
                let socket = UnixDatagram::bind(&path)
                    .with_context(|| format!("could not listen at `{}`", path.display()))?;
                socket.set_nonblocking(true).context("could not listen")?;
                self.poller.add(socket.as_fd(), Source::Ready(index))?;
                env.set(NOTIFY_SOCKET, path);
                if let Some(time) = watchdog {
                    env.set(WATCHDOG_USEC, time.as_micros().to_string());
                }
                (Listening::Socket(socket), vec![])
            }
            Some(Readiness::LogLine(text)) => {
                let [stdout, stderr] = [(); 2].map(|()| Search::new(&text));
                (Listening::LogLine { stdout, stderr }, vec![])
            }
            Some(Readiness::Probe(_)) | None => (Listening::Nothing, vec![]),
        };
        self.services[index].readiness = listening;
        Ok(passed)
    }

    /// Whether services can be started in the environment as it is; else it is evaluated anew.
    pub fn is_environment_current(&mut self) -> bool {
        if self.evaluation.is_some() {
            return false;
        }
        // What was evaluated a moment ago is used, though its files may change all the time.
        if std::mem::take(&mut self.is_environment_new) || self.environment.is_current() {
            return true;
        }
        match self.evaluate() {
            Ok(evaluation) => {
                self.evaluation = Some(evaluation);
                false
            }
            Err(error) => {
                self.keep_environment(&ui::causes(&error));
                true
            }
        }
    }

    fn evaluate(&mut self) -> Result<Evaluation> {
        let Pipe { read, write } = Pipe::listening()?;
        let arguments =
            [OsString::from(environment::VERB), self.place.root.clone().into_os_string()];
        let launch = Launch {
            file: self.host.program(),
            arguments: &arguments,
            dir: &self.place.root,
            env: &self.host.env,
            stdin: None,
            stdout: Some(write),
            stderr: io::stderr().as_fd().try_clone_to_owned().ok(),
            passed: vec![],
            open_files: self.open_files,
            group: None,
        };
        let pid = process::spawn(launch).context("could not start an evaluation")?;
        self.children.insert(number(pid), Child::Evaluation);
        self.poller.add(&read, Source::Evaluation)?;
        Ok(Evaluation { pid, output: read, bytes: Vec::new() })
    }

    pub fn read_evaluation(&mut self) {
        let Some(evaluation) = &mut self.evaluation else { return };
        loop {
            match rustix::io::read(&evaluation.output, &mut self.buffer) {
                Ok(0) => return self.poller.remove(&evaluation.output),
                Ok(length) => evaluation.bytes.extend_from_slice(&self.buffer[..length]),
                Err(_) => return,
            }
        }
    }

    pub fn evaluation_ended(&mut self, success: bool) {
        self.read_evaluation();
        let Some(evaluation) = self.evaluation.take() else { return };
        self.poller.remove(&evaluation.output);
        self.is_environment_new = true;
        if success {
            self.environment = Environment::new(environment::decode(&evaluation.bytes));
        } else {
            self.keep_environment("it failed, or it is not approved");
        }
    }

    pub fn stop_evaluation(&mut self) {
        if let Some(evaluation) = &self.evaluation {
            process::signal_group(evaluation.pid, SIGKILL);
        }
    }

    fn keep_environment(&mut self, why: &str) {
        let text = format!("the environment changed and could not be evaluated: {why}; it is kept");
        for service in &mut self.services {
            if service.goal == super::Goal::Up {
                service.say(&mut self.clock, &text);
            }
        }
        self.environment.keep(text);
    }
}

impl Failure {
    fn of(error: anyhow::Error) -> Self {
        let number = |cause: &(dyn std::error::Error + 'static)| {
            let of_system = cause.downcast_ref().and_then(io::Error::raw_os_error);
            of_system.or_else(|| Some(cause.downcast_ref::<Errno>()?.raw_os_error()))
        };
        let is_passing = error.chain().filter_map(number).any(|code| PASSING.contains(&code));
        Self { why: ui::causes(&error), is_permanent: !is_passing }
    }

    fn of_program(error: &io::Error, file: &Path, dir: &Path) -> Self {
        let is_permanent = !error.raw_os_error().is_some_and(|code| PASSING.contains(&code));
        let path = crate::fs::clean(&dir.join(file));
        let shown = path.display();
        let why = match error.kind() {
            io::ErrorKind::NotFound if !dir.is_dir() => {
                format!("its directory `{}` is not there", dir.display())
            }
            io::ErrorKind::NotFound if path.exists() => {
                format!("`{shown}`: the interpreter that its first line names is not there")
            }
            _ if error.raw_os_error() == Some(libc::ENOEXEC) && is_text(&path) => {
                format!("`{shown}`: its first line does not say what runs it, as `#!/bin/sh`")
            }
            io::ErrorKind::ArgumentListTooLong => {
                format!("`{shown}`: its command, or its environment, is too large")
            }
            _ => format!("`{shown}`: {}", ui::plain(error)),
        };
        Self { why, is_permanent }
    }
}

/// Whether a program that the system cannot start looks like a script, rather than one for another machine.
fn is_text(program: &Path) -> bool {
    let mut begin = [0; 64];
    let read = File::open(program).and_then(|mut file| file.read(&mut begin));
    read.is_ok_and(|length| !begin[..length].contains(&0) && !begin.starts_with(b"#!"))
}
