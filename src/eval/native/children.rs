//! The programs of one pipe, from their start to their end.

use super::pipe::Feed;
use crate::eval::descendants::kill_with_descendants;
use anyhow::{Context as _, Result};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};

/// The programs of one pipe that run, and whether each is the last of it. What nobody waits for any more is ended.
#[derive(Default)]
pub struct Children {
    pub running: Vec<(Child, bool)>,
    /// What the first of them reads.
    pub feed: Option<Feed>,
}

pub struct Ended {
    pub id: u32,
    pub status: ExitStatus,
    pub is_last: bool,
}

impl Children {
    pub fn are_done(&self) -> bool {
        self.running.is_empty() && self.feed.is_none()
    }

    pub fn kill(&mut self) {
        self.feed = None;
        for (child, _) in &self.running {
            kill_with_descendants(child);
        }
    }

    pub fn take_ended(&mut self) -> Result<Vec<Ended>> {
        let mut ended = Vec::new();
        let mut running = Vec::new();
        for (mut child, is_last) in self.running.drain(..) {
            match child.try_wait().context("could not wait for a program")? {
                Some(status) => ended.push(Ended { id: child.id(), status, is_last }),
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
