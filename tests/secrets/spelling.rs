//! What envr prints of a file that the real sops wrote, letter by letter as sops prints it.

use super::writing::World;

const PLAIN: [(&str, &str); 6] = [
    (
        "a.yaml",
        "a: \" x\\ny\\n\"\nb: \"\\nx\"\nc: \"\\n\"\nd: \"\\a\\b\\v\\f\\e\\N\\L\\P\"\ne: &e {x: 1}\nf: {<<: *e}\n\
         ? \"k\\nl\\n\"\n: {a: b, c: [d]}\n? \"k\\nm\"\n: [a, [b]]\n? \"k\\nn\"\n: {}\n? \" k\\no\"\n: \"x\\ny\"\n\
         g: {\"k\\nl\": z, h: [\"k\\nl\", {\"k\\nl\": z}]}\n",
    ),
    ("b.json", "{\"k\\nl\\n\": \"\\u0007\\u2028\", \"a\": {\"b\\r\": [1, \"x\\ny\"]}}"),
    (
        "c.ini",
        "x=1\n; of s\n# more of it\n[s]\na = b\n; of d\n# and more\nd = e ; inline\nf = \"\"\"two\nlines\"\"\"\n\
         g = `a # b`\nh = \"`q`\"\n",
    ),
    ("d.env", "A=\"x\"\n# a comment\n#\nB=two\\nlines\n"),
    (
        "e.yaml",
        "#\na: <<\nb: \"<<\"\nc: [<<, 0b-1, \"0b-1\", \"0xffffffffffffffff\", \"18446744073709551615\"]\n\
         \"080.01:2\": \"1:2\"\nd: [\"1:60\", \"1:59.5\", \"1:2:\", \"-1:2\", 18446744073709551616, \"\\n\\n\", {k: \"\\n\"}]\n#\ne: {f: g}\n",
    ),
    (
        "f.ini",
        "[s]\n;\na = \"x;y \\\n z\"\nb = x ; y \\\n z \\\n\nc = \"\"\"a\"\"\"b\"\"\"\nd = `a`b`\ne = \"\"\"a \n b\"\"\"\n\
         f = \" x \"\ng = \u{a0}x\u{2028}\nh = \"\u{a0}x\"\ni = \"a\ni2 = it's\nj = a\"b\"\n",
    ),
];

/// What both take for no file of theirs.
const REFUSED: [&str; 3] =
    ["a: 9223372036854775808\n", "a: [0xffffffffffffffff]\n", "a: 18446744073709551615\n"];

/// Texts that nothing ends, tags that say little, and what they hold as JSON.
const HELD: [(&str, &str); 17] = [
    ("Y: |\n  x", "{\"Y\": \"x\"}"),
    ("Y: |+\n  x", "{\"Y\": \"x\"}"),
    ("Y: >+\n  x\n  y", "{\"Y\": \"x y\"}"),
    ("Y: |\n  x\n", "{\"Y\": \"x\\n\"}"),
    ("Y: |\n  x\n  ", "{\"Y\": \"x\\n\"}"),
    ("Y: |\n  x\n...", "{\"Y\": \"x\\n\"}"),
    ("Y: |\n  x\n# c", "{\"Y\": \"x\\n\"}"),
    ("Y: |\n  x\nZ: y", "{\"Y\": \"x\\n\",\"Z\": \"y\"}"),
    ("Y: |\r\n  x", "{\"Y\": \"x\"}"),
    ("Y:\n- a: [1]\n  b: !!str |\n    x", "{\"Y\": [{\"a\": [1],\"b\": \"x\"}]}"),
    ("Y: !!binary |\n  eAo=", "{\"Y\": \"x\\n\"}"),
    ("Y: ! 5\nZ: ! true", "{\"Y\": 5,\"Z\": true}"),
    ("Y: ! \"5\"\nZ: ! x", "{\"Y\": \"5\",\"Z\": \"x\"}"),
    ("Y: !foo 5", "{\"Y\": \"5\"}"),
    ("Y: !!null\nZ: !!null \"\"", "{\"Y\": null,\"Z\": null}"),
    ("Y: -0.0", "{\"Y\": -0}"),
    ("Y: 5.0\nZ: 1e6", "{\"Y\": 5,\"Z\": 1000000}"),
];

#[test]
fn every_output_is_as_sops_prints_it() {
    let world = World::new();
    let key = world.key("age1");
    for (name, text) in PLAIN {
        world.project.write(name, text);
        let Some(encrypted) = world.sops("age1", &["encrypt", "--age", &key, name]) else { return };
        world.project.write(name, encrypted.unwrap());
        for output in ["yaml", "json", "dotenv", "ini"] {
            let arguments = ["decrypt", "--output-type", output, name];
            let Some(Ok(theirs)) = world.sops("age1", &arguments) else { continue };
            let ours = world.secret(&arguments);
            let [ours, theirs] = [ours, theirs].map(|text| String::from_utf8(text).unwrap());
            assert_eq!(ours, theirs, "{name} as {output}");
        }
    }
}

