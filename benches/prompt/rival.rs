//! The programs side by side, and what each wants to be asked.

use super::world::{Variables, World};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// As editors and scripts ask: the answer has no check in it.
const ENVR_ALONE: &str = "envr export";

pub struct Rival {
    pub name: &'static str,
    pub program: PathBuf,
    /// The question at each prompt.
    pub arguments: &'static [&'static str],
    /// What the start file of a shell asks for; `None` for the program that does nothing.
    pub hook: Option<&'static str>,
    /// Whether it knows `.envrc` and `watch_file`.
    pub reads_envrc: bool,
    /// Whether a shell's hook asks like this.
    pub is_hooks: bool,
}

impl Rival {
    /// Those that are here, the empty program first.
    pub fn all() -> Vec<Self> {
        let named = |variable| PathBuf::from(std::env::var_os(variable).unwrap_or_default());
        let ask: &[&str] = &["export", "bash"];
        let with_check: &[&str] = &["export", "bash", "--hook"];
        let rivals = [
            ("empty program", named("EMPTY"), ask, None, false),
            ("envr", named("ENVR"), with_check, Some("hook"), true),
            (ENVR_ALONE, named("ENVR"), ask, Some("hook"), true),
            ("direnv", "/usr/bin/direnv".into(), ask, Some("hook"), true),
            ("mise", named("MISE"), &["hook-env", "-s", "bash"], Some("activate"), false),
        ];
        rivals
            .into_iter()
            .map(|(name, program, arguments, hook, reads_envrc)| Self {
                name,
                program,
                arguments,
                hook,
                reads_envrc,
                is_hooks: name != ENVR_ALONE,
            })
            .filter(|rival| rival.program.is_file())
            .collect()
    }

    /// What it says when asked for its version.
    pub fn version(&self) -> String {
        let output = Command::new(&self.program).arg("version").output();
        let said = output.map(|output| output.stdout).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let line = said.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()));
        let words = line.unwrap_or_default().split_whitespace();
        words
            .map(str::to_string)
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or_default()
    }

    pub fn approve(&self, world: &World) {
        if !self.reads_envrc {
            return;
        }
        for project in world.projects() {
            let status = Command::new(&self.program)
                .arg("allow")
                .current_dir(project)
                .env_clear()
                .envs(world.variables(0))
                .stderr(Stdio::null())
                .status();
            assert!(status.expect("the program starts").success(), "{} allow", self.name);
        }
    }

    /// The environment of a bash with this rival's hook after a prompt in `dir`, which is `outside` with changes.
    pub fn after(&self, dir: &Path, outside: &Variables) -> Variables {
        let Some(hook) = self.hook else { return outside.clone() };
        let script = format!(
            "eval \"$('{program}' {hook} bash)\"\neval \"$('{program}' {ask})\"\nexec env -0",
            program = self.program.display(),
            ask = self.arguments.join(" "),
        );
        let output = Command::new("/bin/bash")
            .args(["--norc", "--noprofile", "-c", &script])
            .current_dir(dir)
            .env_clear()
            .envs(outside)
            .stderr(Stdio::null())
            .output()
            .expect("bash starts");
        let text = |bytes| OsString::from(OsStr::from_bytes(bytes));
        output
            .stdout
            .split(|byte| *byte == 0)
            .filter_map(|variable| {
                let end = variable.iter().position(|byte| *byte == b'=')?;
                Some((text(&variable[..end]), text(&variable[end + 1..])))
            })
            .filter(|(name, _)| !["_", "PWD", "OLDPWD", "SHLVL"].iter().any(|own| name == own))
            .collect()
    }
}
