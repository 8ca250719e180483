//! What envr writes, the real sops reads, and the other way round.

use super::vectors::{Vectors, peer};
use crate::test::Project;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Plain files of the vectors, one for each thing that a writer can get wrong.
const PLAIN: [&str; 24] = [
    "yaml_anchors/plain.yaml",
    "yaml_basic/plain.yaml",
    "yaml_bools_nulls/plain.yaml",
    "yaml_comments/plain.yaml",
    "yaml_deep/plain.yaml",
    "yaml_inf_nan/plain.yaml",
    "yaml_keys_special/plain.yaml",
    "yaml_large/plain.yaml",
    "yaml_multidoc/plain.yaml",
    "yaml_multiline/plain.yaml",
    "yaml_nested/plain.yaml",
    "yaml_numbers/plain.yaml",
    "yaml_tags/plain.yaml",
    "yaml_times/plain.yaml",
    "yaml_unicode/plain.yaml",
    "json_dupkeys/plain.json",
    "json_flat/plain.json",
    "json_unicode/plain.json",
    "env_basic/plain.env",
    "env_quirks/plain.env",
    "ini_basic/plain.ini",
    "ini_quirks/plain.ini",
    "bin_random/plain.bin",
    "bin_text/plain.txt",
];

pub struct World {
    pub project: Project,
    vectors: Vectors,
    sops: Option<PathBuf>,
}

impl World {
    pub fn new() -> Self {
        let vectors = Vectors::new();
        let project = Project::new().env("SOPS_AGE_KEY_FILE", vectors.path("keys/age1.txt"));
        let world = Self { project, vectors, sops: peer("sops") };
        let key = world.key("age1");
        world.project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n"));
        world
    }

    pub fn key(&self, name: &str) -> String {
        self.vectors.manifest["age"][name].as_str().unwrap().to_string()
    }

    #[track_caller]
    pub fn secret(&self, arguments: &[&str]) -> Vec<u8> {
        let run = self.project.envr([&["secret"], arguments].concat());
        run.any_stdout().success().stdout
    }

    #[track_caller]
    pub fn set(&self, arguments: &[&str], value: &str) {
        self.project.envr([&["secret", "set"], arguments].concat()).stdin(value).success();
    }

