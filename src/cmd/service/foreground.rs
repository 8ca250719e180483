//! `up` in the foreground: shows what the services say, and stops them when it is told to, or when nobody reads.

use super::Project;
use crate::memory_dir;
use crate::service::control::{Connection, Reply, Request, Until};
use crate::service::keeper::{self, Started};
use crate::service::logs::{self, Follow};
use crate::service::state::Exit;
use crate::service::supervisor::signal_name;
use crate::service::view::View;
use crate::ui;
use anyhow::Result;
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

struct Foreground<'a> {
    project: &'a Project<'a>,
    connection: Connection,
    /// The supervisor whose keeper we are; `None` where we only joined.
    started: Option<Started>,
    follow: Follow,
    view: View,
    /// How often we were told to stop.
    interrupts: usize,
    outcome: Option<ExitCode>,
}

/// A byte for each that came.
struct Signals {
    ends: UnixStream,
    stop: UnixStream,
    hang_up: UnixStream,
}

pub fn run(
    project: &Project,
    connection: Connection,
    request: Request,
    names: Vec<String>,
    started: Option<Started>,
) -> Result<ExitCode> {
    let ends = keeper::ends_of_children()?;
    let stop = keeper::bytes_for(&[SIGINT, SIGTERM])?;
    let hang_up = keeper::bytes_for(&[SIGHUP])?;
    let mut follow = Follow::new()?;
    for name in &names {
        follow.add(name, &logs::directory_of(&project.place.logs(), name));
    }
    let view = View::new(project.host, names);
    let mut foreground =
        Foreground { project, connection, started, follow, view, interrupts: 0, outcome: None };
    // What is in the way of the start of services comes when they have started.
    foreground.connection.ask(request)?;
    foreground.follow.await_growth()?;
    foreground.connection.send(Request::Wait { names: vec![], until: Until::Ended })?;
    if foreground.started.is_none() {
        ui::note(project.host, "joined the supervisor that was running; Ctrl-C leaves it running");
    }
    let signals = Signals { ends, stop, hang_up };
    let result = foreground.watch(&signals);
    if foreground.started.is_some() {
        keeper::clean(&signals.ends, &project.place);
        memory_dir::remove_lasting(project.host, &project.place.secrets());
    }
    result
}

impl Foreground<'_> {
    fn watch(&mut self, signals: &Signals) -> Result<ExitCode> {
        let Signals { ends, stop, hang_up } = signals;
        loop {
            self.show();
            if let Some(started) = &self.started
                && let Some(exit) = keeper::reap(started.pid)
            {
                self.show();
                return Ok(self.code_after(exit));
            }
            if let Some(code) = self.outcome.filter(|_| self.started.is_none()) {
                return Ok(code);
            }
            let mut fds = [
                PollFd::new(self.connection.stream(), PollFlags::IN),
                PollFd::new(&self.follow, PollFlags::IN),
                PollFd::new(ends, PollFlags::IN),
                PollFd::new(stop, PollFlags::IN),
                PollFd::new(hang_up, PollFlags::IN),
            ];
            // Nothing more comes from who has said all.
            let skipped = usize::from(self.outcome.is_some());
            _ = poll(&mut fds[skipped..], self.follow.patience());
            let [replied, _, _, stopped, hung_up] = fds.map(|fd| !fd.revents().is_empty());
            keeper::drain(ends);
            if stopped {
                self.interrupt(keeper::drain(stop));
            }
            // The system and the shell both tell of a terminal that went away: that is once.
            if hung_up && keeper::drain(hang_up) > 0 && self.interrupts == 0 {
                self.interrupt(1);
            }
            if replied {
                self.hear();
            }
        }
    }

    fn show(&mut self) {
        let mut text = Vec::new();
        for (name, line) in self.follow.read() {
            text.extend(self.view.line(&name, &line));
        }
        if !text.is_empty() && !self.project.host.show(&text) && self.interrupts == 0 {
            self.interrupt(1);
        }
    }

    /// The first asks the services to end, the second does not ask.
    fn interrupt(&mut self, times: usize) {
        self.interrupts += times;
        if self.started.is_none() {
            self.outcome = Some(ExitCode::SUCCESS);
            return;
        }
        let request = if self.interrupts > 1 { Request::Kill } else { Request::Down };
        _ = self.connection.send(request);
    }

    fn hear(&mut self) {
        let host = self.project.host;
        loop {
            match self.connection.receive() {
                Ok(Reply::Stopping { running }) => {
                    ui::note(host, &format!("stopping: {}", running.join(", ")));
                }
                Ok(Reply::Done { killed, failed, .. }) => {
                    let code = self.project.told(&killed, &failed);
                    if self.interrupts == 0 && self.started.is_some() {
                        // Nothing runs any more: neither need the supervisor.
                        self.interrupts = 1;
                        self.outcome = Some(code);
                        _ = self.connection.send(Request::Down);
                        return;
                    }
                    self.outcome.get_or_insert(ExitCode::SUCCESS);
                }
                Ok(_) => {}
                Err(_) => _ = self.outcome.get_or_insert(ExitCode::FAILURE),
            }
            if !self.connection.has_reply() {
                return;
            }
        }
    }

    fn code_after(&self, exit: Exit) -> ExitCode {
        match exit {
            Exit::Code(0) => self.outcome.unwrap_or(ExitCode::SUCCESS),
            Exit::Code(code) => {
                let log = self.project.place.state.join("supervisor.log");
                let message = format!("the supervisor failed with {code}, see `{}`", log.display());
                ui::fail(self.project.host, &message);
                ExitCode::FAILURE
            }
            Exit::Signal(signal) => {
                let name = signal_name(signal);
                let message =
                    format!("the supervisor was ended by {name}; its services are stopped");
                ui::fail(self.project.host, &message);
                ExitCode::FAILURE
            }
        }
    }
}
