//! Where a project's supervisor is met and keeps what outlives it: one of them for each project and user.

use super::process::{Peer, Status};
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{make_private_dir, write_atomic};
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use rustix::event::{Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::process::Pid;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// In the runtime directory.
const SOCKET: &str = "control";
/// In the state directory: says which runtime directory, for `$XDG_RUNTIME_DIR` is not the same in every shell.
const POINTER: &str = "runtime";
/// Held by a supervisor, and by its keeper until everything of it is gone.
const LOCK: &str = "lock";
/// Held by who looks for a supervisor and starts one.
const START_LOCK: &str = "start-lock";

/// A socket's path may have so many bytes.
const LONGEST_ADDRESS: usize = 107;

/// How often a lock is tried that cannot be waited for without an end.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Two directories for this user alone.
#[derive(Clone, Debug)]
pub struct Place {
    /// The project's directory.
    pub root: PathBuf,
    /// Logs, locks and what the next supervisor has to know.
    pub state: PathBuf,
    /// Sockets.
    pub runtime: PathBuf,
    /// The project's name to processes.
    pub id: String,
}

impl Place {
    /// `root` is absolute, without links.
    pub fn of(host: &Host, root: &Path) -> Result<Self> {
        let place = Self::named(host, root)?;
        make_private_dir(&place.state)?;
        check_private(&place.state)?;
        Ok(place)
    }

    /// Whether a supervisor is there, or one that cannot be asked. Nothing is made for it.
    pub fn runs(host: &Host, root: &Path) -> bool {
        let place = Self::named(host, root).ok().filter(|place| place.state.is_dir());
        place.is_some_and(|place| match place.connect() {
            Ok(stream) => stream.is_some() || matches!(place.lock(), Ok(None)),
            Err(_) => true,
        })
    }

    fn named(host: &Host, root: &Path) -> Result<Self> {
        let digest = Digest::of(root.as_os_str().as_bytes());
        let id = digest.as_str()[..16].to_string();
        let state = match host.xdg("XDG_STATE_HOME", ".local/state") {
            Some(base) => base,
            None => shared_fallback()?,
        };
        let state = state.join("envr/services").join(&id);
        let runtime = match host.directory("XDG_RUNTIME_DIR") {
            Some(base) => base.join("envr").join(&id),
            None => state.clone(),
        };
        Ok(Self { root: root.to_path_buf(), state, runtime, id })
    }

    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// The processes that a supervisor started, for the next one should it be killed.
    pub fn processes(&self) -> PathBuf {
        self.state.join("processes.json")
    }

    /// The group of a supervisor that runs, for the next one should it be killed.
    pub fn control_group(&self) -> PathBuf {
        self.state.join("control-group.json")
    }

    /// The name, in memory, of the directory with the secrets that services get as files.
    pub fn secrets(&self) -> String {
        format!("envr-services-{}", self.id)
    }

    /// Where a service says that it is ready. It gets the path, which has to fit into an address.
    pub fn notify_socket(&self, service: usize) -> Result<PathBuf> {
        let path = self.runtime.join(format!("notify-{service}"));
        if path.as_os_str().len() <= LONGEST_ADDRESS {
            return Ok(path);
        }
        Ok(shared_fallback()?.join(format!("{}-notify-{service}", self.id)))
    }

    /// The supervisor's socket; `None` where nobody listens.
    pub fn connect(&self) -> Result<Option<UnixStream>> {
        let pointer = match std::fs::read(self.state.join(POINTER)) {
            // What a loss of power made of it leads nowhere.
            Ok(bytes) if !bytes.starts_with(b"/") || bytes.contains(&0) => self.runtime.clone(),
            Ok(bytes) => PathBuf::from(std::ffi::OsString::from_vec(bytes)),
            // Who removed the state directory left a supervisor that can be met where it would be looked for now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.runtime.clone(),
            Err(error) => {
                let file = self.state.join(POINTER);
                return Err(error).with_context(|| format!("could not read `{}`", file.display()));
            }
        };
        let Some(dir) = open_private(&pointer)? else { return Ok(None) };
        match UnixStream::connect(through(&dir)) {
            Ok(stream) => {
                check_peer(&stream)?;
                check_awake(&stream)?;
                Ok(Some(stream))
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error).context("could not reach the supervisor"),
        }
    }

    /// For who holds the lock: a socket that is left there is nobody's.
    pub fn listen(&self) -> Result<UnixListener> {
        make_private_dir(&self.runtime)?;
        let dir = open_private(&self.runtime)?.context("the runtime directory is gone")?;
        let path = through(&dir);
        crate::fs::remove_if_there(&path)?;
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("could not listen in `{}`", self.runtime.display()))?;
        listener.set_nonblocking(true).context("could not listen")?;
        write_atomic(&self.state.join(POINTER), self.runtime.as_os_str().as_bytes())?;
        Ok(listener)
    }

    /// Nobody else looks for a supervisor, or starts one, as long as this is held.
    pub fn lock_start(&self) -> Result<File> {
        let file = self.lock_file(START_LOCK)?;
        flock(&file, FlockOperation::LockExclusive).context("could not lock the project")?;
        Ok(file)
    }

    /// The right to be this project's supervisor; `None` while another one has it.
    pub fn lock(&self) -> Result<Option<File>> {
        let file = self.lock_file(LOCK)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error).context("could not lock the project"),
        }
    }

    /// As `lock`, also when the one who has it is gone within this time.
    pub fn lock_within(&self, time: Duration) -> Result<Option<File>> {
        let deadline = Instant::now() + time;
        loop {
            let lock = self.lock()?;
            if lock.is_some() || Instant::now() >= deadline {
                return Ok(lock);
            }
            _ = poll(&mut [], Some(&LOOK));
        }
    }

    /// As `lock`, once the one who has it is gone.
    pub fn wait_for_lock(&self) -> Result<File> {
        let file = self.lock_file(LOCK)?;
        flock(&file, FlockOperation::LockExclusive).context("could not lock the project")?;
        Ok(file)
    }

    /// Waits until the supervisor that a connection led to is gone, and with it whoever ends what it left.
    pub fn wait_for_end(&self, supervisor: Option<Pid>) -> Result<()> {
        // So that no other one takes the lock before us, and keeps it.
        let _start = self.lock_start()?;
        let running = self.connect().ok().flatten();
        let is_successor = |stream| peer(stream).is_ok_and(|peer| peer != supervisor);
        if !running.as_ref().is_some_and(is_successor) {
            drop(self.wait_for_lock()?);
        }
        Ok(())
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.state.join(name);
        let mut options = OpenOptions::new();
        let file = match options.write(true).create(true).truncate(false).mode(0o600).open(&path) {
            // A lock that is there can be taken all the same.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(&path),
            opened => opened,
        };
        file.with_context(|| format!("could not open `{}`", path.display()))
    }
}

