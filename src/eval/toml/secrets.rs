//! `[secrets]` of an `envr.toml`: which files, who gets what is in them, and what must be there.

mod load;

use crate::secrets::{Choice, Format};
use crate::toml::{Document, Table, Value};
use anyhow::Result;
use std::path::{Path, PathBuf};

pub use load::{Held, Stop};

/// What the table says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    sources: Vec<Source>,
    /// Variables that commands must have, each with what to do where one is missing.
    required: Vec<(String, String)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Source {
    path: String,
    /// Where it is not what the name of the file says.
    format: Option<Format>,
    is_optional: bool,
    for_whom: Audience,
    what: What,
    /// Names that may be set though they decide what runs.
    allowed: Vec<String>,
    as_path: AsFile,
    as_fd: AsFile,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    #[default]
    Shells,
    /// `exec` and services alone.
    Commands,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Values(Choice),
    /// The whole file is the value of this variable.
    Whole(String),
}

/// Of which variables the value is the path of a file that holds the secret.
#[derive(Debug, Default, PartialEq, Eq)]
enum AsFile {
    #[default]
    None,
    All,
    Named(Vec<String>),
}

impl Default for What {
    fn default() -> Self {
        Self::Values(Choice::default())
    }
}

impl Secrets {
    /// Takes the table out of the file's.
    pub fn take(top: &mut Table) -> Result<Self> {
        let Some(mut table) = top.table("secrets")? else { return Ok(Self::default()) };
        let for_whom = audience(&mut table)?.unwrap_or_default();
        let items = table.take("files").map(Value::items).unwrap_or_default();
        let sources =
            items.into_iter().map(|item| source(item, for_whom)).collect::<Result<_>>()?;
        let mut required = Vec::new();
        if let Some(names) = table.table("required")? {
            for (name, value) in names.into_entries() {
                required.push((name, value.string()?));
            }
        }
        table.finish()?;
        Ok(Self { sources, required })
    }

    /// Those of a file's text, whatever else is wrong with it.
    pub fn of_file(path: &Path, bytes: &[u8]) -> Result<Self> {
        let document = Document::new(path, bytes)?;
        Self::take(&mut document.tables()?)
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.required.is_empty()
    }

    /// The files that it reads, seen from `dir`.
    pub fn files(&self, dir: &Path) -> impl Iterator<Item = PathBuf> {
        self.sources.iter().map(move |source| source.file(dir))
    }
}

impl Source {
    fn file(&self, dir: &Path) -> PathBuf {
        crate::fs::clean(&dir.join(&self.path))
    }
}

/// A path, or a table with a path and what is wanted of the file.
fn source(item: Value, for_whom: Audience) -> Result<Source> {
    if !item.is_table() {
        return Ok(Source { path: item.string()?, for_whom, ..Source::default() });
    }
    let mut table = item.table()?;
    let no_path = table.mistake("it has no `path`");
    let no_values = table.mistake("a file that is one value, by `name`, has none to choose from");
    let path = table.string("path")?.ok_or(no_path)?;
    let format = match table.take("type") {
        Some(value) => Some(value.one_of(&Format::NAMES.map(named_format))?),
        None => None,
    };
    let name = table.string("name")?;
    let choice = choice(&mut table)?;
    let what = match name {
        Some(_) if choice != Choice::default() => return Err(no_values),
        Some(name) => What::Whole(name),
        None => What::Values(choice),
    };
    let as_path = as_file(table.take("as_path"))?;
    let as_fd = as_file(table.take("as_fd"))?;
    // A path of a file that goes with a command is no good to a shell.
    let asked = audience(&mut table)?.unwrap_or(for_whom);
    let is_variable = as_path == AsFile::None && as_fd == AsFile::None;
    let for_whom = if is_variable { asked } else { Audience::Commands };
    let is_optional = table.bool("if_exists")?.unwrap_or(false);
    let allowed = table.strings("allow")?;
    table.finish()?;
    Ok(Source { path, format, is_optional, for_whom, what, allowed, as_path, as_fd })
}

fn named_format(name: &'static str) -> (&'static str, Format) {
    (name, Format::from_name(name).expect("it is one of its names"))
}

fn audience(table: &mut Table) -> Result<Option<Audience>> {
    let of = |is_exec_only| if is_exec_only { Audience::Commands } else { Audience::Shells };
    Ok(table.bool("exec_only")?.map(of))
}

fn choice(table: &mut Table) -> Result<Choice> {
    let mut rename = Vec::new();
    if let Some(names) = table.table("rename")? {
        for (key, value) in names.into_entries() {
            rename.push((key, value.string()?));
        }
    }
    Ok(Choice {
        only: table.strings("only")?,
        except: table.strings("except")?,
        rename,
        nested: table.string("nested")?,
        is_upper: table.bool("upper")?.unwrap_or(false),
        prefix: table.string("prefix")?.unwrap_or_default(),
    })
}

/// `true`, or the names of variables.
fn as_file(value: Option<Value>) -> Result<AsFile> {
    Ok(match value {
        None => AsFile::None,
        Some(value) if value.is_bool() => {
            if value.bool()? {
                AsFile::All
            } else {
                AsFile::None
            }
        }
        Some(value) => AsFile::Named(value.strings()?),
    })
}
