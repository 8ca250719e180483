//! Control groups, where there are some to be had: whoever hides everything else is found in one.

use super::{Fifo, Services, is_alive, kill, until_gone};
use crate::test::ENVR;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// In a session of its own, with nothing of its environment, and nobody's child any more.
fn hidden(fifo: &Fifo) -> String {
    format!("env -i setsid -f sh -c 'echo $$ >{}; exec sleep 1000'; exec sleep 1000", fifo.path())
}

/// Where root may make groups; `None` where the machine, or whoever runs it, does not let us.
fn top() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    let top = mount.map(|line| PathBuf::from(line.split(' ').nth(4).unwrap()));
    let is_at_top =
        fs::read_to_string("/proc/self/cgroup").unwrap().lines().any(|line| line == "0::/");
    let is_root = rustix::process::geteuid().is_root();
    let top = top.filter(|top| is_at_top && is_root && can_make(&top.join(name())));
    if top.is_none() {
        println!("skipped: no control groups to be had here");
    }
    top
}

fn can_make(dir: &Path) -> bool {
    fs::create_dir(dir).and_then(|()| fs::remove_dir(dir)).is_ok()
}

fn name() -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default().replace("::", "-");
    format!("envr-test-{}-{name}", std::process::id())
}

impl Services {
    /// The groups of this project's supervisors.
    fn groups(&self, parent: &Path) -> Vec<PathBuf> {
        let state = fs::read_dir(self.project.path("home/.local/state/envr/services")).unwrap();
        let id = state.flatten().next().unwrap().file_name().into_string().unwrap();
        let groups = fs::read_dir(parent).unwrap().flatten();
        let is_ours = |name: &str| name.starts_with(&format!("envr-{id}-"));
        let groups = groups.filter(|group| group.file_name().to_str().is_some_and(is_ours));
        groups.map(|group| group.path()).collect()
    }
}

#[test]
fn who_hides_everything_ends_with_its_service() {
    let Some(top) = top() else { return };
    let services = Services::empty();
    let mut fifo = services.fifo("hidden");
    let text = format!("x: {}\ny: exec sleep 1000\n", hidden(&fifo));
    services.project.write("Procfile", text);
    services.allow();
    services.up();
    let first = fifo.number();
    let groups = services.groups(&top);
    let members =
        |name: &str| fs::read_to_string(groups[0].join(name).join("cgroup.procs")).unwrap();
    assert!(members("service-x%1").lines().any(|line| line == first.to_string()));
    assert_eq!(members("service-y%1"), format!("{}\n", services.pid("y")));
    kill(services.pid("x"), "KILL");
    let second = fifo.number();
    assert!(is_alive(second) && !is_alive(first), "what was left ends before the next run");
    services.run(["stop", "x"]);
    assert!(!is_alive(second));
    let left = fs::read_dir(&groups[0]).unwrap().flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_str().is_some_and(|name| name.starts_with("service-")))
        .collect();
    assert_eq!(left, ["service-y%1"]);
    services.run(["down"]);
    assert_eq!(services.groups(&top), [""; 0].map(PathBuf::from));
}

#[test]
fn who_ignores_the_signal_and_starts_others_is_killed_with_them() {
    let Some(top) = top() else { return };
    let services = Services::empty();
    let mut fifo = services.fifo("hidden");
    services.script(
        "deaf",
        &format!(
            "#!/bin/sh\ntrap '' TERM\nmkdir below 2>/dev/null\necho $$ >{}\nwhile :; do /bin/sleep 0.01 & wait; done\n",
            fifo.path()
        ),
    );
    services.project.write(
        "envr.toml",
        "[services.x]\ncommand = 'env -i setsid -f ./deaf; exec sleep 1000'\nstop.timeout = '100ms'\n",
    );
    services.allow();
    services.up();
    let deaf = fifo.number();
    let group = services.groups(&top).remove(0);
    // A group that the service made below its own goes, too.
    let below = group.join("service-x%1/below");
    fs::create_dir(&below).unwrap();
    super::write_line_of(below.join("cgroup.procs").to_str().unwrap(), &deaf.to_string());
    let said = services.project.envr(["stop", "x"]).any_stderr().success();
    assert!(services.shown(&said.stderr).contains("ended only by SIGKILL: x"));
    assert!(!is_alive(deaf) && !below.exists());
}

