//! Much of everything: watched files, variables, shells that start at once.

use crate::test::{ENVR, Project};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};

#[test]
fn a_thousand_watched_files() {
    let project = Project::new();
    for index in 0..1000 {
        project.write(&format!("watched/file-{index}"), "");
    }
    project.write(".envrc", "export A=1\nwatch_file watched/*\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
    let watches = shell.get("DIRENV_WATCHES").unwrap().len();
    assert!(watches < 128 << 10, "{watches} bytes are more than Linux takes");
    shell.prompt("");
    project.write("watched/file-999", "changed");
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
    shell.cd("elsewhere");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.env, project.shell().env);
}

/// Nothing could be started by a shell with such a variable, not even who would take it back.
#[test]
fn so_many_watched_files_that_no_variable_holds_all_of_each() {
    let project = Project::new();
    for index in 0..6000 {
        project.write(&format!("watched/file-{index}"), "");
    }
    project.write(".envrc", "export A=1\nwatch_dir watched\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
    let watches = shell.get("DIRENV_WATCHES").unwrap().len();
    assert!(watches < 64 << 10, "{watches} bytes");
    shell.prompt("");
    project.write("watched/one-more", "");
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
}

#[test]
fn what_no_program_could_be_started_with_is_not_loaded() {
    let small = "envr: loading $DIR/project/.envrc\n";
    for (rc, why) in [
        ("printf -v B %0131070d 0\nexport B\n", "the variable `B` takes 131073 bytes"),
        (
            "printf -v B %0100000d 0\nfor i in {10..99}; do export V$i=$B; done\n",
            "the environment takes ",
        ),
    ] {
        let project = Project::new();
        project.write(".envrc", rc);
        project.allow();
        let mut shell = project.shell();
        let said = shell.any_prompt(1);
        assert!(said.starts_with(small), "{said}");
        assert!(said.contains(why) && said.contains("no program could be started"), "{said}");
        assert_eq!(shell.get("B"), None);
        shell.prompt("");
    }
}

#[test]
fn an_environment_of_two_thousand_variables_and_a_megabyte() {
    let project = Project::new();
    project.write(".envrc", "export V_7=changed NEW=1\nunset V_8\nPATH_add bin\n");
    project.allow();
    let mut shell = project.shell();
    for index in 0..2000 {
        shell.set(&format!("V_{index}"), format!("{index:0500}"));
    }
    let outside: BTreeMap<OsString, OsString> = shell.env.clone();
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +NEW -V_8 ~PATH ~V_7\n");
    assert_eq!(shell.get("V_7"), Some("changed"));
    assert_eq!(shell.get("V_8"), None);
    assert_eq!(shell.visible().len(), outside.len());
    shell.prompt("");
    shell.cd("elsewhere");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.env, outside);
}

#[test]
fn two_hundred_shells_at_once() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
    let outside = project.shell().env;
    let start = || {
        Command::new(ENVR)
            .args(["export", "bash"])
            .current_dir(project.path("project"))
            .env_clear()
            .envs(&outside)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let started: Vec<Child> = (0..200).map(|_| start()).collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.ends_with("\nenvr: export +A\n"), "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(output.status.success());
        assert!(output.stdout.starts_with(b"export A=1;"), "{:?}", output.stdout);
    }
}
