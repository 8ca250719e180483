//! Those who wait for something of services, and what they are told in the end.

use super::Supervisor;
use super::clients::Waiting;
use super::supervised::{Goal, Supervised};
use crate::service::Condition;
use crate::service::control::{Note, Reply, Status, Until};
use crate::service::state::State;
use std::collections::BTreeSet;

impl Supervisor<'_> {
    /// The reply comes later.
    pub fn wait(&mut self, number: u32, waiting: Waiting) -> Option<Reply> {
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
                Waiting::Settled => Some(done(Vec::new())),
                Waiting::Back { services, all, notes } => self.came_back(services, all, notes),
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
        Some(end_of(services))
    }

    fn came_true(&self, services: &[usize], until: Until) -> Option<Reply> {
        if until == Until::Ended {
            let ended = services.iter().all(|index| self.has_ended(*index));
            return ended.then(|| outcome(services.iter().map(|index| &self.services[*index])));
        }
        let is_endless = |index: &&usize| !self.services[**index].spec.can_complete();
        if until == Until::Completed
            && let Some(endless) = services.iter().find(is_endless)
        {
            let name = &self.services[*endless].spec.name;
            let message = format!("`{name}` is never completed: it is always started again");
            return Some(Reply::Refused { message, hint: Some(format!("envr wait {name}")) });
        }
        let condition = match until {
            Until::Ready => Condition::Ready,
            Until::Completed | Until::Ended => Condition::Completed,
        };
        // What ended well and for good is as ready as it will ever be.
        let is_missing = |index: &usize| {
            let service = &self.services[*index];
            !service.fulfils(condition) && service.life.state != State::Completed
        };
        let missing: Vec<usize> = services.iter().copied().filter(is_missing).collect();
        let Some(hopeless) = missing.iter().find(|index| self.has_ended(**index)) else {
            return missing.is_empty().then(|| done(Vec::new()));
        };
        Some(self.hopeless(*hopeless))
    }

    fn hopeless(&self, index: usize) -> Reply {
        let service = &self.services[index];
        let name = &service.spec.name;
        let why = self.note(index).map_or_else(String::new, |note| format!(": {note}"));
        let message = format!("`{name}` is {}{why}", service.life.state.word());
        let verb = if service.goal == Goal::Up { "logs" } else { "start" };
        Reply::Refused { message, hint: Some(format!("envr {verb} {name}")) }
    }

    /// Whether services that were asked to restart are up again; refused where one of them, or of all that they need, did
    /// not start.
    fn came_back(&self, services: &[usize], all: &[usize], notes: &[Note]) -> Option<Reply> {
        if services.iter().all(|index| self.services[*index].is_back()) {
            return Some(done(notes.to_vec()));
        }
        let has_failed = |index: &&usize| {
            matches!(self.services[**index].life.state, State::Failed | State::Backoff)
        };
        if let Some(failed) = all.iter().find(has_failed) {
            let service = &self.services[*failed];
            let ended = || service.life.exit.map(|exit| format!("it ended with {}", exit.shown()));
            let why =
                service.note.clone().or_else(ended).map_or(String::new(), |why| format!(": {why}"));
            let name = &service.spec.name;
            let what = if service.waits_to_be_done() { "failed" } else { "did not start" };
            let message = format!("`{name}` {what}{why}");
            return Some(Reply::Refused { message, hint: Some(format!("envr logs {name}")) });
        }
        let ended = services.iter().find(|index| self.has_ended(**index));
        ended.map(|index| self.hopeless(*index))
    }

    /// Whether it will stay as it is unless somebody asks for something else.
    pub fn has_ended(&self, index: usize) -> bool {
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
    pub fn blocker(&self, index: usize) -> Option<usize> {
        let needs = self.services[index].needs.iter();
        let unmet = needs.filter(|(needed, condition)| !self.services[*needed].fulfils(*condition));
        unmet.map(|(needed, _)| *needed).find(|needed| self.has_ended(*needed))
    }
}

impl Supervised {
    /// Whether a restart of it is over, and went well.
    fn is_back(&self) -> bool {
        let state = self.life.state;
        let is_over = !self.restarting && !self.is_due;
        let is_there = self.fulfils(Condition::Ready) || state == State::Completed;
        is_over && is_there && !matches!(state, State::Failed | State::Backoff)
    }
}

pub fn done(notes: Vec<Note>) -> Reply {
    Reply::Done { killed: Vec::new(), failed: Vec::new(), notes }
}

/// What came of services that ended by themselves.
fn outcome<'a>(services: impl Iterator<Item = &'a Supervised> + Clone) -> Reply {
    told(services, |service| service.life.state == State::Failed && !service.is_removed)
}

/// What came of stopping services: that one of them failed before is no failure of that.
pub fn end_of<'a>(services: impl Iterator<Item = &'a Supervised> + Clone) -> Reply {
    told(services, |service| service.life.is_stuck())
}

fn told<'a>(
    services: impl Iterator<Item = &'a Supervised> + Clone,
    has_failed: fn(&Supervised) -> bool,
) -> Reply {
    let names = |is: fn(&Supervised) -> bool| {
        let named = services.clone().filter(move |service| is(service));
        named.map(|service| service.spec.name.clone()).collect()
    };
    Reply::Done {
        killed: names(|service| service.was_killed),
        failed: names(has_failed),
        notes: Vec::new(),
    }
}
