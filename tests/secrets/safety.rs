//! Where values must not be seen while they are loaded: cores, traces of shells, the arguments of processes.

use super::vectors::Vectors;
use crate::test::{ENVR, Project, has};
use std::process::{Command, Output, Stdio};

const CASE: &str = "cases/yaml_basic/enc.yaml";

struct World {
    project: Project,
    secret: String,
}

impl World {
    fn new(rc: &str) -> Self {
        let vectors = Vectors::new();
        let project = Project::new();
        let values = vectors.read("cases/yaml_basic/exec-env.json");
        let values: Vec<serde_json::Value> = serde_json::from_slice(&values).unwrap();
        let value = values.iter().find(|value| value["name"] == "db_password").unwrap();
        project.write("secrets.yaml", vectors.read(CASE));
        project.write_at("home/key", vectors.read("keys/age1.txt"));
        project.write(".envrc", rc);
        let key = project.path("home/key");
        let project = project.env("SOPS_AGE_KEY_FILE", key);
        project.allow();
        Self { project, secret: value["value"].as_str().unwrap().to_string() }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.project.path("project"))
            .env_clear()
            .envs(self.project.variables())
            .env("PATH", "/usr/bin:/bin")
            .env("ENVR", ENVR)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// A signal meets the program as it writes its answer. Without secrets there is a core, where the system makes any.
#[test]
fn a_core_has_no_secret() {
    if !has("strace") {
        return;
    }
    let is_dumped = |rc: &str| {
        let world = World::new(rc);
        let answer = world.project.path("project/trace");
        let script = format!(
            "ulimit -c unlimited; exec strace -qq -o '{}' -e inject=writev,write:signal=SIGABRT:when=1 \"$ENVR\" export json",
            answer.display()
        );
        world.run("bash", &["-c", &script]);
        let trace = std::fs::read_to_string(&answer).unwrap_or_default();
        assert!(trace.contains("killed by SIGABRT"), "{rc}: {trace}");
        trace.contains("core dumped")
    };
    if !is_dumped("export A=1\n") {
        println!("skipped: no cores are made here");
        return;
    }
    assert!(!is_dumped("use sops\n"));
}

#[test]
fn the_traces_of_shells_show_no_secret() {
    let ends = "echo the end";
    for (shell, options, script) in [
        (
            "bash",
            &["--norc", "--noprofile", "-c"][..],
            format!(
                "eval \"$($ENVR hook bash)\"; set -x; _direnv_hook; {ends}; set +x; [[ -n $db_password ]]"
            ),
        ),
        (
            "zsh",
            &["-f", "-c"],
            format!(
                "eval \"$($ENVR hook zsh)\"; set -x; _direnv_hook; {ends}; set +x; [[ -n $db_password ]]"
            ),
        ),
        (
            "fish",
            &["--no-config", "-c"],
            format!(
                "$ENVR hook fish | source; set fish_trace 1; __envr_follow; {ends}; set -q db_password"
            ),
        ),
    ] {
        if !has(shell) {
            continue;
        }
        let world = World::new("use sops\n");
        let output = world.run(shell, &[options, &[&script]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains(ends), "{shell}: {said}");
        assert!(!said.contains(&world.secret), "{shell}: {said}");
    }
}

/// Every program that a shell and envr start is looked at, with the arguments that `/proc/*/cmdline` would show.
#[test]
fn no_process_of_a_load_has_a_secret_among_its_arguments() {
    if !(has("strace") && has("bash")) {
        return;
    }
    for lane in ["native", "bash"] {
        let world = World::new("use sops\n");
        let (output, trace) = traced(
            &world,
            &format!(
                "exec STRACE -f -s 100000 -e trace=execve bash --norc --noprofile -c 'eval \"$($ENVR hook bash)\"; [[ {lane} = native ]] || export ENVR_LANE=bash; _direnv_hook; /bin/true \"${{#db_password}}\"; [[ -n $db_password ]]'"
            ),
        );
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let length = format!("\"/bin/true\", \"{}\"", world.secret.len());
        assert!(trace.contains(&length), "arguments are seen: {trace}");
        assert!(!trace.contains(&world.secret), "{lane}: {trace}");
    }
}

/// With what it holds, no other process of the user looks into it, and it leaves no core.
#[test]
fn who_evaluates_is_closed_before_a_value_is_decrypted() {
    if !has("strace") {
        return;
    }
    for lane in ["native", "bash"] {
        let world = World::new("use sops\n");
        let calls = "STRACE -e trace=prctl,open,openat \"$ENVR\" export json";
        let (output, trace) = traced(&world, &format!("ENVR_LANE={lane} {calls}"));
        assert!(String::from_utf8_lossy(&output.stdout).contains(&world.secret), "{lane}");
        let closed = trace.find("PR_SET_DUMPABLE, SUID_DUMP_DISABLE").unwrap();
        assert!(closed < trace.find("home/key\"").unwrap(), "{lane}: {trace}");
    }
}

/// What a line of bash does that calls strace as `STRACE`, and what strace saw.
fn traced(world: &World, line: &str) -> (Output, String) {
    let trace = world.project.path("home/trace");
    let strace = format!("strace -qq -o '{}'", trace.display());
    let output = world.run("bash", &["-c", &line.replace("STRACE", &strace)]);
    (output, std::fs::read_to_string(&trace).unwrap())
}
