//! The world as this process found it: environment, directory, arguments. Read once here, passed down.

use crate::env::{Env, outside};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The name we were called by, which decides how we speak and how strict we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Envr,
    /// Called `direnv`: direnv's verbs, messages and semantics.
    Direnv,
}

impl Voice {
    /// The prefix of every message, and the command that hints tell to type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envr => "envr",
            Self::Direnv => "direnv",
        }
    }
}

/// What a verb may know of the world.
#[derive(Clone, Debug)]
pub struct Host {
    pub env: Env,
    /// Arguments after the program's name.
    pub args: Vec<OsString>,
    /// The physical working directory; `None` when it was removed under us.
    pub cwd: Option<PathBuf>,
    pub voice: Voice,
    /// Variables that the loaded project has changed, as they were before.
    outside: OnceLock<BTreeMap<OsString, OsString>>,
    /// As it was typed.
    pub called: &'static OsStr,
    /// Found on PATH when it is asked for.
    program: OnceLock<PathBuf>,
}

impl Host {
    /// `arguments` begin with the name we were called by; `variables` are the process's own, as `NAME=VALUE`.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the process")]
    pub fn new(arguments: &[&'static OsStr], variables: &'static [&'static OsStr]) -> Self {
        let called = arguments.first().copied().unwrap_or_default();
        let name = called.as_bytes().rsplit(|byte| *byte == b'/').next();
        let voice = if name == Some(b"direnv") { Voice::Direnv } else { Voice::Envr };
        Self {
            env: Env::of_process(variables),
            args: arguments.iter().skip(1).map(OsString::from).collect(),
            cwd: std::env::current_dir().ok(),
            voice,
            outside: OnceLock::new(),
            called,
            program: OnceLock::new(),
        }
    }

    /// Absolute path of this program as it was called. A link is kept unresolved: its target may be a store path
    /// that is collected while a hook still names it, and the name decides the voice.
    pub fn program(&self) -> &Path {
        self.program.get_or_init(|| {
            find_program(self.called, self.env.get("PATH"), self.cwd.as_deref())
                .filter(|file| is_executable(file))
                .map(|file| crate::fs::clean(&file))
                .or_else(|| std::env::current_exe().ok())
                .unwrap_or_else(|| PathBuf::from(self.called))
        })
    }

    /// Whether a shell's hook asks. Only then is Ctrl-C ours to take, and what was loaded worth keeping through it.
    pub fn is_at_prompt(&self) -> bool {
        self.args.first().is_some_and(|verb| verb == "export")
    }

    /// stdout is for the machine: exactly these bytes, or a failure the caller sees.
    #[expect(clippy::unused_self, reason = "who prints has been given the host")]
    pub fn print(&self, output: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(output).and_then(|()| stdout.flush()) {
            // The reader had enough (`envr stdlib | head`): a normal end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.context("could not write to standard output"),
        }
    }

    /// As `print`, for who goes on for ever: says whether anybody still reads.
    #[expect(clippy::unused_self, reason = "who prints has been given the host")]
    pub fn show(&self, output: &[u8]) -> bool {
        let mut stdout = io::stdout().lock();
        stdout.write_all(output).and_then(|()| stdout.flush()).is_ok()
    }

    /// Whether standard output is a terminal that knows colours, and they are wanted.
    pub fn shows_colours(&self) -> bool {
        rustix::termios::isatty(io::stdout())
            && self.env.non_empty("NO_COLOR").is_none()
            && self.env.get("TERM").is_some_and(|term| term != "dumb")
    }

    pub fn print_line(&self, line: impl AsRef<[u8]>) -> Result<()> {
        let mut output = line.as_ref().to_vec();
        output.push(b'\n');
        self.print(&output)
    }

    pub fn home(&self) -> Option<PathBuf> {
        self.directory("HOME")
    }

    /// A directory that a variable names, outside of any project: one that says where the user's approvals are could
    /// approve itself. A relative one would be another in each project, and counts as none.
    pub fn directory(&self, variable: &str) -> Option<PathBuf> {
        let outside = self.outside.get_or_init(|| outside::decode(&self.env));
        let value = match outside.get(OsStr::new(variable)) {
            Some(value) => Some(value.as_os_str()),
            None => self.env.get(variable),
        };
        value.map(PathBuf::from).filter(|dir| dir.is_absolute())
    }

    /// `$XDG_x_HOME`, or its default below the home directory.
    pub fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.directory(variable).or_else(|| Some(self.home()?.join(below_home)))
    }

    /// A path for a message: the home directory is `~`.
    pub fn tilde(&self, path: &Path) -> String {
        match self.home().as_deref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~/{}", below.display()),
            None => path.display().to_string(),
        }
    }

    /// A relative path as seen from the working directory.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        match &self.cwd {
            Some(cwd) => crate::fs::clean(&cwd.join(path)),
            None => crate::fs::clean(path),
        }
    }
}

/// Finds a command on a PATH as `execvp` would; a name with a slash is taken as it is, seen from `cwd`.
pub fn find_program(name: &OsStr, path: Option<&OsStr>, cwd: Option<&Path>) -> Option<PathBuf> {
    let here = |file: PathBuf| match cwd {
        Some(cwd) => cwd.join(file),
        None => file,
    };
    if name.as_bytes().contains(&b'/') {
        return Some(here(PathBuf::from(name)));
    }
    std::env::split_paths(path?).map(|dir| here(dir.join(name))).find(|file| is_executable(file))
}

pub fn is_executable(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}
