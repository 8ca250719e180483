//! What `envr secret` says about files that are not what it wants, what it writes none of, and what else names a file.

use super::writing::World;
use crate::test::has;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

#[test]
fn a_missing_or_plain_file_is_told_with_what_to_type() {
    let world = World::new();
    world.project.write("p.yaml", "a: 1\n");
    world.project.write("p.env.prod", "a=1\n");
    world.project.write("it's.yaml", "a: 1\n");
    let verbs: [&[&str]; 8] = [
        &["get", "FILE", "a"],
        &["set", "FILE", "a"],
        &["unset", "FILE", "a"],
        &["list", "FILE"],
        &["env", "FILE"],
        &["decrypt", "FILE"],
        &["rotate", "FILE"],
        &["recipients", "list", "FILE"],
    ];
    for verb in verbs {
        let said = |file: &str| {
            let words = verb.iter().map(|word| if *word == "FILE" { file } else { word });
            let run = world.project.envr(std::iter::once("secret").chain(words)).stdin("x");
            String::from_utf8(run.any_stderr().failure().stderr).unwrap()
        };
        let missing = said("n.yaml");
        let why = "could not read `n.yaml`: no such file or directory\nenvr: hint: envr secret edit n.yaml\n";
        assert!(missing.ends_with(why), "{verb:?}: {missing}");
        for (file, hints) in [
            ("p.yaml", "envr: hint: envr secret encrypt --in-place p.yaml\n"),
            ("it's.yaml", "envr: hint: envr secret encrypt --in-place 'it'\\''s.yaml'\n"),
            (
                "p.env.prod",
                "envr: hint: envr secret encrypt --in-place --input-type dotenv p.env.prod\n",
            ),
        ] {
            let plain = said(file);
            let why = format!("it has no sops metadata: it is not encrypted\n{hints}");
            assert!(plain.ends_with(&why), "{verb:?}: {plain}");
        }
    }
}

/// What is encrypted already is not encrypted once more, as one value.
#[test]
fn a_file_whose_name_does_not_say_its_type_is_told() {
    let world = World::new();
    for (name, text, others) in [
        ("s.yaml", "a: 1\n", &["s.enc", "s.json"][..]),
        ("s.env", "a=1\n", &["s.env.prod", "t.yaml"]),
        ("s.ini", "[a]\nb = 1\n", &["s.conf", "u.env"]),
        ("s.json", "{\"a\": 1}", &["v.ini"]),
    ] {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        let held = world.project.read(&format!("project/{name}"));
        let format = format_of(name);
        for other in others {
            world.project.write(other, &held);
            for verb in [&["get", other, "a"][..], &["encrypt", "--in-place", other]] {
                let run = world.project.envr([&["secret"], verb].concat()).any_stderr();
                let said = String::from_utf8(run.failure().stderr).unwrap();
                let hint =
                    format!("and its name does not say so\nenvr: hint: --input-type {format}\n");
                assert!(said.ends_with(&hint), "{name} as {other}: {said}");
            }
            assert_eq!(world.project.read(&format!("project/{other}")), held);
            world.secret(&["decrypt", "--input-type", format, other]);
        }
    }
}

fn format_of(name: &str) -> &str {
    match name.rsplit('.').next() {
        Some("env") => "dotenv",
        Some(ending) => ending,
        None => name,
    }
}

/// As with sops, its type and the rule for it go by the other name.
#[test]
fn standard_input_is_encrypted_as_the_file_that_it_is_to_be() {
    let world = World::new();
    let [first, second] = [world.key("age1"), world.key("age2")];
    let rules = format!(
        "creation_rules:\n  - path_regex: prod/.*\\.yaml$\n    age: {second}\n    encrypted_regex: ^s\n  - age: {first}\n"
    );
    world.project.write(".sops.yaml", rules);
    let encrypt = ["secret", "encrypt", "--filename-override", "prod/a.yaml", "-"];
    let run = world.project.envr(encrypt).stdin("secret: x\nplain: z\n");
    let text = run.any_stdout().success().stdout;
    world.project.write("a.enc", &text);
    let listed = ["recipients", "list", "--filename-override", "a.yaml", "a.enc"];
    assert_eq!(world.secret(&listed), format!("age {second}\n").into_bytes());
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\nplain: z\n") && text.starts_with("secret: ENC["), "{text}");
    let print = ["decrypt", "--filename-override", "a.yaml", "a.enc"];
    if let Some(theirs) = world.sops("age2", &print) {
        assert_eq!(theirs.unwrap(), b"secret: x\nplain: z\n");
    }
}

#[test]
fn pipes_of_a_shell_are_files_keys_and_input() {
    if !has("bash") {
        return;
    }
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let key = world.project.variables()["SOPS_AGE_KEY_FILE".as_ref() as &std::ffi::OsStr].clone();
    for script in [
        "SOPS_AGE_KEY_FILE=<(cat \"$KEY\") \"$ENVR\" secret decrypt s.yaml",
        "\"$ENVR\" secret decrypt --identity <(cat \"$KEY\") s.yaml",
        "SOPS_AGE_KEY_FILE=$KEY \"$ENVR\" secret decrypt --input-type yaml <(cat s.yaml)",
        "exec 7<s.yaml; SOPS_AGE_KEY_FILE=$KEY \"$ENVR\" secret decrypt --input-type yaml /dev/fd/7",
    ] {
        let mut bash = Command::new("bash");
        bash.args(["-c", script]).current_dir(world.project.path("project")).env_clear();
        bash.envs(world.project.variables()).env_remove("SOPS_AGE_KEY_FILE").env("KEY", &key);
        let output = bash.env("ENVR", crate::test::ENVR).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, b"a: 1\n", "{script}: {said}");
    }
}

