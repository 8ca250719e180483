//! The terminal's line mode during an evaluation: a script that asks the user expects Enter to end a line.

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr,
    tcsetattr,
};
use std::io;

const CTRL_BACKSLASH: u8 = 0x1c;

/// Puts the terminal back when dropped.
#[derive(Debug)]
pub struct LineMode {
    before: Option<Termios>,
}

impl LineMode {
    /// fish asks us while its own editor holds the terminal, with every key on its own and Enter as a bare CR.
    pub fn enter() -> Self {
        let stdin = io::stdin();
        let before = isatty(&stdin).then(|| tcgetattr(&stdin).ok()).flatten();
        let before = before.filter(|termios| !termios.local_modes.contains(LocalModes::ICANON));
        if let Some(before) = &before {
            let mut lines = before.clone();
            lines.local_modes |=
                LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ECHO | LocalModes::ISIG;
            lines.input_modes |= InputModes::ICRNL;
            // fish has no use for it, and a load has.
            lines.special_codes[SpecialCodeIndex::VQUIT] = CTRL_BACKSLASH;
            _ = tcsetattr(&stdin, OptionalActions::Now, &lines);
        }
        Self { before }
    }

    /// Also what `Drop` does.
    pub fn leave(&mut self) {
        if let Some(before) = self.before.take() {
            _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for LineMode {
    fn drop(&mut self) {
        self.leave();
    }
}
