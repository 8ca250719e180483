//! Encrypts an open file again: what did not change keeps its ciphertext.

mod comments;

use super::document::{Document, Opened, Walk};
use super::envelope::{Cipher, is_encrypted};
use super::mac::Mac;
use super::store::{self, Format};
use super::tree::{Branch, Entry, Leaf, Value};
use super::{Kind, Secret, timestamp};
use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Ciphertexts of a file by what they stand for and where; those of equal values in a list are used in turn.
#[derive(Default)]
pub struct Stash(BTreeMap<[u8; 32], Vec<Secret>>);

impl Stash {
    pub fn keep(&mut self, leaf: &Leaf, place: &[u8], ciphertext: Secret) {
        self.0.entry(mark(leaf, place)).or_default().insert(0, ciphertext);
    }

    fn take(&mut self, leaf: &Leaf, place: &[u8]) -> Option<Secret> {
        let known = self.0.get_mut(&mark(leaf, place))?;
        // The last one serves again: the same text in the same place is no news.
        if known.len() > 1 { known.pop() } else { known.first().cloned() }
    }
}

fn mark(leaf: &Leaf, place: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // A float without a fraction is an integer to who reads it back from an editor.
    let kind = if leaf.kind == Kind::Float { Kind::Int } else { leaf.kind };
    for part in [place, b"\0", kind.name().as_bytes(), b"\0", leaf.text().bytes()] {
        hash.update(part);
    }
    hash.finalize().into()
}

impl Opened {
    /// A key of its own for all values, which whoever knew the last one does not know.
    pub fn rotate(&mut self) {
        self.cipher = Cipher::random();
        self.stash = Stash::default();
    }

    /// The file as sops reads it. No key would open what is not read back as it is here, so it is read back.
    pub fn seal(self) -> Result<Secret> {
        let (cipher, format) = (self.cipher.clone(), self.format);
        let text = self.sealed()?;
        Document::read(text.bytes().to_vec(), format)
            .and_then(|document| document.check(cipher))
            .context("a name or a value would be read back as something else")?;
        Ok(text)
    }

    fn sealed(mut self) -> Result<Secret> {
        if self.branches.is_empty() {
            bail!("it is empty: it needs a `{{}}` at least");
        }
        if self.format == Format::Yaml {
            for branch in &mut self.branches {
                lift_comments(branch);
                comments::sink(branch);
            }
        }
        let mut mac = Mac::new(self.metadata.mac_only_encrypted);
        let mut walk = Walk::new(&self.metadata, self.format);
        let knows_floats_alone = self.format == Format::Json && !self.metadata.has_json_integers();
        for branch in &mut self.branches {
            walk.branch(branch, &mut |leaf, place, is_selected| {
                // Its digits stay, but who reads them has the nearest float.
                let read_back = Some(&*leaf).filter(|leaf| leaf.kind == Kind::Int);
                let read_back = read_back.filter(|_| knows_floats_alone && !is_selected);
                match read_back.and_then(Leaf::number) {
                    Some(number) => mac.add(&Leaf::float(number), is_selected),
                    None => mac.add(leaf, is_selected),
                }
                if is_selected {
                    encrypt(&self.cipher, &mut self.stash, leaf, place);
                } else if self.format == Format::Yaml
                    && leaf.kind == Kind::Float
                    && leaf.text().bytes() == b"-0"
                {
                    // sops writes no fraction, and reads an integer, which has no zero below zero.
                    *leaf = Leaf::new(Kind::Int, "-0.0");
                }
                Ok(())
            })?;
        }
        self.metadata.last_modified = timestamp::now();
        let text = Leaf::string(mac.text());
        self.metadata.mac =
            Some(self.cipher.encrypt(&text, self.metadata.last_modified.as_bytes()));
        store::write(self.branches, &self.metadata.branch(), self.format)
    }
}

fn encrypt(cipher: &Cipher, stash: &mut Stash, leaf: &mut Leaf, place: &[u8]) {
    // An empty text stays one; a comment that nobody could decrypt stays what it is.
    let is_kept = if leaf.text().is_empty() {
        matches!(leaf.kind, Kind::Str | Kind::Comment)
    } else {
        leaf.is_comment() && is_encrypted(leaf.text().bytes())
    };
    if is_kept {
        return;
    }
    let ciphertext = stash.take(leaf, place).unwrap_or_else(|| cipher.encrypt(leaf, place).into());
    *leaf = if leaf.is_comment() { Leaf::comment(ciphertext) } else { Leaf::string(ciphertext) };
}

/// Puts comments at the head of a list's entry before it: between the dash and the entry they would be read back as
/// another's.
fn lift_comments(branch: &mut Branch) {
    for entry in branch {
        if let Entry::Pair(_, value) = entry {
            lift_from_value(value);
        }
    }
}

fn lift_from_value(value: &mut Value) {
    match value {
        Value::Branch(branch) => lift_comments(branch),
        Value::List(list) => {
            let mut lifted = Vec::with_capacity(list.len());
            // sops takes one without a word for an element.
            let is_nothing = |value: &Value| {
                value.leaf().is_some_and(|leaf| leaf.is_comment() && leaf.text().is_empty())
            };
            for mut value in list.drain(..).filter(|value| !is_nothing(value)) {
                lift_from_value(&mut value);
                match &mut value {
                    Value::Branch(branch) => {
                        let is_comment = |entry: &&Entry| matches!(entry, Entry::Comment(_));
                        let count = branch.iter().take_while(is_comment).count();
                        for entry in branch.drain(..count) {
                            if let Entry::Comment(comment) = entry {
                                lifted.push(Value::Leaf(comment));
                            }
                        }
                    }
                    Value::List(inner) => {
                        let is_comment =
                            |value: &&Value| value.leaf().is_some_and(Leaf::is_comment);
                        let count = inner.iter().take_while(is_comment).count();
                        lifted.extend(inner.drain(..count));
                    }
                    Value::Leaf(_) | Value::Null => {}
                }
                lifted.push(value);
            }
            *list = lifted;
        }
        Value::Leaf(_) | Value::Null => {}
    }
}