/// The process that listens where a connection leads to, if it can be seen from here.
pub fn peer(stream: &UnixStream) -> Result<Option<Pid>> {
    Ok(Peer::of(stream).context("could not see who answers")?.pid)
}

/// Whoever may speak on the other end is this user, or root.
pub fn check_peer(stream: &UnixStream) -> Result<()> {
    let Peer { user, .. } = Peer::of(stream).context("could not see who asks")?;
    if user != rustix::process::geteuid() && !user.is_root() {
        bail!("the other end belongs to user {}", user.as_raw());
    }
    Ok(())
}

/// Who is stopped accepts, and never answers.
fn check_awake(stream: &UnixStream) -> Result<()> {
    let Some(supervisor) = peer(stream)? else { return Ok(()) };
    if Status::of(supervisor).is_some_and(|status| status.is_stopped) {
        let message = format!("the supervisor, process {supervisor}, is stopped");
        return Err(Hinted::new(message, format!("kill -CONT {supervisor}")).into());
    }
    Ok(())
}

/// A path that goes through an open directory fits into an address, and stays in that directory.
fn through(dir: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()).into()
}

fn open_private(dir: &Path) -> Result<Option<OwnedFd>> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let opened = match rustix::fs::open(dir, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("could not open `{}`", dir.display()));
        }
    };
    let status = rustix::fs::fstat(&opened).context("could not look at a directory")?;
    let path = dir.display();
    if status.st_uid != rustix::process::geteuid().as_raw() {
        bail!("could not use `{path}`: it belongs to user {}", status.st_uid);
    }
    if status.st_mode & 0o077 != 0 {
        bail!("could not use `{path}`: others may enter it");
    }
    Ok(Some(opened))
}

fn check_private(dir: &Path) -> Result<()> {
    match open_private(dir)? {
        Some(_) => Ok(()),
        None => bail!("could not use `{}`: it is gone", dir.display()),
    }
}

/// Where no home is known, as in a container, or it is too far away: a directory that nobody else can have made for us.
fn shared_fallback() -> Result<PathBuf> {
    let dir = PathBuf::from(format!("/tmp/envr-{}", rustix::process::geteuid().as_raw()));
    make_private_dir(&dir)?;
    check_private(&dir)?;
    Ok(dir)
}
