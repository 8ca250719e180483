//! Services of other tools as tables of an `envr.toml`, with a word about all that is not the same there.

mod compose;
mod process_compose;
mod written;

use super::procfile;
use crate::secrets::{Branch, Entry, Format, Value, read_plain};
use anyhow::{Context as _, Result, bail};
use std::path::Path;

pub use written::Toml;

/// Names by which files are found, the first before the others.
pub const NAMES: [&str; 8] = [
    "process-compose.yaml",
    "process-compose.yml",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "Procfile.dev",
    "Procfile",
];

/// What came of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Variables of all services.
    pub env: Vec<(String, Toml)>,
    /// In the order of the file.
    pub services: Vec<(String, Vec<(String, Toml)>)>,
    /// What was left out, or is not quite the same.
    pub report: Vec<String>,
}

/// Reads a file by what is in it.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Imported> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("Procfile") {
        return from_procfile(path, bytes);
    }
    let shown = || format!("could not read `{}`", path.display());
    let documents = read_plain(bytes, Format::Yaml).with_context(shown)?;
    let top = merged(documents.first().context("it is empty").with_context(shown)?);
    let mut imported = match (child(&top, "processes"), child(&top, "services")) {
        (Some(Value::Branch(processes)), _) => process_compose::import(&top, &merged(processes)),
        (_, Some(Value::Branch(services))) => compose::import(&top, &merged(services)),
        _ => {
            bail!("could not read `{}`: it has neither `processes` nor `services`", path.display())
        }
    };
    imported.keep_names();
    Ok(imported)
}

fn from_procfile(path: &Path, bytes: &[u8]) -> Result<Imported> {
    let command = |spec: super::Spec| {
        let line = spec.run.arguments.last().map(|line| line.to_string_lossy().into_owned());
        (spec.name, vec![("command".to_string(), Toml::Text(line.unwrap_or_default()))])
    };
    let services = procfile::read(path, bytes)?.into_iter().map(command).collect();
    Ok(Imported { services, ..Imported::default() })
}

impl Imported {
    /// As it is written into an `envr.toml`.
    pub fn text(&self) -> String {
        written::text(self)
    }

    fn tell(&mut self, service: &str, what: &str) {
        self.report.push(format!("`{service}`: {what}"));
    }

    /// A service whose name cannot be one here is left out.
    fn keep_names(&mut self) {
        let (kept, others) = std::mem::take(&mut self.services)
            .into_iter()
            .partition(|(name, _): &(String, _)| super::is_name(name));
        self.services = kept;
        for (name, _) in others {
            self.tell(&name, "left out: it cannot be a service's name here");
        }
    }
}

/// The pairs of a map, with what `<<` brings, which does not count where the map says it itself.
fn merged(branch: &Branch) -> Branch {
    let mut pairs: Branch = Vec::new();
    let mut brought: Branch = Vec::new();
    for entry in branch {
        match entry {
            Entry::Pair(name, Value::Branch(more)) if name == "<<" => brought.extend(merged(more)),
            Entry::Pair(name, value) => pairs.push(Entry::Pair(name.clone(), value.clone())),
            Entry::Comment(_) => {}
        }
    }
    for entry in brought {
        if let Entry::Pair(name, _) = &entry
            && child(&pairs, name).is_none()
        {
            pairs.push(entry);
        }
    }
    pairs
}

fn pairs(branch: &Branch) -> impl Iterator<Item = (&str, &Value)> {
    branch.iter().filter_map(|entry| match entry {
        Entry::Pair(name, value) => Some((name.as_str(), value)),
        Entry::Comment(_) => None,
    })
}

fn child<'a>(branch: &'a Branch, name: &str) -> Option<&'a Value> {
    pairs(branch).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    value.leaf()?.variable().as_str().map(str::to_string)
}

fn number(value: &Value) -> Option<i64> {
    text(value)?.parse().ok()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

/// `["A=1"]` or `{ A: 1 }`.
fn variables(value: &Value) -> Vec<(String, Toml)> {
    match value {
        Value::Branch(branch) => {
            let variable = |(name, value): (&str, &Value)| {
                (name.to_string(), Toml::Text(text(value).unwrap_or_default()))
            };
            pairs(branch).map(variable).collect()
        }
        list => {
            let words = texts(list).into_iter();
            let split = words.filter_map(|word| {
                let (name, value) = word.split_once('=')?;
                Some((name.to_string(), Toml::Text(value.to_string())))
            });
            split.collect()
        }
    }
}
