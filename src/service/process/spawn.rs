//! The start of a process. Until its exec the child borrows our memory while we stand still, so that a start costs no
//! copy of it.

mod birth;

use super::pid;
use crate::env::Env;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Pid, Rlimit, WaitOptions, waitpid};
use std::ffi::{CStr, CString, OsStr, OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Once;

/// Descriptors on their way to a child are kept above this, where no child wants one.
const ON_THE_WAY: RawFd = 1001;
/// Signals that a terminal, a shell or we ourselves may have had ignored.
const LAST_SIGNAL: c_int = 31;
/// What the child needs of a stack in bytes: it calls nothing but the system.
const STACK: usize = 64 << 10;

/// What a new process gets, and nothing else.
#[derive(Debug)]
pub struct Launch<'a> {
    pub file: &'a Path,
    pub arguments: &'a [OsString],
    pub dir: &'a Path,
    pub env: &'a Env,
    /// `/dev/null` where there is none.
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
    /// Further descriptors, with the number that each has there.
    pub passed: Vec<(RawFd, OwnedFd)>,
    /// How many descriptors it may open: ours is higher than what we were given.
    pub open_files: Rlimit,
    /// The control group that it is born in; ours, where there is none, or where the kernel does not do that.
    pub group: Option<OwnedFd>,
}

/// All that the child reads, made before there is one.
struct Prepared<'a> {
    file: &'a CStr,
    dir: &'a CStr,
    arguments: &'a [*const c_char],
    env: &'a [*const c_char],
    /// What is to be where, in this order.
    descriptors: &'a [(RawFd, RawFd)],
    open_files: libc::rlimit,
    /// Who it is a child of, as long as nobody killed us.
    parent: c_int,
    /// What went wrong there, written by the child.
    error: c_int,
}

/// Starts a process as the leader of a new session, with every signal at its default.
///
/// # Errors
/// Whatever the system says of the directory, the file, or of one more process.
pub fn spawn(launch: Launch) -> io::Result<Pid> {
    static KEPT: Once = Once::new();
    KEPT.call_once(keep_inherited);
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let stdio = [&launch.stdin, &launch.stdout, &launch.stderr];
    let stdio = stdio.map(|fd| fd.as_ref().map_or(null.as_raw_fd(), OwnedFd::as_raw_fd));
    let mut descriptors: Vec<(RawFd, RawFd)> = stdio.into_iter().zip(0..).collect();
    let mut on_the_way = Vec::new();
    for (number, fd) in &launch.passed {
        let copy = fcntl_dupfd_cloexec(fd, ON_THE_WAY);
        let copy = copy.or_else(|_| fcntl_dupfd_cloexec(fd, number + 1))?;
        descriptors.push((copy.as_raw_fd(), *number));
        on_the_way.push(copy);
    }
    let file = c_string(launch.file.as_os_str())?;
    let arguments = launch.arguments.iter().map(|argument| c_string(argument));
    let arguments: Vec<CString> = arguments.collect::<io::Result<_>>()?;
    let variables = launch.env.iter().map(|(name, value)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).map_err(io::Error::from)
    });
    let variables: Vec<CString> = variables.collect::<io::Result<_>>()?;
    let limit = |value: Option<u64>| value.unwrap_or(libc::RLIM_INFINITY);
    let prepared = Prepared {
        file: &file,
        dir: &c_string(launch.dir.as_os_str())?,
        arguments: &pointers([&file].into_iter().chain(&arguments)),
        env: &pointers(&variables),
        descriptors: &descriptors,
        open_files: libc::rlimit {
            rlim_cur: limit(launch.open_files.current),
            rlim_max: limit(launch.open_files.maximum),
        },
        parent: rustix::process::getpid().as_raw_nonzero().get(),
        error: 0,
    };
    start(prepared, launch.group.as_ref())
}

/// What whoever started us had open is for none of our children. We open nothing that a child would inherit.
fn keep_inherited() {
    let first: RawFd = 3;
    // SAFETY: a flag of descriptors changes, which nobody relies on not to have.
    let done = unsafe {
        libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    if done == 0 {
        return;
    }
    // Kernels before 5.11 do not know it, and some sandboxes do not let us.
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for number in numbers.filter(|number| *number >= first) {
        // SAFETY: as above.
        unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

fn start(mut prepared: Prepared, group: Option<&OwnedFd>) -> io::Result<Pid> {
    let mut stack: Vec<u8> = Vec::with_capacity(STACK);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child has a stack of its own, and all that it reads outlives it: we go on when it has left our memory.
    // No handler of ours runs in it, for every signal is held back until it has none.
    let number = unsafe {
        let top = stack.as_mut_ptr().add(STACK & !15).cast::<c_void>();
        let top = top.wrapping_sub(top as usize % 16);
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let born = group.and_then(|group| birth::clone_into(group, flags, top, &raw mut prepared));
        let number = match born {
            Some(number) => number,
            None => libc::clone(become_it, top, flags, (&raw mut prepared).cast()),
        };
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        if number < 0 {
            return Err(error);
        }
        number
    };
    let child = pid(number).ok_or(io::ErrorKind::InvalidData)?;
    if prepared.error == 0 {
        return Ok(child);
    }
    _ = waitpid(Some(child), WaitOptions::empty());
    Err(io::Error::from_raw_os_error(prepared.error))
}

/// The child until its exec: nothing is allocated, and no lock is taken.
extern "C" fn become_it(prepared: *mut c_void) -> c_int {
    // SAFETY: it is what `start` handed over, who stands still.
    let prepared = unsafe { &mut *prepared.cast::<Prepared>() };
    // SAFETY: the pointers are of strings and lists with an end, which `start` holds.
    unsafe {
        libc::setsid();
        for signal in 1..=LAST_SIGNAL {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        // Whoever was killed before that sends no signal any more.
        if libc::getppid() != prepared.parent {
            libc::_exit(127);
        }
        let is_ready = libc::setrlimit(libc::RLIMIT_NOFILE, &raw const prepared.open_files) == 0
            && prepared.descriptors.iter().all(|(from, to)| libc::dup2(*from, *to) >= 0)
            && libc::chdir(prepared.dir.as_ptr()) == 0;
        if is_ready {
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            let Prepared { file, arguments, env, .. } = &*prepared;
            libc::execve(file.as_ptr(), arguments.as_ptr(), env.as_ptr());
        }
        prepared.error = *libc::__errno_location();
        libc::_exit(127)
    }
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

/// As exec wants a list: with an end.
fn pointers<'a>(strings: impl IntoIterator<Item = &'a CString>) -> Vec<*const c_char> {
    let pointers = strings.into_iter().map(|string| string.as_ptr());
    pointers.chain([std::ptr::null()]).collect()
}
