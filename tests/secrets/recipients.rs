//! Recipients as people name them, and what is shown of those that are none.

use super::writing::World;
use crate::test::has;
use std::process::Command;

fn said(world: &World, arguments: &[&str]) -> String {
    let run = world.project.envr([&["secret"], arguments].concat()).any_stderr().failure();
    assert!(run.stdout.is_empty());
    String::from_utf8(run.stderr).unwrap()
}

fn world() -> World {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.project.write("p.yaml", "a: 1\n");
    world
}

/// The secret key is easily named in place of the public one.
#[test]
fn what_no_recipient_is_stays_hidden() {
    let world = world();
    let keys = world.project.path("project/keys.txt");
    let keys = keys.to_str().unwrap();
    let secret = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQHH6SVV";
    let why = "is a secret key: name its public key, as `age-keygen -y` has it";
    world.project.write("keys.txt", format!("# public key: x\n{secret}\n"));
    for verb in [&["encrypt", "-r", keys, "p.yaml"][..], &["recipients", "add", "s.yaml", keys]] {
        let said = said(&world, verb);
        assert!(said.contains(&format!("line 2 of `{keys}` {why}")), "{said}");
        assert!(!said.contains("QQQQ"), "{said}");
    }
    for name in [secret, &secret.to_lowercase(), "AGE-PLUGIN-FOO-1QQQQQQQQQQQQQQQQQQQQPGN9UD"] {
        let said = said(&world, &["encrypt", "-r", name, "p.yaml"]);
        assert!(said.contains(why) && !said.to_uppercase().contains("QQQQ"), "{said}");
    }
    world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {secret}\n"));
    let refused = said(&world, &["encrypt", "p.yaml"]);
    assert!(refused.contains("it is a secret key") && !refused.contains("QQQQ"), "{refused}");
    let run =
        world.project.envr(["secret", "encrypt", "p.yaml"]).env("SOPS_AGE_RECIPIENTS", secret);
    let why = format!("what is named in `SOPS_AGE_RECIPIENTS` {why}");
    run.stderr(&format!("envr: error: could not encrypt `p.yaml`: {why}\n")).failure();
    world.project.write("keys.txt", "password: hunter2\n");
    let refused = said(&world, &["encrypt", "-r", keys, "p.yaml"]);
    assert!(refused.contains("line 1 of") && !refused.contains("hunter2"), "{refused}");
}

/// It is easily put where the name of a file belongs.
#[test]
fn a_secret_key_in_the_place_of_a_name_is_not_shown() {
    let world = world();
    let secret = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQHH6SVV";
    for name in ["SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"] {
        let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
        let run = run.env("SOPS_AGE_KEY_FILE", "none").env(name, secret);
        let said = String::from_utf8(run.any_stderr().failure().stderr).unwrap();
        assert!(said.contains("`AGE-SECRET-KEY-…`") && !said.contains("QQQQ"), "{name}: {said}");
    }
    let refused = said(&world, &["decrypt", "--identity", secret, "s.yaml"]);
    assert!(refused.contains("`AGE-SECRET-KEY-…`") && !refused.contains("QQQQ"), "{refused}");
    let text = world.project.read("project/s.yaml").replace(&world.key("age1"), secret);
    world.project.write("t.yaml", text);
    let listed = world.secret(&["recipients", "list", "t.yaml"]);
    assert_eq!(String::from_utf8(listed).unwrap(), "age AGE-SECRET-KEY-…\n");
}

#[test]
fn several_may_be_named_with_commas() {
    let world = world();
    let keys = [world.key("age1"), world.key("age2")];
    world.secret(&["encrypt", "--in-place", "-r", &keys.join(", "), "p.yaml"]);
    let listed = String::from_utf8(world.secret(&["recipients", "list", "p.yaml"])).unwrap();
    assert_eq!(listed, format!("age {}\nage {}\n", keys[0], keys[1]));
    world.project.write("p.env", "a=1\n");
    for none in ["", " , "] {
        let refused = said(&world, &["recipients", "add", "s.yaml", none]);
        assert!(refused.contains("an empty name is no recipient"), "{refused}");
    }
    let (key, role) =
        ("arn:aws:kms:eu-west-1:123456789012:key/a-b", "arn:aws:iam::123456789012:role/x");
    let refused = said(&world, &["encrypt", "-r", &format!("{key}+{role}"), "p.env"]);
    assert!(refused.contains("no AWS credentials are in"), "{refused}");
}

