//! A search for keys: where the user's environment says they are, and who waits meanwhile.

use super::Prompt;
use crate::config::Config;
use crate::env::Env;
use crate::eval::{Interrupt, Ready, Subject, Vigil, kill_children_but, own_children};
use crate::host::Host;
use crate::secrets::keyring::Keyring;
use anyhow::{Context as _, Result, bail};
use rustix::io::{Errno, ioctl_fionbio, read};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::thread;

pub struct Search<'a> {
    pub env: &'a Env,
    pub prompt: Prompt,
    host: &'a Host,
    config: &'a Config,
    stopped: Cell<Option<i32>>,
}

/// Said where a signal came.
const INTERRUPTED: &str = "interrupted";

impl<'a> Search<'a> {
    /// `env` is the environment that names the keys: of the process, or of the rc that wants the secret.
    pub fn new(host: &'a Host, config: &'a Config, env: &'a Env, prompt: Prompt) -> Self {
        Self { env, prompt, host, config, stopped: Cell::new(None) }
    }

    pub fn keyring(&self) -> Keyring {
        self.config.keyring
    }

    /// The signal after which nothing is asked any more.
    pub fn stopped(&self) -> Option<i32> {
        self.stopped.get()
    }

    /// Does on a thread what nobody can wait for in a better way. Where the waiting ends before it does, it is left
    /// behind, and what it started is killed.
    pub fn watch<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let mut vigil = self.vigil(name)?;
        let known = own_children();
        let (done, working) = io::pipe().context("could not make a pipe")?;
        let done = OwnedFd::from(done);
        ioctl_fionbio(&done, true).context("could not listen to a thread")?;
        let worker = thread::spawn(move || {
            let result = work();
            drop(working);
            result
        });
        loop {
            let ready = vigil.wait(&[&done], self.host)?;
            if !matches!(read(&done, &mut [0]), Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
            if let Err(why) = self.heed(&vigil, ready) {
                kill_children_but(&known);
                return Err(why);
            }
        }
        self.end(&vigil);
        worker.join().ok().with_context(|| format!("`{name}` failed"))
    }

    pub fn vigil(&self, name: &str) -> Result<Vigil> {
        if self.stopped.get().is_some() {
            bail!(INTERRUPTED);
        }
        let subject = Subject::Key(name.to_string());
        let limit = self.config.key_timeout.filter(|_| !self.is_attended());
        let vigil = Vigil::over(subject, self.host, self.config)?;
        Ok(vigil.with_limit(limit))
    }

    pub fn wait(&self, vigil: &mut Vigil, pipes: &[&OwnedFd]) -> Result<Ready> {
        vigil.wait(pipes, self.host)
    }

    /// Whether to go on waiting.
    pub fn heed(&self, vigil: &Vigil, ready: Ready) -> Result<()> {
        if let Some(signal) = ready.fatal {
            self.stopped.set(Some(signal));
        }
        if ready.must_kill || ready.fatal.is_some() {
            self.end(vigil);
            bail!(INTERRUPTED);
        }
        match self.config.key_timeout {
            Some(limit) if ready.is_over => {
                let limit = limit.as_secs_f64();
                bail!("it took longer than {limit}s, and nobody is here to answer it")
            }
            _ => Ok(()),
        }
    }

    /// What the user pressed counts for all that would be asked next.
    pub fn end(&self, vigil: &Vigil) {
        if vigil.interrupt != Interrupt::None && self.stopped.get().is_none() {
            self.stopped.set(Some(signal_hook::consts::SIGINT));
        }
    }

    /// Whether somebody can type a passphrase or touch a key: at a terminal, or on a screen where a program may ask.
    fn is_attended(&self) -> bool {
        let has_screen =
            ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| self.env.non_empty(name).is_some());
        cfg!(target_os = "macos") || has_screen || File::open("/dev/tty").is_ok()
    }
}
