//! Files that only sops opens: it sees nothing in them that envr did not look at.

use crate::test::Project;

const ENC: &str = "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]";
const GOOGLE: &str =
    r#"{"resource_id":"projects/p","created_at":"2026-01-01T00:00:00Z","enc":"eA=="}"#;
const EVIL: &str = r#"[{"vault_address":"http://evil.example","engine_path":"transit","key_name":"k","created_at":"2026-01-01T00:00:00Z","enc":"vault:v1:x"}]"#;

/// With a program in the place of sops that keeps what it gets.
fn world() -> Project {
    let project = Project::new();
    project.write_program("sops", "#!/bin/sh\n/bin/cat >\"$HOME/in\"\necho 'a: 1'\n");
    let path = project.path("bin");
    project.env("PATH", path).env("VAULT_ADDR", "https://vault.example")
}

fn json(metadata: &str) -> String {
    format!(
        r#"{{"a": "{ENC}", "sops": {{{metadata}, "gcp_kms": [{GOOGLE}], "lastmodified": "2026-01-01T00:00:00Z", "mac": "x", "version": "3.11.0"}}}}"#
    )
}

/// Readers of Go fold the case of names, merge maps and take the last of doubles: the token of the user's vault would
/// go to whom such a reader sees.
#[test]
fn sops_sees_no_other_server_than_was_looked_at() {
    let vault = |fields: &str| {
        format!(
            r#""hc_vault": [{{{fields}"engine_path": "transit", "key_name": "k", "enc": "x"}}]"#
        )
    };
    let both =
        r#""vault_address": "https://vault.example", "vault_address": "http://evil.example", "#;
    let folded =
        r#""vault_address": "https://vault.example", "Vault_Address": "http://evil.example", "#;
    for (name, text) in [
        ("s.json", json(&format!(r#""HC_Vault": {EVIL}"#))),
        ("s.json", json(&vault(both))),
        ("s.json", json(&vault(folded))),
        (
            "s.json",
            json(&format!(
                r#"{}, "hc_vault": {EVIL}"#,
                vault(r#""vault_address": "https://vault.example", "#)
            )),
        ),
        ("s.json", json(&format!(r#""key_groups": [{{"HC_VAULT": {EVIL}}}]"#))),
        ("s.yaml", json(&format!(r#""<<": {{"hc_vault": {EVIL}}}"#))),
        (
            "s.yaml",
            json(&format!(r#""x": &x {{"hc_vault": {EVIL}}}, <<: *x"#)).replace("\": ", "\" : "),
        ),
        ("s.bin", json(&format!(r#""HC_Vault": {EVIL}"#)).replace("\"a\"", "\"data\"")),
    ] {
        let project = world();
        project.write(name, &text);
        project.envr(["secret", "decrypt", name]).any_stdout().any_stderr().output();
        let seen = std::fs::read_to_string(project.path("home/in")).unwrap_or_default();
        assert!(!seen.contains("evil") && seen.contains("projects/p"), "{text}: {seen}");
    }
}

/// They stand among the values, where they are only refused.
#[test]
fn a_value_that_sops_would_take_for_metadata_is_refused() {
    let evil = format!(r#"{{"hc_vault": {EVIL}}}"#);
    for (file, before) in [
        ("s.json", format!(r#""SOPS": {evil}"#)),
        ("s.json", format!("\"\u{17f}op\u{17f}\": {evil}")),
        ("s.yaml", format!(r#"<<: {{"sops": {evil}}}"#)),
        ("s.yaml", format!(r#"<<: [{{"<<": {{"sops": {evil}}}}}]"#)),
    ] {
        let project = world();
        let text = json(r#""x": 1"#).replacen('{', &format!("{{{before}, "), 1);
        project.write(file, &text);
        let run = project.envr(["secret", "decrypt", file]).any_stderr().failure();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.contains("for its metadata"), "{text}: {said}");
        assert!(!project.path("home/in").exists());
    }
}
