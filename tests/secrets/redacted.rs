//! `exec --redact`: a command's output without the secrets, and otherwise as it is.

use super::vectors::Vectors;
use crate::test::Project;
use std::process::{Command, Output};

const CASE: &str = "cases/yaml_basic/enc.yaml";

fn project(rc: &str) -> Project {
    let (project, vectors) = (Project::new(), Vectors::new());
    project.write("secrets.yaml", vectors.read(CASE));
    project.write("key.txt", vectors.read("keys/age1.txt"));
    project.write(".envrc", format!("export SOPS_AGE_KEY_FILE=$PWD/key.txt\n{rc}"));
    project.allow();
    project
}

fn key() -> String {
    Vectors::new().manifest["age"]["age1"].as_str().unwrap().to_string()
}

fn exec(project: &Project, lane: &str, script: &str) -> Output {
    let mut command = Command::new(crate::test::ENVR);
    command.args(["exec", "--redact", "--", "sh", "-c", script]).env_clear();
    command.envs(project.variables()).env("ENVR_LANE", lane);
    command.current_dir(project.path("project")).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn both_streams_show_none_and_the_exit_code_passes() {
    let project = project("use sops\n");
    for lane in ["", "bash"] {
        let script =
            "printf 'one %s' \"$db_password\"; printf 'two %s\\n' \"$api_key\" >&2; exit 9";
        let output = exec(&project, lane, script);
        assert_eq!(text(&output.stdout), "one [secret]");
        assert!(text(&output.stderr).ends_with("\ntwo [secret]\n"), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(9));
    }
}

/// A list of codes: each is as secret as a password of its length.
#[test]
fn short_lines_of_a_value_are_masked_as_short_values_are() {
    let project = project("export OTHER=seen\nuse sops codes.yaml\n");
    project.write(".sops.yaml", format!("creation_rules:\n  - age: {}\n", key()));
    project.write("codes.yaml", "CODES: \"483920\\n 1192 \\n884\\n\"\nPIN: \"4711\"\n");
    project.envr(["secret", "encrypt", "--in-place", "codes.yaml"]).success();
    project.allow();
    let script = "printf %s \"$CODES\"; echo; for code in $CODES $PIN; do echo \"try $code\"; done";
    let shown = text(&exec(&project, "", script).stdout);
    assert_eq!(shown, "[secret]\n\ntry [secret]\ntry [secret]\ntry 884\ntry [secret]\n");
    let script = "printf %s \"$CODES\" | head -n 2";
    assert_eq!(text(&exec(&project, "", script).stdout), "[secret]\n [secret] \n");
}

#[test]
fn a_secret_in_many_writes_is_one_secret() {
    let project = project("use sops\n");
    let script = "rest=$db_password; while [ -n \"$rest\" ]; do \
                  printf %s \"${rest%\"${rest#?}\"}\"; rest=${rest#?}; done; echo .";
    assert_eq!(text(&exec(&project, "", script).stdout), "[secret].\n");
}

#[test]
fn large_outputs_come_whole_and_in_order() {
    let project = project("use sops\n");
    let script = "yes abcdefg | head -n 50000; echo \"$api_key\"; yes hijklmn | head -n 50000";
    let output = text(&exec(&project, "", script).stdout);
    let wanted = ["abcdefg\n".repeat(50_000), "[secret]\n".to_string(), "hijklmn\n".repeat(50_000)];
    assert!(output == wanted.concat());
}

#[test]
fn one_file_for_both_streams_keeps_their_order() {
    let project = project("use sops\n");
    let file = std::fs::File::create(project.path("both")).unwrap();
    let mut command = Command::new(crate::test::ENVR);
    let script = "for i in 1 2 3; do echo out $i; echo error $i >&2; done; echo $db_password";
    command.args(["exec", "--redact", "--", "sh", "-c", script]).env_clear();
    command.envs(project.variables()).current_dir(project.path("project"));
    command.stdout(file.try_clone().unwrap()).stderr(file);
    assert!(command.status().unwrap().success());
    let both = project.read("both");
    let (_, both) = both.split_once("out 1\n").unwrap();
    assert_eq!(both, "error 1\nout 2\nerror 2\nout 3\nerror 3\n[secret]\n");
}

#[test]
fn what_is_left_in_the_background_holds_nothing_up() {
    let project = project("use sops\n");
    let output = exec(&project, "", "sleep 60 & echo $! >../pid; echo $db_password");
    assert_eq!(text(&output.stdout), "[secret]\n");
    let pid = project.read("pid").trim().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
}

#[test]
fn a_reader_who_has_enough_ends_the_command() {
    let project = project("use sops\n");
    let line = format!(
        "'{}' exec --redact -- sh -c 'yes $db_password; echo $? >../status' | head -n 1",
        crate::test::ENVR
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]).env_clear().envs(project.variables());
    let output = command.current_dir(project.path("project")).output().unwrap();
    assert_eq!(text(&output.stdout), "[secret]\n");
}

/// `script` gives it a terminal.
#[test]
fn on_a_terminal_the_command_has_a_terminal_of_the_same_size() {
    if !crate::test::has("script") {
        return;
    }
    let project = project("use sops\n");
    let inner = "test -t 1 && test -t 2 && stty size <&1; printf \"a\\nb\\n\"; echo \"$db_password\"; exit 5";
    let line =
        format!("stty rows 33 cols 77; '{}' exec --redact -- sh -c '{inner}'", crate::test::ENVR);
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env_clear().envs(project.variables());
    let output = command.current_dir(project.path("project")).output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.ends_with("\r\n33 77\r\na\r\nb\r\n[secret]\r\n"), "{shown:?}");
    assert_eq!(output.status.code(), Some(5));
}
