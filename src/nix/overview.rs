//! What is kept of nix shells, told to a person: their standing, what they hold in the store, and when they go.

use super::kept::{self, Failure, Shell};
use super::log::Line;
use super::place::{Place, places};
use super::program;
use super::progress::Progress;
use super::request::Request;
use super::waiting::{TICK, Tail};
use crate::config::Config;
use crate::host::Host;
use crate::rc;
use crate::watch::Watches;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

/// One shell that is kept.
#[derive(Debug)]
pub struct Overview {
    place: Place,
    pub request: Request,
    pub state: State,
    /// The newest shell's own path in the store.
    pub store_path: Option<PathBuf>,
    /// When it was loaded last; a day more or less.
    pub used: SystemTime,
    /// Directories that it was made of and that no prompt looks at, for they are too large.
    pub too_large: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Current,
    BeingMade,
    OutOfDate(PathBuf),
    /// The last good one, if there is one, is in use.
    Failed,
    Missing,
}

/// How much of the store something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub paths: usize,
    pub bytes: u64,
}

/// Of one project, or of all.
pub fn overviews(host: &Host, project: Option<&Path>) -> Vec<Overview> {
    places(host, project).into_iter().filter_map(Overview::of).collect()
}

impl Overview {
    fn of(place: Place) -> Option<Self> {
        let request = kept::read::<Request>(&place.request())?;
        let last = newest(place.shells_of_all_variants(), Shell::read);
        let failure = newest(place.failures(), kept::read::<Failure>);
        let changed = |time: &Option<(SystemTime, Shell)>| {
            let (_, shell) = time.as_ref()?;
            shell.inputs.changed(&shell.seen).map(Path::to_path_buf)
        };
        let failed = failure.is_some_and(|(failed, failure)| {
            failure.inputs.changed(&Watches::default()).is_none()
                && last.as_ref().is_none_or(|(made, _)| *made < failed)
        });
        let state = match (changed(&last), &last) {
            _ if place.is_busy() => State::BeingMade,
            (None, Some(_)) => State::Current,
            _ if failed => State::Failed,
            (Some(path), _) => State::OutOfDate(path),
            (None, None) => State::Missing,
        };
        let kept = last.map(|(_, shell)| shell.kept);
        let link = kept.as_ref().and_then(|kept| kept.generation.as_ref());
        let used = [place.used(), place.finished(), place.request()];
        let used = used.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max();
        Some(Self {
            store_path: link.and_then(|link| place.dir().join(link).canonicalize().ok()),
            too_large: kept.map(|kept| kept.too_large.into_iter().collect()).unwrap_or_default(),
            used: used.unwrap_or(SystemTime::UNIX_EPOCH),
            place,
            request,
            state,
        })
    }

    /// What its store path needs, itself included; `None` where nix cannot tell.
    pub fn size(&self, host: &Host) -> Option<Size> {
        let nix = program::find(&host.env, &self.request.dir).ok()?;
        let query = |words: &[&str], paths: &[String]| {
            let mut command = program::beside(&nix, "nix-store", &self.request, &host.env);
            let output = command.arg("-q").args(words).args(paths).stderr(Stdio::null()).output();
            let output = output.ok().filter(|output| output.status.success())?;
            let text = String::from_utf8(output.stdout).ok()?;
            Some(text.lines().map(str::to_string).collect::<Vec<_>>())
        };
        let path = self.store_path.as_ref()?.to_str()?.to_string();
        let paths = query(&["--requisites"], &[path])?;
        let sizes = query(&["--size"], &paths)?;
        let bytes = sizes.iter().map(|size| size.parse::<u64>().unwrap_or(0)).sum();
        Some(Size { paths: paths.len(), bytes })
    }

    pub fn is_gone(&self, host: &Host, config: &Config) -> bool {
        rc::of(host, config, &self.request.project).is_none()
    }

    pub fn is_older_than(&self, age: Duration) -> bool {
        self.used.elapsed().is_ok_and(|unused| unused >= age)
    }

    /// Lets it go; what it held is the garbage collector's.
    pub fn remove(&self) -> Result<()> {
        let _locks = (self.place.lock()?, self.place.lock_roots()?);
        let dir = self.place.dir();
        std::fs::remove_dir_all(dir)
            .with_context(|| format!("could not remove `{}`", dir.display()))?;
        if let Some(project) = dir.parent()
            && overviews_in(project) == 0
        {
            _ = std::fs::remove_dir_all(project);
        }
        Ok(())
    }

    /// Copies what the shell is made of, so that whoever has `store` as a substituter builds nothing.
    pub fn copy(&self, host: &Host, store: &str) -> Result<()> {
        let shown = self.request.shown();
        let path = self.store_path.as_ref();
        let path = path.with_context(|| format!("the nix shell `{shown}` is not made yet"))?;
        let nix = program::find(&host.env, &self.request.dir)?;
        let mut command = program::copy(&nix, &self.request, &host.env);
        let status = command.args(["--to", store]).arg(path).stdout(Stdio::null()).status();
        if !status.with_context(|| format!("could not start `{}`", nix.display()))?.success() {
            bail!("could not copy the nix shell `{shown}` to `{store}`");
        }
        Ok(())
    }

    /// Hands on the log, as a person reads it; while an evaluation runs, as it comes.
    pub fn read_log(&self, mut line: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let mut tail = Tail::new(&self.place);
        let mut progress = Progress::default();
        loop {
            let is_over = !self.place.is_busy();
            for text in tail.lines() {
                let parsed = Line::parse(&text);
                match &parsed {
                    Line::Error(text) => line(text)?,
                    Line::BuildLog(text) => line(&format!("> {text}"))?,
                    _ => {}
                }
                if let Some(milestone) = progress.take(parsed) {
                    line(&milestone)?;
                }
            }
            if is_over {
                return Ok(());
            }
            _ = rustix::event::poll(&mut [], Some(&TICK));
        }
    }
}

fn overviews_in(project: &Path) -> usize {
    let entries = std::fs::read_dir(project).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).count()
}

fn newest<T>(
    files: impl Iterator<Item = PathBuf>,
    read: impl FnOnce(&Path) -> Option<T>,
) -> Option<(SystemTime, T)> {
    let files = files.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    let (time, path) = files.max()?;
    Some((time, read(&path)?))
}
