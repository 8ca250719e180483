//! What is wrong around a project: numbers that are given again, full disks, other users, a program that was replaced.

use super::{Services, is_alive, used};
use crate::test::ENVR;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SLEEP: &str = "[services]\nx = 'exec sleep 1000'\n";

impl Services {
    /// Runs a script as the root of namespaces of its own, in the project; `None` where users may not.
    pub fn in_namespaces(&self, options: &[&str], script: &str) -> Option<Output> {
        let can = Command::new("unshare").args(options).arg("true").output();
        if !can.is_ok_and(|output| output.status.success()) {
            println!("skipped: no namespaces for users here");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(options).args(["/bin/sh", "-euc", script]);
        command.current_dir(self.project.path("project")).env_clear();
        command.envs(&self.project.shell().env).env("ENVR", ENVR).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
        Some(output)
    }

    /// With a copy of envr that can be replaced.
    fn copied(&self, args: &[&str]) -> Output {
        let mut command = Command::new(self.project.path("own/envr"));
        command.args(args).current_dir(self.project.path("project")).env_clear();
        command.envs(&self.project.shell().env).stdin(Stdio::null()).output().unwrap()
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_number_that_is_another_s_by_now_is_not_signalled() {
    let services = Services::empty();
    // What it started goes on after it, and does not listen, so that there is somebody to be killed in the end.
    services.project.write(
        "envr.toml",
        "[services.x]\ncommand = '''\nsetsid -f sh -c 'trap \"\" TERM; echo $$ >deaf; while :; do sleep 1000; done'\n\
         while ! test -s deaf; do sleep 0.01; done; exec sleep 1000\n'''\nstop.timeout = '1s'\nready.exec = 'test -s deaf'\n",
    );
    services.allow();
    let script = "
        $ENVR up --wait 2>/dev/null
        main=$($ENVR ps --json | tr ',' '\\n' | sed -n 's/.*\"pid\": //p')
        $ENVR stop x 2>/dev/null & stop=$!
        while test -e /proc/$main; do :; done
        given=
        for try in 1 2 3 4 5 6 7 8 9 10; do
            echo $((main - 1)) >/proc/sys/kernel/ns_last_pid
            setsid sleep 1000 & given=$!
            if test $given = $main; then break; fi
            kill $given
        done
        test $given = $main
        deaf=$(cat deaf)
        wait $stop
        if test -d /proc/$deaf; then echo 'what it started is left' >&2; exit 1; fi
        kill -0 $given || { echo 'the new owner of its number was killed' >&2; exit 1; }
        kill $given
        $ENVR down 2>/dev/null
    ";
    services.in_namespaces(&["-Urpf", "--mount-proc", "--kill-child"], script);
}

/// The supervisor of a container cannot see who asks it from outside.
#[test]
fn a_supervisor_in_a_container_is_reached_from_outside() {
    let services = Services::new(SLEEP);
    let script = "
        unshare -pf --mount-proc $ENVR up >/dev/null 2>&1 & container=$!
        until $ENVR ps 2>/dev/null | grep -q ' up '; do :; done
        $ENVR restart x
        $ENVR up -d 2>&1 | grep joined
        $ENVR down 2>/dev/null
        wait $container
        $ENVR up --wait 2>/dev/null
        unshare -pf --mount-proc $ENVR ps | grep ' up '
        unshare -pf --mount-proc $ENVR down 2>/dev/null
        ! $ENVR stop x 2>/dev/null
    ";
    services.in_namespaces(&["-Urpf", "--mount-proc", "--kill-child"], script);
}

#[test]
fn a_full_disk_stops_no_service_and_is_told() {
    let services = Services::empty();
    let fifo = services.fifo("go");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = '''seq 1 10000; touch said; until test -e enough; do seq 1 1000; done; \
             read line <{}; echo more; exec sleep 1000'''\nready.exec = 'test -e said'\n",
            fifo.path()
        ),
    );
    services.allow();
    let script = format!(
        "
        mkdir -p $HOME/.local/state/envr/services
        mount -t tmpfs -o size=256k none $HOME/.local/state/envr/services
        head -c 150000 /dev/zero >$HOME/.local/state/envr/services/ballast
        $ENVR up --wait 2>/dev/null
        until $ENVR ps --json | grep 'cannot be written'; do :; done
        touch enough
        rm $HOME/.local/state/envr/services/ballast
        echo >{}
        until $ENVR logs x | grep '^more'; do :; done
        $ENVR ps --json
        $ENVR logs x | grep records
        $ENVR down
        ",
        fifo.path()
    );
    let options = ["-Urmpf", "--mount-proc", "--kill-child"];
    let Some(output) = services.in_namespaces(&options, &script) else { return };
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("its log cannot be written: no space left on device"), "{said}");
    assert!(said.contains("\"state\": \"ready\"") && said.contains("\"restarts\": 0"), "{said}");
    assert!(said.contains(" records could not be written here\n"), "{said}");
    let (_, after) = said.split_once("more\n").unwrap();
    assert!(!after.contains("cannot be written"), "{after}");
}

