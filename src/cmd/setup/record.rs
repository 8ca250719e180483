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

/// What becomes of changes that somebody made after `setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    Kept,
    Overwritten,
}

#[derive(Debug)]
pub struct Undone {
    pub path: PathBuf,
    /// A copy of what it held with later changes.
    pub overwritten: Option<PathBuf>,
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

    /// Takes everything back, the last first, and says what. Ends at a file with later changes that are to be kept.
    pub fn undo(&mut self, later: Later) -> Result<Vec<Undone>> {
        let mut undone = Vec::new();
        while let Some(step) = self.steps.last() {
            let kept = self.dir.join(format!("{}.after", self.steps.len() - 1));
            undone.push(take_back(step, later, kept)?);
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

fn take_back(step: &Step, later: Later, kept: PathBuf) -> Result<Undone> {
    match step {
        Step::Link { path, target } => {
            if std::fs::read_link(path).is_ok_and(|found| found == *target) {
                remove_if_there(path)?;
            }
            Ok(Undone { path: path.clone(), overwritten: None })
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
            let was_changed = before.as_ref() != Some(&now) && Digest::of(&now).as_str() != became;
            if was_changed && later == Later::Kept {
                let copy = copy.as_deref().unwrap_or(Path::new("/dev/null"));
                let message =
                    format!("could not take back `{}`: it was changed since", path.display());
                let diff = format!("diff {} {}", copy.display(), path.display());
                return Err(Hinted::new(message, diff).or("envr setup --undo --force").into());
            }
            let overwritten = was_changed.then_some(kept);
            if let Some(kept) = &overwritten {
                write_atomic(kept, &now)?;
            }
            match before {
                Some(before) => write(path, &before)?,
                None => remove_if_there(path)?,
            }
            if let Some(copy) = copy {
                remove_if_there(copy)?;
            }
            Ok(Undone { path: path.clone(), overwritten })
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