/// As they are at `https://github.com/USER.keys`.
#[test]
fn of_a_persons_ssh_keys_those_are_taken_that_age_can_use() {
    if !has("ssh-keygen") {
        return;
    }
    let world = world();
    let public = |kind: &str| {
        let file = world.project.path("home").join(kind);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-C", "me", "-f"])
            .arg(&file)
            .status();
        assert!(made.unwrap().success());
        std::fs::read_to_string(file.with_extension("pub")).unwrap()
    };
    let [ecdsa, ed25519] = ["ecdsa", "ed25519"].map(public);
    let token = ecdsa.replace("ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com");
    let options = format!("command=\"x \\\" ssh-rsa y\",no-pty {ed25519}");
    world.project.write("gh.keys", format!("\u{feff}{ecdsa}\n{token}# c\n{options}"));
    let kept = "age cannot encrypt to a key of";
    let file = "$DIR/project/gh.keys";
    world
        .project
        .envr(["secret", "recipients", "add", "s.yaml", "gh.keys"])
        .stderr(&format!("envr: warning: line 1 of `{file}` is left out: {kept} `ecdsa-sha2-nistp256`\nenvr: warning: line 3 of `{file}` is left out: {kept} `sk-ssh-ed25519@openssh.com`\n"))
        .success();
    let listed = String::from_utf8(world.secret(&["recipients", "list", "s.yaml"])).unwrap();
    assert_eq!(listed, format!("age {}\nage {ed25519}", world.key("age1")));
    world.project.write("gh.keys", ecdsa.as_str());
    let refused = said(&world, &["recipients", "add", "s.yaml", "gh.keys"]);
    assert!(refused.contains("holds no key that age can encrypt to"), "{refused}");
    let refused = said(&world, &["recipients", "add", "s.yaml", ecdsa.trim()]);
    assert!(refused.contains("age cannot encrypt to a key of `ecdsa-sha2-nistp256`"), "{refused}");
}

/// A plugin that is not installed encrypts nothing, and is not needed by who is taken out or was there before.
#[test]
fn who_is_out_of_reach_can_be_taken_out() {
    const GONE: [&str; 2] = ["age1foo1qqqqqqqqqqqqqqqqqqqqgvu3nt", "age1pq1qqqqqqqq"];
    let world = world();
    for gone in GONE {
        let text = world.project.read("project/s.yaml");
        let of = format!("- recipient: {}\n", world.key("age1"));
        let at = text.find(&of).unwrap();
        let other = format!("- recipient: {gone}\n          enc: x\n        ");
        let text = format!("{}{other}{}", &text[..at], &text[at..]);
        world.project.write("s.yaml", text);
        world.secret(&["recipients", "add", "s.yaml", &world.key("age2")]);
        let listed = String::from_utf8(world.secret(&["recipients", "list", "s.yaml"])).unwrap();
        let all = [gone, &world.key("age1"), &world.key("age2")].map(|key| format!("age {key}\n"));
        assert_eq!(listed, all.concat());
        let refused = said(&world, &["rotate", "s.yaml"]);
        assert!(refused.contains(&format!("could not encrypt for age {gone}: ")), "{refused}");
        world.secret(&["recipients", "remove", "s.yaml", gone]);
        world.secret(&["recipients", "remove", "s.yaml", &world.key("age2")]);
        if let Some(theirs) = world.sops("age1", &["decrypt", "s.yaml"]) {
            assert_eq!(theirs.unwrap(), b"a: 1\n");
        }
    }
}

#[test]
fn keys_that_are_those_of_the_rules_stay_as_they_are() {
    let world = world();
    let before = world.project.read("project/s.yaml");
    let update = || world.project.envr(["secret", "updatekeys", "s.yaml"]);
    update().stderr("envr: `s.yaml` is for those of `.sops.yaml` already\n").success();
    assert_eq!(world.project.read("project/s.yaml"), before);
    let keys = [world.key("age1"), world.key("age2")].join(",");
    world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {keys}\n"));
    update().success();
    let listed = String::from_utf8(world.secret(&["recipients", "list", "s.yaml"])).unwrap();
    assert_eq!(listed.lines().count(), 2);
}

#[test]
fn post_quantum_recipients_are_for_others() {
    let world = world();
    let why = "post-quantum recipients are for newer age programs";
    let refused = said(&world, &["recipients", "add", "s.yaml", "age1pq1qqqqqqqq"]);
    assert!(refused.contains(why), "{refused}");
    world.project.write(".sops.yaml", "creation_rules:\n  - age: age1pq1qqqqqqqq\n");
    let refused = said(&world, &["encrypt", "p.yaml"]);
    assert!(refused.contains(why), "{refused}");
}
