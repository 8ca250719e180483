//! What clients ask for, done to the services.

use super::clients::Waiting;
use super::ending::signal_name;
use super::supervised::{Goal, Supervised};
use super::{Ending, Supervisor};
use crate::service::control::{Reply, Request, Status, Until};
use crate::service::graph::Graph;
use crate::service::logs::{self, Log};
use crate::service::process;
use crate::service::state::{Event, Exit, Policy, State};
use crate::service::{Condition, Spec, project};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

impl Supervisor<'_> {
    /// `None` where the reply comes later.
    pub fn do_what_is_asked(&mut self, number: u32, request: Request) -> Result<Option<Reply>> {
        if self.ending != Ending::NotYet
            && matches!(
                request,
                Request::Hello
                    | Request::Up { .. }
                    | Request::Start { .. }
                    | Request::Restart { .. }
            )
        {
            bail!("the supervisor is stopping everything");
        }
        match request {
            Request::Hello => Ok(Some(done())),
            Request::Up { names, owns } => {
                self.define()?;
                let services = self.graph.with_dependencies(&self.graph.named(&names)?);
                if let Some(client) = self.clients.get_mut(&number) {
                    client.owns = owns;
                }
                self.want_up(&services);
                Ok(self.wait(number, Waiting::Settled))
            }
            Request::Down => {
                self.end(Ending::InOrder);
                Ok(self.wait(number, Waiting::Down(Vec::new())))
            }
            Request::Kill => {
                self.end(Ending::Now);
                Ok(self.wait(number, Waiting::Down(Vec::new())))
            }
            Request::Start { names } => {
                let asked = self.asked(&names)?;
                self.want_up(&self.graph.with_dependencies(&asked));
                self.run_now(&asked);
                Ok(Some(done()))
            }
            Request::Stop { names } => {
                let services = self.graph.with_dependents(&self.asked(&names)?);
                let services = self.indices(&services);
                for index in &services {
                    self.services[*index].goal = Goal::Down;
                    self.services[*index].was_killed = false;
                }
                Ok(self.wait(number, Waiting::Stopped(services)))
            }
            Request::Restart { names } => {
                let asked = self.asked(&names)?;
                for index in self.indices(&asked) {
                    let service = &mut self.services[index];
                    service.restarting = service.life.state.is_active();
                    service.was_killed = false;
                    // What is done is done again.
                    if service.life.state == State::Completed {
                        self.happen(index, Event::Reset);
                    }
                }
                self.want_up(&self.graph.with_dependencies(&asked));
                self.run_now(&asked);
                Ok(Some(done()))
            }
            Request::Signal { names, signal } => {
                let asked = self.asked(&names)?;
                for index in self.indices(&asked) {
                    let service = &self.services[index];
                    let Some(main) = service.main else {
                        bail!("`{}` does not run", service.spec.name)
                    };
                    process::signal(main, signal);
                }
                Ok(Some(done()))
            }
            Request::Ps => {
                Ok(Some(Reply::Services { services: self.statuses(&self.changed_definitions()) }))
            }
            Request::Watch => {
                self.wait(number, Waiting::Changes(Vec::new()));
                Ok(None)
            }
            Request::Wait { names, until } => {
                let services = if names.is_empty() && until == Until::Ended {
                    (0..self.services.len()).collect()
                } else {
                    let asked = self.graph.named(&names)?;
                    self.indices(&asked)
                };
                Ok(self.wait(number, Waiting::For { services, until }))
            }
        }
    }

    /// Reads the definitions anew: what is as it was goes on as it was.
    fn define(&mut self) -> Result<()> {
        let graph = project::load(self.world(), &self.place.root)?;
        for spec in graph.specs.values() {
            match self.names.get(&spec.name).copied() {
                Some(index) => self.redefine(index, spec),
                None => self.add(spec)?,
            }
        }
        for service in &mut self.services {
            if !graph.specs.contains_key(&service.spec.name) {
                service.is_removed = true;
                service.goal = Goal::Down;
            }
        }
        self.graph = graph;
        self.connect();
        self.watch_files();
        Ok(())
    }

    fn add(&mut self, spec: &Spec) -> Result<()> {
        let dir = logs::directory_of(&self.place.logs(), &spec.name);
        let log = Log::new(dir, spec.log.clone());
        let service = Supervised::new(spec.clone(), log, self.clock.time())?;
        let index = self.services.len();
        if spec.logger.is_none() {
            self.poller.add(&service.stdout.read, super::Source::Stdout(index))?;
        }
        self.poller.add(&service.stderr.read, super::Source::Stderr(index))?;
        self.services.push(service);
        self.names.insert(spec.name.clone(), index);
        Ok(())
    }

    fn redefine(&mut self, index: usize, spec: &Spec) {
        let service = &mut self.services[index];
        service.is_removed = false;
        if service.spec == *spec {
            return;
        }
        service.restarting = service.life.state.is_active();
        if service.spec.listen != spec.listen {
            self.ignore_sockets_of(index);
            self.services[index].close_sockets();
        }
        let service = &mut self.services[index];
        service.next_run = None;
        match (&service.spec.logger, &spec.logger) {
            (None, Some(_)) => self.poller.remove(&service.stdout.read),
            (Some(_), None) => {
                _ = self.poller.add(&service.stdout.read, super::Source::Stdout(index));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        service.log.limit(spec.log.clone());
        service.spec = spec.clone();
        service.policy = Policy::of(spec);
        // What it did under its old definition is not what is asked of it now.
        self.happen(index, Event::Reset);
    }

    /// Names become indices, once.
    fn connect(&mut self) {
        for service in &mut self.services {
            service.needs.clear();
            service.dependents.clear();
        }
        for spec in self.graph.specs.values() {
            let index = self.names[&spec.name];
            for (name, condition) in &spec.depends_on {
                let needed = self.names[name];
                self.services[index].needs.push((needed, *condition));
                self.services[needed].dependents.push(index);
            }
        }
    }

    fn want_up(&mut self, names: &BTreeSet<String>) {
        for index in self.indices(names) {
            self.services[index].goal = Goal::Up;
            self.plan_run(index);
            match self.services[index].life.state {
                State::Failed | State::Backoff => self.happen(index, Event::Reset),
                _ => {}
            }
        }
    }

    fn asked(&self, names: &[String]) -> Result<BTreeSet<String>> {
        if names.is_empty() {
            bail!("which service? Name one");
        }
        self.graph.named(names)
    }

    fn indices(&self, names: &BTreeSet<String>) -> Vec<usize> {
        names.iter().filter_map(|name| self.names.get(name).copied()).collect()
    }

    fn wait(&mut self, number: u32, waiting: Waiting) -> Option<Reply> {
        if let Some(client) = self.clients.get_mut(&number) {
            client.waits_for = Some(waiting);
        }
        None
    }

    /// Looks at everybody who waits; whoever waits for nothing more is told.
    pub fn answer_who_waits(&mut self) {
        let waiting: Vec<(u32, Waiting)> = self
            .clients
            .iter()
            .filter_map(|(number, client)| Some((*number, client.waits_for.clone()?)))
            .collect();
        for (number, waiting) in waiting {
            let reply = match &waiting {
                Waiting::Down(told) => self.progress(number, told),
                Waiting::Settled => Some(done()),
                Waiting::Stopped(services) => self.stopped(services),
                Waiting::Changes(told) => self.changes(number, told),
                Waiting::For { services, until } => self.came_true(services, *until),
            };
            let Some(reply) = reply else { continue };
            if let Some(client) = self.clients.get_mut(&number)
                && !matches!(waiting, Waiting::Down(_) | Waiting::Changes(_))
            {
                client.waits_for = None;
            }
            self.reply(number, &reply);
        }
    }

    /// Definitions that changed on disk are no news: who wants to know them asks.
    fn changes(&mut self, number: u32, told: &[Status]) -> Option<Reply> {
        let services = self.statuses(&BTreeSet::new());
        if services == told {
            return None;
        }
        self.wait(number, Waiting::Changes(services.clone()));
        Some(Reply::Services { services })
    }

    fn progress(&mut self, number: u32, told: &[String]) -> Option<Reply> {
        let active = self.services.iter().filter(|service| service.life.state.is_active());
        let running: Vec<String> = active.map(|service| service.spec.name.clone()).collect();
        if running == told {
            return None;
        }
        self.wait(number, Waiting::Down(running.clone()));
        (!running.is_empty()).then_some(Reply::Stopping { running })
    }

    fn stopped(&self, services: &[usize]) -> Option<Reply> {
        let services = services.iter().map(|index| &self.services[*index]);
        if services.clone().any(|service| service.life.state.is_active()) {
            return None;
        }
        Some(outcome(services))
    }

    fn came_true(&self, services: &[usize], until: Until) -> Option<Reply> {
        if until == Until::Ended {
            let ended = services.iter().all(|index| self.has_ended(*index));
            return ended.then(|| outcome(services.iter().map(|index| &self.services[*index])));
        }
        let condition = match until {
            Until::Ready => Condition::Ready,
            Until::Completed | Until::Ended => Condition::Completed,
        };
        let missing: Vec<usize> = services
            .iter()
            .copied()
            .filter(|index| !self.services[*index].fulfils(condition))
            .collect();
        let Some(hopeless) = missing.iter().find(|index| self.has_ended(**index)) else {
            return missing.is_empty().then(done);
        };
        let service = &self.services[*hopeless];
        let name = &service.spec.name;
        let why = self.note(*hopeless).map_or_else(String::new, |note| format!(": {note}"));
        let message = format!("`{name}` is {}{why}", service.life.state.word());
        let verb = if service.goal == Goal::Up { "logs" } else { "start" };
        Some(Reply::Refused { message, hint: Some(format!("envr {verb} {name}")) })
    }

    /// Whether it will stay as it is unless somebody asks for something else.
    fn has_ended(&self, index: usize) -> bool {
        let service = &self.services[index];
        if service.spec.schedule.is_some() && service.goal == Goal::Up {
            return false;
        }
        match service.life.state {
            State::Failed | State::Completed => true,
            State::Down => service.goal == Goal::Down || self.blocker(index).is_some(),
            _ => false,
        }
    }

    /// What a service waits for in vain.
    fn blocker(&self, index: usize) -> Option<usize> {
        let needs = self.services[index].needs.iter();
        let unmet = needs.filter(|(needed, condition)| !self.services[*needed].fulfils(*condition));
        unmet.map(|(needed, _)| *needed).find(|needed| self.has_ended(*needed))
    }

    pub fn say_goodbye(&mut self) {
        let killed: Vec<&Supervised> = self.services.iter().collect();
        let reply = outcome(killed.into_iter());
        let waiting: Vec<u32> = self.clients.keys().copied().collect();
        for number in waiting {
            if matches!(self.clients.get(&number), Some(client) if client.waits_for.is_some()) {
                self.reply(number, &reply);
            }
        }
        _ = crate::fs::remove_if_there(&self.place.processes());
        if let Some(group) = &self.group {
            group.forget(&self.place);
        }
    }

    fn statuses(&self, changed: &BTreeSet<String>) -> Vec<Status> {
        let known: BTreeMap<&String, usize> = self
            .services
            .iter()
            .enumerate()
            .filter(|(_, service)| !service.is_removed || service.life.state.is_active())
            .map(|(index, service)| (&service.spec.name, index))
            .collect();
        known.values().map(|index| self.status(*index, changed)).collect()
    }

    fn status(&self, index: usize, changed: &BTreeSet<String>) -> Status {
        let service = &self.services[index];
        let note = self.note(index);
        let is_changed = changed.contains(&service.spec.name);
        let changed =
            is_changed.then(|| "its definition changed: `envr up` applies it".to_string());
        let notes: Vec<String> = note.into_iter().chain(changed).collect();
        Status {
            name: service.spec.name.clone(),
            state: self.word(index).to_string(),
            pid: service.main.map(super::number),
            since: service.since.clone(),
            restarts: service.runs.saturating_sub(1),
            ports: service.ports().collect(),
            exit: service.life.exit.map(|exit| match exit {
                Exit::Code(code) => code.to_string(),
                Exit::Signal(signal) => signal_name(signal),
            }),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        }
    }

    /// What waits for others is about to start.
    fn word(&self, index: usize) -> &'static str {
        let service = &self.services[index];
        match service.life.state {
            State::Down if service.is_called_by_connection => State::Down.word(),
            State::Down if service.goal == Goal::Up && service.next_run.is_none() => {
                State::Starting.word()
            }
            state => state.word(),
        }
    }

    fn note(&self, index: usize) -> Option<String> {
        let service = &self.services[index];
        if let Some(note) = self.told_next_run(index).filter(|_| !service.life.state.is_active()) {
            return Some(
                service.note.as_ref().map_or(note.clone(), |first| format!("{first}; {note}")),
            );
        }
        if service.life.state != State::Down || service.goal == Goal::Down {
            return service.note.clone();
        }
        if let Some(blocker) = self.blocker(index) {
            let blocker = &self.services[blocker];
            let state = blocker.life.state.word();
            return Some(format!("it needs `{}`, which is {state}", blocker.spec.name));
        }
        if service.is_called_by_connection {
            return Some("it waits for a connection".to_string());
        }
        let needs = service.needs.iter();
        let waits: Vec<&str> = needs
            .filter(|(needed, condition)| !self.services[*needed].fulfils(*condition))
            .map(|(needed, _)| self.services[*needed].spec.name.as_str())
            .collect();
        (!waits.is_empty()).then(|| format!("it waits for {}", waits.join(", ")))
    }

    /// The services that `up` would define otherwise; nothing where the files cannot be read.
    fn changed_definitions(&self) -> BTreeSet<String> {
        let Ok(Graph { specs, .. }) = project::load(self.world(), &self.place.root) else {
            return BTreeSet::new();
        };
        let known = self.graph.specs.iter();
        let changed = known.filter(|(name, spec)| specs.get(*name) != Some(*spec));
        changed.map(|(name, _)| name.clone()).collect()
    }
}

fn done() -> Reply {
    Reply::Done { killed: Vec::new(), failed: Vec::new() }
}

fn outcome<'a>(services: impl Iterator<Item = &'a Supervised> + Clone) -> Reply {
    let names = |is: fn(&Supervised) -> bool| {
        let named = services.clone().filter(move |service| is(service));
        named.map(|service| service.spec.name.clone()).collect()
    };
    Reply::Done {
        killed: names(|service| service.was_killed),
        failed: names(|service| service.life.state == State::Failed),
    }
}
