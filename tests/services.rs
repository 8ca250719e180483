//! Services under a real supervisor: how they start, live, end, and what is left of them, which is nothing.

mod attach;
mod control_groups;
mod commands;
mod definitions;
mod discovery;
mod entrypoint;
mod ending;
mod example;
mod faults;
mod foreground;
mod import;
mod killed;
mod load;
mod logs;
mod order;
mod ports;
mod readiness;
mod refusals;
mod restarts;
mod s6;
mod sockets;
mod stop_command;
mod watching;
mod scheduling;

use crate::test::{ENVR, Project};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A project with services; whatever runs at its end is a failure.
struct Services {
    project: Project,
}

impl Services {
    /// With this `envr.toml`, approved.
    #[track_caller]
    fn new(toml: &str) -> Self {
        let services = Self::empty();
        services.project.write("envr.toml", toml);
        services.allow();
        services
    }

    fn empty() -> Self {
        let project = Project::new();
        let runtime = project.path("run");
        fs::create_dir(&runtime).unwrap();
        let project = project.env("XDG_RUNTIME_DIR", runtime);
        Self { project }
    }

    #[track_caller]
    fn allow(&self) {
        self.project.allow();
    }

    /// A script of the project that can be executed.
    fn script(&self, name: &str, text: &str) {
        self.project.write(name, text);
        let path = self.project.path("project").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs envr, which must succeed; returns what it printed.
    #[track_caller]
    fn run<const N: usize>(&self, args: [&str; N]) -> String {
        let output = self.project.envr(args).any_stdout().any_stderr().success();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs envr, which must fail; returns what it said.
    #[track_caller]
    fn fail<const N: usize>(&self, args: [&str; N]) -> String {
        let output = self.project.envr(args).any_stdout().any_stderr().failure();
        self.shown(&output.stderr)
    }

    #[track_caller]
    fn up(&self) {
        self.run(["up", "--wait", "--timeout", "60s"]);
    }

    fn status(&self, name: &str) -> Value {
        let list: Vec<Value> = serde_json::from_str(&self.run(["ps", "--json"])).unwrap();
        let status = list.into_iter().find(|status| status["name"] == name);
        status.unwrap_or_else(|| panic!("no service `{name}`"))
    }

    fn state(&self, name: &str) -> String {
        self.status(name)["state"].as_str().unwrap().to_string()
    }

    fn note(&self, name: &str) -> String {
        self.shown(self.status(name)["note"].as_str().unwrap_or_default().as_bytes())
    }

    fn pid(&self, name: &str) -> i32 {
        i32::try_from(self.status(name)["pid"].as_i64().unwrap()).unwrap()
    }

    /// The words of a service's log, those of the supervisor behind `envr: `.
    fn log(&self, name: &str) -> Vec<String> {
        self.run(["logs", name]).lines().map(str::to_string).collect()
    }

    /// What the services themselves said.
    fn said(&self, name: &str) -> Vec<String> {
        self.log(name).into_iter().filter(|line| !line.starts_with("envr: ")).collect()
    }

    /// The directory of its files.
    fn logs_of(&self, name: &str) -> PathBuf {
        let state = self.project.path("home/.local/state/envr/services");
        let dir = fs::read_dir(state).unwrap().flatten().next().unwrap();
        dir.path().join("logs").join(name)
    }

    /// Somebody who is told of every change, and hangs up when dropped.
    fn watch(&self) -> UnixStream {
        let mut stream = self.socket();
        stream.write_all(b"{\"version\":1,\"request\":\"watch\"}\n").unwrap();
        assert!(stream.read(&mut [0; 64]).unwrap() > 0);
        stream
    }

    fn socket(&self) -> UnixStream {
        let dir = fs::read_dir(self.project.path("run/envr")).unwrap().flatten().next().unwrap();
        UnixStream::connect(dir.path().join("control")).unwrap()
    }

    /// Waits until a service is left alone; returns what whoever waits for it is told then.
    #[track_caller]
    fn failed(&self, name: &str) -> String {
        let mut stream = self.socket();
        stream.write_all(b"{\"version\":1,\"request\":\"watch\"}\n").unwrap();
        let mut lines = BufReader::new(stream).lines();
        let has_failed = |line: String| {
            let reply: Value = serde_json::from_str(&line).unwrap();
            let services = reply["services"]["services"].as_array().unwrap();
            services.iter().any(|status| status["name"] == name && status["state"] == "failed")
        };
        assert!(lines.any(|line| has_failed(line.unwrap())), "the supervisor ended");
        self.fail(["wait", name])
    }

    fn fifo(&self, name: &str) -> Fifo {
        let path = self.project.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        // Opened for both, so that neither end waits for the other, and no writer's end is ours.
        let file = File::options().read(true).write(true).open(&path).unwrap();
        Fifo { path, reader: BufReader::new(file) }
    }

    fn shown(&self, text: &[u8]) -> String {
        let root = self.project.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        String::from_utf8_lossy(text).replace(root, "$DIR")
    }

    /// `up` in the foreground.
    fn foreground(&self, args: &[&str]) -> Foreground {
        let mut command = Command::new(ENVR);
        command.args(args).current_dir(self.project.path("project")).env_clear();
        command.envs(&self.project.shell().env).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Foreground { child, stdout: Some(stdout) }
    }

    /// The processes of this world that carry a service's mark, or are its supervisor or keeper.
    fn processes(&self) -> Vec<i32> {
        let home = format!("HOME={}", self.project.path("home").display());
        let numbers = fs::read_dir("/proc").unwrap().flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_ours = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes())
        };
        numbers.filter(is_ours).collect()
    }

