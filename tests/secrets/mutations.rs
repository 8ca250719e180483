//! Files of each store with bytes changed, cut and doubled at random, always the same ones: envr refuses them or gives
//! what the file held, and never crashes.

use super::vectors::{Places, Vectors, check_all};
use serde_json::{Value, json};

/// Of each file.
const MUTATIONS: u64 = 60;
const FILES: [(&str, &str); 7] = [
    ("yaml", "cases/yaml_nested/enc.yaml"),
    ("yaml", "cases/yaml_comments/enc.yaml"),
    ("json", "cases/json_types/enc.json"),
    ("dotenv", "cases/env_quirks/enc.env"),
    ("ini", "cases/ini_quirks/enc.ini"),
    ("binary", "cases/bin_text/enc.txt"),
    ("binary", "age/x25519_armor.age"),
];

#[test]
fn changed_bytes_crash_nothing() {
    let vectors = Vectors::new();
    let key = json!({"SOPS_AGE_KEY_FILE": "{KEYS}/age1.txt"});
    let cases: Vec<Value> = FILES
        .iter()
        .flat_map(|(format, file)| {
            let key = &key;
            (0..MUTATIONS).map(move |seed| {
                json!({"name": format!("{file} {seed}"), "format": format, "file": file, "seed": seed, "env": key})
            })
        })
        .collect();
    let places = Places::default();
    check_all(&cases.iter().collect::<Vec<_>>(), |case| {
        let original = vectors.read(case["file"].as_str().unwrap());
        let bytes = mutate(&original, case["seed"].as_u64().unwrap());
        let file = tempfile::NamedTempFile::new().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's file, not envr's")]
        std::fs::write(file.path(), bytes).unwrap();
        let arguments = ["decrypt", "--input-type", case["format"].as_str().unwrap()];
        let arguments = [&arguments[..], &[file.path().to_str().unwrap()]].concat();
        let run = vectors.secret(case, &places, &arguments);
        match run.status.code() {
            Some(0) => Ok(()),
            Some(1) if run.stdout.is_empty() && run.stderr.starts_with(b"envr: error: ") => Ok(()),
            _ => Err(format!("{} {}", run.status, String::from_utf8_lossy(&run.stderr))),
        }
    });
}

/// One to four changes, from numbers that follow from the seed.
fn mutate(original: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let mut bytes = original.to_vec();
    for _ in 0..=next(4) {
        let at = next(bytes.len());
        match next(6) {
            0 => bytes[at] ^= 1 << next(8),
            1 => bytes[at] = b"\0\n\t:-#[]{}\"'&*!|>%@`= \xff"[next(23)],
            2 => bytes.truncate(at.max(1)),
            3 => _ = bytes.remove(at),
            4 => {
                let end = (at + next(200)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let end = (at + next(40)).min(bytes.len());
                bytes.drain(at..end);
                bytes.push(b'\n');
            }
        }
    }
    bytes
}
