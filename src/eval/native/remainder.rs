//! What may still follow in a script, and whether all of it is sure to need no bash: then a program may be started.
//!
//! Sure is what can be told from the text alone, without the values that a program may change. Nothing runs twice and
//! nothing runs backwards, so what follows a command is what stands behind it, in each of the scripts that are being
//! executed.

use super::Shell;
use crate::eval::parse::names::{has_default, is_assignable, is_bashs_own};
use crate::eval::parse::{
    AndOr, Assignment, Call, Command, Condition, Expansion, Export, List, Part, Piece, Pipeline,
    Programs, Redirect, Substitution, Word,
};
use crate::eval::stdlib;

/// A script that is being executed.
#[derive(Debug)]
pub struct Frame {
    /// As bash would call it in a message.
    pub name: Vec<u8>,
    /// The command that runs.
    pub at: usize,
    /// The last command that is not sure.
    unsure: Option<usize>,
    programs: Vec<(usize, Vec<u8>)>,
}

impl Frame {
    pub fn of(name: &[u8], script: &List) -> Self {
        let mut frame = Self { name: name.to_vec(), at: 0, unsure: None, programs: Vec::new() };
        frame.read_list(script);
        frame
    }

    /// Whether all behind the running command is sure; with `itself`, that command, too.
    pub fn is_sure(&self, itself: bool) -> bool {
        self.unsure.is_none_or(|unsure| unsure < self.at || (unsure == self.at && !itself))
    }

    /// The programs that may be started from here on.
    pub fn programs(&self) -> impl Iterator<Item = &[u8]> {
        self.programs.iter().filter(|(at, _)| *at >= self.at).map(|(_, name)| name.as_slice())
    }

    fn read_list(&mut self, list: &List) {
        for AndOr { first, rest } in list {
            self.read_pipeline(first);
            for (_, pipeline) in rest {
                self.read_pipeline(pipeline);
            }
        }
    }

    fn read_pipeline(&mut self, pipeline: &Pipeline) {
        if let Command::If { branches, otherwise } = &pipeline.command {
            for (condition, body) in branches {
                self.read_list(condition);
                self.read_list(body);
            }
            self.read_list(otherwise);
            return;
        }
        let mut sight = Sight { programs: Vec::new() };
        if !sight.is_sure(&pipeline.command) {
            self.unsure = Some(pipeline.at);
        }
        self.programs.extend(sight.programs.into_iter().map(|name| (pipeline.at, name)));
    }
}

/// One look at a command.
struct Sight {
    programs: Vec<Vec<u8>>,
}

impl Sight {
    fn is_sure(&mut self, command: &Command) -> bool {
        match command {
            Command::Assign(assignments) => {
                assignments.iter().all(|assignment| self.is_sure_assignment(assignment))
            }
            Command::Export(exports) => exports.iter().all(|export| match export {
                Export::Name(name) => !has_default(name),
                Export::Assignment(assignment) => self.is_sure_assignment(assignment),
            }),
            Command::Unset(names) => names
                .iter()
                .all(|name| !has_default(name) && !stdlib::is_function(name) && name != b"source"),
            Command::Call(call) => self.is_sure_call(call),
            Command::Programs(programs) => self.are_sure(programs),
            Command::Condition(condition) => self.is_sure_condition(condition),
            Command::If { .. } => false,
        }
    }

    fn is_sure_assignment(&mut self, assignment: &Assignment) -> bool {
        assignment.name != b"HOME" && self.is_sure_value(&assignment.value)
    }

    /// A word that is not split.
    fn is_sure_value(&mut self, word: &Word) -> bool {
        word.parts.iter().all(|part| self.is_sure_piece(&part.piece))
    }

    fn is_sure_piece(&mut self, piece: &Piece) -> bool {
        let Piece::Expansion(expansion) = piece else { return true };
        let is_known = |name: &[u8]| !matches!(name, b"SHELL" | b"TERM");
        match &**expansion {
            Expansion::Status => true,
            Expansion::Variable(name) | Expansion::Trimmed { name, .. } => is_known(name),
            Expansion::Default { name, default: word, .. }
            | Expansion::Alternative { name, alternative: word, .. } => {
                // Split or not, the word is only a value in here.
                is_known(name)
                    && word.parts.iter().all(|part| part.is_quoted || is_plain(part))
                    && self.is_sure_value(word)
            }
            Expansion::Substitution(substitution) => match substitution {
                Substitution::Pwd | Substitution::LayoutDir => true,
                Substitution::ExpandPath(words) => self.are_sure_arguments(words),
                Substitution::Commands(commands) => {
                    let rest = commands.rest.iter().map(|(_, pipeline)| pipeline);
                    std::iter::once(&commands.first)
                        .chain(rest)
                        .all(|pipeline| self.is_sure(&pipeline.command))
                }
            },
        }
    }

    /// Words of a command: one argument each, whatever the values are.
    fn are_sure_arguments(&mut self, words: &[Word]) -> bool {
        words.iter().all(|word| {
            let is_one = word.parts.iter().all(|part| part.is_quoted || is_plain(part));
            is_one && self.is_sure_value(word)
        })
    }

    fn are_sure(&mut self, programs: &Programs) -> bool {
        programs.calls.iter().all(|call| {
            if is_bashs_own(&call.name) == Some(true) {
                return self.is_sure_call(call);
            }
            self.programs.push(call.name.clone());
            self.are_sure_arguments(&call.arguments)
        })
    }

