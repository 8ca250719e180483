//! Passphrases, asked for at the terminal where somebody waits for the answer.

mod hidden;

use super::age::plain_words;
use age::Callbacks;
use age::secrecy::SecretString;
use hidden::Hidden;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use zeroize::Zeroizing;

/// Whether somebody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    Never,
    Terminal,
}

impl Prompt {
    /// Whether there is a terminal to ask at.
    pub fn is_possible(self) -> bool {
        self == Self::Terminal && File::open("/dev/tty").is_ok()
    }

    /// One line, which is not shown.
    pub fn secret(self, question: &str) -> Option<Zeroizing<String>> {
        let terminal = self.terminal()?;
        // Before the question, so that what is typed at it is never shown.
        Hidden::new(&terminal)?.line(question)
    }

    /// One line, which is shown; `None` also where something comes from `stop` before.
    pub fn line(self, question: &str, stop: impl AsFd) -> Option<Zeroizing<String>> {
        let mut terminal = self.terminal()?;
        ask(&terminal, question)?;
        wait_for(&terminal, stop.as_fd())?;
        read_line(&mut terminal)
    }

    fn terminal(self) -> Option<File> {
        match self {
            Self::Never => None,
            Self::Terminal => OpenOptions::new().read(true).write(true).open("/dev/tty").ok(),
        }
    }
}

fn ask(mut terminal: &File, question: &str) -> Option<()> {
    write!(terminal, "{}: ", crate::ui::escape(question)).ok()
}

/// Until a line is there; `None` where the end came first.
fn wait_for(terminal: &File, stop: BorrowedFd<'_>) -> Option<()> {
    let mut polled = [PollFd::new(terminal, PollFlags::IN), PollFd::new(&stop, PollFlags::IN)];
    while let Err(Errno::INTR) = poll(&mut polled, None) {}
    polled[1].revents().is_empty().then_some(())
}

/// `None` where nobody types any more, as after Ctrl-D.
fn read_line(terminal: &mut File) -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = [0];
    loop {
        match terminal.read(&mut byte).ok()? {
            0 if line.is_empty() => return None,
            0 => break,
            _ if byte[0] == b'\n' => break,
            _ if line.len() == line.capacity() => return None,
            _ => line.push(byte[0]),
        }
    }
    std::str::from_utf8(&line).ok().map(|line| Zeroizing::new(line.to_string()))
}

impl Callbacks for Prompt {
    fn display_message(&self, message: &str) {
        if let Some(mut terminal) = self.terminal() {
            _ = writeln!(terminal, "{}", crate::ui::escape(message));
        }
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let question = format!("{message} ({yes}/{})", no.unwrap_or("no"));
        let answer = self.request_public_string(&question)?;
        Some(answer.eq_ignore_ascii_case(yes))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        let mut terminal = self.terminal()?;
        ask(&terminal, description)?;
        read_line(&mut terminal).map(|answer| answer.to_string())
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.secret(&plain_words(description)).map(|answer| SecretString::from(answer.to_string()))
    }
}
