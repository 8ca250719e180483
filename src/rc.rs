//! Which file governs a directory: the nearest `.envrc`, `envr.toml` or `.env` at or above it.

use crate::config::Config;
use crate::error::Hinted;
use crate::host::{Host, Voice};
use anyhow::{Context as _, Result};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// A file that says what a directory's environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rc {
    pub path: PathBuf,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Envrc,
    Dotenv,
    /// An `envr.toml`, of which direnv knows nothing.
    Toml,
}

impl Rc {
    pub fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The rc that a path names, by the file's name.
    pub fn at(path: PathBuf) -> Self {
        let kind = match path.file_name().and_then(OsStr::to_str) {
            Some(".env") => Kind::Dotenv,
            Some(crate::toml::NAME) => Kind::Toml,
            _ => Kind::Envrc,
        };
        Self { path, kind }
    }

    /// Whether a file of this name can govern a directory.
    pub fn is_name(path: &Path) -> bool {
        [".envrc", crate::toml::NAME, ".env"].iter().any(|name| path.ends_with(name))
    }
}

/// Looks in `dir`, which is absolute, then in each directory above it.
pub fn find(host: &Host, config: &Config, dir: &Path) -> Option<Rc> {
    way_up((host, config), dir, |path, kind| governs(host, path, kind))
}

/// The rc that stands in a directory and governs it.
pub fn of(host: &Host, config: &Config, dir: &Path) -> Option<Rc> {
    find(host, config, dir).filter(|rc| rc.dir() == dir)
}

/// What would govern in place of `found`, if it could.
pub fn passed_over(host: &Host, config: &Config, dir: &Path, found: Option<&Rc>) -> Vec<Rc> {
    let mut passed = Vec::new();
    way_up((host, config), dir, |path, kind| {
        let is_found = found.is_some_and(|found| found.path.as_os_str() == path.as_os_str());
        if !is_found {
            passed.push(Rc { path: path.to_path_buf(), kind });
        }
        is_found
    });
    passed
}

/// The first that `is_it` of all that could be an rc, beginning in `dir`.
fn way_up(
    of: (&Host, &Config),
    dir: &Path,
    mut is_it: impl FnMut(&Path, Kind) -> bool,
) -> Option<Rc> {
    // One buffer serves all: at a prompt far below the root, joining paths is half the work.
    let mut path = dir.as_os_str().as_bytes().to_vec();
    loop {
        while path.last() == Some(&b'/') {
            path.pop();
        }
        let end = path.len();
        for (name, kind) in names(of) {
            path.push(b'/');
            path.extend(name.bytes());
            if is_it(OsStr::from_bytes(&path).as_ref(), *kind) {
                return Some(Rc { path: OsString::from_vec(path).into(), kind: *kind });
            }
            path.truncate(end);
        }
        path.truncate(path.iter().rposition(|byte| *byte == b'/')?);
    }
}

/// What a directory may hold, the first that governs before the others.
fn names((host, config): (&Host, &Config)) -> &'static [(&'static str, Kind)] {
    const ENVRC: (&str, Kind) = (".envrc", Kind::Envrc);
    const TOML: (&str, Kind) = (crate::toml::NAME, Kind::Toml);
    const DOTENV: (&str, Kind) = (".env", Kind::Dotenv);
    match (host.voice, config.load_dotenv) {
        (Voice::Envr, true) => &[ENVRC, TOML, DOTENV],
        (Voice::Envr, false) => &[ENVRC, TOML],
        (Voice::Direnv, true) => &[ENVRC, DOTENV],
        (Voice::Direnv, false) => &[ENVRC],
    }
}

/// The rc that a verb's argument means: searched from the path (or the working directory) upwards.
pub fn find_from(host: &Host, config: &Config, path: Option<&Path>) -> Result<Rc> {
    let start = match path.map(|path| host.absolute(path)) {
        // An rc that is a link is judged under its own path: only its directory is resolved.
        Some(path) if Rc::is_name(&path) && path.is_file() => {
            let (dir, name) = (path.parent().unwrap_or(&path), path.file_name());
            return Ok(Rc::at(resolved(host, dir)?.join(name.unwrap_or_default())));
        }
        Some(path) => resolved(host, &path)?,
        None => working_directory(host)?.to_path_buf(),
    };
    find(host, config, &start).ok_or_else(|| missing(host))
}

fn resolved(host: &Host, path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| match host.voice {
        Voice::Direnv => format!("lstat {}", path.display()),
        Voice::Envr => format!("could not find `{}`", path.display()),
    })
}

pub fn working_directory(host: &Host) -> Result<&Path> {
    host.cwd.as_deref().context("could not find the working directory: it was removed")
}

fn missing(host: &Host) -> anyhow::Error {
    let name = host.voice.name();
    match host.voice {
        Voice::Direnv => anyhow::anyhow!(".envrc file not found"),
        Voice::Envr => Hinted::new(
            "could not find an `.envrc` here or in a directory above",
            format!("{name} edit ."),
        )
        .into(),
    }
}

/// direnv passes over what it cannot open as a regular file. In our own voice an `.envrc` or `envr.toml` of any kind
/// governs, so that the reader learns why it does not load; a directory `.env` is somebody's virtual environment.
fn governs(host: &Host, path: &Path, kind: Kind) -> bool {
    match (host.voice, kind) {
        (Voice::Envr, Kind::Envrc | Kind::Toml) => match rustix::fs::lstat(path) {
            Ok(_) => true,
            // A path beyond the system's limit: nothing above it may stand in for what cannot be looked at.
            Err(error) => error == rustix::io::Errno::NAMETOOLONG,
        },
        _ => path.is_file() && rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok(),
    }
}
