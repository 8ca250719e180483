//! The variables of the native shell, exported or not.

use crate::env::{Env, is_name};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

#[derive(Debug, Default)]
pub struct Variables {
    variables: BTreeMap<Vec<u8>, Variable>,
    /// What bash cannot hold, and hands on.
    foreign: Env,
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
        Self { variables: variables.collect(), foreign }
    }

    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.get(name)?.value.as_deref()
    }

    pub fn is_exported(&self, name: &[u8]) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.is_exported)
    }

    pub fn set(&mut self, name: &[u8], value: Vec<u8>) {
        self.variables.entry(name.to_vec()).or_default().value = Some(value);
    }

    pub fn export(&mut self, name: &[u8]) {
        self.variables.entry(name.to_vec()).or_default().is_exported = true;
    }

    pub fn unset(&mut self, name: &[u8]) {
        self.variables.remove(name);
    }

    /// What no process gets.
    pub fn unexported(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let unexported = self.variables.iter().filter(|(_, variable)| !variable.is_exported);
        unexported
            .filter_map(|(name, variable)| Some((name.as_slice(), variable.value.as_deref()?)))
    }

    /// What a process gets.
    pub fn environment(&self) -> Env {
        let mut env = self.foreign.clone();
        for (name, variable) in &self.variables {
            if let (true, Some(value)) = (variable.is_exported, &variable.value) {
                env.set(OsString::from_vec(name.clone()), OsString::from_vec(value.clone()));
            }
        }
        env
    }
}