#[test]
fn values_are_what_sops_reads_in_them() {
    let world = World::new();
    let key = world.key("age1");
    let flat = |text: Vec<u8>| String::from_utf8(text).unwrap().replace(['\n', '\t'], "");
    let print = ["decrypt", "--output-type", "json", "a.yaml"];
    for (text, held) in HELD {
        world.project.write("a.yaml", text);
        world.secret(&["encrypt", "--in-place", "a.yaml"]);
        assert_eq!(flat(world.secret(&print)), held, "{text:?}");
        if let Some(theirs) = world.sops("age1", &print) {
            assert_eq!(flat(theirs.unwrap()), held, "{text:?} as sops reads ours");
        }
        world.project.write("a.yaml", text);
        let Some(theirs) = world.sops("age1", &["encrypt", "--age", &key, "a.yaml"]) else {
            continue;
        };
        world.project.write("a.yaml", theirs.unwrap());
        assert_eq!(flat(world.secret(&print)), held, "{text:?} as sops wrote it");
    }
}

/// Comments behind a nested map or list stand where sops reads them back.
#[test]
fn comments_at_the_end_of_a_map_are_read_by_sops() {
    let world = World::new();
    for text in [
        "a:\n  l:\n    - x\n  # c\nb: 1\n",
        "a:\n  l:\n    - x\n  # c\n",
        "a:\n  l:\n    k:\n      - x\n    # d\n  # c\nb: 1\n",
        "a:\n  l:\n    - k: x\n  # c\nb: 1\n",
        "a:\n  l: {m: x}\n  # c\nb: 1\n",
        "a:\n  - b:\n    - x\n    # c\n  - d\n",
        "a:\n  l: []\n  # c\nb: 1\n",
        "a:\n  l:\n    - x\n  # c\n  m: 1\n",
        "l:\n  - - x\n    # d\n  # c\nb: 1\n",
        "l:\n  - k: [1]\n  # c\nb: 1\n",
        "a:\n  l:\n    - k: [x, null]\n      # e\n    # d\n  # c\n\n  # b\nb: 1\n",
        "a:\n  l:\n    - y: |\n        x\n        z\n  # c\nb: 1\n",
        "a:\n  l:\n    - x\n  # c\n---\nb: 1\n",
    ] {
        world.project.write("a.yaml", text);
        world.secret(&["encrypt", "--in-place", "a.yaml"]);
        let ours = world.secret(&["decrypt", "a.yaml"]);
        let count = |text: &[u8]| String::from_utf8_lossy(text).matches("# ").count();
        assert_eq!(count(&ours), count(text.as_bytes()), "{text:?}");
        let Some(theirs) = world.sops("age1", &["decrypt", "a.yaml"]) else { continue };
        let [ours, theirs] = [ours, theirs.unwrap()].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(ours, theirs, "{text:?}");
    }
}

#[test]
fn a_null_that_is_something_is_refused() {
    let world = World::new();
    world.project.write("a.yaml", "a: !!null x\n");
    let why = "line 1: `!!null` stands before something else";
    let refused = world.project.envr(["secret", "encrypt", "a.yaml"]);
    refused.stderr(&format!("envr: error: could not encrypt `a.yaml`: {why}\n")).failure();
}

/// sops writes it as `-0`, and can read its own file no more.
#[test]
fn a_zero_below_zero_is_written_as_it_is_read() {
    let world = World::new();
    for (name, text) in
        [("a.yaml", "a_unencrypted: -0.0\n"), ("a.json", "{\"a_unencrypted\": -0.0}")]
    {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        let print = ["decrypt", "--output-type", "json", name];
        let ours = world.secret(&print);
        assert_eq!(ours, b"{\n\t\"a_unencrypted\": -0\n}\n", "{name}");
        assert!(world.sops("age1", &print).is_none_or(|theirs| theirs.is_ok()), "{name}");
    }
}

/// The page says so.
#[test]
fn what_sops_reads_and_envr_does_not() {
    let world = World::new();
    let key = world.key("age1");
    for (text, why) in [
        ("a: 1\n\u{feff}b: 2\n", "line 2: a BOM must not appear inside a document"),
        ("a: \"x\ny\"\n", "line 2: invalid indentation in multiline quoted scalar"),
    ] {
        world.project.write("a.yaml", text);
        let refused = world.project.envr(["secret", "encrypt", "a.yaml"]);
        refused.stderr(&format!("envr: error: could not encrypt `a.yaml`: {why}\n")).failure();
        let theirs = world.sops("age1", &["encrypt", "--age", &key, "a.yaml"]);
        assert!(theirs.is_none_or(|theirs| theirs.is_ok()), "{text}");
    }
}

