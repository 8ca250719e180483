//! sops's idea of a dotenv file: `NAME=VALUE`, letter for letter, without quotes or `export`.

use super::{Read, line_of};
use crate::secrets::metadata::{flatten, unflatten};
use crate::secrets::tree::{Branch, Entry, Leaf, Value, pairs};
use crate::secrets::{Output, Secret, Source};
use anyhow::{Context as _, Result, anyhow, bail};

/// What the names of its metadata begin with.
pub const METADATA: &str = "sops_";

pub fn read(source: &Source) -> Result<Branch> {
    let text = source.bytes();
    let mut branch = Branch::new();
    let mut at = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let here = at;
        at += line.len() + 1;
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix(b"#") {
            branch.push(Entry::Comment(Leaf::comment(source.part(comment))));
            continue;
        }
        let mistake = |what: &str| anyhow!("line {}: {what}", line_of(text, here));
        let Some(end) = line.iter().position(|byte| *byte == b'=') else {
            return Err(mistake("it has no `=`"));
        };
        let name = std::str::from_utf8(&line[..end]).ok();
        let name = name.ok_or_else(|| mistake("its name is no text"))?;
        let value = Value::Leaf(Leaf::string(unescape(source, &line[end + 1..])));
        branch.push(Entry::Pair(name.into(), value));
    }
    Ok(branch)
}

pub fn split_metadata(mut branch: Branch) -> Result<Read> {
    let is_metadata =
        |entry: &mut Entry| matches!(entry, Entry::Pair(name, _) if name.starts_with(METADATA));
    let flat = branch.extract_if(.., is_metadata).filter_map(|entry| match entry {
        Entry::Pair(name, value) => Some((name[METADATA.len()..].to_string(), value)),
        Entry::Comment(_) => None,
    });
    let flat: Vec<(String, Value)> = flat.collect();
    let metadata = (!flat.is_empty()).then(|| unflatten(&flat)).transpose()?;
    Ok(Read { branches: vec![branch], metadata })
}

pub fn write(branch: &[Entry], output: &mut Output) -> Result<()> {
    for entry in branch {
        match entry {
            Entry::Comment(comment) => {
                output.push("#");
                push_escaped(comment.text().bytes(), output);
            }
            // As a variable that is not set.
            Entry::Pair(_, Value::Null) => continue,
            Entry::Pair(name, value) => {
                if name.contains('=') || name.contains('\n') || name.starts_with('#') {
                    bail!("`{name}` cannot be a name in a dotenv file");
                }
                let leaf = value.leaf().with_context(|| {
                    format!("`{name}` is a map or a list, which a dotenv file cannot hold")
                })?;
                output.push(name);
                output.push("=");
                push_escaped(leaf.variable().bytes(), output);
            }
        }
        output.push("\n");
    }
    Ok(())
}

/// Nothing that is to be kept may be left out.
pub fn check_whole(branch: &[Entry]) -> Result<()> {
    match pairs(branch).find(|(_, value)| **value == Value::Null) {
        Some((name, _)) => bail!("`{name}` is null, which a dotenv file cannot hold"),
        None => Ok(()),
    }
}

pub fn write_metadata(metadata: &Branch, output: &mut Output) {
    for (name, text) in flatten(metadata) {
        output.push(format!("{METADATA}{name}={text}\n"));
    }
}

/// The two characters `\n` are the only escape.
fn unescape(source: &Source, value: &[u8]) -> Secret {
    if !value.windows(2).any(|two| two == b"\\n") {
        return source.part(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.windows(2).position(|two| two == b"\\n") {
        plain.extend(&rest[..at]);
        plain.push(b'\n');
        rest = &rest[at + 2..];
    }
    plain.extend(rest);
    plain.into()
}

fn push_escaped(text: &[u8], output: &mut Output) {
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            output.push("\\n");
        }
        output.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_counts() {
        let text = &b"# c\n\nexport A=\"x\" # y\nB=a\\nb=\r\n=empty"[..];
        let branch = read(&text.into()).unwrap();
        let pair = |name: &str, text: &str| Entry::Pair(name.into(), Value::string(text));
        assert_eq!(
            branch,
            [
                Entry::Comment(Leaf::comment(" c")),
                pair("export A", "\"x\" # y"),
                pair("B", "a\nb=\r"),
                pair("", "empty"),
            ]
        );
    }

    #[test]
    fn a_line_without_a_value_is_a_mistake() {
        assert_eq!(read(&b"A=1\nB"[..].into()).unwrap_err().to_string(), "line 2: it has no `=`");
    }
}
