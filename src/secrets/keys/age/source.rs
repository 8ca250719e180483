//! The places where sops looks for age identities.

use super::{is_secret, shown};
use crate::env::Env;
use crate::fs::{is_descriptor, read_regular, read_stream};
use crate::secrets::Secret;
use crate::secrets::keys::Search;
use anyhow::{Context as _, Result, bail};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// No file of keys is larger than this many bytes.
const LIMIT: u64 = 1 << 20;

#[derive(Debug)]
pub enum Source {
    /// The value of a variable.
    Variable(&'static str, Secret),
    File(PathBuf),
    /// A variable that names a file.
    Named(&'static str, PathBuf),
    /// What a command prints, and the variable that holds the command.
    Command(&'static str, String),
}

/// The cheap ones first: which one serves makes no difference to what comes out.
pub fn of_sops(env: &Env) -> Vec<Source> {
    let path = |name: &'static str| env.non_empty(name).map(PathBuf::from);
    let text = |name: &'static str| Some(env.non_empty(name)?.to_string_lossy().into_owned());
    let command = |name| Some(Source::Command(name, text(name)?));
    let home = path("HOME").filter(|home| home.is_absolute());
    let ssh = |name: &str| Some(home.as_ref()?.join(".ssh").join(name));
    let variable = env.non_empty("SOPS_AGE_KEY");
    let variable = variable.map(|value| Secret::from(value.as_bytes().to_vec()));
    [
        variable.map(|value| Source::Variable("SOPS_AGE_KEY", value)),
        path("SOPS_AGE_KEY_FILE").map(|file| Source::Named("SOPS_AGE_KEY_FILE", file)),
        keys_file(env).map(Source::File),
        path("SOPS_AGE_SSH_PRIVATE_KEY_FILE")
            .map(|file| Source::Named("SOPS_AGE_SSH_PRIVATE_KEY_FILE", file)),
        ssh("id_ed25519").map(Source::File),
        ssh("id_rsa").map(Source::File),
        command("SOPS_AGE_KEY_CMD"),
        command("SOPS_AGE_SSH_PRIVATE_KEY_CMD"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where sops keeps a user's age keys.
pub fn keys_file(env: &Env) -> Option<PathBuf> {
    let absolute = |name| env.non_empty(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let below_home =
        if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let dir = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(dir.join("sops/age/keys.txt"))
}

impl Source {
    pub fn read(&self, search: &Search) -> Result<Secret> {
        match self {
            Self::Variable(_, value) => Ok(value.clone()),
            Self::File(path) | Self::Named(_, path) => match read_file(path, search)? {
                Ok(Some(bytes)) => Ok(bytes.into()),
                Ok(None) => bail!("it is larger than {} MiB", LIMIT >> 20),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    bail!("it is not there")
                }
                Err(error) => Err(error).context("it cannot be read"),
            },
            Self::Command(_, line) => {
                let words = shell_words::split(line).context("its quotes are not closed")?;
                let (name, arguments) = words.split_first().context("it is empty")?;
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                search.run(name.as_ref(), &arguments, b"")
            }
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Named(_, path) => Some(path),
            Self::Variable(..) | Self::Command(..) => None,
        }
    }

    /// What is wrong with who may read the file. One that others may write is not used: it may hold their key.
    pub fn warning(&self) -> Result<Option<String>> {
        let Some(path) = self.path() else { return Ok(None) };
        let Ok(metadata) = path.metadata() else { return Ok(None) };
        let mode = metadata.permissions().mode();
        let shown = path.display();
        if mode & 0o002 != 0 {
            bail!("everybody may write it");
        }
        let user = rustix::process::geteuid().as_raw();
        Ok(if mode & 0o044 != 0 {
            Some(format!("the key file `{shown}` can be read by others: `chmod 600` it"))
        } else if metadata.uid() != user && metadata.uid() != 0 {
            Some(format!("the key file `{shown}` belongs to somebody else"))
        } else {
            None
        })
    }
}

/// What another program writes into a pipe may take its time.
fn read_file(path: &Path, search: &Search) -> Result<io::Result<Option<Vec<u8>>>> {
    if !is_descriptor(path) {
        return Ok(read_regular(path, LIMIT));
    }
    let (name, path) = (path.to_string_lossy(), path.to_path_buf());
    search.watch(&name, move || read_stream(&path, LIMIT))
}

/// By its last name a key is told that stands in the place of a path.
fn shown_path(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_secret(&name) { shown(&name).to_string() } else { path.display().to_string() }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Variable(name, _) | Self::Command(name, _) => write!(formatter, "`{name}`"),
            Self::File(path) => write!(formatter, "`{}`", shown_path(path)),
            Self::Named(name, path) => write!(formatter, "`{}` of `{name}`", shown_path(path)),
        }
    }
}