#[test]
fn what_killed_supervisors_left_is_found() {
    let Some(top) = top() else { return };
    let services = Services::empty();
    let mut fifo = services.fifo("hidden");
    services.project.write("Procfile", format!("x: {}\n", hidden(&fifo)));
    services.allow();
    services.up();
    let first = fifo.number();
    let (keeper, supervisor) =
        (services.internal("service-keeper"), services.internal("service-supervisor"));
    kill(keeper, "STOP");
    kill(supervisor, "KILL");
    kill(keeper, "KILL");
    until_gone(keeper);
    assert!(is_alive(first), "nobody is there to end it");
    let group = services.groups(&top).remove(0);
    services.up();
    let second = fifo.number();
    assert!(is_alive(second) && !is_alive(first));
    assert!(!group.exists());
    // The keeper alone does it, too.
    let (keeper, supervisor) =
        (services.internal("service-keeper"), services.internal("service-supervisor"));
    kill(supervisor, "KILL");
    until_gone(keeper);
    assert!(!is_alive(second));
    assert_eq!(services.groups(&top), [""; 0].map(PathBuf::from));
}

/// A group that is handed over to a user, who may divide that one and no other.
struct Delegated {
    dir: PathBuf,
}

const NOBODY: u32 = 65534;

impl Delegated {
    fn new(top: &Path) -> Self {
        let dir = top.join(name());
        fs::create_dir(&dir).unwrap();
        for name in ["", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            std::os::unix::fs::chown(dir.join(name), Some(NOBODY), None).unwrap();
        }
        Self { dir }
    }

    /// Runs envr in it, as that user.
    fn envr(&self, services: &Services, args: &[&str]) -> Output {
        let script =
            "echo $$ >\"$0/cgroup.procs\"; exec setpriv --reuid 65534 --clear-groups \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(&self.dir).arg(ENVR).args(args);
        command.current_dir(services.project.path("project")).env_clear();
        command.envs(&services.project.shell().env).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        let script = "test -e $0 || exit 0; echo 1 >$0/cgroup.kill
            while test -e $0; do find $0 -depth -type d -exec rmdir {} + 2>/dev/null; done";
        _ = Command::new("timeout").args(["9", "sh", "-c", script]).arg(&self.dir).status();
    }
}

#[test]
fn a_group_that_is_delegated_to_a_user() {
    let Some(top) = top() else { return };
    let services = Services::empty();
    let mut fifo = services.fifo("hidden");
    services.project.write("Procfile", format!("x: {}\n", hidden(&fifo)));
    let group = Delegated::new(&top);
    let all = services.project.path("");
    let chown = Command::new("chown").args(["-R", "65534"]).arg(&all).status();
    assert!(chown.unwrap().success());
    let envr = |args: &[&str]| {
        let output = group.envr(&services, args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    envr(&["allow"]);
    envr(&["up", "--wait"]);
    let pid = fifo.number();
    let own = services.groups(&group.dir).remove(0);
    assert!(own.join("service-x%1").exists());
    envr(&["stop", "x"]);
    assert!(!is_alive(pid));
    envr(&["down"]);
    assert!(!own.exists());
    // In a group of somebody else all is as where there is none.
    std::os::unix::fs::chown(&group.dir, Some(0), None).unwrap();
    envr(&["up", "--wait"]);
    let pid = fifo.number();
    assert_eq!(services.groups(&group.dir), [""; 0].map(PathBuf::from));
    envr(&["down"]);
    assert!(!is_alive(pid));
}
