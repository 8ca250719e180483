//! What a large file costs: never more than three times its size.

use super::vectors::Vectors;
use crate::test::{ENVR, Project};
use std::io::Read as _;
use std::process::{Command, Stdio};

/// In bytes, before they are encrypted.
const LARGE: usize = 3 << 20;
/// Values of a letter or a few.
const MANY: usize = 25_000;

/// Of each file, when it is decrypted: less than three times its size.
fn check(files: &[(&str, String)]) {
    check_by("", 290, files);
}

/// Of each file by a rule, in hundredths of its size.
fn check_by(rule: &str, most: u64, files: &[(&str, String)]) {
    let vectors = Vectors::new();
    let project = Project::new().env("SOPS_AGE_KEY_FILE", vectors.path("keys/age1.txt"));
    let key = vectors.manifest["age"]["age1"].as_str().unwrap();
    project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n{rule}"));
    // More than a pipe holds: what is taken is the program itself, which a test's build makes large.
    project.write("small.yaml", format!("a: {}\n", "x".repeat(200_000)));
    project.envr(["secret", "encrypt", "--in-place", "small.yaml"]).success();
    // How much of the program itself is in memory differs from run to run.
    let program = (0..3).map(|_| peak_of(&project, "small.yaml")).max().unwrap();
    for (name, text) in files {
        project.write(name, text);
        project.envr(["secret", "encrypt", "--in-place", name]).success();
        let size = project.path("project").join(name).metadata().unwrap().len();
        assert!(size > 800_000, "{name} has {size} bytes");
        let times = |_| peak_of(&project, name).saturating_sub(program) * 100 / size;
        let least = (0..3).map(times).find(|times| *times <= most);
        assert!(least.is_some(), "{name}: more than {most} % of {size} bytes");
    }
}

fn many(count: usize, between: &str, of: impl Fn(usize) -> String) -> String {
    (0..count).map(of).collect::<Vec<_>>().join(between)
}

#[test]
fn yaml_takes_three_times_its_size_at_most() {
    check(&[
        ("one.yaml", format!("a: {}\n", "0123456789abcdef".repeat(LARGE / 16))),
        ("lines.yaml", format!("a: |\n{}", "  0123456789abcdef\n".repeat(LARGE / 16))),
        ("values.yaml", many(MANY, "", |index| format!("k{index}: {}\n", index % 10))),
        ("maps.yaml", many(MANY, "", |index| format!("m{index}:\n  a: x\n"))),
        ("deep.yaml", many(MANY / 2, "", |index| format!("m{index}:\n a:\n  b:\n   c: 1\n"))),
        ("list.yaml", format!("l:\n{}", many(MANY, "", |_| "- true\n".to_string()))),
        ("lists.yaml", format!("l:\n{}", many(MANY, "", |_| "- [1]\n".to_string()))),
        ("comments.yaml", many(MANY / 2, "", |index| format!("a{index}: 1 # {index}\n"))),
    ]);
}

#[test]
fn json_takes_three_times_its_size_at_most() {
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    check(&[
        ("one.json", format!("{{\"a\":\"{}\"}}", "0123456789abcdef".repeat(LARGE / 16))),
        ("escapes.json", format!("{{\"a\":\"{}\"}}", "\\n".repeat(LARGE))),
        ("values.json", format!("{{{}}}", many(MANY, ",", |index| format!("\"k{index}\":true")))),
        (
            "maps.json",
            format!("{{{}}}", many(MANY, ",", |index| format!("\"m{index}\":{{\"a\":1}}"))),
        ),
        ("lists.json", format!("{{\"l\":[{}]}}", many(MANY, ",", |_| "[1]".to_string()))),
        (
            "deep.json",
            format!("{{{}}}", many(MANY / 100, ",", |index| format!("\"m{index}\":{deep}"))),
        ),
    ]);
}

#[test]
fn flat_files_take_three_times_their_size_at_most() {
    check(&[
        ("one.env", format!("a={}\n", "0123456789abcdef".repeat(LARGE / 16))),
        ("lines.env", format!("a={}\n", "0123456\\n".repeat(LARGE / 8))),
        ("values.env", many(MANY, "", |index| format!("k{index}=1\n"))),
        ("comments.env", many(MANY, "", |index| format!("#{index}\n"))),
        ("one.ini", format!("a = {}\n", "0123456789abcdef".repeat(LARGE / 16))),
        ("values.ini", many(MANY, "", |index| format!("k{index} = 1\n"))),
        ("sections.ini", many(MANY, "", |index| format!("[s{index}]\na = 1\n"))),
        ("comments.ini", many(MANY / 2, "", |index| format!("; {index}\nk{index} = 1\n"))),
        ("binary", "\0".repeat(LARGE)),
    ]);
}

/// What is short in the file is not in memory.
#[test]
fn values_in_the_clear_take_ten_times_their_size_at_most() {
    let many = |between, of: fn(usize) -> String| many(4 * MANY, between, of);
    check_by(
        "    encrypted_regex: ^zz\n",
        1000,
        &[
            ("numbers.yaml", many("", |index| format!("k{index}: 1\n"))),
            ("list.json", format!("{{\"l\":[{}]}}", many(",", |_| "null".to_string()))),
            ("values.env", many("", |index| format!("k{index}=1\n"))),
        ],
    );
}

/// Of memory, in bytes, until the first of the answer is read: for what is behind it the program waits.
fn peak_of(project: &Project, name: &str) -> u64 {
    let mut child = Command::new(ENVR)
        .args(["secret", "decrypt", name])
        .current_dir(project.path("project"))
        .env_clear()
        .envs(project.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    line.unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
