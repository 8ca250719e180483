//! What the last prompt left in the shell: direnv's variables, read and written.

use crate::diff::Undo;
use crate::env::{Env, outside};
use crate::error::{Hinted, in_voice};
use crate::gzenv::{self, Bytes, Garbage, Reader};
use crate::host::{Host, Voice};
use crate::watch::{Look, Watches};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The variables that hold the state; nothing of a project may set them.
pub const DIR: &str = "DIRENV_DIR";
pub const FILE: &str = "DIRENV_FILE";
pub const WATCHES: &str = "DIRENV_WATCHES";
pub const DIFF: &str = "DIRENV_DIFF";
/// Files that `require_allowed` still waits for.
pub const REQUIRED: &str = "DIRENV_REQUIRED";

/// State beyond this many bytes is not ours: no shell could start a process with it.
const STATE_LIMIT: usize = 8 << 20;

/// An rc that was loaded, or found blocked or failing, in this shell or one above it.
#[derive(Debug, Default)]
pub struct Session {
    pub file: Option<PathBuf>,
    /// What is watched and the way back, still encoded: not every prompt needs them.
    watches: Option<OsString>,
    diff: Option<OsString>,
}

/// A part of the state that another program wrote over.
#[derive(Debug)]
pub struct Unreadable {
    variable: &'static str,
    cause: Hinted,
    /// What direnv says of it.
    theirs: String,
}

impl Session {
    pub fn from_env(env: &Env) -> Self {
        Self {
            file: env.non_empty(FILE).map(PathBuf::from),
            watches: env.non_empty(WATCHES).map(OsStr::to_os_string),
            diff: env.non_empty(DIFF).map(OsStr::to_os_string),
        }
    }

    pub fn watches(&self) -> Result<Watches, Unreadable> {
        match &self.watches {
            Some(text) => decode(WATCHES, text, Watches::decode),
            None => Ok(Watches::default()),
        }
    }

    pub fn has_way_back(&self) -> bool {
        self.diff.is_some()
    }

    /// What is loaded: the variables that differ for it.
    pub fn names(&self) -> Result<BTreeSet<OsString>> {
        let Some(diff) = &self.diff else { return Ok(BTreeSet::new()) };
        let names = decode(DIFF, diff, decode_undo)?.names.into_iter();
        Ok(names.filter(|name| [DIR, FILE, WATCHES].iter().all(|state| name != state)).collect())
    }

    /// Whether there is something to take back. direnv sees no rc whose watches it cannot read.
    pub fn is_loaded(&self, voice: Voice) -> bool {
        match voice {
            Voice::Envr => self.file.is_some() || self.diff.is_some(),
            Voice::Direnv => self.file.is_some() && self.watches().is_ok(),
        }
    }

    /// What is watched, if nothing is to be done for what was found at or above the directory. Watches that cannot be
    /// read hold no longer.
    pub fn look(&self, voice: Voice, found: Option<&Path>) -> Option<Look> {
        let Some(found) = found else { return (!self.is_loaded(voice)).then(Look::default) };
        let is_same = self.file.as_ref().is_some_and(|file| file.as_os_str() == found.as_os_str());
        if is_same { self.watches().ok()?.look() } else { None }
    }

    /// The environment as it was before.
    pub fn revert(&self, env: &Env) -> Result<Env, Unreadable> {
        let mut outer = env.clone();
        if let Some(diff) = &self.diff {
            decode(DIFF, diff, decode_undo)?.apply(&mut outer);
        }
        clear(&mut outer);
        Ok(outer)
    }

    /// The same; where the way back cannot be read what is loaded stays, and is the shell's own from here on.
    pub fn outside(&self, env: &Env) -> Env {
        self.revert(env).unwrap_or_else(|_| {
            let mut env = env.clone();
            clear(&mut env);
            env
        })
    }
}

/// Takes the state out of an environment.
pub fn clear(env: &mut Env) {
    env.unset(outside::VARIABLE);
    clear_record(env);
}

fn clear_record(env: &mut Env) {
    for name in [DIR, FILE, WATCHES, DIFF] {
        env.unset(name);
    }
}

/// Writes the state into `to`, which was loaded from `file` on top of `from`.
pub fn record(from: &Env, to: &mut Env, file: &Path, watches: &Watches) {
    clear_record(to);
    let mut undo = Undo::between(from, to);
    undo.names.extend([DIR, FILE, WATCHES].map(OsString::from));
    keep(to, file, watches);
    to.set(DIFF, encode_undo(&undo));
}

/// Writes the state of an environment that stays as it is, undo included, though its rc was looked at anew.
pub fn keep(env: &mut Env, file: &Path, watches: &Watches) {
    let dir = file.parent().unwrap_or(Path::new("/"));
    // The dash keeps zsh's `autocd` from taking the variable for a directory's name.
    let mut dashed = OsString::from("-");
    dashed.push(dir);
    env.set(DIR, dashed);
    env.set(FILE, file);
    env.set(WATCHES, watches.encode());
}

