//! What nix's log tells of a run that has ended.

use crate::nix::log::{self, Line, Look};
use crate::ui;
use anyhow::Result;
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

#[derive(Default)]
pub struct Account {
    pub looks: Vec<Look>,
    /// nix's own error.
    pub message: String,
    /// What it said beside that.
    pub remarks: String,
    /// The last lines of builds, for nix may leave them out of its message.
    builds: VecDeque<String>,
    /// What it said of the lock that it wrote.
    pub wrote_lock: Option<String>,
}

/// In bytes; so much fits on a few screens.
const MESSAGE_LIMIT: usize = 16 << 10;
/// In bytes, for each remark and for all of them: a trace may print a whole package set.
const REMARKS_LIMIT: usize = 4 << 10;
/// Of the log of a build that failed.
const BUILD_LINES: usize = 20;
/// What nix, git, ssh and curl say where a server cannot be reached.
const OF_THE_NETWORK: [&str; 5] = [
    "unable to download",
    "unable to access",
    "Could not resolve host",
    "Could not read from remote repository",
    "onnection timed out",
];
/// nix's status where a build failed.
const BUILD_FAILED: i32 = 100;

impl Account {
    pub fn by(log: &Path) -> Result<Self> {
        let mut account = Self::default();
        let mut reader = BufReader::new(File::open(log)?);
        let mut line = Vec::new();
        while log::read_line(&mut reader, &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            account.take(Line::parse(text.trim_end_matches('\n')));
            line.clear();
        }
        Ok(account)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Looked(look) => self.looks.push(look),
            Line::Error(text) if self.message.len() < MESSAGE_LIMIT => {
                self.message.push_str(&text);
                self.message.push('\n');
            }
            Line::Remark(text) if self.remarks.len() < REMARKS_LIMIT => {
                self.remarks.push_str(ui::cut(&text, REMARKS_LIMIT));
                self.remarks.push('\n');
            }
            Line::BuildLog(text) => {
                if self.builds.len() == BUILD_LINES {
                    self.builds.pop_front();
                }
                self.builds.push_back(text);
            }
            Line::WroteLock(text) => self.wrote_lock = Some(text + "\n"),
            Line::Error(_)
            | Line::Remark(_)
            | Line::Began { .. }
            | Line::Progressed { .. }
            | Line::Ended { .. }
            | Line::Other => {}
        }
    }

    /// Whether another nix was in its way.
    pub fn is_of_a_busy_store(&self) -> bool {
        ["is busy", "schema' is corrupt"].iter().any(|words| self.message.contains(words))
    }

    /// Why nix failed, and whether it would fail so again in the same files.
    pub fn reason(self, status: ExitStatus) -> (String, bool) {
        let Self { mut message, remarks, builds, .. } = self;
        if status.code() == Some(BUILD_FAILED) && !message.contains("log lines:") {
            message.extend(builds.iter().map(|line| format!("> {line}\n")));
        }
        let end = match (status.signal(), status.code()) {
            (Some(signal), _) => format!("nix was ended by signal {signal}"),
            (None, code) if message.trim().is_empty() => {
                format!("nix exited with status {}", code.unwrap_or(-1))
            }
            (None, _) => String::new(),
        };
        let reason = remarks + &message + &end;
        let is_passing = OF_THE_NETWORK.iter().any(|words| reason.contains(words));
        (reason, status.signal().is_none() && !is_passing)
    }
}
