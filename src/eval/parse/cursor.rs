//! A place in a script, and what may stand between two words.

use super::{NeedsBash, Parsed};
use crate::env::{is_name_byte, is_name_start};

/// Conditions in conditions and expansions in expansions: more than this many are generated, and would use up the stack.
const DEPTH_LIMIT: usize = 32;

#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// Variables of bash's own may be assigned, too.
    pub takes_any_name: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0, takes_any_name: false }
    }

    pub fn with_any_name(self) -> Self {
        Self { takes_any_name: true, ..self }
    }

    pub fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// What stands from here to there.
    pub fn up_to(&self, end: usize) -> &'a [u8] {
        &self.text[self.at..end]
    }

    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.line_of(self.at)
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn advance(&mut self, count: usize) {
        self.at = (self.at + count).min(self.text.len());
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Reads something that may hold its own kind.
    pub fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.needs_bash("what is nested this deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Blanks and lines that go on, then a comment up to its line's end.
    pub fn skip_blanks(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t', ..] => self.advance(1),
                [b'\\', b'\n', ..] => self.advance(2),
                // At the start of a word, and every caller is there.
                [b'#', ..] => return self.advance(self.line_length()),
                _ => return,
            }
        }
    }

    /// Blanks, comments and empty lines.
    pub fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return;
            }
            self.advance(1);
        }
    }

    pub fn is_at_keyword(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.clone().take_keyword(keyword))
    }

    /// A keyword is a whole word that is written plainly.
    pub fn take_keyword(&mut self, keyword: &str) -> bool {
        let Some(after) = self.rest().strip_prefix(keyword.as_bytes()) else { return false };
        let ends = after.first().is_none_or(|byte| ends_word(*byte));
        if ends {
            self.advance(keyword.len());
        }
        ends
    }

    /// The name at this place, which may be none.
    pub fn take_name(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = match rest.first() {
            Some(first) if is_name_start(*first) => {
                rest.iter().take_while(|byte| is_name_byte(**byte)).count()
            }
            _ => 0,
        };
        self.advance(length);
        &rest[..length]
    }

    pub fn expect(&mut self, byte: u8, what: &str) -> Parsed<()> {
        if self.peek() != Some(byte) {
            return Err(self.needs_bash(what));
        }
        self.advance(1);
        Ok(())
    }

    pub fn needs_bash(&self, what: impl Into<String>) -> NeedsBash {
        self.needs_bash_at(self.at, what)
    }

    pub fn needs_bash_at(&self, at: usize, what: impl Into<String>) -> NeedsBash {
        NeedsBash { line: self.line_of(at), what: what.into() }
    }

    /// For a byte that fits nowhere.
    pub fn needs_bash_for_next(&self) -> NeedsBash {
        let what = match self.rest() {
            [b'|', ..] => "a pipe",
            [b'&', ..] => "a command in the background",
            [b'(' | b')', ..] => "parentheses",
            [b'<' | b'>', ..] => "a redirection",
            [b'{' | b'}', ..] => "braces",
            [b'\n', ..] | [] => "a line that goes on",
            _ => "what stands behind a command",
        };
        self.needs_bash(what)
    }

    fn line_of(&self, at: usize) -> usize {
        self.text[..at].split(|byte| *byte == b'\n').count()
    }

    fn line_length(&self) -> usize {
        let rest = self.rest();
        rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    }
}

pub fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}
