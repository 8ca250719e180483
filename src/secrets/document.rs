//! A sops file: read, decrypted in its places, checked as a whole before anything of it is handed out.

mod read_back;
mod shown;

use super::envelope::{Cipher, Fault};
use super::keys::{DataKey, Keys, foreign};
use super::mac::Mac;
use super::metadata::Metadata;
use super::seal::Stash;
use super::store::{self, Format, Layout};
use super::tree::{Branch, Entry, Kind, Leaf, Value, pairs_mut};
use super::{Secret, Source};
use anyhow::{Context as _, Result, bail};

pub use read_back::{Marks, read_back};

pub const NOT_ENCRYPTED: &str = "it has no sops metadata: it is not encrypted";

/// A sops file as it stands.
#[derive(Clone, Debug)]
pub struct Document {
    format: Format,
    branches: Vec<Branch>,
    metadata: Metadata,
}

/// What a file holds in the clear.
pub struct Plain {
    pub format: Format,
    /// One for each document of the file.
    pub branches: Vec<Branch>,
}

/// A sops file that was decrypted and is what its last writer wrote.
pub struct Opened {
    pub format: Format,
    /// One for each document of the file.
    pub branches: Vec<Branch>,
    pub metadata: Metadata,
    pub cipher: Cipher,
    /// Where it is to be written again, what its values were encrypted to.
    pub stash: Stash,
    pub layout: Layout,
}

impl Opened {
    /// A file that nobody encrypted yet.
    pub fn first(format: Format, branches: Vec<Branch>, metadata: Metadata) -> Self {
        let (cipher, stash) = (Cipher::random(), Stash::default());
        Self { format, branches, metadata, cipher, stash, layout: Layout::default() }
    }
}

impl Document {
    pub fn read(bytes: impl Into<Source>, format: Format) -> Result<Self> {
        Self::find(bytes, format)?.context(NOT_ENCRYPTED)
    }

    /// `None` where it is not encrypted.
    pub fn find(bytes: impl Into<Source>, format: Format) -> Result<Option<Self>> {
        let source = bytes.into();
        let store::Read { branches, metadata } = store::read(&source, format)?;
        let Some(metadata) = metadata else { return Ok(None) };
        let metadata = Metadata::of(&metadata)?;
        let mut document = Self { format, branches, metadata };
        if format == Format::Json {
            document
                .branches
                .iter_mut()
                .for_each(|branch| settle(branch, format, &document.metadata));
        }
        Ok(Some(document))
    }

