//! The key of a file's values, encrypted for those who are to read it.

use super::age::{plugin_of, recipient, why_plugin_refused};
use super::{Recipient, RecipientKind, Search, kms, pgp};
use crate::secrets::{Secret, shamir, timestamp};
use ::age::Encryptor;
use ::age::armor::{ArmoredWriter, Format};
use anyhow::{Context as _, Result, anyhow, bail};
use std::io::Write as _;

/// Encrypts the key for every recipient; for groups, a share of it for each.
pub fn wrap(
    search: &Search,
    key: &Secret,
    groups: &mut [Vec<Recipient>],
    threshold: Option<usize>,
) -> Result<()> {
    let shares = match groups.len() {
        0 => bail!("no recipients are named"),
        1 => vec![key.clone()],
        count => {
            let needed = threshold.unwrap_or(count);
            if needed < 2 || needed > count {
                bail!("{needed} of {count} groups cannot be the threshold");
            }
            let [count, needed] = [count, needed].map(|number| u8::try_from(number).ok());
            shamir::split(
                key,
                count.context("it has more than 255 groups")?,
                needed.context("it has more than 255 groups")?,
            )
        }
    };
    for (group, share) in groups.iter_mut().zip(&shares) {
        if group.is_empty() {
            bail!("a group has no recipients");
        }
        for recipient in group {
            recipient
                .wrap(search, share)
                .with_context(|| format!("could not encrypt for {}", recipient.name()))?;
        }
    }
    Ok(())
}

impl Recipient {
    fn wrap(&mut self, search: &Search, key: &Secret) -> Result<()> {
        let wrapped = match self.kind {
            RecipientKind::Age => for_age(search, self.text("recipient"), key)?,
            RecipientKind::Pgp => pgp::encrypt(search, self.text("fp"), key)?,
            RecipientKind::Kms => kms::encrypt(search, self, key)?,
            other => bail!("keys of `{}` cannot be written here, only by sops", other.name()),
        };
        self.set("enc", &wrapped);
        if self.kind != RecipientKind::Age {
            self.set("created_at", &timestamp::now());
        }
        Ok(())
    }
}

fn for_age(search: &Search, text: &str, key: &Secret) -> Result<String> {
    let recipient = recipient(text)?;
    let of_one =
        |recipient: &dyn ::age::Recipient| Encryptor::with_recipients(std::iter::once(recipient));
    let encryptor = match plugin_of(text) {
        None => of_one(&*recipient)?,
        Some(plugin) => search
            .watch(&plugin, move || of_one(&*recipient))?
            .map_err(|error| anyhow!(why_plugin_refused(&error)))?,
    };
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(key.bytes())?;
    let armored = writer.finish()?.finish()?;
    Ok(String::from_utf8(armored)?)
}
