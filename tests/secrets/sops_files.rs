//! sops files of every kind.

use super::vectors::{KeyServer, Places, Vectors, check_all, stdout};
use crate::test::{Project, has};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where sops writes the same values in other letters, of which nothing depends.
const SPELLED_OTHERWISE: [(&str, &str); 6] = [
    ("bin_random", "base64 stands on one line"),
    ("ini_quirks", "a value with one double quote is put into backquotes"),
    ("yaml_anchors", "the name `<<` has no tag before it"),
    ("yaml_multiline", "text that begins with blanks is put into quotes"),
    ("yaml_unicode", "characters that hide are written as their numbers"),
    ("json_unicode", "so are they where the file is JSON"),
];

#[test]
fn good_files_give_what_sops_gives() {
    if !has("gpg") {
        return;
    }
    let vectors = Vectors::new();
    let gnupg = vectors.gnupg();
    let places = Places { gnupg: gnupg.to_str().unwrap().into(), ..Places::default() };
    let cases: Vec<&Value> =
        vectors.cases("good").into_iter().filter(|case| !needs_kms(case)).collect();
    assert!(cases.len() >= 150);
    check_all(&cases, |case| check_outputs(&vectors, &places, case));
}

#[test]
fn keys_of_aws_are_asked_for_over_http() {
    if !has("python3") {
        return;
    }
    let vectors = Vectors::new();
    let server = KeyServer::start(&vectors);
    let places = Places { kms: server.url(), ..Places::default() };
    let mut cases = vectors.cases("good");
    cases.retain(|case| needs_kms(case));
    assert!(cases.len() >= 10);
    check_all(&cases, |case| check_outputs(&vectors, &places, case));
}

#[test]
fn changed_files_that_sops_takes_give_the_same() {
    let vectors = Vectors::new();
    let places = Places::default();
    let mut cases = vectors.cases("lenient");
    cases.retain(|case| case["name"] != "env_meta_list_bomb");
    check_all(&cases, |case| check_outputs(&vectors, &places, case));
}

#[test]
fn a_list_of_many_recipients_that_are_not_there_is_refused() {
    let vectors = Vectors::new();
    let cases = vectors.cases("lenient");
    let case = cases.iter().find(|case| case["name"] == "env_meta_list_bomb").unwrap();
    let run = decrypt(&vectors, &Places::default(), case, &[]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("its index is beyond 1024") && run.stdout.is_empty(), "{said}");
}

#[test]
fn bad_files_are_refused_with_a_reason_and_nothing_is_printed() {
    if !has("python3") {
        return;
    }
    let vectors = Vectors::new();
    let server = KeyServer::start(&vectors);
    let places = Places { kms: server.url(), ..Places::default() };
    let cases = vectors.cases("bad");
    assert!(cases.len() >= 76);
    check_all(&cases, |case| {
        let file = vectors.path(case["file"].as_str().unwrap());
        let format = case["format"].as_str().unwrap();
        for verb in [&["decrypt"][..], &["env"], &["decrypt", "--output-type", "json"]] {
            let arguments = [verb, &["--input-type", format, file.to_str().unwrap()]].concat();
            let run = vectors.secret(case, &places, &arguments);
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            if run.status.code() != Some(1) || !run.stdout.is_empty() {
                return Err(format!("{} {said}", run.status));
            }
            if !said.starts_with("envr: error: could not ")
                || !said.contains(file.to_str().unwrap())
            {
                return Err(said);
            }
        }
        Ok(())
    });
}

fn check_outputs(vectors: &Vectors, places: &Places, case: &Value) -> Result<(), String> {
    for (kind, expected) in case["outputs"].as_object().unwrap() {
        if kind == "exec-env" {
            check_variables(vectors, places, case, expected)?;
            continue;
        }
        // Floats and null are written for people there, see `check_variables`.
        if kind == "dotenv" && case["format"] != "dotenv" {
            continue;
        }
        let options: &[&str] = if kind == "native" { &[] } else { &["--output-type", kind] };
        let run = decrypt(vectors, places, case, options);
        if expected["rc"] != 0 {
            if run.status.success() {
                return Err(format!("{kind} is printed"));
            }
            continue;
        }
        let printed = stdout(run).map_err(|error| format!("{kind}: {error}"))?;
        let is_spelled_otherwise = SPELLED_OTHERWISE.iter().any(|(name, _)| case["name"] == *name);
        let wanted = vectors.read(expected["file"].as_str().unwrap());
        if printed != wanted
            && !(matches!(kind.as_str(), "native" | "yaml") && is_spelled_otherwise)
        {
            return Err(format!(
                "{kind}:\n{}\nnot\n{}",
                String::from_utf8_lossy(&printed),
                String::from_utf8_lossy(&wanted)
            ));
        }
    }
    check_places(vectors, places, case)
}

fn check_places(vectors: &Vectors, places: &Places, case: &Value) -> Result<(), String> {
    let file = vectors.path(case["file"].as_str().unwrap());
    let (format, file) = (case["format"].as_str().unwrap(), file.to_str().unwrap());
    for wanted in case["extract"].as_array().into_iter().flatten() {
        let path = wanted["path"].as_str().unwrap();
        let run = vectors.secret(case, places, &["get", "--input-type", format, file, path]);
        match wanted["stdout"].as_str().filter(|_| wanted["rc"] == 0) {
            // Names with dots between are ours alone.
            None if !path.starts_with('[') => {}
            None if run.status.success() => return Err(format!("{path} is there")),
            None => {}
            // Maps and lists come as JSON, whatever the file is.
            Some(text) if text.contains('\n') => _ = stdout(run)?,
            Some(text) => {
                let printed = stdout(run)?;
                if printed != text.as_bytes() {
                    return Err(format!(
                        "{path}: {} not {text}",
                        String::from_utf8_lossy(&printed)
                    ));
                }
            }
        }
    }
    Ok(())
}

