//! Writes YAML as sops does: four spaces, plain scalars where they read back, one document after another.

use super::scalar::{is_beyond_kinds, resolve};
use crate::secrets::text::float_with_exponent;
use crate::secrets::tree::{Branch, Entry, Kind, Leaf, Value, has_pairs, has_values};
use crate::secrets::{Output, Secret};
use base64::Engine as _;

/// As YAML 1.1 has them.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Each level stands in by `step` letters, from 2 to 9.
pub fn write(branches: &[Branch], step: usize, output: &mut Output) {
    let output = &mut Lines { output, step };
    for (index, branch) in branches.iter().enumerate() {
        if index > 0 {
            output.push("---\n");
        }
        write_branch(branch, 0, Start::Indented, output);
        if !has_pairs(branch) {
            output.push("{}\n");
        }
    }
}

struct Lines<'a> {
    output: &'a mut Output,
    step: usize,
}

impl Lines<'_> {
    fn push(&mut self, bytes: impl AsRef<[u8]>) {
        self.output.push(bytes);
    }

    /// What stands below a name is indented to the next multiple, also where a dash moved the name.
    fn deeper(&self, indent: usize) -> usize {
        self.step * (indent / self.step + 1)
    }

    /// Of the name of an entry that is indented so far, or of its value.
    fn value(&self, indent: usize) -> Place {
        let below = self.deeper(indent);
        Place { indent: below, takes_hint: below == indent + self.step }
    }
}

/// Whether the first line of a node has its indentation already, behind a dash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Indented,
    Inline,
}

fn write_branch(branch: &[Entry], indent: usize, mut start: Start, output: &mut Lines<'_>) {
    for entry in branch {
        if start == Start::Indented {
            output.push(" ".repeat(indent));
        }
        start = Start::Indented;
        if let Entry::Pair(_, value) = entry {
            push_comments_alone(value, indent, output);
        }
        match entry {
            Entry::Comment(comment) => push_comment(comment, indent, output),
            Entry::Pair(name, value) if is_complex(name) => {
                output.push("? ");
                push_text(name.as_bytes(), output.value(indent), output);
                output.push("\n");
                output.push(" ".repeat(indent));
                output.push(":");
                write_complex_value(value, indent, output);
            }
            Entry::Pair(name, value) => {
                push_text(name.as_bytes(), output.value(indent), output);
                output.push(":");
                write_value(value, indent, output);
            }
        }
    }
}

/// The value of a name: on its line, or below.
fn write_value(value: &Value, indent: usize, output: &mut Lines<'_>) {
    match value {
        Value::Branch(branch) if has_pairs(branch) => {
            output.push("\n");
            write_branch(branch, output.deeper(indent), Start::Indented, output);
        }
        Value::List(list) if has_values(list) => {
            output.push("\n");
            write_list(list, output.deeper(indent), Start::Indented, output);
        }
        other => {
            output.push(" ");
            push_flat(other, output.value(indent), output);
        }
    }
}

/// A name that needs more than a line, or more letters than a reader has to look ahead.
fn is_complex(name: &str) -> bool {
    name.len() > 128 || name.contains(LINE_ENDS)
}

/// The value of such a name, behind a colon of its own.
fn write_complex_value(value: &Value, indent: usize, output: &mut Lines<'_>) {
    let below = output.deeper(indent);
    let gap = " ".repeat(below - indent - 1);
    match value {
        Value::Branch(branch) if has_pairs(branch) => {
            output.push(gap);
            write_branch(branch, below, Start::Inline, output);
        }
        Value::List(list) if has_values(list) => {
            output.push(gap);
            write_list(list, below, Start::Inline, output);
        }
        other => {
            output.push(" ");
            push_flat(other, output.value(indent), output);
        }
    }
}

