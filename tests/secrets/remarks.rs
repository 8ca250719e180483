//! Comments of YAML files where no other entry keeps their place.

use super::writing::World;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_taken_out_and_set_again_leaves_the_comment_above_it() {
    let world = World::new();
    world.project.write("s.yaml", "db:\n  # ask #ops\n  password: x\nl:\n  - a\n  # the end\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.secret(&["unset", "s.yaml", "db.password"]);
    world.secret(&["unset", "s.yaml", "l.0"]);
    let empty = "# ask #ops\ndb: {}\n# the end\nl: []\n";
    assert_eq!(text(world.secret(&["decrypt", "s.yaml"])), empty);
    if let Some(theirs) = world.sops("age1", &["decrypt", "s.yaml"]) {
        assert_eq!(text(theirs.unwrap()), empty);
    }
    world.set(&["s.yaml", "db.password"], "y");
    let set = "# ask #ops\ndb:\n    password: \"y\"\n# the end\nl: []\n";
    assert_eq!(text(world.secret(&["decrypt", "s.yaml"])), set);
}

/// sops has it in the list.
#[test]
fn a_comment_that_sops_keeps_in_an_empty_list_stays() {
    let world = World::new();
    for plain in ["l: [] # keep me\n", "l:\n  - [] # keep me\n", "m:\n  k: {} # keep me\nz: 1\n"] {
        world.project.write("s.yaml", plain);
        let Some(theirs) = world.sops("age1", &["encrypt", "s.yaml"]) else { return };
        world.project.write("s.yaml", theirs.unwrap());
        assert!(text(world.secret(&["decrypt", "s.yaml"])).contains("# keep me\n"), "{plain}");
        world.set(&["s.yaml", "new"], "1");
        for printed in [
            world.secret(&["decrypt", "s.yaml"]),
            world.sops("age1", &["decrypt", "s.yaml"]).unwrap().unwrap(),
        ] {
            let printed = text(printed);
            assert!(printed.contains("# keep me\n") && printed.contains("new: \"1\""), "{printed}");
        }
    }
}

/// sops would take it for an element.
#[test]
fn an_empty_comment_does_not_become_an_element() {
    let world = World::new();
    world.project.write("s.yaml", "l:\n  - a\n  - c: #\n      - 1\n  - #\n    d: [] #\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let print = ["decrypt", "--output-type", "json", "s.yaml"];
    let ours = text(world.secret(&print));
    if let Some(theirs) = world.sops("age1", &print) {
        assert_eq!(ours.trim_end(), text(theirs.unwrap()).trim_end());
    }
    let flat: String = ours.split_whitespace().collect();
    assert_eq!(flat, r#"{"l":["a",{"c":[1]},{"d":[]}]}"#);
}
