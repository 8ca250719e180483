//! Restarts: how soon, how often, with which environment, and at what cost.

use super::{Services, kill};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_healthy_service_is_back_at_once() {
    let services = Services::empty();
    let mut fifo = services.fifo("pids");
    // A second after it said that it is ready, the service itself says that it has been so for a second.
    let script = format!(
        "echo >&3; echo $$ >{0}; sleep 1.1; echo healthy >{0}; exec sleep 1000",
        fifo.path()
    );
    services.project.write(
        "envr.toml",
        format!("[services.x]\ncommand = '{script}'\nready.fd = 3\nrestart.delay = '30s'\n"),
    );
    services.allow();
    services.run(["up", "-d"]);
    let first = fifo.number();
    assert_eq!(fifo.line(), "healthy");
    let before = Instant::now();
    kill(first, "KILL");
    assert_ne!(fifo.number(), first);
    assert!(before.elapsed() < Duration::from_secs(1), "it waited {:?}", before.elapsed());
    // That the last run was ready says nothing of this one.
    assert!(services.status("x")["restarts"] == 1);
    services.run(["wait", "--for", "ready", "x"]);
    assert_eq!(services.log("x").iter().filter(|line| *line == "envr: ready").count(), 2);
}

#[test]
fn the_log_of_a_run_is_kept_and_told_apart_from_the_next() {
    let services = Services::new("[services]\nx = 'echo said; exec sleep 1000'\n");
    services.up();
    let first = services.pid("x");
    // What is told of it comes behind what it said.
    while services.said("x").is_empty() {}
    kill(first, "KILL");
    while services.said("x").len() < 2 {}
    let second = services.pid("x");
    assert_eq!(
        services.log("x"),
        [
            &format!("envr: started, pid {first}, run 1"),
            "said",
            "envr: ended by SIGKILL",
            &format!("envr: started, pid {second}, run 2"),
            "said",
        ]
    );
}

#[test]
fn a_crash_loop_ends_at_its_limit() {
    let services = Services::new(
        "[services.x]\ncommand = 'echo last words; printf end; exit 3'\nrestart = { limit = 3, delay = '1ms' }\n",
    );
    services.run(["up", "-d"]);
    let said = services.failed("x");
    assert!(said.contains("envr: error: `x` is failed\nenvr: hint: envr logs x\n"), "{said}");
    let status = services.status("x");
    assert_eq!((&status["state"], &status["exit"]), (&"failed".into(), &"3".into()));
    assert_eq!(status["restarts"], 3);
    let log: Vec<String> =
        services.log("x").iter().filter(|line| !line.contains("started")).cloned().collect();
    let run = ["last words", "end", "envr: exited with 3"];
    assert_eq!(log, run.repeat(4), "each line once, the last words before the end");
}

#[test]
fn policies() {
    let services = Services::new(
        "[services.once]\ncommand = 'exit 0'\nrestart = 'never'\n\
         [services.fails]\ncommand = 'exit 1'\nrestart = 'never'\n\
         [services.done]\ncommand = 'exit 0'\nrestart = 'on-failure'\n",
    );
    services.run(["up", "-d"]);
    services.run(["wait", "--for", "completed", "once", "done"]);
    services.fail(["wait", "--for", "completed", "fails"]);
    assert_eq!(services.state("fails"), "failed");
}

#[test]
fn what_cannot_be_started_says_why_and_the_others_run() {
    let services = Services::empty();
    services.project.write("envr.toml", format!(
        "[services]\ngood = 'exec sleep 1000'\n[services.nothing]\ncommand = ['no-such-program']\n\
         [services.place]\ncommand = 'x'\ncwd = 'nowhere'\n[services.large]\ncommand = 'x'\nenv.A = '{}'\n",
        "x".repeat(300_000)
    ));
    services.project.write("services/plain/run", "#!/bin/sh\n");
    services.script("services/shebang/run", "#!/no/such/shell\n");
    services.allow();
    services.run(["up", "-d"]);
    services.run(["wait", "good"]);
    let why = |name: &str| {
        assert_eq!(services.state(name), "failed", "{name}");
        services.note(name).replace("could not be started: ", "").replace("$DIR/project/", "")
    };
    assert_eq!(why("nothing"), "`no-such-program` is not on its PATH");
    assert_eq!(why("place"), "its directory `nowhere` is not there");
    assert_eq!(why("large"), "`/bin/sh`: its command, or its environment, is too large");
    assert_eq!(why("plain"), "`services/plain/run`: permission denied");
    assert_eq!(
        why("shebang"),
        "`services/shebang/run`: the interpreter that its first line names is not there"
    );
}

