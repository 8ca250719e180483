//! What may still follow in a script, and whether all of it is sure to need no bash: then a program may be started.
//!
//! Sure is what can be told from the text alone, without the values that a program may change. Nothing runs twice and
//! nothing runs backwards, so what follows a command is what stands behind it, in each of the scripts that are being
//! executed.

use super::functions::Functions;
use super::{Shell, builtins};
use crate::eval::parse::names::{has_default, is_assignable, is_bashs_own, is_program};
use crate::eval::parse::{
    AndOr, Assignment, Call, Command, Condition, Expansion, Export, FileRedirect, List, Part,
    Piece, Pipeline, Programs, Redirect, Substitution, Word, is_unusual,
};
use crate::eval::stdlib;
use std::rc::Rc;

/// Functions that call each other, and scripts that execute each other.
const DEPTH_LIMIT: usize = 8;

/// A script, or the body of a function, that is being executed.
#[derive(Debug)]
pub struct Frame {
    /// As bash would call it in a message.
    pub name: Vec<u8>,
    /// The command that runs.
    pub at: usize,
    script: Rc<List>,
    dir: Vec<u8>,
}

impl Frame {
    pub fn of(name: &[u8], script: &Rc<List>, dir: &[u8]) -> Self {
        Self { name: name.to_vec(), at: 0, script: Rc::clone(script), dir: dir.to_vec() }
    }
}

/// Whether all of a script is sure.
#[cfg(any(fuzzing, test))]
pub fn is_sure(script: &List) -> bool {
    let mut sight = Sight { is_sure: true, ..Sight::default() };
    sight.read_list(script);
    sight.is_sure
}

/// One look at what follows.
#[derive(Default)]
struct Sight<'a> {
    shell: Option<&'a Shell<'a>>,
    /// What is defined by then.
    functions: Functions,
    dir: Vec<u8>,
    /// What begins before this place ran already.
    from: usize,
    is_sure: bool,
    depth: usize,
    in_words: bool,
}

