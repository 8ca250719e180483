//! One supervisor for each project and user, found from wherever it is looked for.

use super::Services;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const SLEEP: &str = "[services]\nx = 'exec sleep 1000'\n";

#[test]
fn many_at_once_start_one() {
    for _ in 0..super::times(5, 100) {
        let services = Services::empty();
        let mut fifo = services.fifo("starts");
        services
            .project
            .write("Procfile", format!("x: echo $$ >{}; exec sleep 1000\n", fifo.path()));
        services.allow();
        let ups: Vec<_> = (0..6).map(|_| services.foreground(&["up", "-d"])).collect();
        for up in ups {
            let (code, _, said) = up.end();
            assert_eq!(code, Some(0), "{said}");
        }
        let first = fifo.number();
        assert_eq!(services.pid("x"), first);
        assert_eq!(services.status("x")["restarts"], 0);
    }
}

#[test]
fn it_is_found_from_below_through_links_and_with_another_runtime_directory() {
    let services = Services::new(SLEEP);
    services.up();
    let pid = services.pid("x");
    fs::create_dir_all(services.project.path("project/deep/er")).unwrap();
    std::os::unix::fs::symlink(services.project.path("project"), services.project.path("link"))
        .unwrap();
    let seen = |run: crate::test::Run| {
        let output = run.any_stdout().success();
        String::from_utf8(output.stdout).unwrap()
    };
    for dir in ["project/deep/er", "link", "link/deep"] {
        let list = seen(services.project.envr(["ps"]).dir(dir));
        assert!(list.contains(&format!(" {pid} ")), "{list}");
    }
    let elsewhere = services.project.path("elsewhere");
    let list = seen(services.project.envr(["ps"]).env("XDG_RUNTIME_DIR", &elsewhere));
    assert!(list.contains(&format!(" {pid} ")), "{list}");
}

#[test]
fn a_project_that_is_renamed_is_another_one_until_it_is_back() {
    let services = Services::new(SLEEP);
    services.up();
    let pid = services.pid("x");
    fs::rename(services.project.path("project"), services.project.path("moved")).unwrap();
    let run = services.project.envr(["up", "-d"]).dir("moved").any_stderr();
    let said = String::from_utf8(run.failure().stderr).unwrap();
    assert!(said.contains("moved/envr.toml` is blocked: it is not approved yet"), "{said}");
    assert!(super::is_alive(pid), "nobody asked for its end");
    fs::rename(services.project.path("moved"), services.project.path("project")).unwrap();
    assert_eq!(services.pid("x"), pid);
}

#[test]
fn a_path_longer_than_a_socket_may_have() {
    let services = Services::empty();
    let deep = services.project.path(&format!("run/{}", "d".repeat(120)));
    fs::create_dir_all(&deep).unwrap();
    let python = "import os, socket, time\n\
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])\n\
        print(os.environ['NOTIFY_SOCKET'], flush=True)\n\
        time.sleep(1000)\n";
    services.project.write("notify.py", python);
    let told = "[services.told]\ncommand = 'exec python3 notify.py'\nready = 'notify'\n";
    services.project.write("envr.toml", format!("{SLEEP}{told}"));
    services.allow();
    let up = services.project.envr(["up", "--wait"]).env("XDG_RUNTIME_DIR", &deep);
    up.any_stderr().success();
    assert_eq!([services.state("x"), services.state("told")], ["up", "ready"]);
    let socket = services.said("told")[0].clone();
    services.run(["down"]);
    assert!(socket.starts_with('/') && !fs::exists(&socket).unwrap(), "{socket}");
}

#[test]
fn without_a_runtime_directory_and_without_a_home_to_write_to() {
    let services = Services::new(SLEEP);
    let up = services.project.envr(["up", "--wait"]).env("XDG_RUNTIME_DIR", "");
    up.any_stderr().success();
    assert_eq!(services.state("x"), "up");
}

