//! The programs of one pipe, from their start to their end.

use crate::eval::descendants::kill_with_descendants;
use anyhow::{Context as _, Result};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};

/// The programs of one pipe that run, and whether each is the last of it. What nobody waits for any more is ended.
#[derive(Default)]
pub struct Children {
    pub running: Vec<(Child, bool)>,
}

impl Children {
    pub fn kill(&mut self) {
        for (child, _) in &self.running {
            kill_with_descendants(child);
        }
    }

    pub fn take_ended(&mut self) -> Result<Vec<(ExitStatus, bool)>> {
        let mut ended = Vec::new();
        let mut running = Vec::new();
        for (mut child, is_last) in self.running.drain(..) {
            match child.try_wait().context("could not wait for a program")? {
                Some(status) => ended.push((status, is_last)),
                None => running.push((child, is_last)),
            }
        }
        self.running = running;
        Ok(ended)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.kill();
        for (child, _) in &mut self.running {
            _ = child.wait();
        }
    }
}

/// What `$?` says of it.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.unwrap_or(127).to_le_bytes()[0]
}
