//! Services of other tools as tables of an `envr.toml`, with a word about all that is not the same there.

mod compose;
mod process_compose;
mod shell;
mod written;

use super::places::Places;
use super::{procfile, project};
use crate::config::parse_duration;
use crate::secrets::{Branch, Entry, Format, Value, read_plain};
use crate::toml::Document;
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
    /// Files of such variables, and those that may be missing.
    pub dotenv: Vec<String>,
    pub dotenv_if_exists: Vec<String>,
    /// In the order of the file.
    pub services: Vec<(String, Vec<(String, Toml)>)>,
    /// What was left out, or is not quite the same.
    pub report: Vec<String>,
}

/// Reads a file by what is in it.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Imported> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("Procfile") {
        return from_procfile(path, bytes).map(|imported| imported.finish(path));
    }
    let shown = || format!("could not read `{}`", path.display());
    let documents = read_plain(bytes, Format::Yaml).with_context(shown)?;
    let top = merged(documents.first().context("it is empty").with_context(shown)?);
    let imported = match (child(&top, "processes"), child(&top, "services")) {
        (Some(Value::Branch(processes)), _) => process_compose::import(&top, &merged(processes)),
        (_, Some(Value::Branch(services))) => compose::import(&top, &merged(services)),
        _ => {
            bail!("could not read `{}`: it has neither `processes` nor `services`", path.display())
        }
    };
    Ok(imported.finish(path))
}

fn from_procfile(path: &Path, bytes: &[u8]) -> Result<Imported> {
    let mut imported = Imported::default();
    for spec in procfile::read(path, bytes, &mut Places::default())? {
        let line = spec.run.arguments.last().map(|line| line.to_string_lossy().into_owned());
        let line = line.unwrap_or_default();
        let mut service = vec![("command".to_string(), Toml::text(&line))];
        if !spec.ports.is_empty() {
            service.push(("port".to_string(), Toml::text("auto")));
            imported.tell(&spec.name, "`PORT` is one that is free, and stays the same");
        }
        imported.services.push((spec.name, service));
    }
    Ok(imported)
}

impl Imported {
    /// As it is written into an `envr.toml`.
    pub fn text(&self) -> String {
        written::text(self)
    }

    fn tell(&mut self, service: &str, what: &str) {
        self.report.push(format!("`{service}`: {what}"));
    }

    /// The files of variables that a service names become those of all.
    fn read_environment(&mut self, service: &str, value: &Value) {
        let items = match value {
            Value::List(items) => items.clone(),
            value => vec![value.clone()],
        };
        for item in items {
            let branch = item.branch().cloned().unwrap_or_default();
            let required = child(&branch, "required").and_then(text);
            let file = text(&item).or_else(|| child(&branch, "path").and_then(text));
            let files = match required.as_deref() {
                Some("false") => &mut self.dotenv_if_exists,
                _ => &mut self.dotenv,
            };
            files.extend(file.filter(|file| !files.contains(file)));
        }
        self.tell(service, "`env_file` becomes `[dotenv]`: all services get it");
    }

