//! sops's idea of an INI file: sections of texts, in order.

use super::{Read, hash_of, line_of};
use crate::secrets::metadata::{flatten, unflatten};
use crate::secrets::tree::{Branch, Entry, Leaf, Name, Value, pairs};
use crate::secrets::{Output, Secret, Source};
use anyhow::{Result, anyhow, bail};
use std::borrow::Cow;
use std::collections::BTreeMap;

const DEFAULT: &str = "DEFAULT";
const METADATA: &str = "sops";

/// A branch of sections; what stands above the first one is in `DEFAULT`. As in sops, all comments of an entry are one,
/// behind it, those of a section its first entry, and what follows the last entry is lost.
pub fn read(source: &Source) -> Result<Branch> {
    let text = source.bytes();
    let mut reader = Reader { text, at: 0, comments: Vec::new() };
    if text.starts_with(b"\xef\xbb\xbf") {
        reader.at = 3;
    }
    let mut sections = Sections::default();
    while let Some(line) = reader.line() {
        let here = reader.at;
        let line = trim_start(line);
        let mistake = |what: &str| anyhow!("line {}: {what}", line_of(text, here - 1));
        match line.first() {
            None => {}
            Some(b'#' | b';') => reader.comments.push(trim(line).to_vec()),
            Some(b'[') => {
                let name = reader.section(line).ok_or_else(|| mistake("a section has no `]`"))?;
                sections.begin(name, reader.comment());
            }
            Some(_) => {
                let (name, rest) = split_name(line).ok_or_else(|| mistake("it has no `=`"))?;
                let (value, comment) =
                    reader.value(rest).ok_or_else(|| mistake("a quoted value does not end"))?;
                reader.comments.extend(comment);
                let value = Value::Leaf(Leaf::string(source.part(&value)));
                sections.push(name, value, reader.comment());
            }
        }
    }
    Ok(sections.into_branch())
}

pub fn split_metadata(mut branch: Branch) -> Result<Read> {
    let is_metadata = |entry: &mut Entry| matches!(entry, Entry::Pair(name, Value::Branch(_)) if name == METADATA);
    let mut metadata = None;
    for entry in branch.extract_if(.., is_metadata) {
        if let Entry::Pair(_, Value::Branch(section)) = entry {
            let texts = pairs(&section).filter_map(|(name, value)| {
                let text = value.text()?.replace("\\n", "\n");
                Some((name.to_string(), Value::string(text)))
            });
            metadata = Some(unflatten(&texts.collect::<Vec<_>>())?);
        }
    }
    Ok(Read { branches: vec![branch], metadata })
}

pub fn write(branch: &[Entry], output: &mut Output) -> Result<()> {
    let mut is_first = true;
    for (name, value) in pairs(branch) {
        let Value::Branch(section) = value else {
            bail!("`{name}` is not in a section, which an INI file needs");
        };
        if name.contains(['\n', ']']) {
            bail!("`{name}` cannot be the name of a section");
        }
        if !is_first {
            output.push("\n");
        }
        let (about, section) = match section.split_first() {
            Some((about @ Entry::Comment(_), rest)) => (Some(about), rest),
            _ => (None, section.as_slice()),
        };
        about.map_or(Ok(()), |comment| write_entry(comment, 0, output))?;
        if !is_first || name != DEFAULT {
            output.push(format!("[{name}]\n"));
        }
        is_first = section.is_empty() && is_first && name == DEFAULT;
        let width = pairs(section).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        write_section(section, width, output)?;
    }
    Ok(())
}

pub fn write_metadata(metadata: &Branch, output: &mut Output) {
    output.push(format!("\n[{METADATA}]\n"));
    for (name, text) in flatten(metadata) {
        output.push(format!("{name} = {text}\n"));
    }
}

/// A comment stands above the entry that it follows in the tree.
fn write_section(section: &[Entry], width: usize, output: &mut Output) -> Result<()> {
    let mut section = section.iter().peekable();
    while let Some(entry) = section.next() {
        if !entry.is_comment()
            && let Some(comment) = section.next_if(|next| next.is_comment())
        {
            write_entry(comment, width, output)?;
        }
        write_entry(entry, width, output)?;
    }
    Ok(())
}

