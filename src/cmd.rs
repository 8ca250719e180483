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

use crate::host::{Host, Voice};
use crate::shell::Shell;
use anyhow::{Context as _, Result};
use std::ffi::OsStr;

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

/// Output that direnv ends with a line's end, for those who read it by lines.
fn as_line(host: &Host, mut output: Vec<u8>) -> Vec<u8> {
    if host.voice == Voice::Direnv && !output.ends_with(b"\n") {
        output.push(b'\n');
    }
    output
}