#[test]
fn a_stale_socket_and_a_stale_list_harm_nobody() {
    let services = Services::new(SLEEP);
    services.up();
    // As after a loss of power: everything is there but the processes. The list names one that is another's.
    let keeper = services.internal("service-keeper");
    let supervisor = services.internal("service-supervisor");
    super::kill(keeper, "STOP");
    super::kill(supervisor, "KILL");
    let left = services.processes();
    for pid in &left {
        super::kill(*pid, "KILL");
    }
    for pid in &left {
        super::until_gone(*pid);
    }
    let state = services.project.path("home/.local/state/envr/services");
    let dir = fs::read_dir(state).unwrap().flatten().next().unwrap().path();
    let mut stranger = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    let list = format!("[{{\"pid\":{},\"start\":1}}]", stranger.id());
    services.project.write_at(
        dir.join("processes.json")
            .strip_prefix(services.project.path(""))
            .unwrap()
            .to_str()
            .unwrap(),
        list,
    );
    services.up();
    assert_eq!(services.state("x"), "up");
    assert!(stranger.try_wait().unwrap().is_none(), "another's process was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let services = Services::new(SLEEP);
    services.up();
    services.run(["down"]);
    let run = services.project.path("run/envr");
    let dir = fs::read_dir(&run).unwrap().flatten().next().unwrap().path();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(services.fail(["up", "-d"]).contains("others may enter it"));
    fs::remove_dir_all(&dir).unwrap();
    std::os::unix::fs::symlink(services.project.path("elsewhere"), &dir).unwrap();
    assert!(services.fail(["up", "-d"]).contains("could not open"));
    fs::remove_file(&dir).unwrap();
    services.up();
}

#[test]
fn an_up_joins_and_starts_what_is_missing() {
    let services = Services::new("[services]\na = 'exec sleep 1000'\nb = 'exec sleep 1000'\n");
    services.run(["up", "-d", "a"]);
    let pid = services.pid("a");
    assert_eq!(services.state("b"), "down");
    let run = services.project.envr(["up", "--wait"]);
    run.stderr("envr: joined the supervisor that was running\n").success();
    assert_eq!((services.pid("a"), services.state("b")), (pid, "up".to_string()));
}

#[test]
fn verbs_without_a_supervisor() {
    let services = Services::new(SLEEP);
    services.project.envr(["down"]).stderr("envr: nothing is running\n").success();
    assert_eq!(
        services.fail(["stop", "x"]),
        "envr: error: no services of this project are running\nenvr: hint: envr up -d\n"
    );
    let list = services.run(["ps"]);
    assert_eq!(
        list,
        "NAME  STATE  PID  SINCE  RESTARTS  PORTS  EXIT\nx     down               0\n"
    );
    services.up();
    assert_eq!(
        services.fail(["restart", "y"]),
        "envr: error: unknown service `y`; did you mean `x`?\nenvr: hint: envr ps\n"
    );
    assert_eq!(
        services.fail(["signal", "FOO", "x"]),
        "envr: error: `FOO` is not a signal such as `HUP`\n"
    );
}

#[test]
fn without_its_state_it_is_found_where_it_listens() {
    let services = Services::new(SLEEP);
    services.up();
    let pid = services.pid("x");
    fs::remove_dir_all(services.project.path("home/.local/state/envr/services")).unwrap();
    assert_eq!(services.pid("x"), pid);
    services.up();
    assert_eq!(services.pid("x"), pid, "no second supervisor starts");
    services.run(["restart", "x"]);
    services.run(["wait", "x"]);
    assert!(services.log("x").iter().any(|line| line.starts_with("envr: started")));
    services.run(["down"]);
    assert!(!super::is_alive(pid));
}

/// As logind leaves it, at the end of a user's last session.
#[test]
fn one_whose_runtime_directory_is_gone_is_not_taken_for_none() {
    let services = Services::new(SLEEP);
    services.up();
    let supervisor = services.internal("service-supervisor");
    fs::remove_dir_all(services.project.path("run/envr")).unwrap();
    let told = format!(
        "envr: error: the supervisor cannot be reached: its socket is gone\nenvr: hint: kill {supervisor}\n"
    );
    for verb in [&["ps"][..], &["stop", "x"], &["restart", "x"], &["wait", "x"]] {
        let run = services.project.envr(verb.iter().copied()).any_stdout().any_stderr().output();
        assert_eq!(run.status.code(), Some(1), "{verb:?}");
        assert_eq!(String::from_utf8_lossy(&run.stderr), told, "{verb:?}");
    }
    super::kill(supervisor, "TERM");
    super::until_gone(supervisor);
}

/// Ends late, so that there is a time in which it is being stopped.
const SLOW: &str = "[services.x]\ncommand = 'trap \"\" TERM; echo deaf; while :; do sleep 1000; done'\n\
    ready.log = 'deaf'\nstop.timeout = '1s'\n";

#[test]
fn an_up_while_everything_is_stopped_begins_anew() {
    let services = Services::new(SLOW);
    services.up();
    let first = services.pid("x");
    let mut down = services.foreground(&["down"]);
    assert_eq!(down.told(), "envr: stopping: x");
    let up = services.project.envr(["up", "--wait"]).any_stderr().success();
    assert!(services.shown(&up.stderr).contains("waiting for the supervisor that is ending"));
    assert_ne!(services.pid("x"), first);
    assert!(!super::is_alive(first));
    assert_eq!(down.end().0, Some(0));
}

/// A supervisor that somebody ends before it was asked anything is not one that cannot be reached.
#[test]
fn an_up_that_meets_a_down_begins_anew() {
    let services = Services::new(SLEEP);
    for _ in 0..super::times(8, 100) {
        let up = services.foreground(&["up", "-d"]);
        let down = services.foreground(&["down"]);
        let (_, _, said) = up.end();
        assert!(!said.contains("reach") && !said.contains("hear"), "{said}");
        assert_eq!(down.end().0, Some(0));
    }
}

#[test]
fn a_down_whose_supervisor_is_killed_meanwhile_has_done_its_work() {
    let services = Services::new(SLOW);
    services.up();
    let pid = services.pid("x");
    let mut downs = [services.foreground(&["down"]), services.foreground(&["down"])];
    for down in &mut downs {
        assert_eq!(down.told(), "envr: stopping: x");
    }
    super::kill(services.internal("service-supervisor"), "KILL");
    for down in downs {
        let (code, _, said) = down.end();
        assert_eq!(code, Some(0), "{said}");
    }
    assert!(!super::is_alive(pid));
}

#[test]
fn a_supervisor_that_is_stopped_is_not_waited_for() {
    let services = Services::new(SLEEP);
    services.up();
    let supervisor = services.internal("service-supervisor");
    super::kill(supervisor, "STOP");
    let status = format!("/proc/{supervisor}/stat");
    while !fs::read_to_string(&status).unwrap().contains(") T ") {}
    let said = services.fail(["ps"]);
    let expected = format!(
        "envr: error: the supervisor, process {supervisor}, is stopped\nenvr: hint: kill -CONT {supervisor}\n"
    );
    assert_eq!(said, expected);
    assert_eq!(services.fail(["up", "-d"]), expected);
    super::kill(supervisor, "CONT");
    assert_eq!(services.state("x"), "up");
}

#[test]
fn without_its_definitions_it_is_found_and_ended() {
    let services = Services::new(SLEEP);
    // Those above are another project's.
    services.project.write_at("envr.toml", "[services]\nabove = 'true'\n");
    for anew in [false, true] {
        services.project.write("envr.toml", SLEEP);
        services.up();
        let pid = services.pid("x");
        fs::remove_dir_all(services.project.path("project")).unwrap();
        fs::create_dir_all(services.project.path("project/deep")).unwrap();
        if anew {
            services.project.write("envr.toml", "[services]\ny = 'true'\n");
        }
        assert_eq!(services.pid("x"), pid);
        let below = services.project.envr(["ps"]).dir("project/deep").any_stdout().any_stderr();
        let below = below.success();
        assert_eq!(services.shown(&below.stderr).contains("is blocked: it changed"), anew);
        assert!(services.shown(&below.stdout).contains(&format!(" {pid} ")));
        services.run(["down"]);
        assert!(!super::is_alive(pid));
    }
}
