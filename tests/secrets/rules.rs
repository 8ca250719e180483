//! `.sops.yaml` as the real sops understands it: for whom a file is, and what of it is encrypted.

use super::writing::World;

/// A file as it is encrypted, without what differs each time.
fn shape(text: Vec<u8>) -> String {
    let text = String::from_utf8(text).unwrap();
    let is_same = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("lastmodified: ") && !line.starts_with("mac: ")
    };
    let (mut shape, mut is_armor) = (String::new(), false);
    for line in text.lines().filter(is_same) {
        is_armor |= line.contains("-----BEGIN");
        if !is_armor {
            let (before, _) = line.split_once("ENC[").unwrap_or((line, ""));
            shape.extend([before, if before == line { "\n" } else { "ENC\n" }]);
        }
        is_armor &= !line.contains("-----END");
    }
    shape
}

/// envr encrypts the file as sops does, and for the second of two recipients alone.
#[track_caller]
fn check(rules: &str) {
    let world = World::new();
    let [one, two] = ["age1", "age2"].map(|name| world.key(name));
    world.project.write(".sops.yaml", rules.replace("ONE", &one).replace("TWO", &two));
    world.project.write("dev/x.yaml", "b_unencrypted: SECRET\nc_plain: y\nd: 1\n");
    let ours = shape(world.secret(&["encrypt", "dev/x.yaml"]));
    assert!(ours.contains(&two) && !ours.contains(&one), "{rules}: {ours}");
    if let Some(theirs) = world.sops("age2", &["encrypt", "dev/x.yaml"]) {
        assert_eq!(ours, shape(theirs.unwrap()), "{rules}");
    }
}

#[test]
fn merge_keys_are_heeded() {
    check(
        "prod: &prod\n  path_regex: ^prod/\ncreation_rules:\n  - <<: *prod\n    age: ONE\n  - age: TWO\n",
    );
    check(
        "d: &d\n  unencrypted_suffix: _plain\n  mac_only_encrypted: true\ncreation_rules:\n  - <<: *d\n    age: TWO\n",
    );
    check("d: &d {age: TWO}\ncreation_rules:\n  - <<: *d\n");
    check("d: &d {age: TWO}\ncreation_rules:\n  - key_groups:\n      - <<: {age: [TWO]}\n");
    // What stands nearer counts, and of several what is named first.
    check("d: &d {age: ONE, encrypted_suffix: d}\ncreation_rules:\n  - <<: *d\n    age: TWO\n");
    check(
        "a: &a {age: TWO}\nb: &b {age: ONE, encrypted_regex: ^c}\ncreation_rules:\n  - <<: [*a, *b]\n",
    );
    check("a: &a {age: ONE}\nb: &b {<<: *a, age: TWO}\ncreation_rules:\n  - {<<: *b}\n");
}

#[test]
fn scalars_are_read_for_what_is_wanted() {
    for word in ["yes", "on", "\"y\"", "TRUE", "off", "False", "~"] {
        check(&format!("creation_rules:\n  - age: TWO\n    mac_only_encrypted: {word}\n"));
    }
    check("creation_rules:\n  - age: TWO\n    key_groups: []\n");
    check("1: 2\n2024-01-02: x\ncreation_rules:\n  - age: TWO\n    encrypted_regex: 1\n");
    check(
        "creation_rules:\n  - age: ' , TWO,'\n    pgp: ''\n    kms: ~\n    gcp_kms: ''\n    path_regex:\n",
    );
}

