//! Programs that know keys: run with the environment that named them, their output kept in memory.

use crate::env::Env;
use crate::host::find_program;
use crate::secrets::{Output, Secret};
use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio, read};
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use zeroize::Zeroizing;

/// What a program may print, in bytes: a key, and whatever its input may become.
const LIMIT: usize = 1 << 20;
const GROWTH: usize = 16;

/// Runs a program to its end, and returns what it printed where it succeeded.
pub fn run(env: &Env, name: &OsStr, arguments: &[&str], input: &[u8]) -> Result<Secret> {
    let program = find_program(name, env.get("PATH"), None);
    let program = program.with_context(|| format!("`{}` is not installed", name.display()))?;
    let ends = Ends::listen().context("could not listen for its end")?;
    let mut child = Command::new(&program)
        .args(arguments)
        .env_clear()
        .envs(env.iter())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{}`", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that reads nothing says why it ended.
        _ = stdin.write_all(input);
    }
    let mut pipes = Pipes::of(&mut child, LIMIT + GROWTH * input.len())?;
    let status = pipes.read_until_end(&mut child, &ends);
    if status.is_err() {
        _ = child.kill();
        _ = child.wait();
    }
    let status = status.with_context(|| format!("`{}`", name.display()))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&pipes.said);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed");
        bail!("`{}`: {}", name.display(), last.trim());
    }
    Ok(pipes.printed.into_secret())
}

/// A byte for each child that ends.
struct Ends {
    came: UnixStream,
    registered: SigId,
}

impl Ends {
    fn listen() -> std::io::Result<Self> {
        let (came, sender) = UnixStream::pair()?;
        came.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        Ok(Self { came, registered: pipe::register(SIGCHLD, sender)? })
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        unregister(self.registered);
    }
}

/// What comes from a program.
struct Pipes {
    /// Its output and its errors, as long as they are open.
    open: [Option<OwnedFd>; 2],
    printed: Output,
    said: Vec<u8>,
    /// Of each, in bytes.
    limit: usize,
}

impl Pipes {
    fn of(child: &mut Child, limit: usize) -> Result<Self> {
        let open = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
        for pipe in open.iter().flatten() {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { open, printed: Output::default(), said: Vec::new(), limit })
    }

    /// Not until the pipes end: what it left in the background, such as an agent, may hold them open.
    fn read_until_end(&mut self, child: &mut Child, ends: &Ends) -> Result<ExitStatus> {
        loop {
            let mut polled = vec![PollFd::new(&ends.came, PollFlags::IN)];
            polled.extend(self.open.iter().flatten().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            match poll(&mut polled, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            _ = read(ends.came.as_fd(), &mut [0; 64]);
            // In this order: when it has ended, all that it printed can be read.
            let ended = child.try_wait()?;
            self.read_all()?;
            if let Some(status) = ended {
                return Ok(status);
            }
        }
    }

    fn read_all(&mut self) -> Result<()> {
        let mut buffer = Zeroizing::new([0; 16 << 10]);
        for at in 0..self.open.len() {
            while let Some(pipe) = &self.open[at] {
                match read(pipe, &mut buffer[..]) {
                    Ok(0) => self.open[at] = None,
                    Ok(length) if at == 0 => self.printed.push(&buffer[..length]),
                    Ok(length) => self.said.extend(&buffer[..length]),
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
                if self.printed.bytes().len().max(self.said.len()) > self.limit {
                    bail!("it prints without an end");
                }
            }
        }
        Ok(())
    }
}
