//! s6's contract: the same service directories under s6 itself and under envr.

use super::{Services, kill};
use std::io::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

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
    let (scan, mut svscan) = s6_svscan(&services);
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

/// A service: its name, what its `run` does, what its `finish` does, and its settings.
type End = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What each writes down, in its order: `NAME WHAT ARGUMENTS…`. All become ready; then `dies` ends by itself.
const ENDS: [End; 5] = [
    ("deaf", "trap '' TERM", "", &[("timeout-kill", "300"), ("max-death-tally", "3")]),
    ("usr", "trap 'say got USR1; exit 3' USR1", "", &[("down-signal", "USR1")]),
    ("number", "trap 'say got INT; exit 0' INT", "", &[("down-signal", "2\n")]),
    ("slow", "", "sleep 1000; say never", &[("timeout-finish", "300")]),
    ("dies", "kill -KILL $$", "exit 125", &[("max-death-tally", "0"), ("timeout-kill", "0")]),
];

fn write_ends(services: &Services) {
    for (name, before, finish, settings) in ENDS {
        let say = "say() { echo \"${PWD##*/} $*\" >>../../seen; }";
        let dir = format!("services/{name}");
        services.script(
            &format!("{dir}/run"),
            &format!(
                "#!/bin/sh\n{say}\nsay run $# $1\necho rubbish >&4\n{before}\nsay ready\n\
                 while :; do sleep 0.02; done\n"
            ),
        );
        services.script(
            &format!("{dir}/finish"),
            &format!("#!/bin/sh\n{say}\nsay finish $1 $2 $3\n{finish}\n"),
        );
        services.project.write(&format!("{dir}/notification-fd"), "4\n");
        for (setting, value) in settings {
            services.project.write(&format!("{dir}/{setting}"), value);
        }
    }
}

/// s6 itself on the same directories, and where they are.
fn s6_svscan(services: &Services) -> (PathBuf, Child) {
    let scan = services.project.path("project/services");
    let mut svscan = Command::new("s6-svscan");
    svscan.arg(&scan).env_clear().env("PATH", "/usr/bin:/bin");
    let svscan = svscan.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (scan, svscan)
}

/// Each service's own order; that between services is nobody's promise.
fn seen(services: &Services) -> Vec<Vec<String>> {
    let seen = services.project.read("project/seen");
    let of = |name: &str| {
        let own = seen.lines().filter(|line| line.split(' ').next() == Some(name));
        own.map(str::to_string).collect()
    };
    let all = ENDS.iter().map(|(name, ..)| of(name)).collect();
    services.project.remove("seen");
    all
}

/// Until every service wrote that it is ready, and `dies` how it ended.
fn until_settled(services: &Services) {
    let is_settled = || {
        let seen = std::fs::read_to_string(services.project.path("project/seen"));
        let seen = seen.unwrap_or_default();
        let lived = ["deaf", "usr", "number", "slow"];
        lived.iter().all(|name| seen.contains(&format!("{name} ready\n")))
            && seen.contains("dies finish 256 9 dies\n")
    };
    while !is_settled() {}
}

