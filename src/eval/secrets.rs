//! `use sops` and `use age`: the variables of a secrets file, for an rc of either lane.

use super::dotenv::parse_in;
use crate::env::Env;
use crate::secrets::keys::Prompt;
use crate::secrets::{
    Document, Format, Keys, NOT_ENCRYPTED, Secret, Variables, decrypt_age, forbid_core_dumps,
};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Error, Result, anyhow, bail};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Read where `use sops` names no file.
pub const SOPS_FILE: &str = "secrets.yaml";

/// What a call asks for.
pub struct Request {
    kind: Kind,
    pub file: PathBuf,
    /// Where the file's name does not say it.
    format: Option<Format>,
    /// Names that may be set though they decide what runs.
    allowed: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sops,
    Age,
}

impl Kind {
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"sops" => Some(Self::Sops),
            b"age" => Some(Self::Age),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Sops => "sops",
            Self::Age => "age",
        }
    }
}

impl Request {
    /// `[--allow NAME]... [--input-type TYPE] [FILE]`, with FILE seen from `dir`.
    pub fn parse(kind: Kind, words: &[&[u8]], dir: &Path) -> Result<Self> {
        let mut allowed = Vec::new();
        let mut format = None;
        let mut files = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                b"--allow" => {
                    let name = words.next().context("`--allow` needs a name")?;
                    allowed.push(String::from_utf8_lossy(name).into_owned());
                }
                b"--input-type" if kind == Kind::Sops => {
                    let name = words.next().context("`--input-type` needs a type")?;
                    format = Some(format_of(&String::from_utf8_lossy(name))?);
                }
                [b'-', ..] => bail!("`{}` is no option of it", String::from_utf8_lossy(word)),
                file => files.push(file),
            }
        }
        let file = match (files.as_slice(), kind) {
            ([file], _) => OsStr::from_bytes(file),
            ([], Kind::Sops) => OsStr::new(SOPS_FILE),
            ([], Kind::Age) => bail!("the file is missing"),
            _ => bail!("it takes one file"),
        };
        Ok(Self { kind, file: crate::fs::clean(&dir.join(file)), format, allowed })
    }

    /// Decrypts the judged bytes of the file. `env` is that of the rc: it says where keys are. Nothing is asked of
    /// anybody, for a prompt is no place for that.
    pub fn load(&self, bytes: Vec<u8>, env: &Env, world: World) -> Result<Loaded, Unloaded> {
        forbid_core_dumps();
        let keys = Keys::new(world.host, world.config, env, Prompt::Never);
        match self.variables(bytes, env, &keys) {
            Ok(variables) => Ok(Loaded { variables, warnings: keys.warnings() }),
            Err(_) if keys.search().stopped().is_some() => Err(Unloaded::Interrupted),
            Err(error) => Err(Unloaded::Failed(error)),
        }
    }

    fn variables(&self, bytes: Vec<u8>, env: &Env, keys: &Keys) -> Result<Variables> {
        let variables = match self.kind {
            Kind::Sops => {
                let format = self.format.unwrap_or_else(|| Format::of_path(&self.file));
                let document = Document::find(bytes, format)?;
                let document = document.with_context(|| self.not_encrypted(format))?;
                if format == Format::Binary {
                    bail!(
                        "it is of type binary, one value: `name` in an `envr.toml` says of which variable"
                    );
                }
                let opened = document.open(keys)?;
                let first = opened.branches.first().context("it holds nothing")?;
                Variables::of(first)?
            }
            Kind::Age => {
                let text = decrypt_age(&bytes, keys.identities())?;
                age_variables(&self.file, &text, env)?
            }
        };
        let allowed: Vec<&str> = self.allowed.iter().map(String::as_str).collect();
        variables.check_names(&allowed)?;
        Ok(variables)
    }

    /// What has no ending that sops knows is of type binary to it.
    fn not_encrypted(&self, format: Format) -> String {
        match (format, self.format) {
            (Format::Binary, None) => {
                format!("{NOT_ENCRYPTED}, or `--input-type` has to say of which type")
            }
            _ => NOT_ENCRYPTED.to_string(),
        }
    }

    /// A failure as an rc says it.
    pub fn failure(&self, error: &Error) -> String {
        let shown = self.file.display();
        let why = ui::causes(error);
        ui::brief(&format!("use {}: could not load `{shown}`: {why}", self.kind.name()))
            .into_owned()
    }
}

fn format_of(name: &str) -> Result<Format> {
    let known = Format::NAMES.join(", ");
    Format::from_name(name).with_context(|| format!("there is no type `{name}`: one of {known}"))
}

/// A variable, and the secrets file that gave its value.
#[derive(Clone, Debug)]
pub struct Disclosed {
    pub name: String,
    pub value: Secret,
    pub file: PathBuf,
}

/// An age file holds what a `.env` file holds.
pub fn age_variables(file: &Path, text: &Secret, env: &Env) -> Result<Variables> {
    let dir = file.parent().unwrap_or(Path::new("/"));
    // The mistake's message may quote what is secret.
    let variables = parse_in(dir, text.bytes(), env)
        .map_err(|error| anyhow!("what it holds is no `.env` file: line {}", error.line))?;
    let mut named = Variables::default();
    for (name, value) in variables {
        let name = name.into_string().ok().context("a name in it is no text")?;
        named.set(&name, value.into_vec().into());
    }
    Ok(named)
}

/// Why nothing comes of a file.
pub enum Unloaded {
    Failed(Error),
    /// The user pressed Ctrl-C while another program was asked for the key.
    Interrupted,
}

/// What comes of a file.
pub struct Loaded {
    pub variables: Variables,
    pub warnings: Vec<String>,
}
