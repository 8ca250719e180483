//! Processes that outlive what started them: background jobs, and whoever ignored the hangup.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

/// Kills every process that has this variable in its environment, and returns when all are gone.
pub fn kill(name: &str, value: &OsStr) {
    let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
    loop {
        let strays = having(&entry);
        if strays.is_empty() {
            return;
        }
        for process in &strays {
            _ = pidfd_send_signal(process, Signal::KILL);
        }
        for process in &strays {
            _ = poll(&mut [PollFd::new(process, PollFlags::IN)], None);
        }
    }
}

/// Whether a process ends within this time; one that nobody reaped has ended too.
pub fn ends(pid: i32, within: Duration) -> bool {
    let pid = Pid::from_raw(pid).expect("no process has the number 0");
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    let timeout = Timespec::try_from(within).expect("a short time");
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)).expect("poll") == 1
}

fn having(entry: &[u8]) -> Vec<OwnedFd> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| {
            let pid = Pid::from_raw(process.file_name().to_str()?.parse().ok()?)?;
            // Opened before it is looked at: so it is this process that gets the signal, not a later one of its number.
            let process_fd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
            let environment = fs::read(process.path().join("environ")).ok()?;
            environment
                .split(|&byte| byte == 0)
                .any(|variable| variable == entry)
                .then_some(process_fd)
        })
        .collect()
}
