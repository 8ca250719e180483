//! The verbs by which scripts carry an environment: `dump`, `apply_dump`, `show_dump`.

use super::shell_of;
use crate::diff;
use crate::env::Env;
use crate::error::misused;
use crate::gzenv::{self, Bytes};
use crate::host::Host;
use crate::shell::Shell;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// `dump [SHELL [FILE]]`: the environment, into a file, a descriptor named by its number, or standard output.
pub fn dump(host: &Host, arguments: &[OsString]) -> Result<()> {
    let shell = arguments.first().map_or("gzenv".as_ref(), OsString::as_os_str);
    let shell = shell_of(host, shell)?;
    let target =
        arguments.get(1).map(OsString::as_os_str).or(host.env.get("DIRENV_DUMP_FILE_PATH"));
    let all = host
        .env
        .iter()
        .map(|(name, value)| (name.to_os_string(), Some(value.to_os_string())))
        .collect();
    let output = shell.render(&all);
    match target.filter(|target| !target.is_empty()) {
        None => host.print(&output)?,
        Some(target) => write(target, &output)?,
    }
    Ok(())
}

/// `apply_dump FILE`: bash code that turns our environment into the dumped one.
pub fn apply_dump(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [file, ..] = arguments else {
        bail!(misused(
            host,
            "not enough arguments",
            "apply a dump: no file was named",
            "apply_dump FILE"
        ))
    };
    let text = crate::fs::read_regular(&host.absolute(Path::new(file)), 64 << 20)
        .with_context(|| format!("could not read `{}`", file.display()))?
        .with_context(|| format!("could not read `{}`: it is too large", file.display()))?;
    let json =
        gzenv::decode(&text).with_context(|| format!("could not read `{}`", file.display()))?;
    let rows: BTreeMap<Bytes, Bytes> = serde_json::from_slice(&json)
        .with_context(|| format!("could not read `{}`", file.display()))?;
    let dumped: Env = rows
        .into_iter()
        .map(|(name, value)| (OsString::from_vec(name.0), OsString::from_vec(value.0)))
        .collect();
    host.print(&Shell::Bash.render(&diff::changes(&host.env, &dumped)))?;
    Ok(())
}

/// `show_dump TEXT`: what a state variable holds, indented. Keys are sorted; scripts read the paths off the lines.
pub fn show_dump(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [text, ..] = arguments else {
        bail!(misused(
            host,
            "missing DUMP argument",
            "show a dump: no text was given",
            "show_dump TEXT"
        ))
    };
    let json = gzenv::decode(text.as_bytes()).context("could not read the dump")?;
    let value: serde_json::Value =
        serde_json::from_str(&String::from_utf8_lossy(&json)).context("could not read the dump")?;
    let value = only_what_direnv_knows(value);
    host.print_line(serde_json::to_string_pretty(&value)?)?;
    Ok(())
}

/// Entries of a watch list keep direnv's three fields: scripts that read them line by line expect `path` to be last.
fn only_what_direnv_knows(value: serde_json::Value) -> serde_json::Value {
    let serde_json::Value::Array(mut entries) = value else { return value };
    for entry in &mut entries {
        if let serde_json::Value::Object(fields) = entry {
            fields.retain(|name, _| {
                ["path", "modtime", "exists"].iter().any(|known| name.eq_ignore_ascii_case(known))
            });
        }
    }
    serde_json::Value::Array(entries)
}

fn write(target: &OsStr, output: &[u8]) -> Result<()> {
    let is_descriptor = target.as_bytes().iter().all(u8::is_ascii_digit);
    let path = if is_descriptor { Path::new("/dev/fd").join(target) } else { target.into() };
    OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|mut file| file.write_all(output))
        .with_context(|| format!("could not write `{}`", path.display()))
}
