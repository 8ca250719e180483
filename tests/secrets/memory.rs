//! What a large file costs: never more than three times its size.

use super::vectors::Vectors;
use crate::test::{ENVR, Project};
use std::fmt::Write as _;
use std::io::Read as _;
use std::process::{Command, Stdio};

/// In bytes, before they are encrypted.
const LARGE: usize = 15 << 20;
/// Values of a few words.
const MANY: usize = 110_000;

#[test]
fn a_large_file_takes_three_times_its_size_at_most() {
    let vectors = Vectors::new();
    let project = Project::new().env("SOPS_AGE_KEY_FILE", vectors.path("keys/age1.txt"));
    let key = vectors.manifest["age"]["age1"].as_str().unwrap();
    project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n"));
    let one = "0123456789abcdef".repeat(LARGE / 16);
    let many = |between: &str| {
        (0..MANY).fold(String::new(), |mut text, index| {
            _ = writeln!(text, "value_number_{index}{between}some text of {index}");
            text
        })
    };
    let files = [
        // More than a pipe holds.
        ("small.yaml", format!("a: {}\n", &one[..200_000])),
        ("one.yaml", format!("a: {one}\n")),
        ("many.yaml", many(": ")),
        ("many.env", many("=")),
        ("many.ini", many(" = ")),
    ];
    let mut program = 0;
    for (name, text) in files {
        project.write(name, text);
        project.envr(["secret", "encrypt", "--in-place", name]).success();
        let size = project.path("project").join(name).metadata().unwrap().len();
        let peak = peak_of(&project, name);
        // The program itself, which a test's build makes large.
        if program == 0 {
            program = peak;
            continue;
        }
        assert!(size > 16_000_000, "{name} has {size} bytes");
        let times = (peak - program) * 100 / size;
        assert!(times <= 300, "{name}: {times} % of {size} bytes");
    }
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
