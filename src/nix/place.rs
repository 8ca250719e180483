//! Where shells are kept: a directory for each project, and in it one for each request.

use super::request::Request;
use crate::digest::Digest;
use crate::host::Host;
use crate::ui;
use crate::watch::last_change;
use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much of a digest tells the directories of one user apart.
const NAME: usize = 20;
const LOCK: &str = "lock";
const DAY: Duration = Duration::from_secs(24 * 3600);
const ATTRIBUTES: &str = "attributes-";
/// In bytes; so much fits into a file of one block.
const COMPLAINT_LIMIT: usize = 512;

/// The directory of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    dir: PathBuf,
}

impl Place {
    pub fn of(host: &Host, request: &Request) -> Result<Self> {
        let all =
            all(host).context("could not find a place to keep nix shells: HOME is not set")?;
        // With another file to watch it is still the same shell.
        let asked = Request { watched: BTreeSet::new(), ..request.clone() };
        let request_bytes = serde_json::to_vec(&asked).with_context(|| {
            format!("could not keep a nix shell of `{}`", request.dir.to_string_lossy())
        })?;
        let machine = [std::env::consts::OS, std::env::consts::ARCH].join("-");
        let name = Digest::of(&[&request_bytes, machine.as_bytes()].concat());
        Ok(Self { dir: of_project(&all, &request.project).join(&name.as_str()[..NAME]) })
    }

    pub fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is kept here, for those who find it.
    pub fn request(&self) -> PathBuf {
        self.dir.join("request.json")
    }

    /// The variables that the evaluation reads.
    pub fn variables(&self) -> PathBuf {
        self.dir.join("variables.json")
    }

    /// nix's log of the evaluation that runs, or else of the last one.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Written at the end of each evaluation, for prompts to notice.
    pub fn finished(&self) -> PathBuf {
        self.dir.join("finished")
    }