#[test]
fn a_start_is_as_the_one_before_whoever_asks_for_it() {
    let services = Services::empty();
    let mut fifo = services.fifo("env");
    services.project.write(".envrc", "export A=one\n");
    services.project.write(
        "Procfile",
        format!("x: env | sort | tr '\\n' ' ' >{0}; echo >{0}; exec sleep 1000\n", fifo.path()),
    );
    services.allow();
    services.up();
    let first = fifo.line();
    let other = services.project.envr(["restart", "x"]).env("STRANGE", "1").any_stderr();
    other.success();
    let second = fifo.line();
    let plain = |line: &str| line.replace("/1 ", "/# ").replace("/2 ", "/# ");
    let words = |line: &str| plain(line).split(' ').map(str::to_string).collect::<Vec<_>>();
    assert_eq!(words(&first), words(&second));
    assert!(first.starts_with("A=one ") && first.contains(" ENVR_SERVICE=x "), "{first}");
}

#[test]
fn an_environment_that_changed_is_evaluated_anew_when_it_is_approved() {
    let services = Services::empty();
    let mut fifo = services.fifo("env");
    services.project.write(".envrc", "export A=one\n");
    let procfile = format!("x: echo $A >{}; exec sleep 1000\ny: exec sleep 1000\n", fifo.path());
    services.project.write("Procfile", procfile);
    services.allow();
    services.up();
    assert_eq!(fifo.line(), "one");
    services.project.write(".envrc", "export A=another\n");
    assert!(services.fail(["restart", "x"]).contains("is blocked"));
    services.allow();
    services.run(["restart", "x"]);
    assert_eq!(fifo.line(), "another");
    // A crash asks nobody: what was approved last is what it starts in.
    services.project.write(".envrc", "export A=not-approved\n");
    kill(services.pid("x"), "KILL");
    assert_eq!(fifo.line(), "another");
    let kept = "the environment changed and could not be evaluated: it failed, or it is not approved; it is kept";
    assert_eq!(["x", "y"].map(|name| services.note(name)), [kept; 2]);
    services.allow();
    services.run(["restart", "x"]);
    assert_eq!(fifo.line(), "not-approved");
    assert_eq!(["x", "y"].map(|name| services.note(name)), [""; 2]);
}

#[test]
fn a_service_gets_a_clean_start() {
    let services = Services::new(
        "[services]\nx = 'grep -E \"^(SigIgn|SigBlk)\" /proc/self/status; ls -l /proc/self/fd | grep -vE \"(null|pipe|/proc)\"; \
         ps -o sid=,pid=,tty= -p $$; exec sleep 1000'\n",
    );
    services.up();
    services.run(["restart", "x"]);
    let mut up = services.foreground(&["logs", "-f", "x"]);
    let blocked = up.until("SigBlk");
    let ignored = up.until("SigIgn");
    // The C library keeps two signals behind the first 31 for itself.
    let mask = ignored.trim_start_matches("SigIgn:").trim();
    assert_eq!(u64::from_str_radix(mask, 16).unwrap() & 0x7fff_ffff, 0);
    assert_eq!(blocked, "SigBlk:\t0000000000000000\n");
    assert_eq!(up.until("total"), "total 0\n");
    let line = up.until("?");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[0], words[1], "it leads its session");
    up.signal("KILL");
    up.end();
}

#[test]
fn nothing_leaks_over_many_restarts() {
    let services = Services::new(
        "[services.x]\ncommand = 'exit 1'\nready.fd = 3\nrestart = { delay = '1ms', longest_delay = '1ms' }\n\
         [services.y]\ncommand = 'exec sleep 1000'\n",
    );
    services.run(["up", "-d"]);
    let supervisor = services.internal("service-supervisor");
    let count = || fs::read_dir(format!("/proc/{supervisor}/fd")).unwrap().count();
    let memory = || -> BTreeMap<String, u64> {
        let status = fs::read_to_string(format!("/proc/{supervisor}/status")).unwrap();
        let fields = status.lines().filter_map(|line| line.split_once(':'));
        let number = |text: &str| text.split_whitespace().next()?.parse().ok();
        fields.filter_map(|(name, text)| Some((name.to_string(), number(text)?))).collect()
    };
    let restarts = || services.status("x")["restarts"].as_u64().unwrap();
    while restarts() < 100 {}
    let (files, before) = (count(), memory());
    let times = super::times(600, 10_000) as u64;
    while restarts() < times {
        services.run(["ps"]);
        drop(services.watch());
    }
    let after = memory();
    // At any moment some are open for what is just being started or asked; a leak of one at each restart would be hundreds.
    let now = (0..5000).map(|_| count()).find(|now| *now <= files + 2);
    assert!(now.is_some(), "{files} descriptors became {}", count());
    assert!(
        after["VmRSS"] < before["VmRSS"] + 1024,
        "{} KB grew to {}",
        before["VmRSS"],
        after["VmRSS"]
    );
    assert_eq!(after["Threads"], 1);
}

