//! The part of bash that envr runs by itself, as a tree; whatever lies outside needs bash.
//!
//! ```text
//! script  = list
//! list    = { [ and_or ] ( ";" | newline ) }
//! and_or  = [ "!" ] command { ( "&&" | "||" ) [ "!" ] command }
//! command = assignment+ | "export" ( name | assignment )+ | "unset" [ "-f" ] name+ | "local" ( name | assignment )+
//!         | call redirect* | program { "|" program } | 'eval "$(' … "direnv dotenv" … ')"'
//!         | "if" list "then" list { "elif" list "then" list } [ "else" list ] "fi" | "{" list "}"
//!         | "case" word "in" { pattern { "|" pattern } ")" list [ ";;" ] } "esac" | name "()" "{" list "}"
//!         | "[[" condition "]]"
//! call    = one of the names in `names`, then words; any function of the library where it is called on a condition
//! program = { assignment } a name that means nothing to bash, then words and redirections; the first of a pipe may be
//!           `echo`, and a pipe of one may be a function of the script
//! ```
//!
//! Words in `word`, conditions in `condition`. A parse never says that bash would fail: it does not know.

mod compound;
mod condition;
mod cursor;
pub mod names;
mod simple;
mod word;

use cursor::Cursor;
use std::fmt;
use std::rc::Rc;

pub use compound::Arm;
pub use condition::Condition;
pub use simple::is_unusual;
pub use word::{Expansion, Part, Piece, Substitution, Trim, Word};

pub type List = Vec<AndOr>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    pub first: Pipeline,
    pub rest: Vec<(Joint, Pipeline)>,
}

