//! Which rc files are being evaluated right now: one that asks for its own environment would do so without an end.

use crate::env::Env;
use crate::host::Host;
use rustix::process::{Pid, test_kill_process};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// The variable of an evaluation, and of what it starts, that names them: a process and an rc, and a line for each.
pub const VARIABLE: &str = "DIRENV_LOADING";

/// Marks the environment of an evaluation of `rc` by this process.
pub fn begin(env: &mut Env, rc: &Path) {
    let mut lines = env.get(VARIABLE).unwrap_or_default().as_bytes().to_vec();
    // Most have one, which looks odd to nobody who reads an environment line by line.
    if !lines.is_empty() {
        lines.push(b'\n');
    }
    lines.extend(format!("{} ", std::process::id()).bytes());
    lines.extend(rc.as_os_str().as_bytes());
    env.set(VARIABLE, OsString::from_vec(lines));
}

/// Leaves in `env` what was in progress outside of an evaluation.
pub fn end(env: &mut Env, outer: &Env) {
    match outer.get(VARIABLE) {
        Some(before) => env.set(VARIABLE, before),
        None => env.unset(VARIABLE),
    }
}

/// Whether an evaluation of `rc` started us. What it left in the background may go on after it, and load as it likes.
pub fn is_in_progress(host: &Host, rc: &Path) -> bool {
    let lines = host.env.get(VARIABLE).unwrap_or_default().as_bytes().split(|byte| *byte == b'\n');
    let mut parts =
        lines.filter_map(|line| line.split_at_checked(line.iter().position(|byte| *byte == b' ')?));
    parts.any(|(process, path)| &path[1..] == rc.as_os_str().as_bytes() && is_alive(process))
}

fn is_alive(process: &[u8]) -> bool {
    let number = str::from_utf8(process).ok().and_then(|process| process.parse().ok());
    number.and_then(Pid::from_raw).is_some_and(|process| test_kill_process(process).is_ok())
}
