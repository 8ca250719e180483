//! The process above a supervisor. It starts it, and when it ends, however that happens, ends what it left.
//!
//! What a dead supervisor was the parent of is left to its keeper by the kernel, so nothing has to be searched for. A
//! supervisor whose keeper dies gets SIGTERM, and stops everything in order. Only who kills both leaves processes behind;
//! these carry a mark, and the next `up` ends them.

use super::control_group::Group;
use super::environment::{self, Environment};
use super::place::Place;
use super::process::{self, Identity, Launch, Status};
use super::state::Exit;
use super::supervisor::{MARK, Supervisor};
use crate::env::Env;
use crate::host::Host;
use crate::memory_dir;
use crate::ui;
use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Resource, getrlimit};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGTERM};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The verbs of the processes, which nobody types.
pub const KEEPER: &str = "service-keeper";
pub const SUPERVISOR: &str = "service-supervisor";
/// The descriptors that both inherit.
const LOCK: i32 = 3;
const READY: i32 = 4;
/// What a supervisor says when it can be reached.
const GREETING: &[u8] = b"ready";
/// From SIGTERM to SIGKILL for what a killed supervisor left.
const GRACE: Duration = Duration::from_secs(1);
/// From the first SIGKILL until what is still there is given up: it hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a new supervisor gets.
#[derive(Debug)]
pub struct Start<'a> {
    pub host: &'a Host,
    pub place: &'a Place,
    /// The environment outside, from which it evaluates again.
    pub outer: &'a Env,
    /// The project's.
    pub env: &'a Env,
    pub lock: File,
}

/// A supervisor, or the keeper of one, that can be reached.
#[derive(Debug)]
pub struct Started {
    pub pid: Pid,
    /// As long as somebody has it, no other supervisor starts.
    _lock: File,
}

/// Starts a supervisor as our child: we are its keeper.
pub fn start_supervisor(start: Start) -> Result<Started> {
    become_keeper()?;
    launch(start, SUPERVISOR)
}

/// Starts a keeper with a supervisor, both of which outlive us.
pub fn start_keeper(start: Start) -> Result<()> {
    launch(start, KEEPER).map(drop)
}

fn launch(start: Start, verb: &str) -> Result<Started> {
    let Start { host, place, outer, env, lock } = start;
    let (stdin, mut environment) = io::pipe().context("could not make a pipe")?;
    let (mut ready, ready_for_it) = io::pipe().context("could not make a pipe")?;
    let stderr = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(place.state.join("supervisor.log"))
        .context("could not open the supervisor's log")?;
    let for_it = lock.try_clone().context("could not pass the lock on")?;
    let pid = process::spawn(Launch {
        file: host.program(),
        arguments: &arguments(place, verb),
        dir: Path::new("/"),
        env: outer,
        stdin: Some(stdin.into()),
        stdout: None,
        stderr: Some(stderr.into()),
        passed: vec![(LOCK, for_it.into()), (READY, ready_for_it.into())],
        open_files: getrlimit(Resource::Nofile),
        group: None,
    })
    .context("could not start a supervisor")?;
    environment.write_all(&environment::encode(env)).context("could not start a supervisor")?;
    drop(environment);
    let mut said = Vec::new();
    ready.read_to_end(&mut said).context("could not hear the supervisor")?;
    if said != GREETING {
        let said = String::from_utf8_lossy(&said);
        let why = if said.is_empty() { "it ended at once" } else { &said };
        bail!("could not start a supervisor: {why}");
    }
    Ok(Started { pid, _lock: lock })
}

/// What `Place` holds goes on as arguments: the environment may have changed what it would be.
fn arguments(place: &Place, verb: &str) -> Vec<OsString> {
    let paths = [&place.root, &place.state, &place.runtime].into_iter();
    let paths = paths.map(|path| path.clone().into_os_string());
    [verb.into()].into_iter().chain(paths).chain([place.id.clone().into()]).collect()
}

fn place_of(arguments: &[OsString]) -> Result<Place> {
    let [root, state, runtime, id] = arguments else { bail!("this is not to be typed") };
    let id = id.to_string_lossy().into_owned();
    Ok(Place { root: root.into(), state: state.into(), runtime: runtime.into(), id })
}

