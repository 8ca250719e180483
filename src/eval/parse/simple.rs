//! One simple command: assignments, `export`, `unset`, or a call with its redirections.

use super::cursor::{Cursor, ends_word};
use super::names;
use super::word::{self, Expansion, Part, Piece, Substitution, Word};
use super::{Assignment, Call, Command, Export, FileRedirect, Opening, Parsed, Programs, Redirect};
use crate::env::is_name;
use crate::eval::stdlib;

pub fn read(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let start = cursor.clone();
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
    let command = read_command_with(cursor, assignments)?;
    if let Command::Programs(programs) = &command {
        check_redirects(&start, &programs.calls[0])?;
    }
    Ok(command)
}

/// A program with variables of its own. What one of them holds the next one may use, and PATH decides what is found.
fn read_command_with(cursor: &mut Cursor<'_>, variables: Vec<Assignment>) -> Parsed<Command> {
    let start = cursor.clone();
    let is_plain = |assignment: &Assignment| {
        assignment.value.parts.iter().all(|part| matches!(part.piece, Piece::Text(_)))
    };
    let decides =
        |assignment: &Assignment| assignment.appends || names::has_default(&assignment.name);
    if !variables.iter().skip(1).all(is_plain) || variables.iter().any(decides) {
        return Err(start.needs_bash("an assignment in front of a command"));
    }
    match read_command(cursor)? {
        Command::Programs(mut programs) if names::is_program(&programs.calls[0].name) => {
            programs.calls[0].variables = variables;
            Ok(Command::Programs(programs))
        }
        _ => Err(start.needs_bash("an assignment in front of a command")),
    }
}

fn read_command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let start = cursor.clone();
    let command = word::read(cursor)?;
    let Some(name) = command.plain() else {
        return Err(start.needs_bash("a command that is not written plainly"));
    };
    match name {
        b"" => Err(start.needs_bash_for_next()),
        b"export" => Ok(Command::Export(read_exports(cursor, "export")?)),
        b"local" => Ok(Command::Local(read_exports(cursor, "local")?)),
        b"unset" => read_unset(cursor),
        b"eval" => read_eval(cursor),
        // As the whole command it is no pattern.
        _ if command.has_pattern && name != b"[" => Err(start.needs_bash("a pattern")),
        _ if names::is_call(name) || stdlib::is_function(name) => {
            let (call, end) = read_call(cursor, name.to_vec())?;
            if matches!(name, b"echo" | b"printf") && is_at_pipe(cursor) {
                return read_pipe(cursor, &start, (call, end));
            }
            Ok(Command::Call(call))
        }
        _ if names::is_program(name) || name == b"direnv" => {
            let call = read_call(cursor, name.to_vec())?;
            read_pipe(cursor, &start, call)
        }
        _ => Err(start.needs_bash(format!("`{}`", String::from_utf8_lossy(name)))),
    }
}

/// `eval "$(… direnv dotenv …)"`: what that prints is plain.
fn read_eval(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let start = cursor.clone();
    cursor.skip_blanks();
    let word = word::read(cursor)?;
    cursor.skip_blanks();
    if let ([Part { piece: Piece::Expansion(expansion), is_quoted: true }], true) =
        (word.parts.as_slice(), is_at_command_end(cursor))
        && let Expansion::Substitution(Substitution::Commands(commands)) = &**expansion
        && let (Command::Programs(programs), []) =
            (&commands.first.command, commands.rest.as_slice())
        && !commands.first.is_negated
        && programs.calls.last().is_some_and(is_dotenv)
    {
        return Ok(Command::Eval(programs.clone()));
    }
    Err(start.needs_bash("`eval`"))
}

/// Whether it is `direnv dotenv`, which is envr itself.
pub fn is_dotenv(call: &Call) -> bool {
    call.name == b"direnv"
        && matches!(call.arguments.as_slice(), [dotenv, shell, ..]
            if dotenv.plain() == Some(b"dotenv") && shell.plain() == Some(b"bash"))
}

