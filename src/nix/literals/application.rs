//! What stands before an argument in the text of a nix file: the function, and more arguments of it.

use super::code::is_of_name;
use std::path::Path;

/// What stands before a value that is no argument.
const KEYWORDS: [&str; 10] =
    ["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"];

/// The last word before an argument or a string of it, without what it is an attribute of.
pub fn function(before: &str) -> &str {
    let before = before.strip_suffix("\"${").unwrap_or(before);
    let before = before.trim_end_matches(|letter: char| letter == '(' || letter.is_whitespace());
    last_name(before)
}

/// Whether a value goes to a function, which binds closer than any operator behind it.
pub fn is_argument(before: &str) -> bool {
    let before = before.trim_end();
    match before.chars().next_back() {
        Some(')' | ']' | '}' | '"') => true,
        Some(letter) => is_of_name(letter) && !KEYWORDS.contains(&last_name(before)),
        None => false,
    }
}

/// Without a function and what it is an attribute of.
pub fn without_function<'a>(before: &'a str, function: &str) -> &'a str {
    let before = before.trim_end();
    let before = before.strip_suffix(function).unwrap_or(before);
    before.trim_end_matches(|letter| is_of_name(letter) || letter == '.')
}

/// Whether a path is the argument of a function, which may be one that reads. In lists and sets there are modules.
pub fn is_read(before: &str) -> bool {
    let before = before.trim_end();
    let function = function(before);
    let is_of_a_path = before[..before.len() - function.len()].ends_with(['.', '/'])
        && before.rsplit(char::is_whitespace).next().is_some_and(|word| word.contains('/'));
    before.ends_with('(') || !function.is_empty() && !is_of_a_path && !KEYWORDS.contains(&function)
}

/// The function that is called with a set, or with a function that gives one.
pub fn callee(before: &str) -> &str {
    let before = before.trim_end_matches("rec").trim_end();
    let argument = before.strip_suffix(':').map(|before| before.trim_end_matches(is_of_name));
    function(argument.unwrap_or(before))
}

/// Whether an argument goes to a function that goes through the attributes of it, or takes some that have to be computed.
pub fn goes_to_attributes(mut before: &str) -> bool {
    if before.ends_with('.') {
        before = before.trim_end_matches(|letter| is_of_name(letter) || letter == '.');
    }
    let mut has_names = false;
    while is_argument(before) {
        before = before.trim_end();
        let word = last_name(before);
        if word.is_empty() {
            let argument;
            (before, argument) = last_group(before);
            has_names |= argument.starts_with('"') && !argument.contains("${");
        } else if word.contains("ttr") {
            return !has_names;
        } else {
            before = without_function(before, word);
        }
    }
    false
}

pub fn is_nix_file(literal: &str) -> bool {
    Path::new(literal).extension().is_some_and(|extension| extension == "nix")
}

fn last_name(before: &str) -> &str {
    &before[before.trim_end_matches(is_of_name).len()..]
}

/// A text without what its last bracket or quote ends, and that.
fn last_group(text: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => depth -= 1,
            '"' if depth == 0 && at + 1 == text.len() => continue,
            '"' if depth == 0 => return text.split_at(at),
            _ => continue,
        }
        if depth <= 0 && !text.ends_with('"') {
            return text.split_at(at);
        }
    }
    ("", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_told_from_other_values() {
        for before in ["f ", "f.g (x) ", "f { a = 1; } ", "f \"x\" ", "f [ ] "] {
            assert!(is_argument(before), "{before}");
        }
        for before in ["", "= ", "x: ", "(", "if a then ", "a.b or ", "++ ", "\"${", "let x; in "] {
            assert!(!is_argument(before), "{before}");
        }
    }

    #[test]
    fn functions_that_go_through_attributes_are_known_by_their_name() {
        for before in [
            "builtins.attrNames ",
            "mapAttrs (n: v: [ v ]) ",
            "removeAttrs inputs.",
            "getAttr name ",
            "hasAttr \"${n}\" ",
            "filterAttrs (n: _: n != \"x\") (",
        ] {
            let before = before.strip_suffix('(').unwrap_or(before);
            assert!(goes_to_attributes(before), "{before}");
        }
        for before in ["", "f ", "getAttr \"packages\" ", "mapAttrs f x; a = ", "f (attrNames x) "]
        {
            assert!(!goes_to_attributes(before), "{before}");
        }
    }
}
