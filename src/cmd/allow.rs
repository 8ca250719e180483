//! `allow`, `deny`, `prune` and `reload`: the user's word on an rc.

use crate::config::Config;
use crate::error::misused;
use crate::host::{Host, Voice};
use crate::quiet::Stamps;
use crate::rc::{self, Rc, find_from};
#[cfg(target_os = "linux")]
use crate::service::project;
use crate::session;
use crate::trust::{self, Store};
use crate::ui;
use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub fn allow(host: &Host, path: Option<&Path>) -> Result<()> {
    let found = find_from(host, &Config::load(host)?, path);
    let store = Store::open(host)?;
    let services = services(host, found.as_ref().ok(), path);
    for file in &services {
        trust::allow(&store, &Rc::at(file.clone()))?;
    }
    let rc = match found {
        // Who has services needs no rc.
        Err(_) if !services.is_empty() => return Ok(()),
        found => found?,
    };
    trust::allow(&store, &rc)?;
    // The list is of the rc that waits in this shell.
    let is_of_another = host.env.non_empty(session::FILE).is_some_and(|file| file != rc.path);
    let required = host.env.non_empty(session::REQUIRED).filter(|_| !is_of_another);
    let Some(required) = required else { return Ok(()) };
    for file in required.as_bytes().split(|byte| *byte == b':').filter(|file| !file.is_empty()) {
        let file = Path::new(std::ffi::OsStr::from_bytes(file));
        store.allow_required(&rc.path, &rc.dir().join(file))?;
        let (name, file) = (host.voice.name(), ui::escape(&file.to_string_lossy()));
        host.print_line(format!("{name}: allowing {file}"))?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn services(_: &Host, _: Option<&Rc>, _: Option<&Path>) -> Vec<PathBuf> {
    Vec::new()
}

/// The files beside the rc that define the services of the project, which an approval covers, too.
#[cfg(target_os = "linux")]
pub fn services(host: &Host, rc: Option<&Rc>, path: Option<&Path>) -> Vec<PathBuf> {
    if host.voice == Voice::Direnv {
        return Vec::new();
    }
    let start = host.absolute(path.unwrap_or(Path::new("")));
    let start = std::fs::canonicalize(&start).unwrap_or(start);
    let mut files = project::approved_with(rc, &start);
    files.retain(|file| rc.is_none_or(|rc| *file != rc.path));
    files
}

pub fn deny(host: &Host, path: Option<&Path>) -> Result<()> {
    let rc = find_from(host, &Config::load(host)?, path)?;
    // What cannot be read can still be denied: the mark is of the path alone.
    Store::open(host)?.deny(&rc.path, &trust::read(&rc.path).unwrap_or_default())
}

pub fn prune(host: &Host) -> Result<()> {
    let store = Store::open(host)?;
    if host.voice == Voice::Direnv {
        let dir = store.allow_dir();
        std::fs::metadata(&dir).with_context(|| format!("open {}", dir.display()))?;
    }
    let pruned = store.prune()?;
    Stamps::prune(host)?;
    if host.voice == Voice::Envr {
        host.print_line(format!("pruned {pruned} approval{}", if pruned == 1 { "" } else { "s" }))?;
    }
    Ok(())
}

/// Marks the rc as changed, so that the next prompt loads it.
pub fn reload(host: &Host) -> Result<()> {
    let config = Config::load(host)?;
    let rc = match host.voice {
        Voice::Direnv => {
            rc::find(host, &config, rc::working_directory(host)?).context(".envrc not found")?
        }
        Voice::Envr => find_from(host, &config, None)?,
    };
    if Store::open(host)?.denies(&rc.path) {
        let path = rc.path.display();
        let theirs = format!("{path} is blocked. Run `direnv allow` to approve its content");
        return Err(misused(host, &theirs, &format!("reload `{path}`: it is denied"), "allow"));
    }
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    utimensat(
        CWD,
        &rc.path,
        &Timestamps { last_access: now, last_modification: now },
        AtFlags::empty(),
    )
    .with_context(|| format!("could not touch `{}`", rc.path.display()))
}
