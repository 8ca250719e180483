//! A directory of services, and a socket at which each of them says that it began.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// Who does not begin within this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct World {
    pub root: TempDir,
    socket: UnixDatagram,
    count: usize,
}

impl World {
    pub fn new(count: usize) -> Self {
        let root = TempDir::new().unwrap();
        for dir in ["home", "run", "project/services"] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        fs::set_permissions(root.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let address = root.path().join("socket");
        let socket = UnixDatagram::bind(&address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let world = Self { root, socket, count };
        let program = std::env::current_exe().unwrap();
        for index in 0..count {
            let dir = world.services().join(format!("s{index:03}"));
            fs::create_dir(&dir).unwrap();
            let run =
                format!("#!/bin/sh\nexec {} service {}\n", program.display(), address.display());
            fs::write(dir.join("run"), run).unwrap();
            fs::set_permissions(dir.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(dir.join("notification-fd"), "3\n").unwrap();
        }
        world
    }

    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    pub fn services(&self) -> PathBuf {
        self.project().join("services")
    }

    /// When one began, and its pid.
    pub fn wait_for_one(&self) -> (f64, i32) {
        let mut buffer = [0; 64];
        let length = self.socket.recv(&mut buffer).expect("a service begins within a minute");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let (time, pid) = text.split_once(' ').unwrap();
        (time.parse().unwrap(), pid.parse().unwrap())
    }

    /// Waits for a service to begin anew, which it must not: what is measured would be no quiet time.
    pub fn nothing_begins_for(&self, time: Duration) {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let began = self.socket.recv(&mut [0; 64]);
        assert_eq!(began.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// When the last one began, and the pids of all.
    pub fn wait_for_all(&self) -> (f64, Vec<i32>) {
        let began: Vec<(f64, i32)> = (0..self.count).map(|_| self.wait_for_one()).collect();
        let last = began.iter().map(|(time, _)| *time).fold(0.0, f64::max);
        (last, began.into_iter().map(|(_, pid)| pid).collect())
    }
}

/// Milliseconds.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0
}

pub fn be_a_service(address: &str) {
    let began = now();
    let socket = UnixDatagram::unbound().unwrap();
    socket.send_to(format!("{began} {}", std::process::id()).as_bytes(), address).unwrap();
    drop(socket);
    // The descriptor by which s6 and envr are told; supervisord has none.
    _ = fs::write("/proc/self/fd/3", "\n");
    loop {
        std::thread::park();
    }
}

pub fn kill(pid: i32, signal: i32) {
    let process = rustix::process::Pid::from_raw(pid).unwrap();
    _ = rustix::process::kill_process(
        process,
        rustix::process::Signal::from_named_raw(signal).unwrap(),
    );
}

pub fn memory(pid: i32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    number(&rollup, "Pss:")
}

/// How often it was switched to, of its own will or not.
pub fn wakes(pid: i32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    number(&status, "voluntary_ctxt_switches:")
}

fn number(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.split_whitespace().next().unwrap_or("0").parse().unwrap()
}

/// A process and all below it.
pub fn tree(root: i32) -> Vec<i32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        let list =
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|word| word.parse::<i32>().ok()));
        next += 1;
    }
    found
}

pub fn is_there(program: &str) -> bool {
    ["/usr/bin", "/usr/local/bin", "/bin"].iter().any(|dir| Path::new(dir).join(program).exists())
}
