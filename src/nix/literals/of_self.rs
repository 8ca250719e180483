//! `self` in the text of a nix file: the flake as a directory, and as a set of what it gives to others.

use super::application::{function, goes_to_attributes};
use super::behind::{Behind, behind, with_blanks};
use super::code::{self, Code};
use super::{EVALUATING, Mention, Reach, is_bound, is_inherited, reach_of_computed, reach_of_path};

/// Of `self`, what leads to its files, or is another one for each state of them.
const CONTENTS: [&str; 4] = ["inputs", "narHash", "outPath", "sourceInfo"];

pub fn mentions(code: &Code) -> Vec<Mention> {
    let around = |(start, end): (usize, usize)| (&code.text[..start], &code.text[end..]);
    let of_self = code.words("self").map(around).flat_map(|(before, rest)| {
        let whole =
            with_blanks((before, rest)).map(|below| below.trim_start_matches('/').to_string());
        let whole = whole.map(|path| Mention { path, reach: Reach::AllBelow });
        mention(code, (before, rest)).into_iter().chain(whole)
    });
    let is_unknown = |(_, rest): (&str, &str)| {
        is_computed_attribute(rest) || rest.trim_start().starts_with(".\"self\"")
    };
    let of_inputs =
        code.words("inputs").map(around).any(is_unknown) || code.text.contains("getAttr \"self\"");
    let is_above = code.words("dirOf").map(around).any(|(_, rest)| is_above_a_name(rest));
    of_self.chain((of_inputs || is_above).then(all)).collect()
}

/// Whether it, or a set that may hold it, goes somewhere as a whole.
pub fn hands_on(code: &Code) -> bool {
    let goes_on = |(start, end): (usize, usize)| {
        let (before, rest) = (&code.text[..start], &code.text[end..]);
        if is_inherited(before) {
            return !before[before.rfind("inherit").unwrap_or(0)..].contains('(');
        }
        let is_text = before.ends_with("${") || !matches!(behind((before, rest)), Behind::Nothing);
        !is_text && !is_name(before, rest.trim_start())
    };
    let names = ["self", "inputs"].into_iter().chain(whole_sets(code));
    names.into_iter().any(|name| code.words(name).any(goes_on))
}

/// Whether it is asked for something whose name is not written.
pub fn computes_attributes(code: &Code) -> bool {
    code.words("self").any(|(start, end)| {
        is_computed_attribute(&code.text[end..]) || goes_to_attributes(&code.text[..start])
    })
}

/// Whether all is taken that is known of the source of a flake: its commit, too.
pub fn has_whole_source(code: &Code) -> bool {
    let is_whole = |(start, end): (usize, usize)| {
        let (before, next) = (&code.text[..start], code.text[end..].trim_start());
        let names_are_written = next.starts_with(')') && is_inherited(before);
        !next.starts_with('.') && !names_are_written && !is_bound(next)
    };
    code.words("sourceInfo").any(is_whole) || code.text.contains("\"sourceInfo\"")
}

fn all() -> Mention {
    Mention { path: String::new(), reach: Reach::AllBelow }
}

/// It is a directory where it is no set of a flake's outputs.
fn mention(code: &Code, (before, rest): (&str, &str)) -> Option<Mention> {
    if is_inherited(before) {
        let names = rest.split(';').next().unwrap_or_default();
        let has_contents = CONTENTS.iter().any(|name| names.contains(name));
        return (names.trim_start().starts_with(')') && has_contents).then(all);
    }
    let source = rest.strip_prefix(".sourceInfo").unwrap_or(rest);
    let rest = source.strip_prefix(".outPath").unwrap_or(source);
    let next = rest.trim_start();
    let is_quoted = next.strip_prefix(".\"").is_some_and(|attribute| {
        CONTENTS.iter().any(|name| attribute.starts_with(&[name, "\""].concat()))
    });
    if next.starts_with(".narHash") || is_quoted || is_computed_attribute(next) {
        return Some(all());
    }
    if function(before) == "with" {
        return CONTENTS.iter().any(|name| code.has_word(name)).then(all);
    }
    let is_interpolated = before.ends_with("${") && next.starts_with('}');
    if !is_interpolated && is_name(before, next) {
        return None;
    }
    let path = |path: String| path.trim_start_matches('/').to_string();
    match behind((before, rest)) {
        Behind::Path(below) => {
            Some(Mention { path: path(below), reach: reach_of_path(function(before)) })
        }
        Behind::Computed(below) => {
            Some(Mention { path: path(below), reach: reach_of_computed(function(before)) })
        }
        Behind::Nothing => (!EVALUATING.contains(&function(before))).then(all),
    }
}

/// Whether a word only names something: an argument, an attribute, what an attribute is taken from.
fn is_name(before: &str, next: &str) -> bool {
    let behind_brace = next.strip_prefix('}').map(str::trim_start);
    next.starts_with(['.', ',', ':', '@', '?'])
        || is_bound(next)
        || behind_brace.is_some_and(|next| next.starts_with([':', '@']))
        || before.ends_with('@')
        || function(before) == "with"
}

fn is_computed_attribute(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.strip_prefix(".sourceInfo").unwrap_or(rest).starts_with(".${")
}

/// Of `dirOf here`, where no path tells what that may be.
fn is_above_a_name(rest: &str) -> bool {
    let argument = rest.trim_start_matches(|letter: char| letter == '(' || letter.is_whitespace());
    let argument = argument.strip_prefix("builtins.").unwrap_or(argument);
    !argument.starts_with(['.', '/']) && !argument.starts_with("dirOf")
}

/// Names of all arguments together: `{ self, … }@args:`, `outputs = flakes:`.
fn whole_sets(code: &Code) -> Vec<&str> {
    let text = code.text.as_str();
    let name_before = |end: usize| function(&text[..end]);
    let name_behind = |start: usize| {
        let rest = text[start..].trim_start();
        &rest[..rest.find(|letter| !code::is_of_name(letter)).unwrap_or(rest.len())]
    };
    let of_patterns = text
        .match_indices('@')
        .filter(|(at, _)| code.is_code(*at))
        .flat_map(|(at, _)| [name_before(at), name_behind(at + 1)]);
    let of_outputs = code.words("outputs").filter_map(|(_, end)| {
        let value = text[end..].trim_start().strip_prefix('=')?;
        let name = name_behind(text.len() - value.len());
        value.trim_start()[name.len()..].trim_start().starts_with(':').then_some(name)
    });
    of_patterns.chain(of_outputs).filter(|name| !name.is_empty()).collect()
}