    /// The real sops in the project, with a key; `None` where it is not installed.
    pub fn sops(&self, key: &str, arguments: &[&str]) -> Option<Result<Vec<u8>, String>> {
        let output = Command::new(self.sops.as_ref()?)
            .args(arguments)
            .current_dir(self.project.path("project"))
            .env_clear()
            .env("HOME", self.project.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .env("SOPS_AGE_KEY_FILE", self.vectors.path(&format!("keys/{key}.txt")))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Some(if output.status.success() { Ok(output.stdout) } else { Err(said) })
    }

    /// Lines that hold a value of their own.
    fn lines(&self, file: &str) -> Vec<String> {
        let text = self.project.read(&format!("project/{file}"));
        text.lines()
            .filter(|line| line.contains("ENC[") && !line.contains("mac:"))
            .map(ToString::to_string)
            .collect()
    }
}

#[test]
fn sops_reads_what_envr_encrypts() {
    let world = World::new();
    for plain in PLAIN {
        let (case, name) = plain.split_once('/').unwrap();
        let path = format!("cases/{plain}");
        if !world.vectors.path(&path).exists() {
            continue;
        }
        world.project.write(name, world.vectors.read(&path));
        world.secret(&["encrypt", "--in-place", name]);
        let ours = world.secret(&["decrypt", name]);
        if let Some(theirs) = world.sops("age1", &["decrypt", name]) {
            let theirs = theirs.unwrap_or_else(|said| panic!("{case}: {said}"));
            let expected = world.vectors.read(&path.replace("plain", "out"));
            assert_eq!(
                String::from_utf8_lossy(&theirs),
                String::from_utf8_lossy(&expected),
                "{case}"
            );
        }
        assert!(!ours.is_empty(), "{case}");
    }
}

#[test]
fn a_value_that_is_set_changes_no_other() {
    let world = World::new();
    world.project.write("s.yaml", world.vectors.read("cases/yaml_basic/enc.yaml"));
    let before = world.lines("s.yaml");
    world.set(&["s.yaml", "new.name"], "first\n");
    world.set(&["s.yaml", "port"], "other");
    world.set(&["--json", "s.yaml", "list"], "[1, {\"a\": null}, 1.50, \"x\"]");
    let after = world.lines("s.yaml");
    assert_eq!(before.iter().filter(|line| after.contains(line)).count(), before.len() - 1);
    assert_eq!(world.secret(&["get", "s.yaml", "new.name"]), b"first");
    assert_eq!(world.secret(&["get", "s.yaml", "[\"list\"][3]"]), b"x");
    if let Some(theirs) = world.sops("age1", &["decrypt", "--extract", "[\"list\"][2]", "s.yaml"]) {
        assert_eq!(String::from_utf8(theirs.unwrap()).unwrap().trim(), "1.5");
    }
    world.secret(&["unset", "s.yaml", "list.0"]);
    assert_eq!(world.secret(&["get", "s.yaml", "list.2"]), b"x");
    world
        .project
        .envr(["secret", "unset", "s.yaml", "none"])
        .stderr("envr: error: could not change `s.yaml`: there is no `none` in it\n")
        .failure();
}

#[test]
fn envr_reads_what_sops_changes() {
    let world = World::new();
    world.project.write("s.yaml", world.vectors.read("cases/yaml_basic/enc.yaml"));
    world.set(&["s.yaml", "ours"], "1");
    let Some(set) = world.sops("age1", &["set", "s.yaml", "[\"theirs\"]", "\"2\""]) else { return };
    set.unwrap();
    assert_eq!(world.secret(&["get", "s.yaml", "ours"]), b"1");
    assert_eq!(world.secret(&["get", "s.yaml", "theirs"]), b"2");
    world.sops("age1", &["rotate", "-i", "s.yaml"]).unwrap().unwrap();
    assert_eq!(world.secret(&["get", "s.yaml", "theirs"]), b"2");
}

#[test]
fn recipients_come_and_go() {
    let world = World::new();
    world.project.write("s.yaml", world.vectors.read("cases/yaml_basic/enc.yaml"));
    let before = world.lines("s.yaml");
    let ssh = world.vectors.manifest["ssh"]["ed25519"].as_str().unwrap().to_string();
    world.secret(&["recipients", "add", "s.yaml", &world.key("age2"), &format!("no-pty {ssh}")]);
    assert_eq!(world.lines("s.yaml"), before, "the values are as they were");
    let listed = String::from_utf8(world.secret(&["recipients", "list", "s.yaml"])).unwrap();
    assert_eq!(
        listed,
        format!("age {}\nage {}\nage {ssh}\n", world.key("age1"), world.key("age2"))
    );
    if let Some(theirs) = world.sops("age2", &["decrypt", "s.yaml"]) {
        theirs.unwrap();
    }
    world.secret(&["recipients", "remove", "s.yaml", &world.key("age2")]);
    assert!(world.lines("s.yaml").iter().all(|line| !before.contains(line)), "another key");
    if let Some(theirs) = world.sops("age2", &["decrypt", "s.yaml"]) {
        theirs.unwrap_err();
    }
    world.secret(&["updatekeys", "s.yaml"]);
    let listed = String::from_utf8(world.secret(&["recipients", "list", "s.yaml"])).unwrap();
    assert_eq!(listed, format!("age {}\n", world.key("age1")));
    let said = world.project.envr(["secret", "recipients", "add", "s.yaml", "nobody"]).any_stderr();
    let said = String::from_utf8(said.failure().stderr).unwrap();
    assert!(
        said.contains("`nobody` is no age key, ssh key, PGP fingerprint, ARN or file of them"),
        "{said}"
    );
}

#[test]
fn a_new_key_for_all_values() {
    let world = World::new();
    for file in [
        "groups_2of2_age/enc.yaml",
        "env_quirks/enc.env",
        "ini_basic/enc.ini",
        "json_types/enc.json",
    ] {
        let name = file.split_once('/').unwrap().1;
        world.project.write(name, world.vectors.read(&format!("cases/{file}")));
        let run = |arguments: &[&str]| {
            let run = world.project.envr([&["secret"], arguments, &[name]].concat());
            run.env("SOPS_AGE_KEY_FILE", world.vectors.path("keys/age12.txt"))
                .any_stdout()
                .success()
                .stdout
        };
        let (text, before) = (run(&["decrypt"]), world.project.read(&format!("project/{name}")));
        run(&["rotate"]);
        assert_eq!(run(&["decrypt"]), text, "{file}");
        assert_ne!(world.project.read(&format!("project/{name}")), before);
        if let Some(theirs) = world.sops("age12", &["decrypt", name]) {
            assert_eq!(theirs.unwrap(), text, "{file}");
        }
    }
}

#[test]
fn the_rules_say_for_whom() {
    let world = World::new();
    let rules = world.vectors.read("rules/expect.json");
    let rules: Vec<serde_json::Value> = serde_json::from_slice(&rules).unwrap();
    world.project.write(".sops.yaml", world.vectors.read("rules/.sops.yaml"));
    assert!(rules.len() >= 8);
    for rule in rules {
        let path = rule["path"].as_str().unwrap();
        let texts = |kind: &str| {
            rule[kind]
                .as_array()
                .into_iter()
                .flatten()
                .map(|text| text.as_str().unwrap().to_string())
                .collect::<Vec<_>>()
        };
        if !texts("pgp").is_empty() || !texts("kms").is_empty() || path.contains("groups") {
            continue;
        }
        world.project.write(path, world.vectors.read(&format!("rules/{path}")));
        world.secret(&["encrypt", "--in-place", path]);
        let listed = String::from_utf8(world.secret(&["recipients", "list", path])).unwrap();
        let wanted =
            texts("age").iter().fold(String::new(), |lines, key| lines + "age " + key + "\n");
        assert_eq!(listed, wanted, "{path}");
        let text = world.project.read(&format!("project/{path}"));
        for (name, value) in rule["rule"].as_object().unwrap() {
            assert!(
                text.contains(name.as_str()) && text.contains(value.as_str().unwrap()),
                "{path}"
            );
        }
    }
}

#[test]
fn what_is_edited_lies_in_memory_and_is_gone_afterwards() {
    let world = World::new();
    world.project.write("s.yaml", world.vectors.read("cases/yaml_basic/enc.yaml"));
    world.project.write_program("ed", "#!/bin/sh\necho \"$1\" >\"$HOME/where\"\nstat -c %a \"$1\" >>\"$HOME/where\"\necho 'edited: yes' >>\"$1\"\n");
    world.project.envr(["secret", "edit", "s.yaml"]).env("EDITOR", "ed").success();
    assert_eq!(world.secret(&["get", "s.yaml", "edited"]), b"yes");
    let said = world.project.read("home/where");
    let [file, mode] = said.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(file.starts_with("/dev/shm/envr-") && file.ends_with("/s.yaml"), "{file}");
    assert!(mode == "600" && !Path::new(file).parent().unwrap().exists());
    let text = world.project.read("project/s.yaml");
    world
        .project
        .envr(["secret", "edit", "s.yaml"])
        .env("EDITOR", "true")
        .stderr("envr: `s.yaml` is as it was\n")
        .success();
    world
        .project
        .envr(["secret", "edit", "s.yaml"])
        .env("EDITOR", "false")
        .stderr("envr: error: could not edit `s.yaml`: `false` failed, nothing was changed\n")
        .failure();
    assert_eq!(world.project.read("project/s.yaml"), text);
}

#[test]
fn what_cannot_be_written_is_left_as_it_was() {
    let world = World::new();
    world.project.write("s.yaml", world.vectors.read("cases/yaml_basic/enc.yaml"));
    for (arguments, value, reason) in [
        (
            &["set", "s.yaml", "sops.mac"][..],
            "x",
            "could not change `s.yaml`: `sops` is a name of its metadata",
        ),
        (
            &["set", "s.yaml", "port.deep"],
            "x",
            "could not change `s.yaml`: `deep` would stand in a value that is no map",
        ),
        (&["set", "--json", "s.yaml", "a"], "{", "could not read the value: it is no JSON"),
        (&["encrypt", "s.yaml"], "", "could not encrypt `s.yaml`: it is encrypted already"),
        (
            &["set", "none.yaml", "a"],
            "x",
            "could not change `none.yaml`: could not read `none.yaml`: no such file or directory\nenvr: hint: envr secret edit none.yaml",
        ),
    ] {
        let message = format!("envr: error: {reason}\n");
        let run = world.project.envr([&["secret"], arguments].concat());
        run.stdin(value).stderr(&message).failure();
    }
    assert_eq!(
        world.project.read("project/s.yaml").as_bytes(),
        world.vectors.read("cases/yaml_basic/enc.yaml")
    );
}

#[test]
fn changes_at_the_same_time_are_all_made() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let world = &world;
            scope.spawn(move || world.set(&["s.yaml", &format!("k{number}")], "x"));
        }
    });
    let names = String::from_utf8(world.secret(&["list", "s.yaml"])).unwrap();
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"]);
}