#[test]
fn a_number_that_sops_cannot_hold_is_refused() {
    let world = World::new();
    let key = world.key("age1");
    for text in REFUSED {
        world.project.write("a.yaml", text);
        let run = world.project.envr(["secret", "encrypt", "-r", &key, "a.yaml"]).any_stderr();
        let said = String::from_utf8(run.failure().stderr).unwrap();
        assert!(said.contains("is too large: put it into quotes"), "{said}");
        // It may be the secret.
        assert!(!said.contains(&text["a: ".len()..].trim()[..3]), "{said}");
        let theirs = world.sops("age1", &["encrypt", "--age", &key, "a.yaml"]);
        assert!(theirs.is_none_or(|theirs| theirs.is_err()), "{text}");
    }
}

/// What is not encrypted is in the MAC as the time or number that it is, or the text.
#[test]
fn what_looks_like_a_time_or_a_number_is_one_to_both_or_to_none() {
    let world = World::new();
    let key = world.key("age1");
    let values = [
        "2024-01-02T03:04:05.1234567890Z",
        "2024-01-02T03:04:05,5Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02  03:04:05",
        "2024-01-02 3:4:5.60",
        "2024-01-02 03:04:05Z",
        "2024-01-02T03:04:05+14:60",
        "2024-01-02T03:04:05-23:59",
        "2024-01-02T03:04:05-00:00",
        "2024-01-02T03:04:05+99:99",
        "2024-01-02T03:04:05+1:00",
        "2024-01-02t3:4:5z",
        "2024-01-02t3:4:5Z",
        "2024-1-2",
        "2024-02-30",
        "0000-01-01",
        "._5",
        ".5_0",
        ".5__0",
        ".5_e1",
        ".5_0e1_0",
        "+._5",
        ".5e3",
        "1_0.5_0",
        "!<tag:yaml.org,2002:int> 3",
        "!!float 3",
        "!<tag:yaml.org,2002:str> 3",
        "!<!int> 3",
    ];
    for (name, value) in values.iter().flat_map(|value| [("a_unencrypted", value), ("a", value)]) {
        let text = format!("{name}: {value}\nb: s\n");
        world.project.write("a.yaml", &text);
        world.secret(&["encrypt", "--in-place", "a.yaml"]);
        let ours = world.secret(&["decrypt", "--output-type", "json", "a.yaml"]);
        let Some(theirs) = world.sops("age1", &["decrypt", "--output-type", "json", "a.yaml"])
        else {
            return;
        };
        let theirs = theirs.unwrap_or_else(|said| panic!("{text}: {said}"));
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs), "{text}");
        world.project.write("a.yaml", &text);
        let theirs = world.sops("age1", &["encrypt", "--age", &key, "a.yaml"]).unwrap();
        world.project.write("a.yaml", theirs.unwrap());
        let again = world.secret(&["decrypt", "--output-type", "json", "a.yaml"]);
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&ours), "{text}");
    }
}

/// The brackets of a section end with its name; what stands behind them is a comment, or nothing.
#[test]
fn sections_are_named_as_they_stand() {
    let world = World::new();
    let text =
        "[DEFAULT ]\na = 1\n[ DEFAULT]\nb = 1\n[a] ; c\nx = 1\n# y\n[b] z # e\nx = 1\n[ c ]\n";
    world.project.write("a.ini", text);
    world.secret(&["encrypt", "--in-place", "a.ini"]);
    let ours = world.secret(&["decrypt", "a.ini"]);
    assert!(String::from_utf8_lossy(&ours).contains("; c\n[a]\n"));
    if let Some(theirs) = world.sops("age1", &["decrypt", "a.ini"]) {
        assert_eq!(ours, theirs.unwrap());
        world.project.write("a.ini", text);
        let theirs = world.sops("age1", &["encrypt", "a.ini"]).unwrap();
        world.project.write("a.ini", theirs.unwrap());
        assert_eq!(ours, world.secret(&["decrypt", "a.ini"]));
    }
}

/// Of a dotenv file only names that begin with `sops_` are metadata.
#[test]
fn a_variable_may_be_called_sops() {
    let world = World::new();
    world.project.write("a.env", "sops=1\nA=1\n");
    world.secret(&["encrypt", "--in-place", "a.env"]);
    assert_eq!(world.secret(&["decrypt", "a.env"]), b"sops=1\nA=1\n");
    if let Some(theirs) = world.sops("age1", &["decrypt", "a.env"]) {
        assert_eq!(theirs.unwrap(), b"sops=1\nA=1\n");
    }
}

