//! `envr.toml`: its tables, taken apart key by key, and the place of every mistake in it.

use crate::config::parse_duration;
use crate::error::Hinted;
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a project may declare beside, or in place of, its `.envrc`.
pub const NAME: &str = "envr.toml";

/// All that may stand at the top of one, each read where its subject is.
const TABLES: [&str; 6] = ["dotenv", "env", "nix", "path", "secrets", "services"];

/// The text of one file, which its tables borrow from.
#[derive(Debug)]
pub struct Document {
    pub path: PathBuf,
    text: String,
}

/// A table whose keys are taken one by one; what nobody asked for is a mistake.
#[derive(Debug)]
pub struct Table<'a> {
    document: &'a Document,
    /// As it is written in messages: `services.web.`, or nothing for the file itself.
    prefix: String,
    /// Bytes from the start of the text.
    at: usize,
    entries: BTreeMap<String, Value<'a>>,
    asked: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Value<'a> {
    document: &'a Document,
    /// Its key with the tables it stands in.
    pub name: String,
    /// Bytes from the start of the text; of its key, and its own.
    key_at: usize,
    at: usize,
    content: DeValue<'a>,
}

impl Document {
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_string(),
            Err(error) => {
                let (good, _) = bytes.split_at(error.valid_up_to());
                let text = String::from_utf8_lossy(good).into_owned();
                let at = text.len();
                let document = Self { path: path.to_path_buf(), text };
                return Err(document.mistake(at, "this is not UTF-8"));
            }
        };
        Ok(Self { path: path.to_path_buf(), text })
    }

    /// The file's own tables. Whoever reads one of them sees to it that there is none which nobody reads.
    pub fn tables(&self) -> Result<Table<'_>> {
        let tables = self.table()?;
        tables.check(&TABLES)?;
        Ok(tables)
    }

    fn table(&self) -> Result<Table<'_>> {
        match DeTable::parse(&self.text) {
            Ok(table) => Ok(Table::new(self, String::new(), 0, table.into_inner())),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                Err(self.mistake(at, &error.message().replace('\n', ", ")))
            }
        }
    }

    /// An error that shows where in the file it is.
    pub fn mistake(&self, at: usize, message: &str) -> anyhow::Error {
        Hinted::new(
            format!("could not read `{}`: {message}", self.place(at)),
            format!("$EDITOR {}", self.path.display()),
        )
        .into()
    }

    /// `PATH:LINE:COLUMN`, which count from 1, columns in characters.
    fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }
}

impl<'a> Table<'a> {
    fn new(document: &'a Document, prefix: String, at: usize, table: DeTable<'a>) -> Self {
        let entry = |(key, value): (Spanned<_>, Spanned<_>)| {
            let (key_at, at) = (key.span().start, value.span().start);
            let key: std::borrow::Cow<str> = key.into_inner();
            let name = format!("{prefix}{key}");
            let value = Value { document, name, key_at, at, content: value.into_inner() };
            (key.into_owned(), value)
        };
        let entries = table.into_iter().map(entry).collect();
        Self { document, prefix, at, entries, asked: Vec::new() }
    }

