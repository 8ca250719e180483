//! The files that an rc says it will execute, as far as a reader can tell without running it.

use crate::eval::toml::Secrets;
use crate::rc::{Kind, Rc};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// In the order they are named; what depends on variables, conditions or other files is found when it runs.
pub fn known_to_execute(rc: &Rc, bytes: &[u8]) -> Vec<PathBuf> {
    match rc.kind {
        Kind::Envrc => {}
        Kind::Toml => return secrets_files(rc, bytes),
        Kind::Dotenv => return Vec::new(),
    }
    let commands = bytes.split(|byte| matches!(byte, b'\n' | b';' | b'&' | b'|'));
    let mut files = Vec::new();
    for file in commands.filter_map(|command| executed_by(rc, command)) {
        if file != rc.path && file.is_file() && !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// What a file of secrets holds decides over the environment as much as a script does.
fn secrets_files(rc: &Rc, bytes: &[u8]) -> Vec<PathBuf> {
    // Where it cannot be read, loading it says why.
    let secrets = Secrets::of_file(&rc.path, bytes).unwrap_or_default();
    secrets.files(rc.dir()).filter(|file| file.is_file()).collect()
}

fn executed_by(rc: &Rc, command: &[u8]) -> Option<PathBuf> {
    let mut words =
        command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip_while(|word| {
            matches!(
                *word,
                b"if" | b"then" | b"else" | b"do" | b"!" | b"{" | b"(" | b"builtin" | b"command"
            )
        });
    let verb = words.next()?;
    let word = words.next();
    match verb {
        b"source" | b"." => {
            let file = crate::fs::straight(&rc.dir().join(literal(word?)?));
            super::is_of(rc.dir(), &file).then_some(file)
        }
        b"source_env" | b"source_env_if_exists" => {
            let file = rc.dir().join(literal(word?)?);
            Some(crate::fs::clean(&if file.is_dir() { file.join(".envrc") } else { file }))
        }
        b"source_up" | b"source_up_if_exists" => {
            let name = word.and_then(literal).unwrap_or_else(|| ".envrc".into());
            rc.dir().ancestors().skip(1).map(|dir| dir.join(&name)).find(|file| file.is_file())
        }
        b"use" if matches!(word, Some(b"sops" | b"age")) => secrets_file(rc, words),
        b"use_sops" | b"use_age" => secrets_file(rc, word.into_iter().chain(words)),
        _ => None,
    }
    .map(|path| crate::fs::clean(&path))
}

/// The file of `use sops [--allow NAME]... [FILE]`.
fn secrets_file<'a>(rc: &Rc, mut words: impl Iterator<Item = &'a [u8]>) -> Option<PathBuf> {
    let mut word = words.next();
    while word == Some(b"--allow") {
        words.next();
        word = words.next();
    }
    match word {
        Some(word) if !word.starts_with(b"#") => Some(rc.dir().join(literal(word)?)),
        _ => Some(rc.dir().join("secrets.yaml")),
    }
}

/// A word without anything to expand, apart from `$PWD/` at its start.
fn literal(word: &[u8]) -> Option<PathBuf> {
    let word =
        word.strip_prefix(b"\"").map_or(word, |word| word.strip_suffix(b"\"").unwrap_or(word));
    let word = [&b"$PWD/"[..], b"${PWD}/"]
        .iter()
        .find_map(|prefix| word.strip_prefix(*prefix))
        .unwrap_or(word);
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@%,=".contains(byte) || *byte >= 0x80;
    (!word.is_empty() && word.iter().all(plain)).then(|| PathBuf::from(OsStr::from_bytes(word)))
}
