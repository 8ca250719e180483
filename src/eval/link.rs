//! The name `direnv` for scripts, where PATH leads to no program of that name.

use crate::env::Env;
use crate::host::{Host, find_program};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// A directory with a link to us that stands last on PATH while scripts run; none where there is a `direnv`.
#[derive(Debug)]
pub struct DirenvLink {
    dir: Option<PathBuf>,
}

impl DirenvLink {
    /// In the data directory, whose path does not change, should a script keep its PATH somewhere.
    pub fn needed_by(host: &Host, env: &Env) -> Self {
        let is_needed =
            find_program("direnv".as_ref(), env.get("PATH"), host.cwd.as_deref()).is_none();
        let dir = is_needed.then(|| made(host)).flatten();
        // What stands there already is the user's, and stays.
        let has = |dir: &PathBuf| {
            env.get("PATH")
                .is_some_and(|path| std::env::split_paths(path).any(|entry| entry == *dir))
        };
        Self { dir: dir.filter(|dir| !has(dir)) }
    }

    pub fn add_to(&self, env: &mut Env) {
        let Some(dir) = &self.dir else { return };
        let mut path = env.get("PATH").map(OsStr::to_os_string).unwrap_or_default();
        if !path.is_empty() {
            path.push(":");
        }
        path.push(dir);
        env.set("PATH", path);
    }

    pub fn remove_from(&self, env: &mut Env) {
        let (Some(dir), Some(path)) = (&self.dir, env.get("PATH")) else { return };
        let dir = dir.as_os_str().as_bytes();
        let rest: Vec<&[u8]> =
            path.as_bytes().split(|byte| *byte == b':').filter(|entry| *entry != dir).collect();
        let rest = OsString::from_vec(rest.join(&b':'));
        if rest.is_empty() { env.unset("PATH") } else { env.set("PATH", rest) }
    }
}

/// Without a data directory that can be written, scripts have to do without.
fn made(host: &Host) -> Option<PathBuf> {
    let dir = host.xdg("XDG_DATA_HOME", ".local/share")?.join("envr/bin");
    let link = dir.join("direnv");
    if std::fs::read_link(&link).ok().as_deref() != Some(host.program()) {
        crate::fs::link_atomic(host.program(), &link).ok()?;
    }
    Some(dir)
}
