//! s6's contract: the same service directories under s6 itself and under envr.

use super::{Services, kill};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Says all that a `run` can see, then becomes ready, then waits.
const RUN: &str = "#!/bin/sh
echo \"run $0 $# $1 ${PWD##*/} $(cat data/word)\"
echo 'to stderr' >&2
echo >&4
exec sleep 1000
";
const FINISH: &str = "#!/bin/sh
echo \"finish $# $1 $2 $3\"
";
const LOG_RUN: &str = "#!/bin/sh
exec cat >>../seen
";

fn write(services: &Services) {
    services.script("services/x/run", RUN);
    services.script("services/x/finish", FINISH);
    services.script("services/x/log/run", LOG_RUN);
    services.project.write("services/x/data/word", "word");
    services.project.write("services/x/notification-fd", "4\n");
    services.project.write("services/x/down-signal", "USR1\n");
    services.project.write("services/x/timeout-kill", "5000\n");
    services.script("services/asleep/run", "#!/bin/sh\ntouch started\nexec sleep 1000\n");
    services.project.write("services/asleep/down", "");
}

#[test]
fn a_service_directory_runs_unchanged() {
    let services = Services::empty();
    write(&services);
    services.allow();
    services.up();
    assert_eq!(services.state("x"), "ready");
    assert_eq!(services.state("asleep"), "down");
    services.run(["down"]);
    let ours = services.project.read("project/services/x/seen");
    assert!(!super::exists(&services.project.path("project/services/asleep/started")));
    assert_eq!(ours.lines().next(), Some("run ./run 1 x x word"));
    assert_eq!(services.log("x").iter().filter(|line| *line == "to stderr").count(), 1);
    if !crate::test::has("s6-svscan") {
        return;
    }
    services.project.remove("services/x/seen");
    let scan = services.project.path("project/services");
    let mut svscan = Command::new("s6-svscan")
        .arg(&scan)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let s6 = |program: &str, arguments: &[&str]| {
        let run = || {
            Command::new(program).args(arguments).current_dir(&scan).stderr(Stdio::null()).status()
        };
        run().unwrap().success()
    };
    // The directories are not supervised before the scan has come to them.
    while !s6("s6-svok", &["x"]) {}
    assert!(s6("s6-svwait", &["-U", "-t", "20000", "x"]));
    assert!(s6("s6-svc", &["-wD", "-T", "20000", "-d", "x"]));
    kill(i32::try_from(svscan.id()).unwrap(), "TERM");
    svscan.wait().unwrap();
    let theirs = services.project.read("project/services/x/seen");
    // s6 2.13 and later, and envr, tell `finish` the process group, too.
    let plain = |text: &str| text.replace("finish 4 ", "finish 3 ");
    assert_eq!(plain(&ours), plain(&theirs));
}

#[test]
fn a_run_that_does_not_say_what_runs_it_is_refused_as_under_s6() {
    let services = Services::empty();
    services.script("services/x/run", "echo started >started\n");
    services.script("other", "\x7fELF\x01\x01\0");
    services.project.write("envr.toml", "[services.other]\ncommand = ['./other']\n");
    services.allow();
    services.run(["up", "-d"]);
    services.fail(["wait", "x"]);
    let start = "could not be started: `$DIR/project";
    let why = "its first line does not say what runs it, as `#!/bin/sh`";
    assert_eq!(services.note("x"), format!("{start}/services/x/run`: {why}"));
    assert_eq!(services.note("other"), format!("{start}/other`: exec format error"));
    let started = services.project.path("project/services/x/started");
    assert!(!super::exists(&started));
    if !crate::test::has("s6-supervise") {
        return;
    }
    let mut command = Command::new("s6-supervise");
    command.arg("x").current_dir(services.project.path("project/services"));
    let mut s6 = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(s6.stderr.take().unwrap()).lines();
    let said = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("fatal"))).unwrap();
    kill(i32::try_from(s6.id()).unwrap(), "TERM");
    s6.wait().unwrap();
    assert!(said.unwrap().ends_with("Exec format error"));
    assert!(!super::exists(&started));
}

#[test]
fn types_of_s6_rc() {
    let services = Services::empty();
    services.script("services/db/run", "#!/bin/sh\nexec sleep 1000\n");
    services.project.write("services/db/type", "longrun\n");
    services.project.write("services/setup/type", "oneshot\n");
    services.project.write("services/setup/up", "redirfd -w 1 made echo done\n");
    services.project.write("services/setup/dependencies.d/db", "");
    services.project.write("services/all/type", "bundle\n");
    services.project.write("services/all/contents.d/setup", "");
    services.allow();
    if !crate::test::has("execlineb") {
        return;
    }
    services.run(["up", "-d", "all"]);
    services.run(["wait", "--for", "completed", "setup"]);
    assert_eq!(services.project.read("project/services/setup/made"), "done\n");
    assert_eq!(services.state("db"), "up");
}

#[test]
fn mistakes_in_settings_name_the_file() {
    let check = |name: &str, text: &str, expected: &str| {
        let services = Services::empty();
        services.script("services/x/run", "#!/bin/sh\n");
        services.project.write(&format!("services/x/{name}"), text);
        services.allow();
        let said = services.fail(["up", "-d"]);
        let first = said.lines().next().unwrap().replace("$DIR/project/services/x/", "");
        assert_eq!(first, format!("envr: error: could not read `{name}`: {expected}"));
    };
    check("notification-fd", "x", "`x` is not a number");
    check("notification-fd", "0", "it is not a number from 1 to 1000");
    check("down-signal", "FOO", "`FOO` is not a signal");
    check("timeout-kill", "-1", "`-1` is not a number");
    check("max-death-tally", "5000", "it is larger than 4096");
    check("type", "fast", "`fast` is not one of `longrun`, `oneshot`, `bundle`");
}
