//! What `setup` changed, with the files as they were: `$XDG_DATA_HOME/envr/setup/record.json` and numbered copies beside it.

use super::plan::{Change, Link};
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{link_atomic, make_private_dir, read_regular, remove_if_there, write_atomic};
use crate::host::Host;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const LIMIT: u64 = 16 << 20;

#[derive(Debug)]
pub struct Record {
    dir: PathBuf,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize, Serialize)]
enum Step {
    /// The copy of the file as it was, if there was one, and the digest of what it became.
    File {
        path: PathBuf,
        copy: Option<PathBuf>,
        became: String,
    },
    Link {
        path: PathBuf,
        target: PathBuf,
    },
}

impl Record {
    pub fn open(host: &Host) -> Result<Self> {
        let data = host
            .xdg("XDG_DATA_HOME", ".local/share")
            .context("could not find the data directory: `HOME` is not set")?;
        let dir = data.join("envr/setup");
        let file = dir.join("record.json");
        let steps = if file.exists() {
            let bytes = read_regular(&file, LIMIT).ok().flatten().unwrap_or_default();
            serde_json::from_slice(&bytes)
                .with_context(|| format!("could not read `{}`", file.display()))?
        } else {
            Vec::new()
        };
        Ok(Self { dir, steps })
    }

    pub fn write(&mut self, change: &Change) -> Result<()> {
        let copy = match &change.before {
            Some(before) => {
                let copy = self.dir.join(format!("{}.before", self.steps.len()));
                write_atomic(&copy, before)?;
                Some(copy)
            }
            None => None,
        };
        let became = Digest::of(&change.after).as_str().to_owned();
        self.steps.push(Step::File { path: change.path.clone(), copy, became });
        self.save()?;
        write(&change.path, &change.after)
    }

    pub fn link(&mut self, link: &Link) -> Result<()> {
        let (path, target) = (link.path.clone(), link.target.clone());
        self.steps.push(Step::Link { path, target });
        self.save()?;
        link_atomic(&link.target, &link.path)
    }

    /// Takes everything back, the last first, and says what. Ends at a file that somebody changed since.
    pub fn undo(&mut self) -> Result<Vec<PathBuf>> {
        let mut undone = Vec::new();
        while let Some(step) = self.steps.last() {
            undone.push(take_back(step)?);
            self.steps.pop();
            self.save()?;
        }
        Ok(undone)
    }

    fn save(&self) -> Result<()> {
        make_private_dir(&self.dir)?;
        write_atomic(&self.dir.join("record.json"), &serde_json::to_vec_pretty(&self.steps)?)
    }
}

fn take_back(step: &Step) -> Result<PathBuf> {
    match step {
        Step::Link { path, target } => {
            if std::fs::read_link(path).is_ok_and(|found| found == *target) {
                remove_if_there(path)?;
            }
            Ok(path.clone())
        }
        Step::File { path, copy, became } => {
            let now = read_regular(path, LIMIT).ok().flatten().unwrap_or_default();
            let before = copy.as_deref().map(|copy| {
                read_regular(copy, LIMIT)
                    .ok()
                    .flatten()
                    .with_context(|| format!("could not read `{}`", copy.display()))
            });
            let before = before.transpose()?;
            if before.as_ref() != Some(&now) && Digest::of(&now).as_str() != became {
                let copy = copy.as_deref().unwrap_or(Path::new("/dev/null"));
                return Err(Hinted::new(
                    format!("could not take back `{}`: it was changed since", path.display()),
                    format!("diff {} {}", copy.display(), path.display()),
                )
                .into());
            }
            match before {
                Some(before) => write(path, &before)?,
                None => remove_if_there(path)?,
            }
            if let Some(copy) = copy {
                remove_if_there(copy)?;
            }
            Ok(path.clone())
        }
    }
}

/// Whole or not at all, with the mode that the file has.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mode = std::fs::metadata(path).map_or(0o644, |metadata| metadata.permissions().mode());
    write_atomic(path, bytes)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o777))
        .with_context(|| format!("could not set the mode of `{}`", path.display()))
}