/// What `sops exec-env` hands over, but null is not set, numbers have no exponent, and a time keeps its fraction.
fn check_variables(
    vectors: &Vectors,
    places: &Places,
    case: &Value,
    expected: &Value,
) -> Result<(), String> {
    let file = vectors.path(case["file"].as_str().unwrap());
    let format = case["format"].as_str().unwrap();
    let run = vectors.secret(
        case,
        places,
        &["env", "-0", "--input-type", format, file.to_str().unwrap()],
    );
    if expected["rc"] != 0 {
        return if run.status.success() { Err("it has variables".into()) } else { Ok(()) };
    }
    let printed = stdout(run)?;
    let mut variables: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for entry in printed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let at = entry.iter().position(|byte| *byte == b'=').ok_or("no `=`")?;
        variables.insert(entry[..at].to_vec(), entry[at + 1..].to_vec());
    }
    let text = vectors.read(expected["file"].as_str().unwrap());
    let mut wanted: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for entry in serde_json::from_slice::<Vec<Value>>(&text).unwrap() {
        let name = entry["name"].as_str().unwrap().as_bytes().to_vec();
        let value = match entry["value_b64"].as_str() {
            Some(text) => base64::engine::general_purpose::STANDARD.decode(text).unwrap(),
            None => entry["value"].as_str().unwrap().as_bytes().to_vec(),
        };
        wanted.insert(name, value);
    }
    wanted.retain(|_, value| value != b"<nil>");
    let same = wanted.len() == variables.len()
        && wanted
            .iter()
            .all(|(name, value)| variables.get(name).is_some_and(|ours| means(ours, value)));
    if same { Ok(()) } else { Err(format!("{variables:?}\nnot\n{wanted:?}")) }
}

fn means(ours: &[u8], theirs: &[u8]) -> bool {
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let (ours_text, theirs_text) = (text(ours), text(theirs));
    let is_number = |text: &str| text.contains(['.', 'E']) && text.parse::<f64>().is_ok();
    let without_fraction = || {
        let (seconds, rest) = ours_text.split_once('.')?;
        let zone = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        Some(format!("{seconds}{zone}"))
    };
    ours == theirs
        || is_number(theirs_text)
            && !ours_text.contains(['E', 'e'])
            && ours_text.parse::<f64>().ok() == theirs_text.parse().ok()
        || ours_text.contains(':') && without_fraction().as_deref() == Some(theirs_text)
}

fn decrypt(
    vectors: &Vectors,
    places: &Places,
    case: &Value,
    options: &[&str],
) -> std::process::Output {
    let file = vectors.path(case["file"].as_str().unwrap());
    let format = case["format"].as_str().unwrap();
    let arguments =
        [&["decrypt", "--input-type", format][..], options, &[file.to_str().unwrap()]].concat();
    vectors.secret(case, places, &arguments)
}

fn needs_kms(case: &Value) -> bool {
    case["env"].as_object().unwrap().keys().any(|name| name.starts_with("AWS_ENDPOINT"))
}

/// A file for a vault, and a program in the place of sops that says what it was asked.
#[test]
fn keys_that_only_sops_asks_for() {
    let project = Project::new();
    project.write("s.yaml", "a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\nsops:\n  hc_vault:\n    - vault_address: https://vault.example\n      engine_path: transit\n      key_name: k\n      enc: vault:v1:x\n  lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: x\n  version: 3.11.0\n");
    let tried = "no key is there that decrypts it (hc_vault https://vault.example/v1/transit/keys/k: keys of `hc_vault` are for sops, which did not open the file)";
    project
        .envr(["secret", "get", "s.yaml", "a"])
        .stderr(&format!("envr: error: could not read `s.yaml`: {tried}: `https://vault.example` is not among the vaults that you trust\nenvr: hint: SOPS_HC_VAULT_ALLOWLIST=https://vault.example trusts it\n"))
        .failure();
    let trusted = |arguments: &[&str]| {
        let run = project.envr([&["secret"], arguments].concat());
        run.env("SOPS_HC_VAULT_ALLOWLIST", "https://vault.example").env("PATH", project.path("bin"))
    };
    trusted(&["get", "s.yaml", "a"])
        .stderr(&format!(
            "envr: error: could not read `s.yaml`: {tried}: `sops` is not installed\n"
        ))
        .failure();
    project.write_program("sops", "#!/bin/sh\n/bin/cat >\"$HOME/in\"\necho \"a: $*\"\n");
    trusted(&["get", "s.yaml", "a"])
        .stdout("--decrypt --input-type yaml --output-type yaml /dev/stdin")
        .success();
    for (name, evil) in
        [("transit", "x/../auth/token"), ("key_name: k", "key_name: ../revoke-self")]
    {
        project.write("evil.yaml", project.read("project/s.yaml").replace(name, evil));
        let said = trusted(&["get", "evil.yaml", "a"]).any_stderr().failure().stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("of its `hc_vault` is no plain name"), "{said}");
    }
    let given = project.read("home/in");
    assert!(
        given.starts_with("a: ENC[AES256_GCM,data:AAAA,") && given.contains("vault:v1:x"),
        "{given}"
    );
}