/// Messages are in logs.
#[test]
fn a_number_that_is_none_is_not_shown() {
    let world = World::new();
    for text in ["{\"pin\": 0123456789}", "{\"pin\": 4111.1111.1111}"] {
        world.project.write("a.json", text);
        let refused = world.project.envr(["secret", "encrypt", "a.json"]);
        let why = "line 1: a number is written wrongly, or too large";
        refused.stderr(&format!("envr: error: could not encrypt `a.json`: {why}\n")).failure();
    }
}

/// There would be no place for what the file says about itself.
#[test]
fn an_empty_file_is_not_encrypted() {
    let world = World::new();
    for text in ["", "# nothing\n"] {
        world.project.write("a.yaml", text);
        let refused = world.project.envr(["secret", "encrypt", "--in-place", "a.yaml"]);
        let why = "it is empty: it needs a `{}` at least";
        refused.stderr(&format!("envr: error: could not encrypt `a.yaml`: {why}\n")).failure();
        assert_eq!(world.project.read("project/a.yaml"), text);
    }
}

/// sops would take the comment for an element, and quotes that are part of the value for those around it.
#[test]
fn what_sops_would_read_otherwise_is_written_so_that_it_does_not() {
    let world = World::new();
    for (name, text, wanted) in [
        ("a.yaml", "l:\n    #\n    - x\n", "l:\n    - x\n"),
        ("a.yaml", "{}\n# one word\n", "# one word\n{}\n"),
        ("b.ini", "[s]\na = `\"x\"`\nb = `x\\`\n", "[s]\na = `\"x\"`\nb = `x\\`\n"),
    ] {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        assert_eq!(String::from_utf8(world.secret(&["decrypt", name])).unwrap(), wanted);
        let Some(theirs) = world.sops("age1", &["decrypt", "--output-type", "json", name]) else {
            return;
        };
        let ours = world.secret(&["decrypt", "--output-type", "json", name]);
        assert_eq!(String::from_utf8(theirs.unwrap()).unwrap(), String::from_utf8(ours).unwrap());
    }
}

/// What sops writes here cannot be read by anybody: lines less deep than the number says.
#[test]
fn lines_in_a_list_that_begin_with_a_space_can_be_read_back() {
    let world = World::new();
    world.project.write("a.yaml", "a: [\" x\\ny\", {b: \"\\nx\"}]\n");
    world.secret(&["encrypt", "--in-place", "a.yaml"]);
    let ours = world.secret(&["decrypt", "a.yaml"]);
    let wanted = "a:\n    - \" x\\ny\"\n    - b: \"\\nx\"\n";
    assert_eq!(String::from_utf8(ours).unwrap(), wanted);
}

/// Raw in a file of YAML, U+0085 ends a line to sops, and so do U+2028 and U+2029, which envr refuses.
#[test]
fn letters_that_end_a_line_to_sops_hide_no_entry() {
    let world = World::new();
    let key = world.key("age1");
    for form in
        ["# a{}b: c\nd: e\n", "a: b{}c: d\n", "a: \"x{} y\"\n", "a:{}  x\n", "a: |\n  b{}  c\n"]
    {
        let text = |letter| form.replace("{}", letter);
        world.project.write("a.yaml", text("\u{85}"));
        let ours = world.secret(&["encrypt", "-r", &key, "a.yaml"]);
        let Some(theirs) = world.sops("age1", &["encrypt", "--age", &key, "a.yaml"]) else {
            return;
        };
        world.project.write("ours.yaml", ours);
        world.project.write("theirs.yaml", theirs.unwrap());
        let of = |file| world.sops("age1", &["decrypt", file]).unwrap().unwrap();
        assert_eq!(of("ours.yaml"), of("theirs.yaml"), "{form}");
        assert_eq!(world.secret(&["decrypt", "theirs.yaml"]), of("theirs.yaml"), "{form}");
        for letter in ["\u{2028}", "\u{2029}"] {
            world.project.write("a.yaml", text(letter));
            let run = world.project.envr(["secret", "encrypt", "-r", &key, "a.yaml"]);
            let said = String::from_utf8(run.any_stderr().failure().stderr).unwrap();
            assert!(said.contains("it has U+2028 or U+2029: write `\\L` or `\\P`"), "{said}");
        }
    }
}

#[test]
fn a_comment_of_a_dotenv_file_becomes_no_entry_of_yaml() {
    let world = World::new();
    let key = world.key("age1");
    world.project.write("a.env", "#a\u{85}b: c\rd: e\u{2028}f: g\u{2029}h: i\r\nj=k\n");
    let encrypted = world.secret(&["encrypt", "-r", &key, "a.env"]);
    world.project.write("a.env", encrypted);
    let text = world.secret(&["decrypt", "--output-type", "yaml", "a.env"]);
    assert_eq!(String::from_utf8(text).unwrap(), "#a\n# b: c\n# d: e\n# f: g\n# h: i\nj: k\n");
}
