//! `exec`: a command in a directory's environment, with its own exit code and signals.

use crate::test::Project;

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

fn project() -> Project {
    let project = Project::new();
    project.write(".envrc", "export A=1\nPATH_add bin\n");
    project.write("bin/tool", "#!/bin/sh\necho \"tool $A $*\"\nexit 7\n");
    std::process::Command::new("chmod")
        .arg("+x")
        .arg(project.path("project/bin/tool"))
        .status()
        .unwrap();
    project
}

#[test]
fn the_command_is_found_on_the_new_path_and_its_exit_code_passes() {
    let project = project();
    project.allow();
    let said = format!("{LOADING}envr: export +A ~PATH\n");
    project
        .envr(["exec", "--", "tool", "-x", "--help"])
        .stdout("tool 1 -x --help\n")
        .stderr(&said)
        .code(7);
    let dir = project.path("project");
    let exec = [dir.to_str().unwrap(), "tool", "a b"].map(String::from);
    project
        .envr(["exec".to_string()].into_iter().chain(exec))
        .dir("elsewhere")
        .stdout("tool 1 a b\n")
        .stderr(&said)
        .code(7);
}

#[test]
fn the_directory_stays_where_it_is() {
    let project = project();
    project.allow();
    let run = project.envr(["exec", "../project", "pwd"]).dir("elsewhere");
    run.stdout("$DIR/elsewhere\n").any_stderr().success();
}

#[test]
fn a_file_is_the_command_in_the_environment_of_its_directory() {
    let project = project();
    project.allow();
    project
        .envr(["exec", "../project/bin/tool", "x"])
        .dir("elsewhere")
        .stdout("tool 1 x\n")
        .any_stderr()
        .code(7);
}

#[test]
fn what_is_blocked_or_fails_runs_nothing() {
    let project = project();
    project.envr(["exec", "--", "touch", "ran"]).any_stderr().failure();
    project.write(".envrc", "exit 3\n");
    project.allow();
    let why = format!(
        "{LOADING}envr: error: could not load `$DIR/project/.envrc`: it exited with status 3\n"
    );
    project.envr(["exec", "--", "touch", "ran"]).stderr(&why).failure();
    assert!(!project.path("project/ran").exists());
}

#[test]
fn without_an_rc_the_command_runs_as_it_is_and_leaves_what_was_loaded() {
    let project = project();
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let run = project
        .envr(["exec", "--", "sh", "-c", "echo ${A-unset} ${DIRENV_DIR-unset}"])
        .dir("elsewhere");
    let run =
        shell.env.iter().fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value));
    run.stdout("unset unset\n").success();
}

#[test]
fn a_signal_reaches_the_command_and_its_end_is_seen() {
    use std::os::unix::process::ExitStatusExt as _;
    let project = project();
    project.allow();
    let child = std::process::Command::new(crate::test::ENVR)
        .args(["exec", "--", "sh", "-c", "kill -TERM $$"])
        .current_dir(project.path("project"))
        .env("HOME", project.path("home"))
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(15));
}

#[test]
fn what_is_missing_is_told() {
    let project = project();
    project
        .envr(["exec"])
        .stderr("envr: error: could not execute: no command was named\nenvr: hint: envr exec -- COMMAND\n")
        .failure();
    project
        .envr(["exec", "."])
        .stderr("envr: error: could not execute: no command was named\nenvr: hint: envr exec DIR COMMAND\n")
        .failure();
    let gone = "envr: error: could not find `gone`: no such file or directory\n";
    project.envr(["exec", "gone", "true"]).stderr(gone).failure();
    project.allow();
    let path = "$DIR/project/bin:$DIR/bin:/usr/bin:/bin";
    let missing = format!(
        "{LOADING}envr: export +A ~PATH\nenvr: error: command `no-such` not found on PATH `{path}`\n"
    );
    project.envr(["exec", "--", "no-such"]).stderr(&missing).failure();
}

#[test]
fn what_was_protected_from_ctrl_c_stays_protected_and_keeps_its_name() {
    let project = project();
    project.allow();
    let script =
        format!("trap '' INT; exec {} exec . grep SigIgn /proc/self/status", crate::test::ENVR);
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("project"))
        .env("HOME", project.path("home"))
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    let mask = String::from_utf8(output.stdout).unwrap();
    let mask = u64::from_str_radix(mask.trim_start_matches("SigIgn:").trim(), 16).unwrap();
    assert_eq!((mask >> 1) & 1, 1);

    project.write("bin/name", "#!/bin/sh\necho \"$0\"\n");
    std::process::Command::new("chmod")
        .arg("+x")
        .arg(project.path("project/bin/name"))
        .status()
        .unwrap();
    project.envr(["exec", "--", "./bin/name"]).stdout("./bin/name\n").any_stderr().success();
}

#[test]
fn a_program_found_on_the_path_is_called_by_the_name_that_was_typed() {
    let project = project();
    project.allow();
    for words in [
        ["exec", "--", "sh", "-c", "echo $0"].as_slice(),
        &["exec", ".", "--", "sh", "-c", "echo $0"],
    ] {
        project.envr(words).stdout("sh\n").any_stderr().success();
    }
}

#[test]
fn what_only_an_evaluation_has_is_not_passed_on() {
    let project = project();
    project.write(".envrc", "export A=$(echo 1) __envr_mine=1\n");
    project.allow();
    let script = "echo ${A-} ${DIRENV_IN_ENVRC-unset}";
    project.envr(["exec", ".", "sh", "-c", script]).stdout("1 unset\n").any_stderr().success();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    assert_eq!(shell.get("__envr_mine"), None);
}

#[test]
fn what_was_protected_from_ctrl_c_is_not_interrupted() {
    let project = project();
    project.write(".envrc", "kill -INT $PPID\nexport A=1\nexit 3\n");
    project.allow();
    let script = format!("trap '' INT; exec {} exec . true", crate::test::ENVR);
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("project"))
        .env_clear()
        .envs(&project.shell().env)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("it exited with status 3\n"), "{said}");
}
