//! What a program started: ended together with it, where the system tells who that is.

use rustix::process::{Pid, Signal, getpgid, getpgrp, getpid, kill_process};
use std::path::PathBuf;
use std::process::Child;

/// The kernel's list of one process's children; longer ones are cut.
const LIST_LIMIT: u64 = 1 << 20;

/// Kills a program and what descends from it in our process group. What left the group wants to stay, and what lost its
/// parent is nobody's descendant. Where there is no `/proc`, the
/// program alone is killed.
pub fn kill_with_descendants(program: &Child) {
    kill_all(vec![Pid::from_child(program)]);
}

/// What we have started and not waited for.
pub fn own_children() -> Vec<Pid> {
    children(getpid())
}

/// The same for all that we started but these. Where there is no `/proc`, nothing is killed.
pub fn kill_children_but(known: &[Pid]) {
    kill_all(own_children().into_iter().filter(|child| !known.contains(child)).collect());
}

fn kill_all(mut processes: Vec<Pid>) {
    let mut known = 0;
    while let Some(process) = processes.get(known).copied() {
        // What is stopped starts nothing while we look.
        _ = kill_process(process, Signal::STOP);
        processes.extend(children(process));
        known += 1;
    }
    for process in processes {
        _ = kill_process(process, Signal::KILL);
    }
}

fn children(process: Pid) -> Vec<Pid> {
    let of_thread = |thread: PathBuf| {
        let list = crate::fs::read_regular(&thread.join("children"), LIST_LIMIT);
        String::from_utf8_lossy(&list.ok().flatten().unwrap_or_default())
            .split_ascii_whitespace()
            .filter_map(|number| Pid::from_raw(number.parse().ok()?))
            .filter(|child| getpgid(Some(*child)) == Ok(getpgrp()))
            .collect::<Vec<_>>()
    };
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    threads.flatten().flat_map(|thread| of_thread(thread.path())).collect()
}
