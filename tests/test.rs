//! A project in a world of its own, envr run in it, and a shell that follows what envr prints.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The binary under test.
pub const ENVR: &str = env!("CARGO_BIN_EXE_envr");

/// A home and a project in a temporary directory; `$DIR` in expectations.
pub struct Project {
    root: TempDir,
    env: BTreeMap<OsString, OsString>,
    dir: PathBuf,
    program: PathBuf,
}

impl Project {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        for dir in ["home", "project", "elsewhere", "bin"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        let at = |path: &str| root.path().join(path).into_os_string();
        let mut path = at("bin");
        path.push(":/usr/bin:/bin");
        let env = BTreeMap::from([
            ("HOME".into(), at("home")),
            // No test has a terminal, and most want to see what one would show.
            ("ENVR_QUIET".into(), "0".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("PATH".into(), path),
            ("TERM".into(), "dumb".into()),
            ("TMPDIR".into(), at("")),
        ]);
        let dir = root.path().join("project");
        Self { root, env, dir, program: ENVR.into() }
    }

    /// Runs envr under the name `direnv` from now on.
    pub fn named_direnv(mut self) -> Self {
        let link = self.path("bin/direnv");
        std::os::unix::fs::symlink(ENVR, &link).unwrap();
        self.program = link;
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(OsStr::new(name));
        self
    }

    /// An absolute path in the test's world: `home/…`, `project/…`, `bin/…`.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// The variables of a run.
    pub fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// Another program in the project, with the variables of a run and envr's place in `ENVR`.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path("project")).env_clear().envs(&self.env).env("ENVR", ENVR);
        command
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.write_at(&format!("project/{name}"), content);
    }

    pub fn write_at(&self, below: &str, content: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's file, not envr's")]
        fs::write(path, content).unwrap();
    }

    /// A command on PATH.
    pub fn write_program(&self, name: &str, script: &str) {
        self.write_at(&format!("bin/{name}"), script);
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755))
            .unwrap();
    }

    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.dir.join(name)).unwrap();
    }

    /// One run of envr in the project.
    pub fn envr<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run<'_> {
        let args = args.into_iter().map(|arg| arg.as_ref().to_os_string()).collect();
        Run {
            project: self,
            args,
            env: self.env.clone(),
            dir: self.dir.clone(),
            stdin: Vec::new(),
            stdout: Some(String::new()),
            stderr: Some(String::new()),
        }
    }

    /// Approves the project's rc.
    #[track_caller]
    pub fn allow(&self) {
        self.envr(["allow"]).success();
    }

    pub fn shell(&self) -> Shell<'_> {
        Shell { project: self, env: self.env.clone(), dir: self.dir.clone() }
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        text.replace(self.root.path().to_str().unwrap(), "$DIR")
    }
}

/// What a run gets and must give; output is empty unless it is said.
#[must_use]
pub struct Run<'a> {
    project: &'a Project,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    dir: PathBuf,
    stdin: Vec<u8>,
    stdout: Option<String>,
    stderr: Option<String>,
}

impl Run<'_> {
    pub fn dir(mut self, below: &str) -> Self {
        self.dir = self.project.path(below);
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub fn stdout(mut self, text: &str) -> Self {
        self.stdout = Some(text.to_string());
        self
    }

    pub fn stderr(mut self, text: &str) -> Self {
        self.stderr = Some(text.to_string());
        self
    }

    pub fn any_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    pub fn any_stderr(mut self) -> Self {
        self.stderr = None;
        self
    }

    #[track_caller]
    pub fn success(self) -> Output {
        self.code(0)
    }

    #[track_caller]
    pub fn failure(self) -> Output {
        self.code(1)
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Output {
        let output = self.output();
        let mut mismatches = String::new();
        let mut compare = |what: &str, expected: Option<&String>, found: String| {
            if let Some(expected) = expected.filter(|expected| **expected != found) {
                mismatches.extend([
                    "--- ",
                    what,
                    ", expected:\n",
                    expected,
                    "\n--- found:\n",
                    &found,
                    "\n",
                ]);
            }
        };
        compare("stdout", self.stdout.as_ref(), self.project.shown(&output.stdout));
        compare("stderr", self.stderr.as_ref(), self.project.shown(&output.stderr));
        compare(
            "status",
            Some(&code.to_string()),
            output.status.code().map_or("signal".into(), |code| code.to_string()),
        );
        assert!(
            mismatches.is_empty(),
            "envr {:?}\n{mismatches}--- all of stderr:\n{}",
            self.args,
            self.project.shown(&output.stderr)
        );
        output
    }

    /// However it ends and whatever it says.
    pub fn output(&self) -> Output {
        let mut child = Command::new(&self.project.program)
            .args(&self.args)
            .current_dir(&self.dir)
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The run may end without reading it.
        _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &self.stdin);
        child.wait_with_output().unwrap()
    }
}

/// A shell's environment and directory; each prompt applies what `export json` prints.
pub struct Shell<'a> {
    project: &'a Project,
    pub env: BTreeMap<OsString, OsString>,
    dir: PathBuf,
}

impl Shell<'_> {
    pub fn cd(&mut self, below: &str) {
        self.dir = self.project.path(below);
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.env.get(OsStr::new(name)).map(|value| value.to_str().unwrap())
    }

    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.insert(name.into(), value.into());
    }

    /// The variables other than the state.
    pub fn visible(&self) -> BTreeMap<OsString, OsString> {
        let is_visible = |name: &OsStr| !name.as_encoded_bytes().starts_with(b"DIRENV_");
        self.env
            .iter()
            .filter(|(name, _)| is_visible(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// A prompt that must succeed and say exactly this.
    #[track_caller]
    pub fn prompt(&mut self, stderr: &str) {
        self.prompt_with_code(stderr, 0);
    }

    #[track_caller]
    pub fn failing_prompt(&mut self, stderr: &str) {
        self.prompt_with_code(stderr, 1);
    }

    /// A prompt that may say anything; returns what it said.
    #[track_caller]
    pub fn any_prompt(&mut self, code: i32) -> String {
        self.apply(self.run().any_stderr().code(code))
    }

    #[track_caller]
    fn prompt_with_code(&mut self, stderr: &str, code: i32) {
        self.apply(self.run().stderr(stderr).code(code));
    }

    fn run(&self) -> Run<'_> {
        Run {
            stdout: None,
            env: self.env.clone(),
            dir: self.dir.clone(),
            ..self.project.envr(["export", "json"])
        }
    }

    fn apply(&mut self, output: Output) -> String {
        self.follow(&output.stdout);
        self.project.shown(&output.stderr)
    }

    /// Does what a run of `export json` printed.
    pub fn follow(&mut self, json: &[u8]) {
        if json.is_empty() {
            return;
        }
        let changes: BTreeMap<String, Option<String>> = serde_json::from_slice(json).unwrap();
        for (name, value) in changes {
            match value {
                Some(value) => {
                    self.env.insert(name.into(), OsString::from_vec(value.into_bytes()));
                }
                None => _ = self.env.remove(OsStr::new(&name)),
            }
        }
    }
}

/// Whether a program that a test needs is there; where everything was installed, it must be.
pub fn has(program: &str) -> bool {
    let found = ["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists());
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let must = std::env::var_os("CI").is_some();
    assert!(found || !must, "`{program}` is not installed");
    if !found {
        println!("skipped: `{program}` is not installed");
    }
    found
}
