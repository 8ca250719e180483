//! Passphrases, asked for at the terminal where somebody waits for the answer.

use super::age::plain_words;
use age::Callbacks;
use age::secrecy::SecretString;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
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
        self.ask(question, true, None)
    }

    /// One line, which is shown; `None` also where something comes from `stop` before.
    pub fn line(self, question: &str, stop: impl AsFd) -> Option<Zeroizing<String>> {
        self.ask(question, false, Some(stop.as_fd()))
    }

    fn ask(
        self,
        question: &str,
        is_secret: bool,
        stop: Option<BorrowedFd<'_>>,
    ) -> Option<Zeroizing<String>> {
        if self == Self::Never {
            return None;
        }
        let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        // First of all, so that what is typed at the question is never shown, and nothing typed before is lost.
        if is_secret {
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&terminal, OptionalActions::Drain, &hidden).ok()?;
        }
        write!(terminal, "{}: ", crate::ui::escape(question)).ok()?;
        let line = wait_for(&terminal, stop).and_then(|()| read_line(&mut terminal));
        if is_secret {
            _ = tcsetattr(&terminal, OptionalActions::Drain, &before);
            _ = terminal.write_all(b"\n");
        }
        line
    }
}

/// Until a line is there; `None` where the end came first.
fn wait_for(terminal: &File, stop: Option<BorrowedFd<'_>>) -> Option<()> {
    let Some(stop) = stop else { return Some(()) };
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
        if *self == Self::Terminal
            && let Ok(mut terminal) = OpenOptions::new().write(true).open("/dev/tty")
        {
            _ = writeln!(terminal, "{}", crate::ui::escape(message));
        }
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let question = format!("{message} ({yes}/{})", no.unwrap_or("no"));
        self.ask(&question, false, None).map(|answer| answer.eq_ignore_ascii_case(yes))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.ask(description, false, None).map(|answer| answer.to_string())
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.secret(&plain_words(description)).map(|answer| SecretString::from(answer.to_string()))
    }
}