#[test]
fn an_end_is_as_under_s6_in_its_order_and_arguments() {
    let services = Services::empty();
    write_ends(&services);
    services.allow();
    services.run(["up", "-d"]);
    until_settled(&services);
    services.failed("dies");
    let said = services.project.envr(["down"]).any_stderr().success();
    assert!(String::from_utf8_lossy(&said.stderr).contains("ended only by SIGKILL: deaf\n"));
    let ours = seen(&services);
    let expected: [&[&str]; 5] = [
        &["deaf run 1 deaf", "deaf ready", "deaf finish 256 9 deaf"],
        &["usr run 1 usr", "usr ready", "usr got USR1", "usr finish 3 0 usr"],
        &["number run 1 number", "number ready", "number got INT", "number finish 0 0 number"],
        &["slow run 1 slow", "slow ready", "slow finish 256 15 slow"],
        &["dies run 1 dies", "dies finish 256 9 dies"],
    ];
    assert_eq!(ours, expected);
    if !crate::test::has("s6-svscan") {
        return;
    }
    let (scan, mut svscan) = s6_svscan(&services);
    until_settled(&services);
    let mut wait = Command::new("s6-svwait");
    // As many as failed for good.
    let wait = wait.args(["-D", "-t", "20000", "dies"]).current_dir(&scan).status().unwrap();
    assert!(matches!(wait.code(), Some(0 | 1)), "{wait:?}");
    kill(i32::try_from(svscan.id()).unwrap(), "TERM");
    svscan.wait().unwrap();
    assert_eq!(seen(&services), ours);
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

/// The pipe between them outlives both.
#[test]
fn a_logger_that_is_killed_loses_nothing_that_it_did_not_read() {
    let services = Services::empty();
    let say = services.fifo("say");
    let mut heard = services.fifo("heard");
    let speaker =
        format!("#!/bin/sh\nexec 4<>{}\nwhile read line <&4; do echo $line; done\n", say.path());
    services.script("services/x/run", &speaker);
    let logger = format!("#!/bin/sh\nwhile read line; do echo $line >{}; done\n", heard.path());
    services.script("services/x/log/run", &logger);
    services.allow();
    services.up();
    let mut tell = std::fs::File::options().write(true).open(say.path()).unwrap();
    tell.write_all(b"one\n").unwrap();
    assert_eq!(heard.line(), "one");
    let pid = services.pid("x");
    let logger = services.pid("x/log");
    kill(logger, "KILL");
    super::until_gone(logger);
    tell.write_all(b"two\n").unwrap();
    assert_eq!(heard.line(), "two");
    assert_eq!(services.pid("x"), pid);
    assert_eq!(services.status("x/log")["restarts"], 1);
}

/// Between `up` and its turn there is time for a change that nobody approved.
#[test]
fn what_waits_for_its_turn_is_looked_at_again_when_it_comes() {
    if !crate::test::has("execlineb") {
        return;
    }
    let services = Services::empty();
    let go = services.fifo("go");
    let wait = format!("#!/bin/sh\nread line <{}; echo >&3; exec sleep 1000\n", go.path());
    services.script("services/db/run", &wait);
    services.project.write("services/db/notification-fd", "3\n");
    services.project.write("services/setup/type", "oneshot\n");
    services.project.write("services/setup/up", "redirfd -w 1 made echo approved\n");
    services.project.write("services/setup/dependencies.d/db", "");
    services.allow();
    services.run(["up", "-d"]);
    services.project.write("services/setup/up", "redirfd -w 1 made echo another\n");
    std::fs::File::options().write(true).open(go.path()).unwrap().write_all(b"\n").unwrap();
    services.failed("setup");
    let note = services.note("setup");
    assert!(note.contains("services/setup/up` is blocked: it changed"), "{note}");
    assert!(!super::exists(&services.project.path("project/services/setup/made")));
}

#[test]
fn lists_in_the_older_form_of_s6_rc() {
    let services = Services::empty();
    services.script(
        "services/base/run",
        "#!/bin/sh\nuntil [ -e ../go ]; do sleep 0.02; done\ntouch ../ready\necho >&3\nexec sleep 1000\n",
    );
    services.project.write("services/base/notification-fd", "3\n");
    let run = "#!/bin/sh\n[ -e ../ready ] && echo in order\nexec sleep 1000\n";
    services.script("services/needer/run", run);
    services.project.write("services/needer/dependencies", "# none\n\n base \n");
    services.script("services/other/run", run);
    services.project.write("services/all/type", "bundle\n");
    services.project.write("services/all/contents", "needer\nbase\n");
    services.allow();
    services.run(["up", "-d", "all"]);
    assert_eq!(services.state("needer"), "starting");
    services.project.write("services/go", "");
    services.run(["wait", "all"]);
    assert_eq!(services.said("needer"), ["in order"]);
    assert_eq!(services.state("other"), "down");
}

#[test]
fn a_oneshot_that_takes_longer_than_its_timeout_up_has_failed() {
    let services = Services::empty();
    services.project.write("services/one/type", "oneshot\n");
    services.script(
        "services/one/run",
        "#!/bin/sh\ntrap 'exit 0' TERM\nwhile :; do sleep 0.02; done\n",
    );
    services.project.write("services/one/timeout-up", "300\n");
    services.script("services/next/run", "#!/bin/sh\nexec sleep 1000\n");
    services.project.write("services/next/dependencies.d/one", "");
    services.allow();
    services.fail(["up", "--wait"]);
    services.failed("one");
    assert_eq!(services.note("one"), "it was not done in time");
    assert_eq!(services.note("next"), "it needs `one`, which is failed");
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