/// As a shell has it that was told `ulimit -f`.
#[test]
fn a_limit_for_files_is_as_a_full_disk() {
    let services = Services::empty();
    let mut said = services.fifo("said");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'seq 1 20000; echo all >{}; exec sleep 1000'\n",
            said.path()
        ),
    );
    services.allow();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -f 64; exec {ENVR} up -d")]);
    command.current_dir(services.project.path("project")).env_clear();
    command.envs(&services.project.shell().env).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    assert_eq!(said.line(), "all");
    let status = services.status("x");
    assert_eq!((&status["state"], &status["restarts"]), (&"up".into(), &0.into()));
    assert_eq!(services.note("x"), "its log cannot be written: file too large");
}

#[test]
fn with_a_project_that_cannot_be_written_hidden_processes_and_no_control_groups() {
    let services = Services::new(SLEEP);
    let script = "
        mount --bind . .
        mount -o remount,bind,ro .
        mount -t proc -o hidepid=2 proc /proc
        mount -t tmpfs -o ro none /sys/fs/cgroup
        mount -t tmpfs -o noexec none /tmp
        cd \"$PWD\"
        if touch here 2>/dev/null; then exit 1; fi
        $ENVR up --wait 2>/dev/null
        $ENVR restart x
        $ENVR wait x
        $ENVR ps
        $ENVR down
    ";
    // What the test itself is may lie in /tmp, too.
    if ENVR.starts_with("/tmp/") || services.project.path("").starts_with("/tmp") {
        let script = script.replace("mount -t tmpfs -o noexec none /tmp\n", "\n");
        services.in_namespaces(&["-Urmpf", "--kill-child"], &script);
        return;
    }
    services.in_namespaces(&["-Urmpf", "--kill-child"], script);
}

