//! `up` at a terminal, in a pipe, and where both go away.

use super::{Services, is_alive, kill, until_gone};
use crate::terminal::{Shell, Terminal};
use crate::test::ENVR;
use std::process::{Command, Stdio};

const TWO: &str = "[services]\na = 'echo from a; exec sleep 1000'\n[services.web]\ndepends_on = 'a'\n\
                   command = 'echo from web; exec sleep 1000'\n";

#[test]
fn an_interrupt_stops_in_order_and_says_how_far_it_is() {
    let services = Services::new(TWO);
    let mut up = services.foreground(&["up"]);
    up.until_all(&["a   | from a\n", "web | from web\n"]);
    up.signal("INT");
    let (code, rest, said) = up.end();
    assert_eq!(code, Some(0));
    assert!(rest.contains("a   | envr: ended by SIGTERM"), "{rest}");
    let stopping: Vec<&str> = said.lines().filter(|line| line.contains("stopping")).collect();
    assert_eq!(stopping.first(), Some(&"envr: stopping: a, web"), "{said}");
    assert_eq!(services.processes(), [0; 0]);
}

/// As runners leave them that start programs from a thread.
#[test]
fn signals_that_were_held_back_are_heard() {
    let services = Services::new(TWO);
    let python = "import os, signal, sys\n\
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n\
        os.execv(sys.argv[1], ['envr', 'up'])\n";
    let mut command = Command::new("python3");
    command.args(["-c", python, ENVR]).current_dir(services.project.path("project")).env_clear();
    command.envs(&services.project.shell().env).stdin(Stdio::null());
    let mut up = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let is_there = || services.project.envr(["wait", "web"]).any_stderr().output().status.success();
    while !is_there() {}
    kill(up.id().cast_signed(), "TERM");
    assert_eq!(up.wait().unwrap().code(), Some(0));
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn one_that_is_suspended_does_not_keep_down_waiting() {
    let services = Services::new(TWO);
    let mut up = services.foreground(&["up"]);
    up.until("from web\n");
    up.signal("STOP");
    services.run(["down"]);
    assert_eq!(up.end().0, Some(0));
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn a_second_interrupt_does_not_ask() {
    let services = Services::new(
        "[services.deaf]\ncommand = '''trap \"\" TERM INT; setsid -f sleep 1000; echo deaf; while :; do sleep 1000; done'''\n\
         stop = { to = 'main', timeout = '1h' }\n",
    );
    let mut up = services.foreground(&["up"]);
    up.until("deaf");
    up.signal("INT");
    while !up.told().contains("stopping: deaf") {}
    up.signal("INT");
    let (code, _, said) = up.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ended only by SIGKILL: deaf"), "{said}");
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn a_terminal_that_goes_away_stops_everything() {
    for signal in ["HUP", "TERM", "KILL"] {
        let services = Services::new(TWO);
        let mut up = services.foreground(&["up"]);
        up.until("from web");
        let supervisor = services.internal("service-supervisor");
        let pids = ["a", "web"].map(|name| services.pid(name));
        up.signal(signal);
        up.end();
        until_gone(supervisor);
        assert!(!pids.into_iter().any(is_alive), "{signal}");
    }
}

#[test]
fn a_terminal_that_goes_away_is_told_of_twice_and_meant_once() {
    let services = Services::empty();
    let mut fifo = services.fifo("stopped");
    services.project.write(
        "Procfile",
        format!(
            "a: trap 'sleep 0.3; echo asked >{}; exit' TERM; echo up; while :; do sleep 1000 & wait; done\n",
            fifo.path()
        ),
    );
    services.allow();
    let mut up = services.foreground(&["up"]);
    up.until("up\n");
    up.signal("HUP");
    while !up.told().contains("stopping: a") {}
    up.signal("HUP");
    assert_eq!(fifo.line(), "asked", "it has the time to end by itself");
    let (code, _, said) = up.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("SIGKILL"), "{said}");
}

#[test]
fn a_job_of_a_shell_is_suspended_and_goes_on_in_the_background() {
    let mut terminal = Terminal::start(Shell::Bash);
    terminal.write("p/Procfile", "a: echo up >>$ENVR_TERMINAL/events; exec sleep 1000\n");
    terminal.run("cd p");
    terminal.run("envr allow");
    terminal.type_line("envr up");
    terminal.wait_for("up");
    terminal.type_bytes(b"\x1a");
    let said = terminal.wait_prompt();
    assert!(said.contains("Stopped"), "{said}");
    // The services are in sessions of their own, and so is who answers.
    let list = terminal.run("envr restart a; envr wait a && envr ps");
    assert!(list.contains("a     up"), "{list}");
    terminal.run("bg");
    let list = terminal.run("envr restart a; envr wait a && envr ps");
    assert!(list.contains("a     up"), "{list}");
    let said = terminal.run("kill %1; wait %1");
    assert!(said.contains("stopping: a"), "{said}");
    assert_eq!(terminal.status, 0);
}

#[test]
fn keys_of_the_terminal_do_not_reach_the_services() {
    let mut terminal = Terminal::start(Shell::Bash);
    terminal.write(
        "p/Procfile",
        "a: for name in INT QUIT HUP TERM; do trap \"echo $name >>$ENVR_TERMINAL/signals; exit\" $name; done; \
         echo up >>$ENVR_TERMINAL/events; while :; do sleep 1000 & wait; done\n",
    );
    terminal.run("cd p");
    terminal.run("envr allow");
    terminal.type_line("envr up");
    terminal.wait_for("up");
    terminal.interrupt();
    let said = terminal.wait_prompt();
    assert!(said.contains("stopping: a"), "{said}");
    assert_eq!(terminal.status, 0);
    assert_eq!(terminal.run("cat $ENVR_TERMINAL/signals"), "TERM\n");
}

#[test]
fn a_window_that_is_closed_stops_everything() {
    let mut terminal = Terminal::start(Shell::Bash);
    terminal.write(
        "p/Procfile",
        "a: echo $PPID >~/supervisor; echo up >>$ENVR_TERMINAL/events; exec sleep 1000\n",
    );
    terminal.run("cd p");
    terminal.run("envr allow");
    let mut other = terminal.beside().start();
    other.run("cd p");
    other.type_line("envr up");
    other.wait_for("up");
    let supervisor = terminal.read("supervisor").trim().parse().unwrap();
    other.close();
    terminal.wait_gone(supervisor);
    assert!(terminal.run("envr ps").contains("a     down"));
}

#[test]
fn a_reader_that_had_enough_stops_everything() {
    let services = Services::new("[services]\na = 'while echo line; do sleep 0.05; done'\n");
    let mut up = services.foreground(&["up"]);
    up.until("line");
    up.stdout = None;
    let (code, _, said) = up.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn it_ends_by_itself_when_nothing_runs_any_more() {
    let services = Services::new(
        "[services.a]\ncommand = 'echo done'\noneshot = true\n[services.b]\ncommand = 'exit 1'\nrestart = 'never'\n",
    );
    let (code, output, said) = services.foreground(&["up"]).end();
    assert_eq!(code, Some(1), "{output}{said}");
    assert!(output.contains("a | done\n"), "{output}");
    assert!(said.ends_with("envr: warning: failed: b\n"), "{said}");
    services.project.write("envr.toml", "[services.a]\ncommand = 'echo done'\noneshot = true\n");
    services.allow();
    assert_eq!(services.foreground(&["up"]).end().0, Some(0));
}

#[test]
fn a_killed_supervisor_is_told_of_and_leaves_nothing() {
    let services = Services::new(TWO);
    let mut up = services.foreground(&["up"]);
    up.until("from web");
    kill(services.internal("service-supervisor"), "KILL");
    let (code, _, said) = up.end();
    assert_eq!(code, Some(1));
    assert!(
        said.ends_with(
            "envr: error: the supervisor was ended by SIGKILL; its services are stopped\n"
        ),
        "{said}"
    );
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn who_joins_leaves_the_services_running() {
    let services = Services::new(TWO);
    services.up();
    let mut up = services.foreground(&["up"]);
    while !up.told().contains("joined the supervisor") {}
    services.run(["restart", "a"]);
    up.until("from a");
    up.signal("INT");
    assert_eq!(up.end().0, Some(0));
    assert_eq!(services.state("web"), "up");
}

#[test]
fn as_the_first_process_of_a_container() {
    let services =
        Services::new("[services]\na = 'setsid -f sleep 0.01; echo here; exec sleep 1000'\n");
    let can = Command::new("unshare").args(["-Urpf", "--mount-proc", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: no namespaces for users here");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["-Urpf", "--mount-proc", "--kill-child", ENVR, "up"]);
    command.current_dir(services.project.path("project")).env_clear();
    command.envs(&services.project.shell().env).stdin(Stdio::null());
    let piped = Stdio::piped;
    let mut child = command.stdout(piped()).stderr(piped()).spawn().unwrap();
    let stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut up = super::Foreground { child, stdout: Some(stdout) };
    up.until("here");
    let first = services.processes();
    assert!(first.len() >= 3, "{first:?}");
    kill(*first.iter().find(|pid| is_first(**pid)).unwrap(), "TERM");
    let (code, _, said) = up.end();
    assert_eq!(code, Some(0), "{said}");
}

/// In its namespace.
fn is_first(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"))
}
