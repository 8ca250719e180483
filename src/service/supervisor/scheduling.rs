//! Runs by the clock: a scheduled service is down until its time comes.

use super::Supervisor;
use super::supervised::Goal;
use crate::calendar::rfc3339;
use crate::service::Zone;
use crate::service::state::{Event, State};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

impl Supervisor<'_> {
    /// Sets the time of the next run, where there is none yet.
    pub fn plan_run(&mut self, index: usize) {
        let now = self.started.elapsed();
        let service = &self.services[index];
        let next_run = match (&service.spec.schedule, service.next_run) {
            (None, _) => None,
            (Some(_), Some(next_run)) => Some(next_run),
            (Some(schedule), None) => {
                schedule.wait(seconds(), &self.zone_of(index)).map(|wait| now + wait)
            }
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

    pub fn run_if_due(&mut self, index: usize, now: Duration) {
        let service = &mut self.services[index];
        if service.goal == Goal::Down {
            service.next_run = None;
            service.is_due = false;
        }
        if service.next_run.is_none_or(|due| due > now) {
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

    /// As `ps` has it.
    pub fn told_next_run(&self, index: usize) -> Option<String> {
        let service = &self.services[index];
        let left = service.next_run?.saturating_sub(self.started.elapsed());
        let whole = i64::try_from(left.saturating_add(Duration::from_millis(500)).as_secs())
            .unwrap_or_default();
        (!service.is_due).then(|| format!("it runs next at {}", rfc3339(seconds() + whole)))
    }
}

/// Since the epoch.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
