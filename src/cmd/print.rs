//! `stdlib`, `version` and `completions`: what the binary carries.

use crate::cli;
use crate::config::Config;
use crate::eval;
use crate::host::{Host, Voice};
use crate::shell::bash_word;
use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The direnv whose contract this is; scripts ask for it.
pub const DIRENV_VERSION: &str = "2.37.1";

pub fn stdlib(host: &Host) -> Result<()> {
    let dir = Config::load(host)?.dir.unwrap_or_default();
    let word = |path: &Path| bash_word(path.as_os_str().as_bytes());
    let (program, dir) = (word(host.program()), word(&dir));
    let head = b"#!/usr/bin/env bash\ndirenv=".as_slice();
    let [library, rest] = eval::STDLIB.map(str::as_bytes);
    host.print(
        &[head, &program, b"\ndirenv_config_dir=", &dir, b"\n", library, b"\n", rest].concat(),
    )?;
    Ok(())
}

/// `version`, or `version MIN`, which fails when a script needs a newer direnv.
pub fn version(host: &Host, at_least: Option<&OsStr>) -> Result<()> {
    let Some(wanted) = at_least.map(OsStr::to_string_lossy) else {
        let line = match host.voice {
            Voice::Direnv => DIRENV_VERSION.to_string(),
            Voice::Envr => format!("envr {} (direnv {DIRENV_VERSION})", env!("CARGO_PKG_VERSION")),
        };
        return host.print_line(line);
    };
    let needed = numbers(&wanted).with_context(|| match host.voice {
        Voice::Direnv => {
            format!("v{} is not a valid semver version", wanted.trim_start_matches('v'))
        }
        Voice::Envr => format!("`{wanted}` is not a version"),
    })?;
    if numbers(DIRENV_VERSION) < Some(needed) {
        bail!(
            "current version v{DIRENV_VERSION} is older than the desired version v{}",
            wanted.trim_start_matches('v')
        );
    }
    Ok(())
}

pub fn completions(host: &Host, shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::Cli::command(), "envr", &mut script);
    host.print(&script)?;
    Ok(())
}

/// `v2.37.1-rc1` as numbers; what is missing at the end is 0.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let release = version.split(['-', '+']).next()?;
    let mut numbers = [0; 3];
    for (index, part) in release.split('.').enumerate() {
        *numbers.get_mut(index)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(numbers("v2.37"), Some([2, 37, 0]));
        assert!(numbers("2.9.1-rc1") < numbers("2.10"));
        assert_eq!(numbers("2.x"), None);
        assert_eq!(numbers(""), None);
    }
}
