//! The verbs by which scripts work on `DIRENV_WATCHES`: `watch`, `watch-dir`, `watch-list`, `watch-print`, `current`.

use super::shell_of;
use crate::diff::Changes;
use crate::error::in_voice;
use crate::error::misused;
use crate::host::{Host, Voice};
use crate::session::Session;
use crate::watch::{Stale, Watches};
use anyhow::{Context as _, Result, anyhow, bail};
use std::ffi::{OsStr, OsString};
use std::io::BufRead as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub fn watch(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [shell, paths @ ..] = arguments else {
        bail!(misused(
            host,
            "a path is required to add to the list of watches",
            "watch: no shell was named",
            "watch SHELL FILE…"
        ))
    };
    let mut watches = known(host)?;
    for path in paths {
        watches.add(&host.absolute(Path::new(path)));
    }
    print(host, shell, &watches)
}

pub fn watch_dir(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [shell, dir, ..] = arguments else {
        bail!(misused(
            host,
            "a directory is required to add to the list of watches",
            "watch: no directory was named",
            "watch-dir SHELL DIR"
        ))
    };
    let mut watches = known(host)?;
    let tree = host.absolute(Path::new(dir));
    if host.voice == Voice::Direnv && (dir.is_empty() || !tree.exists()) {
        bail!("dir '{}' does not exist", dir.display());
    }
    watches.add_tree(&tree)?;
    print(host, shell, &watches)
}

/// Lines of a modification time in seconds and a path: what whoever wrote them saw.
pub fn watch_list(host: &Host, arguments: &[OsString]) -> Result<()> {
    let shell = arguments.first().map_or("bash".as_ref(), OsString::as_os_str);
    let mut watches = known(host)?;
    for (line, number) in std::io::stdin().lock().split(b'\n').zip(1..) {
        let line = line.context("could not read standard input")?;
        let wrong = |theirs: String| {
            let ours = anyhow!("could not read line {number}: it is no time in seconds and a path");
            in_voice(host, format!("line {number}: {theirs}"), ours)
        };
        let Some(space) = line.iter().position(|byte| *byte == b' ') else {
            return Err(wrong("expected to contain two elements".to_string()));
        };
        let second = String::from_utf8_lossy(&line[..space]);
        let Ok(second) = second.parse() else {
            return Err(wrong(format!("strconv.Atoi: parsing \"{second}\": invalid syntax")));
        };
        let path = Path::new(OsStr::from_bytes(line[space..].trim_ascii()));
        watches.add_seen(&host.absolute(path), second);
    }
    print(host, shell, &watches)
}

pub fn watch_print(host: &Host, arguments: &[OsString]) -> Result<()> {
    let end = if arguments.iter().any(|argument| argument == "--null") { 0 } else { b'\n' };
    let mut output = Vec::new();
    for path in known(host)?.paths() {
        output.extend(path.as_os_str().as_bytes());
        output.push(end);
    }
    host.print(&output)?;
    Ok(())
}

/// Fails unless the path is watched and unchanged.
pub fn current(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [path, ..] = arguments else {
        bail!(misused(host, "missing PATH argument", "compare: no file was named", "current FILE"))
    };
    let file = host.absolute(Path::new(path));
    let Some(reason) = known(host)?.reason(&file) else { return Ok(()) };
    match host.voice {
        Voice::Direnv => bail!("File \"{}\" {}", file.display(), in_direnvs_words(reason)),
        Voice::Envr => bail!("`{}` is not current: {reason}", path.display()),
    }
}

fn in_direnvs_words(reason: Stale) -> &'static str {
    match reason {
        Stale::Unknown => "is unknown",
        Stale::Appeared => "newly created",
        Stale::Gone => "is missing (Stat)",
        Stale::Changed => "has changed",
    }
}

fn known(host: &Host) -> Result<Watches> {
    Session::from_env(&host.env).watches().map_err(|garbage| garbage.told(host))
}

fn print(host: &Host, shell: &OsStr, watches: &Watches) -> Result<()> {
    let shell = shell_of(host, shell)?;
    let changes = Changes::from([(OsString::from("DIRENV_WATCHES"), Some(watches.encode()))]);
    host.print(&shell.render(&changes))?;
    Ok(())
}
