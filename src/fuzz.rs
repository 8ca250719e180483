//! Doors for the fuzzers in `fuzz/`: each takes whatever bytes there are, and may only not panic.

use crate::env::Env;
use crate::eval::native::remainder::is_sure;
use crate::eval::{dotenv, parse};
use crate::gzenv;
use crate::secrets::keys::age::decrypt_with;
use crate::secrets::{
    Branch, Cipher, Document, Entry, Format, Kind, Layout, Secret, Value, read_plain, write_plain,
};
use crate::session::Session;
use crate::trust::record::Approval;
use crate::watch::Watches;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// An `.envrc`.
pub fn script(bytes: &[u8]) {
    if let Ok(script) = parse::parse(bytes) {
        _ = is_sure(&script);
    }
}

/// A `.env`.
pub fn dotenv(bytes: &[u8]) {
    _ = dotenv::parse_in(Path::new("/"), bytes, &Env::default());
}

/// The variables of a shell: as they stand, and as the compressed text that they hold.
pub fn state(bytes: &[u8]) {
    let packed = gzenv::encode(bytes);
    assert_eq!(gzenv::decode(packed.as_bytes()).expect("what was encoded"), bytes);
    for text in [OsStr::from_bytes(bytes), OsStr::new(&packed)] {
        if let Ok(watches) = Watches::decode(text) {
            let again = Watches::decode(&watches.encode()).expect("what was encoded");
            assert_eq!(again.encode(), watches.encode());
        }
        let mut env = Env::default();
        for name in ["DIRENV_DIFF", "DIRENV_WATCHES", "DIRENV_FILE"] {
            env.set(name, text);
        }
        let session = Session::from_env(&env);
        _ = session.revert(&env);
        _ = session.watches();
    }
}

/// A file of the store.
pub fn approval(bytes: &[u8]) {
    if let Some((path, approval)) = Approval::decode(bytes) {
        let again = approval.encode(path.as_os_str());
        assert_eq!(Approval::decode(&again), Some((path, approval)));
    }
}

/// A file of secrets, encrypted or not. What is plain has the same values after it was written.
pub fn secrets(bytes: &[u8], format: &str) {
    let format = Format::from_name(format).expect("a name of a format");
    _ = Document::read(bytes.to_vec(), format);
    let Ok(branches) = read_plain(bytes, format) else { return };
    let Ok(text) = write_plain(&branches, format, &Layout::default()) else { return };
    let again = read_plain(text.bytes(), format).expect("what was written");
    let values = |branches: &[Branch]| branches.iter().map(plain).collect::<Vec<_>>();
    assert_eq!(values(&again), values(&branches), "{:?}", text.as_str());
}

/// One value of a sops file.
pub fn envelope(bytes: &[u8]) {
    let cipher = Cipher::new(Secret::from(vec![0; 32])).expect("a key");
    _ = cipher.decrypt(bytes, b"a:");
}

/// An age file, armored or not.
pub fn age(bytes: &[u8]) {
    _ = decrypt_with(bytes, &[]);
}

/// The values with their names: comments move, numbers are spelled anew.
fn plain(branch: &Branch) -> Vec<String> {
    let pairs = branch.iter().filter_map(|entry| match entry {
        Entry::Pair(name, value) => Some(format!("{name:?}: {}", plain_value(value))),
        Entry::Comment(_) => None,
    });
    pairs.collect()
}

fn plain_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_string(),
        // A float without a fraction is written as an integer, as by sops, which has no zero below zero.
        Value::Leaf(leaf) if matches!(leaf.kind, Kind::Int | Kind::Float) => {
            let text = leaf.text().as_str().unwrap_or_default();
            format!("number {}", if text == "-0" { "0" } else { text })
        }
        Value::Leaf(leaf) => format!("{:?} {:?}", leaf.kind, leaf.text().bytes()),
        // Not by `Debug`, which doubles the quotes of each level.
        Value::Branch(branch) => format!("{{{}}}", plain(branch).join(", ")),
        Value::List(list) => {
            let is_value = |value: &&Value| value.leaf().is_none_or(|leaf| !leaf.is_comment());
            let values: Vec<String> = list.iter().filter(is_value).map(plain_value).collect();
            format!("[{}]", values.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    /// Of each door.
    const ROUNDS: u64 = 3000;
    const YAML: &str = "a: 1 # c\n# d\nb:\n  - x\n  - {y: \" z\\n\", w: |\n     t\n  }\n? k\n: &a [~, 1.5e3, 2001-01-01]\nc: *a\n---\nd: !!binary aGk=\n";
    const SEALED: &str = "a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\nsops:\n  age:\n  - recipient: age1\n    enc: |\n      -----BEGIN AGE ENCRYPTED FILE-----\n  lastmodified: '2026-01-01T00:00:00Z'\n  mac: ENC[x]\n  version: 3.11.0\n  shamir_threshold: 2\n";
    const JSON: &str = "{\"a\": [1, -2.5e3, \"x\\u00e9\\n\", null, true], \"b\": {\"c\": \"\"}, \"sops\": {\"version\": \"3.11.0\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"age\": [{\"enc\": \"\"}]}}";
    const DOTENV: &str = "A=1\n# c\nB=x\\ny\nsops_version=3.11.0\nsops_age__list_0__map_enc=x\nsops_lastmodified=2026-01-01T00:00:00Z\n";
    const INI: &str = "x = 1\n; c\n[s]\na = \"q\" ; d\nb = `t\n#`\nc = \"\"\"u\nv\"\"\"\nd = e\\\n f\n[sops]\nversion = 3.11.0\nage__list_0__map_enc = a\\nb\n";
    const AGE: &str = "age-encryption.org/v1\n-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nx";

    #[test]
    fn doors_of_secrets_stand_whatever_comes() {
        for (format, seed) in [
            ("yaml", YAML),
            ("yaml", SEALED),
            ("json", JSON),
            ("dotenv", DOTENV),
            ("ini", INI),
            ("binary", JSON),
        ] {
            // Plain, and with its metadata.
            let plain = seed.split("sops").next().unwrap_or_default();
            for seed in [seed, plain] {
                changed(seed, |bytes| super::secrets(bytes, format));
            }
        }
        let sealed = SEALED.lines().next().unwrap_or_default();
        changed(sealed.trim_start_matches("a: "), super::envelope);
        changed(AGE, super::age);
    }

    /// The section has a name, and what stands above it has none.
    #[test]
    fn what_stands_above_the_first_section_is_no_second_one() {
        super::secrets(b"; of the file\n ; of the section\n[DEFAULT]\nk = v\n", "ini");
    }

    /// The seed with a few bytes of it changed, taken out, doubled or moved, always in the same way.
    fn changed(seed: &str, door: impl Fn(&[u8])) {
        const BYTES: &[u8] = b" \n\t:-#'\"[]{}|>&*!?=;`\\,_0x~.\r\0\xff\xc3<";
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap_or(0) % limit.max(1)
        };
        for _ in 0..ROUNDS {
            let mut bytes = seed.as_bytes().to_vec();
            for _ in 0..=below(5) {
                let at = below(bytes.len());
                let end = (at + below(8)).min(bytes.len());
                match below(4) {
                    0 => bytes.insert(at, BYTES[below(BYTES.len())]),
                    1 => _ = bytes.drain(at..end),
                    2 if at < bytes.len() => bytes[at] = BYTES[below(BYTES.len())],
                    _ => {
                        let part = bytes[at..end].to_vec();
                        let to = below(bytes.len() + 1);
                        bytes.splice(to..to, part);
                    }
                }
            }
            door(&bytes);
        }
    }
}
