//! The watcher: one process of a user that has a shell made anew as soon as what it was made from changes, so that the next
//! prompt finds it done. Nothing depends on it: without it, that prompt has it made.

mod meeting;
mod sights;

use super::kept::{self, Standing};
use super::place::Place;
use super::request::Request;
use super::waiting;
use crate::config::Config;
use crate::env::Env;
use crate::host::Host;
use crate::rc::{self, Rc};
use crate::trust::{self, Store, Verdict};
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Context as _, Result};
use meeting::{Loaded, Meeting};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sights::{Sights, Watched};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Who saves one file often saves more; nix is asked when there was none for so long.
const QUIET: Duration = Duration::from_millis(100);

/// While files go on changing, it is asked after so long.
const BURST: Duration = Duration::from_secs(2);

/// A prompt waits so long for it to start, and then no longer.
const START: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// Tells the watcher that a shell was loaded in `env`, and starts it where there is none. Where that fails, the shell is
/// made anew at a prompt.
pub fn tell(world: World, place: &Place, env: &Env) {
    let World { host, config, .. } = world;
    if config.nix.watch.is_zero() || !host.is_at_prompt() {
        return;
    }
    let loaded = Loaded { place: place.dir().to_path_buf(), env: env.clone() };
    _ = Meeting::of(host).and_then(|meeting| {
        let is_told = meeting.tell(&loaded)?;
        if is_told { Ok(()) } else { start(host, &loaded) }
    });
}

/// Returns when it listens, so that the next prompt finds it. Its own environment is the user's, for what a project sets
/// must not say what is approved.
fn start(host: &Host, first: &Loaded) -> Result<()> {
    let program = std::env::current_exe().unwrap_or_else(|_| host.program().to_path_buf());
    let mut command = Command::new(&program);
    command.arg0("envr").args(["nix", "watch", "--in-background"]);
    command.env_clear().envs(host.env.iter()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let could_not = || format!("could not start `{}`", program.display());
    let mut child = command.spawn().with_context(could_not)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&first.encode()).with_context(could_not)?;
    }
    child.wait().with_context(could_not)?;
    if let Some(end) = &child.stdout {
        poll(&mut [PollFd::new(end, PollFlags::IN)], Some(&START)).with_context(could_not)?;
    }
    Ok(())
}

/// Watches, beginning with the shell that standard input tells of, until none was loaded for as long as the configuration
/// says.
pub fn watch(host: &Host) -> Result<()> {
    let first = Loaded::read(std::io::stdin()).context("could not read what to watch")?;
    let meeting = Meeting::of(host)?;
    let Some(_lock) = meeting.lock()? else {
        // Another one was started in the same moment.
        return meeting.tell(&first).map(|_| ());
    };
    let (config, store) = (Config::load(host)?, Store::open(host)?);
    let world = World { host, config: &config, store: &store };
    let mut watcher = Watcher { world, shells: BTreeMap::new(), sights: Sights::new()? };
    let listener = meeting.listen()?;
    // Who started us waits for no more.
    _ = File::open("/dev/null").map(rustix::stdio::dup2_stdout);
    watcher.take(first);
    let mut due = Some(Due::now());
    while watcher.has_shells() && meeting.is_ours() {
        if due.is_some_and(|due| due.at <= Instant::now()) {
            watcher.look(&meeting)?;
            due = None;
            // The socket may have gone before it was watched.
            continue;
        }
        let until = due.map(|due| due.at).or_else(|| watcher.first_end());
        if watcher.sleep(&listener, until)? == Woken::ByPrompt
            && let Some(loaded) = meeting::hear(&listener)
        {
            watcher.take(loaded);
            due = Some(Due::now());
        }
        if watcher.sights.take_changes() {
            due = Some(Due::after_a_change(due));
        }
    }
    meeting.leave()
}

/// When to look.
#[derive(Clone, Copy)]
struct Due {
    at: Instant,
    latest: Instant,
}

impl Due {
    fn now() -> Self {
        Self { at: Instant::now(), latest: Instant::now() }
    }

    fn after_a_change(before: Option<Self>) -> Self {
        let now = Instant::now();
        let latest = before.map_or(now + BURST, |due| due.latest);
        Self { at: latest.min(now + QUIET), latest }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    ByPrompt,
    ByFilesOrTime,
}

struct Watcher<'a> {
    world: World<'a>,
    shells: BTreeMap<PathBuf, Shell>,
    sights: Sights,
}

/// A shell that was loaded lately.
struct Shell {
    /// What it was loaded in.
    env: Env,
    /// When it is long enough that it was.
    end: Instant,
}

impl Watcher<'_> {
    fn take(&mut self, loaded: Loaded) {
        let end = Instant::now() + self.world.config.nix.watch;
        self.shells.insert(loaded.place, Shell { env: loaded.env, end });
    }

    fn first_end(&self) -> Option<Instant> {
        self.shells.values().map(|shell| shell.end).min()
    }

    fn has_shells(&mut self) -> bool {
        let now = Instant::now();
        self.shells.retain(|_, shell| shell.end > now);
        !self.shells.is_empty()
    }

    fn sleep(&self, listener: &UnixListener, until: Option<Instant>) -> Result<Woken> {
        let mut fds =
            [PollFd::new(listener, PollFlags::IN), PollFd::new(self.sights.wake(), PollFlags::IN)];
        let until = until.unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("could not wait for changes"),
        }
        Ok(if fds[0].revents().is_empty() { Woken::ByFilesOrTime } else { Woken::ByPrompt })
    }

    /// Has those made anew that are out of date, and watches what the shells are made from now.
    fn look(&mut self, meeting: &Meeting) -> Result<()> {
        loop {
            let mut watches = Watches::default();
            watches.add(&meeting.socket());
            for (dir, shell) in &self.shells {
                let place = Place::at(dir.clone());
                watches.add(&place.finished());
                let Some(request) = kept::read::<Request>(&place.request()) else { continue };
                let found = kept::look_up(&place, (&request, &shell.env), &mut watches);
                let is_stale = matches!(found.standing, Standing::Stale(_)) && found.last.is_some();
                if is_stale && !place.is_busy() && self.may_make(&request) {
                    drop(waiting::start(self.world.host, &place, &shell.env)?);
                }
            }
            // What changed before it was watched is seen now.
            if self.sights.watch(watches.paths()) == Watched::Before {
                return Ok(());
            }
        }
    }

    /// What was approved when it was loaded may be denied by now, or gone.
    fn may_make(&self, request: &Request) -> bool {
        let World { host, config, .. } = self.world;
        let found = rc::of(host, config, &request.project);
        let judged = |rc: Rc| trust::judge(self.world, rc, &mut Watches::default());
        found.is_some_and(|rc| matches!(judged(rc), Verdict::Allowed(_)))
    }
}
