//! Encrypts an open file again: what did not change keeps its ciphertext.

mod comments;

use super::document::{Marks, Opened, Walk, read_back};
use super::envelope::{Cipher, is_encrypted};
use super::mac::Mac;
use super::store::{self, Format};
use super::tree::Leaf;
use super::{Kind, Secret, timestamp};
use anyhow::{Result, bail};
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
    for part in [place, b"\0", leaf.kind.read_again().name().as_bytes(), b"\0", leaf.text().bytes()]
    {
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

    /// The file as sops reads it, which was read back: a format cannot hold every value that is not encrypted.
    pub fn seal(mut self) -> Result<Secret> {
        if self.branches.is_empty() {
            bail!("it is empty: it needs a `{{}}` at least");
        }
        if self.format == Format::Yaml {
            self.branches.iter_mut().for_each(comments::settle);
        }
        let mut mac = Mac::new(self.metadata.mac_only_encrypted);
        let mut marks = Marks::default();
        let mut walk = Walk::new(&self.metadata, self.format);
        for branch in &mut self.branches {
            walk.branch(branch, &mut |leaf, place, is_selected| {
                if !is_selected {
                    self.format.settle(leaf, &self.metadata);
                }
                marks.add(leaf, place);
                mac.add(leaf, is_selected);
                if is_selected {
                    encrypt(&self.cipher, &mut self.stash, leaf, place);
                }
                Ok(())
            })?;
        }
        self.metadata.last_modified = timestamp::now();
        let text = Leaf::string(mac.text());
        self.metadata.mac =
            Some(self.cipher.encrypt(&text, self.metadata.last_modified.as_bytes()));
        drop(self.stash);
        let text = store::write(self.branches, &self.metadata.branch(), self.format, &self.layout)?;
        read_back(text, self.format, &self.cipher, Some(&marks))
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
