//! `logs`: what services said, read from their files: no supervisor is needed for it, or disturbed by it.

use super::{Logs, Project, Since};
use crate::calendar::rfc3339;
use crate::error::Hinted;
use crate::service::logs::{self, Follow, Line, Wanted};
use crate::service::project;
use crate::service::view::View;
use crate::toml::did_you_mean;
use anyhow::Result;
use rustix::event::{PollFd, PollFlags, poll};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn logs(project: &Project, options: &Logs) -> Result<ExitCode> {
    let mut names = names(project, options)?;
    // Who follows all of them follows those that come later, too.
    let follows_others = options.follow && options.names.is_empty();
    let mut follow = Follow::new()?;
    if follows_others {
        follow.await_others(&project.place.logs())?;
    }
    let wanted = Wanted { count: options.lines, since: options.since.as_ref().map(time) };
    let mut lines: Vec<(String, Line)> = Vec::new();
    for name in &names {
        let last = if options.follow {
            add(project, &mut follow, name, &wanted)?
        } else {
            logs::last_lines(&logs::directory_of(&project.place.logs(), name), &wanted)
        };
        lines.extend(last.into_iter().map(|line| (name.clone(), line)));
    }
    lines.sort_by(|(_, one), (_, other)| one.time.cmp(&other.time));
    if let Some(count) = options.lines {
        lines.drain(..lines.len().saturating_sub(count));
    }
    let view = |names: &[String]| {
        let mut view = View::new(project.host, names.to_vec());
        view.shows_time = options.time;
        view
    };
    let mut shown = view(&names);
    loop {
        let text: Vec<u8> = lines.iter().flat_map(|(name, line)| shown.line(name, line)).collect();
        if !text.is_empty() && !project.host.show(&text) || !options.follow {
            return Ok(ExitCode::SUCCESS);
        }
        _ = poll(&mut [PollFd::new(&follow, PollFlags::IN)], follow.patience());
        lines = follow.read();
        let others = if follows_others { known(project) } else { vec![] };
        for name in others {
            if names.contains(&name) {
                continue;
            }
            let all = add(project, &mut follow, &name, &Wanted::default())?;
            lines.extend(all.into_iter().map(|line| (name.clone(), line)));
            names.push(name);
            shown = view(&names);
        }
    }
}

fn add(project: &Project, follow: &mut Follow, name: &str, wanted: &Wanted) -> Result<Vec<Line>> {
    follow.add_after(name, &logs::directory_of(&project.place.logs(), name), wanted)
}

/// As the times of records begin.
fn time(since: &Since) -> String {
    match since {
        Since::Time(time) => time.clone(),
        Since::Ago(time) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let then = rfc3339(now.saturating_sub(*time).as_secs().cast_signed());
            then.trim_end_matches('Z').to_string()
        }
    }
}

/// The services that are meant: with a log, or at least defined; a name may mean several.
fn names(project: &Project, options: &Logs) -> Result<Vec<String>> {
    let known = known(project);
    if options.names.is_empty() {
        return Ok(known);
    }
    // Logs are read without approval: what cannot be read defines nothing here.
    let graph = project::load(project.world(), &project.root).unwrap_or_default();
    let mut names = Vec::new();
    for name in &options.names {
        if known.contains(name) {
            names.push(name.clone());
        } else if let Ok(meant) = graph.named(std::slice::from_ref(name)) {
            names.extend(meant);
        } else {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            return Err(Hinted::new(format!("`{name}` has no log{hint}"), "envr ps").into());
        }
    }
    Ok(names)
}

/// The services that have a log.
fn known(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.place.logs()).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().replace('%', "/")).collect();
    names.sort();
    names
}
