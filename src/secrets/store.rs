//! The formats of secrets files: text to tree and tree to text.

mod binary;
mod dotenv;
mod ini;
mod json;
mod yaml;

use super::tree::{Branch, Entry, Value};
use super::{Output, Secret, Source};
use anyhow::{Result, bail};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

/// Values nested deeper than this are refused.
pub const DEPTH_LIMIT: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
    Dotenv,
    Ini,
    Binary,
}

/// A file's tree, and its `sops` entry where it has one.
#[derive(Debug)]
pub struct Read {
    pub branches: Vec<Branch>,
    pub metadata: Option<Branch>,
}

impl Format {
    pub const NAMES: [&str; 5] = ["yaml", "json", "dotenv", "ini", "binary"];

    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "dotenv" => Self::Dotenv,
            "ini" => Self::Ini,
            "binary" => Self::Binary,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }

    /// As sops tells by the name alone: `.env.prod` is binary to it.
    pub fn of_path(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let ends_with = |ending: &str| name.ends_with(ending.as_bytes());
        match () {
            () if ends_with(".yaml") || ends_with(".yml") => Self::Yaml,
            () if ends_with(".json") => Self::Json,
            () if ends_with(".env") => Self::Dotenv,
            () if ends_with(".ini") => Self::Ini,
            () => Self::Binary,
        }
    }
}

/// Reads an encrypted file.
pub fn read(source: &Source, format: Format) -> Result<Read> {
    match format {
        Format::Yaml => take_metadata(yaml::read(source)?),
        Format::Json => take_metadata(json::read(source)?),
        Format::Binary => match json::read(source) {
            Ok(branches) => take_metadata(branches),
            Err(_) => Ok(Read { branches: Vec::new(), metadata: None }),
        },
        Format::Dotenv => dotenv::split_metadata(dotenv::read(source)?),
        Format::Ini => ini::split_metadata(ini::read(source)?),
    }
}

/// Reads a file that nobody encrypted yet.
pub fn read_plain(bytes: impl Into<Source>, format: Format) -> Result<Vec<Branch>> {
    let source = &bytes.into();
    let branches = match format {
        Format::Yaml => yaml::read(source)?,
        Format::Json => json::read(source)?,
        Format::Dotenv => vec![dotenv::read(source)?],
        Format::Ini => vec![ini::read(source)?],
        Format::Binary => {
            vec![vec![Entry::Pair("data".into(), Value::string(source.whole()))]]
        }
    };
    let is_metadata = |entry: &Entry| {
        matches!(entry, Entry::Pair(name, _) if name == "sops"
            || format == Format::Dotenv && name.starts_with("sops_"))
    };
    if branches.iter().flatten().any(is_metadata) {
        bail!("it has an entry `sops`, as an encrypted file has");
    }
    Ok(branches)
}

/// Writes plain values.
pub fn write_plain(branches: &[Branch], format: Format) -> Result<Secret> {
    let first = branches.first().map_or(&[][..], Vec::as_slice);
    Output::of(|output| {
        match format {
            Format::Yaml => yaml::write(branches, output),
            Format::Json => json::write(first, output)?,
            Format::Dotenv => dotenv::write(first, output)?,
            Format::Ini => ini::write(first, output)?,
            Format::Binary => binary::write(first, output)?,
        }
        Ok(())
    })
}

/// Writes encrypted values with the metadata that they need.
pub fn write(mut branches: Vec<Branch>, metadata: &Branch, format: Format) -> Result<Secret> {
    if matches!(format, Format::Yaml | Format::Json | Format::Binary) {
        for branch in &mut branches {
            branch.push(Entry::Pair("sops".into(), Value::Branch(metadata.clone())));
        }
    }
    let first = branches.first().map_or(&[][..], Vec::as_slice);
    Output::of(|output| {
        match format {
            Format::Yaml => yaml::write(&branches, output),
            Format::Json | Format::Binary => json::write(first, output)?,
            Format::Dotenv => {
                dotenv::write(first, output)?;
                dotenv::write_metadata(metadata, output);
            }
            Format::Ini => {
                ini::write(first, output)?;
                ini::write_metadata(metadata, output);
            }
        }
        Ok(())
    })
}

/// Takes the entry `sops` out of every document; the first one counts.
fn take_metadata(mut branches: Vec<Branch>) -> Result<Read> {
    let mut metadata = None;
    for branch in &mut branches {
        let is_metadata = |entry: &Entry| matches!(entry, Entry::Pair(name, _) if name == "sops");
        while let Some(index) = branch.iter().position(is_metadata) {
            match branch.remove(index) {
                Entry::Pair(_, Value::Branch(found)) => _ = metadata.get_or_insert(found),
                _ => bail!("its `sops` entry is not a map"),
            }
        }
    }
    Ok(Read { branches, metadata })
}

/// Where a mistake stands, counted from 1.
fn line_of(text: &[u8], at: usize) -> usize {
    text[..at.min(text.len())].split(|byte| *byte == b'\n').count()
}

/// In place of the name, so that a large map is not kept twice. Two names of one hash would be a file refused.
fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
