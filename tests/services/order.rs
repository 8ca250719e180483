//! Who starts before whom, who stops before whom, and what happens to those who wait.

use super::Services;
use std::fmt::Write as _;
use std::fs;

#[test]
fn a_chain_starts_in_order_and_stops_in_the_reverse() {
    let services = Services::empty();
    let mut fifo = services.fifo("events");
    let mut toml = String::new();
    for index in 0..6 {
        let script = format!(
            "trap 'echo stop {index} >{0}; sleep 0.1; echo gone {index} >{0}; exit' TERM; echo start {index} >{0}; echo >&3; \
             while :; do sleep 1000 & wait; done",
            fifo.path()
        );
        let needs = if index > 0 { format!("'s{}'", index - 1) } else { String::new() };
        writeln!(
            toml,
            "[services.s{index}]\ncommand = \"\"\"{script}\"\"\"\nready.fd = 3\ndepends_on = [{needs}]"
        )
        .unwrap();
    }
    services.project.write("envr.toml", toml);
    services.allow();
    services.up();
    services.run(["down"]);
    let events: Vec<String> = (0..18).map(|_| fifo.line()).collect();
    let started = (0..6).map(|index| format!("start {index}"));
    // Nobody is told to stop before all that need it are gone.
    let stopped =
        (0..6).rev().flat_map(|index| ["stop", "gone"].map(|what| format!("{what} {index}")));
    assert_eq!(events, started.chain(stopped).collect::<Vec<_>>());
}

/// Each waits for the other to start, and to be told to stop: one after the other they would wait for ever.
#[test]
fn who_does_not_need_the_other_starts_and_stops_at_the_same_time() {
    let services = Services::empty();
    let script = |own: &str, other: &str| {
        let met = |what: &str| {
            format!("touch {what}-{own}; while ! test -e {what}-{other}; do sleep 0.01; done")
        };
        let (start, stop) = (met("start"), met("stop"));
        format!(
            "trap \"{stop}; exit\" TERM; {start}; echo >&3; while :; do sleep 1000 & wait $!; done"
        )
    };
    let table = |own: &str, other: &str| {
        let script = script(own, other);
        format!("[services.{own}]\ncommand = '''{script}'''\nready.fd = 3\nstop.timeout = '60s'\n")
    };
    services.project.write("envr.toml", table("a", "b") + &table("b", "a"));
    services.allow();
    services.up();
    let run = services.project.envr(["down"]).any_stderr().success();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!said.contains("SIGKILL"), "{said}");
}

#[test]
fn stopping_one_stops_first_those_that_need_it() {
    let services = Services::new(
        "[services]\nother = 'exec sleep 1000'\n[services.db]\ncommand = 'exec sleep 1000'\n\
         [services.web]\ncommand = 'exec sleep 1000'\ndepends_on = 'db'\n",
    );
    services.up();
    services.run(["stop", "db"]);
    let states = ["db", "web", "other"].map(|name| services.state(name));
    assert_eq!(states, ["down", "down", "up"]);
    services.run(["start", "web"]);
    services.run(["wait", "web"]);
    assert_eq!(services.state("db"), "up");
}

/// An order that the definitions do not give any more holds for what was started by it.
#[test]
fn what_is_removed_or_changed_together_stops_in_order() {
    let services = Services::empty();
    let mut fifo = services.fifo("events");
    let script = |name: &str| {
        format!(
            "trap 'echo stop {name} >{0}; sleep 0.1; echo gone {name} >{0}; exit' TERM; \
             echo start {name} >{0}; while :; do sleep 1000 & wait; done",
            fifo.path()
        )
    };
    let table = |name: &str, more: &str| {
        format!("[services.{name}]\ncommand = \"\"\"{}\"\"\"\n{more}", script(name))
    };
    let other = "[services]\nother = 'exec sleep 1000'\n";
    let db = table("db", "");
    let web = table("web", "depends_on = ['db']\n");
    let define = |tables: &[&str]| {
        services.project.write("envr.toml", tables.concat());
        services.allow();
        services.run(["up", "-d"]);
    };
    let started = ["start db", "start web"];
    let stopped = ["stop web", "gone web", "stop db", "gone db"];
    let both = [&stopped[..], &started[..]].concat();
    define(&[other, &db, &web]);
    let mut events = |count| (0..count).map(|_| fifo.line()).collect::<Vec<_>>();
    assert_eq!(events(2), started);
    services.run(["restart", "web", "db"]);
    assert_eq!(events(6), both);
    define(&[other, &db, "env.A = '1'\n", &web, "env.A = '1'\n"]);
    assert_eq!(events(6), both);
    define(&[other]);
    assert_eq!(events(4), stopped);
}

