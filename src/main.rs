//! The program; everything it does is in the library beside it.

#![no_main]
#![expect(
    unsafe_code,
    reason = "the entry that C's start-up calls, and what std's entry would do for us"
)]

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;

#[global_allocator]
static ARENA: envr::Arena = envr::Arena::new();

/// std's own entry measures the stack and prepares a message for its overflow, which costs a third of what an empty
/// program does; a prompt cannot spare that.
///
/// # Safety
/// Only C's start-up may call it: with two lists of strings that end with a null pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    _count: c_int,
    arguments: *const *const c_char,
    variables: *const *const c_char,
) -> c_int {
    open_standard_files();
    // SAFETY: the caller's promise; nobody changes the lists, for we never write our arguments or environment.
    let (arguments, variables) = unsafe { (strings(arguments), strings(variables)) };
    let code = envr::main(arguments, variables);
    // SAFETY: nothing is registered for C's way out, which only lies on two pages that nothing else touches.
    unsafe { libc::_exit(code) }
}

/// Makes sure that no file we open becomes standard input, output or error, and that a reader who has enough is
/// an error of the write, not our death.
fn open_standard_files() {
    let mut files = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: the kernel writes within `files`; the path is a C string; ignoring a signal runs no code of ours.
    unsafe {
        let found = libc::poll(files.as_mut_ptr(), 3, 0);
        for file in &files {
            if found > 0 && file.revents & libc::POLLNVAL != 0 {
                libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            }
        }
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// # Safety
/// `list` points to C strings, the last one followed by a null pointer, all of which live and stay as they are.
unsafe fn strings(list: *const *const c_char) -> &'static [&'static OsStr] {
    let mut strings = Vec::new();
    let mut next = list;
    // SAFETY: the caller's promise; a string that is not null is followed by another pointer.
    unsafe {
        while !(*next).is_null() {
            strings.push(OsStr::from_bytes(CStr::from_ptr(*next).to_bytes()));
            next = next.add(1);
        }
    }
    strings.leak()
}
