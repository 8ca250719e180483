//! What envr evaluates natively, bash must make the same of: chosen corners, and random files of the subset.
//!
//! Files are tried natively one by one; those that need no bash are then loaded in batches, each once natively and once
//! by bash, for a start of bash costs more than all the rest.
//!
//! `ENVR_CASES` says how many random files, `ENVR_CASE` picks one by its number.

use crate::test::Project;
use generate::Random;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use world::{Case, Load, World};

mod corners;
pub mod generate;
mod once;
mod share;
mod world;

const CASES: usize = 500;
/// How many files one bash runs. More of them would be less likely to run natively after each other.
const BATCH: usize = 16;
/// An `exit` would hide what stands behind it, and a program runs only where all behind it is sure.
const ALONE: [&str; 11] = [
    "exit",
    "() {",
    "()\n {",
    "activate",
    "basename",
    "cat ",
    "grep ",
    "tr ",
    "PATH_add tools",
    "tools/",
    "echo none",
];

/// A program that shows some of what it gets.
const SEE: &str = "#!/bin/sh\necho \"$A|$B|$OUTER\"\necho seen >&2\n";

#[test]
fn random_files_are_the_same_to_bash() {
    let (first, count) = match number("ENVR_CASE") {
        Some(case) => (case, 1),
        None => (0, number("ENVR_CASES").unwrap_or(CASES)),
    };
    let cases: Vec<Case> = (first..first + count).map(random_case).collect();
    let native = compare(&cases);
    println!("native: {native} of {count} random files");
    assert!(count < 100 || native * 10 > count * 4, "most of the files are to be native");
}

fn random_case(seed: usize) -> Case {
    let mut random = Random::new(seed as u64);
    let mut case = Case { name: format!("case {seed}"), ..Case::default() };
    for (name, length) in
        [("project/.envrc", 8), (".envrc", 2), ("project/sub/.envrc", 2), ("project/lib.sh", 3)]
    {
        case.files.insert(name.into(), random.script(length));
    }
    case.files.insert("project/.env".into(), random.dotenv());
    case.files.insert("project/tools/see".into(), SEE.into());
    case.is_alone =
        case.files.iter().any(|(name, text)| !name.contains("tools") && runs_alone(text));
    case
}

fn runs_alone(text: &str) -> bool {
    ALONE.iter().any(|word| text.contains(word))
}

#[test]
fn corners_are_the_same_to_bash() {
    let cases: Vec<Case> = corners::cases().collect();
    let native = compare(&cases);
    println!("native: {native} of {} corners", cases.len());
    assert!(native * 2 > cases.len(), "most of the corners are to be native");
}

/// How many of the cases are native; fails if bash makes something else of one.
#[track_caller]
fn compare(cases: &[Case]) -> usize {
    let batches: Vec<&[Case]> = cases.chunks(BATCH * 2).collect();
    let next = AtomicUsize::new(0);
    let (native, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (count, failed) = check(batch);
                    native.fetch_add(count, Ordering::Relaxed);
                    failures.lock().unwrap().extend(failed);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} files:\n{}", failures.len(), failures.join("\n"));
    native.into_inner()
}

/// How many cases are native, and how the lanes differ.
fn check(cases: &[Case]) -> (usize, Vec<String>) {
    let world = World::new(cases);
    let native: Vec<usize> =
        (0..cases.len()).filter(|case| world.load_case(*case, "native").is_native()).collect();
    let (alone, together): (Vec<usize>, Vec<usize>) =
        native.iter().partition(|case| cases[**case].is_alone);
    let alone_differences = |case: &usize| {
        let loads = ["native", "bash"].map(|lane| world.load_case(*case, lane));
        differences(&loads).map(|said| format!("{}{said}", cases[*case]))
    };
    let mut failures: Vec<String> = alone.iter().filter_map(alone_differences).collect();
    for batch in together.chunks(BATCH) {
        let load = world.load_batch(batch, "native");
        // One file may leave behind what makes another need bash.
        let said = load.is_native().then(|| differences(&[load, world.load_batch(batch, "bash")]));
        if said == Some(None) {
            continue;
        }
        let failed: Vec<String> = batch.iter().filter_map(alone_differences).collect();
        if let (Some(Some(said)), true) = (said, failed.is_empty()) {
            let together: Vec<String> = batch.iter().map(|case| cases[*case].to_string()).collect();
            failures.push(format!("=== only together\n{}{said}", together.concat()));
        }
        failures.extend(failed);
    }
    (native.len(), failures)
}

