//! The verbs by which scripts work on `DIRENV_WATCHES`: `watch`, `watch-dir`, `watch-list`, `watch-print`, `current`.

use crate::diff::Changes;
use crate::error::Hinted;
use crate::host::Host;
use crate::session::Session;
use crate::shell::Shell;
use crate::watch::Watches;
use anyhow::{Context as _, Result, bail};
use std::ffi::{OsStr, OsString};
use std::io::BufRead as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub fn watch(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [shell, paths @ ..] = arguments else {
        bail!(Hinted::new(
            "could not watch: no shell was named",
            format!("{} watch SHELL FILE…", host.voice.name())
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
        bail!(Hinted::new(
            "could not watch: no directory was named",
            format!("{} watch-dir SHELL DIR", host.voice.name())
        ))
    };
    let mut watches = known(host)?;
    watches.add_tree(&host.absolute(Path::new(dir)))?;
    print(host, shell, &watches)
}

/// Lines of modification time (seconds, which we look up ourselves) and path.
pub fn watch_list(host: &Host, arguments: &[OsString]) -> Result<()> {
    let shell = arguments.first().map_or("bash".as_ref(), OsString::as_os_str);
    let mut watches = known(host)?;
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.context("could not read standard input")?;
        let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
        watches.add(&host.absolute(Path::new(OsStr::from_bytes(line[space..].trim_ascii()))));
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
        bail!(Hinted::new(
            "could not compare: no file was named",
            format!("{} current FILE", host.voice.name())
        ))
    };
    match known(host)?.reason(&host.absolute(Path::new(path))) {
        None => Ok(()),
        Some(reason) => bail!("`{}` is not current: {reason}", path.display()),
    }
}

fn known(host: &Host) -> Result<Watches> {
    Session::from_env(&host.env).watches()
}

fn print(host: &Host, shell: &OsStr, watches: &Watches) -> Result<()> {
    let shell = Shell::from_name(shell)?;
    let changes = Changes::from([(OsString::from("DIRENV_WATCHES"), Some(watches.encode()))]);
    host.print(&shell.render(&changes))?;
    Ok(())
}
