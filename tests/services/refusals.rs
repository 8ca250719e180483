//! What is not approved, or makes no sense, runs nothing; what is broken is in nobody else's way.

use super::{Services, exists};
use crate::test::has;
use std::fs::{self, File};
use std::process::Command;

const RUN: &str = "#!/bin/sh\ntouch started\nexec sleep 1000\n";

/// Nothing of the project ran, and no supervisor does.
#[track_caller]
fn nothing_runs(services: &Services) {
    for name in ["a", "b"] {
        let started = services.project.path("project/services").join(name).join("started");
        assert!(!exists(&started), "{name} was started");
    }
    assert!(!exists(&services.project.path("project/started")));
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn one_file_that_is_not_approved_keeps_all_from_running() {
    let services = Services::empty();
    services.script("services/a/run", RUN);
    services.script("services/b/run", RUN);
    services.project.write("Procfile", "c: touch started; exec sleep 1000\n");
    let refused = |file: &str| {
        for verb in [&["up", "-d"][..], &["up"], &["up", "--wait", "a"]] {
            let (code, shown, said) = services.foreground(verb).end();
            let said = services.shown(said.as_bytes());
            assert_eq!((code, shown.as_str()), (Some(1), ""), "{said}");
            let expected = format!("envr: error: `$DIR/project/{file}` is blocked: ");
            assert!(said.contains(&expected), "{said}");
            nothing_runs(&services);
        }
    };
    refused("Procfile");
    services.allow();
    services.script("services/b/run", "#!/bin/sh\ntouch started other\nexec sleep 1000\n");
    refused("services/b/run");
    services.allow();
    services.script("services/a/finish", "#!/bin/sh\ntouch started\n");
    refused("services/a/finish");
    services.project.remove("services/a/finish");
    services.project.write("Procfile", "c: touch started; exec sleep 1001\n");
    refused("Procfile");
    services.allow();
    services.up();
    assert_eq!(["a", "b", "c"].map(|name| services.state(name)), ["up"; 3]);
    // Who runs goes on; nothing is started that was not read.
    services.script("services/b/run", "#!/bin/sh\ntouch never\nexec sleep 1000\n");
    for verb in ["start", "restart"] {
        assert!(services.fail([verb, "a"]).contains("services/b/run` is blocked: "), "{verb}");
    }
    assert_eq!(["a", "b", "c"].map(|name| services.state(name)), ["up"; 3]);
    assert!(!exists(&services.project.path("project/services/b/never")));
}

#[test]
fn a_run_of_any_kind_is_in_no_other_s_way() {
    let services = Services::empty();
    services.script("services/good/run", RUN);
    services.project.write("services/directory/run/file", "");
    services.project.write("services/pipe/data", "");
    let pipe = services.project.path("project/services/pipe/run");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    services.script("services/empty/run", "");
    services.allow();
    services.run(["up", "-d"]);
    services.run(["wait", "good"]);
    let why = |name: &str| {
        assert_eq!(services.state(name), "failed", "{name}");
        services.note(name).replace("$DIR/project/services/", "")
    };
    assert!(why("directory").starts_with("could not be started: "), "{}", why("directory"));
    assert!(why("directory").contains("`directory/run`"), "{}", why("directory"));
    assert!(why("pipe").contains("`pipe/run`"), "{}", why("pipe"));
    assert!(why("empty").contains("`empty/run`"), "{}", why("empty"));
}

#[test]
fn a_run_that_is_still_being_written_is_tried_again() {
    let services = Services::empty();
    services.script("services/x/run", RUN);
    services.allow();
    let run = services.project.path("project/services/x/run");
    let writer = File::options().append(true).open(run).unwrap();
    services.run(["up", "-d"]);
    assert!(services.note("x").ends_with("run`: text file busy"), "{}", services.note("x"));
    drop(writer);
    services.run(["wait", "x"]);
    assert_eq!(services.state("x"), "up");
}

#[test]
fn names_that_are_none() {
    let long = "a".repeat(100);
    let services = Services::empty();
    for name in [long.as_str(), "x..y", "@at", "1"] {
        services.script(&format!("services/{name}/run"), RUN);
    }
    services.allow();
    services.up();
    assert_eq!(services.state(&long), "up");
    services.run(["restart", &long]);
    services.run(["wait", &long]);
    services.run(["down"]);
    let too_long = "a".repeat(101);
    for name in ["b\nc", "\x1b[31mred", "\u{fc}ber", "-dash", "two words", &too_long] {
        let dir = services.project.path("project/services").join(name);
        services.script(&format!("services/{name}/run"), RUN);
        services.allow();
        let said = services.fail(["up", "-d"]);
        assert!(said.contains("cannot be a service's name\n"), "{said}");
        assert!(!said.contains('\x1b') && !said.contains("b\nc"), "{said}");
        fs::remove_dir_all(dir).unwrap();
    }
    // What is hidden is no service.
    services.script("services/.hidden/run", RUN);
    services.allow();
    services.up();
    assert!(!services.run(["ps"]).contains("hidden"));
}

#[test]
fn a_bomb_that_ends_leaves_its_service_running() {
    let services = Services::new(
        "[services.x]\ncommand = 'n() { test $1 -gt 0 || return; n $(($1-1)) & n $(($1-1)) & }; n 6; wait; \
         echo over; exec sleep 1000'\nready.log = 'over'\n",
    );
    services.up();
    assert_eq!((services.state("x"), services.said("x")), ("ready".into(), vec!["over".into()]));
}

#[test]
fn a_supervisor_that_is_refused_everything_does_not_stay() {
    if !has("prlimit") {
        return;
    }
    let services = Services::empty();
    services
        .project
        .write("envr.toml", "[services.x]\ncommand = 'exec sleep 1000'\nreplicas = 40\n");
    services.allow();
    let mut command = Command::new("prlimit");
    command.args(["--nofile=48:48", crate::test::ENVR, "up", "-d"]);
    command.current_dir(services.project.path("project")).env_clear();
    let output = command.envs(&services.project.shell().env).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("envr: error: "), "{said}");
    services.project.envr(["down"]).any_stderr().success();
    assert_eq!(services.processes(), [0; 0], "{said}");
    services.up();
}
