//! Values that are set: what is given is what is there, to the real sops as well.

use super::writing::World;

const FIRST: &str = "a: x\nm:\n    k: v\n";

fn world() -> World {
    let world = World::new();
    world.project.write("s.yaml", FIRST);
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world
}

/// Each would be a value to somebody who reads its beginning, its end or its neighbourhood.
#[test]
fn what_is_no_json_is_not_set() {
    let world = world();
    for (given, why) in [
        ("1,\"b\":2", "it is no JSON"),
        ("1,\"value\":2", "it is no JSON"),
        ("{},\"value\":{}", "it is no JSON"),
        ("1}", "it is no JSON"),
        ("1 2", "it is no JSON"),
        ("", "it is no JSON"),
        (",", "it is no JSON"),
        ("1 // one", "it is no JSON"),
        ("100000000000000000000", "a number in it is too large: put it into double quotes"),
        ("[-9223372036854775809]", "a number in it is too large: put it into double quotes"),
    ] {
        let run = world.project.envr(["secret", "set", "--json", "s.yaml", "a"]).stdin(given);
        run.stderr(&format!("envr: error: could not read the value: {why}\n")).failure();
    }
    assert_eq!(world.secret(&["decrypt", "s.yaml"]), FIRST.as_bytes());
}

#[test]
fn what_json_has_is_set_as_it_is() {
    let world = world();
    for (given, shown) in [
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e20", "1e+20"),
        (" {\"b\": [2]} ", "\n    b:\n        - 2"),
        ("null", "null"),
    ] {
        world.project.envr(["secret", "set", "--json", "s.yaml", "a"]).stdin(given).success();
        let wanted =
            format!("a:{}{shown}\nm:\n    k: v\n", if shown.starts_with('\n') { "" } else { " " });
        assert_eq!(String::from_utf8(world.secret(&["decrypt", "s.yaml"])).unwrap(), wanted);
        if let Some(theirs) = world.sops("age1", &["decrypt", "s.yaml"]) {
            assert_eq!(String::from_utf8(theirs.unwrap()).unwrap(), wanted);
        }
    }
}

#[test]
fn null_takes_no_variable_out_of_a_dotenv_file() {
    let world = World::new();
    world.project.write("s.env", "a=1\n");
    world.secret(&["encrypt", "--in-place", "s.env"]);
    let run = world.project.envr(["secret", "set", "--json", "s.env", "a"]).stdin("null");
    let why = "`a` is null, which a dotenv file cannot hold";
    run.stderr(&format!("envr: error: could not change `s.env`: {why}\n")).failure();
    assert_eq!(world.secret(&["get", "s.env", "a"]), b"1");
}
