//! What `get` prints is what `set` and `unset` change, and what a load exports.

use super::writing::World;

const COMMENTED: &str = "x:\n  # about a\n  - a\n  # about b\n  - b\n  - {y: [c]}\nm: 1\n";

fn world(text: &str, name: &str) -> World {
    let world = World::new();
    world.project.write(name, text);
    world.secret(&["encrypt", "--in-place", name]);
    world
}

/// Both programs read the file.
#[track_caller]
fn holds(world: &World, name: &str, json: &str) {
    let flat = |text: Vec<u8>| {
        String::from_utf8(text).unwrap().replace(['\n', '\t', ' '], "").replace("\\u003c", "<")
    };
    let print = ["decrypt", "--output-type", "json", name];
    assert_eq!(flat(world.secret(&print)), json);
    if let Some(theirs) = world.sops("age1", &print) {
        assert_eq!(flat(theirs.unwrap()), json);
    }
}

#[test]
fn comments_of_a_list_are_no_places() {
    let world = world(COMMENTED, "s.yaml");
    for (key, was) in [("x.0", "a"), ("x.1", "b"), ("x.2.y.0", "c")] {
        assert_eq!(world.secret(&["get", "s.yaml", key]), was.as_bytes());
        world.set(&["s.yaml", key], &was.to_uppercase());
        assert_eq!(world.secret(&["get", "s.yaml", key]), was.to_uppercase().as_bytes());
    }
    world.set(&["s.yaml", "x.3"], "D");
    holds(&world, "s.yaml", r#"{"x":["A","B",{"y":["C"]},"D"],"m":1}"#);
    let text = String::from_utf8(world.secret(&["decrypt", "s.yaml"])).unwrap();
    assert!(text.contains("# about a\n") && text.contains("# about b\n"), "{text}");
    world.secret(&["unset", "s.yaml", "x.1"]);
    world.secret(&["unset", "s.yaml", "[\"x\"][1][\"y\"][0]"]);
    holds(&world, "s.yaml", r#"{"x":["A",{"y":[]},"D"],"m":1}"#);
    for (verb, why) in [("set", "the list has no place 4"), ("unset", "there is no `x.4` in it")] {
        let run = world.project.envr(["secret", verb, "s.yaml", "x.4"]).stdin("x").any_stderr();
        let said = String::from_utf8(run.failure().stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }
}

/// `get` and `set --json` are each other's reverse.
#[test]
fn a_list_is_printed_as_one() {
    let world = world("x:\n  - a\n  - [1, 2]\nm: {k: []}\n", "s.yaml");
    for (key, theirs) in
        [("x", "[\"x\"]"), ("x.1", "[\"x\"][1]"), ("m", "[\"m\"]"), ("m.k", "[\"m\"][\"k\"]")]
    {
        let ours = world.secret(&["get", "s.yaml", key]);
        assert_eq!(world.secret(&["get", "s.yaml", theirs]), ours);
        let extract = ["decrypt", "--output-type", "json", "--extract", theirs, "s.yaml"];
        if let Some(printed) = world.sops("age1", &extract) {
            let printed = String::from_utf8(printed.unwrap()).unwrap();
            assert_eq!(String::from_utf8(ours.clone()).unwrap().trim_end(), printed.trim_end());
        }
        let before = world.project.read("project/s.yaml");
        world.project.envr(["secret", "set", "--json", "s.yaml", key]).stdin(ours).success();
        let values = |text: &str| {
            text.lines()
                .filter(|line| !line.contains("mac:") && !line.contains("lastmodified:"))
                .map(str::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&world.project.read("project/s.yaml")), values(&before), "{key}");
    }
}

/// A load exports the last, sops and `get` see the first.
#[test]
fn of_a_name_that_is_there_twice_neither_is_changed() {
    let world = world("{\"a\": \"1\", \"a\": \"2\"}", "s.json");
    let before = world.project.read("project/s.json");
    for verb in ["set", "unset"] {
        let run = world.project.envr(["secret", verb, "s.json", "a"]).stdin("x").any_stderr();
        let said = String::from_utf8(run.failure().stderr).unwrap();
        assert!(said.contains("`a` is there twice"), "{said}");
    }
    assert_eq!(world.project.read("project/s.json"), before);
}

#[test]
fn a_value_of_json_is_one_value() {
    let world = world("a: x\nm: {k: v}\n", "s.yaml");
    let before = world.project.read("project/s.yaml");
    for (value, why) in [
        ("1,\"b\":2", "it is no JSON"),
        ("1}{\"b\":2", "it is no JSON"),
        ("1,\"value\":2", "it is no JSON"),
        ("", "it is no JSON"),
        ("100000000000000000000", "a number in it is too large"),
        ("[-9223372036854775809]", "a number in it is too large"),
    ] {
        let run = world.project.envr(["secret", "set", "--json", "s.yaml", "a"]).stdin(value);
        let said = String::from_utf8(run.any_stderr().failure().stderr).unwrap();
        assert!(said.contains(why), "{value}: {said}");
    }
    assert_eq!(world.project.read("project/s.yaml"), before);
    world.set(&["--json", "s.yaml", "a"], "-9223372036854775808");
    holds(&world, "s.yaml", r#"{"a":-9223372036854775808,"m":{"k":"v"}}"#);
}

/// sops could not read the file again.
#[test]
fn a_text_is_no_merge_key() {
    let world = world("a: x\n", "s.yaml");
    let run = world.project.envr(["secret", "set", "s.yaml", "<<"]).stdin("x").any_stderr();
    let said = String::from_utf8(run.failure().stderr).unwrap();
    assert!(said.contains("`<<` at the top of a YAML file is for maps"), "{said}");
    world.set(&["s.yaml", "<<.b"], "y");
    holds(&world, "s.yaml", r#"{"a":"x","<<":{"b":"y"}}"#);
}
