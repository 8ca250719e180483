//! The files that the watcher looks at: it sleeps until one of them may have changed.

use anyhow::{Context as _, Result};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

pub struct Sights {
    watcher: RecommendedWatcher,
    /// What it says, from its thread, and a byte for each word, for that can be polled.
    changes: Receiver<PathBuf>,
    wake: UnixStream,
    /// What counts, itself or as the directory of what changed.
    paths: BTreeSet<PathBuf>,
    dirs: BTreeSet<PathBuf>,
}

/// Whether all of what is to be looked at was looked at already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    Before,
    Anew,
}

impl Sights {
    pub fn new() -> Result<Self> {
        let (sender, changes) = channel();
        let (wake, mut waker) = UnixStream::pair().context("could not make a pipe")?;
        wake.set_nonblocking(true).context("could not make a pipe")?;
        waker.set_nonblocking(true).context("could not make a pipe")?;
        let tell = move |event: notify::Result<Event>| {
            let event = event.ok().filter(|event| !event.kind.is_access());
            for path in event.map(|event| event.paths).unwrap_or_default() {
                _ = sender.send(path);
                // A full pipe wakes as well.
                _ = waker.write(b"!");
            }
        };
        let watcher = notify::recommended_watcher(tell).context("could not watch files")?;
        Ok(Self { watcher, changes, wake, paths: BTreeSet::new(), dirs: BTreeSet::new() })
    }

    pub fn wake(&self) -> &UnixStream {
        &self.wake
    }

    /// Whether any of what came since the last look counts.
    pub fn take_changes(&mut self) -> bool {
        let mut bytes = [0; 4096];
        while self.wake.read(&mut bytes).is_ok_and(|count| count > 0) {}
        let mut counts = false;
        while let Ok(path) = self.changes.try_recv() {
            // Of a directory that gave its place to another, nothing below it is told.
            let below = self.paths.range(path.clone()..).next();
            counts |= below.is_some_and(|below| below.starts_with(&path))
                || path.parent().is_some_and(|parent| self.paths.contains(parent));
        }
        counts
    }

    /// Looks at these from now on. A file is replaced as often as it is written, so its directory is what is watched; one
    /// that cannot be is left to the prompt.
    pub fn watch<'a>(&mut self, paths: impl Iterator<Item = &'a Path>) -> Watched {
        let mut dirs = BTreeSet::new();
        self.paths.clear();
        for path in paths {
            let target = path.canonicalize().ok().filter(|target| target != path);
            for path in std::iter::once(path.to_path_buf()).chain(target) {
                dirs.extend(Some(path.clone()).filter(|path| path.is_dir()));
                let dir = self.take_up(path);
                dirs.extend(dir.as_deref().and_then(Path::parent).map(Path::to_path_buf));
                dirs.extend(dir);
            }
        }
        for gone in self.dirs.difference(&dirs) {
            _ = self.watcher.unwatch(gone);
        }
        // One that went and came back is another for the system.
        dirs.retain(|dir| self.watcher.watch(dir, RecursiveMode::NonRecursive).is_ok());
        let watched = if dirs.is_subset(&self.dirs) { Watched::Before } else { Watched::Anew };
        self.dirs = dirs;
        watched
    }

    /// What is not there appears in the nearest directory that is.
    fn take_up(&mut self, path: PathBuf) -> Option<PathBuf> {
        let mut path = path;
        loop {
            let dir = path.parent()?.to_path_buf();
            self.paths.insert(path);
            if dir.is_dir() {
                return Some(dir);
            }
            path = dir;
        }
    }
}
