//! A file that nobody encrypted yet: for whom it is encrypted and how it is laid out, `.sops.yaml` says.

use super::file::File;
use super::recipients::{named, of_variables};
use super::write::rewrap;
use crate::error::Hinted;
use crate::host::Host;
use crate::secrets::{
    Branch, Document, Layout, Metadata, Opened, Secret, Source, creation, is_age, read_plain,
};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

/// Encrypts a whole file, to stdout or in its place.
pub fn encrypt(host: &Host, source: &File, names: &[String], in_place: bool) -> Result<()> {
    let _lock = if in_place { source.lock(host) } else { None };
    let bytes = source.read(host)?;
    let could_not = || source.could_not("encrypt");
    let format = source.format()?;
    let text = Source::from(bytes);
    if is_age(text.bytes()) || Document::read(text.clone(), format).is_ok() {
        bail!("{}: it is encrypted already", could_not());
    }
    source.check_type(&text).with_context(could_not)?;
    let branches = read_plain(text, format).with_context(could_not)?;
    let text = sealed(host, source, branches, names).with_context(could_not)?;
    if in_place { source.replace(host, &text) } else { host.print(text.bytes()) }
}

/// A first sealed form of plain values: for the recipients that are named, else those of sops's variables, else those of
/// `.sops.yaml`.
pub fn sealed(
    host: &Host,
    source: &File,
    branches: Vec<Branch>,
    names: &[String],
) -> Result<Secret> {
    let metadata = source.first_metadata(host, names)?;
    let first = Opened::first(source.format()?, branches, metadata);
    let mut opened = Opened { layout: layout(host)?, ..first };
    source.with_keys(host, |keys| rewrap(keys, &mut opened))?;
    opened.seal()
}

impl File {
    /// For a file that nobody encrypted yet.
    pub fn first_metadata(&self, host: &Host, names: &[String]) -> Result<Metadata> {
        let named = if names.is_empty() { of_variables(host)? } else { named(host, names)? };
        if named.is_empty() {
            return self.wanted(host);
        }
        creation::metadata_with(named, rules(host).as_deref(), &host.absolute(self.name()))
    }

    /// What `.sops.yaml` wants for it.
    pub fn wanted(&self, host: &Host) -> Result<Metadata> {
        let path = host.absolute(self.name());
        let rules = rules(host).ok_or_else(|| {
            Hinted::new(format!("no `{}` says for whom", creation::NAME), "envr secret init")
        })?;
        creation::metadata_for(&rules, &path)
    }
}

/// Where it is said how files are encrypted and laid out.
pub fn rules(host: &Host) -> Option<PathBuf> {
    let named = host.env.non_empty("SOPS_CONFIG").map(|file| host.absolute(Path::new(file)));
    creation::locate(named.as_deref(), host.cwd.as_deref().unwrap_or(Path::new("/")))
}

pub fn layout(host: &Host) -> Result<Layout> {
    rules(host).map_or_else(|| Ok(Layout::default()), |rules| creation::layout(&rules))
}
