//! Services that run by the clock, and several of a kind.

use super::Services;
use std::fs;

#[test]
fn a_schedule_runs_it_again_and_again() {
    let services = Services::empty();
    let mut runs = services.fifo("runs");
    services.project.write(
        "envr.toml",
        format!(
            "[services.job]\ncommand = 'echo $ENVR_SERVICE >{0}; false'\nschedule = '1s'\n\
             [services.never]\ncommand = 'echo no >{0}'\nschedule = '0 0 29 2 *'\nenv.TZ = 'CET-1'\n\
             [services.web]\ncommand = 'exec sleep 1000'\ndepends_on = ['never']\n",
            runs.path()
        ),
    );
    services.allow();
    services.up();
    let note = services.note("never");
    assert!(note.starts_with("it runs next at 20") && note.ends_with("-02-28T23:00:00Z"), "{note}");
    assert_eq!((services.state("never"), services.state("web")), ("down".into(), "up".into()));
    assert_eq!([runs.line(), runs.line()], ["job", "job"]);
    // Named, it runs at once.
    services.run(["stop", "job"]);
    services.run(["start", "never"]);
    while runs.line() != "no" {}
    services.run(["wait", "--for", "completed", "never"]);
    assert!(services.note("never").starts_with("it runs next at"));
}

#[test]
fn a_run_that_takes_too_long_leaves_one_out() {
    let services = Services::empty();
    let mut runs = services.fifo("runs");
    let gate = services.fifo("gate");
    services.project.write(
        "envr.toml",
        format!(
            "[services.job]\ncommand = 'echo run >{}; read x <{}'\nschedule = '1s'\n",
            runs.path(),
            gate.path()
        ),
    );
    services.allow();
    let mut up = services.foreground(&["up"]);
    assert_eq!(runs.line(), "run");
    up.until("a run of its schedule is left out");
    super::write_line(gate.path());
    assert_eq!(runs.line(), "run");
    assert_eq!(services.status("job")["restarts"], 1);
    super::write_line(gate.path());
    up.signal("INT");
    assert_eq!(up.end().0, Some(0));
}

/// A machine cannot be sent to sleep for a test: which clocks are waited for, and that whoever sets one is heard of, can be
/// seen.
#[test]
fn who_sleeps_through_its_time_is_late_for_no_more_than_that() {
    let services = Services::new(
        "[services.often]\ncommand = 'true'\nschedule = '1h'\n\
         [services.daily]\ncommand = 'true'\nschedule = '@daily'\n",
    );
    services.up();
    let supervisor = services.internal("service-supervisor");
    let descriptors = fs::read_dir(format!("/proc/{supervisor}/fdinfo")).unwrap().flatten();
    let descriptors = descriptors.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let mut timers: Vec<String> = descriptors.filter(|text| text.contains("clockid:")).collect();
    timers.sort_by_key(|text| text.find("settime flags: 01").is_some());
    assert_eq!(timers.len(), 2, "{timers:?}");
    // CLOCK_REALTIME, for a time that is cancelled when the clock is set, and CLOCK_BOOTTIME.
    assert!(timers[0].contains("clockid: 0\n") && timers[0].contains("settime flags: 03\n"));
    assert!(timers[1].contains("clockid: 7\n") && timers[1].contains("settime flags: 01\n"));
    assert!(timers.iter().all(|text| !text.contains("it_value: (0, 0)")), "{timers:?}");
    services.run(["stop", "often", "daily"]);
    for timer in fs::read_dir(format!("/proc/{supervisor}/fdinfo")).unwrap().flatten() {
        let text = fs::read_to_string(timer.path()).unwrap_or_default();
        assert!(!text.contains("clockid:") || text.contains("it_value: (0, 0)"), "{text}");
    }
}

#[test]
fn replicas_have_one_name_together_and_one_each() {
    let services = Services::new(
        "[services.web]\ncommand = 'echo $ENVR_REPLICA $PORT; exec sleep 1000'\nreplicas = 3\n\
         port = 'auto'\nready = { log = ' ' }\n\
         [services.proxy]\ncommand = 'echo $WEB_1_PORT $WEB_3_PORT; exec sleep 1000'\ndepends_on = ['web']\n",
    );
    services.up();
    let port = |name: &str| services.status(name)["ports"]["port"].as_u64().unwrap();
    for number in 1..=3 {
        let name = format!("web-{number}");
        assert_eq!(services.said(&name), [format!("{number} {}", port(&name))]);
    }
    assert_eq!(services.said("proxy"), [format!("{} {}", port("web-1"), port("web-3"))]);
    services.run(["stop", "web-2"]);
    assert_eq!((services.state("web-1"), services.state("proxy")), ("ready".into(), "down".into()));
    services.run(["stop", "web"]);
    assert_eq!(services.state("web-3"), "down");
}

#[test]
fn ports_that_are_given_count_up() {
    let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let services = Services::new(&format!(
        "[services.web]\ncommand = 'exec sleep 1000'\nreplicas = 2\nport = {first}\n"
    ));
    services.run(["up", "-d"]);
    assert_eq!(services.status("web-2")["ports"]["port"], first + 1);
}
