//! What clients ask for, done to the services.

use super::clients::Waiting;
use super::supervised::{Goal, Supervised};
use super::waiting::{done, end_of};
use super::{Ending, Supervisor};
use crate::error::Hinted;
use crate::service::control::{Reply, Request, Until};
use crate::service::logs::{self, Log};
use crate::service::process;
use crate::service::state::{Event, Policy, State};
use crate::service::{Spec, project};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

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
            Request::Hello => Ok(Some(done(Vec::new()))),
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
                let notes = self.notes_of_done(&asked).chain(self.notes_of_changed(&asked));
                let notes = notes.collect();
                self.want_up(&self.graph.with_dependencies(&asked));
                self.run_now(&asked);
                Ok(Some(done(notes)))
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
                let all = self.graph.with_dependencies(&asked);
                self.want_up(&all);
                self.run_now(&asked);
                let notes = self.notes_of_changed(&asked).collect();
                let (services, all) = (self.indices(&asked), self.indices(&all));
                Ok(self.wait(number, Waiting::Back { services, all, notes }))
            }
            Request::Signal { names, signal } => {
                let asked = self.asked(&names)?;
                self.signal(&asked, signal)?;
                Ok(Some(done(Vec::new())))
            }
            Request::Ps => Ok(Some(Reply::Services { services: self.all_statuses() })),
            Request::Watch => {
                self.wait(number, Waiting::Changes(Vec::new()));
                Ok(None)
            }
            Request::Wait { names, until } => {
                let services = if names.is_empty() && until == Until::Ended {
                    (0..self.services.len()).collect()
                } else {
                    let asked = self.known(&names)?;
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
        for index in 0..self.services.len() {
            for needed in self.services[index].leans_on.clone() {
                self.services[needed].dependents.push(index);
            }
        }
    }

    fn want_up(&mut self, names: &BTreeSet<String>) {
        self.environment.doubt();
        for index in self.indices(names) {
            self.services[index].goal = Goal::Up;
            self.plan_run(index);
            match self.services[index].life.state {
                State::Failed | State::Backoff => self.happen(index, Event::Reset),
                _ => {}
            }
        }
    }

    /// All that run get it, whatever the others do.
    fn signal(&self, names: &BTreeSet<String>, signal: i32) -> Result<()> {
        let mut idle = Vec::new();
        for index in self.indices(names) {
            let service = &self.services[index];
            match service.main {
                Some(main) => process::signal(main, signal),
                None => idle.push(format!("`{}`", service.spec.name)),
            }
        }
        match idle.as_slice() {
            [] => Ok(()),
            [one] => bail!("{one} does not run"),
            several => bail!("{} do not run", several.join(", ")),
        }
    }

    fn asked(&self, names: &[String]) -> Result<BTreeSet<String>> {
        if names.is_empty() {
            bail!("which service? Name one");
        }
        self.known(names)
    }

    fn known(&self, names: &[String]) -> Result<BTreeSet<String>> {
        self.graph.named(names).map_err(|error| {
            let new = self.edits().new.into_iter().find(|name| names.contains(name));
            let told = |name| format!("`{name}` was not defined yet when services were started");
            new.map_or(error, |name| Hinted::new(told(name), "envr up -d").into())
        })
    }

    pub fn indices(&self, names: &BTreeSet<String>) -> Vec<usize> {
        names.iter().filter_map(|name| self.names.get(name).copied()).collect()
    }

    pub fn say_goodbye(&mut self) {
        let reply = end_of(self.services.iter());
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
}
