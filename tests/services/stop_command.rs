//! `stop.command`: a service that is asked to end in its own way.

use super::Services;

#[test]
fn it_ends_by_what_its_command_does() {
    let services = Services::new(
        "[services.x]\ncommand = '''trap '' TERM; trap 'echo told; exit 0' USR1; echo up; \
         while :; do sleep 0.02; done'''\nready = { log = 'up' }\n\
         stop = { command = 'echo $WORD; kill -USR1 $MAINPID; while kill -0 $MAINPID; do sleep 0.02; done', \
         timeout = '60s' }\nenv = { WORD = 'asking' }\n",
    );
    services.up();
    services.run(["stop", "x"]);
    assert_eq!((services.state("x"), services.note("x")), ("down".into(), String::new()));
    let said = services.said("x");
    assert!(
        ["up", "asking", "told"].iter().all(|line| said.contains(&line.to_string())),
        "{said:?}"
    );
    assert_eq!(services.status("x")["exit"], "0");
}

#[test]
fn the_signal_follows_a_command_that_fails_or_does_nothing() {
    let check = |command: &str, note: &str| {
        let services = Services::new(&format!(
            "[services.x]\ncommand = 'exec sleep 1000'\nstop = {{ command = '{command}', timeout = '60s' }}\n"
        ));
        services.up();
        services.run(["stop", "x"]);
        let status = services.status("x");
        assert_eq!((&status["exit"], services.note("x").as_str()), (&"SIGTERM".into(), note));
    };
    check("false", "its `stop` failed");
    check("true", "");
}

#[test]
fn a_command_that_hangs_is_killed_with_the_service() {
    let services = Services::new(
        "[services.x]\ncommand = 'exec sleep 1000'\n\
         stop = { command = 'sleep 1000 & sleep 1001', timeout = '200ms' }\n",
    );
    services.up();
    services.run(["stop", "x"]);
    assert_eq!(services.status("x")["exit"], "SIGKILL");
    services.run(["down"]);
    assert!(services.processes().is_empty());
}