#[test]
fn an_editor_takes_no_change_back_that_was_made_meanwhile() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let script = "#!/bin/sh\necho 'a: 2' >\"$1\"\necho x | \"$ENVR\" secret set s.yaml b\n";
    world.project.write_program("slow", script);
    let edit = world.project.envr(["secret", "edit", "s.yaml"]).env("EDITOR", "slow");
    edit.env("ENVR", crate::test::ENVR)
        .stderr(
            "envr: error: could not edit `s.yaml`: it was changed meanwhile, and is left as it is now\n",
        )
        .failure();
    assert_eq!(world.secret(&["decrypt", "s.yaml"]), b"a: 1\nb: x\n");
}

#[test]
fn standard_input_is_a_file_that_cannot_be_changed() {
    let world = World::new();
    let run = |arguments: &[&str], text: &[u8]| {
        world.project.envr([&["secret"], arguments].concat()).stdin(text).any_stdout().any_stderr()
    };
    let encrypted = run(&["encrypt", "--input-type", "yaml", "-"], b"a: 1\n").success().stdout;
    for name in ["-", "/dev/stdin"] {
        let text = run(&["decrypt", "--input-type", "yaml", name], &encrypted).success().stdout;
        assert_eq!(text, b"a: 1\n");
        let refused = run(&["unset", "--input-type", "yaml", name, "a"], &encrypted).failure();
        let said = String::from_utf8(refused.stderr).unwrap();
        let why = "standard input is no file that can be changed";
        assert_eq!(said, format!("envr: error: could not change `{name}`: {why}\n"));
    }
    assert!(!world.project.path("project/-").exists());
}

