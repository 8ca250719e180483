//! The private directory of one evaluation: the judged bytes, as files that bash can source, and long replies.

use crate::env::Env;
use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::process::{Pid, geteuid, test_kill_process};
use std::fmt;
use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Put before the first line of each copy: back to where the file stands, as if it had been sourced there. `evaluate.bash`
/// takes it out of what bash says of that line.
const WAY_BACK: &[u8] = b"\\builtin eval \"$__envr_way_back\"; ";

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
            for attempt in 0..16 {
                let dir = place.join(stage_name(process, attempt));
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

    /// Removes what evaluations left there that were killed.
    pub fn sweep_beside(&self) {
        self.dir.parent().map(sweep);
    }

    /// Puts judged bytes into a directory of their own under a relative name, and returns that directory.
    pub fn copy(&mut self, name: &Path, bytes: &[u8]) -> Result<PathBuf> {
        let dir = self.dir.join(self.copies.to_string());
        self.copies += 1;
        let file = dir.join(name);
        crate::fs::make_private_dir(file.parent().unwrap_or(&dir))?;
        write(&file, &[WAY_BACK, bytes])?;
        Ok(dir)
    }

    /// Also what `Drop` does.
    pub fn remove(&mut self) {
        _ = std::fs::remove_dir_all(&self.dir);
    }

    /// Writes a file, the parts one behind the other.
    pub fn write(&self, name: &str, parts: &[impl AsRef<[u8]>]) -> Result<()> {
        write(&self.dir.join(name), parts)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.remove();
    }
}

/// What was left is of a process that is gone, and long enough for it not to be one that we only cannot see, as in a
/// container that shares the directory.
fn sweep(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some(process) = name.to_str().and_then(process_in)
            && test_kill_process(process) == Err(Errno::SRCH)
            && entry.metadata().is_ok_and(|dir| is_ours(&dir) && is_old(&dir))
        {
            _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn stage_name(process: impl fmt::Display, attempt: u32) -> String {
    format!("envr-{process}-{attempt}")
}

/// The process that `Stage::new` named a directory after.
fn process_in(name: &str) -> Option<Pid> {
    let (process, attempt) = name.strip_prefix("envr-")?.split_once('-')?;
    let (process, attempt): (i32, u32) = (process.parse().ok()?, attempt.parse().ok()?);
    (name == stage_name(process, attempt)).then(|| Pid::from_raw(process))?
}

/// Made as `Stage::new` makes them.
fn is_ours(dir: &Metadata) -> bool {
    dir.is_dir() && dir.uid() == geteuid().as_raw() && dir.mode() & 0o7777 == 0o700
}

fn is_old(dir: &Metadata) -> bool {
    let age = dir.modified().ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > SWEEP_AGE)
}

/// Nobody else looks here and nothing here outlives the evaluation: no need for a write that is whole or not at all.
fn write(path: &Path, parts: &[impl AsRef<[u8]>]) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part.as_ref())))
        .with_context(|| format!("could not write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{AtFlags, CWD, Timestamps, utimensat};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    /// No system has processes of this number.
    const DEAD: i32 = i32::MAX;

    #[test]
    fn only_what_killed_evaluations_left_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let [yesterday, now] = [-86_400, 0].map(|seconds| {
            let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed() + seconds;
            rustix::fs::Timespec { tv_sec: time, tv_nsec: 0 }
        });
        let make = |name: &str, mode, time| {
            let dir = place.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::fs::set_permissions(&dir, Permissions::from_mode(mode)).unwrap();
            let times = Timestamps { last_access: time, last_modification: time };
            utimensat(CWD, &dir, &times, AtFlags::empty()).unwrap();
            dir
        };
        let left = make(&format!("envr-{DEAD}-3"), 0o700, yesterday);
        let kept = [
            make(&format!("envr-{DEAD}-4"), 0o700, now),
            make(&format!("envr-{DEAD}-5"), 0o755, yesterday),
            make(&format!("envr-{DEAD}-notes"), 0o700, yesterday),
            make(&format!("envr-{DEAD}-06"), 0o700, yesterday),
            make(&format!("envr-{}-0", std::process::id()), 0o700, yesterday),
        ];
        sweep(place.path());
        assert!(!left.exists());
        for dir in kept {
            assert!(dir.exists(), "{}", dir.display());
        }
    }
}
