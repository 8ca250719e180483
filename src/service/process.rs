//! Processes: started in a session of their own, signalled, reaped, and found again by pid and start time.

#![expect(
    unsafe_code,
    reason = "what happens between fork and exec, and looking at the dead before they are reaped"
)]

mod spawn;

use super::state::Exit;
use crate::env::Env;
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{
    Pid, PidfdFlags, Signal, Uid, WaitOptions, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal, test_kill_process, test_kill_process_group, waitpid,
};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

pub use spawn::{Launch, spawn};

/// A process that is not our child: the number alone may be another's by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: i32,
    /// Ticks from the machine's start.
    pub start: u64,
}

/// A descriptor that our parent left open for us; `None` when there is nothing at the number.
pub fn inherited(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: the number is only asked about, and the copy is ours.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    let copy = fcntl_dupfd_cloexec(fd, 3).ok()?;
    // SAFETY: the start-up of this process left it open for the caller of this function alone.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
    Some(copy)
}

/// Who is at the other end of a socket.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// `None` for a process that cannot be seen from here: we are in a container, and it is not.
    pub pid: Option<Pid>,
    pub user: Uid,
}

impl Peer {
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let mut who = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or_default();
        // SAFETY: the kernel writes at most `length` bytes into `who`, a structure of numbers.
        let done = unsafe {
            libc::getsockopt(
                stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut who).cast(),
                &raw mut length,
            )
        };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { pid: Pid::from_raw(who.pid), user: Uid::from_raw(who.uid) })
    }
}

/// A child that has ended and still holds its number, and with it that of its group.
pub fn next_dead() -> Option<Pid> {
    // SAFETY: `information` is a plain structure that the kernel fills.
    let number = unsafe {
        let mut information: libc::siginfo_t = std::mem::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        if libc::waitid(libc::P_ALL, 0, &raw mut information, options) != 0 {
            return None;
        }
        information.si_pid()
    };
    pid(number)
}

/// Takes what is left of a dead child away; its number may be another's from then on.
pub fn reap(child: Pid) -> Option<Exit> {
    let (_, status) = waitpid(Some(child), WaitOptions::NOHANG).ok()??;
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Some(Exit::Code(code)),
        (None, Some(signal)) => Some(Exit::Signal(signal)),
        (None, None) => None,
    }
}

pub fn pid(number: i32) -> Option<Pid> {
    Pid::from_raw(number).filter(|_| number > 1)
}

/// Signals that who started us held back reach us again.
pub fn let_through(signals: &[i32]) {
    // SAFETY: `set` is a plain structure, made empty before it is filled.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// To a child of ours that is not reaped yet.
pub fn signal(child: Pid, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        _ = kill_process(child, signal);
    }
}

/// To every process of a group.
pub fn signal_group(leader: Pid, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        _ = kill_process_group(leader, signal);
    }
}

pub fn group_exists(leader: Pid) -> bool {
    test_kill_process_group(leader) != Err(Errno::SRCH)
}

/// Whether anybody has this number.
pub fn exists(process: Pid) -> bool {
    test_kill_process(process) != Err(Errno::SRCH)
}

/// Our children, those included that were left to us by others.
pub fn children() -> Vec<Pid> {
    match fs::read_to_string("/proc/thread-self/children") {
        Ok(list) => list.split_whitespace().filter_map(|word| pid(word.parse().ok()?)).collect(),
        Err(_) => {
            let own = i32::try_from(std::process::id()).unwrap_or_default();
            processes()
                .filter(|child| Status::of(*child).is_some_and(|is| is.parent == own))
                .collect()
        }
    }
}

/// How often the kernel ended a process for want of memory since the machine started; `None` where it does not tell.
pub fn kills_for_memory() -> Option<u64> {
    let counts = fs::read_to_string("/proc/vmstat").ok()?;
    counts.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok())
}

/// Every process that can be seen.
pub fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| pid(entry.file_name().to_str()?.parse().ok()?))
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    pub is_zombie: bool,
    /// By a signal, or a terminal.
    pub is_stopped: bool,
    pub parent: i32,
    pub session: i32,
    /// Ticks from the machine's start.
    pub start: u64,
}

impl Status {
    pub fn of(process: Pid) -> Option<Self> {
        let text = fs::read(format!("/proc/{process}/stat")).ok()?;
        // The program's name may hold anything, a parenthesis included.
        let after_name = text.iter().rposition(|byte| *byte == b')')? + 2;
        let text = std::str::from_utf8(text.get(after_name..)?).ok()?;
        let fields: Vec<&str> = text.split(' ').collect();
        Some(Self {
            is_stopped: fields.first() == Some(&"T"),
            is_zombie: matches!(*fields.first()?, "Z" | "X"),
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

/// The value of a variable as a process was started with it.
pub fn variable(process: Pid, name: &str) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    variables.find_map(|variable| {
        let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(OsStr::from_bytes(value).to_os_string())
    })
}

impl Identity {
    pub fn of(process: Pid) -> Option<Self> {
        let status = Status::of(process).filter(|status| !status.is_zombie)?;
        Some(Self { pid: process.as_raw_nonzero().get(), start: status.start })
    }

    /// Signals this very process, or nobody.
    pub fn signal(&self, signal: i32) {
        let Some((process, signal)) = pid(self.pid).zip(Signal::from_named_raw(signal)) else {
            return;
        };
        // The descriptor is of one process for ever: what is compared is what is signalled.
        if let Ok(descriptor) = pidfd_open(process, PidfdFlags::empty())
            && Self::of(process).as_ref() == Some(self)
        {
            _ = pidfd_send_signal(descriptor.as_fd(), signal);
        }
    }

    pub fn is_alive(&self) -> bool {
        pid(self.pid).and_then(Self::of).as_ref() == Some(self)
    }

    /// Becomes readable when the process ends; `None` when it has.
    pub fn descriptor(&self) -> Option<OwnedFd> {
        let descriptor = pidfd_open(pid(self.pid)?, PidfdFlags::empty()).ok()?;
        self.is_alive().then_some(descriptor)
    }
}

/// The program that a name means for a service: as it stands where it has a slash, else found on the PATH.
pub fn find(file: &Path, env: &Env, dir: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    if file.as_os_str().as_bytes().contains(&b'/') {
        return Some(file.to_path_buf());
    }
    crate::host::find_program(file.as_os_str(), env.get("PATH"), Some(dir))
}