/// It is read back without its fraction.
#[test]
fn a_number_that_nobody_edited_keeps_its_ciphertext() {
    let world = World::new();
    world.project.write("s.yaml", "a: 5.0\nb: 1e6\nc: x\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let lines = || {
        let text = world.project.read("project/s.yaml");
        text.lines().take(2).map(ToString::to_string).collect::<Vec<_>>()
    };
    let before = lines();
    world.project.write_program("ed", "#!/bin/sh\necho 'd: new' >>\"$1\"\n");
    world.project.envr(["secret", "edit", "s.yaml"]).env("EDITOR", "ed").success();
    assert_eq!(world.secret(&["get", "s.yaml", "d"]), b"new");
    assert_eq!(lines(), before);
}

#[test]
fn the_indentation_is_that_of_the_rules() {
    let world = World::new();
    let yaml = "a:\n  b:\n  - x\n  - y: 1\n    z: |\n      foo\n      bar\n  - - q\n    - r\n  c: |2\n     x\n    y\n";
    let json = "{\"a\": {\"b\": [1, {\"c\": 2}]}, \"e\": [], \"f\": {}}";
    let key = world.key("age1");
    let both = [world.key("age2"), world.key("age1")].join(",");
    let print = |text: Vec<u8>| String::from_utf8(text).unwrap();
    for (step, json_step) in [(0, 0), (1, 1), (2, 2), (3, 3), (6, 8), (9, 9), (12, 12)] {
        let stores = format!(
            "stores:\n  yaml: {{indent: {step}}}\n  json: {{indent: {json_step}}}\n  json_binary: {{indent: {json_step}}}\n"
        );
        let rules = |keys: &str| format!("creation_rules:\n  - age: {keys}\n{stores}");
        world.project.write(".sops.yaml", rules(&key));
        for (name, text) in [("a.yaml", yaml), ("a.json", json), ("a.bin", "x")] {
            world.project.write(name, text);
            world.secret(&["encrypt", "--in-place", name]);
            if name != "a.bin" {
                world.project.envr(["secret", "set", name, "new"]).stdin("value").success();
            }
            world.project.write(".sops.yaml", rules(&both));
            world.secret(&["updatekeys", name]);
            world.project.write(".sops.yaml", rules(&key));
            let ours = world.project.read(&format!("project/{name}"));
            let printed = print(world.secret(&["decrypt", name]));
            let Some(theirs) = world.sops("age1", &["decrypt", name]) else { continue };
            assert_eq!(printed, print(theirs.unwrap()), "{name} {step}");
            world.sops("age1", &["rotate", "--in-place", name]).unwrap().unwrap();
            let theirs = world.project.read(&format!("project/{name}"));
            let starts = |text: &str| {
                let start = |line: &str| line.len() - line.trim_start().len();
                let mut starts: Vec<usize> = text.lines().map(start).collect();
                // The key of an age file has more lines at one time than at another.
                starts.dedup();
                starts
            };
            assert_eq!(starts(&ours), starts(&theirs), "{name} {step}");
        }
    }
}

