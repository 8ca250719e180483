//! `[[ … ]]`, without `=~`, `<`, `>` and parentheses.

use super::Parsed;
use super::cursor::Cursor;
use super::word::{self, Word};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// `-f word`; a word alone is `-n word`.
    Unary {
        operator: u8,
        word: Word,
    },
    /// `left == right`, or `!=`.
    Equal {
        is_negated: bool,
        left: Word,
        right: Word,
    },
}

/// What follows `[[`, with the `]]`.
pub fn read(cursor: &mut Cursor<'_>) -> Parsed<Condition> {
    let condition = read_or(cursor)?;
    skip(cursor);
    if cursor.take_keyword("]]") {
        Ok(condition)
    } else {
        Err(cursor.needs_bash("what stands in `[[ ]]`"))
    }
}

fn read_or(cursor: &mut Cursor<'_>) -> Parsed<Condition> {
    let mut conditions = vec![read_and(cursor)?];
    while take_operator(cursor, *b"||") {
        conditions.push(read_and(cursor)?);
    }
    Ok(Condition::Any(conditions))
}

fn read_and(cursor: &mut Cursor<'_>) -> Parsed<Condition> {
    let mut conditions = vec![read_term(cursor)?];
    while take_operator(cursor, *b"&&") {
        conditions.push(read_term(cursor)?);
    }
    Ok(Condition::All(conditions))
}

fn take_operator(cursor: &mut Cursor<'_>, operator: [u8; 2]) -> bool {
    skip(cursor);
    let is_there = cursor.rest().starts_with(&operator);
    if is_there {
        cursor.advance(2);
    }
    is_there
}

fn read_term(cursor: &mut Cursor<'_>) -> Parsed<Condition> {
    skip(cursor);
    if cursor.take_keyword("!") {
        return Ok(Condition::Not(Box::new(cursor.deeper(read_term)?)));
    }
    let start = cursor.clone();
    let word = read_word(cursor)?;
    skip(cursor);
    match word.plain() {
        Some(
            [
                b'-',
                operator @ (b'd' | b'e' | b'f' | b'h' | b'L' | b'n' | b'r' | b's' | b'w' | b'x'
                | b'z'),
            ],
        ) => Ok(Condition::Unary { operator: *operator, word: read_word(cursor)? }),
        // Other operators, and all that could be one.
        Some([b'-', ..] | b"!" | b"]]" | b"" | b"=" | b"==" | b"!=") => {
            Err(start.needs_bash("what stands in `[[ ]]`"))
        }
        _ => read_comparison(cursor, word),
    }
}

fn read_comparison(cursor: &mut Cursor<'_>, left: Word) -> Parsed<Condition> {
    let is_negated = if cursor.take_keyword("==") || cursor.take_keyword("=") {
        false
    } else if cursor.take_keyword("!=") {
        true
    } else {
        return Ok(Condition::Unary { operator: b'n', word: left });
    };
    skip(cursor);
    Ok(Condition::Equal { is_negated, left, right: read_word(cursor)? })
}

fn read_word(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    let start = cursor.clone();
    if cursor.peek() == Some(b'#') {
        return Err(start.needs_bash("a comment in `[[ ]]`"));
    }
    let word = word::read(cursor)?;
    match word.plain() {
        _ if word.has_pattern => Err(start.needs_bash("a pattern")),
        Some(b"" | b"]]") => Err(start.needs_bash("what stands in `[[ ]]`")),
        _ => Ok(word),
    }
}

/// Blanks only: a comment or another line in the middle is for bash.
fn skip(cursor: &mut Cursor<'_>) {
    while matches!(cursor.peek(), Some(b' ' | b'\t')) {
        cursor.advance(1);
    }
}
