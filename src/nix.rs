//! Nix: the development shell of a flake or an expression, evaluated once and kept until what it was made from changes.

mod dev_env;
mod effect;
mod environment;
mod evaluation;
mod flake;
mod hook;
mod inputs;
mod kept;
mod literals;
mod log;
mod others;
mod overview;
mod place;
mod program;
mod progress;
mod reads;
mod repository;
mod request;
mod roots;
mod settings;
mod snapshot;
mod store_path;
mod tracked;
mod view;
mod waiting;
mod watcher;

use crate::config::Config;
use crate::env::Env;
use crate::error::Hinted;
use crate::host::{Host, find_program};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::Result;
use kept::{Failure, Found, Standing};
use std::path::Path;
use waiting::{Interrupts, Waited};

pub use effect::{Effect, Once};
pub use evaluation::{attend, evaluate};
pub use hook::{Hooked, LoneHook, code, hook, noise};
pub use kept::Kept;
pub use overview::{Overview, State, overviews, unreadable};
pub use place::Place;
pub use request::Request;
pub use watcher::watch;

/// Set while the shell that is loaded is not the one that its files describe; nix-direnv's name for it.
pub const DID_FALLBACK: &str = "NIX_DIRENV_DID_FALLBACK";
/// Set by nix-direnv's `nix-direnv-reload`.
const FORCE_RELOAD: &str = "_nix_direnv_force_reload";
/// What `nix_direnv_manual_reload` puts on PATH.
const RELOAD: &str = "nix-direnv-reload";

/// What an rc wants beside the shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `nix_direnv_manual_reload`: nothing is evaluated unless the user says so.
    pub manual: bool,
    /// `nix_direnv_disallow_fallback`: no shell rather than an old one.
    pub no_fallback: bool,
}

/// What an rc gets.
#[derive(Debug)]
pub enum Brought {
    Shell(Box<Kept>),
    /// nix failed, or could not be asked, which was told; this is the last one that could be made.
    Fallback(Box<Kept>),
    /// nix failed, and said so.
    Nothing,
    /// It is the user's to have it made, and he was told.
    Unmade,
    /// The user pressed Ctrl-C.
    Interrupted,
}

/// Has a load in `env` ask nix for every shell that it wants, whatever is kept.
pub fn force(env: &mut Env) {
    env.set(FORCE_RELOAD, "1");
}

/// The shell, if it is known without asking nix, and watched if so.
pub fn known(world: World, request: &Request, env: &Env, watches: &mut Watches) -> Option<Kept> {
    if env.non_empty(FORCE_RELOAD).is_some() {
        return None;
    }
    let place = Place::of(world.host, request).ok()?;
    let mut seen = Watches::default();
    seen.add(&place.finished());
    let found = kept::look_up(&place, (request, env), &mut seen);
    let kept = found.last.filter(|_| found.standing == Standing::Valid)?;
    tell_remarks(world.host, &place, (request, &kept));
    place.mark_used(&request.project);
    watches.merge(seen);
    watcher::tell(world, &place, env);
    Some(kept)
}

/// The shell, from what is kept or from nix. A prompt gets the last good one while nix makes the next.
pub fn bring(
    world: World,
    request: &Request,
    (env, wishes): (&Env, Wishes),
    watches: &mut Watches,
) -> Result<Brought> {
    let place = Place::of(world.host, request)?;
    let mut bringing = Bringing { world, request, place, env, wishes, watches };
    let brought = bringing.bring()?;
    if let Brought::Shell(kept) = &brought {
        tell_remarks(world.host, &bringing.place, (request, kept));
    }
    if !wishes.manual {
        watcher::tell(world, &bringing.place, env);
    }
    Ok(brought)
}

/// Each shell's once, as nix itself says it when it makes one.
fn tell_remarks(host: &Host, place: &Place, (request, kept): (&Request, &Kept)) {
    if !kept.remarks.is_empty() && place.take_remarks_of(&kept.content) {
        ui::note(host, &format!("nix said of `{}`:", request.shown()));
        ui::quote(&kept.remarks);
    }
}