#[test]
fn an_indentation_that_is_none_is_a_mistake() {
    let world = World::new();
    world.project.write("a.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "a.yaml"]);
    for indent in ["x", "-1", "1000000"] {
        let rules = format!("stores: {{json: {{indent: {indent}}}}}\n");
        world.project.write(".sops.yaml", rules);
        let run = world.project.envr(["secret", "set", "a.yaml", "b"]).stdin("x").any_stderr();
        let said = String::from_utf8(run.failure().stderr).unwrap();
        assert!(said.contains("the `indent` of `json` is no number up to 64"), "{said}");
        assert_eq!(world.secret(&["decrypt", "a.yaml"]), b"a: 1\n");
    }
}

/// As of a process that was killed while it wrote.
#[test]
fn what_a_killed_writer_left_is_removed() {
    let world = World::new();
    world.project.write("a.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "a.yaml"]);
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let own = std::process::id();
    let [left, kept, others] = [
        format!(".a.yaml.envr-{}", gone.id()),
        format!(".a.yaml.envr-{own}"),
        format!(".b.yaml.envr-{}", gone.id()),
    ];
    for name in [&left, &kept, &others] {
        world.project.write(name, "half");
    }
    world.project.envr(["secret", "set", "a.yaml", "b"]).stdin("x").success();
    let is_there = |name: &str| world.project.path("project").join(name).exists();
    assert_eq!([&left, &kept, &others].map(|name| is_there(name)), [false, true, true]);
}

#[test]
fn an_editor_is_not_opened_for_what_could_not_be_encrypted() {
    let world = World::new();
    world.project.write_program("ed", "#!/bin/sh\necho opened >\"$HOME/where\"\n");
    world.project.remove(".sops.yaml");
    world
        .project
        .envr(["secret", "edit", "s.yaml"])
        .env("EDITOR", "ed")
        .stderr(
            "envr: error: could not edit `s.yaml`: no `.sops.yaml` says for whom\nenvr: hint: envr secret init\n",
        )
        .failure();
    assert!(!world.project.path("home/where").exists());
}
