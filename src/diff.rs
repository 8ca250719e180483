//! What separates two environments, and how to take it back.

use crate::env::{Env, lists};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// What a shell has to do, in name order: `Some` exports a value, `None` unsets the name.
pub type Changes = BTreeMap<OsString, Option<OsString>>;

/// Names that belong to the shell or to one evaluation; they are neither exported nor taken back.
const SHELL_NAMES: [&str; 12] = [
    "COMP_WORDBREAKS",
    "DIRENV_BASH",
    "DIRENV_CONFIG",
    "DIRENV_IN_ENVRC",
    "DIRENV_LOADING",
    "OLDPWD",
    "PS1",
    "PWD",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "_",
];
const SHELL_PREFIXES: [&str; 3] = ["BASH_FUNC_", "__envr_", "__fish"];

/// What turns `from` into `to`, apart from the shell's own names.
pub fn changes(from: &Env, to: &Env) -> Changes {
    let mut changes = Changes::new();
    let mut change = |name: &OsStr, value: Option<&OsStr>| {
        if !is_shells_own(name) {
            changes.insert(name.to_os_string(), value.map(OsStr::to_os_string));
        }
    };
    // Both are in name order: one walk along the two finds what is only in one of them.
    let mut before = from.iter().peekable();
    for (name, value) in to.iter() {
        while let Some((gone, _)) = before.next_if(|(before, _)| *before < name) {
            change(gone, None);
        }
        let old = before.next_if(|(before, _)| *before == name);
        if old.is_none_or(|(_, old)| old != value) {
            change(name, Some(value));
        }
    }
    before.for_each(|(gone, _)| change(gone, None));
    changes
}

pub fn is_shells_own(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    SHELL_NAMES.iter().any(|own| own.as_bytes() == bytes)
        || SHELL_PREFIXES.iter().any(|prefix| bytes.starts_with(prefix.as_bytes()))
}

/// `+NEW -GONE ~CHANGED`, each in name order, without direnv's own variables: the line people know from direnv.
pub fn summary(from: &Env, changes: &Changes) -> Vec<(char, OsString)> {
    let mut summary: Vec<(char, OsString)> = changes
        .iter()
        .filter(|(name, _)| !name.as_bytes().starts_with(b"DIRENV_"))
        .map(|(name, value)| match (value, from.get(name)) {
            (None, _) => ('-', name.clone()),
            (Some(_), None) => ('+', name.clone()),
            (Some(_), Some(_)) => ('~', name.clone()),
        })
        .collect();
    summary.sort();
    summary
}

/// How to leave an environment again. Undoing a scalar needs its old value; undoing a list needs the list as it was
/// loaded, too, so that what the user added since can stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undo {
    /// Every name that loading touched.
    pub names: BTreeSet<OsString>,
    /// Old values of those that had one.
    pub old: BTreeMap<OsString, OsString>,
    /// Lists as they were loaded.
    pub lists: BTreeMap<OsString, OsString>,
}

impl Undo {
    /// The way back from `to` to `from`.
    pub fn between(from: &Env, to: &Env) -> Self {
        let mut undo = Self::default();
        for (name, value) in changes(from, to) {
            if let Some(old) = from.get(&name) {
                undo.old.insert(name.clone(), old.to_os_string());
            }
            if let Some(value) = value.filter(|_| lists::is_list(&name)) {
                undo.lists.insert(name.clone(), value);
            }
            undo.names.insert(name);
        }
        undo
    }

    pub fn apply(&self, env: &mut Env) {
        for name in &self.names {
            match self.before(name, env.get(name)) {
                Some(value) => env.set(name, value),
                None => env.unset(name),
            }
        }
        // direnv may have written names here that it did not list as new.
        for (name, value) in self.old.iter().filter(|(name, _)| !self.names.contains(*name)) {
            env.set(name, value);
        }
    }

    fn before(&self, name: &OsStr, current: Option<&OsStr>) -> Option<OsString> {
        let old = self.old.get(name).map(OsString::as_os_str);
        match (self.lists.get(name), current) {
            (Some(loaded), Some(current)) if loaded != current => lists::undo(old, loaded, current),
            _ => old.map(OsStr::to_os_string),
        }
    }
}
