//! The files of the oracle cases: trees whose names are encoded, lines that are bytes.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::Path;

/// A tree with its links and modes, its names decoded.
pub fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("the root is ours");
    for entry in entries {
        let entry = entry.expect("the case can be listed");
        let (source, target) = (entry.path(), to.join(decode(&entry.file_name())));
        let kind = entry.file_type().expect("the case can be listed");
        if kind.is_dir() {
            copy(&source, &target);
        } else if kind.is_symlink() {
            symlink(source.read_link().expect("it is a link"), target).expect("the root is ours");
        } else {
            fs::copy(source, target).expect("the root is ours");
        }
    }
}

/// `%0A` and the like become their byte: no checkout and no package has to carry such a name.
pub fn decode(name: &OsStr) -> OsString {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    OsString::from_vec(bytes)
}

pub fn split_once(text: &OsStr, at: u8) -> Option<(&OsStr, &OsStr)> {
    let position = text.as_bytes().iter().position(|byte| *byte == at)?;
    let (name, value) = text.as_bytes().split_at(position);
    Some((OsStr::from_bytes(name), OsStr::from_bytes(&value[1..])))
}

pub fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(position) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..position]);
        out.extend_from_slice(with);
        rest = &rest[position + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}