#[test]
fn where_nothing_happens_nobody_wakes_up() {
    if !crate::test::has("strace") {
        return;
    }
    let services = Services::new(
        "[services]\na = 'exec sleep 1000'\n[services.b]\ncommand = 'echo >&3; exec sleep 1000'\nready.fd = 3\n",
    );
    services.up();
    let calls = |pid: i32| {
        let pid = pid.to_string();
        let strace = ["-s", "INT", "4", "strace", "-qq", "-p", &pid];
        let output = std::process::Command::new("timeout").args(strace).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let (keeper, supervisor) =
        (services.internal("service-keeper"), services.internal("service-supervisor"));
    let both = std::thread::scope(|scope| {
        let keeper = scope.spawn(|| calls(keeper));
        calls(supervisor) + &keeper.join().unwrap()
    });
    // Each waits in one call, which does not return. Being looked at ends the call before; to begin the next one may
    // take memory.
    let calls = both.lines().filter(|line| line.contains('(') && !line.starts_with("madvise("));
    let waits: Vec<&str> = calls.collect();
    assert_eq!(waits.len(), 2, "{both}");
    assert!(
        waits.iter().all(|line| line.contains("poll") && line.ends_with("<detached ...>")),
        "{both}"
    );
}

/// What is asked of two services, and what has to come of it. `b` needs `a`.
struct Wanted {
    a: bool,
    b: bool,
}

impl Wanted {
    fn start(&mut self, name: &str) {
        self.a = true;
        self.b |= name == "b";
    }

    fn stop(&mut self, name: &str) {
        self.a &= name == "b";
        self.b = false;
    }

    /// Waits until it is so.
    #[track_caller]
    fn check(&self, services: &Services) {
        for (name, is_wanted) in [("a", self.a), ("b", self.b)] {
            if is_wanted {
                services.run(["wait", name, "--timeout", "60s"]);
            } else {
                assert_eq!(services.state(name), "down", "{name}");
            }
        }
    }
}

/// A random order of all that can be asked and all that can happen: one copy at most, and what is wanted comes about.
#[test]
fn whatever_is_asked_in_whatever_order() {
    let services = Services::empty();
    services.project.write(
        "envr.toml",
        "[services.a]\ncommand = 'exec 9>lock-a; flock -n 9 || touch two-of-a; echo >&3; exec sleep 1000'\n\
         ready.fd = 3\nrestart.delay = '1ms'\n\
         [services.b]\ncommand = 'exec 9>lock-b; flock -n 9 || touch two-of-b; exec sleep 1000'\n\
         depends_on = 'a'\nrestart.delay = '1ms'\n",
    );
    services.allow();
    services.up();
    let supervisor = services.internal("service-supervisor");
    let files = || fs::read_dir(format!("/proc/{supervisor}/fd")).unwrap().count();
    let before = files();
    let mut random = super::Random(7);
    let mut wanted = Wanted { a: true, b: true };
    let end = Instant::now() + Duration::from_secs(super::times(3, 600) as u64);
    let mut rounds = 0;
    while rounds < 10 || Instant::now() < end {
        rounds += 1;
        let mut watching = Vec::new();
        for _ in 0..8 {
            let name = random.one_of(["a", "b"]);
            match random.below(7) {
                0 => {
                    services.run(["stop", name]);
                    wanted.stop(name);
                }
                1 => {
                    services.run(["start", name]);
                    wanted.start(name);
                }
                2 => {
                    // Who is stopped by a signal, or needs one who is, does not come back.
                    let restart = services.project.envr(["restart", "--timeout", "50ms", name]);
                    restart.any_stderr().output();
                    wanted.start(name);
                }
                3 | 4 => {
                    if let Some(pid) = services.status(name)["pid"].as_i64() {
                        let signal = random.one_of(["KILL", "STOP", "TERM"]);
                        kill(i32::try_from(pid).unwrap(), signal);
                    }
                }
                5 => watching.push(services.watch()),
                _ => {
                    services.run(["up", "-d"]);
                    wanted.start("b");
                }
            }
        }
        drop(watching);
        // Who is stopped by a signal cannot become ready: it is started anew.
        for (name, is_wanted) in [("a", wanted.a), ("b", wanted.b)] {
            if is_wanted {
                services.run(["restart", name]);
            }
        }
        wanted.check(&services);
    }
    for name in ["two-of-a", "two-of-b"] {
        assert!(!super::exists(&services.project.path("project").join(name)), "{name}");
    }
    services.run(["stop", "a"]);
    services.up();
    // One is there for each who asks, at the moment.
    let now = (0..5000).map(|_| files()).find(|now| *now <= before + 1);
    assert!(now.is_some(), "{before} descriptors became {} in {rounds} rounds", files());
}
