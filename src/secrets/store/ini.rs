//! sops's idea of an INI file: sections of texts, in order.

use super::{Read, line_of};
use crate::secrets::Output;
use crate::secrets::metadata::{flatten, unflatten};
use crate::secrets::tree::{Branch, Entry, Leaf, Value};
use anyhow::{Result, anyhow, bail};

const DEFAULT: &str = "DEFAULT";
const METADATA: &str = "sops";

/// A branch of sections; what stands above the first one is in `DEFAULT`.
pub fn read(text: &[u8]) -> Result<Branch> {
    let mut reader = Reader { text, at: 0, comments: Vec::new() };
    if text.starts_with(b"\xef\xbb\xbf") {
        reader.at = 3;
    }
    let mut sections: Vec<(String, Branch)> = vec![(DEFAULT.to_string(), Branch::new())];
    while let Some(line) = reader.line() {
        let here = reader.at;
        let line = line.trim_ascii();
        let mistake = |what: &str| anyhow!("line {}: {what}", line_of(text, here - 1));
        match line.first() {
            None => {}
            Some(b'#' | b';') => reader.comments.push(Leaf::comment(comment_text(line))),
            Some(b'[') => {
                let end = line.iter().rposition(|byte| *byte == b']');
                let name = end.and_then(|end| std::str::from_utf8(&line[1..end]).ok());
                let name = name.ok_or_else(|| mistake("a section has no `]`"))?;
                let mut branch = Branch::new();
                branch.extend(reader.comments.drain(..).map(Entry::Comment));
                sections.push((name.trim().to_string(), branch));
            }
            Some(_) => {
                let (name, rest) = split_name(line).ok_or_else(|| mistake("it has no `=`"))?;
                let (value, comment) =
                    reader.value(rest).ok_or_else(|| mistake("a quoted value does not end"))?;
                let Some((_, branch)) = sections.last_mut() else { continue };
                branch.extend(reader.comments.drain(..).map(Entry::Comment));
                branch.extend(comment.map(Leaf::comment).map(Entry::Comment));
                // A name that comes again takes the place of the first, as in sops.
                let value = Value::Leaf(Leaf::string(value));
                let known = branch.iter_mut().find_map(|entry| match entry {
                    Entry::Pair(known, value) if *known == name => Some(value),
                    _ => None,
                });
                match known {
                    Some(known) => *known = value,
                    None => branch.push(Entry::Pair(name, value)),
                }
            }
        }
    }
    if let Some((_, branch)) = sections.last_mut() {
        branch.extend(reader.comments.drain(..).map(Entry::Comment));
    }
    Ok(sections
        .into_iter()
        .map(|(name, branch)| Entry::Pair(name, Value::Branch(branch)))
        .collect())
}

pub fn split_metadata(branch: Branch) -> Result<Read> {
    let (mut kept, mut metadata) = (Branch::new(), None);
    for entry in branch {
        match entry {
            Entry::Pair(name, Value::Branch(section)) if name == METADATA => {
                let flat: Vec<(String, Value)> = section
                    .into_iter()
                    .filter_map(|entry| match entry {
                        Entry::Pair(name, Value::Leaf(leaf)) => {
                            let text = leaf.text.as_str()?.replace("\\n", "\n");
                            Some((name, Value::string(text)))
                        }
                        _ => None,
                    })
                    .collect();
                metadata = Some(unflatten(&flat)?);
            }
            other => kept.push(other),
        }
    }
    Ok(Read { branches: vec![kept], metadata })
}

pub fn write(branch: &[Entry], output: &mut Output) -> Result<()> {
    let mut is_first = true;
    for entry in branch {
        let Entry::Pair(name, value) = entry else { continue };
        let Value::Branch(section) = value else {
            bail!("`{name}` is not in a section, which an INI file needs");
        };
        if name.contains(['\n', ']']) {
            bail!("`{name}` cannot be the name of a section");
        }
        if !is_first {
            output.push("\n");
        }
        if !is_first || name != DEFAULT {
            output.push(format!("[{name}]\n"));
        }
        is_first = section.is_empty() && is_first && name == DEFAULT;
        let names = section.iter().filter_map(|entry| match entry {
            Entry::Pair(name, _) => Some(name.chars().count()),
            Entry::Comment(_) => None,
        });
        let width = names.max().unwrap_or(0);
        for entry in section {
            write_entry(entry, width, output)?;
        }
    }
    Ok(())
}

pub fn write_metadata(metadata: &Branch, output: &mut Output) {
    output.push(format!("\n[{METADATA}]\n"));
    for (name, text) in flatten(metadata) {
        output.push(format!("{name} = {text}\n"));
    }
}

