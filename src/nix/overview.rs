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
use std::collections::BTreeSet;
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
    /// The user wants another one.
    Unwanted,
    /// The last good one, if there is one, is in use.
    Failed,
    Missing,
    /// What it leads to is gone from the store.
    Collected,
    /// The rc asked for others when it was loaded last.
    Unasked,
    /// No rc is left that could ask for it.
    Abandoned,
    /// This envr would look for it under another name: another machine or another version left it.
    Foreign,
}

/// How much of the store something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub paths: usize,
    pub bytes: u64,
}

/// Of one project, or of all.
pub fn overviews(host: &Host, config: &Config, project: Option<&Path>) -> Vec<Overview> {
    let places = places(host, project).into_iter();
    let mut overviews: Vec<Overview> =
        places.filter_map(|place| Overview::of((host, config), place)).collect();
    let is_asked_for = |overview: &Overview| overview.place.is_asked_for(&overview.request.project);
    let asking: BTreeSet<PathBuf> = overviews
        .iter()
        .filter(|overview| is_asked_for(overview))
        .map(|overview| overview.request.project.clone())
        .collect();
    for overview in &mut overviews {
        // An rc that changed and was not loaded since may ask for any of them.
        let is_known = asking.contains(&overview.request.project);
        let is_of_use = !matches!(overview.state, State::Abandoned | State::Foreign);
        if is_known && is_of_use && !is_asked_for(overview) {
            overview.state = State::Unasked;
        }
    }
    overviews
}

/// Places of which nobody can tell what they are for.
pub fn unreadable(host: &Host) -> Vec<Place> {
    let is_unreadable = |place: &Place| kept::read::<Request>(&place.request()).is_none();
    places(host, None).into_iter().filter(is_unreadable).collect()
}

impl Overview {
    fn of((host, config): (&Host, &Config), place: Place) -> Option<Self> {
        let request = kept::read::<Request>(&place.request())?;
        let shells = newest(place.shells_of_all_variants(), Shell::read);
        let is_there = |shell: &&Shell| shell.kept.is_there(&place);
        let changed =
            |shell: &Shell| shell.inputs.now().changed(&shell.seen).map(Path::to_path_buf);
        let valid = shells.iter().filter(is_there).find(|shell| changed(shell).is_none());
        let shell = valid.or_else(|| shells.iter().find(is_there));
        let failures = newest(place.failures(), kept::read::<Failure>);
        let is_unchanged =
            |failure: &Failure| failure.inputs.now().changed(&Watches::default()).is_none();
        let state = if rc::of(host, config, &request.project).is_none() {
            State::Abandoned
        } else if Place::of(host, &request).is_ok_and(|ours| ours != place) {
            State::Foreign
        } else if place.is_being_made() {
            State::BeingMade
        } else if shell.is_some() && place.wanted().exists() {
            State::Unwanted
        } else if valid.is_some() {
            State::Current
        } else if failures.iter().any(is_unchanged) {
            State::Failed
        } else {
            match shell.and_then(changed) {
                Some(path) => State::OutOfDate(path),
                None if shells.is_empty() => State::Missing,
                None => State::Collected,
            }
        };
        let kept = shell.map(|shell| &shell.kept);
        let link = kept.and_then(|kept| kept.generation.as_ref());
        let used = [place.used(), place.finished(), place.request()];
        let used = used.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max();
        Some(Self {
            store_path: link.and_then(|link| place.dir().join(link).canonicalize().ok()),
            too_large: kept.map_or_else(Vec::new, |kept| kept.too_large.iter().cloned().collect()),
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
            // Its own directory may be gone.
            command.current_dir("/");
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

    pub fn is_older_than(&self, age: Duration) -> bool {
        self.used.elapsed().is_ok_and(|unused| unused >= age)
    }

    /// Lets it go; what it held is the garbage collector's.
    pub fn remove(&self) -> Result<()> {
        self.place.remove()
    }

    /// Copies what the shell is made of, so that whoever has `store` as a substituter builds nothing.
    pub fn copy(&self, host: &Host, store: &str) -> Result<()> {
        let shown = self.request.shown();
        let path = self.store_path.as_ref();
        let path = path.with_context(|| format!("the nix shell `{shown}` is in no store"))?;
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
            while let Some(text) = tail.next_line() {
                let parsed = Line::parse(&text);
                match &parsed {
                    Line::Error(text) | Line::Remark(text) | Line::WroteLock(text) => line(text)?,
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

/// Of those files that can be read, the last written first.
fn newest<T>(files: impl Iterator<Item = PathBuf>, read: impl Fn(&Path) -> Option<T>) -> Vec<T> {
    let files = files.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    let mut files: Vec<(SystemTime, PathBuf)> = files.collect();
    files.sort();
    files.iter().rev().filter_map(|(_, path)| read(path)).collect()
}
