//! `envr up` as the first process of a container.

use super::Services;
use crate::test::{ENVR, has};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Of a process with one thread.
fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

fn can_make_namespaces() -> bool {
    let probe = Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).status();
    let can = probe.is_ok_and(|status| status.success());
    if !can {
        println!("skipped: nobody here may make a namespace of processes");
    }
    can
}

#[test]
fn it_reaps_strangers_and_stops_in_order() {
    if !has("unshare") || !has("nsenter") || !can_make_namespaces() {
        return;
    }
    let services = Services::empty();
    let mut fifo = services.fifo("said");
    services.project.write(
        "envr.toml",
        format!(
            "[services.db]\ncommand = '''trap 'echo db ends >{0}; exit 0' TERM; echo db up >{0}; while :; do sleep 0.05; done'''\n\
             [services.web]\ncommand = '''trap 'echo web ends >{0}; exit 0' TERM; echo web up >{0}; while :; do sleep 0.05; done'''\n\
             depends_on = ['db']\n",
            fifo.path()
        ),
    );
    services.allow();
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", ENVR, "up"]);
    command.current_dir(services.project.path("project")).env_clear();
    command.envs(&services.project.shell().env);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut unshare = quiet.spawn().unwrap();
    let up = [fifo.line(), fifo.line()];
    assert!(up.contains(&"db up".to_string()) && up.contains(&"web up".to_string()), "{up:?}");
    let first = children(i32::try_from(unshare.id()).unwrap())[0];
    let own = children(first);

    // One that nobody waits for is left to the first process.
    let line = format!("(sleep 0; echo stranger >{}) &", fifo.path());
    let target = first.to_string();
    let entered =
        Command::new("nsenter").args(["-t", &target, "-p", "-m", "sh", "-c", &line]).status();
    assert!(entered.unwrap().success());
    assert_eq!(fifo.line(), "stranger");
    let late = Instant::now() + Duration::from_secs(20);
    while children(first) != own {
        assert!(Instant::now() < late, "{:?} are left, not {own:?}", children(first));
        std::thread::yield_now();
    }

    super::kill(first, "TERM");
    assert_eq!([fifo.line(), fifo.line()], ["web ends", "db ends"]);
    assert_eq!(unshare.wait().unwrap().code(), Some(0));
}
