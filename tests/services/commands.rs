//! The verbs with whatever is typed behind them, with a supervisor and without one.

use super::Services;
use std::process::{Command, Stdio};

const SLEEP: &str = "[services]\nweb = 'exec sleep 1000'\nother = 'exec sleep 1000'\n\
    [services.later]\ncommand = 'echo here; exec sleep 1000'\nauto = false\n";

#[test]
fn without_a_supervisor_each_says_so() {
    let services = Services::new(SLEEP);
    let nobody = "envr: error: no services of this project are running\nenvr: hint: envr up -d\n";
    for verb in ["start", "stop", "restart", "wait"] {
        assert_eq!(services.fail([verb, "web"]), nobody, "{verb}");
    }
    assert_eq!(services.fail(["signal", "HUP", "web"]), nobody);
    assert_eq!(services.run(["logs"]), "");
    assert_eq!(services.run(["logs", "web", "-n", "0"]), "");
    assert_eq!(
        services.fail(["logs", "wbe"]),
        "envr: error: `wbe` has no log\nenvr: hint: envr ps\n"
    );
    services.project.envr(["down"]).stderr("envr: nothing is running\n").success();
    for verb in [
        "up",
        "attach",
        "down",
        "ps",
        "start",
        "stop",
        "restart",
        "signal",
        "logs",
        "wait",
        "services",
        "services import",
    ] {
        let words: Vec<&str> = verb.split(' ').chain(["--help"]).collect();
        let help = services.project.envr(words).any_stdout().success().stdout;
        let help = String::from_utf8(help).unwrap();
        assert!(help.contains(&format!("Usage: envr {verb}")), "{help}");
    }
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let services = Services::new(SLEEP);
    let unknown = |name: &str| {
        format!("envr: error: unknown service `{name}`; did you mean `web`?\nenvr: hint: envr ps\n")
    };
    assert_eq!(services.fail(["up", "-d", "wbe"]), unknown("wbe"));
    services.up();
    for verb in ["start", "stop", "restart", "wait"] {
        assert_eq!(services.fail([verb, "webb"]), unknown("webb"), "{verb}");
    }
    assert_eq!(services.fail(["signal", "HUP", "webb"]), unknown("webb"));
    assert!(services.fail(["logs", "webb"]).contains("did you mean `web`?"));
}

#[test]
fn waiting_tells_what_would_make_it_come_true() {
    let services = Services::new(&format!(
        "{SLEEP}[services.silent]\ncommand = 'exec sleep 1000'\nready.log = 'never'\nauto = false\n"
    ));
    services.up();
    services.run(["start", "silent"]);
    assert_eq!(services.state("later"), "down");
    let said = services.fail(["wait", "later"]);
    assert!(
        said.starts_with("envr: error: `later` is down\nenvr: hint: envr start later\n"),
        "{said}"
    );
    let said = services.fail(["wait", "web", "--for", "completed"]);
    assert!(
        said.starts_with("envr: error: `web` is never completed: it is always started again\n"),
        "{said}"
    );
    let said = services.fail(["wait", "silent", "--timeout", "50ms"]);
    assert!(said.starts_with("envr: error: the time is over\n"), "{said}");
    for time in ["0s", "-1s", "soon", ""] {
        services.fail(["wait", "web", "--timeout", time]);
    }
    // What does not start by itself does when it is named.
    services.run(["up", "-d", "later"]);
    services.run(["wait", "later", "--timeout", "1m"]);
    assert_eq!(services.state("later"), "up");
}

#[test]
fn signals_have_names_and_numbers() {
    let services = Services::empty();
    let mut got = services.fifo("got");
    services.project.write(
        "Procfile",
        format!(
            "x: for name in HUP USR1 TTIN; do trap \"echo $name >{0}\" $name; done; echo up >{0}; \
             while :; do sleep 1000 & wait; done\n",
            got.path()
        ),
    );
    services.allow();
    services.up();
    assert_eq!(got.line(), "up");
    for (typed, name) in
        [("HUP", "HUP"), ("sighup", "HUP"), ("1", "HUP"), ("usr1", "USR1"), ("TTIN", "TTIN")]
    {
        services.run(["signal", typed, "x"]);
        assert_eq!(got.line(), name, "{typed}");
    }
    for bad in ["FOO", "0", "99", "SIG", ""] {
        let said = services.fail(["signal", bad, "x"]);
        assert_eq!(said, format!("envr: error: `{bad}` is not a signal such as `HUP`\n"));
    }
    services.run(["stop", "x"]);
    assert_eq!(services.fail(["signal", "HUP", "x"]), "envr: error: `x` does not run\n");
}

