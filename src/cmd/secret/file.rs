//! The file that a verb is about: how it is read, of which type it is, and with whose keys it is opened.

use crate::config::Config;
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{is_descriptor, read_regular, read_stream};
use crate::host::Host;
use crate::secrets::keys::Prompt;
use crate::secrets::{Document, FILE_LIMIT, Format, Keys, NOT_ENCRYPTED, Plain, Source, is_age};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use signal_hook::low_level::emulate_default_handler;
use std::cell::OnceCell;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub struct File {
    /// yaml, json, dotenv, ini or binary; by default what the file's name says
    #[arg(long, value_name = "TYPE")]
    input_type: Option<String>,
    /// A file of age or ssh keys; those of the usual places are not looked at then
    #[arg(short, long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// A name to go by in place of the file's: for its type, and for the rule of `.sops.yaml`
    #[arg(long, value_name = "NAME")]
    filename_override: Option<PathBuf>,
    /// The sops or age file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// What was read of it, where it was
    #[arg(skip)]
    pub read: OnceCell<Digest>,
}

impl File {
    pub fn at(path: &Path) -> Self {
        Self {
            input_type: None,
            identity: Vec::new(),
            filename_override: None,
            path: path.to_path_buf(),
            read: OnceCell::new(),
        }
    }

    pub fn read(&self, host: &Host) -> Result<Vec<u8>> {
        let bytes = if self.is_stdin() {
            read_stdin()
        } else if is_descriptor(&self.path) {
            read_stream(&self.path, FILE_LIMIT)
        } else {
            read_regular(&host.absolute(&self.path), FILE_LIMIT)
        };
        match bytes {
            Ok(Some(bytes)) => {
                self.read.get_or_init(|| Digest::of(&bytes));
                Ok(bytes)
            }
            Ok(None) => bail!(
                "could not read `{}`: it is larger than {} MiB",
                self.path.display(),
                FILE_LIMIT >> 20
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let what =
                    format!("could not read `{}`: {}", self.path.display(), ui::plain(&error));
                Err(Hinted::new(what, self.command(host, "edit")).into())
            }
            Err(error) => {
                Err(error).with_context(|| format!("could not read `{}`", self.path.display()))
            }
        }
    }

    /// What to type to do something with it.
    pub fn command(&self, host: &Host, verb: &str) -> String {
        let path = self.path.to_string_lossy();
        format!("{} secret {verb} {}", host.voice.name(), shell_words::quote(&path))
    }

    pub fn document(&self, host: &Host, bytes: Vec<u8>) -> Result<Document> {
        if is_age(&bytes) {
            let message = "it is an age file, which is one text without names";
            return Err(Hinted::new(message, self.command(host, "decrypt")).into());
        }
        let (source, format) = (Source::from(bytes), self.format()?);
        match Document::find(source.clone(), format) {
            Ok(Some(document)) => Ok(document),
            other => {
                self.check_type(&source)?;
                other?.ok_or_else(|| Hinted::new(NOT_ENCRYPTED, self.encryption(host)).into())
            }
        }
    }

    /// Whether its name tells another type than its content has.
    pub fn check_type(&self, source: &Source) -> Result<()> {
        let format = self.format()?;
        match Document::format_of(source) {
            Some(found) if found != format && self.input_type.is_none() => {
                let message = format!(
                    "it is encrypted as {}, and its name does not say so",
                    found.described()
                );
                Err(Hinted::new(message, format!("--input-type {}", found.name())).into())
            }
            _ => Ok(()),
        }
    }

    /// What to type to encrypt it.
    fn encryption(&self, host: &Host) -> String {
        let is_dotenv = self.name().to_string_lossy().contains(".env");
        match self.format() {
            _ if self.is_stdin() => self.command(host, "encrypt"),
            Ok(Format::Binary) if is_dotenv => {
                self.command(host, "encrypt --in-place --input-type dotenv")
            }
            _ => self.command(host, "encrypt --in-place"),
        }
    }

    /// What tells its type, and its rule.
    pub fn name(&self) -> &Path {
        self.filename_override.as_ref().unwrap_or(&self.path)
    }

    /// By its usual names.
    pub fn is_stdin(&self) -> bool {
        ["-", "/dev/stdin"].iter().any(|name| self.path == Path::new(name))
    }

    pub fn format(&self) -> Result<Format> {
        match &self.input_type {
            Some(name) => format_of(name),
            None => Ok(Format::of_path(self.name())),
        }
    }

    pub fn open(&self, host: &Host, bytes: Vec<u8>) -> Result<Plain> {
        let document = self.document(host, bytes)?;
        self.with_keys(host, |keys| document.open(keys))
    }

    /// Looks where the user says, or else where sops looks; says what is wrong with the key files.
    pub fn with_keys<T>(&self, host: &Host, work: impl FnOnce(&Keys) -> Result<T>) -> Result<T> {
        let config = Config::load(host)?;
        let mut keys = Keys::new(host, &config, &host.env, Prompt::Terminal);
        if !self.identity.is_empty() {
            let files = self.identity.iter().map(|file| host.absolute(file));
            keys = keys.with_identities(files.collect());
        }
        let result = work(&keys);
        if let Some(signal) = keys.search().stopped() {
            _ = emulate_default_handler(signal);
        }
        for warning in keys.warnings() {
            ui::warn(host, &warning);
        }
        result
    }

    pub fn could_not(&self, what: &str) -> String {
        could_not(what, &self.path)
    }
}

/// `None` where it is too large.
fn read_stdin() -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    std::io::stdin().take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= FILE_LIMIT).then_some(bytes))
}

pub fn could_not(what: &str, path: &Path) -> String {
    format!("could not {what} `{}`", path.display())
}

pub fn format_of(name: &str) -> Result<Format> {
    Format::from_name(name).ok_or_else(|| {
        let known = Format::NAMES.join(", ");
        Hinted::new(format!("there is no type `{name}`"), format!("one of {known}")).into()
    })
}