impl AndOr {
    /// Whether it is one call that brings in a shell from elsewhere.
    pub fn is_use(&self) -> bool {
        let is_plain = self.rest.is_empty() && !self.first.is_negated;
        match &self.first.command {
            Command::Call(Call { name, redirects, .. }) => {
                is_plain && redirects.is_empty() && name.starts_with(b"use")
            }
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    And,
    Or,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Where it begins: what is further on in a script runs later.
    pub at: usize,
    pub is_negated: bool,
    pub command: Command,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Assign(Vec<Assignment>),
    Export(Vec<Export>),
    Unset(Vec<Vec<u8>>),
    /// `unset -f`
    UnsetFunctions(Vec<Vec<u8>>),
    Local(Vec<Export>),
    Call(Call),
    Programs(Programs),
    /// What `direnv dotenv` prints at the end of a pipe.
    Eval(Programs),
    Condition(Condition),
    If {
        branches: Vec<(List, List)>,
        otherwise: List,
    },
    Case {
        word: Word,
        arms: Vec<Arm>,
    },
    Group(List),
    Function {
        name: Vec<u8>,
        body: Rc<List>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: Vec<u8>,
    /// `NAME+=value`
    pub appends: bool,
    pub value: Word,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Export {
    Name(Vec<u8>),
    Assignment(Assignment),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What a program has in its environment besides.
    pub variables: Vec<Assignment>,
    pub name: Vec<u8>,
    pub arguments: Vec<Word>,
    pub redirects: Vec<Redirect>,
}

/// Programs that bash would start, each reading what the one before it prints. The first may be `echo` or `printf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    pub line: usize,
    /// As it is written.
    pub text: Vec<u8>,
    pub calls: Vec<Call>,
}

/// `from` is 1 or 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    ToNull { from: u8 },
    Duplicate { from: u8, to: u8 },
    File(FileRedirect),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRedirect {
    pub line: usize,
    pub how: Opening,
    pub file: Word,
}

/// `<`, `>`, `>>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Read,
    Write { from: u8 },
    Append { from: u8 },
}

/// Why a script needs bash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedsBash {
    pub line: usize,
    pub what: String,
}

impl fmt::Display for NeedsBash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

type Parsed<T> = Result<T, NeedsBash>;

/// Reads a whole script.
pub fn parse(text: &[u8]) -> Result<List, NeedsBash> {
    let mut cursor = Cursor::new(text);
    // bash drops NULs, and takes the other two for marks of its own in some places.
    if let Some(at) = text.iter().position(|byte| matches!(byte, 0 | 0x01 | 0x7f)) {
        return Err(cursor.needs_bash_at(at, "a control character"));
    }
    let list = read_list(&mut cursor)?;
    if !cursor.is_at_end() {
        return Err(cursor.needs_bash_for_next());
    }
    check_calls(&cursor, &list)?;
    Ok(list)
}

/// Reads what `direnv dotenv` prints, whatever the names of the variables are.
pub fn parse_exports(text: &[u8]) -> Result<List, NeedsBash> {
    let mut cursor = Cursor::new(text).with_any_name();
    let list = read_list(&mut cursor)?;
    if cursor.is_at_end() { Ok(list) } else { Err(cursor.needs_bash_for_next()) }
}

/// What runs in any case must not need bash. What depends on a condition may.
fn check_calls(cursor: &Cursor<'_>, list: &List) -> Parsed<()> {
    let defined: Vec<&[u8]> = list
        .iter()
        .filter_map(|and_or| match &and_or.first.command {
            Command::Function { name, .. } => Some(name.as_slice()),
            _ => None,
        })
        .collect();
    for AndOr { first: Pipeline { at, command, .. }, .. } in list {
        if let Command::Call(call) = command
            && let Some(what) = names::needs_bash(call, &defined)
        {
            return Err(cursor.needs_bash_at(*at, what));
        }
    }
    Ok(())
}

/// Words that end a list.
const ENDS: [&str; 6] = ["then", "elif", "else", "fi", "esac", "}"];

/// Reads up to what cannot begin a command: the end, or a word such as `then`.
fn read_list(cursor: &mut Cursor<'_>) -> Parsed<List> {
    let mut list = Vec::new();
    loop {
        cursor.skip_lines();
        if cursor.is_at_end() || cursor.is_at_keyword(&ENDS) || cursor.rest().starts_with(b";;") {
            return Ok(list);
        }
        list.push(read_and_or(cursor)?);
        cursor.skip_blanks();
        match cursor.rest() {
            [] | [b'\n', ..] => {}
            [b';', b';', ..] => return Ok(list),
            [b';', b'&', ..] => return Err(cursor.needs_bash("`case`")),
            [b';', ..] => cursor.advance(1),
            _ => return Err(cursor.needs_bash_for_next()),
        }
    }
}

pub fn read_and_or(cursor: &mut Cursor<'_>) -> Parsed<AndOr> {
    let first = read_pipeline(cursor)?;
    let mut rest = Vec::new();
    loop {
        cursor.skip_blanks();
        let joint = match cursor.rest() {
            [b'&', b'&', ..] => Joint::And,
            [b'|', b'|', ..] => Joint::Or,
            _ => return Ok(AndOr { first, rest }),
        };
        cursor.advance(2);
        cursor.skip_lines();
        rest.push((joint, read_pipeline(cursor)?));
    }
}

fn read_pipeline(cursor: &mut Cursor<'_>) -> Parsed<Pipeline> {
    cursor.skip_blanks();
    let at = cursor.at();
    let is_negated = cursor.take_keyword("!");
    cursor.skip_blanks();
    let command = if cursor.take_keyword("if") {
        read_if(cursor)?
    } else if cursor.take_keyword("[[") {
        Command::Condition(condition::read(cursor)?)
    } else if cursor.take_keyword("case") {
        compound::read_case(cursor)?
    } else if cursor.take_keyword("{") {
        Command::Group(compound::read_group(cursor)?)
    } else if let Some(function) = compound::read_function(cursor)? {
        function
    } else {
        simple::read(cursor)?
    };
    Ok(Pipeline { at, is_negated, command })
}

/// What follows `if`.
fn read_if(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut branches = Vec::new();
    loop {
        let condition = read_body(cursor)?;
        expect(cursor, "then")?;
        branches.push((condition, read_body(cursor)?));
        if !cursor.take_keyword("elif") {
            break;
        }
    }
    let otherwise = if cursor.take_keyword("else") { read_body(cursor)? } else { Vec::new() };
    expect(cursor, "fi")?;
    Ok(Command::If { branches, otherwise })
}

/// A list with at least one command, as every part of an `if` must be.
fn read_body(cursor: &mut Cursor<'_>) -> Parsed<List> {
    let list = cursor.deeper(read_list)?;
    if list.is_empty() { Err(cursor.needs_bash("a list of no commands")) } else { Ok(list) }
}

fn expect(cursor: &mut Cursor<'_>, keyword: &str) -> Parsed<()> {
    if cursor.take_keyword(keyword) {
        Ok(())
    } else {
        Err(cursor.needs_bash("a command that is not whole"))
    }
}

#[cfg(test)]
mod tests;
