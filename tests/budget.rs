//! What a prompt may cost, counted: times differ from run to run, instructions and system calls do not.
//!
//! `dev/test` names the release binary in `ENVR_RELEASE`; the one that tests are built with says nothing about cost.

use crate::nix::{World, has_nix};
use crate::test::{Project, Shell, has};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Counted when this was written, and a seventh more.
struct Budget {
    instructions: u64,
    system_calls: usize,
}

const FIVE_VARIABLES: &str = "export A=1\nexport B=2\nexport C=3\nexport D=4\nexport E=5\n";

const PLAIN: &[&str] = &["export", "bash"];
/// What a hook runs: the answer has a quiet check in it.
const HOOK: &[&str] = &["export", "bash", "--hook"];

#[test]
fn a_prompt_with_nothing_to_load() {
    let project = Project::new();
    let dir = project.path("elsewhere/1/2/3/4/5/6/7");
    std::fs::create_dir_all(&dir).unwrap();
    let shell = project.shell();
    check(&shell, &dir, PLAIN, &Budget { instructions: 17_500, system_calls: 38 });
    check(&shell, &dir, HOOK, &Budget { instructions: 57_900, system_calls: 45 });
}

#[test]
fn a_prompt_where_nothing_changed() {
    let project = settled();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let dir = project.path("project");
    check(&shell, &dir, PLAIN, &Budget { instructions: 39_200, system_calls: 21 });
    check(&shell, &dir, HOOK, &Budget { instructions: 91_200, system_calls: 37 });
}

/// Its times may not show the next edit, so its content is compared, too.
#[test]
fn a_prompt_after_the_load_of_a_file_just_written() {
    let project = settled();
    let mut shell = project.shell();
    project.write(".envrc", FIVE_VARIABLES);
    shell.any_prompt(0);
    let dir = project.path("project");
    check(&shell, &dir, PLAIN, &Budget { instructions: 47_100, system_calls: 28 });
}

#[test]
fn a_prompt_that_leaves() {
    let project = settled();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let dir = project.path("elsewhere");
    check(&shell, &dir, PLAIN, &Budget { instructions: 90_600, system_calls: 24 });
    check(&shell, &dir, HOOK, &Budget { instructions: 115_000, system_calls: 31 });
}

#[test]
fn a_prompt_that_enters() {
    let project = settled();
    let dir = project.path("project");
    check(&project.shell(), &dir, PLAIN, &Budget { instructions: 280_000, system_calls: 46 });
    check(&project.shell(), &dir, HOOK, &Budget { instructions: 356_000, system_calls: 68 });
}

/// A shell that is kept, without a hook: one look at each file that it was made from, and none into it.
#[test]
fn a_prompt_that_enters_a_nix_shell() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit("pkgs.nix", "echo \"welcome to the fixture shell\"", "");
    for line in ["HOOK_RAN=\"yes\"", "PROJECT_BIN=\"$PWD/bin\"", "PATH=\"$PROJECT_BIN:$PATH\""] {
        world.edit("pkgs.nix", &format!("export {line}"), "");
    }
    world.settle();
    until_checked(&world.project);
    let (shell, dir) = (world.project.shell(), world.project.path("project"));
    check(&shell, &dir, PLAIN, &Budget { instructions: 932_000, system_calls: 79 });
    check(&shell, &dir, HOOK, &Budget { instructions: 1_240_000, system_calls: 154 });
}

/// One age key opens them, and no process is started for it.
#[test]
fn a_prompt_that_loads_fifty_secrets() {
    let project = Project::new();
    project.envr(["secret", "init"]).any_stderr().success();
    let plain: Vec<String> =
        (1..=50).map(|number| format!("NAME_{number}: value {number}")).collect();
    project.write("plain.yaml", plain.join("\n"));
    let encrypted = project.envr(["secret", "encrypt", "plain.yaml"]).any_stdout().success();
    project.write("secrets.yaml", encrypted.stdout);
    project.write(".envrc", "use sops\n");
    project.allow();
    let dir = project.path("project");
    check(&project.shell(), &dir, PLAIN, &Budget { instructions: 6_500_000, system_calls: 88 });
}

#[test]
fn ten_times_the_watched_files_cost_ten_times_as_much() {
    let Some(binary) = release().filter(|_| has("valgrind")) else { return };
    let [few, many] = [600, 6000].map(|count| {
        let project = Project::new();
        project.write(".envrc", format!("watch_file {{1..{count}}}\n"));
        project.allow();
        instructions(&project.shell(), &project.path("project"), PLAIN, &binary)
    });
    println!("{few} and {many} instructions");
    assert!(many < 15 * few, "{few} and {many} instructions");
}

/// A project of which all files are older than a tick of the clock: a hook says so by its check.
fn settled() -> Project {
    let project = Project::new();
    project.write(".envrc", FIVE_VARIABLES);
    project.allow();
    until_checked(&project);
    project
}

fn until_checked(project: &Project) {
    let late = Instant::now() + Duration::from_secs(20);
    loop {
        let run = project.envr(HOOK).env("PWD", project.path("project"));
        let output = run.any_stdout().any_stderr().success();
        if has_check(&output.stdout) {
            return;
        }
        assert!(Instant::now() < late, "it stays young");
    }
}

fn has_check(code: &[u8]) -> bool {
    String::from_utf8_lossy(code).contains("__envr_is_current")
}

#[track_caller]
fn check(shell: &Shell, dir: &Path, arguments: &[&str], budget: &Budget) {
    let Some(binary) = release() else { return };
    if has("valgrind") {
        let count = instructions(shell, dir, arguments, &binary);
        println!("{arguments:?}: {count} instructions of {}", budget.instructions);
        assert!(count <= budget.instructions, "{count} instructions, over {}", budget.instructions);
    }
    if has("strace") {
        let output = run(shell, dir, &["/usr/bin/strace", "-f", "-qq", &binary], arguments);
        assert_eq!(has_check(&output.stdout), arguments == HOOK);
        let calls = String::from_utf8_lossy(&output.stderr);
        let is_call = |line: &&str| line.contains('(') && !line.starts_with("envr: ");
        let count = calls.lines().filter(is_call).count();
        println!("{arguments:?}: {count} system calls of {}", budget.system_calls);
        assert!(count <= budget.system_calls, "{count}, over {}:\n{calls}", budget.system_calls);
        assert!(
            !calls.contains("fork(") && !calls.contains("clone"),
            "it starts nothing:\n{calls}"
        );
    }
}

fn instructions(shell: &Shell, dir: &Path, arguments: &[&str], binary: &str) -> u64 {
    let [tool, file] = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let output = run(shell, dir, &["/usr/bin/valgrind", tool, file, binary], arguments);
    let report = String::from_utf8_lossy(&output.stderr);
    let count = report.split_once("Collected : ").unwrap().1.lines().next().unwrap();
    count.trim().parse().unwrap()
}

/// One `export` by a program with a tool before it, which speaks on stderr.
fn run(shell: &Shell, dir: &Path, program: &[&str], arguments: &[&str]) -> Output {
    let output = Command::new(program[0])
        .args(&program[1..])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .envs(&shell.env)
        .env("PWD", dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn release() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let [binary, must] = ["ENVR_RELEASE", "CI"].map(|name| std::env::var(name).ok());
    assert!(binary.is_some() || must.is_none(), "`ENVR_RELEASE` names no release binary");
    if binary.is_none() {
        println!("skipped: `ENVR_RELEASE` names no release binary");
    }
    binary
}