/// The keeper's process: it starts the supervisor with what it was given itself.
pub fn keep(host: &Host, arguments: &[OsString]) -> Result<()> {
    // Whoever started us may go.
    rustix::process::set_parent_process_death_signal(None).context("could not become a keeper")?;
    let place = place_of(arguments)?;
    let missing = "this is not to be typed";
    // Whoever gets the lock next finds nobody: it ends with the process, not before.
    let lock = ManuallyDrop::new(process::inherited(LOCK).context(missing)?);
    let ready = process::inherited(READY).context(missing)?;
    become_keeper()?;
    let ends = ends_of_children()?;
    let stop = signals_to_stop()?;
    let supervisor = process::spawn(Launch {
        file: host.program(),
        arguments: &self::arguments(&place, SUPERVISOR),
        dir: Path::new("/"),
        env: &host.env,
        stdin: Some(io::stdin().as_fd().try_clone_to_owned()?),
        stdout: None,
        stderr: Some(io::stderr().as_fd().try_clone_to_owned()?),
        passed: vec![(LOCK, lock.try_clone()?), (READY, ready)],
        open_files: getrlimit(Resource::Nofile),
        group: None,
    })
    .context("could not start a supervisor")?;
    wait(supervisor, &ends, &stop);
    clean(&ends, &place);
    memory_dir::remove_lasting(host, &place.secrets());
    Ok(())
}

/// The supervisor's process.
pub fn supervise(host: &Host, arguments: &[OsString]) -> Result<()> {
    let place = place_of(arguments)?;
    let missing = "this is not to be typed";
    let _lock = ManuallyDrop::new(process::inherited(LOCK).context(missing)?);
    let mut ready = File::from(process::inherited(READY).context(missing)?);
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).context("could not read the environment")?;
    let environment = Environment::new(environment::decode(&bytes));
    match Supervisor::new(host, place, environment) {
        Ok(supervisor) => {
            ready.write_all(GREETING).context("could not say that it is ready")?;
            drop(ready);
            supervisor.run()
        }
        Err(error) => {
            _ = ready.write_all(ui::causes(&error).as_bytes());
            Err(error)
        }
    }
}

