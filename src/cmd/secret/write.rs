//! The verbs that change a sops file: what is not changed keeps its ciphertext.

use super::asked::asked_value;
use super::encrypt::layout;
use super::file::File;
use super::place::{path_in, place, take};
use crate::host::Host;
use crate::secrets::keys::wrap;
use crate::secrets::{Branch, Keys, Metadata, Opened, Recipient, creation};
use crate::ui;
use anyhow::{Context as _, Result, bail};

pub fn set(host: &Host, source: &File, key: &str, is_json: bool) -> Result<()> {
    let value = asked_value(key, is_json)?;
    change(host, source, "change", |_, opened| {
        let path = path_in(opened.format, key)?;
        if opened.branches.is_empty() {
            opened.branches.push(Branch::new());
        }
        place(&mut opened.branches[0], &path, value)
    })
}

pub fn unset(host: &Host, source: &File, key: &str) -> Result<()> {
    change(host, source, "change", |_, opened| {
        let path = path_in(opened.format, key)?;
        let branch = opened.branches.first_mut().context("it holds nothing")?;
        if take(branch, &path)? { Ok(()) } else { bail!("there is no `{key}` in it") }
    })
}

/// A key of its own for the values: whoever was taken out of the recipients cannot read what comes.
pub fn rotate(host: &Host, source: &File) -> Result<()> {
    change(host, source, "rotate the key of", |keys, opened| {
        opened.rotate();
        rewrap(keys, opened)
    })
}

/// Encrypts the key for those whom `.sops.yaml` names.
pub fn updatekeys(host: &Host, source: &File) -> Result<()> {
    let could_not = || source.could_not("update the keys of");
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let wanted = source.wanted(host)?;
            let document = source.document(host, source.read(host)?)?;
            let mut metadata = document.metadata().clone();
            if is_for(&metadata, &wanted) {
                let shown = source.path.display();
                ui::note(host, &format!("`{shown}` is for those of `{}` already", creation::NAME));
                return Ok(());
            }
            let cipher = document.clone().key(keys)?;
            (metadata.groups, metadata.threshold) = (wanted.groups, wanted.threshold);
            wrap(keys.search(), cipher.key(), &mut metadata.groups, metadata.threshold)?;
            source.replace(host, &document.with_metadata(&metadata, &cipher, &layout(host)?)?)
        })
        .with_context(could_not)
}

fn is_for(found: &Metadata, wanted: &Metadata) -> bool {
    let has_all = |group: &[Recipient], other: &[Recipient]| {
        group.iter().all(|one| other.iter().any(|same| same.is_equal(one)))
    };
    let needed = |metadata: &Metadata| metadata.threshold.unwrap_or(metadata.groups.len());
    let (mine, theirs) = (&found.groups, &wanted.groups);
    mine.len() == theirs.len()
        && (mine.len() == 1 || needed(found) == needed(wanted))
        && mine.iter().zip(theirs).all(|(one, other)| has_all(one, other) && has_all(other, one))
}

/// What the verbs that change a file have in common; `what` they could not do is told.
pub fn change(
    host: &Host,
    source: &File,
    what: &str,
    work: impl FnOnce(&Keys<'_>, &mut Opened) -> Result<()>,
) -> Result<()> {
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let mut opened = source.open_to_write(host, keys)?;
            work(keys, &mut opened)?;
            source.replace(host, &opened.seal()?)
        })
        .with_context(|| source.could_not(what))
}

/// Encrypts the key for all recipients.
pub fn rewrap(keys: &Keys<'_>, opened: &mut Opened) -> Result<()> {
    let threshold = opened.metadata.threshold;
    wrap(keys.search(), opened.cipher.key(), &mut opened.metadata.groups, threshold)
}
