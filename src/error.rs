//! What a failure carries beside its cause: the commands that may mend it, and the exit code.

use crate::host::{Host, Voice};
use crate::ui;
use std::path::Path;
use std::{fmt, io};

/// An error with hints, each a thing to type or do.
#[derive(Debug)]
pub struct Hinted {
    message: String,
    hints: Vec<String>,
}

impl Hinted {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hints: vec![hint.into()] }
    }

    #[must_use]
    pub fn or(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// A verb that was called without what it needs: direnv's words under its name, else `what` with the line to type.
pub fn misused(host: &Host, theirs: &str, what: &str, line: &str) -> anyhow::Error {
    match host.voice {
        Voice::Direnv => anyhow::anyhow!("{theirs}"),
        Voice::Envr => Hinted::new(format!("could not {what}"), format!("envr {line}")).into(),
    }
}

/// A failure that direnv has words of its own for, which programs look for under its name.
pub fn in_voice(
    host: &Host,
    theirs: impl fmt::Display,
    ours: impl Into<anyhow::Error>,
) -> anyhow::Error {
    match host.voice {
        Voice::Direnv => anyhow::anyhow!("{theirs}"),
        Voice::Envr => ours.into(),
    }
}

/// A file that could not be read; `named` is how the caller put it, which is how direnv tells it.
pub fn unreadable(host: &Host, named: &Path, error: io::Error, path: &Path) -> anyhow::Error {
    let verb = if error.kind() == io::ErrorKind::IsADirectory { "read" } else { "open" };
    let theirs = format!("{verb} {}: {}", named.display(), ui::plain(&error));
    let ours = anyhow::Error::new(error).context(format!("could not read `{}`", path.display()));
    in_voice(host, theirs, ours)
}

impl fmt::Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}

/// A failure whose reason the user has been told already: only the exit code is left to give.
#[derive(Debug)]
pub struct Told;

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("the reason is above")
    }
}

impl std::error::Error for Told {}