/// A rule that is misunderstood would be for other files, or other people.
#[test]
fn what_cannot_be_meant_is_refused() {
    for (rule, why) in [
        ("{age: TWO, path_regex: [a]}", "`path_regex` is no text"),
        (
            "{age: TWO, mac_only_encrypted: maybe}",
            "`mac_only_encrypted` is neither `true` nor `false`",
        ),
        ("{age: TWO, encrypted_regex: {a: b}}", "`encrypted_regex` is no text"),
        ("{age: {a: TWO}}", "`age` is no text"),
        ("{age: [[TWO]]}", "`age` holds something that is no text"),
        ("{key_groups: TWO}", "`key_groups` is no list"),
        ("{key_groups: [TWO]}", "`key_groups` holds something that is no map"),
        ("{<<: TWO}", "`<<` is for maps and lists of maps alone"),
        ("TWO", "`creation_rules` holds something that is no map"),
    ] {
        let world = World::new();
        let rule = rule.replace("TWO", &world.key("age2"));
        world.project.write(".sops.yaml", format!("creation_rules:\n  - {rule}\n"));
        world.project.write("x.yaml", "a: 1\n");
        if let Some(theirs) = world.sops("age2", &["encrypt", "x.yaml"]) {
            theirs.unwrap_err();
        }
        let run = world.project.envr(["secret", "encrypt", "x.yaml"]).any_stderr().failure();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.ends_with(&format!("/.sops.yaml`: {why}\n")), "{rule}: {said}");
    }
}

/// Who is named in place of those of the rules sees no more and no less.
#[test]
fn recipients_that_are_named_leave_the_rest_of_a_rule() {
    let world = World::new();
    let [one, two] = ["age1", "age2"].map(|name| world.key(name));
    let manner = "unencrypted_suffix: _plain\n    mac_only_encrypted: true";
    for keys in [format!("age: {one}"), "gcp_kms: projects/p".to_string()] {
        let rules = format!("creation_rules:\n  - {keys}\n    {manner}\n");
        world.project.write(".sops.yaml", rules);
        world.project.write("x.yaml", "b_unencrypted: SECRET\nc_plain: y\n");
        let ours = shape(world.secret(&["encrypt", "-r", &two, "x.yaml"]));
        assert!(ours.starts_with("b_unencrypted: ENC\nc_plain: \"y\"\n"), "{ours}");
        assert!(ours.contains(&two) && !ours.contains(&one), "{ours}");
        if let Some(theirs) = world.sops("age2", &["encrypt", "--age", &two, "x.yaml"]) {
            assert_eq!(ours, shape(theirs.unwrap()));
        }
        let run = world.project.envr(["secret", "encrypt", "x.yaml"]);
        let run = run.env("SOPS_AGE_RECIPIENTS", format!(" {two},")).any_stdout().success();
        assert_eq!(shape(run.stdout), ours);
    }
    world.project.remove(".sops.yaml");
    let encrypt = || world.project.envr(["secret", "encrypt", "x.yaml"]);
    let run = encrypt().env("SOPS_AGE_RECIPIENTS", two.as_str()).any_stdout().success();
    assert!(shape(run.stdout).contains(&two));
    let run = encrypt().env("SOPS_VAULT_URIS", "https://vault.example").any_stderr().failure();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("`SOPS_VAULT_URIS` names keys that only sops can write"), "{said}");
}

/// Rules that leave a file out say that it is not to be encrypted, whoever is named; where there are none at all, who is
/// named counts.
#[test]
fn who_is_named_does_not_make_up_for_a_rule() {
    let world = World::new();
    let key = world.key("age1");
    world.project.write("s.yaml", "a: 1\n");
    let encrypt = || world.project.envr(["secret", "encrypt", "-r", &key, "s.yaml"]);
    let ask_sops = || world.sops("age1", &["encrypt", "--age", &key, "s.yaml"]);
    world
        .project
        .write(".sops.yaml", format!("creation_rules:\n  - path_regex: ^prod/\n    age: {key}\n"));
    let said = String::from_utf8(encrypt().any_stderr().failure().stderr).unwrap();
    assert!(said.contains("no rule of"), "{said}");
    assert!(ask_sops().is_none_or(|theirs| theirs.is_err()));
    for rules in ["", "# nothing\n", "stores:\n  yaml:\n    indent: 2\n", "creation_rules:\n"] {
        world.project.write(".sops.yaml", rules);
        encrypt().any_stdout().success();
        assert!(ask_sops().is_none_or(|theirs| theirs.is_ok()), "{rules:?}");
        let run = world.project.envr(["secret", "encrypt", "s.yaml"]).any_stderr();
        let said = String::from_utf8(run.failure().stderr).unwrap();
        assert!(said.contains("no rule of"), "{said}");
    }
}