/// Names are filled up to `width` letters, as sops does.
fn write_entry(entry: &Entry, width: usize, output: &mut Output) -> Result<()> {
    match entry {
        Entry::Comment(comment) => {
            output.push("; ");
            output.push(comment.text.bytes().trim_ascii_start());
        }
        Entry::Pair(name, value) => {
            let Some(leaf) = value.leaf() else {
                bail!("`{name}` is a map, a list or null, which an INI file cannot hold");
            };
            let text = leaf.variable();
            output.push(format!("{:width$}", quoted_name(name)?));
            output.push(" = ");
            match quotes_for(text.bytes()) {
                Some(quotes) => {
                    output.push(quotes);
                    output.push(text.bytes());
                    output.push(quotes);
                }
                None => bail!("`{name}` holds all quotes that an INI file has"),
            }
        }
    }
    output.push("\n");
    Ok(())
}

fn quoted_name(name: &str) -> Result<String> {
    let is_plain = !name.is_empty()
        && name.trim() == name
        && !name.contains(['=', ':', '"', '`', '\n'])
        && !name.starts_with(['[', '#', ';']);
    match () {
        () if is_plain => Ok(name.to_string()),
        () if !name.contains(['`', '\n']) => Ok(format!("`{name}`")),
        () => bail!("`{name}` cannot be a name in an INI file"),
    }
}

/// What a value needs around it to be read as it is; `None` when nothing serves.
fn quotes_for(text: &[u8]) -> Option<&'static str> {
    let has = |wanted: &[u8]| text.windows(wanted.len()).any(|part| part == wanted);
    let is_plain = text.trim_ascii() == text
        && !text.contains(&b'\n')
        && !text.contains(&b'\r')
        && !text.ends_with(b"\\")
        && !matches!(text.first(), Some(b'"' | b'\'' | b'`' | b'#' | b';'))
        && !text.contains(&b'#')
        && !text.contains(&b';');
    match () {
        () if is_plain => Some(""),
        () if !text.contains(&b'`') => Some("`"),
        () if !has(b"\"\"\"") && !text.ends_with(b"\"") => Some("\"\"\""),
        () => None,
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Those above the next entry or section.
    comments: Vec<Leaf>,
}

impl<'a> Reader<'a> {
    /// The next line without its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        Some(&rest[..length])
    }

    /// A value and the comment behind it. Quotes of three and backquotes hold line ends; `\` at the end of a line
    /// joins the next.
    fn value(&mut self, first: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let first = first.trim_ascii();
        for quotes in [&b"\"\"\""[..], b"`"] {
            if let Some(rest) = first.strip_prefix(quotes) {
                return self.quoted(rest, quotes).map(|value| (value, None));
            }
        }
        let mut value = first.to_vec();
        while value.ends_with(b"\\") {
            value.pop();
            let Some(next) = self.line() else { break };
            value.extend(next.trim_ascii());
        }
        let comment = value.iter().position(|byte| b"#;".contains(byte));
        let comment = comment.map(|at| {
            let text = comment_text(&value[at..]);
            value.truncate(at);
            text
        });
        let mut value = value.trim_ascii().to_vec();
        for quote in [b'"', b'\''] {
            let is_quoted = value.len() > 1 && value[0] == quote && value.last() == Some(&quote);
            if is_quoted && !value[1..value.len() - 1].contains(&quote) {
                value = value[1..value.len() - 1].to_vec();
            }
        }
        Some((value, comment))
    }

    fn quoted(&mut self, first: &[u8], quotes: &[u8]) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        let mut line = first;
        loop {
            if let Some(end) = line.windows(quotes.len()).position(|part| part == quotes) {
                value.extend(&line[..end]);
                return Some(value);
            }
            value.extend(line);
            value.push(b'\n');
            line = self.line()?;
        }
    }
}

fn comment_text(line: &[u8]) -> Vec<u8> {
    line[1..].trim_ascii().to_vec()
}

/// A name may be quoted; `=` or `:` ends it.
fn split_name(line: &[u8]) -> Option<(String, &[u8])> {
    for quotes in [&b"\"\"\""[..], b"\"", b"`"] {
        if let Some(rest) = line.strip_prefix(quotes) {
            let end = rest.windows(quotes.len()).position(|part| part == quotes)?;
            let after = &rest[end + quotes.len()..];
            let value = after.iter().position(|byte| b"=:".contains(byte))?;
            return Some((
                std::str::from_utf8(&rest[..end]).ok()?.to_string(),
                &after[value + 1..],
            ));
        }
    }
    let end = line.iter().position(|byte| b"=:".contains(byte))?;
    let name = std::str::from_utf8(&line[..end]).ok()?.trim();
    (!name.is_empty()).then(|| (name.to_string(), &line[end + 1..]))
}
