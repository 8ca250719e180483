//! Nothing takes a file's place that could not be read again; what a format can hold, the real sops reads as well.

use super::writing::World;

/// Files whose names that begin with `s` are encrypted.
fn world() -> World {
    let world = World::new();
    let rules =
        format!("creation_rules:\n  - age: {}\n    encrypted_regex: ^s\n", world.key("age1"));
    world.project.write(".sops.yaml", rules);
    for (name, text) in [
        ("a.yaml", "s: x\np: y\n"),
        ("a.json", "{\"s\": \"x\", \"p\": \"y\"}"),
        ("a.env", "s=x\np=y\n"),
        ("a.ini", "[s]\na = x\n[p]\nb = y\n"),
    ] {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
    }
    world
}

/// A file, a key, a value to set, and why it cannot be.
type Refused = (&'static str, &'static str, &'static [u8], &'static str);

const REFUSED: [Refused; 6] = [
    ("a.env", "sops_x", b"x", "could not change `a.env`: `sops_x` is a name of its metadata"),
    (
        "a.env",
        "n",
        b"\\n",
        "could not change `a.env`: `n`: unless it is encrypted, a dotenv file cannot hold this value",
    ),
    (
        "a.json",
        "n",
        b"\xff",
        "could not change `a.json`: `n`: unless it is encrypted, a JSON file cannot hold this value",
    ),
    ("a.ini", "sops.x", b"x", "could not change `a.ini`: `sops` is a name of its metadata"),
    ("a.ini", "p.-", b"x", "could not change `a.ini`: `-` cannot be a name in an INI file"),
    ("a.yaml", "sops", b"x", "could not change `a.yaml`: `sops` is a name of its metadata"),
];

#[test]
fn what_a_format_cannot_hold_changes_nothing() {
    let world = world();
    for (file, key, value, why) in &REFUSED {
        let before = world.project.read(&format!("project/{file}"));
        let run = world.project.envr(["secret", "set", file, key]).stdin(*value);
        run.stderr(&format!("envr: error: {why}\n")).failure();
        assert_eq!(world.project.read(&format!("project/{file}")), before, "{key}");
    }
}

#[test]
fn json_that_readers_would_cut_is_refused() {
    let world = world();
    for (value, why) in [
        ("{\"a\": 1, \"a\": 2}", "`a` is there twice"),
        ("[{\"b\": {\"a\": 1, \"a\": 2}}]", "`a` is there twice"),
        ("12345678901234567890", "a number in it is too large: put it into double quotes"),
        ("[-9223372036854775809]", "a number in it is too large: put it into double quotes"),
    ] {
        for file in ["a.yaml", "a.json"] {
            let run = world.project.envr(["secret", "set", "--json", file, "n"]).stdin(value);
            run.stderr(&format!("envr: error: could not read the value: {why}\n")).failure();
        }
    }
}

#[test]
fn a_file_that_would_be_too_deep_is_left_as_it_was() {
    let world = world();
    let before = world.project.read("project/a.yaml");
    let deep = format!("{}1{}", "[".repeat(198), "]".repeat(198));
    let run = world.project.envr(["secret", "set", "--json", "a.yaml", "n.a.b"]).stdin(deep);
    let output = run.any_stderr().failure();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("it could not be read again: line "), "{said}");
    assert_eq!(world.project.read("project/a.yaml"), before);
}

