//! The supervisor killed at whatever it does, and what it left broken: the next `up` begins anew, with nobody twice.

use super::{Services, exists, is_alive, kill};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `a` takes its time for both; `b` needs it.
const SLOW: &str = "[services.a]\ncommand = 'trap \"sleep 0.2; exit\" TERM; exec 9>lock; flock -n 9 || touch two; sleep 0.2; \
    echo >&3; while :; do sleep 0.05 9>&-; done'\nready.fd = 3\n\
    [services.b]\ncommand = 'exec sleep 1000'\ndepends_on = 'a'\n";

/// As a crash does, not whole.
fn spoil(file: &Path, text: &[u8]) {
    File::create(file).unwrap().write_all(text).unwrap();
}

impl Services {
    fn state_file(&self, name: &str) -> PathBuf {
        let state = fs::read_dir(self.project.path("home/.local/state/envr/services")).unwrap();
        state.flatten().next().unwrap().path().join(name)
    }

    /// `up` works, with each service once, and `down` leaves nothing.
    #[track_caller]
    fn works(&self) {
        self.up();
        for name in ["a", "b"] {
            assert!(is_alive(self.pid(name)), "{name}");
        }
        assert!(!exists(&self.project.path("project/two")), "a second copy ran");
        self.run(["down"]);
        assert_eq!(self.processes(), [0; 0]);
    }
}

#[test]
fn while_it_starts() {
    let services = Services::new(SLOW);
    let mut random = super::Random(3);
    for _ in 0..super::times(4, 60) {
        let mut up = services.foreground(&["up", "-d"]);
        // It may not be there yet, or have begun whatever it does.
        let mut tries = 1 + random.below(4000);
        while tries > 0 {
            tries -= 1;
            let supervisor = services.find("service-supervisor");
            if let Some(supervisor) = supervisor.filter(|_| tries.is_multiple_of(7)) {
                kill(supervisor, "KILL");
                break;
            }
        }
        drop(up.stdout.take());
        up.end();
        services.run(["down"]);
        assert_eq!(services.processes(), [0; 0]);
    }
    services.works();
}

#[test]
fn while_services_become_ready_and_while_they_are_stopped() {
    let services = Services::new(SLOW);
    services.run(["up", "-d"]);
    kill(services.internal("service-supervisor"), "KILL");
    // Whoever looks for it waits until its keeper has ended what it left.
    services.run(["down"]);
    assert_eq!(services.processes(), [0; 0]);
    services.up();
    let mut down = services.foreground(&["down"]);
    assert!(down.told().starts_with("envr: stopping: "));
    kill(services.internal("service-supervisor"), "KILL");
    let (code, _, said) = down.end();
    assert_eq!(code, Some(0), "{said}");
    services.works();
}

#[test]
fn with_its_keeper_and_nobody_looks_for_it_for_long() {
    let services = Services::new(SLOW);
    services.up();
    let both = ["service-keeper", "service-supervisor"].map(|verb| services.internal(verb));
    kill(both[0], "STOP");
    kill(both[1], "KILL");
    kill(both[0], "KILL");
    super::until_gone(both[0]);
    services.works();
    assert!(!exists(&services.state_file("control-group.json")), "no group is left");
}

#[test]
fn rubbish_in_its_state() {
    let services = Services::new(SLOW);
    services.works();
    let rubbish: [&[u8]; 4] = [b"", b"\0\xff\x1b[31m", b"{\"version\":99}", b"/no/such/place"];
    for text in rubbish {
        for name in ["runtime", "processes.json", "control-group.json", "lock", "start-lock"] {
            spoil(&services.state_file(name), text);
        }
        spoil(&services.state_file("logs/a/current"), text);
        assert_eq!(services.state("a"), "down");
        services.works();
    }
    fs::remove_dir_all(services.state_file("logs")).unwrap();
    spoil(&services.state_file("logs"), b"no directory");
    services.up();
    assert_eq!(services.note("b"), "its log cannot be written: not a directory");
    assert_eq!(services.state("b"), "up");
    services.run(["down"]);
    fs::remove_file(services.state_file("runtime")).unwrap();
    fs::create_dir(services.state_file("runtime")).unwrap();
    let said = services.fail(["up", "-d"]);
    assert!(said.contains("/runtime`: is a directory"), "{said}");
    fs::remove_dir(services.state_file("runtime")).unwrap();
}

#[test]
fn with_a_state_that_cannot_be_written() {
    let services = Services::new(SLOW);
    let script = "
        mount --bind $HOME $HOME
        mount -o remount,bind,ro $HOME
        if $ENVR up -d 2>said; then exit 1; fi
    ";
    if services.in_namespaces(&["-Urmpf", "--mount-proc", "--kill-child"], script).is_none() {
        return;
    }
    let said = services.project.read("project/said");
    assert!(said.contains("envr: error: could not "), "{said}");
    assert!(said.contains("read-only file system"), "{said}");
    services.works();
}

#[test]
fn whose_state_cannot_be_written_any_more() {
    let services = Services::new(SLOW);
    let script = "
        $ENVR up --wait || exit 1
        mount --bind $HOME $HOME
        mount -o remount,bind,ro $HOME
        $ENVR down 2>said || exit 1
        $ENVR down 2>>said || exit 1
        $ENVR ps >listed || exit 1
    ";
    if services.in_namespaces(&["-Urmpf", "--mount-proc", "--kill-child"], script).is_none() {
        return;
    }
    let said = services.project.read("project/said");
    assert!(said.ends_with("envr: nothing is running\n") && !said.contains("error"), "{said}");
    assert!(!services.project.read("project/listed").contains("ready"));
    services.works();
}

#[test]
fn without_its_socket_it_is_named() {
    let services = Services::new(SLOW);
    services.up();
    fs::remove_dir_all(services.project.path("run/envr")).unwrap();
    let supervisor = services.internal("service-supervisor");
    let expected = format!(
        "envr: error: the supervisor cannot be reached: its socket is gone\nenvr: hint: kill {supervisor}\n"
    );
    assert_eq!(services.fail(["down"]), expected);
    let said = services.fail(["up", "-d"]);
    assert!(said.ends_with(&expected), "{said}");
    assert!(is_alive(supervisor));
    kill(supervisor, "TERM");
    services.works();
}