struct Bringing<'a> {
    world: World<'a>,
    request: &'a Request,
    place: Place,
    env: &'a Env,
    wishes: Wishes,
    watches: &'a mut Watches,
}

impl Bringing<'_> {
    fn bring(&mut self) -> Result<Brought> {
        let found = self.look_up();
        if self.env.non_empty(FORCE_RELOAD).is_some() {
            crate::fs::write_atomic(&self.place.wanted(), b"")?;
            return self.wait(found.last);
        }
        match (found.standing, found.last) {
            (Standing::Valid, Some(kept)) => Ok(Brought::Shell(Box::new(kept))),
            (Standing::Failed(failure), last) => Ok(self.fall_back(&failure, last)),
            (Standing::Stale(changed), last) if self.wishes.manual && !self.is_wanted() => {
                self.tell_unasked(changed.as_deref(), last.as_ref());
                Ok(last.map_or(Brought::Unmade, |last| Brought::Shell(Box::new(last))))
            }
            (Standing::Stale(changed), Some(last)) if self.world.host.is_at_prompt() => {
                let complaint = self.place.take_complaint();
                // Or the next prompt would see that it was taken.
                self.watches.add(&self.place.finished());
                let renewed = match complaint {
                    Some(complaint) => Err(self.without_result(&complaint)),
                    None => self.renew(changed.as_deref()),
                };
                Ok(match renewed {
                    Ok(()) => Brought::Shell(Box::new(last)),
                    Err(error) => {
                        ui::error(self.world.host, &error);
                        self.stay_with(Some(last))
                    }
                })
            }
            (Standing::Stale(_) | Standing::Valid, last) => self.wait(last),
        }
    }

    fn look_up(&mut self) -> Found {
        self.watches.add(&self.place.finished());
        let found = kept::look_up(&self.place, (self.request, self.env), self.watches);
        if found.last.is_some() || matches!(found.standing, Standing::Failed(_)) {
            self.place.mark_used(&self.request.project);
        }
        found
    }

    fn is_wanted(&self) -> bool {
        self.place.wanted().exists()
    }

    fn start(&self) -> Result<waiting::Started> {
        program::find(self.env, &self.request.dir)?;
        if kept::read::<Request>(&self.place.request()).as_ref() != Some(self.request) {
            kept::write(&self.place.request(), self.request)?;
        }
        waiting::start(self.world.host, &self.place, self.env)
    }

    /// Has nix make the shell anew, in the background.
    fn renew(&self, changed: Option<&Path>) -> Result<()> {
        let World { host, config, .. } = self.world;
        let why = self.reason(changed);
        let shown = self.request.shown();
        // Whoever works now may have begun too early to see the change, or make another shell: then this one waits.
        drop(self.start()?);
        ui::status(host, config, &format!("nix: making `{shown}` anew in the background{why}"));
        Ok(())
    }

    fn tell_unasked(&self, changed: Option<&Path>, last: Option<&Kept>) {
        let host = self.world.host;
        let standing = match last {
            Some(_) => format!("out of date{}", self.reason(changed)),
            None => "not made yet".to_string(),
        };
        ui::warn(host, &format!("the nix shell `{}` is {standing}", self.request.shown()));
        let reload = find_program(RELOAD.as_ref(), self.env.get("PATH"), None);
        ui::hint(host, if reload.is_some() { RELOAD } else { "envr nix refresh" });
    }

    fn reason(&self, changed: Option<&Path>) -> String {
        let Some(path) = changed else { return String::new() };
        format!(": `{}` changed", seen_from(&self.request.project, path).display())
    }

    /// Waits for a shell that is another than the last one.
    fn wait(&mut self, before: Option<Kept>) -> Result<Brought> {
        let host = self.world.host;
        let interrupts = Interrupts::listen()?;
        let started = self.start()?;
        let complaint = match waiting::wait(host, &self.place, started, &interrupts)? {
            Waited::Done { complaint } => complaint,
            Waited::Interrupted => {
                ui::note(host, "nix goes on in the background; `envr nix log` shows what it does");
                self.look_up();
                return Ok(Brought::Interrupted);
            }
        };
        let found = self.look_up();
        match (found.standing, found.last) {
            (Standing::Failed(failure), last) => Ok(self.fall_back(&failure, last)),
            (Standing::Valid, Some(kept)) => Ok(Brought::Shell(Box::new(kept))),
            // What changed in this very moment, the next prompt sees.
            (Standing::Stale(_), Some(kept)) if before.as_ref() != Some(&kept) => {
                Ok(Brought::Shell(Box::new(kept)))
            }
            (Standing::Valid | Standing::Stale(_), _) => Err(self.without_result(&complaint)),
        }
    }

    /// The evaluation was killed, or could not write what came of it.
    fn without_result(&self, complaint: &str) -> anyhow::Error {
        let (shown, dir) = (self.request.shown(), self.place.dir().display());
        let why = match complaint {
            "" => format!("nothing came to `{dir}`"),
            complaint => complaint.to_string(),
        };
        let message = format!("could not make the nix shell `{shown}`: {why}");
        Hinted::new(message, "envr nix refresh").into()
    }

    /// Tells what nix said, in full the first time, and brings the last shell that could be made, if it may.
    fn fall_back(&self, failure: &Failure, last: Option<Kept>) -> Brought {
        let host = self.world.host;
        let shown = self.request.shown();
        if failure.is_shown {
            ui::fail(
                host,
                &format!(
                    "could not make the nix shell `{shown}`: nix failed before, and nothing changed"
                ),
            );
            ui::hint(host, "envr nix log");
            ui::hint(host, "envr nix refresh");
        } else {
            ui::fail(host, &format!("could not make the nix shell `{shown}`"));
            ui::quote(&failure.message);
            kept::mark_shown(&self.place, self.env, failure);
        }
        self.stay_with(last)
    }

    fn stay_with(&self, last: Option<Kept>) -> Brought {
        let host = self.world.host;
        match last.filter(|_| host.is_at_prompt() && !self.wishes.no_fallback) {
            Some(last) => {
                ui::note(host, "the last nix shell that could be made stays in use");
                Brought::Fallback(Box::new(last))
            }
            None => Brought::Nothing,
        }
    }
}