    /// What all of these tools do alike, and what envr can read of it.
    fn finish(mut self, path: &Path) -> Self {
        let file = ".env".to_string();
        let is_there = path.parent().is_some_and(|dir| dir.join(&file).is_file());
        if is_there && !self.dotenv.contains(&file) && !self.dotenv_if_exists.contains(&file) {
            self.dotenv_if_exists.push(file);
        }
        self.keep_names();
        self.keep_dependencies();
        self.find_oneshots();
        self.keep_what_can_be_read(path);
        self
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

    /// Nobody waits for a service that was left out.
    fn keep_dependencies(&mut self) {
        let names: Vec<String> = self.services.iter().map(|(name, _)| name.clone()).collect();
        let mut missing = Vec::new();
        for (service, pairs) in &mut self.services {
            for (key, value) in pairs.iter_mut() {
                let Toml::Table(needs) = value else { continue };
                if key != "depends_on" {
                    continue;
                }
                needs.retain(|(name, _)| {
                    let is_here = names.contains(name);
                    if !is_here {
                        missing.push((service.clone(), name.clone()));
                    }
                    is_here
                });
            }
            pairs.retain(|(key, value)| key != "depends_on" || *value != Toml::Table(vec![]));
        }
        for (service, name) in missing {
            self.tell(&service, &format!("`depends_on`: `{name}` is not here"));
        }
    }

    /// Whose end others wait for is not to be started again, and is done when it ended well.
    fn find_oneshots(&mut self) {
        let needs = self.services.iter().flat_map(|(_, pairs)| pairs);
        let tables = needs.filter_map(|(key, value)| match value {
            Toml::Table(needs) if key == "depends_on" => Some(needs),
            _ => None,
        });
        let completed = tables.flatten().filter(|(_, word)| *word == Toml::text("completed"));
        let names: Vec<String> = completed.map(|(name, _)| name.clone()).collect();
        for (_, pairs) in self.services.iter_mut().filter(|(name, _)| names.contains(name)) {
            let never = ("restart".to_string(), Toml::text("never"));
            if let Some(place) = pairs.iter_mut().find(|pair| **pair == never) {
                *place = ("oneshot".to_string(), Toml::Flag(true));
            }
        }
    }

    /// A value that another tool takes and envr does not is left out, with envr's own words.
    fn keep_what_can_be_read(&mut self, path: &Path) {
        let root = path.parent().unwrap_or(Path::new("/"));
        let mut report = Vec::new();
        for (name, pairs) in &mut self.services {
            let command = pairs.iter().find(|(key, _)| key == "command").cloned();
            pairs.retain(|pair| {
                let mut alone: Vec<_> =
                    command.iter().filter(|_| pair.0 != "command").cloned().collect();
                alone.push(pair.clone());
                // Whom it needs is another question.
                let is_need = pair.0 == "depends_on";
                let mistake = (!is_need).then(|| mistake(name, alone, root)).flatten();
                report.extend(
                    mistake.iter().map(|why| format!("`{name}`: `{}` is left out: {why}", pair.0)),
                );
                mistake.is_none()
            });
        }
        self.services.retain(|(_, pairs)| pairs.iter().any(|(key, _)| key == "command"));
        self.report.extend(report);
    }
}

/// What is wrong with a service of these pairs.
fn mistake(name: &str, pairs: Vec<(String, Toml)>, root: &Path) -> Option<String> {
    let one = Imported { services: vec![(name.to_string(), pairs)], ..Imported::default() };
    let read = Document::new(Path::new("envr.toml"), one.text().as_bytes())
        .and_then(|document| project::from_toml(&document, root).map(drop));
    let message = read.err()?.to_string();
    Some(message.split_once("`: ").map_or(message.clone(), |(_, why)| why.to_string()))
}

/// The pairs of a map, with what `<<` brings, which does not count where the map says it itself.
fn merged(branch: &Branch) -> Branch {
    let mut pairs: Branch = Vec::new();
    let mut brought: Branch = Vec::new();
    for entry in branch {
        match entry {
            Entry::Pair(name, Value::Branch(more)) if name == "<<" => brought.extend(merged(more)),
            Entry::Pair(name, Value::List(all)) if name == "<<" => {
                brought.extend(all.iter().filter_map(Value::branch).flat_map(merged));
            }
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

/// The words of a line, split as Compose does, or of a list.
fn words(value: &Value) -> Vec<String> {
    let line = match value {
        Value::List(_) => None,
        value => text(value),
    };
    let split = line.and_then(|line| shell_words::split(&line).ok());
    split.unwrap_or_else(|| texts(value))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn without(branch: &Branch, name: &str) -> Branch {
    let others = branch.iter().filter(|entry| !matches!(entry, Entry::Pair(key, _) if key == name));
    others.cloned().collect()
}

/// A length of time that envr reads, too.
fn time(value: &Value) -> Option<Toml> {
    text(value).filter(|text| parse_duration(text).is_some()).map(Toml::Text)
}

/// `["A=1"]` or `{ A: 1 }`. A name without a value is that of a variable that is there anyhow.
fn environment(value: &Value) -> Branch {
    match value {
        Value::Branch(branch) => merged(branch)
            .into_iter()
            .filter(|entry| !matches!(entry, Entry::Pair(_, Value::Null)))
            .collect(),
        list => {
            let words = texts(list).into_iter();
            let split = words.filter_map(|word| {
                let (name, value) = word.split_once('=')?;
                Some(Entry::Pair(name.into(), Value::string(value.as_bytes().to_vec())))
            });
            split.collect()
        }
    }
}

fn variables(value: &Value) -> Vec<(String, Toml)> {
    let environment = environment(value);
    let variable = |(name, value): (&str, &Value)| {
        (name.to_string(), Toml::Text(text(value).unwrap_or_default()))
    };
    pairs(&environment).map(variable).collect()
}
