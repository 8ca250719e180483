//! The private directory of one evaluation: the judged bytes, as files that bash can source, and long replies.

use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env::Env;

/// Put before the first line of each copy: back to where the file stands, as if it had been sourced there.
const WAY_BACK: &[u8] = b"\\builtin cd -- \"$__envr_here\" || return; OLDPWD=$__envr_back; ";

const SWEEP_AGE: Duration = Duration::from_secs(3600);

/// Removed when dropped.
#[derive(Debug)]
pub struct Stage {
    dir: PathBuf,
    copies: usize,
}

impl Stage {
    /// In memory where the system has such a place, else among the temporary files.
    pub fn new(env: &Env) -> Result<Self> {
        let named =
            ["XDG_RUNTIME_DIR", "TMPDIR"].map(|name| env.non_empty(name).map(PathBuf::from));
        let [runtime, temporary] = named;
        let places = [runtime, Some("/dev/shm".into()), temporary, Some("/tmp".into())];
        let process = std::process::id();
        let mut last = None;
        for place in places.into_iter().flatten().filter(|place| place.is_absolute()) {
            sweep(&place);
            for attempt in 0..16 {
                let dir = place.join(format!("envr-{process}-{attempt}"));
                match DirBuilder::new().mode(0o700).create(&dir) {
                    Ok(()) => return Ok(Self { dir, copies: 0 }),
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                    Err(error) => {
                        last = Some((dir, error));
                        break;
                    }
                }
            }
        }
        let (dir, error) =
            last.context("could not make a private directory: every name is taken")?;
        Err(error).with_context(|| format!("could not make directory `{}`", dir.display()))
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Puts judged bytes into a directory of their own under a relative name, and returns that directory.
    pub fn copy(&mut self, name: &Path, bytes: &[u8]) -> Result<PathBuf> {
        let dir = self.dir.join(self.copies.to_string());
        self.copies += 1;
        let file = dir.join(name);
        crate::fs::make_private_dir(file.parent().unwrap_or(&dir))?;
        write(&file, &[WAY_BACK, bytes].concat())?;
        Ok(dir)
    }

    /// Also what `Drop` does.
    pub fn remove(&mut self) {
        _ = std::fs::remove_dir_all(&self.dir);
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write(&self.dir.join(name), bytes)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes what evaluations left that were killed: their process is gone, and long enough for it not to be one that we
/// only cannot see, as in a container that shares the directory.
fn sweep(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix("envr-")?.split('-').next()?.parse().ok());
        let Some(process) = process.and_then(Pid::from_raw) else { continue };
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if test_kill_process(process) == Err(Errno::SRCH) && age.is_some_and(|age| age > SWEEP_AGE)
        {
            _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Nobody else looks here and nothing here outlives the evaluation: no need for a write that is whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("could not write `{}`", path.display()))
}
