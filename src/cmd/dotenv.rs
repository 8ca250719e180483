//! `dotenv`: a `.env` file as code for a shell.

use super::shell_of;
use crate::diff::Changes;
use crate::eval::dotenv::parse_in;
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

/// A `.env` larger than this many bytes is something else.
const LIMIT: u64 = 16 << 20;

/// Everything the file sets, whether the environment has it already or not.
pub fn dotenv(host: &Host, target: Option<&OsStr>, file: Option<&Path>) -> Result<()> {
    let shell = shell_of(host, target.unwrap_or("bash".as_ref()))?;
    let file = file.unwrap_or(Path::new(".env"));
    // What the kernel finds there: after a link to a directory `..` leads elsewhere than its letters say.
    let text = read(file);
    let file = host.absolute(file);
    let text = text.with_context(|| format!("could not read `{}`", file.display()))?;
    let dir = file.parent().unwrap_or(Path::new("/"));
    let variables = match parse_in(dir, &text, &host.env) {
        Ok(variables) => variables,
        Err(error) => {
            bail!("could not read `{}:{}`: {}", file.display(), error.line, error.message)
        }
    };
    let changes: Changes = variables.into_iter().map(|(name, value)| (name, Some(value))).collect();
    host.print(&shell.render(&changes))?;
    Ok(())
}

/// Not only regular files: `sops … | direnv dotenv bash /dev/stdin` is a common line.
fn read(file: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(file)?.take(LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LIMIT {
        bail!("it is larger than {} MiB", LIMIT >> 20);
    }
    Ok(text)
}
