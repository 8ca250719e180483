//! How services end, with all that they started, whatever they do against it.

use super::{Services, is_alive, kill, until_gone};
use std::fmt::Write as _;

#[test]
fn what_went_into_another_session_ends_with_its_service() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = '''\nsetsid -f sh -c \"echo \\$\\$ >{0}; exec sleep 1000\"\n\
             sleep 1000 & echo $! >{0}\nexec sleep 1000\n'''\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let (one, other) = (fifo.number(), fifo.number());
    assert!(is_alive(one) && is_alive(other));
    services.run(["stop", "x"]);
    assert!(!is_alive(one) && !is_alive(other));
}

#[test]
fn what_hides_its_environment_ends_with_the_supervisor() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = '''\nsetsid -f env -i /bin/sh -c \"echo \\$\\$ >{0}; exec sleep 1000\"\n\
             exec sleep 1000\n'''\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let hidden = fifo.number();
    services.run(["down"]);
    assert!(!is_alive(hidden));
}

#[test]
fn who_goes_into_the_background_has_failed_and_is_ended() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services]\nx = 'setsid -f sh -c \"echo \\$\\$ >{0}; exec sleep 1000\"; read line <{0}.go'\n",
            fifo.path()
        ),
    );
    let go = services.fifo("pids.go");
    services.allow();
    services.run(["up", "-d"]);
    let daemon = fifo.number();
    super::write_line(go.path());
    let said = services.failed("x");
    assert!(said.contains("`x` is failed: it put itself into the background"), "{said}");
    assert!(!is_alive(daemon));
}

#[test]
fn what_is_left_of_a_run_is_ended_before_the_next() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'sleep 1000 & echo $! >{0}; echo $$ >{0}; exec sleep 1000'\n\
             restart.delay = '1ms'\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let (child, main) = (fifo.number(), fifo.number());
    kill(main, "KILL");
    let (next_child, _) = (fifo.number(), fifo.number());
    assert!(!is_alive(child) && is_alive(next_child));
}

#[test]
fn who_does_not_listen_is_killed_and_named() {
    let services = Services::new(
        "[services.deaf]\ncommand = '''trap \"\" TERM; echo >&3; while :; do sleep 1000; done'''\n\
         ready.fd = 3\nstop = { timeout = '100ms', to = 'main' }\n[services.good]\ncommand = 'exec sleep 1000'\n",
    );
    services.up();
    let pid = services.pid("deaf");
    let run = services.project.envr(["down"]).any_stderr().success();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.ends_with("envr: warning: ended only by SIGKILL: deaf\n"), "{said}");
    assert!(!is_alive(pid));
}

#[test]
fn what_failed_or_was_killed_before_is_no_failure_of_stopping() {
    let services = Services::new(
        "[services]\ngood = 'exec sleep 1000'\n[services.bad]\ncommand = 'exit 3'\nrestart = 'never'\n\
         [services.gone]\ncommand = 'exit 3'\nrestart = 'never'\n\
         [services.deaf]\ncommand = 'trap \"\" TERM; echo >&3; while :; do sleep 1000; done'\n\
         ready.fd = 3\nstop = { timeout = '100ms', to = 'main' }\n",
    );
    services.run(["up", "-d"]);
    services.fail(["wait", "--for", "completed", "bad"]);
    services.run(["wait", "deaf"]);
    services.run(["stop", "deaf"]);
    services.project.envr(["stop", "bad", "good"]).success();
    services.project.write(
        "envr.toml",
        "[services]\ngood = 'exec sleep 1000'\n[services.bad]\ncommand = 'exit 3'\nrestart = 'never'\n",
    );
    services.allow();
    services.run(["up", "-d"]);
    services.fail(["wait", "--for", "completed", "bad"]);
    let run = services.project.envr(["down"]).any_stderr().success();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "envr: stopping: good\n");
}

#[test]
fn one_of_a_group_that_does_not_listen_is_killed_though_its_leader_does() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = '''(trap \"\" TERM; sh -c \"echo \\$PPID >{0}; while :; do sleep 1000; done\") &\n\
             exec sleep 1000'''\nstop.timeout = '200ms'\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let deaf = fifo.number();
    services.run(["stop", "x"]);
    assert!(!is_alive(deaf));
}

#[test]
fn who_is_stopped_by_a_signal_ends_all_the_same() {
    let services = Services::new("[services]\nx = 'exec sleep 1000'\n");
    services.up();
    kill(services.pid("x"), "STOP");
    let run = services.project.envr(["down"]).any_stderr().success();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!said.contains("SIGKILL"), "{said}");
}

#[test]
fn a_supervisor_that_is_killed_leaves_nothing() {
    let mut toml = "[services]\n".to_string();
    for index in 0..20 {
        writeln!(toml, "s{index} = 'setsid -f sleep 1000; sleep 1000 & exec sleep 1000'").unwrap();
    }
    let services = Services::new(&toml);
    services.up();
    let keeper = services.internal("service-keeper");
    let pids: Vec<i32> = (0..20).map(|index| services.pid(&format!("s{index}"))).collect();
    kill(services.internal("service-supervisor"), "KILL");
    until_gone(keeper);
    assert_eq!(services.processes(), [0; 0]);
    services.up();
    let again: Vec<i32> = (0..20).map(|index| services.pid(&format!("s{index}"))).collect();
    assert!(pids.iter().all(|pid| !again.contains(pid)));
}

#[test]
fn the_next_up_ends_what_is_left_when_keeper_and_supervisor_are_killed() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    services.project.write(
        "envr.toml",
        format!(
            "[services]\nx = '''trap \"\" TERM; setsid -f sh -c \"trap : TERM; echo \\$\\$ >{0}; exec sleep 1000\"\n\
             echo $$ >{0}; while :; do sleep 1000; done'''\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let (one, other) = (fifo.number(), fifo.number());
    let supervisor = services.internal("service-supervisor");
    kill(services.internal("service-keeper"), "STOP");
    kill(supervisor, "KILL");
    kill(services.internal("service-keeper"), "KILL");
    assert!(is_alive(one) && is_alive(other));
    let run = services.project.envr(["up", "-d"]).any_stderr().success();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("that a killed supervisor left"), "{said}");
    assert!(!is_alive(one) && !is_alive(other));
    let (_, next) = (fifo.number(), fifo.number());
    assert!(is_alive(next));
}

#[test]
fn a_finish_script_is_told_what_happened_and_is_killed_in_time() {
    let services = Services::empty();
    let mut fifo = services.fifo("finished");
    services.script("services/x/run", "#!/bin/sh\nexec sleep 1000\n");
    services.script(
        "services/x/finish",
        &format!("#!/bin/sh\necho \"$1 $2 $3 $4\" >{}\nexec sleep 1000\n", fifo.path()),
    );
    services.project.write("services/x/timeout-finish", "100\n");
    services.allow();
    services.up();
    let pid = services.pid("x");
    kill(pid, "USR1");
    assert_eq!(fifo.line(), format!("256 10 x {pid}"));
    services.run(["wait", "x", "--timeout", "20s"]);
    assert!(services.log("x").contains(&"envr: `finish` took too long: it was killed".to_string()));
}

#[test]
fn a_finish_script_can_say_that_it_is_enough() {
    let services = Services::empty();
    services.script("services/x/run", "#!/bin/sh\nexit 3\n");
    services.script("services/x/finish", "#!/bin/sh\ntest \"$1\" = 3 && exit 125\n");
    services.allow();
    services.run(["up", "-d"]);
    let said = services.failed("x");
    assert!(said.contains("`x` is failed"), "{said}");
    assert_eq!(services.status("x")["exit"], "3");
}
