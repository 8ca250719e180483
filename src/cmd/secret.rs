//! `secret`: what sops and age files hold, for people and scripts.

mod edit;
mod init;
mod place;
mod recipients;
mod signals;
mod write;

use crate::config::Config;
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{is_descriptor, read_regular, read_stream};
use crate::host::Host;
use crate::secrets::keys::Prompt;
use crate::secrets::{
    Document, Entry, FILE_LIMIT, Format, Keyring, Keys, Layout, NOT_ENCRYPTED, Output, Plain,
    Value, Variables, decrypt_age, is_age, write_plain,
};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use signal_hook::low_level::emulate_default_handler;
use std::cell::OnceCell;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Print a sops or age file in the clear, if all of it is as it was written
    Decrypt {
        #[command(flatten)]
        source: File,
        /// yaml, json, dotenv, ini or binary; by default as the file is
        #[arg(long, value_name = "TYPE")]
        output_type: Option<String>,
    },
    /// Print the variables that a file stands for
    Env {
        /// End each variable with a NUL byte in place of a line end
        #[arg(short = '0', long)]
        null: bool,
        #[command(flatten)]
        source: File,
    },
    /// Print the names in a file, which needs no key
    List {
        #[command(flatten)]
        source: File,
    },
    /// Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none
    Init,
    /// Set a value, which is typed unseen or comes from standard input
    Set {
        /// The value is JSON: a number, a map, a list
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between
        key: String,
    },
    /// Take a value out
    Unset {
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between
        key: String,
    },
    /// Open a file in your editor; the plaintext stays in memory
    Edit {
        #[command(flatten)]
        source: File,
    },
    /// Encrypt a whole file with sops's format
    Encrypt {
        /// Replace the file; otherwise it is printed
        #[arg(long)]
        in_place: bool,
        /// For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys
        #[arg(short, long, value_name = "KEY")]
        recipient: Vec<String>,
        #[command(flatten)]
        source: File,
    },
    /// Encrypt all values anew, with another key
    Rotate {
        #[command(flatten)]
        source: File,
    },
    /// Encrypt the key for those whom `.sops.yaml` names now
    Updatekeys {
        #[command(flatten)]
        source: File,
    },
    /// Show or change who can read a file
    Recipients {
        #[command(subcommand)]
        verb: Recipients,
    },
    /// Drop the keys that `secrets.cache` keeps
    Forget,
    /// Print one value
    Get {
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between; `sops`'s `["a"]["b"][0]` is understood, too
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Recipients {
    /// Print who can read a file
    List {
        #[command(flatten)]
        source: File,
    },
    /// Let others read it, too
    Add {
        #[command(flatten)]
        source: File,
        /// An age or ssh key, a line of `authorized_keys`, a PGP fingerprint, an ARN, a file of keys
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Let them read it no more, and encrypt all values anew
    Remove {
        #[command(flatten)]
        source: File,
        /// As for `add`
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

/// The file that a verb reads.
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
    path: PathBuf,
    /// What was read of it, where it was
    #[arg(skip)]
    read: OnceCell<Digest>,
}

pub fn run(host: &Host, verb: Secret) -> Result<()> {
    crate::secrets::forbid_core_dumps();
    match verb {
        Secret::Decrypt { source, output_type } => decrypt(host, &source, output_type.as_deref()),
        Secret::Env { null, source } => env(host, &source, if null { b"\0" } else { b"\n" }),
        Secret::List { source } => list(host, &source),
        Secret::Get { source, key } => get(host, &source, &key),
        Secret::Forget => forget(host),
        Secret::Init => init::init(host),
        Secret::Set { json, source, key } => write::set(host, &source, &key, json),
        Secret::Unset { source, key } => write::unset(host, &source, &key),
        Secret::Edit { source } => edit::edit(host, &source),
        Secret::Encrypt { in_place, recipient, source } => {
            write::encrypt(host, &source, &recipient, in_place)
        }
        Secret::Rotate { source } => write::rotate(host, &source),
        Secret::Updatekeys { source } => write::updatekeys(host, &source),
        Secret::Recipients { verb } => match verb {
            Recipients::List { source } => write::list_recipients(host, &source),
            Recipients::Add { source, keys } => write::add_recipients(host, &source, &keys),
            Recipients::Remove { source, keys } => write::remove_recipients(host, &source, &keys),
        },
    }
}

fn decrypt(host: &Host, source: &File, output_type: Option<&str>) -> Result<()> {
    let wanted = output_type.map(format_of).transpose()?;
    let bytes = source.read(host)?;
    let could_not = || source.could_not("decrypt");
    if is_age(&bytes) {
        if wanted.is_some_and(|format| format != Format::Binary) {
            return Err(anyhow::anyhow!("an age file has no values to print in another form"))
                .with_context(could_not);
        }
        let text = source
            .with_keys(host, |keys| decrypt_age(&bytes, keys.identities()))
            .with_context(could_not)?;
        return host.print(text.bytes());
    }
    let opened = source.open(host, bytes).with_context(could_not)?;
    let format = wanted.unwrap_or(opened.format);
    // What is only read is read whatever the rules are.
    let layout = write::layout(host).unwrap_or_default();
    let text = write_plain(&opened.branches, format, &layout).with_context(could_not)?;
    drop(opened);
    host.print(text.bytes())
}

fn env(host: &Host, source: &File, end: &[u8]) -> Result<()> {
    let bytes = source.read(host)?;
    let could_not = || source.could_not("read the variables of");
    let opened = source.open(host, bytes).with_context(could_not)?;
    let variables =
        Variables::of(opened.branches.first().unwrap_or(&Vec::new())).with_context(could_not)?;
    let mut output = Output::default();
    for (name, value) in variables.iter() {
        output.push(name);
        output.push("=");
        output.push(value.bytes());
        output.push(end);
    }
    host.print(output.bytes())
}

fn list(host: &Host, source: &File) -> Result<()> {
    let bytes = source.read(host)?;
    let document = source.document(host, bytes).with_context(|| source.could_not("read"))?;
    let mut lines = String::new();
    for branch in document.branches() {
        push_names("", branch, &mut lines);
    }
    host.print(lines.as_bytes())
}

fn forget(host: &Host) -> Result<()> {
    let count = Keyring::forget().context("could not forget the keys that are kept")?;
    let what = match count {
        0 => "no key was kept".to_string(),
        1 => "1 key is forgotten".to_string(),
        _ => format!("{count} keys are forgotten"),
    };
    ui::note(host, &what);
    Ok(())
}

fn push_names(path: &str, branch: &[Entry], lines: &mut String) {
    for entry in branch {
        let Entry::Pair(name, value) = entry else { continue };
        let name = format!("{path}{}", ui::escape(name));
        match value {
            Value::Branch(branch) if !branch.is_empty() => {
                push_names(&format!("{name}."), branch, lines);
            }
            _ => lines.extend([name.as_str(), "\n"]),
        }
    }
}

fn get(host: &Host, source: &File, key: &str) -> Result<()> {
    let bytes = source.read(host)?;
    let could_not = || source.could_not("read");
    let opened = source.open(host, bytes).with_context(could_not)?;
    let path = path_in(opened.format, key).with_context(could_not)?;
    let first = opened.branches.first().map_or(&[][..], Vec::as_slice);
    let value = place::find(first, &path)
        .with_context(|| format!("there is no `{key}` in it"))
        .with_context(could_not)?;
    match value {
        Value::Leaf(leaf) => host.print(leaf.variable().bytes()),
        Value::Null => host.print(b"null"),
        Value::Branch(branch) => {
            let text = write_plain(std::slice::from_ref(branch), Format::Json, &Layout::default())?;
            host.print(text.bytes())
        }
        Value::List(_) => {
            let text = write_plain(
                &[vec![Entry::Pair(key.into(), value.clone())]],
                Format::Json,
                &Layout::default(),
            )?;
            host.print(text.bytes())
        }
    }
}

/// A dotenv file has names alone, whatever stands in them.
fn path_in(format: Format, key: &str) -> Result<Vec<String>> {
    let path = key_path(key);
    match (format, &path) {
        (Format::Dotenv, Ok(path)) if key.starts_with('[') && path.len() == 1 => Ok(path.clone()),
        (Format::Dotenv, _) => Ok(vec![key.to_string()]),
        _ => path,
    }
}

/// `a.b.0`, or `["a"]["b"][0]` as sops has it.
fn key_path(key: &str) -> Result<Vec<String>> {
    if !key.starts_with('[') {
        return Ok(key.split('.').map(ToString::to_string).collect());
    }
    let mut path = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').with_context(|| format!("`{key}` is no path"))?;
        let end = match inner.strip_prefix('"') {
            Some(quoted) => quoted.find("\"]").map(|end| end + 2),
            None => inner.find(']'),
        };
        let end = end.with_context(|| format!("`{key}` is no path"))?;
        path.push(inner[..end].trim_matches('"').to_string());
        rest = &inner[end + 1..];
    }
    Ok(path)
}

impl File {
    fn at(path: &Path) -> Self {
        Self {
            input_type: None,
            identity: Vec::new(),
            filename_override: None,
            path: path.to_path_buf(),
            read: OnceCell::new(),
        }
    }

    fn read(&self, host: &Host) -> Result<Vec<u8>> {
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
    fn command(&self, host: &Host, verb: &str) -> String {
        let path = self.path.to_string_lossy();
        format!("{} secret {verb} {}", host.voice.name(), shell_words::quote(&path))
    }

    fn document(&self, host: &Host, bytes: Vec<u8>) -> Result<Document> {
        Document::find(bytes, self.format()?)?.ok_or_else(|| {
            let plain = Hinted::new(NOT_ENCRYPTED, self.command(host, "encrypt --in-place"));
            let is_dotenv = self.name().to_string_lossy().contains(".env");
            match self.format() {
                Ok(Format::Binary) if is_dotenv => plain.or("--input-type dotenv"),
                _ => plain,
            }
            .into()
        })
    }

    /// What tells its type, and its rule.
    fn name(&self) -> &Path {
        self.filename_override.as_ref().unwrap_or(&self.path)
    }

    /// By its usual names.
    fn is_stdin(&self) -> bool {
        ["-", "/dev/stdin"].iter().any(|name| self.path == Path::new(name))
    }

    fn format(&self) -> Result<Format> {
        match &self.input_type {
            Some(name) => format_of(name),
            None => Ok(Format::of_path(self.name())),
        }
    }

    fn open(&self, host: &Host, bytes: Vec<u8>) -> Result<Plain> {
        let document = self.document(host, bytes)?;
        self.with_keys(host, |keys| document.open(keys))
    }

    /// Looks where the user says, or else where sops looks; says what is wrong with the key files.
    fn with_keys<T>(&self, host: &Host, work: impl FnOnce(&Keys) -> Result<T>) -> Result<T> {
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

    fn could_not(&self, what: &str) -> String {
        could_not(what, &self.path)
    }
}

/// `None` where it is too large.
fn read_stdin() -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    std::io::stdin().take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= FILE_LIMIT).then_some(bytes))
}

fn could_not(what: &str, path: &Path) -> String {
    format!("could not {what} `{}`", path.display())
}

fn format_of(name: &str) -> Result<Format> {
    Format::from_name(name).ok_or_else(|| {
        let known = Format::NAMES.join(", ");
        Hinted::new(format!("there is no type `{name}`"), format!("one of {known}")).into()
    })
}