    /// As what a file is encrypted, whatever it is called. That of a binary file is JSON.
    pub fn format_of(source: &Source) -> Option<Format> {
        let formats = [Format::Json, Format::Yaml, Format::Ini, Format::Dotenv];
        formats.into_iter().find(|format| Self::read(source.clone(), *format).is_ok())
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// The file as any sops reads it, with what was understood of its metadata and no more.
    pub fn plain_text(mut self) -> Result<Secret> {
        for recipient in self.metadata.groups.iter_mut().flatten() {
            *recipient = recipient.plain();
        }
        store::write(self.branches, &self.metadata.branch(), self.format, &Layout::default())
    }

    /// The names of its variables, which are never encrypted.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Decrypts all of it and checks the MAC; nothing comes out of a file where one value is wrong.
    pub fn open(self, keys: &Keys<'_>) -> Result<Plain> {
        let is_foreign =
            self.metadata.groups.iter().flatten().any(|recipient| recipient.kind.is_foreign());
        let cipher = match keys.data_key(&self.metadata)? {
            DataKey::Found(cipher) => cipher,
            DataKey::Missing(why) if !is_foreign => return Err(why.into()),
            // Where a key of ours does not do, one of sops's may.
            DataKey::Missing(why) => {
                let format = self.format;
                let text = foreign::decrypt(keys.search(), self).context(why)?;
                return Ok(Plain { format, branches: store::read_plain(text, format)? });
            }
        };
        let Opened { format, branches, .. } = self.open_with(cipher, None)?;
        Ok(Plain { format, branches })
    }

    /// The key of its values, by which its recipients are told; only a file that is whole has one.
    pub fn key(self, keys: &Keys<'_>) -> Result<Cipher> {
        let cipher = keys.data_key(&self.metadata)?.found()?;
        Ok(self.open_with(cipher, None)?.cipher)
    }

    /// The same for a file that will be written again.
    pub fn open_to_write(self, keys: &Keys<'_>) -> Result<Opened> {
        let cipher = keys.data_key(&self.metadata)?.found()?;
        self.open_with(cipher, Some(Stash::default()))
    }

    /// The file with other recipients of the same key: values and MAC are as they were.
    pub fn with_metadata(
        self,
        metadata: &Metadata,
        cipher: &Cipher,
        layout: &Layout,
    ) -> Result<Secret> {
        let text = store::write(self.branches, &metadata.branch(), self.format, layout)?;
        read_back(text, self.format, cipher, None)
    }

    fn open_with(mut self, cipher: Cipher, mut stash: Option<Stash>) -> Result<Opened> {
        let mut mac = Mac::new(self.metadata.mac_only_encrypted);
        let mut walk = Walk::new(&self.metadata, self.format);
        for branch in &mut self.branches {
            walk.branch(branch, &mut |leaf, place, is_selected| {
                if is_selected {
                    let before = stash.as_ref().map(|_| leaf.text().clone());
                    decrypt(&cipher, leaf, place)?;
                    if let (Some(stash), Some(before)) = (&mut stash, before)
                        && before != *leaf.text()
                    {
                        stash.keep(leaf, place, before);
                    }
                }
                mac.add(leaf, is_selected);
                Ok(())
            })?;
        }
        check(&cipher, &self.metadata, &mac.text())?;
        let Self { format, branches, metadata, .. } = self;
        let (stash, layout) = (stash.unwrap_or_default(), Layout::default());
        Ok(Opened { format, branches, metadata, cipher, stash, layout })
    }
}

/// A comment that cannot be decrypted is one that somebody wrote by hand.
fn decrypt(cipher: &Cipher, leaf: &mut Leaf, place: &[u8]) -> Result<(), Fault> {
    if leaf.is_comment() {
        if let Ok(comment) = cipher.decrypt(leaf.text().bytes(), place) {
            *leaf = Leaf::comment(comment.text().clone());
        }
        return Ok(());
    }
    if leaf.kind != Kind::Str {
        return Err(Fault::Plain);
    }
    if leaf.text().is_empty() {
        return Ok(());
    }
    *leaf = cipher.decrypt(leaf.text().bytes(), place)?;
    Ok(())
}

fn check(cipher: &Cipher, metadata: &Metadata, computed: &str) -> Result<()> {
    let stored = metadata
        .mac
        .as_ref()
        .context("it has no MAC: it was changed by somebody without the key")?;
    let stored = cipher.decrypt(stored.as_bytes(), metadata.last_modified.as_bytes());
    let stored =
        stored.map_err(|_| anyhow::anyhow!("its MAC was changed, or its `lastmodified`"))?;
    if stored.text().bytes() != computed.as_bytes() {
        bail!(
            "its MAC does not match: values were changed, added, removed or reordered by somebody without the key"
        );
    }
    Ok(())
}

/// Makes of all values what they are to those who read the file.
fn settle(branch: &mut Branch, format: Format, metadata: &Metadata) {
    fn settle_value(value: &mut Value, format: Format, metadata: &Metadata) {
        match value {
            Value::Leaf(leaf) => format.settle(leaf, metadata),
            Value::Branch(branch) => settle(branch, format, metadata),
            Value::List(list) => {
                for value in list {
                    settle_value(value, format, metadata);
                }
            }
            Value::Null => {}
        }
    }
    pairs_mut(branch).for_each(|(_, value)| settle_value(value, format, metadata));
}

/// Goes through all leaves in order, knowing for each its place and whether the rule selects it.
pub struct Walk<'a> {
    metadata: &'a Metadata,
    /// Rules do not apply to binary files.
    is_binary: bool,
    path: Vec<String>,
    /// Those since the last entry, one list for each open container.
    comments: Vec<Vec<String>>,
}

/// What is done with a leaf, its place and whether it is selected.
type Visit<'a> = &'a mut dyn FnMut(&mut Leaf, &[u8], bool) -> Result<()>;

impl<'a> Walk<'a> {
    pub fn new(metadata: &'a Metadata, format: Format) -> Self {
        let is_binary = format == Format::Binary;
        Self { metadata, is_binary, path: Vec::new(), comments: Vec::new() }
    }

    pub fn branch(&mut self, branch: &mut Branch, visit: Visit<'_>) -> Result<()> {
        self.comments.push(Vec::new());
        for entry in branch {
            match entry {
                Entry::Comment(comment) => self.leaf(comment, visit)?,
                Entry::Pair(name, value) => {
                    self.path.push(name.to_string());
                    self.value(value, visit)?;
                    self.path.pop();
                    self.forget_comments();
                }
            }
        }
        self.comments.pop();
        Ok(())
    }

    fn value(&mut self, value: &mut Value, visit: Visit<'_>) -> Result<()> {
        match value {
            Value::Leaf(leaf) => self.leaf(leaf, visit),
            Value::Null => Ok(()),
            Value::Branch(branch) => self.branch(branch, visit),
            Value::List(list) => {
                self.comments.push(Vec::new());
                for value in list {
                    self.value(value, visit)?;
                    if !value.is_comment() {
                        self.forget_comments();
                    }
                }
                self.comments.pop();
                Ok(())
            }
        }
    }

    fn leaf(&mut self, leaf: &mut Leaf, visit: Visit<'_>) -> Result<()> {
        if leaf.is_comment() && self.metadata.rule.reads_comments() {
            let text = String::from_utf8_lossy(leaf.text().bytes()).into_owned();
            self.comments.last_mut().into_iter().for_each(|slot| slot.push(text.clone()));
        }
        let is_selected = self.is_binary
            || self.metadata.rule.selects(&self.path, &self.comments, leaf.is_comment());
        let mut place = self.path.join(":");
        place.push(':');
        visit(leaf, place.as_bytes(), is_selected)
            .map_err(|error| anyhow::anyhow!("`{}`: {error}", self.path.join(".")))
    }

    fn forget_comments(&mut self) {
        if let Some(slot) = self.comments.last_mut() {
            slot.clear();
        }
    }
}
