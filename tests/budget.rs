//! What a prompt may cost, counted: times differ from run to run, instructions and system calls do not.
//!
//! `dev/test` names the release binary in `ENVR_RELEASE`; the one that tests are built with says nothing about cost.

use crate::test::{Project, Shell, has};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Counted when this was written, and a seventh more.
struct Budget {
    instructions: u64,
    system_calls: usize,
}

const NOTHING_TO_LOAD: Budget = Budget { instructions: 13_700, system_calls: 25 };
const UNCHANGED: Budget = Budget { instructions: 39_600, system_calls: 20 };
const LEAVE: Budget = Budget { instructions: 63_800, system_calls: 19 };

#[test]
fn a_prompt_with_nothing_to_load() {
    let project = Project::new();
    std::fs::create_dir_all(project.path("elsewhere/1/2/3/4/5/6/7")).unwrap();
    check(&project.shell(), &project.path("elsewhere/1/2/3/4/5/6/7"), &NOTHING_TO_LOAD);
}

#[test]
fn a_prompt_where_nothing_changed() {
    let project = loadable();
    let mut shell = project.shell();
    shell.any_prompt(0);
    check(&shell, &project.path("project"), &UNCHANGED);
}

#[test]
fn a_prompt_that_leaves() {
    let project = loadable();
    let mut shell = project.shell();
    shell.any_prompt(0);
    check(&shell, &project.path("elsewhere"), &LEAVE);
}

fn loadable() -> Project {
    let project = Project::new();
    project.write(".envrc", "export A=1\nexport B=2\nexport C=3\nexport D=4\nexport E=5\n");
    project.allow();
    #[expect(
        clippy::disallowed_methods,
        reason = "files older than the clock's tick need no digest"
    )]
    std::thread::sleep(Duration::from_millis(100));
    project
}

#[track_caller]
fn check(shell: &Shell, dir: &Path, budget: &Budget) {
    let Some(binary) = release() else { return };
    if has("valgrind") {
        let output = run(
            shell,
            dir,
            "/usr/bin/valgrind",
            &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
            &binary,
        );
        let report = String::from_utf8_lossy(&output);
        let count = report.split_once("Collected : ").unwrap().1.lines().next().unwrap();
        let count: u64 = count.trim().parse().unwrap();
        println!("{count} instructions of {}", budget.instructions);
        assert!(count <= budget.instructions, "{count} instructions, over {}", budget.instructions);
    }
    if has("strace") {
        let output = run(shell, dir, "/usr/bin/strace", &["-f", "-qq"], &binary);
        let calls = String::from_utf8_lossy(&output);
        let is_call = |line: &&str| line.contains('(') && !line.starts_with("envr: ");
        let count = calls.lines().filter(is_call).count();
        println!("{count} system calls of {}", budget.system_calls);
        assert!(count <= budget.system_calls, "{count}, over {}:\n{calls}", budget.system_calls);
        assert!(
            !calls.contains("fork(") && !calls.contains("clone"),
            "it starts nothing:\n{calls}"
        );
    }
}

/// What a tool says on stderr about one `export`.
fn run(shell: &Shell, dir: &Path, tool: &str, options: &[&str], binary: &Path) -> Vec<u8> {
    let output = Command::new(tool)
        .args(options)
        .arg(binary)
        .args(["export", "bash"])
        .current_dir(dir)
        .env_clear()
        .envs(&shell.env)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stderr
}

fn release() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let [binary, must] = ["ENVR_RELEASE", "CI"].map(std::env::var_os);
    assert!(binary.is_some() || must.is_none(), "`ENVR_RELEASE` names no release binary");
    if binary.is_none() {
        println!("skipped: `ENVR_RELEASE` names no release binary");
    }
    binary.map(PathBuf::from)
}