fn write_list(list: &[Value], indent: usize, mut start: Start, output: &mut Lines<'_>) {
    for value in list {
        if start == Start::Indented {
            output.push(" ".repeat(indent));
        }
        start = Start::Indented;
        match value {
            Value::Leaf(leaf) if leaf.is_comment() => push_comment(leaf, indent, output),
            Value::Branch(branch) if has_pairs(branch) => {
                // A comment between the dash and the map would be read back as another's.
                let count = branch.iter().take_while(|entry| entry.is_comment()).count();
                for comment in branch[..count].iter().filter_map(comment) {
                    push_comment(comment, indent, output);
                    output.push(" ".repeat(indent));
                }
                output.push("- ");
                write_branch(&branch[count..], indent + 2, Start::Inline, output);
            }
            Value::List(inner) if has_values(inner) => {
                let count = inner.iter().take_while(|value| value.is_comment()).count();
                for comment in inner[..count].iter().filter_map(Value::leaf) {
                    push_comment(comment, indent, output);
                    output.push(" ".repeat(indent));
                }
                output.push("- ");
                write_list(&inner[count..], indent + 2, Start::Inline, output);
            }
            other => {
                push_comments_alone(other, indent, output);
                output.push("- ");
                push_flat(other, Place::item(indent), output);
            }
        }
    }
}

/// What needs no entries below, with its line end.
fn push_flat(value: &Value, place: Place, output: &mut Lines<'_>) {
    match value {
        Value::Null => output.push("null\n"),
        Value::Branch(_) => output.push("{}\n"),
        Value::List(_) => output.push("[]\n"),
        Value::Leaf(leaf) => push_leaf(leaf, place, output),
    }
}

/// Those of a map or list that has nothing else stand above it.
fn push_comments_alone(value: &Value, indent: usize, output: &mut Lines<'_>) {
    let comments: Vec<&Leaf> = match value {
        Value::Branch(branch) if !has_pairs(branch) => branch.iter().filter_map(comment).collect(),
        Value::List(list) if !has_values(list) => list.iter().filter_map(Value::leaf).collect(),
        Value::Branch(_) | Value::List(_) | Value::Leaf(_) | Value::Null => Vec::new(),
    };
    for comment in comments {
        push_comment(comment, indent, output);
        output.push(" ".repeat(indent));
    }
}

fn comment(entry: &Entry) -> Option<&Leaf> {
    match entry {
        Entry::Comment(comment) => Some(comment),
        Entry::Pair(..) => None,
    }
}

fn push_leaf(leaf: &Leaf, place: Place, output: &mut Lines<'_>) {
    match leaf.kind {
        Kind::Int | Kind::Time => output.push(leaf.text().bytes()),
        Kind::Bool => output.push(if leaf.is_true() { "true" } else { "false" }),
        Kind::Float => match leaf.text().bytes() {
            b"+Inf" => output.push(".inf"),
            b"-Inf" => output.push("-.inf"),
            b"NaN" => output.push(".nan"),
            b"-0" if leaf.spelling() != leaf.text() => output.push("-0.0"),
            _ => output.push(yaml_float(leaf)),
        },
        Kind::Str | Kind::Comment => {
            push_text(leaf.text().bytes(), place, output);
        }
    }
    output.push("\n");
}

fn yaml_float(leaf: &Leaf) -> String {
    float_with_exponent(leaf.number().unwrap_or_default(), -4, 6)
}

/// The comments of an INI file may have several lines, of which only the first stands without its mark. Those of other
/// files may hold what ends a line in YAML alone, and may not make an entry of what follows.
fn push_comment(comment: &Leaf, indent: usize, output: &mut Lines<'_>) {
    let text = String::from_utf8_lossy(comment.text().bytes());
    output.push("#");
    for (index, line) in text.trim_end_matches('\r').split(LINE_ENDS).enumerate() {
        if index > 0 {
            output.push("\n");
            output.push(" ".repeat(indent));
            output.push(if line.starts_with('#') { "" } else { "# " });
        }
        output.push(line);
    }
    output.push("\n");
}

/// Where a text stands.
#[derive(Clone, Copy)]
struct Place {
    /// Of its lines, where it has several.
    indent: usize,
    /// They stand as far in as a number behind the `|` says.
    takes_hint: bool,
}

impl Place {
    /// As an element of such a list.
    fn item(indent: usize) -> Self {
        Self { indent: indent + 2, takes_hint: false }
    }
}

