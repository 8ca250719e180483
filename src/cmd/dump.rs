//! The verbs by which scripts carry an environment: `dump`, `apply_dump`, `show_dump`.

use super::{as_line, shell_of};
use crate::diff::{self, Changes};
use crate::env::Env;
use crate::error::{in_voice, misused, unreadable};
use crate::fs::read_stream;
use crate::gzenv::{self, Bytes};
use crate::host::{Host, Voice};
use crate::session;
use crate::shell::Shell;
use crate::ui;
use anyhow::{Context as _, Error, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// A dump larger than this many bytes is something else.
const DUMP_LIMIT: u64 = 64 << 20;

/// `dump [SHELL [FILE]]`: the environment, into a file, a descriptor named by its number, or standard output.
pub fn dump(host: &Host, arguments: &[OsString]) -> Result<()> {
    let shell = arguments.first().map_or("gzenv".as_ref(), OsString::as_os_str);
    let shell = shell_of(host, shell)?;
    let target =
        arguments.get(1).map(OsString::as_os_str).or(host.env.get("DIRENV_DUMP_FILE_PATH"));
    let all: Changes = host
        .env
        .iter()
        .map(|(name, value)| (name.to_os_string(), Some(value.to_os_string())))
        .collect();
    let output = match shell {
        // Whoever reads it asks for an object.
        Shell::Json if all.is_empty() => b"{}".to_vec(),
        Shell::Gzenv if all.is_empty() => gzenv::encode(b"{}").into_bytes(),
        _ => shell.render(&all),
    };
    let output = as_line(host, output);
    match target.filter(|target| !target.is_empty()) {
        None => host.print(&output)?,
        Some(target) => write(host, target, &output)?,
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
    let file = Path::new(file);
    // A process substitution, too.
    let text = read_stream(file, DUMP_LIMIT)
        .map_err(|error| unreadable(host, file, error, file))?
        .with_context(|| format!("could not read `{}`: it is too large", file.display()))?;
    let what = format!("`{}`", file.display());
    let json = decode(host, &text, &what)?;
    let rows: BTreeMap<Bytes, Bytes> =
        serde_json::from_slice(&json).map_err(|error| unread(host, error, &what))?;
    let dumped: Env = rows
        .into_iter()
        .map(|(name, value)| (OsString::from_vec(name.0), OsString::from_vec(value.0)))
        .collect();
    host.print(&as_line(host, Shell::Bash.render(&diff::changes(&host.env, &dumped))))
}

/// `show_dump TEXT`: what a state variable holds, indented. Keys are sorted; scripts read the paths off the lines.
///
/// The way back that is in force holds no new values, for they are in the environment: from there direnv's name shows them.
pub fn show_dump(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [text, ..] = arguments else {
        bail!(misused(
            host,
            "missing DUMP argument",
            "show a dump: no text was given",
            "show_dump TEXT"
        ))
    };
    let json = decode(host, text.as_bytes(), "the dump")?;
    let value: Value = serde_json::from_str(&String::from_utf8_lossy(&json))
        .map_err(|error| unread(host, error, "the dump"))?;
    let mut value = only_what_scripts_know(value);
    let is_in_force = || host.env.get(session::DIFF).is_some_and(|diff| diff == text.as_os_str());
    if host.voice == Voice::Direnv && is_in_force() {
        fill(&mut value, &host.env);
    }
    host.print_line(serde_json::to_string_pretty(&value)?)?;
    Ok(())
}

/// Entries of a watch list keep direnv's three fields: scripts that read them line by line expect `path` to be last.
fn only_what_scripts_know(mut value: Value) -> Value {
    for fields in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        fields.retain(|name, _| {
            let known = ["path", "modtime", "exists"];
            known.iter().any(|known| name.eq_ignore_ascii_case(known))
        });
    }
    value
}

/// The way back as direnv would have written it: with new values, and without what is ours. Names that have no value are
/// those that loading took away.
fn fill(value: &mut Value, env: &Env) {
    let Some(fields) = value.as_object_mut() else { return };
    fields.retain(|name, _| name == "p" || name == "n");
    let Some(new) = fields.get_mut("n").and_then(Value::as_object_mut) else { return };
    new.retain(|name, shown| match env.get(name.as_str()) {
        Some(value) if shown == "" => {
            *shown = value.to_string_lossy().into();
            true
        }
        found => found.is_some(),
    });
}

fn decode(host: &Host, text: &[u8], what: &str) -> Result<Vec<u8>> {
    gzenv::decode(text).map_err(|error| unread(host, error, what))
}

fn unread(host: &Host, error: impl Into<Error>, what: &str) -> Error {
    let error = error.into();
    let theirs = gzenv::in_direnvs_words(&error);
    in_voice(host, theirs, error.context(format!("could not read {what}")))
}

fn write(host: &Host, target: &OsStr, output: &[u8]) -> Result<()> {
    let is_descriptor = target.as_bytes().iter().all(u8::is_ascii_digit);
    let path = if is_descriptor { Path::new("/dev/fd").join(target) } else { target.into() };
    OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(output)).map_err(
        |error| {
            let why = ui::plain(&error);
            let theirs = match (is_descriptor, error.kind()) {
                (true, ErrorKind::NotFound) => {
                    format!("write {}: bad file descriptor", target.display())
                }
                (true, _) => format!("write {}: {why}", target.display()),
                (false, _) => format!("open {}: {why}", target.display()),
            };
            let ours = Error::new(error).context(format!("could not write `{}`", path.display()));
            in_voice(host, theirs, ours)
        },
    )
}