#[test]
fn a_name_of_a_dotenv_file_may_stand_in_brackets() {
    let world = World::new();
    world.project.write("s.env", "A=1\nB.C=2\n");
    world.secret(&["encrypt", "--in-place", "s.env"]);
    let set = world.project.envr(["secret", "set", "s.env", "[\"A\"]"]).stdin("3");
    set.success();
    assert_eq!(world.secret(&["decrypt", "s.env"]), b"A=3\nB.C=2\n");
    assert_eq!(world.secret(&["get", "s.env", "[\"A\"]"]), b"3");
    assert_eq!(world.secret(&["get", "s.env", "B.C"]), b"2");
    world.secret(&["unset", "s.env", "[\"A\"]"]);
    assert_eq!(world.secret(&["list", "s.env"]), b"B.C\n");
}

#[test]
fn many_lines_of_comments_are_read() {
    let world = World::new();
    let text = format!("a:\n{}    b: 1\n", "    # c\n".repeat(300));
    world.project.write("a.yaml", &text);
    world.secret(&["encrypt", "--in-place", "a.yaml"]);
    assert_eq!(world.secret(&["decrypt", "a.yaml"]), text.as_bytes());
}

#[test]
fn fingerprints_are_taken_as_gpg_prints_them() {
    let world = World::new();
    world.project.write_program(
        "gpg",
        "#!/bin/sh\nprintf '%s ' \"$@\" >>\"$HOME/asked\"\ncat >/dev/null\necho message\n",
    );
    world.project.write("a.yaml", "a: 1\n");
    let spaced = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567";
    let prefixed = "0x0123456789ABCDEF0123456789ABCDEF01234567";
    world.secret(&["encrypt", "-r", spaced, "a.yaml"]);
    world.secret(&["encrypt", "-r", prefixed, "a.yaml"]);
    world.project.write(".sops.yaml", format!("creation_rules:\n  - pgp: '{spaced},{prefixed}'\n"));
    world.secret(&["encrypt", "a.yaml"]);
    let asked = world.project.read("home/asked");
    assert_eq!(asked.matches("-r 0123456789ABCDEF0123456789ABCDEF01234567 ").count(), 4, "{asked}");
}

/// It is passed over with the reason, not as another key.
#[test]
fn a_key_under_a_passphrase_is_told_as_that_where_nobody_can_type_it() {
    if !(has("setsid") && has("ssh-keygen")) {
        return;
    }
    let world = World::new();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "fixture", "-f"])
        .arg(world.project.path("home/locked"))
        .status();
    assert!(made.unwrap().success());
    world.project.write("a.yaml", "a: 1\n");
    let public = world.project.path("home/locked.pub");
    world.secret(&["encrypt", "--in-place", "-r", public.to_str().unwrap(), "a.yaml"]);
    let output = Command::new("setsid")
        .args(["--wait", crate::test::ENVR, "secret", "decrypt", "a.yaml"])
        .current_dir(world.project.path("project"))
        .env_clear()
        .envs(world.project.variables())
        .env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", world.project.path("home/locked"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let why =
        "of `SOPS_AGE_SSH_PRIVATE_KEY_FILE`: it needs a passphrase, and nobody is here to type it";
    assert!(said.contains(why), "{said}");
}

/// What is pressed at the question ends the question, whoever goes on with the terminal.
#[test]
fn a_question_that_is_given_up_leaves_the_terminal_as_it_was() {
    if !has("script") {
        return;
    }
    let world = World::new();
    world.project.write("s.yaml", "t: x\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let envr = env!("CARGO_BIN_EXE_envr");
    for (typed, set) in [
        (&b"hel\x03"[..], "x"),
        (b"hel\x1c", "x"),
        (b"\x04", "x"),
        (b"no\x15y\xc3\xa9\x7fes\n", "yes"),
        (b"ye\xc3\xa9\x7fs\x04", "yes"),
    ] {
        let shell = format!(
            "trap : INT QUIT; stty -a | grep -o -- '-*\\(echo\\|isig\\|icanon\\)\\b'; {envr} secret set s.yaml t; stty -a | grep -o -- '-*\\(echo\\|isig\\|icanon\\)\\b'; echo end"
        );
        let mut script = world.project.program("timeout");
        script.args(["60", "script", "--quiet", "--command", &shell, "/dev/null"]);
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut shown = Vec::new();
        let (mut stdin, mut stdout) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let mut until = |wanted: &[u8]| {
            while !shown.windows(wanted.len()).any(|part| part == wanted) {
                let mut byte = [0];
                stdout.read_exact(&mut byte).unwrap();
                shown.push(byte[0]);
            }
        };
        until(b"Value of t: ");
        stdin.write_all(typed).unwrap();
        until(b"end\r\n");
        let shown = String::from_utf8_lossy(&shown).replace('\r', "");
        let modes: Vec<&str> = shown
            .lines()
            .filter(|line| {
                line.trim_start_matches('-').starts_with(['e', 'i']) && !line.starts_with("en")
            })
            .collect();
        assert_eq!(modes, ["isig", "icanon", "echo", "isig", "icanon", "echo"], "{shown}");
        assert!(!shown.contains("hel") && !shown.contains("yes"), "{shown}");
        drop(stdin);
        script.wait().unwrap();
        assert_eq!(world.secret(&["get", "s.yaml", "t"]), set.as_bytes());
    }
}
