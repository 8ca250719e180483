//! What begins with `$`, and backquotes.

use super::Word;
use crate::env::is_name_byte;
use crate::eval::parse::cursor::Cursor;
use crate::eval::parse::{AndOr, Command, Parsed, Pipeline, names, read_and_or, simple};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// `$name`, or `$1`
    Variable(Vec<u8>),
    /// `$?`
    Status,
    /// `$#`
    Count,
    /// `${name-default}`, and with a colon, when it is empty, too.
    Default {
        name: Vec<u8>,
        or_empty: bool,
        default: Word,
    },
    /// `${name+alternative}`
    Alternative {
        name: Vec<u8>,
        or_empty: bool,
        alternative: Word,
    },
    /// `${name%trim}` and its like.
    Trimmed {
        name: Vec<u8>,
        at_end: bool,
        longest: bool,
        trim: Trim,
    },
    Substitution(Substitution),
}

/// What is cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trim {
    Text(Vec<u8>),
    /// `*text`
    UpTo(Vec<u8>),
    /// `text*`
    From(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Substitution {
    Pwd,
    LayoutDir,
    ExpandPath(Vec<Word>),
    /// Programs, and commands that only print or decide.
    Commands(AndOr),
}

pub fn read(cursor: &mut Cursor<'_>) -> Parsed<Expansion> {
    cursor.deeper(|cursor| read_expansion(cursor, false))
}

/// Inside double quotes.
pub fn read_quoted(cursor: &mut Cursor<'_>) -> Parsed<Expansion> {
    cursor.deeper(|cursor| read_expansion(cursor, true))
}

fn read_expansion(cursor: &mut Cursor<'_>, is_quoted: bool) -> Parsed<Expansion> {
    match cursor.rest() {
        [b'$', b'?', ..] => {
            cursor.advance(2);
            Ok(Expansion::Status)
        }
        [b'$', b'#', ..] => {
            cursor.advance(2);
            Ok(Expansion::Count)
        }
        [b'$', digit @ b'1'..=b'9', ..] => {
            cursor.advance(2);
            Ok(Expansion::Variable(vec![*digit]))
        }
        [b'$', b'{', ..] => read_braces(cursor, is_quoted),
        [b'$', b'(', b'(', ..] => Err(cursor.needs_bash("arithmetic")),
        [b'$', b'(', ..] => read_substitution(cursor),
        [b'`', ..] => {
            let Some(_) = cursor.rest().strip_prefix(b"`pwd`") else {
                return Err(cursor.needs_bash("a command substitution"));
            };
            cursor.advance(5);
            Ok(Expansion::Substitution(Substitution::Pwd))
        }
        _ => {
            let start = cursor.clone();
            cursor.advance(1);
            let name = read_name(cursor, &start)?;
            // bash joins the lines first: the name may go on.
            if cursor.rest().starts_with(b"\\\n") {
                return Err(cursor.needs_bash("a name over two lines"));
            }
            Ok(Expansion::Variable(name))
        }
    }
}

fn read_name(cursor: &mut Cursor<'_>, start: &Cursor<'_>) -> Parsed<Vec<u8>> {
    if let ([b'$', b'{', ..], Some(digit @ b'1'..=b'9')) = (start.rest(), cursor.peek()) {
        cursor.advance(1);
        return Ok(vec![digit]);
    }
    let name = cursor.take_name();
    match name {
        b"" => Err(start.needs_bash("a special parameter")),
        _ if cursor.takes_any_name || names::is_readable(name) => Ok(name.to_vec()),
        _ => Err(start.needs_bash(format!("the variable `{}`", String::from_utf8_lossy(name)))),
    }
}

fn read_braces(cursor: &mut Cursor<'_>, is_quoted: bool) -> Parsed<Expansion> {
    let start = cursor.clone();
    cursor.advance(2);
    let name = read_name(cursor, &start)?;
    let read_default = if is_quoted { super::read_quoted_default } else { super::read_default };
    let default = |cursor: &mut Cursor<'_>, length| {
        cursor.advance(length);
        read_default(cursor)
    };
    let expansion = match cursor.rest() {
        [b'}', ..] => Expansion::Variable(name),
        [b':', b'-', ..] => {
            Expansion::Default { name, or_empty: true, default: default(cursor, 2)? }
        }
        [b'-', ..] => Expansion::Default { name, or_empty: false, default: default(cursor, 1)? },
        [b':', b'+', ..] => {
            Expansion::Alternative { name, or_empty: true, alternative: default(cursor, 2)? }
        }
        [b'+', ..] => {
            Expansion::Alternative { name, or_empty: false, alternative: default(cursor, 1)? }
        }
        [operator @ (b'#' | b'%'), after @ ..] => {
            let longest = after.first() == Some(operator);
            cursor.advance(if longest { 2 } else { 1 });
            let trim = read_trim(cursor)?;
            Expansion::Trimmed { name, at_end: *operator == b'%', longest, trim }
        }
        _ => return Err(start.needs_bash("an expansion in braces")),
    };
    cursor.expect(b'}', "an expansion in braces")?;
    Ok(expansion)
}

