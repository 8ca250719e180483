//! Where the user's own files are, though a project calls other places so: those variables as they were outside of it.
//!
//! Approvals and configuration are looked up by them, and a project must not bring its own.

use super::Env;
use crate::gzenv::{self, Bytes};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// The state variable that holds them: a JSON object, packed like the others, in which an empty value means that there
/// was no such variable. There while a project has changed one.
pub const VARIABLE: &str = "DIRENV_OUTSIDE";

const NAMES: [&str; 5] =
    ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];

/// Puts into `loaded` what it calls otherwise than `outer`.
pub fn remember(outer: &Env, loaded: &mut Env) {
    match encode(outer, loaded) {
        Some(text) => loaded.set(VARIABLE, text),
        None => loaded.unset(VARIABLE),
    }
}

/// `None` when it is nothing.
fn encode(outer: &Env, loaded: &Env) -> Option<OsString> {
    let changed = NAMES.iter().filter(|name| outer.get(name) != loaded.get(name));
    let mut rows = changed
        .map(|name| (name.as_bytes(), outer.get(name).unwrap_or_default().as_bytes()))
        .peekable();
    rows.peek()?;
    let mut json = Vec::new();
    gzenv::push_object(&mut json, rows, gzenv::push_string);
    Some(gzenv::encode(&json).into())
}

/// Empty where no project changed any, or where the variable is not ours.
pub fn decode(env: &Env) -> BTreeMap<OsString, OsString> {
    env.non_empty(VARIABLE).and_then(read).unwrap_or_default()
}

fn read(text: &OsStr) -> Option<BTreeMap<OsString, OsString>> {
    let json = gzenv::decode(text.as_bytes()).ok()?;
    let rows: BTreeMap<Bytes, Bytes> = serde_json::from_slice(&json).ok()?;
    let owned = |bytes: Bytes| OsString::from_vec(bytes.0);
    Some(rows.into_iter().map(|(name, value)| (owned(name), owned(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_changed_is_read_as_it_was() {
        let outer: Env =
            [("HOME", "/home/\"me\"\n"), ("XDG_DATA_HOME", "/d")].into_iter().collect();
        let mut loaded = outer.clone();
        loaded.set("OTHER", "1");
        assert_eq!(encode(&outer, &loaded), None);
        loaded.set("HOME", "/p/home");
        loaded.set("XDG_CONFIG_HOME", "/p/config");
        let mut inside = loaded.clone();
        inside.set(VARIABLE, encode(&outer, &loaded).unwrap());
        let expected = [("HOME", "/home/\"me\"\n"), ("XDG_CONFIG_HOME", "")];
        let expected = expected.map(|(name, value)| (name.into(), value.into()));
        assert_eq!(decode(&inside), BTreeMap::from(expected));
        for garbage in ["", "x", "eJw=", "\u{fe}"] {
            inside.set(VARIABLE, garbage);
            assert_eq!(decode(&inside), BTreeMap::new());
        }
    }
}
