//! Services of other tools as tables of an `envr.toml`, with a word about all that is not the same there.

mod template;
mod tree;
mod draft;
mod variables;
mod words;
mod shell;
mod compose;
mod process_compose;
mod written;

use super::places::Places;
use super::{procfile, project};
use crate::secrets::{Format, read_plain};
use crate::toml::Document;
use anyhow::{Context as _, Result, bail};
use draft::Draft;
use std::path::Path;
use template::Template;
use tree::{Map, Node};

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

/// What these tools read by themselves, over the file that they find.
const OVERRIDES: [&str; 6] = [
    "process-compose.override.yaml",
    "process-compose.override.yml",
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
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
    let branch = documents.first().context("it is empty").with_context(shown)?;
    let top = Map::new(branch, Template::filled_in);
    let mut imported = match (top.child("processes"), top.child("services")) {
        (Some(Node::Map(_)), _) if !process_compose::fills_in(&top) => {
            let top = Map::new(branch, Template::plain);
            process_compose::import(&top)
        }
        (Some(Node::Map(_)), _) => process_compose::import(&top),
        (_, Some(Node::Map(services))) => compose::import(&top, services),
        _ => {
            bail!("could not read `{}`: it has neither `processes` nor `services`", path.display())
        }
    };
    if documents.len() > 1 {
        imported.report.push("only the first document of the file is read".to_string());
    }
    imported.tell_overrides(path);
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

    /// A service, with what is told of it. One without a command is none.
    fn take(&mut self, name: &str, draft: Draft) {
        draft.told.iter().for_each(|what| self.tell(name, what));
        if draft.has("command") {
            self.services.push((name.to_string(), draft.pairs));
        }
    }

    /// The files of variables that a service names become those of all.
    fn read_environment(&mut self, draft: &mut Draft, node: &Node) {
        let items = match node {
            Node::List(items) => items.as_slice(),
            node => std::slice::from_ref(node),
        };
        for item in items {
            let (file, is_required) = match item {
                Node::Map(item) => {
                    (item.child("path"), item.text("required").as_deref() != Some("false"))
                }
                item => (Some(item), true),
            };
            let Some(file) = file.and_then(|file| draft.text("env_file", file)) else { continue };
            let files = if is_required { &mut self.dotenv } else { &mut self.dotenv_if_exists };
            if !files.contains(&file) {
                files.push(file);
            }
            draft.tell_once("`env_file` becomes `[dotenv]`: all services get it");
        }
    }

    fn tell_overrides(&mut self, path: &Path) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_over = |name: &&&str| name.starts_with(&format!("{stem}.override."));
        let dir = path.parent().unwrap_or(Path::new("/"));
        let there = OVERRIDES.iter().filter(is_over).filter(|name| dir.join(name).is_file());
        self.report.extend(there.map(|name| format!("`{name}` is left out")));
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
