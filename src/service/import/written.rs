//! TOML as it is written: tables of services, one key a line.

use super::Imported;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toml {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
}

impl Toml {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A time in seconds.
    pub fn seconds(seconds: i64) -> Self {
        Self::Text(format!("{seconds}s"))
    }
}

pub fn text(imported: &Imported) -> String {
    let mut tables = Vec::new();
    if !imported.env.is_empty() {
        tables.push(table("env", &imported.env));
    }
    let list = |files: &[String]| Toml::List(files.iter().map(Toml::text).collect());
    let dotenv = [("files", &imported.dotenv), ("if_exists", &imported.dotenv_if_exists)];
    let dotenv = dotenv.into_iter().filter(|(_, files)| !files.is_empty());
    let dotenv: Vec<_> = dotenv.map(|(key, files)| (key.to_string(), list(files))).collect();
    if !dotenv.is_empty() {
        tables.push(table("dotenv", &dotenv));
    }
    for (name, pairs) in &imported.services {
        tables.push(table(&format!("services.{}", key(name)), pairs));
    }
    tables.join("\n")
}

fn table(name: &str, pairs: &[(String, Toml)]) -> String {
    let lines = pairs.iter().map(|(name, value)| format!("{} = {value}\n", key(name)));
    format!("[{name}]\n{}", lines.collect::<String>())
}

/// Bare where it can be.
fn key(name: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_string() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let letter = |letter: char| match letter {
        '"' => "\\\"".to_string(),
        '\\' => "\\\\".to_string(),
        '\n' => "\\n".to_string(),
        '\t' => "\\t".to_string(),
        letter if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(letter).collect::<String>())
}

impl fmt::Display for Toml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Table(pairs) => {
                let pairs = pairs.iter().map(|(name, value)| format!("{} = {value}", key(name)));
                write!(f, "{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