fn differences([native, bash]: &[Load; 2]) -> Option<String> {
    if native == bash {
        return None;
    }
    let mut said = String::new();
    if native.said != bash.said {
        _ = write!(said, "--- native says:\n{}--- bash says:\n{}", native.said, bash.said);
    }
    let names: BTreeSet<&String> = native.changes.keys().chain(bash.changes.keys()).collect();
    for name in names {
        let values = (native.changes.get(name), bash.changes.get(name));
        if values.0 != values.1 {
            _ = writeln!(said, "--- {name}: native {:?}, bash {:?}", values.0, values.1);
        }
    }
    _ = writeln!(said, "--- status: native {:?}, bash {:?}", native.code, bash.code);
    Some(said)
}

/// One prompt in each lane; both must say this, and leave the same environment but for the state.
#[track_caller]
fn check_both(project: &Project, code: i32, said: &str) {
    let shells = ["tell", "bash"].map(|lane| {
        let mut shell = project.shell();
        shell.set("ENVR_LANE", lane);
        assert_eq!(shell.any_prompt(code).replace("envr: lane: native\n", ""), said, "{lane}");
        shell.visible().into_iter().filter(|(name, _)| name != "ENVR_LANE").collect::<Vec<_>>()
    });
    assert_eq!(shells[0], shells[1]);
}

#[test]
fn what_a_command_gets_is_the_same() {
    let project = Project::new();
    project.write(".envrc", "export A=\"$PATH\"\nPATH_add bin\nsource_env sub\n");
    project.write("sub/.envrc", "export HERE=$PWD");
    project.allow();
    let env = |lane| {
        let run = project.envr(["exec", ".", "env"]).env("ENVR_LANE", lane).env("SHLVL", "3");
        let output = run.env("PS2", "> ").env("A.B", "x").any_stdout().any_stderr().success();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_state = |line: &&str| line.starts_with("DIRENV_") || line.starts_with("ENVR_LANE");
        text.lines().filter(|line| !is_state(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    let native = env("");
    assert!(native.iter().any(|line| line == "SHLVL=4"));
    assert_eq!(native, env("bash"));
}

#[test]
fn a_file_that_is_not_approved_is_refused() {
    // Each lane has its own project: what one refuses is known to the next.
    for lane in ["tell", "bash"] {
        let project = Project::new().env("ENVR_LANE", lane);
        project
            .write(".envrc", "echo before\nN=part\n[ -f flag ] && source_env $N.sh\nexport A=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("part.sh", "export B=1\n");
        project.write("flag", "");
        project.write(".envrc", project.read("project/.envrc"));
        let said = shell.any_prompt(1).replace("envr: lane: native\n", "");
        assert_eq!(
            said,
            "envr: loading $DIR/project/.envrc\nbefore\n\
             envr: error: `$DIR/project/.envrc` is blocked: `$DIR/project/part.sh`, which it executes, is not as it \
             was approved\nenvr: hint: `envr review` shows it, `envr allow` approves it\n"
        );
    }
}

#[test]
fn an_exit_says_its_status() {
    let project = Project::new();
    project.write(".envrc", "watch_file a\nexport A=1\n[ -n \"$A\" ] && exit 3\n");
    project.allow();
    check_both(
        &project,
        1,
        "envr: loading $DIR/project/.envrc\nenvr: error: could not load `$DIR/project/.envrc`: it exited with status 3\n",
    );
}

#[test]
fn what_needs_bash_is_not_loaded_without_it() {
    let project = Project::new();
    project.write(".envrc", "export A=1\ncd sub\n");
    project.allow();
    let mut shell = project.shell();
    shell.set("ENVR_LANE", "native");
    let said = "envr: error: could not load `$DIR/project/.envrc` without bash: line 2: `cd`\n";
    assert_eq!(shell.any_prompt(1), said);
    assert!(shell.visible().iter().all(|(name, _)| name != "A"));
}

/// Where bash looks for a program then is its own affair, and a program before it would run twice.
#[test]
fn without_a_path_bash_runs_all() {
    for rc in ["t\nunset PATH\nhas ls", "t\nPATH=\nls", "export A=$(t)\nexport PATH=''\nls"] {
        let project = Project::new();
        project.write_program("t", "#!/bin/sh\necho run >>log\n");
        project.write(".envrc", format!("{rc} || true\n"));
        project.allow();
        project.shell().any_prompt(0);
        let log = std::fs::read_to_string(project.path("project/log")).unwrap();
        assert_eq!(log, "run\n", "{rc}");
    }
}

#[test]
fn what_a_program_makes_may_need_bash() {
    let project = Project::new().named_direnv();
    project.write("part.sh", "export A=1\n");
    project.write("next.sh", "for i in 1 2; do export A=$i$i; done\n");
    project.write(".envrc", "cp next.sh part.sh\nsource ./part.sh\n");
    project.allow();
    let mut shell = project.shell();
    // What was done before is done again, and said again.
    let loading = "direnv: loading $DIR/project/.envrc\n";
    shell.prompt(&format!("{loading}{loading}direnv: export +A\n"));
    assert_eq!(shell.get("A"), Some("22"));
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}
