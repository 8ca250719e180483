//! Files that were made to take all memory or time: each stops at a limit that the message states.

use crate::test::Project;
use std::fmt::Write as _;

#[track_caller]
fn check(name: &str, content: &str, reason: &str) {
    let project = Project::new();
    project.write(name, content);
    let message = format!("envr: error: could not decrypt `{name}`: {reason}\n");
    project.envr(["secret", "decrypt", name]).stderr(&message).failure();
}

#[test]
fn aliases_that_multiply() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for level in 1..9 {
        let previous = level - 1;
        let aliases = vec![format!("*a{previous}"); 10].join(", ");
        _ = writeln!(text, "a{level}: &a{level} [{aliases}]");
    }
    check("s.yaml", &text, "line 5: its aliases add more than 100000 values");
}

#[test]
fn depth() {
    let yaml = format!("a: {}{}\n", "[".repeat(220), "]".repeat(220));
    check("s.yaml", &yaml, "line 1: it is nested deeper than 200 levels");
    let json = format!("{{\"a\": {}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    check("s.json", &json, "line 1: it is nested deeper than 200 levels");
}

#[test]
fn names_that_nest() {
    for (step, why) in [("__map_a", "it is nested deeper"), ("__list_0", "it is nested deeper")] {
        let shown = format!("its metadata has `sops_a{}`", step.repeat(20));
        let shown = shown.replace("sops_", "").chars().take(98).collect::<String>();
        let text = format!("A=x\nsops_a{}=x\n", step.repeat(200_000));
        check("s.env", &text, &format!("{shown}`: {why} than 16 levels"));
        let text = format!("A=x\n[sops]\na{}=x\n", step.repeat(200_000));
        check("s.ini", &text, &format!("{shown}`: {why} than 16 levels"));
    }
    let lists = |count: usize| {
        let lines = (0..count).map(|at| format!("sops_x{at}__list_1023=x"));
        lines.collect::<Vec<_>>().join("\n")
    };
    check("s.env", &lists(20_000), "its metadata has more than 10000 names");
    check("s.env", &lists(17), "its metadata has `x16__list_1023`: its lists have too many gaps");
}

#[test]
fn size() {
    let project = Project::new();
    let file = std::fs::File::create(project.path("project/s.yaml")).unwrap();
    file.set_len(1 << 30).unwrap();
    project
        .envr(["secret", "decrypt", "s.yaml"])
        .stderr("envr: error: could not read `s.yaml`: it is larger than 64 MiB\n")
        .failure();
}

#[test]
fn files_that_are_none_of_ours() {
    check(
        "s.yaml",
        "a: 1\n",
        "it has no sops metadata: it is not encrypted\nenvr: hint: envr secret encrypt --in-place s.yaml",
    );
    check("s.yaml", "- 1\n", "it is not a map at the top");
    check("s.yaml", "a: 1\na: 2\n", "line 2: `a` is there twice");
    check("s.yaml", "sops: 1\n", "its `sops` entry is not a map");
    check(
        "s.yaml",
        "sops: {version: 3.11.0, lastmodified: x}\n",
        "its metadata has no valid `lastmodified`",
    );
    check("s.json", "[]", "it is not a JSON object");
    check("s.env", "A=1\nB\n", "line 2: it has no `=`");
    check("s.ini", "[a\nb = 1\n", "line 1: a section has no `]`");
    check(
        "s.enc",
        "\0\u{1}",
        "it has no sops metadata: it is not encrypted\nenvr: hint: envr secret encrypt --in-place s.enc",
    );
}
