//! The state of a native evaluation: what bash would hold in its memory, and what it would have said.

use super::functions::Functions;
use super::programs::{Capture, Runner};
use super::redirect::Sink;
use super::remainder::Frame;
use super::variables::Variables;
use super::{Flow, needs_bash};
use crate::env::Env;
use crate::eval::Disclosed;
use crate::eval::Start;
use crate::eval::parse::names;
use crate::host::Host;
use crate::nix::LoneHook;
use crate::trust::Trusted;
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// bash gives up deep recursion in its own way.
const DEPTH_LIMIT: usize = 32;

#[derive(Debug)]
pub struct Shell<'a> {
    pub world: World<'a>,
    /// The environment without any rc.
    pub outer: &'a Env,
    /// Found when it is asked for.
    pub bash: OnceCell<Vec<u8>>,
    /// A copy, which counts when nothing needed bash.
    pub trusted: Trusted,
    pub variables: Variables,
    pub functions: Functions,
    pub watches: Watches,
    /// Of these, what the script itself said.
    pub watched: BTreeSet<PathBuf>,
    /// What goes to stderr when it is certain that bash is not needed.
    pub said: Vec<u8>,
    /// The text of the project's scripts that ran, the rc among them.
    pub scripts: Vec<u8>,
    /// Of the last command.
    pub status: u8,
    /// Of the last substitution, for an assignment.
    pub substituted: u8,
    /// Of the `eval` that runs.
    pub eval_line: usize,
    /// `set -a`
    pub exports_all: bool,
    /// Where descriptors 1 and 2 lead.
    pub sinks: [Sink; 2],
    /// What substitutions that are under way have printed.
    pub captures: Vec<Capture>,
    /// The scripts that are being executed, the innermost last.
    pub frames: Vec<Frame>,
    /// There once a program was started, and nothing may need bash any more.
    pub runner: Option<Runner>,
    /// The command that runs is the last one of the rc.
    pub is_last: bool,
    /// What is to run at the very end.
    pub last_hook: Option<LoneHook>,
    /// What came from secrets files.
    pub secrets: Vec<Disclosed>,
    depth: usize,
}

impl<'a> Shell<'a> {
    /// As bash starts with this environment, or why it would start differently.
    pub fn start(start: &Start<'a>, env: &Env, trusted: Trusted) -> Result<Self, String> {
        let mut variables = Variables::of(env);
        // bash drops the prompts of other shells, as it has none to show.
        variables.unset(b"PS1");
        variables.unset(b"PS2");
        for (name, value) in
            [(&b"PWD"[..], directory(start.world.host, env)), (b"SHLVL", level(env))]
        {
            let value =
                value.ok_or_else(|| format!("`{}` from outside", String::from_utf8_lossy(name)))?;
            variables.set(name, value);
            variables.export(name);
        }
        Ok(Self {
            world: start.world,
            outer: start.outer,
            bash: OnceCell::new(),
            trusted,
            variables,
            functions: Functions::default(),
            watches: start.watches.clone(),
            watched: BTreeSet::new(),
            said: Vec::new(),
            scripts: Vec::new(),
            status: 0,
            eval_line: 0,
            exports_all: false,
            substituted: 0,
            sinks: [Sink::Stderr, Sink::Stderr],
            captures: Vec::new(),
            frames: Vec::new(),
            runner: None,
            is_last: false,
            last_hook: None,
            secrets: Vec::new(),
            depth: 0,
        })
    }

    /// `PWD`, where names of files are seen from.
    pub fn dir(&self) -> &[u8] {
        self.variables.get(b"PWD").unwrap_or(b"/")
    }

    /// A file as a script names it.
    pub fn path(&self, file: &[u8]) -> PathBuf {
        Path::new(OsStr::from_bytes(self.dir())).join(OsStr::from_bytes(file))
    }

    /// Does something in another directory, and comes back unless that ends it all: as `pushd` and `popd` do, twice.
    pub fn in_directory(&mut self, dir: Vec<u8>, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let before = self.dir().to_vec();
        for name in [&b"OLDPWD"[..], b"PWD"] {
            self.variables.export(name);
        }
        self.variables.set(b"OLDPWD", before.clone());
        self.variables.set(b"PWD", dir);
        self.deeper(run)?;
        self.variables.set(b"OLDPWD", before.clone());
        self.variables.set(b"PWD", before);
        Ok(())
    }

    pub fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
        if self.depth == DEPTH_LIMIT {
            return needs_bash("files that execute each other");
        }
        self.depth += 1;
        run(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Variables that bash makes up where there are none are not known here.
    pub fn check_known(&self, name: &[u8]) -> Flow {
        if names::has_default(name) && self.variables.get(name).is_none() {
            return needs_bash("a variable that bash sets itself");
        }
        Ok(())
    }

    pub fn say(&mut self, line: &str) {
        self.said.extend(line.bytes());
        self.said.push(b'\n');
    }

    /// Writes to descriptor 1 or 2.
    pub fn print(&mut self, descriptor: u8, bytes: &[u8]) {
        match (self.sink(descriptor), self.captures.last_mut()) {
            (Sink::Stderr, _) if self.runner.is_some() => ui::say(bytes),
            (Sink::Stderr, _) => self.said.extend(bytes),
            (Sink::Capture, Some(capture)) => capture.text.extend(bytes),
            // A disk that is full is what bash would complain of, and go on.
            (Sink::File(file), _) => _ = (&*file).write_all(bytes),
            (Sink::Null | Sink::Capture | Sink::Pipe, _) => {}
        }
    }

    /// A script's `log_status`.
    pub fn log_status(&mut self, message: &[u8]) {
        let message = String::from_utf8_lossy(message);
        let format = self.variables.get(b"DIRENV_LOG_FORMAT").map(OsStr::from_bytes);
        let World { host, config, .. } = self.world;
        if let Some(line) = ui::script_status_line(host, config, format, &message) {
            self.log(&line);
        }
    }

    /// A script's `log_error`.
    pub fn log_error(&mut self, message: &[u8]) {
        let line = ui::script_error_line(self.world.host, &String::from_utf8_lossy(message));
        self.log(&line);
    }

    fn log(&mut self, line: &str) {
        if !line.is_empty() {
            self.print(2, format!("{line}\n").as_bytes());
        }
    }
}

/// bash believes `PWD` where it leads to the working directory.
fn directory(host: &Host, env: &Env) -> Option<Vec<u8>> {
    let cwd = host.cwd.as_deref()?;
    let place = |path: &Path| path.metadata().map(|metadata| (metadata.dev(), metadata.ino())).ok();
    let named = env.get("PWD").map(Path::new).filter(|named| {
        named.is_absolute()
            && (*named == cwd || (place(named).is_some() && place(named) == place(cwd)))
    });
    let dir = named.map_or_else(|| cwd.to_path_buf(), crate::fs::clean);
    Some(dir.into_os_string().as_bytes().to_vec())
}

fn level(env: &Env) -> Option<Vec<u8>> {
    let level = match env.get("SHLVL") {
        None => 0,
        Some(level) => level.to_str()?.parse::<u32>().ok().filter(|level| *level < 900)?,
    };
    Some((level + 1).to_string().into_bytes())
}