/// A file, its value as JSON, what `envr secret get` prints, and what the whole file is to sops, without white space.
const HELD: [(&str, &str, &str, &str); 15] = [
    ("a.json", "9007199254740993", "9007199254740993", "{\"s\":\"x\",\"p\":9007199254740992}"),
    (
        "a.json",
        "-9223372036854775808",
        "-9223372036854775808",
        "{\"s\":\"x\",\"p\":-9223372036854776000}",
    ),
    (
        "a.json",
        "[123456789012345678]",
        "[\n\t123456789012345678\n]\n",
        "{\"s\":\"x\",\"p\":[123456789012345680]}",
    ),
    ("a.json", "1e21", "1e+21", "{\"s\":\"x\",\"p\":1e+21}"),
    ("a.json", "-0.0", "-0", "{\"s\":\"x\",\"p\":-0}"),
    ("a.json", "5", "5", "{\"s\":\"x\",\"p\":5}"),
    ("a.yaml", "-0.0", "-0.0", "s:xp:-0"),
    ("a.yaml", "9007199254740993", "9007199254740993", "s:xp:9007199254740993"),
    ("a.yaml", "5.0", "5", "s:xp:5"),
    ("a.env", "true", "true", "s=xp=true"),
    ("a.env", "1.50", "1.50", "s=xp=1.50"),
    ("a.env", "9007199254740993", "9007199254740993", "s=xp=9007199254740993"),
    ("a.env", "\"a\\nb\"", "a\nb", "s=xp=a\\nb"),
    ("a.ini", "true", "true", "[s]a=x[p]b=true"),
    ("a.ini", "1e3", "1e3", "[s]a=x[p]b=1e3"),
];

#[test]
fn what_is_not_encrypted_is_read_by_sops_as_well() {
    let world = world();
    for (file, value, ours, theirs) in HELD {
        let [key, other] = if file == "a.ini" { ["p.b", "s.a"] } else { ["p", "s"] };
        world.project.envr(["secret", "set", "--json", file, key]).stdin(value).success();
        assert_eq!(String::from_utf8(world.secret(&["get", file, key])).unwrap(), ours, "{value}");
        let Some(printed) = world.sops("age1", &["decrypt", file]) else { continue };
        let printed = String::from_utf8(printed.unwrap()).unwrap();
        let printed: String = printed.split_whitespace().collect();
        assert_eq!(printed, theirs, "{file}: {value}");
        // Another change keeps it.
        world.project.envr(["secret", "set", file, other]).stdin("x").success();
        assert_eq!(String::from_utf8(world.secret(&["get", file, key])).unwrap(), ours, "{value}");
    }
}

/// A file that is encrypted by its own rules.
#[test]
fn what_is_encrypted_whole_is_read_by_sops_as_well() {
    let world = world();
    for (name, text) in [
        ("b.json", "{\"p\": 9007199254740993, \"q\": [123456789012345678, -9223372036854775808]}"),
        ("b.yaml", "p: [.5, -0.0]\nq: -0e5\nr: -1e-400\n"),
        ("b.env", "p=\\n\nq=a\\\\nb\n"),
        ("b.ini", "[p]\n#\n# c\na = 1\n;\nb = 2 #\n[s]\n#\n# c\na = 1\n;\nb = 2 #\n"),
    ] {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        world.secret(&["decrypt", name]);
        let Some(theirs) = world.sops("age1", &["decrypt", name]) else { continue };
        assert!(theirs.is_ok(), "{name}: {theirs:?}");
    }
}

#[test]
fn the_line_end_of_windows_is_no_part_of_a_value() {
    let world = world();
    for (value, held) in
        [("x\r\n", "x"), ("x\n", "x"), ("x\r", "x\r"), ("x\n\n", "x\n"), ("\n", "")]
    {
        world.project.envr(["secret", "set", "a.yaml", "s"]).stdin(value).success();
        assert_eq!(world.secret(&["get", "a.yaml", "s"]), held.as_bytes(), "{value:?}");
    }
}

/// What was written is kept where only its recipients change.
#[test]
fn other_recipients_change_no_value_that_is_not_encrypted() {
    let world = world();
    let keys = [world.key("age1"), world.key("age2")].join(",");
    world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {keys}\n"));
    for (file, value, held) in
        [("a.yaml", "-0.0", "-0.0"), ("a.json", "9007199254740993", "9007199254740993")]
    {
        world.project.envr(["secret", "set", "--json", file, "p"]).stdin(value).success();
        world.secret(&["updatekeys", file]);
        assert_eq!(world.secret(&["get", file, "p"]), held.as_bytes(), "{file}");
        if let Some(theirs) = world.sops("age1", &["decrypt", file]) {
            assert!(theirs.is_ok(), "{file}: {theirs:?}");
        }
    }
}
