//! Words: quotes, and what is put in the place of `$…`, `~` and backquotes.
//!
//! ```text
//! word         = { plain | "\" any | "'" any* "'" | '"' quoted* '"' | "$'" escaped* "'" | expansion | "~" }
//! expansion    = "$" name | "$1" … "$9" | "$#" | "$?" | "${" name [ operator ] "}" | "$(" substitution ")" | "`pwd`"
//! operator     = ( ":-" | "-" | ":+" | "+" ) default | ( "#" | "##" | "%" | "%%" ) trim
//! default      = as a word, without blanks, backslashes, braces and tildes
//! trim         = [ "*" ] letter+ | letter+ "*"
//! substitution = "pwd" | "direnv_layout_dir" | "expand_path" argument* | and_or
//! ```

mod ansi;
mod expansion;

use super::Parsed;
use super::cursor::{Cursor, ends_word};

pub use expansion::{Expansion, Substitution, Trim};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub parts: Vec<Part>,
    /// Some of it is in quotes, if only nothing: it is a word even when it comes to nothing.
    pub is_quoted: bool,
    /// What stands unquoted in it would be matched with file names.
    pub has_pattern: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub piece: Piece,
    pub is_quoted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(Vec<u8>),
    /// The home directory.
    Tilde,
    Expansion(Box<Expansion>),
}

impl Word {
    /// The text of a word without quotes and expansions.
    pub fn plain(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            _ if self.is_quoted => None,
            [] => Some(b""),
            [Part { piece: Piece::Text(text), .. }] => Some(text),
            _ => None,
        }
    }

    /// Whether commands run when it is expanded.
    pub fn runs_commands(&self) -> bool {
        self.parts.iter().any(|part| match &part.piece {
            Piece::Text(_) | Piece::Tilde => false,
            Piece::Expansion(expansion) => match &**expansion {
                Expansion::Variable(_)
                | Expansion::Status
                | Expansion::Count
                | Expansion::Trimmed { .. } => false,
                Expansion::Default { default: word, .. }
                | Expansion::Alternative { alternative: word, .. } => word.runs_commands(),
                Expansion::Substitution(_) => true,
            },
        })
    }

    pub fn push_text(&mut self, bytes: &[u8], is_quoted: bool) {
        self.is_quoted |= is_quoted;
        match self.parts.last_mut() {
            Some(Part { piece: Piece::Text(text), is_quoted: quoted }) if *quoted == is_quoted => {
                text.extend(bytes);
            }
            _ if bytes.is_empty() => {}
            _ => self.parts.push(Part { piece: Piece::Text(bytes.to_vec()), is_quoted }),
        }
    }

    pub fn push_expansion(&mut self, expansion: Expansion, is_quoted: bool) {
        self.is_quoted |= is_quoted;
        self.parts.push(Part { piece: Piece::Expansion(Box::new(expansion)), is_quoted });
    }
}

/// Reads up to the end of the word, which may be empty.
pub fn read(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    read_word(cursor, Place::Argument)
}

/// The value of an assignment, which is not split, and where `~` counts behind `:`, too.
pub fn read_value(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    read_word(cursor, Place::Value)
}

