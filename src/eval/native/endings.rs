//! What bash says of a program that a signal ended.

use super::Shell;
use crate::eval::parse::Programs;
use crate::eval::signals;
use signal_hook::consts::{SIGINT, SIGPIPE, SIGTERM};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

impl Shell<'_> {
    /// As bash tells of a program that a signal ended, but for two that need no word.
    pub fn tell_signal(&mut self, id: u32, status: ExitStatus, programs: &Programs) {
        let Some(signal) = status.signal() else { return };
        match signal {
            SIGINT | SIGPIPE => {}
            SIGTERM => self.print(2, b"Terminated\n"),
            _ => {
                let Some(frame) = self.frames.last() else { return };
                let words = signals::in_words(signal)
                    .map_or_else(|| format!("Unknown signal #{signal}"), capitalized);
                let core = if status.core_dumped() { "(core dumped) " } else { "" };
                let message = format!(
                    "{}: line {}: {id:5} {words:<24}{core}{}\n",
                    String::from_utf8_lossy(&frame.name),
                    programs.line,
                    String::from_utf8_lossy(&programs.text),
                );
                self.print(2, message.as_bytes());
            }
        }
    }
}

fn capitalized(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}