/// A file as it is named to those who work in a directory.
pub fn seen_from<'a>(dir: &Path, path: &'a Path) -> &'a Path {
    if path == dir { Path::new(".") } else { path.strip_prefix(dir).unwrap_or(path) }
}

/// The arguments of a script as text; nix knows no other.
pub fn arguments(words: &[&[u8]]) -> Result<Vec<String>> {
    let text = |word: &&[u8]| match std::str::from_utf8(word) {
        Ok(text) => Ok(text.to_string()),
        Err(_) => anyhow::bail!("`{}` is not UTF-8", String::from_utf8_lossy(word)),
    };
    words.iter().map(text).collect()
}

/// Which of the two functions was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    UseFlake,
    UseNix,
}

impl Function {
    pub fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"flake" => Some(Self::UseFlake),
            b"nix" => Some(Self::UseNix),
            _ => None,
        }
    }

    /// What a call asks for, by the rc of a project and in a directory.
    pub fn request(
        self,
        config: &Config,
        place: (&Path, &Path),
        words: &[&[u8]],
    ) -> Result<Request> {
        let (project, dir) = place;
        let arguments = arguments(words)?;
        match self {
            Self::UseFlake => {
                let request = Request::flake(project, dir, arguments)?;
                Ok(Request { in_place: config.nix.in_place, ..request })
            }
            Self::UseNix => Request::expression(project, dir, arguments),
        }
    }
}
