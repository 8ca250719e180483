//! Programs that know keys: run with the environment that named them, their output kept in memory.

use crate::env::Env;
use crate::host::find_program;
use crate::secrets::Secret;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Runs a program to its end, and returns what it printed where it succeeded.
pub fn run(env: &Env, name: &OsStr, arguments: &[&str], input: &[u8]) -> Result<Secret> {
    let program = find_program(name, env.get("PATH"), None);
    let program = program.with_context(|| format!("`{}` is not installed", name.display()))?;
    let mut child = Command::new(&program)
        .args(arguments)
        .env_clear()
        .envs(env.iter())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{}`", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that reads nothing says why it ended.
        _ = stdin.write_all(input);
    }
    let output = child.wait_with_output()?;
    let printed = Secret::from(output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed");
        bail!("`{}`: {}", name.display(), last.trim());
    }
    Ok(printed)
}
