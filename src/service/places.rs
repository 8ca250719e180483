//! Where services are written down, for messages about what is wrong between them.

use crate::error::Hinted;
use std::collections::BTreeMap;

/// A place is a path, with line and column where the file has several services.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Each of a service's definitions, in the order in which they were read.
    definitions: BTreeMap<String, Vec<String>>,
    /// Of a service's words about another.
    needs: BTreeMap<(String, String), String>,
}

impl Places {
    pub fn add(&mut self, service: &str, place: String) {
        self.definitions.entry(service.to_string()).or_default().push(place);
    }

    pub fn add_need(&mut self, service: &str, needed: &str, place: String) {
        self.needs.insert((service.to_string(), needed.to_string()), place);
    }

    pub fn extend(&mut self, others: Self) {
        for (service, places) in others.definitions {
            self.definitions.entry(service).or_default().extend(places);
        }
        self.needs.extend(others.needs);
    }

    /// The first definition of a name, and the last.
    pub fn of(&self, service: &str) -> Option<(&str, &str)> {
        let places = self.definitions.get(service)?;
        Some((places.first()?, places.last()?))
    }

    /// A mistake of what one service says of another.
    pub fn wrong_need(&self, service: &str, needed: &str, message: &str) -> anyhow::Error {
        let need = self.needs.get(&(service.to_string(), needed.to_string()));
        wrong(need.map(String::as_str).or_else(|| self.of(service).map(|(_, last)| last)), message)
    }

    /// A mistake of a service's last definition.
    pub fn wrong(&self, service: &str, message: &str) -> anyhow::Error {
        wrong(self.of(service).map(|(_, last)| last), message)
    }
}

fn wrong(place: Option<&str>, message: &str) -> anyhow::Error {
    let Some(place) = place else { return anyhow::anyhow!("{message}") };
    let file = place.split(':').next().unwrap_or(place);
    Hinted::new(format!("could not read `{place}`: {message}"), format!("$EDITOR {file}")).into()
}