impl Sight<'_> {
    fn read_list(&mut self, list: &List) {
        for AndOr { first, rest } in list {
            self.read_pipeline(first);
            for (_, pipeline) in rest {
                self.read_pipeline(pipeline);
            }
        }
    }

    fn read_pipeline(&mut self, pipeline: &Pipeline) {
        match &pipeline.command {
            Command::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.read_list(condition);
                    self.read_list(body);
                }
                self.read_list(otherwise);
            }
            Command::Case { word, arms } => {
                if pipeline.at >= self.from {
                    self.is_sure &= self.is_sure_value(word);
                }
                for arm in arms {
                    self.read_list(&arm.body);
                }
            }
            Command::Group(list) => self.read_list(list),
            command if pipeline.at >= self.from => self.is_sure &= self.is_sure(command),
            _ => {}
        }
    }

    /// What a function or another script does. It begins at its own beginning.
    fn read_inner(&mut self, list: &List) -> bool {
        if self.depth == DEPTH_LIMIT {
            return false;
        }
        let from = std::mem::take(&mut self.from);
        self.depth += 1;
        self.read_list(list);
        self.depth -= 1;
        self.from = from;
        self.is_sure
    }

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
            Command::UnsetFunctions(names) => {
                names.iter().all(|name| !stdlib::is_function(name) && name != b"source")
            }
            Command::Call(call) => self.is_sure_call(call) && self.are_sure_redirects(call),
            Command::Programs(programs) | Command::Eval(programs) => self.are_sure(programs),
            Command::Condition(condition) => self.is_sure_condition(condition),
            // What it hides is known when it runs.
            Command::Local(locals) => locals.iter().all(|local| match local {
                Export::Name(_) => false,
                Export::Assignment(assignment) => {
                    !assignment.appends
                        && !has_default(&assignment.name)
                        && self.is_sure_assignment(assignment)
                }
            }),
            Command::If { .. } | Command::Case { .. } | Command::Group(_) => false,
            Command::Function { name, body } => {
                self.functions.define(name, b"", body);
                true
            }
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
            Expansion::Count => self.knows_parameters(),
            Expansion::Variable(name) if name[0].is_ascii_digit() => self.knows_parameters(),
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
                    let before = std::mem::replace(&mut self.in_words, true);
                    let is_sure = std::iter::once(&commands.first)
                        .chain(rest)
                        .all(|pipeline| self.is_sure(&pipeline.command));
                    self.in_words = before;
                    is_sure
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

    fn knows_parameters(&self) -> bool {
        self.depth > 0 || self.shell.is_none_or(|shell| shell.functions.count().is_ok())
    }

    fn are_sure(&mut self, programs: &Programs) -> bool {
        programs.calls.iter().all(|call| {
            if is_bashs_own(&call.name) == Some(true) {
                return self.is_sure_call(call);
            }
            let words_are_sure = self.are_sure_arguments(&call.arguments)
                && self.are_sure_redirects(call)
                && call.variables.iter().all(|assignment| self.is_sure_assignment(assignment));
            let body = self.functions.find(&call.name).map(|function| Rc::clone(&function.body));
            match body {
                Some(body) => {
                    let is_plain = programs.calls.len() == 1
                        && !self.in_words
                        && call.variables.is_empty()
                        && !call
                            .redirects
                            .iter()
                            .any(|redirect| matches!(redirect, Redirect::File(_)));
                    words_are_sure && is_plain && self.read_inner(&body)
                }
                None => words_are_sure,
            }
        })
    }

    fn are_sure_redirects(&mut self, call: &Call) -> bool {
        call.redirects.iter().all(|redirect| match redirect {
            Redirect::ToNull { .. } | Redirect::Duplicate { .. } => true,
            Redirect::File(FileRedirect { file, .. }) => {
                (builtins::only_prints(&call.name) || is_program(&call.name))
                    && self.are_sure_arguments(std::slice::from_ref(file))
                    && match file.parts.first() {
                        Some(Part { piece: Piece::Text(text), .. }) => {
                            !text.is_empty() && !is_unusual(text) && text != b"/"
                        }
                        Some(part) => is_plain(part),
                        None => false,
                    }
            }
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
                | (b"hash", [Some(b"-r")])
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
                (b"dotenv" | b"dotenv_if_exists", [] | [_]) => self.is_sure_dotenv(words.first()),
                (b"source" | b".", [_]) => self.is_sure_script(&words[0]),
                (b"source_env" | b"source_env_if_exists", [_]) => self.is_sure_rc(&words[0]),
                (b"source_up" | b"source_up_if_exists", []) => self.is_sure_rc_above(),
                (b"use", [Some(name), ..]) => self.is_sure_function(&[b"use_", *name].concat()),
                (b"env_vars_required", names) => {
                    names.iter().all(|name| name.is_some_and(is_assignable))
                }
                (b"echo", [first, ..]) => {
                    first_letter(&words[0], *first).is_some_and(|letter| letter != b'-')
                }
                _ => false,
            }
    }

    /// As the file is now. Where a program makes another of it, and that one needs bash, bash runs it all once more.
    fn is_sure_dotenv(&mut self, file: Option<&Word>) -> bool {
        let (Some(shell), Some(file)) = (self.shell, self.file(file)) else { return false };
        stdlib::is_plain_dotenv(shell, &file)
    }

    fn is_sure_script(&mut self, file: &Word) -> bool {
        let Some((shell, file)) = self.shell.zip(self.file(Some(file))) else { return false };
        let script = stdlib::script(shell, &file).ok();
        script.is_some_and(|script| self.read_inner(&script))
    }

    fn is_sure_rc(&mut self, file: &Word) -> bool {
        let Some((shell, file)) = self.shell.zip(self.file(Some(file))) else { return false };
        self.is_sure_rc_at(shell, &file)
    }

    fn is_sure_rc_above(&mut self) -> bool {
        let Some(shell) = self.shell else { return false };
        let above = stdlib::find_above(shell, &self.dir, b".envrc");
        above.is_none_or(|file| self.is_sure_rc_at(shell, &file))
    }

    fn is_sure_rc_at(&mut self, shell: &Shell<'_>, file: &[u8]) -> bool {
        match stdlib::rc(shell, file) {
            Ok(Some((dir, script))) => {
                let before = std::mem::replace(&mut self.dir, dir);
                let is_sure = self.read_inner(&script);
                self.dir = before;
                is_sure
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    fn is_sure_function(&mut self, name: &[u8]) -> bool {
        let body = self.functions.find(name).map(|function| Rc::clone(&function.body));
        body.is_some_and(|body| self.read_inner(&body))
    }

    /// The path that a word comes to, where only directories are put into it; without a word, the directory itself.
    fn file(&self, word: Option<&Word>) -> Option<Vec<u8>> {
        let shell = self.shell?;
        let mut file = Vec::new();
        for part in word.map_or(&[][..], |word| &word.parts) {
            match &part.piece {
                Piece::Text(text) => file.extend(text),
                Piece::Tilde => file.extend(shell.variables.get(b"HOME")?),
                Piece::Expansion(expansion) => match &**expansion {
                    Expansion::Variable(name) if name == b"HOME" => {
                        file.extend(shell.variables.get(b"HOME")?);
                    }
                    Expansion::Variable(name) if name == b"PWD" => file.extend(&self.dir),
                    Expansion::Substitution(Substitution::Pwd) => file.extend(&self.dir),
                    _ => return None,
                },
            }
        }
        Some(match file.as_slice() {
            [b'/', ..] => file,
            _ => [self.dir.as_slice(), b"/", &file].concat(),
        })
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
        [Some(b"-n" | b"-z"), _, Some(b"-o" | b"-a"), Some(b"-n" | b"-z"), _] => {
            [&words[1], &words[4]].iter().all(|word| text_of(word).is_none())
        }
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
    /// Why no program may be started, for what may follow from here on, in each of the scripts that are being executed;
    /// `None` when nothing of that can need bash.
    pub fn doubt_of_remainder(&self) -> Option<&'static str> {
        let mut sight = Sight {
            shell: Some(self),
            functions: self.functions.clone(),
            is_sure: true,
            ..Sight::default()
        };
        let innermost = self.frames.len().saturating_sub(1);
        for (depth, frame) in self.frames.iter().enumerate().rev() {
            // The words of a command are expanded before it runs.
            let itself = depth == innermost && !self.captures.is_empty();
            sight.from = if itself { frame.at } else { frame.at + 1 };
            sight.dir.clone_from(&frame.dir);
            sight.read_list(&frame.script);
        }
        self.doubt(sight.is_sure)
    }

    fn doubt(&self, is_sure: bool) -> Option<&'static str> {
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