#[test]
fn a_signal_for_several_reaches_those_that_run() {
    let services = Services::empty();
    let mut got = services.fifo("got");
    let replicas = format!(
        "[services.x]\nreplicas = 3\nrestart = 'never'\ncommand = '''test $ENVR_REPLICA != 2 || exit 1; \
         trap \"echo got $ENVR_REPLICA >{0}\" HUP; echo up $ENVR_REPLICA >{0}; while :; do sleep 1000 & wait; done'''\n",
        got.path()
    );
    services.project.write("envr.toml", replicas);
    services.allow();
    services.run(["up", "-d"]);
    let mut both = || std::collections::BTreeSet::from([got.line(), got.line()]);
    assert_eq!(both(), ["up 1", "up 3"].map(String::from).into());
    services.failed("x-2");
    assert_eq!(services.fail(["signal", "HUP", "x"]), "envr: error: `x-2` does not run\n");
    assert_eq!(both(), ["got 1", "got 3"].map(String::from).into());
}

#[test]
fn restart_returns_when_it_is_back_or_cannot_be() {
    let services = Services::new(
        "[services.web]\ncommand = 'sleep 0.3; test -e broken && exec 3>&- && sleep 0.1 && exit 3; \
         echo >&3; exec sleep 1000'\n\
         ready.fd = 3\n[services.plain]\ncommand = 'exec sleep 1000'\n\
         [services.migrate]\ncommand = 'sleep 0.3; test ! -e broken'\noneshot = true\n\
         [services.nightly]\ncommand = 'sleep 0.3; test ! -e broken'\nschedule = '@yearly'\n\
         [services.user]\ncommand = 'exec sleep 1000'\ndepends_on = ['web']\nauto = false\n\
         [services.slow]\ncommand = 'exec sleep 1000'\nready.log = 'never'\nauto = false\n",
    );
    services.up();
    let before = services.pid("web");
    services.run(["restart", "web", "plain"]);
    assert_eq!((services.state("web"), services.state("plain")), ("ready".into(), "up".into()));
    assert_ne!(services.pid("web"), before);
    services.run(["restart", "migrate"]);
    assert_eq!(services.state("migrate"), "completed");
    services.run(["restart", "nightly"]);
    assert_eq!(services.status("nightly")["exit"], "0");
    // What it needs is started, and waited for, too.
    services.run(["stop", "web"]);
    services.run(["restart", "user"]);
    assert_eq!((services.state("web"), services.state("user")), ("ready".into(), "up".into()));
    services.project.write("broken", "");
    // That it also closed its descriptor is no news.
    let said = services.fail(["restart", "web"]);
    assert!(
        said.starts_with(
            "envr: error: `web` did not start: it ended with 3\nenvr: hint: envr logs web\n"
        ),
        "{said}"
    );
    for failing in ["migrate", "nightly"] {
        let said = services.fail(["restart", failing]);
        let expected = format!("envr: error: `{failing}` failed: it ended with 1\n");
        assert!(said.starts_with(&expected), "{said}");
    }
    let said = services.fail(["restart", "user"]);
    assert!(said.starts_with("envr: error: `web` did not start: it ended with 3\n"), "{said}");
    let said = services.fail(["restart", "--timeout", "50ms", "slow"]);
    assert!(said.starts_with("envr: error: the time is over\n"), "{said}");
}

#[test]
fn start_says_that_there_is_nothing_to_do() {
    let services = Services::new("[services.migrate]\ncommand = 'true'\noneshot = true\n");
    services.up();
    services
        .project
        .envr(["start", "migrate"])
        .stderr("envr: `migrate` has done its work\nenvr: hint: envr restart migrate\n")
        .success();
    assert_eq!(services.status("migrate")["restarts"], 0);
}