/// The variable of an evaluation that holds what is watched so far.
pub fn set_watches(env: &mut Env, watches: &Watches) {
    env.set(WATCHES, watches.encode());
}

/// What an evaluation left in its variable; its own business, so garbage counts as nothing.
pub fn watches_of(env: &Env) -> Option<Watches> {
    Watches::decode(env.non_empty(WATCHES)?).ok()
}

fn decode<T>(
    variable: &'static str,
    text: &OsStr,
    read: impl Fn(&OsStr) -> Result<T>,
) -> Result<T, Unreadable> {
    let value = if text.len() > STATE_LIMIT { Err(Garbage::TooLarge.into()) } else { read(text) };
    value.map_err(|error| {
        let cause = Hinted::new(error.to_string(), format!("unset {DIR} {FILE} {WATCHES} {DIFF}"));
        Unreadable { variable, cause, theirs: gzenv::in_direnvs_words(&error) }
    })
}

impl Unreadable {
    /// direnv does not say which variable it is.
    pub fn told(self, host: &Host) -> anyhow::Error {
        in_voice(host, self.theirs.clone(), self)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "could not read the state variable `{}`", self.variable)
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// `{"p":{name:old},"n":{name:""},"l":{list:as loaded}}`. direnv reads the first two and takes back the same names;
/// that it needs no new values keeps secrets from standing here twice, and the variable small. Who wants to see them has
/// them in the environment, from where `direnv show_dump` takes them. `l` is ours.
fn encode_undo(undo: &Undo) -> OsString {
    fn rows(map: &BTreeMap<OsString, OsString>) -> impl Iterator<Item = (&[u8], &[u8])> {
        map.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))
    }
    let mut json = b"{\"p\":".to_vec();
    gzenv::push_object(&mut json, rows(&undo.old), gzenv::push_string);
    json.extend(b",\"n\":");
    gzenv::push_object(
        &mut json,
        undo.names.iter().map(|name| (name.as_bytes(), &b""[..])),
        gzenv::push_string,
    );
    if !undo.lists.is_empty() {
        json.extend(b",\"l\":");
        gzenv::push_object(&mut json, rows(&undo.lists), gzenv::push_string);
    }
    json.push(b'}');
    gzenv::encode(&json).into()
}

/// Reads what `encode_undo` writes; `None` for any other spelling.
fn read_undo(json: &[u8]) -> Option<Undo> {
    fn map(rows: Vec<(&[u8], &[u8])>) -> BTreeMap<OsString, OsString> {
        let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        rows.into_iter().map(|(name, value)| (owned(name), owned(value))).collect()
    }
    let mut reader = Reader::new(json);
    reader.skip(b"{\"p\":")?;
    let old = map(reader.strings()?);
    reader.skip(b",\"n\":")?;
    let names = map(reader.strings()?).into_keys().collect();
    let lists = match reader.skip(b",\"l\":") {
        Some(()) => map(reader.strings()?),
        None => BTreeMap::new(),
    };
    reader.skip(b"}")?;
    reader.end()?;
    Some(Undo { names, old, lists })
}

fn decode_undo(encoded: &OsStr) -> Result<Undo> {
    #[derive(Default, Deserialize)]
    struct Rows {
        p: Option<BTreeMap<Bytes, Bytes>>,
        n: Option<BTreeMap<Bytes, Bytes>>,
        l: Option<BTreeMap<Bytes, Bytes>>,
    }
    fn text(bytes: Bytes) -> Result<OsString> {
        ensure!(!bytes.0.contains(&0), "it holds a NUL byte");
        Ok(OsString::from_vec(bytes.0))
    }
    fn map(rows: Option<BTreeMap<Bytes, Bytes>>) -> Result<BTreeMap<OsString, OsString>> {
        rows.unwrap_or_default()
            .into_iter()
            .map(|(name, value)| Ok((text(name)?, text(value)?)))
            .collect()
    }
    let json = gzenv::decode(encoded.as_bytes())?;
    if let Some(undo) = read_undo(&json) {
        return Ok(undo);
    }
    let rows: Option<Rows> =
        serde_json::from_slice(&json).context("it does not hold a difference")?;
    let rows = rows.unwrap_or_default();
    Ok(Undo { names: map(rows.n)?.into_keys().collect(), old: map(rows.p)?, lists: map(rows.l)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_read_as_it_was_written() {
        let env = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Env>();
        let from = env(&[("PATH", "/usr/bin"), ("OLD", "1"), ("GONE", "x")]);
        for value in ["plain", "quo\"te", "back\\slash", "new\nline", ""] {
            let to = env(&[("PATH", "/p/bin:/usr/bin"), ("OLD", value), ("NEW", value)]);
            for (from, to) in [(&from, &to), (&to, &from), (&from, &from)] {
                let undo = Undo::between(from, to);
                let text = encode_undo(&undo);
                assert_eq!(decode_undo(&text).unwrap(), undo);
            }
        }
    }
}
