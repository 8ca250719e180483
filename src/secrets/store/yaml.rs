//! YAML as sops reads it: maps of texts at the top, comments kept, aliases copied out.

mod scalar;
mod write;

use super::{DEPTH_LIMIT, hash_of};
use crate::secrets::tree::{Branch, Entry, Leaf, Name, Value};
use crate::secrets::{Secret, Source};
use anyhow::{Result, anyhow, bail};
use granit_parser::{
    Event, Options, Parser, Placement, ScalarStyle, ScanError, Span, StructureStyle,
};
use std::collections::{BTreeMap, BTreeSet};

pub use write::write;

/// Nodes that aliases may add to a file.
const ALIAS_LIMIT: usize = 100_000;

/// What scalars become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalars {
    /// What sops takes them for in a file of values.
    Typed,
    /// Texts as they are spelled, but for null.
    Spelled,
}

pub fn read(source: &Source) -> Result<Vec<Branch>> {
    read_as(source, Scalars::Typed)
}

/// A file that is read for its texts: no number and no time is spelled otherwise, and a name may look like one.
pub fn read_spelled(source: &Source) -> Result<Vec<Branch>> {
    read_as(source, Scalars::Spelled)
}

fn read_as(source: &Source, scalars: Scalars) -> Result<Vec<Branch>> {
    let source = &with_line_ends(source)?;
    let text = text_of(source)?;
    let mut builder = Builder::of(source, scalars);
    // The file has a limit of its own.
    let mut options = Options::default();
    options.max_buffered_comment_events = usize::MAX;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| mistake_of(&error))?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// sops reads YAML 1.1, where three more letters end a line: what one reader has as a comment is to another an entry.
/// U+0085 is a line end here, too; the others, which sops keeps in a text, are refused.
fn with_line_ends(source: &Source) -> Result<Source> {
    let text = text_of(source)?;
    if let Some(at) = text.find(['\u{2028}', '\u{2029}']) {
        let line = super::line_of(source.bytes(), at);
        bail!("line {line}: it has U+2028 or U+2029: write `\\L` or `\\P`, in double quotes");
    }
    let has_any = text.contains('\u{85}');
    Ok(if has_any { text.replace('\u{85}', "\n").into_bytes().into() } else { source.clone() })
}

fn text_of(source: &Source) -> Result<&str> {
    std::str::from_utf8(source.bytes()).map_err(|error| {
        anyhow!("line {}: it is not UTF-8", super::line_of(source.bytes(), error.valid_up_to()))
    })
}

fn mistake_of(error: &ScanError) -> anyhow::Error {
    anyhow!("line {}: {}", error.marker().line(), error.info())
}

/// Makes trees of events.
struct Builder<'a> {
    source: &'a Source,
    scalars: Scalars,
    documents: Vec<Branch>,
    open: Vec<Container>,
    /// Comments whose place is not known yet.
    waiting: Vec<Comment>,
    anchors: BTreeMap<usize, Value>,
    copied: usize,
    /// The top of a document, when it is whole.
    top: Option<Value>,
    /// Where the last node ended.
    last_line: usize,
    /// The last thing in a file without a line end at its end is a text of lines.
    is_cut: bool,
}

struct Comment {
    text: Secret,
    column: usize,
}

/// A map or list that has not ended.
struct Container {
    column: usize,
    is_block: bool,
    anchor: usize,
    content: Content,
}

enum Content {
    Map { entries: Branch, names: BTreeSet<u64>, name: Option<Name> },
    List(Vec<Value>),
}

