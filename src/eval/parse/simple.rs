//! One simple command: assignments, `export`, `unset`, or a call with its redirections.

use super::cursor::{Cursor, ends_word};
use super::names;
use super::word::{self, Word};
use super::{Assignment, Call, Command, Export, Parsed, Programs, Redirect};
use crate::env::is_name;
use crate::eval::stdlib;

pub fn read(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut assignments = Vec::new();
    while let Some(assignment) = read_assignment(cursor)? {
        assignments.push(assignment);
        cursor.skip_blanks();
    }
    if assignments.is_empty() {
        return read_command(cursor);
    }
    if is_at_command_end(cursor) {
        return Ok(Command::Assign(assignments));
    }
    Err(cursor.needs_bash("an assignment in front of a command"))
}

fn read_command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let start = cursor.clone();
    let command = word::read(cursor)?;
    let Some(name) = command.plain() else {
        return Err(start.needs_bash("a command that is not written plainly"));
    };
    match name {
        b"" => Err(start.needs_bash_for_next()),
        b"export" => read_export(cursor),
        b"unset" => read_unset(cursor),
        // As the whole command it is no pattern.
        _ if command.has_pattern && name != b"[" => Err(start.needs_bash("a pattern")),
        _ if names::is_call(name) || stdlib::is_function(name) => {
            let call = read_call(cursor, name.to_vec())?;
            if matches!(name, b"echo" | b"printf") && is_at_pipe(cursor) {
                return read_pipe(cursor, start.line(), call);
            }
            Ok(Command::Call(call))
        }
        _ if names::is_program(name) => {
            let call = read_call(cursor, name.to_vec())?;
            read_pipe(cursor, start.line(), call)
        }
        _ => Err(start.needs_bash(format!("`{}`", String::from_utf8_lossy(name)))),
    }
}

/// What follows the first command of a pipe, if it is one.
fn read_pipe(cursor: &mut Cursor<'_>, line: usize, first: Call) -> Parsed<Command> {
    let mut calls = vec![first];
    while is_at_pipe(cursor) {
        cursor.advance(1);
        cursor.skip_lines();
        let start = cursor.clone();
        let word = word::read(cursor)?;
        match word.plain() {
            Some(name) if !word.has_pattern && names::is_program(name) => {
                calls.push(read_call(cursor, name.to_vec())?);
            }
            _ => return Err(start.needs_bash("a pipe into what is no program")),
        }
    }
    // They would read what comes through the pipe.
    if calls.len() > 1 && calls.iter().flat_map(|call| &call.arguments).any(Word::runs_commands) {
        return Err(cursor.needs_bash("a substitution in a pipe"));
    }
    Ok(Command::Programs(Programs { line, calls }))
}

fn is_at_pipe(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.rest(), [b'|', after @ ..] if !matches!(after.first(), Some(b'|' | b'&')))
}

/// `NAME=value` or `NAME+=value`, if that is what stands here.
fn read_assignment(cursor: &mut Cursor<'_>) -> Parsed<Option<Assignment>> {
    let mut ahead = cursor.clone();
    let name = ahead.take_name();
    let (length, appends) = match ahead.rest() {
        [b'=', ..] => (1, false),
        [b'+', b'=', ..] => (2, true),
        _ => return Ok(None),
    };
    if name.is_empty() {
        return Ok(None);
    }
    check_assignable(cursor, name)?;
    ahead.advance(length);
    *cursor = ahead;
    if cursor.peek() == Some(b'(') {
        return Err(cursor.needs_bash("an array"));
    }
    Ok(Some(Assignment { name: name.to_vec(), appends, value: word::read_value(cursor)? }))
}

fn read_export(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut exports = Vec::new();
    loop {
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            break;
        }
        let export = match read_assignment(cursor)? {
            Some(assignment) => Export::Assignment(assignment),
            None => Export::Name(read_name(cursor, "export")?),
        };
        exports.push(export);
    }
    if exports.is_empty() {
        return Err(cursor.needs_bash("`export` without a name"));
    }
    Ok(Command::Export(exports))
}

fn read_unset(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut unset = Vec::new();
    loop {
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            return Ok(Command::Unset(unset));
        }
        unset.push(read_name(cursor, "unset")?);
    }
}

/// A variable's name as a whole word.
fn read_name(cursor: &mut Cursor<'_>, command: &str) -> Parsed<Vec<u8>> {
    let start = cursor.clone();
    let word = word::read(cursor)?;
    let Some(name) = word.plain().filter(|name| is_name(name)) else {
        return Err(start.needs_bash(format!("`{command}` of what is no name")));
    };
    check_assignable(&start, name)?;
    Ok(name.to_vec())
}

fn check_assignable(cursor: &Cursor<'_>, name: &[u8]) -> Parsed<()> {
    if names::is_assignable(name) {
        return Ok(());
    }
    Err(cursor.needs_bash(format!("the variable `{}`", String::from_utf8_lossy(name))))
}

fn read_call(cursor: &mut Cursor<'_>, name: Vec<u8>) -> Parsed<Call> {
    let mut call = Call { name, arguments: Vec::new(), redirects: Vec::new() };
    loop {
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            return Ok(call);
        }
        if read_redirect(cursor, &mut call.redirects)? {
            continue;
        }
        let argument = read_argument(cursor)?;
        let is_number = argument.plain().is_some_and(|text| text.iter().all(u8::is_ascii_digit));
        if is_number && matches!(cursor.peek(), Some(b'<' | b'>')) {
            return Err(cursor.needs_bash("a redirection of another descriptor"));
        }
        call.arguments.push(argument);
    }
}

/// A word that no pattern makes into several.
pub fn read_argument(cursor: &mut Cursor<'_>) -> Parsed<Word> {
    let start = cursor.clone();
    let word = word::read(cursor)?;
    match () {
        () if word.has_pattern => Err(start.needs_bash("a pattern")),
        () if word.parts.is_empty() && !word.is_quoted => Err(start.needs_bash_for_next()),
        () => Ok(word),
    }
}

/// `>/dev/null`, `2>&1` and their like, on descriptors 1 and 2.
fn read_redirect(cursor: &mut Cursor<'_>, redirects: &mut Vec<Redirect>) -> Parsed<bool> {
    let mut ahead = cursor.clone();
    let (first, second, length) = match ahead.rest() {
        [b'&', b'>', ..] => (1, Some(2), 2),
        [b'1', b'>', ..] => (1, None, 2),
        [b'2', b'>', ..] => (2, None, 2),
        [b'>', ..] => (1, None, 1),
        _ => return Ok(false),
    };
    ahead.advance(length);
    if let (None, [b'&', to @ (b'1' | b'2'), after @ ..]) = (second, ahead.rest()) {
        if after.first().is_none_or(|byte| ends_word(*byte)) {
            ahead.advance(2);
            *cursor = ahead;
            redirects.push(Redirect::Duplicate { from: first, to: to - b'0' });
            return Ok(true);
        }
        return Err(cursor.needs_bash("a redirection"));
    }
    ahead.skip_blanks();
    if word::read(&mut ahead)?.plain() != Some(b"/dev/null") {
        return Err(cursor.needs_bash("a redirection"));
    }
    *cursor = ahead;
    redirects.push(Redirect::ToNull { from: first });
    redirects.extend(second.map(|from| Redirect::ToNull { from }));
    Ok(true)
}

fn is_at_command_end(cursor: &Cursor<'_>) -> bool {
    match cursor.rest() {
        [] | [b'\n' | b';' | b'|' | b')', ..] => true,
        [b'&', next @ ..] => next.first() != Some(&b'>'),
        _ => false,
    }
}
