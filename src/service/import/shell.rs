//! What Compose fills in itself, `${NAME:-default}` and `$$`, as a shell's line that comes to the same.

use super::{Toml, pairs, text};
use crate::secrets::Branch;

/// For a shell: it knows `${NAME:-default}`, and `$$` stands for `$`.
pub fn plain(text: &str) -> String {
    text.replace("$$", "$")
}

/// Whether Compose would fill something in.
fn is_filled_in(text: &str) -> bool {
    let text = text.replace("$$", "");
    let names = text.split('$').skip(1);
    names.into_iter().any(|rest| {
        rest.starts_with(|letter: char| {
            letter == '{' || letter == '_' || letter.is_ascii_alphabetic()
        })
    })
}

/// A word of a shell's line.
pub fn quoted(word: &str) -> String {
    if !is_filled_in(word) {
        return shell_words::quote(&plain(word)).into_owned();
    }
    let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`");
    format!("\"{}\"", word.replace("$$", "\\$"))
}

/// A program with its arguments, without a shell where nothing is filled in.
pub fn line_of(words: &[String], exported: &str) -> Option<Toml> {
    if words.is_empty() {
        return None;
    }
    if exported.is_empty() && !words.iter().any(|word| is_filled_in(word)) {
        let words = words.iter().map(|word| Toml::Text(plain(word)));
        return Some(Toml::List(words.collect()));
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Some(Toml::Text(format!("{exported}exec {}", words.join(" "))))
}

/// Lines for the variables that are made of others. One that only passes on its own name is there anyhow.
pub fn exported(environment: &Branch) -> String {
    let made = pairs(environment).filter_map(|(name, value)| Some((name, text(value)?)));
    let made = made.filter(|(name, value)| is_filled_in(value) && !passes_on(name, value));
    let lines = made.map(|(name, value)| format!("export {name}={}\n", quoted(&value)));
    lines.collect::<Vec<_>>().concat()
}

/// The variables that stand for themselves.
pub fn pass_through(environment: &Branch) -> Vec<(String, Toml)> {
    let all = pairs(environment).filter_map(|(name, value)| Some((name, text(value)?)));
    let fixed = all.filter(|(_, value)| !is_filled_in(value));
    fixed.map(|(name, value)| (name.to_string(), Toml::Text(plain(&value)))).collect()
}

fn passes_on(name: &str, value: &str) -> bool {
    value == format!("${name}") || value == format!("${{{name}}}")
}