/// What follows the first command of a pipe, if it is one.
fn read_pipe(
    cursor: &mut Cursor<'_>,
    start: &Cursor<'_>,
    (first, mut end): (Call, usize),
) -> Parsed<Command> {
    let mut calls = vec![first];
    while is_at_pipe(cursor) {
        cursor.advance(1);
        cursor.skip_lines();
        let start = cursor.clone();
        let word = word::read(cursor)?;
        match word.plain() {
            Some(name) if !word.has_pattern && (names::is_program(name) || name == b"direnv") => {
                let (call, end_of_call) = read_call(cursor, name.to_vec())?;
                calls.push(call);
                end = end_of_call;
            }
            _ => return Err(start.needs_bash("a pipe into what is no program")),
        }
    }
    if calls.iter().any(|call| call.name == b"direnv" && !is_dotenv(call)) {
        return Err(cursor.needs_bash("`direnv`"));
    }
    // They would read what comes through the pipe.
    if calls.len() > 1 && calls.iter().flat_map(|call| &call.arguments).any(Word::runs_commands) {
        return Err(cursor.needs_bash("a substitution in a pipe"));
    }
    let text = start.up_to(end).to_vec();
    Ok(Command::Programs(Programs { line: start.line(), text, calls }))
}

fn is_at_pipe(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.rest(), [b'|', after @ ..] if !matches!(after.first(), Some(b'|' | b'&')))
}

/// `NAME=value` or `NAME+=value`, if that is what stands here.
fn read_assignment(cursor: &mut Cursor<'_>) -> Parsed<Option<Assignment>> {
    let start = cursor.clone();
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
    let value = word::read_value(cursor)?;
    let is_empty = |part: &Part| matches!(&part.piece, Piece::Text(text) if text.is_empty());
    check_path_stays(&start, name, appends || !value.parts.iter().all(is_empty))?;
    Ok(Some(Assignment { name: name.to_vec(), appends, value }))
}

fn read_exports(cursor: &mut Cursor<'_>, command: &str) -> Parsed<Vec<Export>> {
    let mut exports = Vec::new();
    loop {
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            break;
        }
        let export = match read_assignment(cursor)? {
            Some(assignment) => Export::Assignment(assignment),
            None => Export::Name(read_name(cursor, command)?),
        };
        exports.push(export);
    }
    if exports.is_empty() {
        return Err(cursor.needs_bash(format!("`{command}` without a name")));
    }
    Ok(exports)
}

fn read_unset(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut unset = Vec::new();
    cursor.skip_blanks();
    let of_functions = cursor.take_keyword("-f");
    loop {
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            break;
        }
        let start = cursor.clone();
        let name = read_name(cursor, "unset")?;
        check_path_stays(&start, &name, of_functions)?;
        unset.push(name);
    }
    Ok(if of_functions { Command::UnsetFunctions(unset) } else { Command::Unset(unset) })
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

/// Without a PATH bash looks in places of its own, and by then programs may have run.
fn check_path_stays(cursor: &Cursor<'_>, name: &[u8], stays: bool) -> Parsed<()> {
    if name == b"PATH" && !stays && !cursor.takes_any_name {
        Err(cursor.needs_bash("no PATH"))
    } else {
        Ok(())
    }
}

fn check_assignable(cursor: &Cursor<'_>, name: &[u8]) -> Parsed<()> {
    if cursor.takes_any_name || names::is_assignable(name) {
        return Ok(());
    }
    Err(cursor.needs_bash(format!("the variable `{}`", String::from_utf8_lossy(name))))
}

