//! What a `shellHook` changed, kept beside its shell for those who want it to run once and not at each load.

use super::hook::{Hooked, LoneHook};
use super::kept::{self, Kept};
use super::place::Place;
use super::request::Request;
use crate::diff;
use crate::env::{Env, lists};
use crate::host::Host;
use crate::world::World;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

/// What it left of the variables; lists as what came before and behind what was there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Effect {
    variables: Vec<(Word, Option<Word>)>,
    lists: Vec<(Word, (Word, Word))>,
}

/// JSON has no other bytes than those of text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Text(String),
    Bytes(Vec<u8>),
}

impl Word {
    fn of(word: OsString) -> Self {
        match word.into_string() {
            Ok(text) => Self::Text(text),
            Err(bytes) => Self::Bytes(bytes.into_vec()),
        }
    }

    fn text(&self) -> &OsStr {
        match self {
            Self::Text(text) => OsStr::new(text),
            Self::Bytes(bytes) => OsStr::from_bytes(bytes),
        }
    }
}

/// What became of a hook that runs once.
#[derive(Debug)]
pub enum Once {
    Left(Effect),
    /// It ended the shell that ran it, with this status.
    Ended(i32),
    Interrupted,
}

impl Effect {
    /// What the hook of a shell left when it ran, if it did.
    pub fn kept(host: &Host, request: &Request, shell: &Kept) -> Option<Self> {
        kept::read(&Place::of(host, request).ok()?.effect(&shell.content))
    }

    /// The same, or else runs the hook in `env`, which has the shell. `None` for a hook that only a script can run.
    pub fn kept_or_made(
        world: World,
        (request, shell): (&Request, &Kept),
        env: &Env,
        bash: &Path,
    ) -> Result<Option<Once>> {
        if let Some(effect) = Self::kept(world.host, request, shell) {
            return Ok(Some(Once::Left(effect)));
        }
        let Some(hook) = LoneHook::of(shell, request.dir.clone(), &[]) else { return Ok(None) };
        let left = match hook.run(bash, world, env)? {
            Hooked::Left(left) => left,
            Hooked::Ended(status) => {
                let signal = || status.signal().map(|signal| 128 + signal);
                return Ok(Some(Once::Ended(status.code().or_else(signal).unwrap_or(1))));
            }
            Hooked::Interrupted => return Ok(Some(Once::Interrupted)),
        };
        let effect = Self::between(env, &left);
        // Where it cannot be kept the hook runs once more.
        _ = kept::write(&Place::of(world.host, request)?.effect(&shell.content), &effect);
        Ok(Some(Once::Left(effect)))
    }

    fn between(before: &Env, after: &Env) -> Self {
        let mut effect = Self::default();
        for (name, value) in diff::changes(before, after) {
            match (before.get(&name), value) {
                (Some(old), Some(value)) if lists::is_list(&name) => {
                    let (front, back) = around(old, &value);
                    effect.lists.push((Word::of(name), (Word::of(front), Word::of(back))));
                }
                (_, value) => effect.variables.push((Word::of(name), value.map(Word::of))),
            }
        }
        effect
    }

    pub fn apply(&self, env: &mut Env) {
        for (name, value) in &self.variables {
            match value {
                Some(value) => env.set(name.text(), value.text()),
                None => env.unset(name.text()),
            }
        }
        for (name, (front, back)) in &self.lists {
            let there = env.get(name.text()).unwrap_or_default().to_os_string();
            let parts = [front.text(), &there, back.text()];
            let parts = parts.iter().map(|part| part.as_bytes()).filter(|part| !part.is_empty());
            env.set(name.text(), OsString::from_vec(parts.collect::<Vec<_>>().join(&b':')));
        }
    }
}

/// The entries of a list that are not of the old one: those before the first that is, and those behind it.
fn around(old: &OsStr, list: &OsStr) -> (OsString, OsString) {
    let entries = |list: &'_ OsStr| -> Vec<Vec<u8>> {
        list.as_bytes().split(|byte| *byte == b':').map(<[u8]>::to_vec).collect()
    };
    let known = entries(old);
    let list = entries(list);
    let first = list.iter().position(|entry| known.contains(entry)).unwrap_or(list.len());
    let (front, back) = list.split_at(first);
    let joined = |entries: &[Vec<u8>]| {
        let added = entries.iter().filter(|entry| !known.contains(entry)).cloned();
        OsString::from_vec(added.collect::<Vec<_>>().join(&b':'))
    };
    (joined(front), joined(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_kept_as_edits() {
        let env = |path: &str| -> Env { [("PATH", path), ("GONE", "1")].into_iter().collect() };
        let mut after = env("/hook:/a:/b:/behind");
        after.unset("GONE");
        after.set("SET", "x");
        let effect = Effect::between(&env("/a:/b"), &after);
        let mut elsewhere = env("/user:/c");
        effect.apply(&mut elsewhere);
        let expected: Env =
            [("PATH", "/hook:/user:/c:/behind"), ("SET", "x")].into_iter().collect();
        assert_eq!(elsewhere, expected);
    }

    #[test]
    fn what_is_not_text_is_kept_as_it_is() {
        let odd = |text: &[u8]| OsString::from_vec(text.to_vec());
        let mut after = Env::default();
        after.set("A", odd(b"\xff"));
        after.set("PATH", odd(b"/\xfe:/a"));
        let before: Env = [("PATH", "/a")].into_iter().collect();
        let effect = Effect::between(&before, &after);
        let json = serde_json::to_vec(&effect).unwrap();
        let mut elsewhere = before.clone();
        serde_json::from_slice::<Effect>(&json).unwrap().apply(&mut elsewhere);
        assert_eq!(elsewhere, after);
    }
}
