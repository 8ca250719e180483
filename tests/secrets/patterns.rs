//! Regular expressions that a file or a rule brings along: each stops at a limit that the message states.

use super::writing::World;

const TOO_MUCH: &str = "it would take more than 1 MiB of memory";

/// One that makes a place for each of its groups at each of its steps.
fn bomb() -> String {
    "(a|b|ab)*c".repeat(1500)
}

#[test]
fn an_expression_of_a_file_takes_no_more_than_the_limit() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let text = world.project.read("project/s.yaml");
    for kind in ["encrypted_regex", "unencrypted_regex", "encrypted_comment_regex"] {
        for expression in [bomb(), "(?:a{1000}){1000}".to_string(), "a".repeat(1_000_000)] {
            let rule = format!("{kind}: '{expression}'");
            world.project.write("t.yaml", text.replace("unencrypted_suffix: _unencrypted", &rule));
            let why = format!("`{kind}` cannot be understood: {TOO_MUCH}");
            let refused = world.project.envr(["secret", "decrypt", "t.yaml"]);
            refused.stderr(&format!("envr: error: could not decrypt `t.yaml`: {why}\n")).failure();
        }
    }
}

#[test]
fn an_expression_of_the_rules_takes_no_more_either() {
    let world = World::new();
    let rules =
        format!("creation_rules:\n  - path_regex: '{}'\n    age: {}\n", bomb(), world.key("age1"));
    world.project.write(".sops.yaml", rules);
    world.project.write("s.yaml", "a: 1\n");
    let run = world.project.envr(["secret", "encrypt", "s.yaml"]).any_stderr();
    let said = String::from_utf8(run.failure().stderr).unwrap();
    assert!(said.contains(&format!("a `path_regex` cannot be understood: {TOO_MUCH}")), "{said}");
}

#[test]
fn a_list_of_some_hundred_names_is_no_bomb() {
    let world = World::new();
    let names: Vec<String> = (0..300).map(|number| format!("service_{number}_token")).collect();
    let rule = format!("encrypted_regex: ^({})$", names.join("|"));
    let key = world.key("age1");
    world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n    {rule}\n"));
    world.project.write("s.yaml", "service_299_token: x\nother: y\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let text = world.project.read("project/s.yaml");
    assert!(
        text.starts_with("service_299_token: ENC[") && text.contains("\nother: \"y\"\n"),
        "{text}"
    );
    if let Some(theirs) = world.sops("age1", &["decrypt", "s.yaml"]) {
        assert_eq!(theirs.unwrap(), world.secret(&["decrypt", "s.yaml"]));
    }
}

/// To sops, `ſ` and `K` are a small `s` and a `k` where the case does not count.
#[test]
fn no_case_of_a_letter_is_left_in_the_clear() {
    let world = World::new();
    let key = world.key("age1");
    for (expression, name, other) in [
        ("(?i)^s$", "\u{17f}", "x"),
        ("(?i)^[j-l]$", "\u{212a}", "s"),
        ("(?i)^[^s]$", "x", "\u{17f}"),
        ("(?i)^\\w$", "\u{17f}", "-"),
        ("((?i)x)|^k$", "k", "\u{212a}"),
        ("(?i)^[[:alpha:]]$", "\u{212a}", "1"),
    ] {
        let rule = format!("encrypted_regex: '{expression}'");
        world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n    {rule}\n"));
        world.project.write("s.yaml", format!("\"{name}\": one\n\"{other}\": two\n"));
        if let Some(theirs) = world.sops("age1", &["encrypt", "s.yaml"]) {
            world.project.write("t.yaml", theirs.unwrap());
            world.secret(&["decrypt", "t.yaml"]);
        }
        world.secret(&["encrypt", "--in-place", "s.yaml"]);
        let text = world.project.read("project/s.yaml");
        assert!(text.contains(": two\n") && !text.contains("one"), "{expression}: {text}");
    }
}
