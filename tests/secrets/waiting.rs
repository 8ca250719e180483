//! Programs and servers that know a key and never answer: nobody is kept waiting without a word, or without an end.

use super::vectors::Vectors;
use crate::test::{ENVR, Project, has};
use std::fs::File;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Of the fifth of these nobody hears, and nobody writes the sixth.
const HANG: &str =
    "#!/bin/sh\necho begun >>\"$HOME/begun\"\nexec 5>\"$HOME/alive\"\nread x <\"$HOME/never\"\n";
const PLUGIN: &str = "AGE-PLUGIN-FOO-1QQQQQQQQQQQQQQQQQQQQPGN9UD\n";
const SAYS: &str = "it took longer than 1s, and nobody is here to answer it";

struct World {
    vectors: Vectors,
    project: Project,
}

impl World {
    /// Whatever is asked for a key hangs; a tick later that is told, a few later it is ended.
    fn new() -> Option<Self> {
        if !has("setsid") {
            return None;
        }
        let project = Project::new().env("DIRENV_WARN_TIMEOUT", "1ms");
        let config = "[secrets]\ntimeout = \"1s\"\n";
        project.write_at("home/.config/envr/config.toml", config);
        for name in ["hang", "gpg", "sops", "age-plugin-foo"] {
            project.write_program(name, HANG);
        }
        for fifo in ["alive", "never"] {
            let made = Command::new("mkfifo").arg(project.path("home").join(fifo)).status();
            assert!(made.unwrap().success());
        }
        let vectors = Vectors::new();
        project.write("s.yaml", vectors.read("cases/yaml_basic/enc.yaml"));
        Some(Self { vectors, project })
    }

    /// What is said where there is no terminal, and nobody to type or touch anything.
    #[track_caller]
    fn said(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = Command::new("setsid")
            .args(["--wait", ENVR])
            .args(arguments)
            .current_dir(self.project.path("project"))
            .env_clear()
            .envs(self.project.variables())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// How often something hung, none of which is left.
    fn hung(&self) -> usize {
        let begun = self.project.read("home/begun").lines().count();
        std::fs::remove_file(self.project.path("home/begun")).unwrap();
        begun
    }

    /// Ends with the last of what hangs.
    fn listen(&self) -> File {
        File::options().read(true).write(true).open(self.project.path("home/alive")).unwrap()
    }
}

#[test]
fn what_nobody_can_answer_has_an_end() {
    let Some(world) = World::new() else { return };
    let alive = world.listen();
    let plugin = world.project.path("home/plugin");
    world.project.write_at("home/plugin", PLUGIN);
    for (program, variable, value) in [
        ("hang", "SOPS_AGE_KEY_CMD", "hang x"),
        ("hang", "SOPS_AGE_SSH_PRIVATE_KEY_CMD", "hang"),
        ("age-plugin-foo", "SOPS_AGE_KEY_FILE", plugin.to_str().unwrap()),
    ] {
        let said = world.said(&["secret", "decrypt", "s.yaml"], &[(variable, value)]);
        let waiting = format!("envr: warning: waiting for `{program}`, for 0s more at most\n");
        assert!(said.contains(&waiting) && said.contains(SAYS), "{variable}: {said}");
        assert_eq!(world.hung(), 1);
    }
    // The others are asked all the same.
    let key = world.vectors.path("keys/age1.txt");
    let key =
        ["SOPS_AGE_SSH_PRIVATE_KEY_CMD", &format!("cat '{}'", key.display())].map(String::from);
    let said = world.said(
        &["secret", "get", "s.yaml", "nothing"],
        &[("SOPS_AGE_KEY_CMD", "hang"), (&key[0], &key[1])],
    );
    assert!(said.contains("there is no `nothing` in it"), "{said}");
    drop(alive);
}

#[test]
fn nothing_of_what_hung_is_left() {
    let Some(world) = World::new() else { return };
    world.project.write_at("home/plugin", PLUGIN);
    let plugin = world.project.path("home/plugin");
    let plugin = plugin.to_str().unwrap().to_string();
    for variable in [("SOPS_AGE_KEY_CMD", "hang"), ("SOPS_AGE_KEY_FILE", plugin.as_str())] {
        let alive = world.project.path("home/alive");
        std::thread::scope(|scope| {
            // It begins with who hangs and ends with the last of them.
            let reader = scope.spawn(|| File::open(alive).unwrap().read_to_end(&mut Vec::new()));
            world.said(&["secret", "decrypt", "s.yaml"], &[variable]);
            reader.join().unwrap().unwrap();
        });
    }
}

#[test]
fn a_gpg_and_a_sops_that_hang_end_too() {
    let Some(world) = World::new() else { return };
    let alive = world.listen();
    let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    world.project.write("p.yaml", "a: 1\n");
    let said = world.said(&["secret", "encrypt", "-r", fingerprint, "p.yaml"], &[]);
    assert!(said.contains(&format!("`gpg`: {SAYS}")), "{said}");
    // More than a pipe holds, and nobody reads it.
    let large = format!(
        "a: {}\nsops:\n  hc_vault:\n  - vault_address: https://v\n    enc: x\n  lastmodified: '2026-01-01T00:00:00Z'\n  version: 3.11.0\n",
        "x".repeat(500_000)
    );
    world.project.write("v.yaml", large);
    let said = world.said(&["secret", "decrypt", "v.yaml"], &[("VAULT_ADDR", "https://v")]);
    assert!(said.contains(&format!("`sops`: {SAYS}")), "{said}");
    assert_eq!(world.hung(), 2);
    drop(alive);
}

#[test]
fn a_server_that_hangs_ends_too() {
    let Some(world) = World::new() else { return };
    // The system takes the connection, and nobody answers.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.local_addr().unwrap());
    world.project.write(
        "k.yaml",
        "a: 1\nsops:\n  kms:\n  - arn: arn:aws:kms:eu-west-1:1:key/a\n    enc: x\n  lastmodified: '2026-01-01T00:00:00Z'\n  version: 3.11.0\n",
    );
    let said = world.said(
        &["secret", "decrypt", "k.yaml"],
        &[
            ("AWS_ENDPOINT_URL", address.as_str()),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
        ],
    );
    let waiting = format!("envr: warning: waiting for `{address}`, for 0s more at most\n");
    assert!(said.contains(&waiting) && said.contains(SAYS), "{said}");
}

/// Somebody may be at a screen: there is no end, and no terminal to press Ctrl-C at.
#[test]
fn who_may_answer_is_waited_for() {
    let Some(world) = World::new() else { return };
    world.project.write_program(
        "slow",
        "#!/bin/sh\necho begun >\"$HOME/alive\"\nread x <\"$HOME/never\"\ncat \"$HOME/key\"\n",
    );
    world.project.write_at("home/key", world.vectors.read("keys/age1.txt"));
    let mut child = Command::new("setsid")
        .args(["--wait", ENVR, "secret", "decrypt", "s.yaml"])
        .current_dir(world.project.path("project"))
        .env_clear()
        .envs(world.project.variables())
        .env("DISPLAY", ":0")
        .env("SOPS_AGE_KEY_CMD", "slow")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut begun = String::new();
    File::open(world.project.path("home/alive")).unwrap().read_to_string(&mut begun).unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = [0; 34];
    stderr.read_exact(&mut said).unwrap();
    assert_eq!(String::from_utf8_lossy(&said), "envr: warning: waiting for `slow`\n");
    drop(File::options().write(true).open(world.project.path("home/never")).unwrap());
    assert!(child.wait_with_output().unwrap().status.success());
}
