//! The private directory of one evaluation: the judged bytes, as files that bash can source, and long replies.

use anyhow::{Context as _, Result};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::env::Env;

/// Put before the first line of each copy: back to where the file stands, as if it had been sourced there.
const WAY_BACK: &[u8] = b"\\builtin cd -- \"$__envr_here\" || return; OLDPWD=$__envr_back; ";

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

    /// Puts judged bytes into a directory of their own under the file's name, and returns that directory.
    pub fn copy(&mut self, file: &Path, bytes: &[u8]) -> Result<PathBuf> {
        let dir = self.dir.join(self.copies.to_string());
        self.copies += 1;
        crate::fs::make_private_dir(&dir)?;
        let name = file.file_name().context("a script needs a name")?;
        write(&dir.join(name), &[WAY_BACK, bytes].concat())?;
        Ok(dir)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write(&self.dir.join(name), bytes)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Nobody else looks here and nothing here outlives the evaluation: no need for a write that is whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("could not write `{}`", path.display()))
}
