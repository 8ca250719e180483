//! Where prompts and the watcher meet: a directory of the user's own, with a lock and a socket.

use crate::env::Env;
use crate::fs::{make_private_dir, remove_if_there};
use crate::host::Host;
use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

/// No prompt waits longer for a watcher that hangs, and no watcher for a prompt.
const PATIENCE: Duration = Duration::from_millis(50);
/// More than an environment has, in bytes.
const LIMIT: u64 = 8 << 20;

/// What a prompt tells: the place of a shell, and the environment that it was loaded in.
#[derive(Debug, PartialEq, Eq)]
pub struct Loaded {
    pub place: PathBuf,
    pub env: Env,
}

pub struct Meeting {
    dir: PathBuf,
}

impl Meeting {
    pub fn of(host: &Host) -> Result<Self> {
        let runtime = host.directory("XDG_RUNTIME_DIR").map(|dir| dir.join("envr/nix-watcher"));
        let cache = || Some(host.xdg("XDG_CACHE_HOME", ".cache")?.join("envr/nix-watcher"));
        let dir = runtime.or_else(cache).context("could not find a place for a socket")?;
        Ok(Self { dir })
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// Whether there is a watcher, and has been told.
    pub fn tell(&self, loaded: &Loaded) -> Result<bool> {
        let mut stream = match UnixStream::connect(self.socket()) {
            Ok(stream) => stream,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error).context("could not reach the watcher"),
        };
        stream.set_write_timeout(Some(PATIENCE)).context("could not reach the watcher")?;
        stream.write_all(&loaded.encode()).context("could not tell the watcher")?;
        Ok(true)
    }

    /// The right to be the watcher; `None` while another one has it.
    pub fn lock(&self) -> Result<Option<File>> {
        make_private_dir(&self.dir)?;
        let path = self.dir.join("lock");
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.with_context(|| format!("could not open `{}`", path.display()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("could not lock `{}`", path.display()))
            }
        }
    }

    /// For who holds the lock: a socket that is left there is nobody's.
    pub fn listen(&self) -> Result<UnixListener> {
        remove_if_there(&self.socket())?;
        let listener = UnixListener::bind(self.socket())
            .with_context(|| format!("could not listen in `{}`", self.dir.display()))?;
        listener.set_nonblocking(true).context("could not listen")?;
        Ok(listener)
    }

    /// Whether prompts still find who listens.
    pub fn is_ours(&self) -> bool {
        self.socket().exists()
    }

    pub fn leave(&self) -> Result<()> {
        remove_if_there(&self.socket())
    }
}

/// What a prompt tells; `None` for who says nothing in time, or nonsense.
pub fn hear(listener: &UnixListener) -> Option<Loaded> {
    let (stream, _) = listener.accept().ok()?;
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    Loaded::read(stream)
}

impl Loaded {
    pub fn read(stream: impl Read) -> Option<Self> {
        let mut bytes = Vec::new();
        stream.take(LIMIT).read_to_end(&mut bytes).ok()?;
        Self::decode(&bytes)
    }

    /// `PLACE NUL NAME=VALUE NUL …`, with one more NUL at the end.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.place.as_os_str().as_bytes().to_vec();
        bytes.push(0);
        for (name, value) in self.env.iter() {
            bytes.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
        }
        bytes.push(0);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let mut words = bytes.strip_suffix(b"\0\0")?.split(|byte| *byte == 0);
        let place = PathBuf::from(text(words.next()?));
        let variables = words.map(|word| {
            let equals = word.iter().skip(1).position(|byte| *byte == b'=')? + 1;
            Some((text(&word[..equals]), text(&word[equals + 1..])))
        });
        let env = variables.collect::<Option<Vec<_>>>()?.into_iter().collect();
        Some(Self { place, env })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives_whole_or_not_at_all() {
        let env = [("A", "1=2"), ("EMPTY", "")].into_iter().collect();
        let loaded = Loaded { place: "/a b".into(), env };
        let bytes = loaded.encode();
        assert_eq!(Loaded::decode(&bytes), Some(loaded));
        for end in 0..bytes.len() {
            assert_eq!(Loaded::decode(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Loaded::decode(b"/a\0nonsense\0\0"), None);
    }
}
