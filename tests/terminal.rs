//! A real interactive shell in a tmux of its own, driven by typing and by what the shell reports at each prompt.
//!
//! Nothing here waits on time: the start files in `tests/terminal/` write a line into a FIFO when a prompt is about to be drawn,
//! and every wait ends with that line, or with a failure that shows the screen.

#[macro_use]
mod drive;
mod setup;
mod shell;
#[cfg(target_os = "linux")]
pub mod strays;

pub use setup::Setup;
pub use shell::{Other, Program, Shell};

use setup::World;

use std::{
    collections::{BTreeMap, VecDeque},
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    rc::Rc,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The program under test.
pub const ENVR: &str = env!("CARGO_BIN_EXE_envr");

/// What a test waits for comes within this time, or the test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// The variable by which every process of a terminal can be found again.
const MARK: &str = "ENVR_TERMINAL";

/// A shell at its prompt.
pub struct Terminal<S: Program = Shell> {
    pub shell: S,
    /// `$?` as the prompt saw it.
    pub status: i32,
    world: Rc<World>,
    /// Where the shell reports to, and tmux's socket.
    dir: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    events: File,
    buffer: Vec<u8>,
    lines: VecDeque<String>,
    /// `pid.number` of the prompt the shell is at.
    prompt: String,
}

impl<S: Program> Terminal<S> {
    /// The shell of a person who has the hook in the start file, in an empty home.
    #[track_caller]
    pub fn start(shell: S) -> Self {
        Setup::new(shell).start()
    }

    /// A second terminal of the same person.
    pub fn beside(&self) -> Setup<S> {
        Setup::inside(self.shell, Rc::clone(&self.world))
    }

    /// Types a line, waits for the prompt after it, and returns what was printed between.
    #[track_caller]
    pub fn run(&mut self, line: &str) -> String {
        self.type_line(line);
        self.wait_prompt()
    }

    /// Types a line and does not wait.
    #[track_caller]
    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\r").as_bytes());
    }

    #[track_caller]
    pub fn interrupt(&mut self) {
        self.type_bytes(b"\x03");
    }

    #[track_caller]
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        let keys = bytes.iter().map(|byte| format!("{byte:02x}").into());
        let words: Vec<OsString> =
            ["send-keys".into(), "-H".into()].into_iter().chain(keys).collect();
        self.tmux(words);
    }

    /// Waits until the shell is at a prompt again and returns what was printed since the one before.
    #[track_caller]
    pub fn wait_prompt(&mut self) -> String {
        let event = self.wait_event(|event| event.starts_with("prompt "));
        let (prompt, status) =
            event["prompt ".len()..].split_once(' ').expect("three fields, see the start files");
        self.status = status.parse().expect("a number");
        let before = std::mem::replace(&mut self.prompt, prompt.to_owned());
        self.printed(&before)
    }

    /// Waits until something below wrote this line into `$ENVR_TERMINAL/events`.
    #[track_caller]
    pub fn wait_for(&mut self, line: &str) {
        self.wait_event(|event| event == line);
    }

    /// What the shell exported when it drew the prompt.
    #[track_caller]
    pub fn env(&self) -> BTreeMap<OsString, OsString> {
        let bytes = fs::read(self.dir.join("env")).expect("each prompt writes it");
        let variables = bytes.split(|&byte| byte == 0).filter(|entry| !entry.is_empty());
        variables
            .map(|entry| {
                let equals = entry.iter().position(|&byte| byte == b'=').expect("an environment");
                (OsStr::from_bytes(&entry[..equals]).to_owned(), OsStr::from_bytes(&entry[equals + 1..]).to_owned())
            })
            // What a shell keeps for itself, and what says where one is.
            .filter(|(name, _)| !["_", "OLDPWD", "PWD", "SHLVL"].iter().any(|own| name == own))
            .collect()
    }

    /// One exported variable; `None` when it is not set.
    #[track_caller]
    pub fn var(&self, name: &str) -> Option<String> {
        self.env()
            .remove(OsStr::new(name))
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Waits until a process is no more.
    #[track_caller]
    pub fn wait_gone(&self, pid: i32) {
        #[cfg(target_os = "linux")]
        if !strays::ends(pid, DEADLINE) {
            self.fail(&format!("process {pid} stays"));
        }
    }

    /// A path below home.
    pub fn home(&self, path: impl AsRef<Path>) -> PathBuf {
        self.world.path("home").join(path)
    }

    /// Writes a file below home, in place, with its directories.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        write(&self.home(path), content);
    }

    /// A file below home, empty when it is not there.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.home(path)).unwrap_or_default()
    }

    /// The whole screen and what scrolled off it.
    pub fn screen(&self) -> String {
        let output = self.tmux_output(["capture-pane", "-p", "-J", "-S-"]);
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// The program sees a terminal of this size from now on.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// What is on the screen now, with what colours it.
    pub fn coloured(&self) -> String {
        let output = self.tmux_output(["capture-pane", "-p", "-e"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As if its window were closed.
    #[track_caller]
    pub fn close(&self) {
        self.tmux(["kill-server"]);
    }

    /// The lines between two prompts, as soon as the second one is drawn.
    #[track_caller]
    fn printed(&self, before: &str) -> String {
        let (before, now) = (format!("[{before}]"), format!("[{}]", self.prompt));
        let late = Instant::now() + DEADLINE;
        loop {
            let screen = self.screen();
            // `exec` counts prompts from 1 again: what stands above the prompt before is history.
            let start = screen
                .rfind(&before)
                .and_then(|start| Some(start + screen[start..].find('\n')? + 1));
            let printed = &screen[start.unwrap_or_default()..];
            if let Some(end) = printed.find(&now) {
                return printed[..end].to_owned();
            }
            // It is on its way through the pty: asking again costs one process, which is pause enough.
            if Instant::now() > late {
                self.fail("the prompt was reported but not drawn");
            }
        }
    }

    #[track_caller]
    fn wait_event(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let late = Instant::now() + DEADLINE;
        loop {
            while let Some(line) = self.lines.pop_front() {
                if wanted(&line) {
                    return line;
                }
            }
            let left = late.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).expect("20 s fit");
            let mut fds = [PollFd::new(&self.events, PollFlags::IN)];
            if poll(&mut fds, Some(&timeout)).expect("poll") == 0 {
                self.fail("no prompt came");
            }
            self.read_events();
        }
    }

    fn read_events(&mut self) {
        let mut chunk = [0; 4096];
        match self.events.read(&mut chunk) {
            Ok(length) => self.buffer.extend_from_slice(&chunk[..length]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
        while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            self.lines.push_back(String::from_utf8_lossy(&line[..end]).into_owned());
        }
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}; the screen:\n{}", self.shell.name(), self.screen().trim_end());
    }

    #[track_caller]
    fn tmux<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I) {
        let output = self.tmux_output(words);
        assert!(output.status.success(), "tmux: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn tmux_output<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I) -> Output {
        let mut command = Command::new(find_program("tmux").expect("`drive` has found it"));
        command.env_clear().envs(&self.environment).current_dir(&self.dir);
        command
            .args(["-u", "-f", "tmux.conf", "-S"])
            .arg(self.dir.join("tmux.sock"))
            .args(words)
            .output()
            .expect("tmux starts")
    }
}

impl<S: Program> Drop for Terminal<S> {
    fn drop(&mut self) {
        _ = self.tmux_output(["kill-server"]);
        #[cfg(target_os = "linux")]
        strays::kill(MARK, self.dir.as_os_str());
    }
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a file in a directory"))
        .expect("a directory can be made");
    let mut file = File::create(path).expect("a file can be made");
    file.write_all(content.as_ref()).expect("a file can be written");
}

/// On PATH, or where `dev/install-shells` puts what Debian does not have.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::split_paths(&variable("PATH")?).collect::<Vec<_>>();
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/shells/bin");
    path.into_iter().chain([installed]).map(|dir| dir.join(name)).find(|program| program.is_file())
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no Host: they make the environment of others"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}