/// The part of `${name:-…}` before the closing brace.
fn read_default(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    let mut word = Word::default();
    loop {
        match cursor.peek() {
            Some(b'}') => return Ok(word),
            None | Some(b' ' | b'\t' | b'\n' | b'\\' | b'{' | b'~' | b'(' | b')' | b'<' | b'>') => {
                return Err(cursor.needs_bash("a default value like this"));
            }
            _ => read_part(cursor, &mut word)?,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Argument,
    Value,
}

fn read_word(cursor: &mut Cursor<'_>, place: Place) -> Parsed<Word> {
    let mut word = Word::default();
    // Whether `~` would be the home directory here.
    let mut is_tilde_place = true;
    while let Some(byte) = cursor.peek().filter(|byte| !ends_word(*byte)) {
        let goes_on = cursor.rest().starts_with(b"\\\n");
        match byte {
            b'~' if is_tilde_place => read_tilde(cursor, &mut word, place)?,
            b'~' if place == Place::Argument => {
                return Err(cursor.needs_bash("a `~` inside a word"));
            }
            b'{' | b'}' => return Err(cursor.needs_bash("braces")),
            b'\\' => read_backslash(cursor, &mut word)?,
            _ => read_part(cursor, &mut word)?,
        }
        if !goes_on {
            is_tilde_place = place == Place::Value && byte == b':';
        }
    }
    Ok(word)
}

fn read_tilde(cursor: &mut Cursor<'_>, word: &mut Word, place: Place) -> Parsed<()> {
    match cursor.rest().get(1) {
        None | Some(b'/') => {}
        Some(b':') if place == Place::Value => {}
        Some(byte) if ends_word(*byte) => {}
        _ => return Err(cursor.needs_bash("`~` of a user")),
    }
    cursor.advance(1);
    word.parts.push(Part { piece: Piece::Tilde, is_quoted: true });
    Ok(())
}

fn read_backslash(cursor: &mut Cursor<'_>, word: &mut Word) -> Parsed<()> {
    match cursor.rest() {
        [_, b'\n', ..] => {}
        [_, byte, ..] => word.push_text(&[*byte], true),
        _ => return Err(cursor.needs_bash("a backslash at the end")),
    }
    cursor.advance(2);
    Ok(())
}

/// A quoted piece, an expansion, or one plain byte.
fn read_part(cursor: &mut Cursor<'_>, word: &mut Word) -> Parsed<()> {
    match cursor.rest() {
        [b'\'', inside @ ..] => {
            let Some(length) = inside.iter().position(|byte| *byte == b'\'') else {
                return Err(cursor.needs_bash("a quote that is not closed"));
            };
            word.push_text(&inside[..length], true);
            cursor.advance(length + 2);
        }
        [b'"', ..] => read_double_quotes(cursor, word)?,
        [b'$', b'\'', ..] => ansi::read(cursor, word)?,
        [b'$' | b'`', ..] => {
            let expansion = expansion::read(cursor)?;
            word.push_expansion(expansion, false);
        }
        [byte, ..] => {
            word.has_pattern |= matches!(byte, b'*' | b'?' | b'[');
            word.push_text(&[*byte], false);
            cursor.advance(1);
        }
        [] => {}
    }
    Ok(())
}

fn read_double_quotes(cursor: &mut Cursor<'_>, word: &mut Word) -> Parsed<()> {
    cursor.advance(1);
    word.push_text(b"", true);
    loop {
        match cursor.rest() {
            [] => return Err(cursor.needs_bash("a quote that is not closed")),
            [b'"', ..] => {
                cursor.advance(1);
                return Ok(());
            }
            [b'\\', b'\n', ..] => cursor.advance(2),
            [b'\\', byte @ (b'$' | b'`' | b'"' | b'\\'), ..] => {
                word.push_text(&[*byte], true);
                cursor.advance(2);
            }
            // A dollar that begins nothing.
            [b'$', b'"' | b' ' | b'.' | b'/' | b':' | b',' | b'%', ..] => {
                word.push_text(b"$", true);
                cursor.advance(1);
            }
            [b'$' | b'`', ..] => {
                let expansion = expansion::read_quoted(cursor)?;
                word.push_expansion(expansion, true);
            }
            [byte, ..] => {
                word.push_text(&[*byte], true);
                cursor.advance(1);
            }
        }
    }
}

/// The default of an expansion that stands in double quotes: only the simplest, for quotes mean other things there.
fn read_quoted_default(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    let mut word = Word::default();
    word.push_text(b"", true);
    loop {
        match cursor.rest() {
            [b'}', ..] => return Ok(word),
            [] | [b'\n' | b'\\' | b'{' | b'"' | b'\'', ..] => {
                return Err(cursor.needs_bash("a default value like this"));
            }
            [b'$' | b'`', ..] => {
                let expansion = expansion::read_quoted(cursor)?;
                word.push_expansion(expansion, true);
            }
            [byte, ..] => {
                word.push_text(&[*byte], true);
                cursor.advance(1);
            }
        }
    }
}