#[test]
fn what_keeps_an_edit_from_counting_is_told() {
    let services = Services::new("[services]\nweb = 'exec sleep 1000'\n");
    services.up();
    let said = |verb: &[&str]| {
        let run = services.project.envr(verb.iter().copied()).any_stdout().any_stderr().output();
        (run.status.code(), services.shown(&run.stderr))
    };
    assert_eq!(said(&["ps"]), (Some(0), String::new()));
    services.project.write("envr.toml", "[services]\nweb = 'exec sleep 1001'\n");
    let blocked = "`$DIR/project/envr.toml` is blocked: it changed since it was approved (1 line \
                   added, 1 line removed)\nenvr: hint: `envr review` shows it, `envr allow` approves it\n";
    assert_eq!(said(&["ps"]), (Some(0), format!("envr: warning: {blocked}")));
    assert_eq!(said(&["start", "web"]), (Some(1), format!("envr: error: {blocked}")));
    services.allow();
    let changed = "envr: the definition of `web` changed\nenvr: hint: envr up -d\n";
    assert_eq!(said(&["start", "web"]), (Some(0), changed.to_string()));
    assert_eq!(said(&["restart", "web"]), (Some(0), changed.to_string()));
    services
        .project
        .write("envr.toml", "[services]\nweb = 'exec sleep 1001'\nnew = 'exec sleep 1000'\n");
    services.allow();
    assert_eq!(services.state("new"), "down");
    assert_eq!(services.note("new"), "it is new: `envr up` applies it");
    let new = "envr: error: `new` was not defined yet when services were started\nenvr: hint: envr up -d\n";
    for verb in [&["start", "new"][..], &["restart", "web", "new"], &["wait", "new"]] {
        assert_eq!(said(verb), (Some(1), new.to_string()), "{verb:?}");
    }
    services.project.write("envr.toml", "[services]\nweb = 'exec sleep 1001'\nother = 1\n");
    services.project.envr(["allow"]).any_stdout().any_stderr().output();
    let wrong = "envr: warning: could not read `$DIR/project/envr.toml:3:9`: `services.other` is a \
                 whole number, not a string\nenvr: hint: $EDITOR $DIR/project/envr.toml\n";
    for verb in [&["ps"][..], &["start", "web"], &["restart", "web"]] {
        assert_eq!(said(verb), (Some(0), wrong.to_string()), "{verb:?}");
    }
    assert_eq!(services.state("web"), "up");
}

#[test]
fn logs_since_a_time_and_the_last_of_them() {
    let services = Services::new("[services.x]\ncommand = 'echo one; echo two'\noneshot = true\n");
    services.run(["up", "-d"]);
    services.run(["wait", "--for", "completed", "x"]);
    let all = services.run(["logs", "-t", "x"]);
    let line = all.lines().find(|line| line.ends_with(" two")).unwrap();
    let time = line.split(' ').next().unwrap();
    let since = |since: &str| services.run(["logs", "x", "--since", since]);
    assert!(since(time).ends_with("two\nenvr: exited with 0\n"), "{time}");
    assert!(!since(time).contains("started"), "{time}");
    assert_eq!(since(time.trim_end_matches('Z')), since(time));
    for whole in ["10m", "1h30m", "2026-01-31", "2026-01-31 12:00", &time[..10]] {
        assert_eq!(since(whole).lines().count(), 4, "{whole}");
    }
    assert_eq!(since("3000-01-01T00:00:00Z"), "");
    assert_eq!(services.run(["logs", "-n", "0", "x"]), "");
    assert_eq!(services.run(["logs", "-n", "1", "x"]), "envr: exited with 0\n");
    for bad in
        ["yesterday", "12:00", "2026-1-31", "0s", "2026-13-01", "2026-02-30", "2026-01-31T24:00"]
    {
        assert!(services.fail(["logs", "--since", bad]).contains("is neither a time such as"));
    }
}

#[test]
fn who_follows_all_sees_a_service_that_comes_later() {
    let services = Services::new("[services]\nweb = 'echo web; exec sleep 1000'\n");
    let mut follower = services.foreground(&["logs", "-f"]);
    services.up();
    follower.until("web");
    services.project.write(
        "envr.toml",
        "[services]\nweb = 'echo web; exec sleep 1000'\nlater = 'echo late; exec sleep 1000'\n",
    );
    services.allow();
    services.up();
    assert_eq!(follower.until("late\n"), "later | late\n");
    follower.signal("KILL");
    follower.end();
    // One that never ran is followed from its first line on.
    services.project.write("envr.toml", "[services]\nnew = 'echo first; exec sleep 1000'\n");
    services.allow();
    let mut follower = services.foreground(&["logs", "-f", "new"]);
    services.up();
    assert_eq!(follower.until("first"), "first\n");
    follower.signal("KILL");
    follower.end();
}

#[test]
fn nothing_that_the_caller_has_open_gets_to_a_service() {
    for how in ["-d", ""] {
        let services =
            Services::new("[services.x]\ncommand = 'exec ls /proc/self/fd'\noneshot = true\n");
        let line = format!("exec 8</dev/null 9</dev/null; exec {} up {how}", crate::test::ENVR);
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(services.project.path("project")).env_clear();
        command.envs(&services.project.shell().env).stdin(Stdio::null());
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
        if how == "-d" {
            services.run(["wait", "--for", "completed", "x"]);
        }
        // The last one is the directory that `ls` reads.
        assert_eq!(services.said("x"), ["0", "1", "2", "3"]);
    }
}