#[test]
fn a_dependency_that_restarts_leaves_its_dependents_alone() {
    let services = Services::new(
        "[services]\ndb = 'exec sleep 1000'\n\
         [services.web]\ncommand = 'exec sleep 1000'\ndepends_on = { db = 'started' }\n",
    );
    services.up();
    let before = services.pid("web");
    services.run(["restart", "db"]);
    services.run(["wait", "db"]);
    assert_eq!(services.pid("web"), before);
}

#[test]
fn whoever_needs_what_failed_is_told_at_once_and_starts_once_it_is_mended() {
    let services = Services::new(
        "[services.migrate]\ncommand = 'test -e done'\noneshot = true\n\
         [services.web]\ncommand = 'exec sleep 1000'\ndepends_on = { migrate = 'completed' }\n",
    );
    let said = services.fail(["up", "--wait"]);
    assert!(
        said.contains("envr: error: `migrate` is failed")
            || said.contains("envr: error: `web` is down: it needs `migrate`, which is failed"),
        "{said}"
    );
    assert_eq!(services.state("migrate"), "failed");
    assert_eq!(services.status("migrate")["exit"], "1");
    assert_eq!(services.note("web"), "it needs `migrate`, which is failed");
    services.project.write("done", "");
    services.up();
    assert_eq!(services.state("migrate"), "completed");
    let restarts = services.status("migrate")["restarts"].clone();
    services.up();
    assert_eq!(services.status("migrate")["restarts"], restarts, "what is done is not done again");
}

#[test]
fn waiting_ends_with_what_is_missing() {
    let services = Services::new(
        "[services.db]\ncommand = 'echo starting; exec sleep 1000'\nready.log = 'never said'\n\
         [services.web]\ncommand = 'exec sleep 1000'\ndepends_on = 'db'\n",
    );
    let said = services.fail(["up", "--wait", "--timeout", "300ms"]);
    let lines: Vec<&str> = said.lines().filter(|line| !line.contains("loading")).collect();
    assert_eq!(lines[0], "envr: error: the time is over");
    assert_eq!(lines[1], "envr: `db` is starting");
    assert!(lines.contains(&"envr:   db | starting"), "{said}");
    assert!(lines.contains(&"envr: `web` is starting: it waits for `db` to be ready"), "{said}");
    assert_eq!(services.note("web"), "it waits for `db` to be ready");
    assert_eq!(services.status("web")["pid"], serde_json::Value::Null);
}

#[test]
fn what_it_said_last_is_told_in_short() {
    let services = Services::new(
        "[services.db]\ncommand = 'head -c 300000 /dev/zero | tr \"\\\\0\" x; echo; exec sleep 1000'\n\
         ready.log = 'never said'\n",
    );
    services.run(["up", "-d"]);
    let dir = services.logs_of("db");
    while fs::metadata(dir.join("current")).map_or(0, |file| file.len()) < 300_000 {}
    let said = services.fail(["wait", "db", "--timeout", "50ms"]);
    let line = said.lines().find(|line| line.starts_with("envr:   db | x")).unwrap();
    assert!(line.len() < 600 && line.ends_with("xxx…"), "{}", line.len());
}

#[test]
fn what_ended_well_and_for_good_is_not_waited_for() {
    let services = Services::new(
        "[services.once]\ncommand = 'true'\nrestart = 'never'\n\
         [services.says]\ncommand = 'echo >&3'\nrestart = 'on-failure'\nready.fd = 3\n\
         [services.silent]\ncommand = 'true'\nrestart = 'on-failure'\nready.fd = 3\n\
         [services.user]\ncommand = 'exec sleep 1000'\ndepends_on = ['once']\n",
    );
    services.up();
    services.run(["wait", "--for", "completed", "once", "says", "silent"]);
    services.up();
    services.run(["stop", "user"]);
    services.run(["start", "user"]);
    services.run(["wait", "user"]);
}

#[test]
fn up_applies_what_changed_and_only_that() {
    let services = Services::new(
        "[services]\nsame = 'exec sleep 1000'\nother = 'exec sleep 1001'\ngone = 'exec sleep 1'\n",
    );
    services.up();
    let [same, other, gone] = ["same", "other", "gone"].map(|name| services.pid(name));
    services.project.write(
        "envr.toml",
        "[services]\nsame = 'exec sleep 1000'\nother = 'exec sleep 1002'\nmore = 'exec sleep 1000'\n",
    );
    services.allow();
    assert_eq!(services.note("other"), "its definition changed: `envr up` applies it");
    assert_eq!(services.note("same"), "");
    services.up();
    super::until_gone(gone);
    services.run(["wait", "other", "more"]);
    assert_eq!(services.pid("same"), same);
    super::until_gone(other);
    let list = services.run(["ps"]);
    assert!(!list.contains("gone"), "{list}");
}
