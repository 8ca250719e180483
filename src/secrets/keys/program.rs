//! Programs that know keys: run with the environment that named them, their output kept in memory.

use super::{Search, age};
use crate::eval::{LineMode, Vigil, kill_with_descendants};
use crate::host::find_program;
use crate::secrets::{Output, Secret};
use anyhow::{Context as _, Result, bail};
use rustix::io::{Errno, ioctl_fionbio, read};
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use zeroize::Zeroizing;

/// What a program may print, in bytes: a key, and whatever its input may become.
const LIMIT: usize = 1 << 20;
const GROWTH: usize = 16;
/// So many bytes fit into every pipe, whether they are read or not.
const ROOM: usize = 4096;

/// What comes of a program that ran.
pub enum Outcome {
    Printed(Secret),
    /// What it said on its stderr.
    Failed(String),
}

impl Search<'_> {
    /// Runs a program to its end, and returns what it printed where it succeeded. Where it failed, the last that it said
    /// is why.
    pub fn run(&self, name: &OsStr, arguments: &[&str], input: &[u8]) -> Result<Secret> {
        match self.outcome(name, arguments, input)? {
            Outcome::Printed(text) => Ok(text),
            Outcome::Failed(said) => {
                let last = said.lines().rfind(|line| !line.trim().is_empty());
                let name = name.to_string_lossy();
                bail!("`{}`: {}", age::shown(&name), last.unwrap_or("it failed").trim())
            }
        }
    }

    pub fn outcome(&self, name: &OsStr, arguments: &[&str], input: &[u8]) -> Result<Outcome> {
        let program = find_program(name, self.env.get("PATH"), None);
        let named = name.to_string_lossy();
        let name = age::shown(&named);
        let program = program.with_context(|| format!("`{name}` is not installed"))?;
        let mut vigil = self.vigil(name).with_context(|| format!("`{name}`"))?;
        let _line_mode = LineMode::enter();
        let mut child = Command::new(&program)
            .args(arguments)
            .env_clear()
            .envs(self.env.iter())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{}`", program.display()))?;
        if let Some(stdin) = child.stdin.take() {
            feed(stdin, input);
        }
        let mut pipes = Pipes::of(&mut child, LIMIT + GROWTH * input.len())?;
        let status = self.wait_for(&mut child, &mut pipes, &mut vigil);
        if status.is_err() {
            kill_with_descendants(&child);
            _ = child.wait();
        }
        let status = status.with_context(|| format!("`{name}`"))?;
        if !status.success() {
            self.end(&vigil);
            return Ok(Outcome::Failed(String::from_utf8_lossy(&pipes.said).into_owned()));
        }
        Ok(Outcome::Printed(pipes.printed.into_secret()))
    }

    /// Not until the pipes end: what it left in the background, such as an agent, may hold them open.
    fn wait_for(
        &self,
        child: &mut Child,
        pipes: &mut Pipes,
        vigil: &mut Vigil,
    ) -> Result<ExitStatus> {
        loop {
            let open: Vec<&OwnedFd> = pipes.open.iter().flatten().collect();
            let ready = self.wait(vigil, &open)?;
            // In this order: when it has ended, all that it printed can be read.
            let ended = child.try_wait()?;
            pipes.read_all()?;
            if let Some(status) = ended {
                return Ok(status);
            }
            self.heed(vigil, ready)?;
        }
    }
}

/// One that reads nothing says why it ended.
fn feed(mut stdin: ChildStdin, input: &[u8]) {
    if input.len() <= ROOM {
        _ = stdin.write_all(input);
    } else {
        let input = Zeroizing::new(input.to_vec());
        thread::spawn(move || stdin.write_all(&input));
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