    pub fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        self.entries.remove(key)
    }

    pub fn table(&mut self, key: &'static str) -> Result<Option<Self>> {
        self.take(key).map(Value::table).transpose()
    }

    pub fn string(&mut self, key: &'static str) -> Result<Option<String>> {
        self.take(key).map(Value::string).transpose()
    }

    pub fn strings(&mut self, key: &'static str) -> Result<Vec<String>> {
        self.take(key).map(Value::strings).transpose().map(Option::unwrap_or_default)
    }

    pub fn bool(&mut self, key: &'static str) -> Result<Option<bool>> {
        self.take(key).map(Value::bool).transpose()
    }

    pub fn number(&mut self, key: &'static str) -> Result<Option<u32>> {
        self.take(key).map(Value::number).transpose()
    }

    pub fn duration(&mut self, key: &'static str) -> Result<Option<Duration>> {
        self.take(key).map(Value::duration).transpose()
    }

    /// A mistake of the table as a whole.
    pub fn mistake(&self, message: &str) -> anyhow::Error {
        let name = self.prefix.trim_end_matches('.');
        self.document.mistake(self.at, &format!("`{name}`: {message}"))
    }

    /// As `into_entries`, of a table of variables.
    pub fn into_variables(self) -> Result<impl Iterator<Item = (String, Value<'a>)>> {
        let entries: Vec<_> = self.into_entries().collect();
        for (name, value) in &entries {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(value.mistake(&format!("`{name}` cannot be a variable's name")));
            }
        }
        Ok(entries.into_iter())
    }

    /// Whatever keys there are: a table of the user's own names.
    pub fn into_entries(self) -> impl Iterator<Item = (String, Value<'a>)> {
        self.entries.into_iter()
    }

    /// A mistake where a key is left that nobody asked for.
    pub fn finish(self) -> Result<()> {
        // What was taken is not among the entries any more.
        self.check(&self.asked)
    }

    fn check(&self, known: &[&'static str]) -> Result<()> {
        let unknown = self.entries.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        let first = unknown.min_by_key(|(_, value)| value.key_at);
        let Some((key, value)) = first else { return Ok(()) };
        let hint = match did_you_mean(key, known.iter().copied()) {
            far if far.is_empty() => format!("; known are {}", quoted(known.iter().copied())),
            near => near,
        };
        let message = format!("unknown key `{}{key}`{hint}", self.prefix);
        Err(value.key_mistake(&message))
    }
}

impl<'a> Value<'a> {
    pub fn mistake(&self, message: &str) -> anyhow::Error {
        self.document.mistake(self.at, message)
    }

    /// A mistake of its key.
    pub fn key_mistake(&self, message: &str) -> anyhow::Error {
        self.document.mistake(self.key_at, message)
    }

    /// `PATH:LINE:COLUMN` of its key.
    pub fn key_place(&self) -> String {
        self.document.place(self.key_at)
    }

    pub fn place(&self) -> String {
        self.document.place(self.at)
    }

    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.document.text[..self.at].matches('\n').count() + 1
    }

    pub fn is_string(&self) -> bool {
        matches!(self.content, DeValue::String(_))
    }

    pub fn is_table(&self) -> bool {
        matches!(self.content, DeValue::Table(_))
    }

    pub fn is_bool(&self) -> bool {
        matches!(self.content, DeValue::Boolean(_))
    }

    /// The elements of an array, or the one value that stands in its place.
    pub fn items(self) -> Vec<Self> {
        let Self { document, name, key_at, at, content } = self;
        match content {
            DeValue::Array(array) => {
                let item = |item: Spanned<DeValue<'a>>| {
                    let at = item.span().start;
                    Value { document, name: name.clone(), key_at, at, content: item.into_inner() }
                };
                array.into_iter().map(item).collect()
            }
            content => vec![Value { document, name, key_at, at, content }],
        }
    }

    pub fn table(self) -> Result<Table<'a>> {
        match self.content {
            DeValue::Table(table) => {
                Ok(Table::new(self.document, format!("{}.", self.name), self.at, table))
            }
            _ => Err(self.is_not("a table")),
        }
    }

    pub fn string(self) -> Result<String> {
        self.text().map(str::to_string)
    }

    pub fn text(&self) -> Result<&str> {
        match &self.content {
            DeValue::String(text) if text.contains('\0') => {
                Err(self.mistake(&format!("`{}` holds a NUL", self.name)))
            }
            DeValue::String(text) => Ok(text),
            _ => Err(self.is_not("a string")),
        }
    }

    /// One string, or an array of them.
    pub fn strings(self) -> Result<Vec<String>> {
        self.items().into_iter().map(Self::string).collect()
    }

    pub fn bool(self) -> Result<bool> {
        match &self.content {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.is_not("`true` or `false`")),
        }
    }

    /// A whole number that is not negative.
    pub fn number(self) -> Result<u32> {
        let number = match &self.content {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.is_not("a whole number that is not negative"))
    }

    /// A string such as `500ms` or `1m30s`.
    pub fn duration(self) -> Result<Duration> {
        let duration = match &self.content {
            DeValue::String(text) if !text.starts_with('-') => parse_duration(text),
            _ => None,
        };
        duration.ok_or_else(|| self.is_not("a duration such as `\"5s\"` or `\"1m30s\"`"))
    }

    /// A variable's value: `None` for `false`, which takes the variable away.
    pub fn variable(self) -> Result<Option<String>> {
        match &self.content {
            DeValue::Boolean(false) => Ok(None),
            DeValue::Integer(number) => Ok(Some(number.to_string())),
            DeValue::String(_) => self.string().map(Some),
            _ => Err(self.is_not("a string, a whole number or `false`")),
        }
    }

    /// One of several words.
    pub fn one_of<T: Copy>(self, words: &[(&'static str, T)]) -> Result<T> {
        let text = match &self.content {
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.is_not("a string")),
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*meaning);
        }
        let known = quoted(words.iter().map(|(word, _)| *word));
        let hint = did_you_mean(&text, words.iter().map(|(word, _)| *word));
        Err(self.mistake(&format!("`{}` is `{text}`, not one of {known}{hint}", self.name)))
    }

    fn is_not(&self, wanted: &str) -> anyhow::Error {
        let found = match &self.content {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        if wanted == found || matches!(&self.content, DeValue::String(_)) {
            return self.mistake(&format!("`{}` is not {wanted}", self.name));
        }
        self.mistake(&format!("`{}` is {found}, not {wanted}", self.name))
    }
}

