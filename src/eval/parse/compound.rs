//! `case`, `{ … }` and functions.

use super::cursor::{Cursor, ends_word};
use super::word::{self, Part, Piece, Word};
use super::{Command, List, Parsed, expect, names, read_body, read_list};
use crate::eval::stdlib;
use std::rc::Rc;

/// One branch of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    pub patterns: Vec<Pattern>,
    pub body: List,
}

/// Plain text, or what begins, ends or has it in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub begins_with_any: bool,
    pub text: Vec<u8>,
    pub ends_with_any: bool,
}

impl Pattern {
    pub fn matches(&self, word: &[u8]) -> bool {
        match (self.begins_with_any, self.ends_with_any) {
            (false, false) => word == self.text,
            (true, false) => word.ends_with(&self.text),
            (false, true) => word.starts_with(&self.text),
            (true, true) => {
                self.text.is_empty() || word.windows(self.text.len()).any(|part| part == self.text)
            }
        }
    }
}

/// What follows `case`.
pub fn read_case(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.skip_blanks();
    let word = word::read(cursor)?;
    if word.parts.is_empty() && !word.is_quoted {
        return Err(cursor.needs_bash_for_next());
    }
    cursor.skip_lines();
    expect(cursor, "in")?;
    let mut arms = Vec::new();
    loop {
        cursor.skip_lines();
        if cursor.take_keyword("esac") {
            return Ok(Command::Case { word, arms });
        }
        let patterns = read_patterns(cursor)?;
        let body = cursor.deeper(read_list)?;
        arms.push(Arm { patterns, body });
        if cursor.rest().starts_with(b";;") && cursor.rest().get(2) != Some(&b'&') {
            cursor.advance(2);
        } else if !cursor.is_at_keyword(&["esac"]) {
            return Err(cursor.needs_bash("a `case` like this"));
        }
    }
}

fn read_patterns(cursor: &mut Cursor<'_>) -> Parsed<Vec<Pattern>> {
    let mut patterns = Vec::new();
    if cursor.peek() == Some(b'(') {
        cursor.advance(1);
    }
    loop {
        cursor.skip_blanks();
        let start = cursor.clone();
        let Some(pattern) = pattern(&word::read(cursor)?) else {
            return Err(start.needs_bash("a pattern"));
        };
        patterns.push(pattern);
        cursor.skip_blanks();
        match cursor.rest() {
            [b')', ..] => break,
            [b'|', ..] => cursor.advance(1),
            _ => return Err(start.needs_bash("a pattern")),
        }
    }
    cursor.advance(1);
    Ok(patterns)
}

fn pattern(word: &Word) -> Option<Pattern> {
    let mut text = Vec::new();
    // Where the unquoted stars are.
    let mut stars = Vec::new();
    for Part { piece, is_quoted } in &word.parts {
        let Piece::Text(part) = piece else { return None };
        if *is_quoted {
            text.extend(part);
            continue;
        }
        for byte in part {
            match byte {
                b'*' => stars.push(text.len()),
                b'?' | b'[' => return None,
                _ => text.push(*byte),
            }
        }
    }
    let (begins_with_any, ends_with_any) = match stars.as_slice() {
        [] => (false, false),
        [0] if text.is_empty() => (true, true),
        [0] => (true, false),
        [at] if *at == text.len() => (false, true),
        [0, at] if *at == text.len() && !text.is_empty() => (true, true),
        _ => return None,
    };
    let is_empty = text.is_empty() && stars.is_empty() && !word.is_quoted;
    (!is_empty).then_some(Pattern { begins_with_any, text, ends_with_any })
}

/// What follows `{`.
pub fn read_group(cursor: &mut Cursor<'_>) -> Parsed<List> {
    let list = read_body(cursor)?;
    expect(cursor, "}")?;
    cursor.skip_blanks();
    match cursor.rest() {
        [] | [b'\n' | b';' | b')', ..] | [b'&', b'&', ..] | [b'|', b'|', ..] => Ok(list),
        _ => Err(cursor.needs_bash("what follows a `}`")),
    }
}

/// `name() { … }`, or with `function` in front, if that is what stands here.
pub fn read_function(cursor: &mut Cursor<'_>) -> Parsed<Option<Command>> {
    let mut ahead = cursor.clone();
    let is_announced = ahead.take_keyword("function");
    ahead.skip_blanks();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let rest = ahead.rest();
    let name = &rest[..rest.iter().take_while(is_part).count()];
    ahead.advance(name.len());
    let is_whole = ahead.peek().is_none_or(ends_word);
    ahead.skip_blanks();
    let has_parentheses = take_parentheses(&mut ahead);
    if !is_announced && !has_parentheses {
        return Ok(None);
    }
    if !is_whole || !is_definable(name) {
        return Err(cursor.needs_bash("a function like this"));
    }
    ahead.skip_lines();
    expect(&mut ahead, "{")?;
    let body = Rc::new(read_group(&mut ahead)?);
    *cursor = ahead;
    Ok(Some(Command::Function { name: name.to_vec(), body }))
}

fn take_parentheses(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    if ahead.peek() != Some(b'(') {
        return false;
    }
    ahead.advance(1);
    ahead.skip_blanks();
    if ahead.peek() != Some(b')') {
        return false;
    }
    ahead.advance(1);
    *cursor = ahead;
    true
}

/// The library's functions call each other by their names; only `use` and `layout` look here for what they call.
fn is_definable(name: &[u8]) -> bool {
    let is_asked_for = name.starts_with(b"use_") || name.starts_with(b"layout_");
    is_asked_for && stdlib::is_function(name) || names::is_program(name)
}
