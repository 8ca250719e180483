//! `logs`: what services said, read from their files: no supervisor is needed for it, or disturbed by it.

use super::{Logs, Project};
use crate::calendar::rfc3339;
use crate::service::logs::{self, Follow, Line, Wanted};
use crate::service::view::View;
use crate::toml::did_you_mean;
use anyhow::{Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn logs(project: &Project, options: &Logs) -> Result<ExitCode> {
    let all = known(project);
    let names = if options.names.is_empty() { all.clone() } else { options.names.clone() };
    for name in &names {
        if !all.contains(name) {
            let hint = did_you_mean(name, all.iter().map(String::as_str));
            bail!("`{name}` has no log{hint}");
        }
    }
    let mut follow = Follow::new()?;
    let since = options.since.map(|since| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        rfc3339(now.saturating_sub(since).as_secs().cast_signed())
    });
    let wanted = Wanted { count: options.lines, since };
    let mut lines: Vec<(String, Line)> = Vec::new();
    for name in &names {
        let dir = logs::directory_of(&project.place.logs(), name);
        let last = if options.follow {
            follow.add_after(name, &dir, &wanted)?
        } else {
            logs::last_lines(&dir, &wanted)
        };
        lines.extend(last.into_iter().map(|line| (name.clone(), line)));
    }
    lines.sort_by(|(_, one), (_, other)| one.time.cmp(&other.time));
    if let Some(count) = options.lines {
        lines.drain(..lines.len().saturating_sub(count));
    }
    let mut view = View::new(project.host, names);
    view.shows_time = options.time;
    loop {
        let shown: Vec<u8> = lines.iter().flat_map(|(name, line)| view.line(name, line)).collect();
        if !shown.is_empty() && !project.host.show(&shown) || !options.follow {
            return Ok(ExitCode::SUCCESS);
        }
        _ = poll(&mut [PollFd::new(&follow, PollFlags::IN)], None);
        lines = follow.read();
    }
}

/// The services that have a log.
fn known(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.place.logs()).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().replace('%', "/")).collect();
    names.sort();
    names
}
