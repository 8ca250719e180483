//! A hundred prompts under strace, of which none may fork or start a program.

use crate::test::{ENVR, Project, has};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

const CALLS: [&str; 5] = ["fork", "vfork", "clone", "clone3", "execve"];

/// Beside the prompt itself: a clock that stands still, so that no prompt is the one after ten seconds, and a
/// count of the prompts.
const BASH: &str =
    "eval \"$($ENVR hook bash)\"; unset EPOCHSECONDS; EPOCHSECONDS=1000000; trap 'echo int' INT
PROMPT_COMMAND+='; count=$((count + 1))'
settle() { until __envr_is_current; do _direnv_hook; done; }
";
const ZSH: &str =
    "eval \"$($ENVR hook zsh)\"; counting() { count=$((count + 1)); }; precmd_functions+=(counting)
settle() { until __envr_is_current; do _direnv_hook; done }
";
const FISH: &str = "$ENVR hook fish | source; function counting --on-event fish_prompt; set -g count (math $count + 1); end
function settle; while not __envr_is_current; __envr_follow; end; set -g __envr_until 9999999999; end
";

#[test]
fn bash_starts_nothing() {
    starts_nothing("bash", &["--norc", "--noprofile", "-i"], BASH, ":\n");
}

#[test]
fn zsh_starts_nothing() {
    starts_nothing("zsh", &["-f", "-i"], ZSH, ":\n");
}

#[test]
fn fish_starts_nothing() {
    starts_nothing("fish", &["--no-config", "-i"], FISH, "emit fish_prompt\n");
}

/// In a loaded project and below it, where nothing is to be loaded, and where an rc waits for approval.
#[track_caller]
fn starts_nothing(shell: &str, options: &[&str], hook: &str, prompt: &str) {
    if !(has(shell) && has("strace") && can_trace()) {
        return;
    }
    let project = Project::new();
    project.write(".envrc", "export FOO=1\nwatch_file a b\nPATH_add bin\n");
    project.write("a", "");
    project.write("below/two/file", "");
    project.write_at("blocked/.envrc", "export FOO=1\n");
    project.allow();

    let mut lines = hook.to_owned();
    for place in ["project", "project/below/two", "elsewhere", "blocked"] {
        let place = project.path(place);
        lines.extend([&format!("cd {}\nsettle\ncount=0\n", place.display()), "/bin/true begin\n"]);
        lines.extend([prompt; 100]);
        lines.push_str("/bin/true end\necho prompts: $count\n");
    }
    lines.push_str("exit\n");
    let lines = if shell == "fish" { lines.replace("count=0", "set -g count 0") } else { lines };

    let trace = project.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={}", CALLS.join(",")), "-e", "signal=none"]);
    command.arg("-o").arg(&trace).arg(shell).args(options).current_dir(project.path("home"));
    command.env_clear().env("HOME", project.path("home")).env("ENVR", ENVR);
    command.env("PATH", "/usr/bin:/bin").env("TERM", "dumb");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let counts: Vec<u32> =
        said.lines().filter_map(|line| line.split_once("prompts: ")?.1.parse().ok()).collect();
    assert!(counts.len() == 4 && counts.iter().all(|count| *count >= 100), "{said}\n{output:?}");

    let trace = fs::read_to_string(trace).unwrap();
    let traced: Vec<&str> = trace.split("\"/bin/true\", \"begin\"").skip(1).collect();
    assert_eq!(traced.len(), 4, "{trace}");
    for part in traced {
        let (quiet, _) = part.split_once("\"/bin/true\", \"end\"").unwrap();
        let calls: Vec<&str> = quiet.lines().filter(|line| is_start(line)).collect();
        // The fork that becomes the second mark, and its program, whose line is cut off.
        assert_eq!(calls.len(), 2, "{calls:#?}");
    }
}

/// A line that begins a call; a thread is no process.
fn is_start(line: &str) -> bool {
    let call = line.trim_start_matches(|character: char| character.is_ascii_digit()).trim_start();
    CALLS.iter().any(|name| call.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
        && !line.contains("CLONE_THREAD")
}

/// Containers may forbid it.
fn can_trace() -> bool {
    let output = Command::new("strace").args(["-o", "/dev/null", "/bin/true"]).output().unwrap();
    if !output.status.success() {
        println!("skipped: strace cannot trace here");
    }
    output.status.success()
}