/// The call, and where its last word ends.
fn read_call(cursor: &mut Cursor<'_>, name: Vec<u8>) -> Parsed<(Call, usize)> {
    let start = cursor.clone();
    let mut call =
        Call { variables: Vec::new(), name, arguments: Vec::new(), redirects: Vec::new() };
    loop {
        let end = cursor.at();
        cursor.skip_blanks();
        if is_at_command_end(cursor) {
            check_redirects(&start, &call)?;
            return Ok((call, end));
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

/// Of a command over several lines bash has an opinion of its own on which one a file could not be opened in.
fn check_redirects(start: &Cursor<'_>, call: &Call) -> Parsed<()> {
    let is_further_down = |redirect: &Redirect| match redirect {
        Redirect::File(FileRedirect { line, .. }) => *line != start.line(),
        Redirect::ToNull { .. } | Redirect::Duplicate { .. } => false,
    };
    if call.redirects.iter().any(is_further_down) {
        return Err(start.needs_bash("a redirection behind a line end"));
    }
    Ok(())
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

/// `>/dev/null`, `2>&1`, `>>file`, `<file` and their like, on descriptors 0, 1 and 2.
fn read_redirect(cursor: &mut Cursor<'_>, redirects: &mut Vec<Redirect>) -> Parsed<bool> {
    let mut ahead = cursor.clone();
    let (how, second, length) = match ahead.rest() {
        [b'&', b'>', b'>', ..] => return Err(cursor.needs_bash("a redirection")),
        [b'&', b'>', ..] => (Opening::Write { from: 1 }, Some(2), 2),
        [b'1', b'>', b'>', ..] => (Opening::Append { from: 1 }, None, 3),
        [b'2', b'>', b'>', ..] => (Opening::Append { from: 2 }, None, 3),
        [b'>', b'>', ..] => (Opening::Append { from: 1 }, None, 2),
        [b'1', b'>', ..] => (Opening::Write { from: 1 }, None, 2),
        [b'2', b'>', ..] => (Opening::Write { from: 2 }, None, 2),
        [b'>', ..] => (Opening::Write { from: 1 }, None, 1),
        [b'0', b'<', ..] => (Opening::Read, None, 2),
        [b'<', ..] => (Opening::Read, None, 1),
        _ => return Ok(false),
    };
    ahead.advance(length);
    if let (None, Opening::Write { from }, [b'&', to @ (b'1' | b'2'), after @ ..]) =
        (second, how, ahead.rest())
    {
        if after.first().is_none_or(|byte| ends_word(*byte)) {
            ahead.advance(2);
            *cursor = ahead;
            redirects.push(Redirect::Duplicate { from, to: to - b'0' });
            return Ok(true);
        }
        return Err(cursor.needs_bash("a redirection"));
    }
    ahead.skip_blanks();
    let line = ahead.line();
    let file = read_argument(&mut ahead).map_err(|_| cursor.needs_bash("a redirection"))?;
    match (file.plain(), how) {
        (Some(b"/dev/null"), Opening::Write { from } | Opening::Append { from }) => {
            redirects.push(Redirect::ToNull { from });
        }
        // bash knows some of them by itself, and a substitution would see other descriptors.
        (Some(file), _) if is_unusual(file) => return Err(cursor.needs_bash("a redirection")),
        _ if file.runs_commands() => return Err(cursor.needs_bash("a redirection")),
        _ => redirects.push(Redirect::File(FileRedirect { line, how, file })),
    }
    redirects.extend(second.map(|from| match redirects.last() {
        Some(Redirect::ToNull { .. }) => Redirect::ToNull { from },
        _ => Redirect::Duplicate { from, to: 1 },
    }));
    *cursor = ahead;
    Ok(true)
}

/// Files that are descriptors, or nothing to be read at all.
pub fn is_unusual(file: &[u8]) -> bool {
    file.starts_with(b"/dev") && file != b"/dev/null" || file.starts_with(b"/proc") || file == b"-"
}

fn is_at_command_end(cursor: &Cursor<'_>) -> bool {
    match cursor.rest() {
        [] | [b'\n' | b';' | b'|' | b')', ..] => true,
        [b'&', next @ ..] => next.first() != Some(&b'>'),
        _ => false,
    }
}