impl<'a> Builder<'a> {
    fn of(source: &'a Source, scalars: Scalars) -> Self {
        Self {
            source,
            scalars,
            documents: Vec::new(),
            open: Vec::new(),
            waiting: Vec::new(),
            anchors: BTreeMap::new(),
            copied: 0,
            top: None,
            last_line: 0,
            is_cut: false,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        let line = span.start.line();
        let at = |error: anyhow::Error| anyhow!("line {line}: {error:#}");
        if !matches!(
            event,
            Event::MappingEnd | Event::SequenceEnd | Event::DocumentEnd | Event::StreamEnd
        ) {
            self.is_cut =
                is_of_lines(&event) && !self.awaits_name() && ends_within_a_line(self.source);
        }
        match event {
            Event::Comment(text, placement) => {
                let is_inline = placement == Placement::Right;
                let comment = Comment {
                    text: self.source.part(text.trim_end_matches('\r').as_bytes()),
                    column: span.start.col(),
                };
                self.comment(comment, is_inline, line);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let value = match self.scalars {
                    Scalars::Typed => scalar::value(self.source, &text, style, tag).map_err(at)?,
                    Scalars::Spelled if self.awaits_name() => Value::string(&*text),
                    Scalars::Spelled => scalar::spelled(&text, style, tag),
                };
                if self.awaits_name() {
                    return self.name(value).map_err(at);
                }
                self.place_comments();
                self.finish(value, anchor)?;
                self.last_line = span.end.line();
            }
            Event::Alias(anchor) => {
                if self.awaits_name() {
                    bail!("line {line}: an alias cannot be a name");
                }
                self.place_comments();
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    bail!("line {line}: an alias stands inside of what it names");
                };
                self.copied += size_of(&value);
                if self.copied > ALIAS_LIMIT {
                    bail!("line {line}: its aliases add more than {ALIAS_LIMIT} values");
                }
                self.finish(value, 0)?;
                self.last_line = line;
            }
            Event::MappingStart(style, anchor, _) => {
                let content =
                    Content::Map { entries: Branch::new(), names: BTreeSet::new(), name: None };
                self.begin(content, style, anchor, span).map_err(at)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                self.begin(Content::List(Vec::new()), style, anchor, span).map_err(at)?;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if self.open.last().is_some_and(|container| !container.is_block) {
                    self.last_line = span.end.line();
                }
                self.end()?;
            }
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::DocumentEnd => self.end_document()?,
            Event::StreamEnd => {
                if self.is_cut {
                    self.cut();
                }
                let rest: Vec<Comment> = self.waiting.drain(..).collect();
                if let Some(last) = self.documents.last_mut() {
                    last.extend(rest.into_iter().map(|comment| Entry::Comment(comment.leaf())));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A comment on the line of an entry stands before that entry in the tree, as in sops.
    fn comment(&mut self, comment: Comment, is_inline: bool, line: usize) {
        let is_behind = is_inline && line <= self.last_line;
        match self.open.last_mut().map(|container| &mut container.content) {
            Some(Content::Map { entries, name: Some(_), .. }) if is_inline => {
                entries.push(Entry::Comment(comment.leaf()));
            }
            Some(Content::Map { entries, .. }) if is_behind => {
                entries.insert(entries.len().saturating_sub(1), Entry::Comment(comment.leaf()));
            }
            Some(Content::List(list)) if is_behind && !list.is_empty() => {
                list.insert(list.len() - 1, Value::Leaf(comment.leaf()));
            }
            _ => self.waiting.push(comment),
        }
    }

    /// What waits stands before the next entry of the innermost container.
    fn place_comments(&mut self) {
        let Some(container) = self.open.last_mut() else { return };
        container.append(self.waiting.drain(..));
    }

    fn awaits_name(&self) -> bool {
        let content = self.open.last().map(|container| &container.content);
        matches!(content, Some(Content::Map { name: None, .. }))
    }

    fn name(&mut self, value: Value) -> Result<()> {
        self.place_comments();
        let text = match value {
            Value::Leaf(leaf) if leaf.kind == crate::secrets::Kind::Str => {
                leaf.text().as_str().map(Name::from)
            }
            _ => None,
        };
        let Some(text) = text else {
            bail!("a name is not a text: put it into quotes");
        };
        if let Some(Content::Map { names, name, .. }) =
            self.open.last_mut().map(|container| &mut container.content)
        {
            if !names.insert(hash_of(&text)) {
                bail!("`{text}` is there twice");
            }
            *name = Some(text);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        content: Content,
        style: StructureStyle,
        anchor: usize,
        span: Span,
    ) -> Result<()> {
        if self.awaits_name() {
            bail!("a name is not a text: put it into quotes");
        }
        if self.open.len() >= DEPTH_LIMIT {
            bail!("it is nested deeper than {DEPTH_LIMIT} levels");
        }
        // Above a dash a comment is the list's; behind it, that of what the dash begins.
        if let Some(list) = self.open.last_mut().filter(|outer| outer.is_block && outer.is_list()) {
            let above = |comment: &Comment| comment.column <= list.column;
            let count = self.waiting.iter().take_while(|comment| above(comment)).count();
            list.append(self.waiting.drain(..count));
        }
        let is_block = style == StructureStyle::Block;
        self.open.push(Container { column: span.start.col(), is_block, anchor, content });
        Ok(())
    }

    /// Comments that stand further left belong to what is around; a list may stand as far left as its own name.
    fn end(&mut self) -> Result<()> {
        let Some(mut container) = self.open.pop() else { return Ok(()) };
        let outer = self.open.last().filter(|outer| outer.is_block);
        let is_shared = outer.is_some_and(|outer| outer.column >= container.column);
        let inside = |comment: &Comment| {
            !container.is_block || (comment.column >= container.column && !is_shared)
        };
        let count = self.waiting.iter().take_while(|comment| inside(comment)).count();
        container.append(self.waiting.drain(..count));
        // A file of many small ones would be held twice.
        let value = match container.content {
            Content::Map { mut entries, .. } => {
                entries.shrink_to_fit();
                Value::Branch(entries)
            }
            Content::List(mut list) => {
                list.shrink_to_fit();
                Value::List(list)
            }
        };
        self.finish(value, container.anchor)
    }

    fn finish(&mut self, value: Value, anchor: usize) -> Result<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut().map(|container| &mut container.content) {
            Some(Content::Map { entries, name, .. }) => {
                let name = name.take().unwrap_or_default();
                entries.push(Entry::Pair(name, value));
            }
            Some(Content::List(list)) => list.push(value),
            None => self.top = Some(value),
        }
        Ok(())
    }

    /// Takes back the line end that the parser adds, and go-yaml does not.
    fn cut(&mut self) {
        let last = self.documents.last_mut().and_then(|document| document.last_mut());
        let mut last = last.and_then(|entry| match entry {
            Entry::Pair(_, value) => Some(value),
            Entry::Comment(_) => None,
        });
        while let Some(value) = last {
            last = match value {
                Value::Leaf(leaf) => {
                    if let Some(text) = leaf.text().bytes().strip_suffix(b"\n") {
                        *leaf = Leaf::new(leaf.kind, self.source.part(text));
                    }
                    None
                }
                Value::Branch(branch) => branch.last_mut().and_then(|entry| match entry {
                    Entry::Pair(_, value) => Some(value),
                    Entry::Comment(_) => None,
                }),
                Value::List(list) => list.last_mut(),
                Value::Null => None,
            };
        }
    }

    fn end_document(&mut self) -> Result<()> {
        let mut branch = match self.top.take() {
            Some(Value::Branch(branch)) => branch,
            Some(Value::Null) | None => Branch::new(),
            Some(_) => bail!("it is not a map at the top"),
        };
        branch.extend(self.waiting.drain(..).map(|comment| Entry::Comment(comment.leaf())));
        self.documents.push(branch);
        Ok(())
    }
}

fn is_of_lines(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, _, tag) => {
            tag.as_deref().is_none_or(|tag| !tag.suffix().ends_with("binary"))
        }
        _ => false,
    }
}

/// Whether something stands behind the last line end, other than the mark of a document's end.
fn ends_within_a_line(source: &Source) -> bool {
    let last = source.bytes().rsplit(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    !last.trim_ascii().is_empty() && last.trim_ascii() != b"..."
}

impl Container {
    fn is_list(&self) -> bool {
        matches!(self.content, Content::List(_))
    }

    fn append(&mut self, comments: impl Iterator<Item = Comment>) {
        match &mut self.content {
            Content::Map { entries, .. } => {
                entries.extend(comments.map(|comment| Entry::Comment(comment.leaf())));
            }
            Content::List(list) => list.extend(comments.map(|comment| Value::Leaf(comment.leaf()))),
        }
    }
}

impl Comment {
    fn leaf(&self) -> Leaf {
        Leaf::comment(self.text.clone())
    }
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Leaf(_) | Value::Null => 1,
        Value::List(list) => 1 + list.iter().map(size_of).sum::<usize>(),
        Value::Branch(branch) => {
            let sizes = branch.iter().map(|entry| match entry {
                Entry::Comment(_) => 1,
                Entry::Pair(_, value) => size_of(value),
            });
            1 + sizes.sum::<usize>()
        }
    }
}
