//! The process that a service with sockets begins as: it tells its own number, as systemd has it, and becomes the service.

use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The verb of the process, which nobody types.
pub const VERB: &str = "service-listener";

/// The program that a service is started by in place of its own, and its arguments.
pub fn wrapped(envr: &Path, file: PathBuf, arguments: Vec<OsString>) -> (PathBuf, Vec<OsString>) {
    let own = [VERB.into(), file.into_os_string()].into_iter().chain(arguments).collect();
    (envr.to_path_buf(), own)
}

/// Returns only when the program cannot be started.
pub fn run(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [file, arguments @ ..] = arguments else { bail!("this is not to be typed") };
    let mut command = Command::new(file);
    command.args(arguments).env_clear().envs(host.env.iter());
    command.env("LISTEN_PID", std::process::id().to_string());
    Err(command.exec()).with_context(|| format!("could not start `{}`", file.display()))
}
