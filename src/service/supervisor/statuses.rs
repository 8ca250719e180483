//! What is told of services: the state of each, why it is so, and where the files say something else by now.

use super::Supervisor;
use super::supervised::{Goal, Listening};
use crate::service::control::{Note, Status};
use crate::service::graph::Graph;
use crate::service::project;
use crate::service::state::{Exit, State};
use std::collections::{BTreeMap, BTreeSet};

/// Services of which the files say something else than what they were started by.
#[derive(Default)]
pub struct Edits {
    /// Defined otherwise, or no more.
    pub changed: BTreeSet<String>,
    /// Not known yet.
    pub new: Vec<String>,
}

impl Supervisor<'_> {
    /// With what the files say by now.
    pub fn all_statuses(&self) -> Vec<Status> {
        let Edits { changed, new } = self.edits();
        let note = Some("it is new: `envr up` applies it".to_string());
        let new = new.into_iter().map(|name| Status { note: note.clone(), ..Status::down(name) });
        self.statuses(&changed).into_iter().chain(new).collect()
    }

    pub fn statuses(&self, changed: &BTreeSet<String>) -> Vec<Status> {
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
            exit: service.life.exit.map(Exit::shown),
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

    /// What keeps a start from doing anything.
    pub fn notes_of_done<'a>(
        &'a self,
        asked: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = Note> + 'a {
        let services = self.indices(asked).into_iter().map(|index| &self.services[index]);
        let done = services
            .filter(|service| service.life.state == State::Completed && !service.waits_to_be_due());
        done.map(|service| Note {
            message: format!("`{}` has done its work", service.spec.name),
            hint: format!("envr restart {}", service.spec.name),
        })
    }

    /// Services that are started as they were defined before.
    pub fn notes_of_changed<'a>(
        &self,
        asked: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = Note> + use<'a> {
        let changed = self.edits().changed;
        asked.iter().filter(move |name| changed.contains(*name)).map(|name| Note {
            message: format!("the definition of `{name}` changed"),
            hint: "envr up -d".to_string(),
        })
    }

    /// Why it is as it is, and what is wrong around it.
    pub fn note(&self, index: usize) -> Option<String> {
        let service = &self.services[index];
        let of_log = service.log.trouble().map(|trouble| {
            format!("its log cannot be written: {}", crate::ui::plain(&trouble.into()))
        });
        let of_environment = self.environment.trouble.clone().filter(|_| service.goal == Goal::Up);
        let notes = [self.reason(index), of_log, of_environment];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    fn reason(&self, index: usize) -> Option<String> {
        let service = &self.services[index];
        if let Some(next) = self.told_next_run(index).filter(|_| !service.life.state.is_active()) {
            let first = service.note.as_ref();
            return Some(first.map_or(next.clone(), |first| format!("{first}; {next}")));
        }
        // Who ends closes its descriptor, too: the note is of those that go on.
        if service.life.state == State::Starting && matches!(service.readiness, Listening::Closed) {
            return Some("it closed its descriptor without a word".to_string());
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
        let waits: Vec<String> = needs
            .filter(|(needed, condition)| !self.services[*needed].fulfils(*condition))
            .map(|(needed, condition)| {
                format!("`{}` to be {}", self.services[*needed].spec.name, condition.word())
            })
            .collect();
        (!waits.is_empty()).then(|| format!("it waits for {}", waits.join(", ")))
    }

    /// What `up` would make of the files as they are; nothing where they cannot be read.
    pub fn edits(&self) -> Edits {
        let Ok(Graph { specs, .. }) = project::load(self.world(), &self.place.root) else {
            return Edits::default();
        };
        let known = self.graph.specs.iter();
        let changed = known.filter(|(name, spec)| specs.get(*name) != Some(*spec));
        Edits {
            changed: changed.map(|(name, _)| name.clone()).collect(),
            new: specs.into_keys().filter(|name| !self.graph.specs.contains_key(name)).collect(),
        }
    }
}