fn read_trim(cursor: &mut Cursor<'_>) -> Parsed<Trim> {
    let start = cursor.clone();
    let take_star = |cursor: &mut Cursor<'_>| {
        let is_star = cursor.peek() == Some(b'*');
        cursor.advance(usize::from(is_star));
        is_star
    };
    let before = take_star(cursor);
    let is_letter = |byte: &&u8| is_name_byte(**byte) || b"/.-,:=@".contains(*byte);
    let text: Vec<u8> = cursor.rest().iter().take_while(is_letter).copied().collect();
    cursor.advance(text.len());
    let after = take_star(cursor);
    match (before, after) {
        _ if text.is_empty() => Err(start.needs_bash("a pattern")),
        (false, false) => Ok(Trim::Text(text)),
        (true, false) => Ok(Trim::UpTo(text)),
        (false, true) => Ok(Trim::From(text)),
        (true, true) => Err(start.needs_bash("a pattern")),
    }
}

/// By the first word, without a second look at anything: what is nested would be read twice for each level.
fn read_substitution(cursor: &mut Cursor<'_>) -> Parsed<Expansion> {
    let start = cursor.clone();
    cursor.advance(2);
    cursor.skip_lines();
    let substitution = if take_alone(cursor, "pwd") {
        Substitution::Pwd
    } else if take_alone(cursor, "direnv_layout_dir") {
        Substitution::LayoutDir
    } else if cursor.take_keyword("expand_path") {
        Substitution::ExpandPath(read_arguments(cursor, &start)?)
    } else {
        read_commands(cursor, &start)?
    };
    Ok(Expansion::Substitution(substitution))
}

/// A command without arguments, and the parenthesis behind it.
fn take_alone(cursor: &mut Cursor<'_>, name: &str) -> bool {
    let mut ahead = cursor.clone();
    if !ahead.take_keyword(name) {
        return false;
    }
    ahead.skip_lines();
    let is_alone = ahead.peek() == Some(b')');
    if is_alone {
        ahead.advance(1);
        *cursor = ahead;
    }
    is_alone
}

fn read_arguments(cursor: &mut Cursor<'_>, start: &Cursor<'_>) -> Parsed<Vec<Word>> {
    let mut arguments = Vec::new();
    loop {
        cursor.skip_blanks();
        match cursor.peek() {
            Some(b')') if !arguments.is_empty() => break,
            _ if arguments.len() > 8 => return Err(start.needs_bash("a command substitution")),
            _ => arguments.push(simple::read_argument(cursor)?),
        }
    }
    cursor.advance(1);
    Ok(arguments)
}

fn read_commands(cursor: &mut Cursor<'_>, start: &Cursor<'_>) -> Parsed<Substitution> {
    let commands = read_and_or(cursor)?;
    cursor.skip_lines();
    let mut pipelines =
        std::iter::once(&commands.first).chain(commands.rest.iter().map(|(_, pipeline)| pipeline));
    if cursor.peek() != Some(b')') || !pipelines.all(changes_nothing) {
        return Err(start.needs_bash("a command substitution"));
    }
    cursor.advance(1);
    Ok(Substitution::Commands(commands))
}

/// Whether only its output and its status are left of it, as of all that runs in a subshell. A program may turn out to
/// be a function; that is seen where it is called.
fn changes_nothing(pipeline: &Pipeline) -> bool {
    match &pipeline.command {
        Command::Programs(_) | Command::Condition(_) => true,
        Command::Call(call) => matches!(
            call.name.as_slice(),
            b":" | b"["
                | b"command"
                | b"echo"
                | b"false"
                | b"has"
                | b"printf"
                | b"pwd"
                | b"test"
                | b"true"
                | b"type"
        ),
        _ => false,
    }
}
