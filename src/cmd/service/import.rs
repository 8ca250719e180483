//! `services import`: what other tools run, as tables of an `envr.toml`.

use crate::error::Hinted;
use crate::fs::read_regular;
use crate::host::Host;
use crate::rc;
use crate::service::import::{self, Imported};
use crate::service::project;
use crate::toml::{self, Document};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A definition larger than this many bytes is something else.
const LIMIT: u64 = 4 << 20;

/// Prints the tables, or adds them to the `envr.toml` beside the file. What is not the same is told on stderr.
pub fn import(host: &Host, file: Option<&Path>, writes: bool) -> Result<ExitCode> {
    let file = match file {
        Some(file) => host.absolute(file),
        None => find(host)?,
    };
    let bytes = read_regular(&file, LIMIT)
        .with_context(|| format!("could not read `{}`", host.tilde(&file)))?
        .with_context(|| format!("could not read `{}`: it is too large", host.tilde(&file)))?;
    let imported = import::read(&file, &bytes)?;
    if writes {
        let target = file.parent().unwrap_or(Path::new("/")).join(toml::NAME);
        add(host, &file, &target, &imported)?;
        ui::note(host, &format!("wrote `{}`", host.tilde(&target)));
        tell_of_both(host, &file);
    } else {
        host.print(imported.text().as_bytes())?;
    }
    for line in &imported.report {
        ui::note(host, line);
    }
    Ok(ExitCode::SUCCESS)
}

fn find(host: &Host) -> Result<PathBuf> {
    let dir = rc::working_directory(host)?;
    let found = import::NAMES.iter().map(|name| dir.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| {
        Hinted::new(
            "could not find a `process-compose.yaml`, a `compose.yaml` or a `Procfile` here",
            "envr services import FILE",
        )
        .into()
    })
}

/// Behind what is there, if both go together.
fn add(host: &Host, file: &Path, target: &Path, imported: &Imported) -> Result<()> {
    let shown = host.tilde(target);
    let before = match read_regular(target, LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => bail!("could not read `{shown}`: it is too large"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("could not read `{shown}`")),
    };
    let document = Document::new(Path::new(&shown), &before)?;
    if let Some(table) = table_of_both(&document, imported)? {
        let message = format!("could not add to `{shown}`: it has `[{table}]` already");
        let hint = format!("envr services import {}", host.tilde(file));
        return Err(Hinted::new(message, hint).into());
    }
    let text = imported.text();
    let added = format!("{}{text}", if before.is_empty() { "" } else { "\n" });
    // What is there twice is told with its place.
    Document::new(Path::new(&shown), &[&before, added.as_bytes()].concat())?.tables()?;
    let file = OpenOptions::new().append(true).create(true).open(target);
    file.and_then(|mut file| file.write_all(added.as_bytes()))
        .with_context(|| format!("could not write `{shown}`"))
}

/// Some files define services as they are, and none may be defined twice.
fn tell_of_both(host: &Host, file: &Path) {
    let dir = file.parent().unwrap_or(Path::new("/"));
    if project::definitions(dir).iter().any(|definition| definition == file) {
        let shown = host.tilde(file);
        ui::note(host, &format!("`{shown}` defines them, too: nothing runs while both are there"));
        ui::hint(host, &format!("rm {shown}"));
    }
}

/// A table that is to be added and is there.
fn table_of_both(document: &Document, imported: &Imported) -> Result<Option<String>> {
    let mut tables = document.tables()?;
    let has_dotenv = !imported.dotenv.is_empty() || !imported.dotenv_if_exists.is_empty();
    for (name, is_added) in [("env", !imported.env.is_empty()), ("dotenv", has_dotenv)] {
        if tables.take(name).is_some() && is_added {
            return Ok(Some(name.to_string()));
        }
    }
    let Some(services) = tables.table("services")? else { return Ok(None) };
    let mut names = services.into_entries().map(|(name, _)| name);
    let both = names.find(|name| imported.services.iter().any(|(added, _)| added == name));
    Ok(both.map(|name| format!("services.{name}")))
}
