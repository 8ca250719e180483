//! The variables of the native shell, exported or not.

use crate::env::{Env, is_name};
use crate::eval::parse::names;
use rustix::process::{geteuid, getuid};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

#[derive(Debug, Default)]
pub struct Variables {
    known: BTreeMap<Vec<u8>, Variable>,
    /// What bash cannot hold, and hands on.
    foreign: Env,
    /// Where programs were found with the PATH that there is.
    pub found: BTreeMap<Vec<u8>, PathBuf>,
}

#[derive(Debug, Default)]
struct Variable {
    /// A name can be exported before it has a value.
    value: Option<Vec<u8>>,
    is_exported: bool,
}

impl Variables {
    pub fn of(env: &Env) -> Self {
        let is_foreign = |name: &OsStr| !is_name(name.as_bytes());
        let foreign = env.iter().filter(|(name, _)| is_foreign(name)).collect();
        let variables = env.iter().filter(|(name, _)| !is_foreign(name)).map(|(name, value)| {
            let value = Some(value.as_bytes().to_vec());
            (name.as_bytes().to_vec(), Variable { value, is_exported: true })
        });
        Self { known: variables.collect(), foreign, found: BTreeMap::new() }
    }

    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.known.get(name)?.value.as_deref()
    }

    pub fn is_exported(&self, name: &[u8]) -> bool {
        self.known.get(name).is_some_and(|variable| variable.is_exported)
    }

    pub fn set(&mut self, name: &[u8], value: Vec<u8>) {
        self.known.entry(name.to_vec()).or_default().value = Some(value);
        if name == b"PATH" {
            self.found.clear();
        }
    }

    pub fn export(&mut self, name: &[u8]) {
        self.known.entry(name.to_vec()).or_default().is_exported = true;
    }

    /// Who the process is, which bash knows and a `.env` may ask for.
    pub fn learn_identity(&mut self) {
        for (name, id) in [(&b"EUID"[..], geteuid()), (b"UID", getuid())] {
            self.set(name, id.as_raw().to_string().into_bytes());
        }
    }

    /// Takes over a variable of a `.env`, as far as bash obeys.
    pub fn take_over(&mut self, name: &[u8], value: Vec<u8>) {
        let is_obeyed = !names::is_fixed(name);
        if is_obeyed || self.get(name).is_some_and(|known| known == value) {
            self.set(name, value);
            self.export(name);
        }
    }

    pub fn unset(&mut self, name: &[u8]) {
        self.known.remove(name);
    }

    /// What no process gets.
    pub fn unexported(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let unexported = self.known.iter().filter(|(_, variable)| !variable.is_exported);
        unexported
            .filter_map(|(name, variable)| Some((name.as_slice(), variable.value.as_deref()?)))
    }

    /// What a process gets.
    pub fn environment(&self) -> Env {
        let mut env = self.foreign.clone();
        for (name, variable) in &self.known {
            if let (true, Some(value)) = (variable.is_exported, &variable.value) {
                env.set(OsString::from_vec(name.clone()), OsString::from_vec(value.clone()));
            }
        }
        env
    }
}
