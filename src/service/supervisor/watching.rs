//! Restarts for changed files: what changed is looked up in the services' patterns, and a moment later they restart.

use super::Supervisor;
use super::poller::Source;
use super::supervised::Goal;
use crate::service::state::{Event, State};
use crate::service::watch::{Changed, Pattern, Watching, is_meant};
use crate::ui;
use std::path::Path;
use std::time::Duration;

/// From the last change to the restart: who saves one file often saves more.
const PAUSE: Duration = Duration::from_millis(100);

impl Supervisor<'_> {
    /// Watches for what the definitions say now.
    pub fn watch_files(&mut self) {
        if let Some(watching) = self.watching.take() {
            self.poller.remove(&watching);
        }
        for service in &mut self.services {
            let patterns = service.spec.watch.iter();
            service.patterns = patterns.map(|text| Pattern::new(text, Path::new("/"))).collect();
        }
        let mut patterns = self.services.iter().flat_map(|service| &service.patterns).peekable();
        if patterns.peek().is_none() {
            return;
        }
        let watching = Watching::new(patterns);
        let added = watching.and_then(|watching| {
            self.poller.add(&watching, Source::Files)?;
            Ok(watching)
        });
        match added {
            Ok(watching) => self.watching = Some(watching),
            Err(error) => self.tell_watchers(&ui::causes(&error)),
        }
    }

    pub fn read_changes(&mut self) {
        let Some(watching) = &mut self.watching else { return };
        let changed = match watching.read() {
            Ok(changed) => changed,
            Err(error) => return self.tell_watchers(&ui::causes(&error)),
        };
        let due = self.started.elapsed() + PAUSE;
        for service in &mut self.services {
            let is_its = match &changed {
                Changed::Anything => !service.patterns.is_empty(),
                Changed::Paths(paths) => paths.iter().any(|path| is_meant(&service.patterns, path)),
            };
            if is_its && service.goal == Goal::Up {
                service.restart_due = Some(due);
            }
        }
    }

    pub fn restart_if_due(&mut self, index: usize, now: Duration) {
        let service = &mut self.services[index];
        if service.restart_due.is_none_or(|due| due > now) {
            return;
        }
        service.restart_due = None;
        if service.goal != Goal::Up {
            return;
        }
        service.say(&mut self.clock, "a file that it watches changed");
        service.restarting = service.life.state.is_active();
        service.was_killed = false;
        service.is_due |= service.spec.schedule.is_some();
        if matches!(service.life.state, State::Failed | State::Backoff | State::Completed) {
            self.happen(index, Event::Reset);
        }
    }

    fn tell_watchers(&mut self, text: &str) {
        for service in self.services.iter_mut().filter(|service| !service.patterns.is_empty()) {
            service.tell(&mut self.clock, text);
        }
    }
}