#[test]
fn places_of_other_users_are_refused_and_other_users_are_hung_up_on() {
    if !is_root() {
        println!("skipped: only root can be two users");
        return;
    }
    let services = Services::new(SLEEP);
    services.up();
    let run = services.project.path("run/envr");
    let dir = fs::read_dir(&run).unwrap().flatten().next().unwrap().path();
    // Even where a mistake lets others in, the socket talks to its own user alone.
    for open in ["", "run", "run/envr"] {
        let path = services.project.path(open);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(dir.join("control"), fs::Permissions::from_mode(0o777)).unwrap();
    let python = "import socket, sys\n\
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n\
        try:\n  s.send(b'{\"version\":1,\"request\":\"ps\"}\\n'); print(s.recv(99))\nexcept OSError: print(b'')\n";
    let ask = |user: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--clear-groups", "python3", "-c", python]);
        let output = command.arg(dir.join("control")).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(ask("65534"), "b''\n");
    assert!(ask("0").contains("services"));
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    services.run(["down"]);
    std::os::unix::fs::chown(&dir, Some(65534), None).unwrap();
    assert!(services.fail(["up", "-d"]).contains("it belongs to user 65534"));
    assert_eq!(fs::metadata(&dir).unwrap().uid(), 65534, "it is not taken over");
    std::os::unix::fs::chown(&dir, Some(0), None).unwrap();
}

#[test]
fn a_program_that_is_replaced_meanwhile_goes_on() {
    let services = Services::empty();
    let mut fifo = services.fifo("env");
    services.project.write(".envrc", "export A=one\n");
    services.project.write("Procfile", format!("x: echo $A >{}; exec sleep 1000\n", fifo.path()));
    services.allow();
    fs::create_dir(services.project.path("own")).unwrap();
    let (program, next) = (services.project.path("own/envr"), services.project.path("own/next"));
    fs::copy(ENVR, &program).unwrap();
    assert!(services.copied(&["up", "--wait"]).status.success());
    assert_eq!(fifo.line(), "one");
    fs::copy(ENVR, &next).unwrap();
    fs::rename(&next, &program).unwrap();
    services.project.write(".envrc", "export A=another\n");
    services.allow();
    assert!(services.copied(&["restart", "x"]).status.success());
    assert_eq!(fifo.line(), "another", "it is evaluated by the program that is there now");
    let pid = services.pid("x");
    assert!(services.copied(&["down"]).status.success());
    assert!(!is_alive(pid));
}

#[test]
fn whom_the_kernel_ended_for_want_of_memory_is_told_so() {
    let group = format!("/sys/fs/cgroup/memory/envr-test-{}", std::process::id());
    let limit = format!("mkdir {group} && echo 32M >{group}/memory.limit_in_bytes");
    if !Command::new("sh").args(["-c", &limit]).output().unwrap().status.success() {
        println!("skipped: no control group for memory here");
        return;
    }
    let services = Services::new(&format!(
        "[services.x]\ncommand = 'echo $$ >{group}/cgroup.procs; exec python3 -c \"x = bytearray(300 << 20)\"'\n\
         restart = 'never'\n"
    ));
    services.run(["up", "-d"]);
    services.failed("x");
    assert_eq!(services.status("x")["exit"], "SIGKILL");
    assert_eq!(
        services.note("x"),
        "the kernel may have ended it: memory ran out on this machine while it ran"
    );
    _ = fs::remove_dir(&group);
}

#[test]
fn clients_for_whom_no_descriptor_is_free_wait_and_cost_nothing() {
    let services = Services::new(SLEEP);
    services.up();
    let supervisor = services.internal("service-supervisor");
    let open = fs::read_dir(format!("/proc/{supervisor}/fd")).unwrap().flatten();
    let open: Vec<u64> = open.filter_map(|fd| fd.file_name().to_str()?.parse().ok()).collect();
    // Room for two.
    let limit = (0..).filter(|number| !open.contains(number)).nth(2);
    let limit = rustix::process::Rlimit { current: limit, maximum: limit };
    let pid = rustix::process::Pid::from_raw(supervisor);
    rustix::process::prlimit(pid, rustix::process::Resource::Nofile, limit).unwrap();
    let run = services.project.path("run/envr");
    let socket = fs::read_dir(run).unwrap().flatten().next().unwrap().path().join("control");
    let connect = || UnixStream::connect(&socket).unwrap();
    let earlier: Vec<UnixStream> = (0..20).map(|_| connect()).collect();
    let mut last = connect();
    last.write_all(b"{\"version\":1,\"request\":\"ps\"}\n").unwrap();
    let before = used(supervisor);
    last.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut byte = [0];
    assert_eq!(last.read(&mut byte).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(used(supervisor) - before < 5, "it spins");
    drop(earlier);
    last.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert_eq!(last.read(&mut byte).unwrap(), 1);
}

/// In the freezer not even SIGKILL ends a process: it is as one that a disk does not answer.
#[test]
fn what_hangs_in_the_kernel_is_named_and_does_not_hold_up_the_end() {
    let group = format!("/sys/fs/cgroup/freezer/envr-test-{}", std::process::id());
    if fs::create_dir(&group).is_err() || !fs::exists(format!("{group}/freezer.state")).unwrap() {
        println!("skipped: no freezer here");
        return;
    }
    let freeze = |state: &str| {
        let mut file = fs::File::options().write(true).open(format!("{group}/freezer.state"));
        file.as_mut().unwrap().write_all(state.as_bytes()).unwrap();
    };
    let services = Services::new(&format!(
        "[services.stuck]\ncommand = 'echo $$ >{group}/cgroup.procs; echo >&3; exec sleep 1000'\n\
         ready.fd = 3\nstop.timeout = '100ms'\n[services.good]\ncommand = 'exec sleep 1000'\n"
    ));
    services.up();
    let pids = ["stuck", "good"].map(|name| services.pid(name));
    freeze("FROZEN");
    let said = services.fail(["down"]);
    assert!(said.ends_with("envr: warning: failed: stuck\n"), "{said}");
    assert!(!is_alive(pids[1]));
    freeze("THAWED");
    super::until_gone(pids[0]);
    _ = fs::remove_dir(&group);
}
