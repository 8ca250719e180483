//! What messages quote of a file: never a value, and nothing that is as long as the file.

use super::writing::World;

/// A number, a word and an anchor in one: whatever takes it for something must not say what it is.
const VALUE: &str = "12345678901234567890";

/// Files with a mistake at the value.
const MISTAKES: [(&str, &str); 22] = [
    ("s.yaml", "pin: VALUE\n"),
    ("s.yaml", "pin: !!int xVALUE\n"),
    ("s.yaml", "pin: !!float VALUE.x\n"),
    ("s.yaml", "pin: !!bool VALUE\n"),
    ("s.yaml", "pin: !!timestamp VALUE\n"),
    ("s.yaml", "pin: !!binary +VALUE\n"),
    ("s.yaml", "pin: *VALUE\n"),
    ("s.yaml", "pin: !x!VALUE a\n"),
    ("s.yaml", "pin: @VALUE\n"),
    ("s.yaml", "pin: |VALUE\n"),
    ("s.yaml", "pin: 'VALUE\n"),
    ("s.yaml", "pin: \"\\VALUE\"\n"),
    ("s.yaml", "pin: [VALUE\n"),
    ("s.yaml", "pin: {VALUE}}\n"),
    ("s.json", "{\"pin\": 0VALUE}"),
    ("s.json", "{\"pin\": 1.VALUE.1}"),
    ("s.json", "{\"pin\": 1eVALUE}"),
    ("s.json", "{\"pin\": \"\\VALUE\"}"),
    ("s.json", "{\"pin\": xVALUE}"),
    ("s.env", "VALUE\n"),
    ("s.ini", "[s]\nVALUE\n"),
    ("s.ini", "[s]\npin = \"\"\"VALUE\n"),
];

#[test]
fn a_mistake_at_a_value_is_told_without_it() {
    let world = World::new();
    for (name, text) in MISTAKES {
        world.project.write(name, text.replace("VALUE", VALUE));
        let refused = world.project.envr(["secret", "encrypt", name]).any_stderr().failure();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.starts_with("envr: error: could not encrypt `s."), "{text}: {said}");
        assert!(!said.contains(&VALUE[2..]), "{text}: {said}");
    }
}

#[test]
fn a_mistake_made_in_the_editor_is_told_without_the_value() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.project.write_program("ed", &format!("#!/bin/sh\necho 'pin: {VALUE}' >>\"$1\"\n"));
    let run = world.project.envr(["secret", "edit", "s.yaml"]).env("EDITOR", "ed").any_stderr();
    let said = String::from_utf8(run.failure().stderr).unwrap();
    assert!(said.contains("line 2: a number or a time is too large: put it into quotes"), "{said}");
    assert!(!said.contains(VALUE), "{said}");
}

#[test]
fn no_message_is_as_long_as_the_file() {
    let world = World::new();
    world.project.write("s.env", "A=1\n");
    world.secret(&["encrypt", "--in-place", "s.env"]);
    let long = "x".repeat(3_000_000);
    let text = world.project.read("project/s.env");
    for (name, text) in [
        ("s.env", format!("{text}sops_age__list_{long}=x\n")),
        ("s.json", format!("{{\"a\": 1e{}}}", "9".repeat(3_000_000))),
        ("t.yaml", format!("? {long}\n: 1\n? {long}\n: 2\n")),
        ("u.env", text.replace("A=", &format!("{long}="))),
        ("w.env", text.replace("3.11.0", &long)),
    ] {
        world.project.write(name, text);
        let refused = world.project.envr(["secret", "decrypt", name]).any_stderr().failure();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.len() < 5000, "{name}: {} bytes", said.len());
        assert!(said.starts_with("envr: error: could not decrypt `"), "{name}: {said}");
    }
}

/// The reason stands behind what is cut.
#[test]
fn a_load_tells_no_more_either() {
    let world = World::new();
    world.project.write("s.env", format!("{}-=1\n", "x".repeat(1_000_000)));
    world.secret(&["encrypt", "--in-place", "s.env"]);
    world.project.write(".envrc", "use sops s.env\n");
    world.project.allow();
    for lane in ["", "bash"] {
        let mut shell = world.project.shell();
        shell.set("ENVR_LANE", lane);
        let said = shell.any_prompt(0);
        assert!(said.len() < 5000, "{lane}: {} bytes", said.len());
        assert!(
            said.contains("-` cannot be the name of a variable in a shell\n"),
            "{lane}: {said}"
        );
    }
}