    fn is_sure_call(&mut self, call: &Call) -> bool {
        let words = call.arguments.as_slice();
        let plain: Vec<Option<&[u8]>> = words.iter().map(text_of).collect();
        self.are_sure_arguments(words)
            && match (call.name.as_slice(), plain.as_slice()) {
                (b"printf", [Some(format), ..]) => is_plain_format(format),
                (b"[", [.., Some(b"]")]) => is_sure_test(&words[..words.len() - 1]),
                (b"test", _) => is_sure_test(words),
                (b"echo", [] | [_])
                | (b"exit" | b"return", [] | [Some(b"0" | b"1" | b"2")])
                | (b"pwd", [])
                | (
                    b":" | b"true" | b"false" | b"log_status" | b"log_error" | b"watch_file"
                    | b"PATH_add" | b"expand_path" | b"direnv_layout_dir",
                    _,
                ) => true,
                (b"path_add", [Some(name), ..]) => {
                    crate::env::is_name(name) && is_assignable(name) && !has_default(name)
                }
                (b"has", [Some(name)]) => is_bashs_own(name).is_some() && !name.starts_with(b"__"),
                (b"command", [Some(b"-v"), Some(name)]) => {
                    is_bashs_own(name).is_some()
                        && !name.starts_with(b"-")
                        && !name.starts_with(b"__")
                        && call.redirects.contains(&Redirect::ToNull { from: 1 })
                }
                (b"env_vars_required", names) => {
                    names.iter().all(|name| name.is_some_and(is_assignable))
                }
                (b"echo", [first, ..]) => {
                    first_letter(&words[0], *first).is_some_and(|letter| letter != b'-')
                }
                _ => false,
            }
    }

    fn is_sure_condition(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::All(all) | Condition::Any(all) => {
                all.iter().all(|one| self.is_sure_condition(one))
            }
            Condition::Not(condition) => self.is_sure_condition(condition),
            Condition::Unary { operator, word } => {
                self.is_sure_value(word) && is_sure_of(*operator, word)
            }
            Condition::Equal { left, right, .. } => {
                let is_text = right.parts.iter().all(|part| part.is_quoted || is_plain(part));
                self.is_sure_value(left) && self.is_sure_value(right) && is_text
            }
        }
    }
}

/// Whether the unquoted part stays one word, and no pattern. The two directories are looked at before it counts.
fn is_plain(part: &Part) -> bool {
    match &part.piece {
        Piece::Text(_) | Piece::Tilde => true,
        Piece::Expansion(expansion) => match &**expansion {
            Expansion::Status | Expansion::Substitution(Substitution::Pwd) => true,
            Expansion::Variable(name) => name == b"PWD" || name == b"HOME",
            _ => false,
        },
    }
}

/// The text of a word without expansions, in quotes or not.
fn text_of(word: &Word) -> Option<&[u8]> {
    match word.parts.as_slice() {
        [] => Some(b""),
        [Part { piece: Piece::Text(text), .. }] => Some(text),
        _ => None,
    }
}

fn first_letter(word: &Word, text: Option<&[u8]>) -> Option<u8> {
    match word.parts.first()? {
        Part { piece: Piece::Text(text), .. } => text.first().copied(),
        Part { piece: Piece::Tilde, .. } => Some(b'/'),
        Part { piece: Piece::Expansion(_), .. } => text?.first().copied(),
    }
}

/// Files below `/dev` may be descriptors of bash.
fn is_sure_of(operator: u8, word: &Word) -> bool {
    match operator {
        b'n' | b'z' => true,
        b'd' | b'e' | b'f' | b'h' | b'L' | b'r' | b's' | b'w' | b'x' => match word.parts.first() {
            Some(Part { piece: Piece::Text(text), .. }) => {
                !text.is_empty() && !text.starts_with(b"/dev") && text != b"/"
            }
            Some(part) => is_plain(part),
            None => false,
        },
        _ => false,
    }
}

/// By the number of words, as the words themselves are sure.
fn is_sure_test(words: &[Word]) -> bool {
    let plain: Vec<Option<&[u8]>> = words.iter().map(text_of).collect();
    match plain.as_slice() {
        [Some([b'-', operator]), _] => is_sure_of(*operator, &words[1]),
        [Some(b"!"), Some([b'-', operator]), _] => is_sure_of(*operator, &words[2]),
        []
        | [_]
        | [_, Some(b"=" | b"==" | b"!="), _]
        | [Some(b"!"), _, Some(b"=" | b"==" | b"!="), _] => true,
        _ => false,
    }
}

fn is_plain_format(format: &[u8]) -> bool {
    let mut rest = format;
    loop {
        rest = match rest {
            [] => return !format.starts_with(b"-"),
            [b'%', b's' | b'%', after @ ..] | [b'\\', b'n' | b't' | b'\\', after @ ..] => after,
            [b'%' | b'\\', ..] => return false,
            [_, after @ ..] => after,
        };
    }
}

impl Shell<'_> {
    /// Why a program may not be started now; `None` when nothing can need bash any more.
    pub fn doubt(&self) -> Option<&'static str> {
        let innermost = self.frames.len().saturating_sub(1);
        let in_words = !self.captures.is_empty();
        let is_sure = self
            .frames
            .iter()
            .enumerate()
            .all(|(depth, frame)| frame.is_sure(depth == innermost && in_words));
        let is_plain = |name: &[u8]| {
            self.variables.get(name).is_some_and(|dir| {
                dir.starts_with(b"/")
                    && !dir.iter().any(|byte| b" \t\n*?[\\(\x01\x7f".contains(byte))
            })
        };
        // bash measures the window after each program.
        let has_window =
            [&b"COLUMNS"[..], b"LINES"].iter().any(|name| self.variables.is_exported(name));
        match () {
            () if !is_sure => Some("what may follow a program"),
            () if self.exports_all => Some("a program under `set -a`"),
            () if !is_plain(b"HOME") || !is_plain(b"PWD") => Some("a directory with an odd name"),
            () if has_window => Some("the size of the window"),
            () => None,
        }
    }
}
