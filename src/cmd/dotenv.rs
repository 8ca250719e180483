//! `dotenv`: a `.env` file as code for a shell.

use super::{as_line, shell_of};
use crate::diff::Changes;
use crate::error::unreadable;
use crate::eval::dotenv::variables_in;
use crate::fs::read_stream;
use crate::host::Host;
use anyhow::{Context as _, Result};
use std::ffi::OsStr;
use std::path::Path;

/// A `.env` larger than this many bytes is something else.
const LIMIT: u64 = 16 << 20;

/// Everything the file sets, whether the environment has it already or not.
pub fn dotenv(host: &Host, target: Option<&OsStr>, file: Option<&Path>) -> Result<()> {
    let shell = shell_of(host, target.unwrap_or("bash".as_ref()))?;
    let file = file.filter(|file| !file.as_os_str().is_empty()).unwrap_or(Path::new(".env"));
    let path = host.absolute(file);
    // Not only regular files: `sops … | direnv dotenv bash /dev/stdin` is a common line. And what the kernel finds there:
    // after a link to a directory `..` leads elsewhere than its letters say.
    let text = read_stream(file, LIMIT)
        .map_err(|error| unreadable(host, file, error, &path))?
        .with_context(|| {
            format!("could not read `{}`: it is larger than {} MiB", path.display(), LIMIT >> 20)
        })?;
    let variables = variables_in(host, &path, &text, &host.env)?;
    let changes: Changes = variables.into_iter().map(|(name, value)| (name, Some(value))).collect();
    host.print(&as_line(host, shell.render(&changes)))
}