    /// Tells prompts that an evaluation has ended, and what kept it from leaving anything.
    pub fn finish(&self, error: Option<&anyhow::Error>) -> Result<()> {
        let mut text =
            format!("{}\n{}", std::process::id(), error.map_or_else(String::new, ui::causes));
        text.truncate(ui::cut(&text, COMPLAINT_LIMIT).len());
        crate::fs::write_atomic(&self.finished(), text.as_bytes()).or_else(|error| {
            // On a disk that is full there may still be room in a file that is there.
            let file = OpenOptions::new().write(true).truncate(true).open(self.finished());
            file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|_| error)
        })
    }

    /// Whether the last evaluation that told of its end was this process.
    pub fn was_finished_by(&self, process: u32) -> bool {
        let text = std::fs::read_to_string(self.finished()).unwrap_or_default();
        text.lines().next() == Some(process.to_string().as_str())
    }

    /// What kept the last evaluation from leaving anything; it is told once.
    pub fn take_complaint(&self) -> Option<String> {
        let text = crate::fs::read_regular(&self.finished(), 2 * COMPLAINT_LIMIT as u64).ok()??;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (_, complaint) =
            text.split_once('\n').filter(|(_, complaint)| !complaint.is_empty())?;
        File::options().write(true).open(self.finished()).and_then(|file| file.set_len(0)).ok()?;
        Some(complaint.trim().to_string())
    }

    /// Which shell's remarks were told last; gone when nix has made one anew.
    pub fn told(&self) -> PathBuf {
        self.dir.join("told")
    }

    /// Whether what nix remarked when it made this shell is still to be told; from now on it is not.
    pub fn take_remarks_of(&self, content: &str) -> bool {
        let is_told = std::fs::read(self.told()).is_ok_and(|last| last == content.as_bytes());
        if !is_told {
            // Where it cannot be written it is told again.
            _ = crate::fs::write_atomic(&self.told(), content.as_bytes());
        }
        !is_told
    }

    /// There while a user wants a new evaluation, whatever the inputs.
    pub fn wanted(&self) -> PathBuf {
        self.dir.join("wanted")
    }

    /// Written when the shell is loaded, as `mark_used` says.
    pub fn used(&self) -> PathBuf {
        self.dir.join("used")
    }

    /// Says that an rc asked for it: once a day, and once more when the rc has changed. Without that it would seem unused,
    /// no more.
    pub fn mark_used(&self, project: &Path) {
        let marked = last_change(&self.used());
        let is_young = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|now| {
            now.saturating_sub(Duration::from_nanos(marked.cast_unsigned())) < DAY
        });
        if !is_young || rc_changed(project) > marked {
            _ = crate::fs::write_atomic(&self.used(), b"");
        }
    }

    /// Whether it was asked for since the rc changed.
    pub fn is_asked_for(&self, project: &Path) -> bool {
        rc_changed(project) <= last_change(&self.used())
    }

    /// nix's profile; its generations keep what they lead to from the garbage collector.
    pub fn profile(&self) -> PathBuf {
        self.dir.join("profile")
    }

    /// Roots of the flake's inputs.
    pub fn roots(&self) -> PathBuf {
        self.dir.join("roots")
    }

    pub fn failures(&self) -> impl Iterator<Item = PathBuf> {
        self.files("failure-")
    }

    pub fn failure(&self, variant: &str) -> PathBuf {
        self.dir.join(format!("failure-{variant}.json"))
    }

    /// Shells of a variant, the last found first, then the last made.
    pub fn shells(&self, variant: &str) -> Vec<PathBuf> {
        let mut shells: Vec<_> = self
            .files(&format!("shell-{variant}-"))
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        let latest = std::fs::read_link(self.latest()).map(|name| self.dir.join(name)).ok();
        shells.sort_by_key(|(time, path)| (latest.as_ref() == Some(path), *time));
        shells.into_iter().rev().map(|(_, path)| path).collect()
    }

    pub fn shell(&self, variant: &str, content: &Digest) -> PathBuf {
        self.dir.join(format!("shell-{variant}-{}.json", &content.as_str()[..NAME]))
    }

    /// Leads to the shell that was found last.
    pub fn latest(&self) -> PathBuf {
        self.dir.join("latest")
    }

    pub fn shells_of_all_variants(&self) -> impl Iterator<Item = PathBuf> {
        self.files("shell-")
    }

    /// Of the profile, each a root of the garbage collector.
    pub fn generations(&self) -> impl Iterator<Item = PathBuf> {
        self.files("profile-")
    }

    /// bash code for hooks.
    pub fn setups(&self) -> impl Iterator<Item = PathBuf> {
        self.files("setup-")
    }

    pub fn setup(&self, content: &Digest) -> PathBuf {
        self.dir.join(format!("setup-{}.bash", &content.as_str()[..NAME]))
    }

    /// Directories with the files of structured attributes.
    pub fn attributes(&self) -> impl Iterator<Item = PathBuf> {
        self.files(ATTRIBUTES)
    }

    pub fn attributes_of(&self, content: &Digest) -> PathBuf {
        self.dir.join(format!("{ATTRIBUTES}{}", &content.as_str()[..NAME]))
    }

    /// What hooks left.
    pub fn effects(&self) -> impl Iterator<Item = PathBuf> {
        self.files("effect-")
    }

    pub fn effect(&self, shell: &str) -> PathBuf {
        self.dir.join(format!("effect-{}.json", &shell[..NAME]))
    }

    /// Waits until nobody else evaluates for the project. The system gives a lock back when its holder dies.
    pub fn lock(&self) -> Result<File> {
        crate::fs::make_private_dir(&self.dir)?;
        let mut lock = self.wait_for(LOCK)?;
        // Which of the project's shells is being made. Where that cannot be written it is not told, no more.
        _ = lock.set_len(0).and_then(|()| lock.write_all(self.name()));
        Ok(lock)
    }

    /// Waits until nobody else makes or removes roots; fails where the place was let go.
    pub fn lock_roots(&self) -> Result<File> {
        self.wait_for("roots-lock")
    }

    /// Whether somebody evaluates for the project.
    pub fn is_busy(&self) -> bool {
        self.lock_file(LOCK).is_ok_and(|(_, file)| !is_idle(&file))
    }

    /// Whether it is this one that somebody evaluates.
    pub fn is_being_made(&self) -> bool {
        let is_named = || {
            let name = crate::fs::read_regular(&self.dir.with_file_name(LOCK), NAME as u64);
            name.is_ok_and(|name| name.is_some_and(|name| name == self.name()))
        };
        self.is_busy() && is_named()
    }

    /// Nobody begins to evaluate as long as this is held; `None` while somebody does.
    pub fn hold(&self) -> Result<Option<File>> {
        let (_, file) = self.lock_file(LOCK)?;
        Ok(is_idle(&file).then_some(file))
    }

    /// Lets go of all that is kept here.
    pub fn remove(&self) -> Result<()> {
        let _locks = (self.lock()?, self.lock_roots()?);
        std::fs::remove_dir_all(&self.dir)
            .with_context(|| format!("could not remove `{}`", self.dir.display()))?;
        if let Some(project) = self.dir.parent()
            && children(project).is_empty()
        {
            _ = std::fs::remove_dir_all(project);
        }
        Ok(())
    }

    fn name(&self) -> &[u8] {
        self.dir.file_name().unwrap_or_default().as_encoded_bytes()
    }

    fn files<'a>(&self, prefix: &'a str) -> impl Iterator<Item = PathBuf> + use<'a> {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let named = entries.filter(move |entry| {
            entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes())
        });
        named.map(|entry| entry.path())
    }

    fn wait_for(&self, name: &str) -> Result<File> {
        let (path, file) = self.lock_file(name)?;
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("could not lock `{}`", path.display()))?;
        Ok(file)
    }

    fn lock_file(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.dir.with_file_name(name);
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.with_context(|| format!("could not write `{}`", path.display()))?;
        Ok((path, file))
    }
}

/// When the file that asks for a project's shells did, in nanoseconds since the epoch.
fn rc_changed(project: &Path) -> i64 {
    match last_change(&project.join(".envrc")) {
        0 => last_change(&project.join("envr.toml")),
        changed => changed,
    }
}

/// Who only asks is not in the way of others who ask.
fn is_idle(lock: &File) -> bool {
    flock(lock, FlockOperation::NonBlockingLockShared).is_ok()
}

/// The places of a project, or of all of them.
pub fn places(host: &Host, project: Option<&Path>) -> Vec<Place> {
    let Some(all) = all(host) else { return Vec::new() };
    let projects = match project {
        Some(project) => vec![of_project(&all, project)],
        None => children(&all),
    };
    let dirs = projects.iter().flat_map(|project| children(project));
    let is_in_use =
        |place: &Place| place.request().exists() || place.shells_of_all_variants().next().is_some();
    dirs.map(Place::at).filter(is_in_use).collect()
}

fn all(host: &Host) -> Option<PathBuf> {
    Some(host.xdg("XDG_CACHE_HOME", ".cache")?.join("envr/nix"))
}

fn of_project(all: &Path, project: &Path) -> PathBuf {
    let name = Digest::of(project.as_os_str().as_encoded_bytes());
    all.join(&name.as_str()[..NAME])
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    dirs.sort();
    dirs
}
