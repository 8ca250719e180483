//! Ending: a service is asked, then killed, and whatever it left behind goes with it.

use super::starting::MARK;
use super::{Child, Supervisor, number};
use crate::service::Scope;
use crate::service::control_group::Group;
use crate::service::process::{self, Identity, Launch, Status};
use crate::service::state::{Event, Exit, State};
use rustix::process::Pid;
use signal_hook::consts::{SIGCONT, SIGKILL};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The variable that tells what asks it to stop of its main process.
const MAIN_PID: &str = "MAINPID";

impl Supervisor<'_> {
    /// Reads what it said last before its end is told; ends its group while nobody else can have its number.
    pub fn main_ended(&mut self, index: usize, pid: Pid) {
        self.read_last_words(index);
        let left = self.left_of(index);
        let members = self.members_of(index);
        if !self.services[index].is_told {
            process::signal_group(pid, SIGKILL);
        }
        let Some(exit) = process::reap(pid) else { return };
        self.is_list_stale = true;
        let service = &mut self.services[index];
        service.main = None;
        service.was_backgrounded = !left.is_empty() || !members.is_empty();
        let ended = match exit {
            Exit::Code(code) => format!("exited with {code}"),
            Exit::Signal(signal) => format!("ended by {}", signal_name(signal)),
        };
        service.say(&mut self.clock, &ended);
        let is_killed = exit == Exit::Signal(SIGKILL) && !service.life.was_killed();
        let kills = is_killed.then(process::kills_for_memory).flatten();
        if kills.is_some_and(|kills| kills != service.kills_before) {
            let text = "the kernel may have ended it: memory ran out on this machine while it ran";
            service.tell(&mut self.clock, text);
        }
        self.happen(index, Event::Exited(exit));
    }

    /// What it started and did not end with it: asked as it was, or killed where nobody asked.
    pub fn sweep(&mut self, index: usize) {
        self.forget_a_session_of_others(index);
        let service = &self.services[index];
        let signal = if service.is_told { service.spec.stop.signal } else { SIGKILL };
        if let Some(session) = service.session.filter(|session| process::group_exists(*session)) {
            process::signal_group(session, signal);
            process::signal_group(session, SIGCONT);
        }
        let left = self.left_of(index);
        for process in &left {
            process::signal(*process, signal);
            process::signal(*process, SIGCONT);
        }
        if let Some(group) = self.group_of(index) {
            let mut members = self.members_of(index);
            members.retain(|member| !left.contains(member));
            group.signal(&members, signal);
        }
        self.look_after_swept();
    }

    /// Goes on with those of whom nothing is left.
    pub fn look_after_swept(&mut self) {
        for index in 0..self.services.len() {
            if self.services[index].life.state != State::Sweeping {
                continue;
            }
            self.forget_a_session_of_others(index);
            let service = &self.services[index];
            let group = service.session.is_some_and(process::group_exists);
            let left = self.left_of(index);
            let members = self.members_of(index);
            // What asks it to stop may have more to do.
            let is_over = service.stopper.is_none();
            if !group && left.is_empty() && members.is_empty() && is_over {
                let backgrounded = service.was_backgrounded;
                self.happen(index, Event::Swept { backgrounded });
            } else if service.life.was_killed() {
                // Those that were left by what was just killed.
                for process in left {
                    process::signal(process, SIGKILL);
                }
                if !members.is_empty() {
                    self.group_of(index).inspect(Group::kill);
                }
            }
        }
    }

    pub fn ask_to_stop(&mut self, index: usize) {
        let dependents = &self.services[index].dependents;
        let is_fed = dependents.iter().any(|other| self.services[*other].life.state.is_active());
        let service = &mut self.services[index];
        // A logger ends when it has read everything.
        if service.feed.is_some() && !is_fed {
            service.feed = None;
            return;
        }
        if let Some(line) = service.spec.stop.command.clone() {
            return self.run_stopper(index, &line);
        }
        self.signal_to_stop(index);
    }

    /// The command is asked to do it; the signal follows, whatever came of that.
    fn run_stopper(&mut self, index: usize, line: &str) {
        let mut env = self.environment_of(index);
        let service = &mut self.services[index];
        if let Some(main) = service.main {
            env.set(MAIN_PID, main.to_string());
        }
        let arguments = ["-c".into(), line.into()];
        let started = process::spawn(Launch {
            file: Path::new("/bin/sh"),
            arguments: &arguments,
            dir: &service.spec.dir,
            env: &env,
            stdin: None,
            stdout: service.stdout.write.try_clone().ok(),
            stderr: service.stderr.write.try_clone().ok(),
            passed: vec![],
            open_files: self.open_files,
            group: None,
        });
        match started {
            Ok(pid) => {
                service.stopper = Some(pid);
                self.children.insert(number(pid), Child::Stopper(index));
            }
            Err(error) => {
                let why = crate::ui::plain(&error);
                service.tell(&mut self.clock, &format!("its `stop` could not be started: {why}"));
                self.signal_to_stop(index);
            }
        }
    }

    pub fn stopper_ended(&mut self, index: usize, exit: Option<Exit>) {
        let service = &mut self.services[index];
        service.stopper = None;
        if !exit.is_some_and(Exit::is_success) {
            service.tell(&mut self.clock, "its `stop` failed");
        }
        if service.life.state == State::Stopping {
            self.signal_to_stop(index);
        }
        self.look_after_swept();
    }

    fn signal_to_stop(&self, index: usize) {
        let service = &self.services[index];
        let Some(main) = service.main else { return };
        let signal = service.spec.stop.signal;
        match service.spec.stop.scope {
            Scope::Main => {
                process::signal(main, signal);
                process::signal(main, SIGCONT);
            }
            Scope::Group => {
                process::signal_group(main, signal);
                process::signal_group(main, SIGCONT);
            }
        }
    }

    pub fn kill(&mut self, index: usize) {
        self.forget_a_session_of_others(index);
        let service = &mut self.services[index];
        service.was_killed = true;
        let text = "SIGKILL for all that is left of it";
        service.say(&mut self.clock, text);
        if let Some(stopper) = service.stopper {
            process::signal_group(stopper, SIGKILL);
        }
        if let Some(session) =
            service.main.or(service.session.filter(|_| !service.life.state.is_running()))
        {
            process::signal_group(session, SIGKILL);
        }
        for process in self.left_of(index) {
            process::signal(process, SIGKILL);
        }
        self.group_of(index).inspect(Group::kill);
    }

    /// Who lives in its control group, but for its main process: also those who are nobody's child here.
    fn members_of(&self, index: usize) -> Vec<Pid> {
        let main = self.services[index].main;
        let members = self.group_of(index).map(|group| group.members()).unwrap_or_default();
        members.into_iter().filter(|member| Some(*member) != main).collect()
    }

    /// Nobody gets a number while a session or a group has it. Whoever has that of a leader who is reaped is another.
    fn forget_a_session_of_others(&mut self, index: usize) {
        let service = &mut self.services[index];
        if service.main.is_none() && service.session.is_some_and(process::exists) {
            service.session = None;
        }
    }

    /// Children that were left to us and are a service's, by their mark or their session.
    fn left_of(&self, index: usize) -> Vec<Pid> {
        let service = &self.services[index];
        let mark = format!("{}/{}/", self.place.id, service.spec.name);
        let session = service.session.map_or(0, number);
        let is_its = |process: &Pid| {
            Status::of(*process).is_some_and(|status| {
                !status.is_zombie
                    && (status.session == session
                        || process::variable(*process, MARK)
                            .is_some_and(|value| value.as_bytes().starts_with(mark.as_bytes())))
            })
        };
        self.strangers().filter(is_its).collect()
    }

    /// Children that we did not start.
    fn strangers(&self) -> impl Iterator<Item = Pid> {
        let children = process::children().into_iter();
        children.filter(|child| !self.children.contains_key(&number(*child)))
    }

    /// At the very end whoever is left goes, whatever it calls itself.
    pub fn no_stranger_is_left(&mut self) -> bool {
        let mut is_none_left = true;
        for process in self.strangers().collect::<Vec<_>>() {
            process::signal(process, SIGKILL);
            is_none_left = false;
        }
        is_none_left
    }

    /// The list by which the next supervisor finds those whom a killed one left.
    pub fn write_list(&mut self) {
        if !std::mem::take(&mut self.is_list_stale) {
            return;
        }
        let list: Vec<&Identity> = self
            .services
            .iter()
            .filter_map(|service| service.identity.as_ref().filter(|_| service.main.is_some()))
            .collect();
        let written = serde_json::to_vec(&list).map_err(Into::into);
        let written = written.and_then(|bytes| crate::fs::replace(&self.place.processes(), &bytes));
        if let Err(error) = written {
            crate::ui::warn(self.host, &crate::ui::causes(&error));
        }
    }
}

impl Exit {
    /// As `ps` has it: `0`, `SIGKILL`.
    pub fn shown(self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Signal(signal) => signal_name(signal),
        }
    }
}

pub fn signal_name(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal)
        .map_or_else(|| format!("signal {signal}"), ToString::to_string)
}