/// Names are filled up to `width` letters, as sops does.
fn write_entry(entry: &Entry, width: usize, output: &mut Output) -> Result<()> {
    match entry {
        Entry::Comment(comment) if comment.text().is_empty() => return Ok(()),
        Entry::Comment(comment) => {
            let mut lines = comment.text().bytes().split(|byte| *byte == b'\n').peekable();
            while let Some(line) = lines.next() {
                let (mark, text) = match line {
                    [mark @ (b'#' | b';'), text @ ..] => (*mark, text),
                    text => (b';', text),
                };
                output.push([mark, b' ']);
                output.push(text.trim_ascii());
                if lines.peek().is_some() {
                    output.push("\n");
                }
            }
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
        && !name.starts_with(['[', '#', ';', '\u{feff}']);
    match () {
        // sops counts those of this name.
        () if name == "-" => bail!("`-` cannot be a name in an INI file"),
        () if is_plain => Ok(name.to_string()),
        () if !name.contains(['`', '\n']) => Ok(format!("`{name}`")),
        () => bail!("`{name}` cannot be a name in an INI file"),
    }
}

/// What a value needs around it to be read as it is; `None` when nothing serves. sops's own choice is the first, which
/// is not always one of these.
fn quotes_for(text: &[u8]) -> Option<&'static str> {
    let holds = |wanted: &[u8]| text.iter().any(|byte| wanted.contains(byte));
    let wanted = match () {
        () if holds(b"\n`") => "\"\"\"",
        () if holds(b"#;") => "`",
        () if trim(text) != text => "\"",
        () if !holds(b"\\\"'") => return Some(""),
        () => "",
    };
    [wanted, "`", "\"\"\"", "\""].into_iter().find(|quotes| is_read_back(text, quotes.as_bytes()))
}

fn is_read_back(text: &[u8], quotes: &[u8]) -> bool {
    let written = Secret::from([quotes, text, quotes].concat());
    let mut reader = Reader { text: written.bytes(), at: 0, comments: Vec::new() };
    let Some(first) = reader.line() else { return text.is_empty() };
    reader.value(first).is_some_and(|(value, comment)| *value == *text && comment.is_none())
        && reader.at == written.bytes().len()
}

/// As Go trims: what any script has as a space, too.
fn trim(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or(text.trim_ascii(), |text| text.trim().as_bytes())
}

fn trim_start(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or(text.trim_ascii_start(), |text| text.trim_start().as_bytes())
}

/// The sections that were read so far.
struct Sections {
    before: Branch,
    name: Name,
    /// The entries of the last one, and where those with a name stand in it, by a hash of that.
    last: Branch,
    places: BTreeMap<u64, usize>,
}

impl Default for Sections {
    fn default() -> Self {
        let (before, last, places) = (Branch::new(), Branch::new(), BTreeMap::new());
        Self { before, name: DEFAULT.into(), last, places }
    }
}

impl Sections {
    fn begin(&mut self, name: &str, comment: Option<Entry>) {
        // Where nothing stands above it, it is no second one.
        let is_first = self.before.is_empty() && self.last.is_empty() && name == DEFAULT;
        if !is_first {
            self.end();
            self.name = name.into();
        }
        self.last.extend(comment);
    }

    /// A name that comes again takes the place of the first, as in sops.
    fn push(&mut self, name: Name, value: Value, comment: Option<Entry>) {
        let place = *self.places.entry(hash_of(&name)).or_insert(self.last.len());
        match self.last.get_mut(place) {
            Some(Entry::Pair(known, first)) if *known == name => *first = value,
            _ => self.last.push(Entry::Pair(name, value)),
        }
        self.last.extend(comment);
    }

    fn end(&mut self) {
        let mut section = std::mem::take(&mut self.last);
        // A file of many small ones would have much room that nobody uses.
        section.shrink_to_fit();
        let name = std::mem::take(&mut self.name);
        self.before.push(Entry::Pair(name, Value::Branch(section)));
        self.places.clear();
    }

    fn into_branch(mut self) -> Branch {
        self.end();
        self.before
    }
}

/// A value, and the comment behind it.
type Commented<'a> = (Cow<'a, [u8]>, Option<Vec<u8>>);

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The lines above the next entry or section.
    comments: Vec<Vec<u8>>,
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

    /// The name of a section; behind it there may be a comment.
    fn section(&mut self, line: &'a [u8]) -> Option<&'a str> {
        let end = line.iter().rposition(|byte| *byte == b']')?;
        let name = std::str::from_utf8(&line[1..end]).ok()?;
        let behind = &line[end + 1..];
        if let Some(comment) = behind.iter().position(|byte| b"#;".contains(byte)) {
            self.comments.push(trim(&behind[comment..]).to_vec());
        }
        Some(name)
    }

    /// Those lines as one comment. The first one stands without its mark, and is not empty: sops fails at one that is.
    fn comment(&mut self) -> Option<Entry> {
        let lines = std::mem::take(&mut self.comments).join(&b'\n');
        let mark = *lines.first()?;
        let is_mark = |byte: &u8| [mark, b' ', b'\n'].contains(byte);
        let start = lines.iter().position(|byte| !is_mark(byte)).unwrap_or(lines.len());
        Some(Entry::Comment(Leaf::comment(lines[start..].to_vec())))
    }

    /// Quotes of three and backquotes hold line ends; `\` at the end of a line joins the next.
    fn value(&mut self, first: &'a [u8]) -> Option<Commented<'a>> {
        for quotes in [&b"\"\"\""[..], b"`"] {
            if let Some(rest) = trim_start(first).strip_prefix(quotes) {
                return self.quoted(rest, quotes).map(|value| (value.into(), None));
            }
        }
        let first = trim(first);
        if let Some(start) = first.strip_suffix(b"\\") {
            return Some((self.joined(start).into(), None));
        }
        let end = first.iter().position(|byte| b"#;".contains(byte));
        let comment = end.map(|end| first[end..].to_vec());
        let mut value = trim(&first[..end.unwrap_or(first.len())]);
        for quote in [b'"', b'\''] {
            let is_quoted = value.len() > 1 && value[0] == quote && value.last() == Some(&quote);
            if is_quoted && !value[1..value.len() - 1].contains(&quote) {
                value = &value[1..value.len() - 1];
            }
        }
        Some((value.into(), comment))
    }

    /// What follows is taken as it is, up to an empty line or one without `\`.
    fn joined(&mut self, start: &[u8]) -> Vec<u8> {
        let mut value = start.to_vec();
        while let Some(next) = self.line().map(trim).filter(|next| !next.is_empty()) {
            value.extend(next);
            if value.pop_if(|last| *last == b'\\').is_none() {
                break;
            }
        }
        value
    }

    fn quoted(&mut self, first: &[u8], quotes: &[u8]) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        let mut line = first;
        loop {
            if let Some(end) = line.windows(quotes.len()).rposition(|part| part == quotes) {
                value.extend(&line[..end]);
                return Some(value);
            }
            value.extend(line);
            value.push(b'\n');
            line = self.line()?;
        }
    }
}

/// A name may be quoted; `=` or `:` ends it.
fn split_name(line: &[u8]) -> Option<(Name, &[u8])> {
    for quotes in [&b"\"\"\""[..], b"\"", b"`"] {
        if let Some(rest) = line.strip_prefix(quotes) {
            let end = rest.windows(quotes.len()).position(|part| part == quotes)?;
            let after = &rest[end + quotes.len()..];
            let value = after.iter().position(|byte| b"=:".contains(byte))?;
            return Some((std::str::from_utf8(&rest[..end]).ok()?.into(), &after[value + 1..]));
        }
    }
    let end = line.iter().position(|byte| b"=:".contains(byte))?;
    let name = std::str::from_utf8(&line[..end]).ok()?.trim();
    (!name.is_empty()).then(|| (name.into(), &line[end + 1..]))
}
