//! `allow`, `deny`, `prune` and `reload`: the user's word on an rc.

use crate::config::Config;
use crate::host::{Host, Voice};
use crate::quiet::Stamps;
use crate::rc::find_from;
use crate::session;
use crate::trust::{self, Store};
use crate::ui;
use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub fn allow(host: &Host, path: Option<&Path>) -> Result<()> {
    let rc = find_from(host, &Config::load(host)?, path)?;
    let store = Store::open(host)?;
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

pub fn deny(host: &Host, path: Option<&Path>) -> Result<()> {
    let rc = find_from(host, &Config::load(host)?, path)?;
    // What cannot be read can still be denied: the mark is of the path alone.
    Store::open(host)?.deny(&rc.path, &trust::read(&rc.path).unwrap_or_default())
}

pub fn prune(host: &Host) -> Result<()> {
    let pruned = Store::open(host)?.prune()?;
    Stamps::prune(host)?;
    if host.voice == Voice::Envr {
        host.print_line(format!("pruned {pruned} approval{}", if pruned == 1 { "" } else { "s" }))?;
    }
    Ok(())
}

/// Marks the rc as changed, so that the next prompt loads it.
pub fn reload(host: &Host) -> Result<()> {
    let rc = find_from(host, &Config::load(host)?, None)?;
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    utimensat(
        CWD,
        &rc.path,
        &Timestamps { last_access: now, last_modification: now },
        AtFlags::empty(),
    )
    .with_context(|| format!("could not touch `{}`", rc.path.display()))
}