/// Until the supervisor has ended. What asks us to end, it is asked.
fn wait(supervisor: Pid, ends: &UnixStream, stop: &UnixStream) -> Option<Exit> {
    loop {
        if let Some(exit) = reap(supervisor) {
            return Some(exit);
        }
        let mut fds = [PollFd::new(ends, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        _ = poll(&mut fds, None);
        let [_, stopped] = fds.map(|fd| !fd.revents().is_empty());
        drain(ends);
        if stopped {
            drain(stop);
            process::signal(supervisor, SIGTERM);
        }
    }
}

/// Takes away all that have ended; the supervisor's end, if it is among them.
pub fn reap(supervisor: Pid) -> Option<Exit> {
    let mut end = None;
    while let Some(pid) = process::next_dead() {
        let exit = process::reap(pid);
        if pid == supervisor {
            end = exit;
        }
    }
    end
}

/// Ends everything that was left to us, and then the control group that the supervisor made.
pub fn clean(ends: &UnixStream, place: &Place) {
    end_children(ends);
    if let Some(group) = Group::left(place) {
        group.kill();
        group.forget(place);
    }
}

fn end_children(ends: &UnixStream) {
    let deadline = Instant::now() + GRACE;
    let mut asked: Vec<Pid> = Vec::new();
    loop {
        while let Some(pid) = process::next_dead() {
            process::signal_group(pid, if Instant::now() < deadline { SIGTERM } else { SIGKILL });
            process::reap(pid);
        }
        let children = process::children();
        if children.is_empty() || Instant::now() >= deadline + PATIENCE {
            return;
        }
        let is_late = Instant::now() >= deadline;
        for child in children {
            let is_first = !asked.contains(&child);
            if is_first {
                asked.push(child);
            }
            match (is_late, is_first) {
                (true, _) => process::signal(child, SIGKILL),
                (false, true) => {
                    process::signal(child, SIGTERM);
                    process::signal(child, SIGCONT);
                }
                (false, false) => {}
            }
        }
        let left = if is_late { GRACE } else { deadline - Instant::now() };
        wait_for(&[ends], left);
        drain(ends);
    }
}

/// Ends what a supervisor left that was killed together with its keeper. Each is recognised by its mark, or by its
/// number and the time of its start.
pub fn end_leftovers(host: &Host, place: &Place) -> Result<()> {
    let list = std::fs::read(place.processes()).unwrap_or_default();
    let list: Vec<Identity> = serde_json::from_slice(&list).unwrap_or_default();
    let mark = format!("{}/", place.id);
    let own = rustix::process::getpid();
    let is_marked = |process: &Pid| {
        *process != own
            && process::variable(*process, MARK)
                .is_some_and(|value| value.as_bytes().starts_with(mark.as_bytes()))
    };
    let deadline = Instant::now() + GRACE;
    let mut known: Vec<Identity> = Vec::new();
    let group = Group::left(place);
    loop {
        let marked = process::processes().filter(is_marked).filter_map(Identity::of);
        let mut left: Vec<Identity> = marked.collect();
        left.extend(list.iter().filter(|process| process.is_alive()).cloned());
        let members = group.as_ref().map(Group::members).unwrap_or_default();
        left.extend(members.into_iter().filter_map(Identity::of));
        if left.is_empty() {
            break;
        }
        if Instant::now() >= deadline + PATIENCE {
            bail!("could not end process {}, which another supervisor left", left[0].pid);
        }
        let is_late = Instant::now() >= deadline;
        if is_late {
            _ = group.as_ref().inspect(|group| group.kill());
        }
        for process in &left {
            if is_late {
                process.signal(SIGKILL);
            } else if !known.contains(process) {
                process.signal(SIGTERM);
                process.signal(SIGCONT);
                known.push(process.clone());
            }
        }
        let descriptors: Vec<OwnedFd> = left.iter().filter_map(Identity::descriptor).collect();
        // Who ended a moment ago is not waited for.
        if descriptors.is_empty() && !left.iter().any(Identity::is_alive) {
            continue;
        }
        let descriptors: Vec<&OwnedFd> = descriptors.iter().take(1).collect();
        wait_for(&descriptors, if is_late { GRACE } else { deadline - Instant::now() });
    }
    if !known.is_empty() {
        let count = known.len();
        let what = if count == 1 { "process" } else { "processes" };
        ui::note(host, &format!("ended {count} {what} that a killed supervisor left"));
    }
    _ = crate::fs::remove_if_there(&place.processes());
    if let Some(group) = group {
        group.forget(place);
    }
    Ok(())
}

/// Who has the place's lock: its supervisor, or the keeper of one that was killed.
pub fn holder(place: &Place) -> Option<Pid> {
    supervisor(place).or_else(|| find(place, KEEPER))
}

/// The place's supervisor, be it reached or not.
pub fn supervisor(place: &Place) -> Option<Pid> {
    find(place, SUPERVISOR)
}

fn find(place: &Place, verb: &str) -> Option<Pid> {
    let own = arguments(place, verb);
    process::processes().find(|process| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let words = line.split(|byte| *byte == 0).skip(1);
        // The runtime directory is the one of who started it.
        words.zip(own.iter()).take(3).filter(|(word, own)| *word == own.as_bytes()).count() == 3
    })
}

/// Become readable when a supervisor, and when its keeper has ended.
pub fn ends_of(supervisor: Pid) -> Vec<OwnedFd> {
    let both = [Some(supervisor), keeper_of(supervisor)].into_iter().flatten();
    both.filter_map(|process| Identity::of(process)?.descriptor()).collect()
}

/// One that a terminal suspended, or somebody else, would never see that its supervisor has ended.
pub fn wake(supervisor: Pid) {
    let stopped = |keeper: &Pid| Status::of(*keeper).is_some_and(|status| status.is_stopped);
    if let Some(keeper) = keeper_of(supervisor).filter(stopped).and_then(Identity::of) {
        keeper.signal(SIGCONT);
    }
}

fn keeper_of(supervisor: Pid) -> Option<Pid> {
    let program = |process: Pid| std::fs::read_link(format!("/proc/{process}/exe")).ok();
    let parent = process::pid(Status::of(supervisor)?.parent)?;
    let own = program(parent)?;
    (Some(own) == program(supervisor)).then_some(parent)
}

/// As long as that may take.
pub fn wait_for_ends(ends: &[OwnedFd]) {
    for end in ends {
        wait_for(&[end], PATIENCE);
    }
}

/// A byte for each end of a child.
pub fn ends_of_children() -> Result<UnixStream> {
    bytes_for(&[SIGCHLD])
}

/// A byte for each signal by which a user or a system asks us to end.
pub fn signals_to_stop() -> Result<UnixStream> {
    bytes_for(&[SIGINT, SIGTERM, SIGHUP])
}

/// A byte for each of these signals that comes.
pub fn bytes_for(signals: &[i32]) -> Result<UnixStream> {
    let (stream, sender) = UnixStream::pair().context("could not make a pipe for signals")?;
    stream.set_nonblocking(true).context("could not listen for signals")?;
    sender.set_nonblocking(true).context("could not listen for signals")?;
    for signal in signals {
        let sender = sender.try_clone().context("could not listen for signals")?;
        signal_hook::low_level::pipe::register(*signal, sender)
            .context("could not listen for signals")?;
    }
    process::let_through(signals);
    Ok(stream)
}

/// A file that passes the limit of who started us is an error as that of a full disk, not our end.
pub fn outlive_file_limits() -> Result<()> {
    signal_hook::flag::register(libc::SIGXFSZ, Arc::default())
        .map(drop)
        .context("could not listen for signals")
}

/// Returns how many bytes there were.
pub fn drain(mut stream: &UnixStream) -> usize {
    let mut count = 0;
    while let Ok(length @ 1..) = stream.read(&mut [0; 64]) {
        count += length;
    }
    count
}

fn become_keeper() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("could not take care of orphans")
}

fn wait_for(fds: &[impl AsFd], time: Duration) {
    let time =
        Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() };
    let mut fds: Vec<PollFd> = fds.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
    _ = poll(&mut fds, Some(&time));
}
