//! Whole files that age encrypted.

use super::vectors::{Places, Vectors, check_all};
use crate::test::{ENVR, has};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn age_files_give_what_age_gives() {
    let vectors = Vectors::new();
    let all = vectors.manifest["age_files"].as_array().unwrap();
    let cases: Vec<&Value> = all.iter().filter(|case| case["passphrase"].is_null()).collect();
    assert!(cases.len() >= 24);
    check_all(&cases, |case| {
        let arguments = arguments(&vectors, case);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = vectors.secret(case, &Places::default(), &arguments);
        let wanted = expected(&vectors, case);
        if run.status.success() == wanted.is_some() && run.stdout == wanted.unwrap_or_default() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    });
}

#[test]
fn passphrases_are_typed_at_the_terminal() {
    if !has("script") {
        return;
    }
    let vectors = Vectors::new();
    let all = vectors.manifest["age_files"].as_array().unwrap();
    let cases: Vec<&Value> = all.iter().filter(|case| case["passphrase"].is_string()).collect();
    assert!(cases.len() >= 5);
    check_all(&cases, |case| {
        let output = tempfile::NamedTempFile::new().unwrap();
        let command = format!(
            "{ENVR} secret {} > {}",
            arguments(&vectors, case).join(" "),
            output.path().display()
        );
        let mut child = Command::new("timeout")
            .args(["60", "script", "--quiet", "--return", "--command", &command, "/dev/null"])
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/nowhere"), ("SHELL", "/bin/sh")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{}", case["passphrase"].as_str().unwrap()).unwrap();
        // The end of what is typed would end the terminal before the answer is read.
        let run = child.wait_with_output().unwrap();
        drop(stdin);
        let wanted = expected(&vectors, case);
        let printed = std::fs::read(output.path()).unwrap();
        if run.status.success() == wanted.is_some() && printed == wanted.unwrap_or_default() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&run.stdout).into_owned())
    });
}

fn arguments(vectors: &Vectors, case: &Value) -> Vec<String> {
    let mut arguments = vec!["decrypt".to_string()];
    for identity in case["identities"].as_array().unwrap() {
        let identity = vectors.path(identity.as_str().unwrap());
        arguments.extend(["--identity".to_string(), identity.to_str().unwrap().to_string()]);
    }
    arguments.push(vectors.path(case["file"].as_str().unwrap()).to_str().unwrap().to_string());
    arguments
}

fn expected(vectors: &Vectors, case: &Value) -> Option<Vec<u8>> {
    (case["rc"] == 0).then(|| vectors.read(case["out"].as_str().unwrap()))
}