    /// The process that `service-supervisor` was asked of.
    fn internal(&self, verb: &str) -> i32 {
        self.find(verb).unwrap_or_else(|| panic!("no {verb} runs"))
    }

    fn find(&self, verb: &str) -> Option<i32> {
        let has_verb = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).nth(1) == Some(verb.as_bytes())
        };
        self.processes().into_iter().find(has_verb)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let output = self.project.envr(["down"]).any_stdout().any_stderr().output();
        let left = self.processes();
        for pid in &left {
            kill(*pid, "KILL");
        }
        if !std::thread::panicking() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(left.is_empty(), "{left:?} are left after `down`, which said:\n{said}");
        }
    }
}

/// Lines that services write for the test.
struct Fifo {
    path: PathBuf,
    reader: BufReader<File>,
}

impl Fifo {
    /// Waits for it.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }

    fn number(&mut self) -> i32 {
        self.line().parse().unwrap()
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

struct Foreground {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
}

impl Foreground {
    /// Reads until a line has these words; returns it.
    #[track_caller]
    fn until(&mut self, words: &str) -> String {
        let stdout = self.stdout.as_mut().unwrap();
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let length = stdout.read_line(&mut line).unwrap();
            assert!(length > 0, "`{words}` did not come:\n{seen}");
            if line.contains(words) {
                return line;
            }
            seen.push_str(&line);
        }
    }

    /// Reads until every one of these has come, in whatever order.
    #[track_caller]
    fn until_all(&mut self, words: &[&str]) {
        let mut missing = words.to_vec();
        while !missing.is_empty() {
            let line = self.until("");
            missing.retain(|words| !line.contains(words));
        }
    }

    /// The next line that it says itself.
    fn told(&mut self) -> String {
        let mut line = Vec::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        let mut byte = [0];
        while stderr.read(&mut byte).unwrap() == 1 && byte != [b'\n'] {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    fn signal(&self, name: &str) {
        kill(i32::try_from(self.child.id()).unwrap(), name);
    }

    /// Its exit code, the rest of its output, and what it said.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut rest = String::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut rest).unwrap();
        }
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), rest, said)
    }
}

fn kill(pid: i32, signal: &str) {
    let mut command = Command::new("kill");
    _ = command.arg(format!("-{signal}")).arg(pid.to_string()).stderr(Stdio::null()).status();
}

/// Whether it runs, and is no zombie.
fn is_alive(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// What a process has used of the processor, in hundredths of a second.
fn used(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = status.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
    fields.map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Waits for the end of a process that is not our child.
fn until_gone(pid: i32) {
    let arguments = ["--pid", &pid.to_string(), "-f", "/dev/null"];
    assert!(Command::new("tail").args(["-s", "0.02"]).args(arguments).status().unwrap().success());
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// How often something is tried: often enough for every change, and as often as it takes with `ENVR_SOAK=1`.
#[expect(clippy::disallowed_methods, reason = "tests have no Host: this is asked of who runs them")]
fn times(short: usize, full: usize) -> usize {
    if std::env::var_os("ENVR_SOAK").is_some() { full } else { short }
}

/// Numbers that look as if they came by chance, and are the same each time.
struct Random(u64);

impl Random {
    fn one_of<const N: usize>(&mut self, all: [&'static str; N]) -> &'static str {
        let index = usize::try_from(self.below(N as u64)).unwrap();
        all[index]
    }

    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % count
    }
}

/// Lets somebody go on who reads a line from a FIFO.
fn write_line(path: &str) {
    std::io::Write::write_all(&mut File::options().write(true).open(path).unwrap(), b"\n").unwrap();
}

fn write_line_of(path: &str, text: &str) {
    let mut file = File::options().write(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, format!("{text}\n").as_bytes()).unwrap();
}
