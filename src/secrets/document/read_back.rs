//! What is to replace a file, read as who comes next reads it: nobody is left with a file that no one can open.

use super::{Cipher, Document, Walk, check, decrypt};
use crate::secrets::mac::Mac;
use crate::secrets::store::Format;
use crate::secrets::tree::Leaf;
use crate::secrets::{FILE_LIMIT, Secret, Source};
use anyhow::{Context as _, Result, anyhow, bail};
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// What a file holds, in order, without holding it. Comments may move, and are left out.
#[derive(Default)]
pub struct Marks(Vec<Mark>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    place: u64,
    content: u64,
}

impl Marks {
    pub fn add(&mut self, leaf: &Leaf, place: &[u8]) {
        self.0.extend(mark(leaf, place));
    }
}

fn mark(leaf: &Leaf, place: &[u8]) -> Option<Mark> {
    let content = hash_of((leaf.kind.read_again().name(), leaf.text().bytes()));
    (!leaf.is_comment()).then(|| Mark { place: hash_of(place), content })
}

fn hash_of(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// The same bytes, where their MAC is right and they hold what was to be written, if that is known.
pub fn read_back(
    text: Secret,
    format: Format,
    cipher: &Cipher,
    wanted: Option<&Marks>,
) -> Result<Secret> {
    if text.bytes().len() as u64 > FILE_LIMIT {
        bail!("it would be larger than {} MiB, and could not be read again", FILE_LIMIT >> 20);
    }
    let source = Source::from(text);
    let mut document =
        Document::read(source.clone(), format).context("it could not be read again")?;
    document.hold(cipher, wanted)?;
    Ok(source.whole())
}

impl Document {
    /// Decrypts one value after another, and keeps none.
    fn hold(&mut self, cipher: &Cipher, wanted: Option<&Marks>) -> Result<()> {
        let mut mac = Mac::new(self.metadata.mac_only_encrypted);
        let mut walk = Walk::new(&self.metadata, self.format);
        let mut marks = wanted.map(|wanted| wanted.0.iter());
        for branch in &mut self.branches {
            walk.branch(branch, &mut |leaf, place, is_selected| {
                let mut plain = leaf.clone();
                if is_selected {
                    decrypt(cipher, &mut plain, place)?;
                }
                mac.add(&plain, is_selected);
                match (&mut marks, mark(&plain, place)) {
                    (Some(marks), Some(found)) => compare(marks.next(), found, self.format),
                    _ => Ok(()),
                }
            })?;
        }
        if marks.is_some_and(|mut marks| marks.next().is_some()) {
            bail!("values at its end would be lost");
        }
        check(cipher, &self.metadata, &mac.text()).context("it could not be read again")
    }
}

fn compare(wanted: Option<&Mark>, found: Mark, format: Format) -> Result<()> {
    match wanted {
        Some(wanted) if *wanted == found => Ok(()),
        Some(wanted) if wanted.place == found.place => {
            Err(anyhow!("unless it is encrypted, {} cannot hold this value", format.described()))
        }
        _ => Err(anyhow!("it, or what stands before it, would be lost")),
    }
}
