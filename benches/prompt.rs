//! What one prompt costs: envr and direnv in turn with an empty static program, in one spawn loop.
//!
//! `make bench` runs it. `ENVR` names the release binary, `EMPTY` the empty program; times are medians in microseconds,
//! and only the ratios mean something on another machine.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads its own environment and prints"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 400;
/// An evaluation takes milliseconds; fewer of them do.
const SLOW_RUNS: usize = 60;

type Variables = BTreeMap<String, String>;

fn main() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let path = |below: &str| world.path().join(below);
    for dir in ["home", "project", "away/1/2/3/4/5/6/7/8"] {
        fs::create_dir_all(path(dir)).expect("a directory of the bench");
    }
    fs::write(
        path("project/.envrc"),
        "export A=1\nexport B=2\nexport C=3\nexport D=4\nexport E=5\n",
    )
    .expect("an rc");

    let envr = PathBuf::from(std::env::var_os("ENVR").expect("ENVR names the binary"));
    let empty = PathBuf::from(std::env::var_os("EMPTY").expect("EMPTY names the empty program"));
    let direnv = PathBuf::from("/usr/bin/direnv");
    let outside = variables(&path("home"), 0);
    assert!(run(&envr, &["allow"], &path("project"), &outside).status.success());

    println!("{:<28} {:>10} {:>10} {:>10} {:>10}", "", "empty", "envr", "direnv", "envr/empty");
    let away = path("away/1/2/3/4/5/6/7/8");
    for (what, extra, start, end, runs) in [
        ("nothing to load", 0, &away, &away, RUNS),
        ("unchanged", 0, &path("project"), &path("project"), RUNS),
        ("unchanged, 300 variables", 300, &path("project"), &path("project"), RUNS),
        ("leave", 0, &path("project"), &away, RUNS),
        ("enter, 5 variables", 0, &away, &path("project"), SLOW_RUNS),
    ] {
        let outside = variables(&path("home"), extra);
        let loaded = |program: &Path| after(program, start, &outside);
        let rivals: Vec<(&Path, Variables)> = [empty.as_path(), &envr, &direnv]
            .into_iter()
            .filter(|program| program.exists())
            .map(|program| {
                (program, if program == empty { outside.clone() } else { loaded(program) })
            })
            .collect();
        let medians = measure(&rivals, end, runs);
        let micros: Vec<String> =
            medians.iter().map(|time| format!("{:>10.0}", time.as_secs_f64() * 1e6)).collect();
        let ratio = medians[1].as_secs_f64() / medians[0].as_secs_f64();
        println!("{what:<28} {} {ratio:>10.2}", micros.join(" "));
    }
}

fn variables(home: &Path, extra: usize) -> Variables {
    let mut variables: Variables =
        (0..extra).map(|index| (format!("EXTRA_{index}"), "x".repeat(40))).collect();
    variables.insert("HOME".into(), home.display().to_string());
    variables.insert("PATH".into(), "/usr/bin:/bin".into());
    variables
}

/// The environment of a shell after a prompt in `dir`.
fn after(program: &Path, dir: &Path, outside: &Variables) -> Variables {
    let output = run(program, &["export", "json"], dir, outside);
    let changes: BTreeMap<String, Option<String>> =
        serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut variables = outside.clone();
    for (name, value) in changes {
        match value {
            Some(value) => _ = variables.insert(name, value),
            None => _ = variables.remove(&name),
        }
    }
    variables
}

/// Medians, the programs in turn, so that a change of the machine's pace meets them all.
fn measure(rivals: &[(&Path, Variables)], dir: &Path, runs: usize) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(runs); rivals.len()];
    for _ in 0..runs {
        for ((program, variables), times) in rivals.iter().zip(&mut times) {
            let start = Instant::now();
            run(program, &["export", "bash"], dir, variables);
            times.push(start.elapsed());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

fn run(program: &Path, args: &[&str], dir: &Path, variables: &Variables) -> std::process::Output {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(dir)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command.output().expect("the program starts")
}