/// `; did you mean …?` where a known word is near.
pub fn did_you_mean<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> String {
    let near = known
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(word.len()) / 3 + 1)
        .min();
    near.map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}

fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let document = Document::new(Path::new("/p/envr.toml"), text.as_bytes());
        let read = document.and_then(|document| {
            let mut table = document.table()?;
            if let Some(mut inner) = table.table("inner")? {
                inner.string("word")?;
                inner.number("count")?;
                inner.duration("time")?;
                inner
                    .take("kind")
                    .map(|kind| kind.one_of(&[("one", 1), ("two", 2)]))
                    .transpose()?;
                inner.finish()?;
            }
            table.finish()
        });
        let said = read.map_or_else(|error| error.to_string(), |()| "read".to_string());
        assert_eq!(said.replace("could not read `/p/envr.toml:", "`"), expected);
    }

    #[test]
    fn mistakes_have_a_place() {
        check("[inner]\nword = 'a'\ncount = 0x10\ntime = '1m'\nkind = 'two'\n", "read");
        check("[inner]\n  wrod = 'a'\n", "`2:3`: unknown key `inner.wrod`; did you mean `word`?");
        check("[iner]\n", "`1:2`: unknown key `iner`; did you mean `inner`?");
        check("zzz = 1\n", "`1:1`: unknown key `zzz`; known are `inner`");
        check("inner = 1\n", "`1:9`: `inner` is a whole number, not a table");
        check("[inner]\nword = ['a']\n", "`2:8`: `inner.word` is an array, not a string");
        check(
            "[inner]\ncount = -1\n",
            "`2:9`: `inner.count` is a whole number, not a whole number that is not negative",
        );
        check(
            "[inner]\ntime = 'soon'\n",
            "`2:8`: `inner.time` is not a duration such as `\"5s\"` or `\"1m30s\"`",
        );
        check(
            "[inner]\nkind = 'tow'\n",
            "`2:8`: `inner.kind` is `tow`, not one of `one`, `two`; did you mean `two`?",
        );
        check("[inner]\n# é\nword 'é'\n", "`3:6`: key with no value, expected `=`");
        check("[inner]\nword = \"a\\u0000\"\n", "`2:8`: `inner.word` holds a NUL");
    }

    #[test]
    fn what_is_not_text_has_a_place() {
        let error = Document::new(Path::new("/p/envr.toml"), b"a = 1\nb = '\xff'").unwrap_err();
        assert_eq!(error.to_string(), "could not read `/p/envr.toml:2:6`: this is not UTF-8");
    }
}
