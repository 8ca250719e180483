//! A line that is typed unseen: its keys are read one by one, so that the terminal is as it was before one of them ends us.

use super::ask;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::fs::File;
use std::io::{Read as _, Write as _};
use zeroize::{Zeroize as _, Zeroizing};

/// In bytes, as of a line that the terminal reads itself.
const LIMIT: usize = 4096;

/// A terminal that shows nothing of what is typed.
pub struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
}

/// What a key is for.
enum Key {
    Letter(u8),
    EndOfLine,
    EndOfInput,
    Erase,
    EraseAll,
    Signal(Signal),
}

impl<'a> Hidden<'a> {
    /// What was typed before is not lost.
    pub fn new(terminal: &'a File) -> Option<Self> {
        let hidden = Self { terminal, before: tcgetattr(terminal).ok()? };
        hidden.hide()?;
        Some(hidden)
    }

    /// `None` where nobody types any more, as after Ctrl-D. The terminal is as it was then.
    pub fn line(mut self, question: &str) -> Option<Zeroizing<String>> {
        let mut line = Zeroizing::new(Vec::with_capacity(LIMIT));
        let is_whole = ask(self.terminal, question).and_then(|()| self.read_into(&mut line));
        self.show(OptionalActions::Drain);
        is_whole?;
        std::str::from_utf8(&line).ok().map(|line| Zeroizing::new(line.to_string()))
    }

    fn read_into(&mut self, line: &mut Vec<u8>) -> Option<()> {
        let mut byte = [0];
        loop {
            if self.terminal.read(&mut byte).ok()? == 0 {
                return None;
            }
            match self.key(byte[0]) {
                Key::EndOfLine => return Some(()),
                Key::EndOfInput => return (!line.is_empty()).then_some(()),
                Key::Letter(_) if line.len() == line.capacity() => return None,
                Key::Letter(letter) => line.push(letter),
                Key::Erase => while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {},
                Key::EraseAll => line.zeroize(),
                Key::Signal(signal) => {
                    self.raise(signal);
                    if signal != Signal::TSTP {
                        return None;
                    }
                    self.hide()?;
                }
            }
        }
    }

    fn key(&self, byte: u8) -> Key {
        let is = |index| byte != 0 && self.before.special_codes[index] == byte;
        let is_signal = |index| self.before.local_modes.contains(LocalModes::ISIG) && is(index);
        match () {
            () if byte == b'\n' => Key::EndOfLine,
            () if is(SpecialCodeIndex::VEOF) => Key::EndOfInput,
            () if is(SpecialCodeIndex::VERASE) => Key::Erase,
            () if is(SpecialCodeIndex::VKILL) => Key::EraseAll,
            () if is_signal(SpecialCodeIndex::VINTR) => Key::Signal(Signal::INT),
            () if is_signal(SpecialCodeIndex::VQUIT) => Key::Signal(Signal::QUIT),
            () if is_signal(SpecialCodeIndex::VSUSP) => Key::Signal(Signal::TSTP),
            () => Key::Letter(byte),
        }
    }

    /// As the terminal would: to all that run in it, and what was typed already is dropped.
    fn raise(&self, signal: Signal) {
        self.show(OptionalActions::Flush);
        _ = kill_current_process_group(signal);
    }

    fn hide(&self) -> Option<()> {
        let mut hidden = self.before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(self.terminal, OptionalActions::Drain, &hidden).ok()
    }

    /// Nobody saw the end of the line either.
    fn show(&self, actions: OptionalActions) {
        _ = tcsetattr(self.terminal, actions, &self.before);
        let mut terminal = self.terminal;
        _ = terminal.write_all(b"\n");
    }
}
