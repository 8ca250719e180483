//! PGP keys, of the real gpg: what envr writes for them the real sops reads.

use super::vectors::{Vectors, peer};
use crate::test::{Project, has};
use std::process::{Command, Stdio};

#[test]
fn a_rule_of_pgp_serves_every_verb() {
    if !has("gpg") {
        return;
    }
    let vectors = Vectors::new();
    let project = Project::new().env("GNUPGHOME", vectors.gnupg()).env("PATH", "/usr/bin:/bin");
    let fingerprints = ["pgp_rsa", "pgp_ecc"].map(|name| {
        let shown = Command::new("gpg")
            .args(["--with-colons", "--show-keys"])
            .arg(vectors.path(&format!("keys/{name}.asc")))
            .envs(project.variables())
            .output()
            .unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let line = shown.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.trim_matches(|mark| ":fpr".contains(mark)).to_string()
    });
    let secret = |arguments: &[&str]| {
        let run = project.envr([&["secret"], arguments].concat()).stdin("other");
        String::from_utf8(run.any_stdout().success().stdout).unwrap()
    };
    let reads = |text: &str| {
        assert_eq!(secret(&["decrypt", "s.yaml"]), text);
        let Some(sops) = peer("sops") else { return };
        let output = Command::new(sops)
            .args(["decrypt", "s.yaml"])
            .current_dir(project.path("project"))
            .env_clear()
            .envs(project.variables())
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{said}");
    };
    let rules = |fingerprint: &str| {
        project.write(".sops.yaml", format!("creation_rules:\n  - pgp: {fingerprint}\n"));
    };
    let [first, second] = &fingerprints;
    project.write("s.yaml", "a: 1\n");
    rules(first);
    secret(&["encrypt", "--in-place", "s.yaml"]);
    reads("a: 1\n");
    secret(&["set", "s.yaml", "b"]);
    secret(&["rotate", "s.yaml"]);
    reads("a: 1\nb: other\n");
    rules(second);
    secret(&["updatekeys", "s.yaml"]);
    assert_eq!(secret(&["recipients", "list", "s.yaml"]), format!("pgp {second}\n"));
    reads("a: 1\nb: other\n");
}