fn push_text(bytes: &[u8], place: Place, output: &mut Lines<'_>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        output.push("!!binary ");
        output.push(base64::engine::general_purpose::STANDARD.encode(bytes));
        return;
    };
    if text == "<<" {
        output.push("!!merge <<");
    } else if is_literal(text) && (place.takes_hint || !needs_hint(text) || is_empty_lines(text)) {
        push_literal(text, place.indent, output);
    } else if is_ambiguous(text) || !text.chars().all(is_printable) {
        push_quoted(text, output);
    } else if is_plain(text) {
        output.push(text);
    } else {
        output.push("'");
        output.push(Secret::from(text.replace('\'', "''")).bytes());
        output.push("'");
    }
}

fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with('\t')
        && !text.contains(" \n")
        && !text.ends_with(' ')
        && text
            .chars()
            .all(|character| character == '\n' || character == '\t' || is_printable(character))
}

/// Whether its first line does not show where lines begin.
fn needs_hint(text: &str) -> bool {
    text.starts_with([' ', '\n'])
}

/// They stand nowhere, whatever the number says.
fn is_empty_lines(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\n')
}

fn push_literal(text: &str, indent: usize, output: &mut Lines<'_>) {
    let body = text.strip_suffix('\n');
    output.push("|");
    if needs_hint(text) {
        output.push(output.step.to_string());
    }
    output.push(match body {
        None => "-",
        Some(body) if body.is_empty() || body.ends_with('\n') => "+",
        Some(_) => "",
    });
    for line in body.unwrap_or(text).split('\n') {
        output.push("\n");
        if !line.is_empty() {
            output.push(" ".repeat(indent));
            output.push(line);
        }
    }
}

/// Whether somebody would read it as something else than a text, here or by YAML 1.1.
fn is_ambiguous(text: &str) -> bool {
    resolve(text).is_some() || is_beyond_kinds(text) || is_old_boolean(text) || is_base_60(text)
}

/// Whether nothing in it means something to YAML.
fn is_plain(text: &str) -> bool {
    let starts = text.starts_with([
        '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ',
    ]);
    let second = text.chars().nth(1).unwrap_or(' ');
    let is_mark = text.starts_with(['-', '?', ':']) && second == ' ';
    !starts
        && !is_mark
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([' ', ':'])
}

fn is_old_boolean(text: &str) -> bool {
    let is_capital = text.starts_with(|first: char| first.is_ascii_uppercase());
    let lower = text.to_ascii_lowercase();
    let is_word = matches!(lower.as_str(), "y" | "n" | "yes" | "no" | "on" | "off");
    is_word && (text == lower || text == text.to_ascii_uppercase() || is_capital)
}

/// Numbers like `1:30` are sixties in YAML 1.1: `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = digits.split_once(':') else { return false };
    let (sixties, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let is_sixty = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|first: char| first.is_ascii_digit())
        && first.bytes().chain(fraction.bytes()).all(is_digit)
        && sixties.split(':').all(is_sixty)
}

fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn push_quoted(text: &str, output: &mut Lines<'_>) {
    output.push("\"");
    for character in text.chars() {
        let mut buffer = [0; 4];
        match character {
            '"' => output.push("\\\""),
            '\\' => output.push("\\\\"),
            '\n' => output.push("\\n"),
            '\r' => output.push("\\r"),
            '\t' => output.push("\\t"),
            '\0' => output.push("\\0"),
            '\u{7}' => output.push("\\a"),
            '\u{8}' => output.push("\\b"),
            '\u{b}' => output.push("\\v"),
            '\u{c}' => output.push("\\f"),
            '\u{1b}' => output.push("\\e"),
            '\u{85}' => output.push("\\N"),
            '\u{2028}' => output.push("\\L"),
            '\u{2029}' => output.push("\\P"),
            other if is_printable(other) => output.push(other.encode_utf8(&mut buffer)),
            other => match u32::from(other) {
                code @ ..=0xff => output.push(format!("\\x{code:02X}")),
                code @ ..=0xffff => output.push(format!("\\u{code:04X}")),
                code => output.push(format!("\\U{code:08X}")),
            },
        }
    }
    output.push("\"");
}
