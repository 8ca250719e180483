//! Runs by the clock: a scheduled service is down until its time comes.

use super::Supervisor;
use super::alarms::{self, Alarms};
use super::supervised::Goal;
use crate::calendar::rfc3339;
use crate::service::Zone;
use crate::service::schedule::Due;
use crate::service::state::{Event, State};
use anyhow::Result;
use std::collections::BTreeSet;
use std::ffi::OsStr;

impl Supervisor<'_> {
    /// Sets the time of the next run, where there is none yet.
    pub fn plan_run(&mut self, index: usize) {
        let service = &self.services[index];
        let next_run = match (&service.spec.schedule, service.next_run) {
            (None, _) => None,
            (Some(_), Some(next_run)) => Some(next_run),
            (Some(schedule), None) => schedule.next(alarms::now(), &self.zone_of(index)),
        };
        self.services[index].next_run = next_run;
    }

    /// Whose clocks a service lives by: as the programs that it starts.
    fn zone_of(&self, index: usize) -> Zone {
        let spec = &self.services[index].spec;
        let own = spec.env.get("TZ").map(Option::as_deref);
        let inherited = || self.environment.env.get("TZ").and_then(OsStr::to_str);
        let name = own.unwrap_or_else(inherited);
        spec.timezone.clone().or_else(|| Zone::named(name?)).unwrap_or_else(Zone::local)
    }

    /// What is named runs at once, whatever its schedule says and though nobody connects.
    pub fn run_now(&mut self, names: &BTreeSet<String>) {
        for index in
            names.iter().filter_map(|name| self.names.get(name).copied()).collect::<Vec<_>>()
        {
            self.let_run(index);
        }
    }

    pub fn run_if_due(&mut self, index: usize) {
        let service = &mut self.services[index];
        if service.goal == Goal::Down {
            service.next_run = None;
            service.is_due = false;
        }
        if !service.next_run.is_some_and(|due| due.has_come(alarms::now())) {
            return;
        }
        service.next_run = None;
        if service.life.state.is_active() {
            service.say(&mut self.clock, "it still runs: a run of its schedule is left out");
        } else {
            self.let_run(index);
        }
        self.plan_run(index);
    }

    fn let_run(&mut self, index: usize) {
        let service = &mut self.services[index];
        service.is_due = service.waits_to_be_due();
        if service.is_due && matches!(service.life.state, State::Failed | State::Completed) {
            self.happen(index, Event::Reset);
        }
    }

    /// Waits for the runs to come by the clocks that go on while the machine sleeps.
    pub fn set_alarms(&mut self) -> Result<()> {
        let due: Vec<Due> = self.services.iter().filter_map(|service| service.next_run).collect();
        if due.is_empty() && self.alarms.is_none() {
            return Ok(());
        }
        if self.alarms.is_none() {
            self.alarms = Some(Alarms::new(&self.poller)?);
        }
        self.alarms.as_mut().map_or(Ok(()), |alarms| alarms.set(&due))
    }

    /// What is due runs with the other deadlines. Where clocks were set, what they show is what counts.
    pub fn heed_alarms(&mut self) {
        if !self.alarms.as_mut().is_some_and(Alarms::were_clocks_set) {
            return;
        }
        for index in 0..self.services.len() {
            self.run_if_due(index);
            if let Some(Due::Wall(_)) = self.services[index].next_run {
                self.services[index].next_run = None;
                self.plan_run(index);
            }
        }
    }

    /// As `ps` has it.
    pub fn told_next_run(&self, index: usize) -> Option<String> {
        let service = &self.services[index];
        let shown = service.next_run?.shown(alarms::now());
        (!service.is_due).then(|| format!("it runs next at {}", rfc3339(shown)))
    }
}
