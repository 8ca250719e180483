//! The formats of secrets files: text to tree and tree to text.

mod binary;
mod dotenv;
mod ini;
mod json;
mod layout;
mod yaml;

use super::metadata::Metadata;
use super::tree::{Branch, Entry, Kind, Leaf, Value};
use super::{Output, Secret, Source};
use anyhow::{Result, bail};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

pub use layout::Layout;

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

    /// As messages have it.
    pub fn described(self) -> &'static str {
        match self {
            Self::Yaml => "a YAML file",
            Self::Json => "a JSON file",
            Self::Dotenv => "a dotenv file",
            Self::Ini => "an INI file",
            Self::Binary => "a binary file",
        }
    }

    /// Makes a value that is not encrypted what it is to those who read the file: where all are texts it is one, and to
    /// sops before 3.13 the integers of JSON are floats, so that their MAC beyond 2^53 is that of the nearest.
    pub fn settle(self, leaf: &mut Leaf, metadata: &Metadata) {
        match (self, leaf.kind) {
            (_, Kind::Str | Kind::Comment) => {}
            // Without a fraction it would be an integer, which has no zero below zero.
            (Self::Yaml, Kind::Float) if leaf.text().bytes() == b"-0" => {
                *leaf = Leaf::float(-0.0).spelled("-0.0".into());
            }
            (Self::Dotenv | Self::Ini, _) => *leaf = Leaf::string(leaf.variable()),
            (Self::Json, Kind::Int) if !metadata.has_json_integers() => {
                if let Some(number) = leaf.number() {
                    *leaf = Leaf::float(number).spelled(leaf.spelling().clone());
                }
            }
            (Self::Yaml | Self::Json | Self::Binary, _) => {}
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
    if let Some(name) = branches.iter().flatten().find_map(|entry| metadata_name(entry, format)) {
        bail!("it has an entry `{name}`, as an encrypted file has");
    }
    Ok(branches)
}

/// Reads a file of sops's own settings: the first document, with scalars as they are spelled.
pub fn read_settings(bytes: impl Into<Source>) -> Result<Option<Branch>> {
    Ok(yaml::read_spelled(&bytes.into())?.into_iter().next())
}

/// Of an entry that would be taken for a part of the metadata.
fn metadata_name(entry: &Entry, format: Format) -> Option<&str> {
    match entry {
        Entry::Pair(name, _)
            if match format {
                Format::Dotenv => name.starts_with(dotenv::METADATA),
                Format::Yaml | Format::Json | Format::Ini | Format::Binary => name == "sops",
            } =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// Writes plain values.
pub fn write_plain(branches: &[Branch], format: Format, layout: &Layout) -> Result<Secret> {
    let first = branches.first().map_or(&[][..], Vec::as_slice);
    Output::of(|output| {
        match format {
            Format::Yaml => yaml::write(branches, layout.yaml, output),
            Format::Json => json::write(first, &layout.json, output)?,
            Format::Dotenv => dotenv::write(first, output)?,
            Format::Ini => ini::write(first, output)?,
            Format::Binary => binary::write(first, output)?,
        }
        Ok(())
    })
}

/// A map or a list as JSON.
pub fn json_text(value: &Value) -> Result<Secret> {
    Output::of(|output| json::write_value(value, &Layout::default().json, output))
}

/// Writes encrypted values with the metadata that they need.
pub fn write(
    mut branches: Vec<Branch>,
    metadata: &Branch,
    format: Format,
    layout: &Layout,
) -> Result<Secret> {
    if let Some(name) = branches.iter().flatten().find_map(|entry| metadata_name(entry, format)) {
        bail!("`{name}` is a name of its metadata");
    }
    if format == Format::Yaml && branches.iter().flatten().any(cannot_merge) {
        bail!("`<<` at the top of a YAML file is for maps: sops could not read it");
    }
    if matches!(format, Format::Yaml | Format::Json | Format::Binary) {
        for branch in &mut branches {
            branch.push(Entry::Pair("sops".into(), Value::Branch(metadata.clone())));
        }
    }
    let first = branches.first().map_or(&[][..], Vec::as_slice);
    Output::of(|output| {
        match format {
            Format::Yaml => yaml::write(&branches, layout.yaml, output),
            Format::Json => json::write(first, &layout.json, output)?,
            Format::Binary => json::write(first, &layout.binary, output)?,
            Format::Dotenv => {
                dotenv::check_whole(first)?;
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

fn cannot_merge(entry: &Entry) -> bool {
    let Entry::Pair(name, value) = entry else { return false };
    let is_map = |value: &Value| value.branch().is_some();
    name == "<<" && !is_map(value) && !value.list().is_some_and(|list| list.iter().all(is_map))
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
