//! The home of a test's person, and how a terminal in it starts.

use super::{MARK, Program, Shell, Terminal, find_program, variable, write};

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    fs::{self, OpenOptions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use rustix::fs::OFlags;
use tempfile::TempDir;

/// The person's home and the programs of a test; shared by the terminals of one test.
pub struct World {
    dir: TempDir,
    terminals: Cell<usize>,
}

impl World {
    fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let world = Self { dir, terminals: Cell::new(0) };
        // Without its directory fish starts to parse every manual page of the machine in the background.
        for sub in ["bin", "tmp", "home/.local/share/fish/generated_completions"] {
            fs::create_dir_all(world.path(sub)).expect("a fresh directory");
        }
        symlink(super::ENVR, world.path("bin/envr")).expect("a fresh link");
        world
    }

    pub fn path(&self, sub: impl AsRef<Path>) -> PathBuf {
        self.dir.path().canonicalize().expect("the directory lives as long as the world").join(sub)
    }

    fn variables(&self) -> BTreeMap<OsString, OsString> {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(variable("PATH").unwrap_or_default());
        [
            ("LANG", "C.UTF-8"),
            ("LOGNAME", "tester"),
            ("USER", "tester"),
            ("skip_global_compinit", "1"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into_iter()
        .chain([
            ("HOME".into(), self.path("home").into()),
            ("PATH".into(), path),
            ("TMPDIR".into(), self.path("tmp").into()),
        ])
        .collect()
    }
}

/// How a terminal starts; `Terminal::start` is the plain case.
#[must_use]
pub struct Setup<S: Program = Shell> {
    shell: S,
    before: String,
    after: String,
    directory: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    world: Rc<World>,
}

impl<S: Program> Setup<S> {
    pub fn new(shell: S) -> Self {
        Self::inside(shell, Rc::new(World::new()))
    }

    pub fn inside(shell: S, world: Rc<World>) -> Self {
        let (directory, environment) = (world.path("home"), world.variables());
        Self { shell, before: String::new(), after: String::new(), directory, environment, world }
    }

    /// What the start file runs before it evaluates the hook.
    pub fn before_hook(mut self, code: &str) -> Self {
        self.before = code.into();
        self
    }

    /// What the start file runs after it evaluated the hook.
    pub fn after_hook(mut self, code: &str) -> Self {
        self.after = code.into();
        self
    }

    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Puts a program first on PATH, in place of envr's own if it has that name.
    pub fn program(self, name: &str, script: &str) -> Self {
        let path = self.world.path("bin").join(name);
        _ = fs::remove_file(&path);
        write(&path, script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .expect("the file just written");
        self
    }

    #[track_caller]
    pub fn start(self) -> Terminal<S> {
        let Self { shell, before, after, directory, mut environment, world } = self;
        let index = world.terminals.get();
        world.terminals.set(index + 1);
        let dir = world.path(format!("terminal-{index}"));
        fs::create_dir(&dir).expect("a fresh directory");

        let (start_file, start) = shell.start_file();
        let home = world.path("home");
        for (name, text) in
            [(start_file, start), ("before", before.as_str()), ("after", after.as_str())]
        {
            write(&home.join(name), text);
        }
        if shell.name() == "nu" {
            // It reads no code that a program prints, only files.
            let hook = Command::new(world.path("bin/envr")).args(["hook", "nu"]).output();
            write(&home.join("hook.nu"), hook.expect("envr starts").stdout);
        }
        write(
            &dir.join("tmux.conf"),
            "set -g history-limit 5000\nset -g remain-on-exit on\nset -s escape-time 0\nset -g default-terminal screen\n",
        );
        let made = Command::new("mkfifo").arg(dir.join("events")).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo");
        // Open for both: then neither end waits for the other, and the last writer's leaving is no end of file.
        let events = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(dir.join("events"))
            .expect("the FIFO just made");

        let program = find_program(shell.name()).expect("`drive` has found it");
        environment
            .extend([("SHELL".into(), program.clone().into()), (MARK.into(), dir.clone().into())]);
        let mut terminal = Terminal {
            shell,
            world,
            dir,
            environment,
            events,
            buffer: Vec::new(),
            lines: VecDeque::new(),
            prompt: String::new(),
            status: 0,
        };
        terminal.tmux([
            "new-session".as_ref(),
            "-d".as_ref(),
            "-x200".as_ref(),
            "-y50".as_ref(),
            "-c".as_ref(),
            directory.as_os_str(),
            program.as_os_str(),
            "-i".as_ref(),
        ]);
        terminal.wait_prompt();
        terminal
    }
}
