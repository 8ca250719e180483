//! The verbs, one file each or one for a family.

pub mod allow;
pub mod direnv;
pub mod doctor;
pub mod dotenv;
pub mod dump;
pub mod edit;
pub mod exec;
pub mod export;
pub mod fetchurl;
pub mod nix;
pub mod print;
pub mod review;
pub mod setup;
pub mod secret;
#[cfg(target_os = "linux")]
pub mod service;
pub mod status;
pub mod watch;
pub mod why;

use crate::error::in_voice;
use crate::host::{Host, Voice};
use crate::shell::Shell;
use crate::ui;
use anyhow::{Context as _, Error, Result};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;

/// The shell or format that an argument names.
fn shell_of(host: &Host, said: &OsStr) -> Result<Shell> {
    Shell::from_name(said).with_context(|| match host.voice {
        Voice::Direnv => format!("unknown target shell '{}'", said.display()),
        Voice::Envr => {
            let known = Shell::ALL.map(Shell::name).join(", ");
            format!("could not write code for `{}`: it is none of {known}", said.display())
        }
    })
}

/// A file that could not be read; `named` is how the caller put it, which is how direnv tells it.
fn unreadable(host: &Host, named: &Path, error: std::io::Error, path: &Path) -> Error {
    let verb = if error.kind() == ErrorKind::IsADirectory { "read" } else { "open" };
    let theirs = format!("{verb} {}: {}", named.display(), ui::plain(&error));
    let ours = Error::new(error).context(format!("could not read `{}`", path.display()));
    in_voice(host, theirs, ours)
}

/// Output that direnv ends with a line's end, for those who read it by lines.
fn as_line(host: &Host, mut output: Vec<u8>) -> Vec<u8> {
    if host.voice == Voice::Direnv && !output.ends_with(b"\n") {
        output.push(b'\n');
    }
    output
}
