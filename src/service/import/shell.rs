//! Texts that are filled in, as lines of a shell that come to the same.

use super::template::{Hole, Piece, Template};
use super::variables::Variables;
use super::words::Word;
use super::written::Toml;
use std::collections::BTreeSet;

/// What a script of this has in it, a shell reads otherwise than a text that was filled in before.
const NOT_THE_SAME: [&str; 3] = ["'", "\\", "<<"];

/// What stands before each line of a service: its variables and its directory, as far as they are filled in.
#[derive(Clone, Debug, Default)]
pub struct Prelude {
    lines: String,
    /// Names that these lines set, and that mean those outside where they are filled in.
    hidden: BTreeSet<String>,
}

impl Prelude {
    /// Lines are filled in before the variables are set.
    pub fn after(variables: &Variables) -> Self {
        let names = variables.made().map(|(name, _)| name).filter(|name| variables.hide(name));
        Self { hidden: names.map(str::to_string).collect(), ..Self::new(variables, None) }
    }

    /// Lines are filled in when the variables are set.
    pub fn new(variables: &Variables, dir: Option<&Template>) -> Self {
        let made = variables.made().filter(|(name, value)| !passes_on(name, value));
        let made = made.map(|(name, value)| format!(" {name}={}", quoted(value)));
        let made = made.collect::<Vec<_>>().concat();
        // One command, so that none of them sees another.
        let export = if made.is_empty() { String::new() } else { format!("export{made}\n") };
        let enter = dir.map(|dir| format!("CDPATH= cd -- {} || exit\n", quoted(dir)));
        Self { lines: export + &enter.unwrap_or_default(), hidden: BTreeSet::new() }
    }

    /// A line of the service's own.
    pub fn script(&self, script: &Template) -> String {
        if self.hides(script) {
            return format!("set -- {}\n{}eval \"$1\"", quoted(script), self.lines);
        }
        format!("{}{}", self.lines, filled_in(script))
    }

    /// A program with its arguments.
    pub fn program(&self, words: &[Word]) -> String {
        self.with_program("", words)
    }

    /// What a service is; without a shell where nothing is filled in.
    pub fn command(&self, words: &[Word]) -> Toml {
        let fixed: Option<Vec<String>> = words.iter().map(|word| word.joined().text()).collect();
        match fixed {
            Some(words) if self.lines.is_empty() => {
                Toml::List(words.into_iter().map(Toml::Text).collect())
            }
            _ => Toml::Text(self.with_program("exec ", words)),
        }
    }

    fn with_program(&self, exec: &str, words: &[Word]) -> String {
        let shown: Vec<String> = words.iter().map(word).collect();
        let is_split = words.iter().any(Word::is_split);
        let no_glob = if is_split { "set -f\n" } else { "" };
        let shown = shown.join(" ");
        if words.iter().any(|word| self.hides(&word.joined())) {
            return format!("{no_glob}set -- {shown}\n{}{exec}\"$@\"", self.lines);
        }
        format!("{}{no_glob}{exec}{shown}", self.lines)
    }

    fn hides(&self, template: &Template) -> bool {
        template.names().iter().any(|name| self.hidden.contains(*name))
    }
}

/// Whether a variable only stands for the one of its own name, which is there anyhow.
fn passes_on(name: &str, value: &Template) -> bool {
    let own = Hole { name: name.to_string(), other: None };
    value.pieces == [Piece::Hole(own)]
}

/// A script whose text is filled in before a shell reads it.
fn filled_in(script: &Template) -> String {
    if let Some(text) = script.text() {
        return text;
    }
    let is_same = NOT_THE_SAME.iter().all(|syntax| !script.written.contains(syntax))
        && script.holes().all(|hole| hole.other.as_ref().is_none_or(|(_, other)| is_word(other)));
    if !is_same {
        return format!("eval {}", quoted(script));
    }
    let shown = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Odd(text) => text.clone(),
        Piece::Hole(hole) => expansion(hole),
    };
    script.pieces.iter().map(shown).collect()
}

/// Whether it is one word to a shell as it stands.
fn is_word(template: &Template) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=".contains(letter);
    template.text().is_some_and(|text| text.chars().all(letters))
}

fn word(word: &Word) -> String {
    if !word.is_split() {
        return quoted(&word.joined());
    }
    let parts = word.parts.iter().map(|(part, is_quoted)| match part.text() {
        None if !is_quoted => part.holes().map(expansion).collect(),
        Some(text) if text.is_empty() => String::new(),
        _ => quoted(part),
    });
    parts.collect()
}

/// One word.
fn quoted(template: &Template) -> String {
    match template.text() {
        Some(text) => shell_words::quote(&text).into_owned(),
        None => format!("\"{}\"", inside_quotes(template)),
    }
}

fn inside_quotes(template: &Template) -> String {
    let shown = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Odd(text) => escaped(text, "\\\"`$"),
        Piece::Hole(hole) => expansion(hole),
    };
    template.pieces.iter().map(shown).collect()
}

fn expansion(hole: &Hole) -> String {
    let other = hole.other.as_ref().map(|(operator, other)| {
        let shown = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Odd(text) => escaped(text, "\\\"`$}"),
            Piece::Hole(hole) => expansion(hole),
        };
        let other: String = other.pieces.iter().map(shown).collect();
        format!("{operator}{other}")
    });
    format!("${{{}{}}}", hole.name, other.unwrap_or_default())
}

fn escaped(text: &str, letters: &str) -> String {
    let letter = |letter: char| {
        let sign = if letters.contains(letter) { "\\" } else { "" };
        format!("{sign}{letter}")
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    #[track_caller]
    fn script(text: &str, expected: &str) {
        assert_eq!(Prelude::default().script(&Template::filled_in(text)), expected);
    }

    #[track_caller]
    fn line(text: &str, expected: &str) {
        let words = split(&Template::filled_in(text)).map(|line| line.words);
        let shown = words.map(|words| Prelude::default().program(&words));
        assert_eq!(shown.unwrap_or_default(), expected);
    }

    #[test]
    fn scripts_are_filled_in_before_a_shell_reads_them() {
        script("echo $$A $$$$ $(date) 'x'", "echo $A $$ $(date) 'x'");
        script("serve \"$HOST\" ${PORT:-80}", "serve \"${HOST}\" ${PORT:-80}");
        script("echo '${A}' \"$$b\"", "eval \"echo '${A}' \\\"\\$b\\\"\"");
        script("a \\$A", "eval \"a \\\\${A}\"");
        script("a ${A:-b c}", "eval \"a ${A:-b c}\"");
        script("a ${A:-${B-}} `b`", "eval \"a ${A:-${B-}} \\`b\\`\"");
        script("a $? ${1} ${A%b} ${", "a $? ${1} ${A%b} ${");
    }

    #[test]
    fn words_are_split_as_compose_splits_them() {
        line("serve  --a='b c' \"d  e\"f\\ g", "serve '--a=b c' 'd  ef g'");
        line("a '' # b", "a '' '#' b");
        line("a '$$b' \"${C} d\"e", "a '$b' \"${C} de\"");
        line("a ${B:-c d}'${E} *'", "set -f\na ${B:-c d}\"${E} *\"");
        line("a 'b", "");
    }
}
