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
    let services = Services::new(SLEEP);
    services.up();
    assert_eq!(services.state("later"), "down");
    let said = services.fail(["wait", "later"]);
    assert!(
        said.starts_with("envr: error: `later` is down\nenvr: hint: envr start later\n"),
        "{said}"
    );
    let said = services.fail(["wait", "web", "--for", "completed", "--timeout", "50ms"]);
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
    for bad in ["yesterday", "12:00", "2026-1-31", "0s"] {
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
