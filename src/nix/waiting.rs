//! Starts an evaluation in the background, and waits for it where somebody wants to: Ctrl-C ends the waiting alone.

use super::log::{self, Line};
use super::place::Place;
use super::progress::Progress;
use crate::env::Env;
use crate::host::Host;
use crate::ui;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGINT;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How often progress is looked for.
pub const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// What takes less is not worth a line that comes and goes.
const PATIENCE: Duration = Duration::from_millis(300);

/// A line that is longer than this many bytes is nothing to show.
const PART_LIMIT: usize = 1 << 20;

/// In bytes.
const COMPLAINT_LIMIT: u64 = 4 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// With what kept the evaluation from leaving anything, where it could say so.
    Done { complaint: String },
    /// The user pressed Ctrl-C; nix goes on.
    Interrupted,
}

/// An evaluation that runs; ends when the evaluation does.
pub struct Started(ChildStdout);

/// Has envr itself evaluate what `place` asks for, in `env`. It waits by itself for others of the same project.
pub fn start(host: &Host, place: &Place, env: &Env) -> Result<Started> {
    // What is left of the last one would be shown; the log of one that runs is its own.
    if let Some(_held) = place.hold()? {
        crate::fs::remove_if_there(&place.log())?;
    }
    let program = std::env::current_exe().unwrap_or_else(|_| host.program().to_path_buf());
    let mut command = Command::new(&program);
    // It starts the one that works and ends: a command that takes our place would not know of that child.
    command.arg0("envr").args(["nix", "evaluate", "--in-background"]).arg(place.dir());
    command.env_clear().envs(env.iter()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child =
        command.spawn().with_context(|| format!("could not start `{}`", program.display()))?;
    let end = child.stdout.take().context("a child has the pipe it was given")?;
    child.wait().with_context(|| format!("could not wait for `{}`", program.display()))?;
    Ok(Started(end))
}

/// Hears Ctrl-C from its making on, so that none is lost that comes while nix is being started.
pub struct Interrupts {
    stream: UnixStream,
    registration: signal_hook::SigId,
}

impl Interrupts {
    pub fn listen() -> Result<Self> {
        let (stream, sender) = UnixStream::pair().context("could not make a pipe for signals")?;
        let registration = signal_hook::low_level::pipe::register(SIGINT, sender)
            .context("could not listen for signals")?;
        Ok(Self { stream, registration })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.registration);
    }
}

/// Shows what nix does until it has ended.
pub fn wait(
    host: &Host,
    place: &Place,
    started: Started,
    interrupts: &Interrupts,
) -> Result<Waited> {
    let Started(mut end) = started;
    let began = Instant::now();
    let mut tail = Tail::new(place);
    let mut progress = Progress::default();
    loop {
        let mut fds =
            [PollFd::new(&end, PollFlags::IN), PollFd::new(&interrupts.stream, PollFlags::IN)];
        match poll(&mut fds, Some(&TICK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("could not wait for nix"),
        }
        let [is_over, is_interrupted] = fds.map(|fd| !fd.revents().is_empty());
        while let Some(line) = tail.next_line() {
            if let Some(milestone) = progress.take(Line::parse(&line)) {
                ui::milestone(host, &format!("nix: {milestone}"));
            }
        }
        let waited = match (is_over, is_interrupted) {
            (true, _) => {
                let mut complaint = String::new();
                _ = (&mut end).take(COMPLAINT_LIMIT).read_to_string(&mut complaint);
                Some(Waited::Done { complaint })
            }
            (false, true) => Some(Waited::Interrupted),
            (false, false) => None,
        };
        if let Some(waited) = waited {
            ui::progress(host, None);
            return Ok(waited);
        }
        if began.elapsed() > PATIENCE {
            ui::progress(host, Some(&format!("nix: {}", progress.line())));
        }
    }
}

/// The lines of a log that came since the last look; a log that begins anew is read anew.
pub struct Tail<'a> {
    place: &'a Place,
    reader: Option<BufReader<File>>,
    part: Vec<u8>,
}

impl<'a> Tail<'a> {
    pub fn new(place: &'a Place) -> Self {
        Self { place, reader: None, part: Vec::new() }
    }

    pub fn next_line(&mut self) -> Option<String> {
        if self.reader.is_none() {
            self.reader = File::open(self.place.log()).ok().map(BufReader::new);
        }
        let reader = self.reader.as_mut()?;
        loop {
            while log::read_line(reader, &mut self.part).is_ok_and(|count| count > 0) {
                if self.part.last() == Some(&b'\n') {
                    let line = String::from_utf8_lossy(&self.part).trim_end().to_string();
                    self.part.clear();
                    return Some(line);
                }
                if self.part.len() > PART_LIMIT {
                    self.part.clear();
                }
            }
            let length = reader.get_ref().metadata().map_or(0, |log| log.len());
            if reader.stream_position().is_ok_and(|position| position <= length) {
                return None;
            }
            reader.rewind().ok()?;
            self.part.clear();
        }
    }
}
