//! What envr prints of a file that the real sops wrote, letter by letter as sops prints it.

use super::writing::World;

const PLAIN: [(&str, &str); 4] = [
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
    ("d.env", "A=\"x\"\n# a comment\nB=two\\nlines\n"),
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

/// What sops writes here cannot be read by anybody: lines less deep than the number says.
#[test]
fn lines_in_a_list_that_begin_with_a_space_can_be_read_back() {
    let world = World::new();
    world.project.write("a.yaml", "a: [\" x\\ny\", {b: \"\\n\"}]\n");
    world.secret(&["encrypt", "--in-place", "a.yaml"]);
    let ours = world.secret(&["decrypt", "a.yaml"]);
    let wanted = "a:\n    - \" x\\ny\"\n    - b: \"\\n\"\n";
    assert_eq!(String::from_utf8(ours).unwrap(), wanted);
}
