//! Keys that are kept in the kernel's keyring: for a time, for one ciphertext, and where the user wants it.

use super::vectors::Vectors;
use crate::test::{ENVR, Project, has};
use std::process::{Command, Stdio};

const CASE: &str = "cases/yaml_basic/enc.yaml";
/// What the scripts below have in common. Where a key is under a passphrase, it is typed once.
const FUNCTIONS: &str = "
load() { \"$ENVR\" exec -- printenv db_password 2>/dev/null || echo nothing; }
unlock() {
    mkfifo typed
    exec 3<>typed
    echo \"$1\" >&3
    script --quiet --return --command '\"$ENVR\" secret decrypt secrets.yaml' /dev/null <&3 >/dev/null
}
keys() { keyctl show @s | grep -c ' user: envr:'; }
";

/// A project whose secrets a key under a passphrase decrypts.
struct World {
    vectors: Vectors,
    project: Project,
    secret: String,
}

impl World {
    fn new() -> Option<Self> {
        if !(has("keyctl") && has("script")) {
            return None;
        }
        let vectors = Vectors::new();
        let values = vectors.read("cases/yaml_basic/exec-env.json");
        let values: Vec<serde_json::Value> = serde_json::from_slice(&values).unwrap();
        let value = values.iter().find(|value| value["name"] == "db_password").unwrap();
        let secret = value["value"].as_str().unwrap().to_string();
        let key = vectors.path("keys/age1_encrypted_identity.age");
        let project = Project::new().env("SOPS_AGE_KEY_FILE", key).env("SHELL", "/bin/sh");
        project.write("secrets.yaml", vectors.read(CASE));
        project.write(".envrc", "use sops\n");
        project.allow();
        let world = Self { vectors, project, secret };
        world.keep_for("15m");
        Some(world)
    }

    fn keep_for(&self, time: &str) {
        let config = format!("[secrets]\ncache = \"{time}\"\n");
        self.project.write_at("home/.config/envr/config.toml", config);
    }

    /// What a script prints in a login session of its own.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        let output = Command::new("timeout")
            .args(["60", "keyctl", "session", "-", "bash", "-c"])
            .arg(format!("{FUNCTIONS}{script}"))
            .current_dir(self.project.path("project"))
            .env_clear()
            .envs(self.project.variables())
            .env("ENVR", ENVR)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn what_a_passphrase_opened_opens_until_it_is_forgotten() {
    let Some(world) = World::new() else { return };
    let secret = &world.secret;
    let said = world.run("load; unlock idpw; load; \"$ENVR\" secret forget 2>&1; load; keys");
    assert_eq!(said, format!("nothing\n{secret}\nenvr: 1 key is forgotten\nnothing\n0\n"));
}

#[test]
fn nothing_is_kept_unless_the_user_wants_it() {
    let Some(world) = World::new() else { return };
    world.keep_for("0");
    assert_eq!(world.run("unlock idpw; load; keys"), "nothing\n0\n");
}

#[test]
fn a_key_is_forgotten_when_its_time_is_over() {
    let Some(world) = World::new() else { return };
    world.keep_for("1s");
    let wait = "for (( turn = 0; turn < 500; turn++ )); do [[ $(keys) = 0 ]] && break; read -rt 0.02 <>typed; done";
    assert_eq!(world.run(&format!("unlock idpw; keys; {wait}; keys; load")), "1\n0\nnothing\n");
}

#[test]
fn what_is_kept_is_for_its_user_and_names_nothing() {
    let Some(world) = World::new() else { return };
    // Those of all sessions of the user are shown there.
    let own = "unlock idpw; for key in $(keyctl rlist @s); do grep \"^$(printf %08x $key) .* envr:\" /proc/keys; done";
    let said = world.run(own);
    let fields: Vec<&str> = said.split_whitespace().collect();
    let [_, _, _, end, permissions, user, _, kind, name, size] = fields.as_slice() else {
        panic!("one key is kept: {said}");
    };
    assert!(["14m", "15m"].contains(end), "{said}");
    // Its user may look at it, read it and find it; nobody else, not even what possesses it.
    assert_eq!((*permissions, *kind, *size), ("000b0000", "user", "16"), "{said}");
    assert_eq!(*user, rustix::process::geteuid().as_raw().to_string());
    let digest = name.strip_prefix("envr:").and_then(|name| name.strip_suffix(':')).unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
}

#[test]
fn what_is_kept_serves_one_ciphertext() {
    let Some(world) = World::new() else { return };
    let ssh = "unset SOPS_AGE_KEY_FILE; export SOPS_AGE_SSH_PRIVATE_KEY_FILE=";
    let ssh = format!("{ssh}{}", world.vectors.path("keys/ssh_ed25519_pw").display());
    let public = world.vectors.path("keys/ssh_ed25519_pw.pub");
    world.project.write("plain.yaml", "db_password: of ssh\n");
    let public = format!("-r {}", public.display());
    let said = world.run(&format!(
        "{ssh}; \"$ENVR\" secret encrypt {public} plain.yaml >secrets.yaml; \"$ENVR\" allow
         unlock fixture; load
         sed 's/^db_password: ENC.AES256_GCM,data:./&A/' secrets.yaml >changed; cat changed >secrets.yaml
         \"$ENVR\" allow; load
         \"$ENVR\" secret encrypt {public} plain.yaml >secrets.yaml; \"$ENVR\" allow; load
         unlock fixture; load"
    ));
    // The first: the key is kept. Then a value is changed, then all of it is encrypted anew, and that key is kept, too.
    assert_eq!(said, "of ssh\nnothing\nnothing\nof ssh\n");
}

#[test]
fn a_kernel_that_keeps_nothing_is_as_if_it_was_not_asked_to() {
    let Some(world) = World::new() else { return };
    if !has("strace") {
        return;
    }
    let forbid = "strace -f -qq -o /dev/null -e inject=add_key,keyctl:error=EPERM";
    let said = world.run(&format!(
        "ENVR=\"{forbid} $ENVR\"; load() {{ $ENVR exec -- printenv db_password 2>/dev/null || echo nothing; }}
         unlock idpw; load; SOPS_AGE_KEY_FILE={} load; $ENVR doctor 2>&1 | grep -A1 secrets.cache",
        world.vectors.path("keys/age1.txt").display()
    ));
    let problem =
        "problem: `secrets.cache` is set, but the kernel keeps no keys: it is not allowed here";
    let hint = "    $EDITOR ~/.config/envr/config.toml";
    assert_eq!(said, format!("nothing\n{}\n{problem}\n{hint}\n", world.secret));
}
