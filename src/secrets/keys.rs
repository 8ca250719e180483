//! Who can decrypt a sops file, and how the key of its values is got from them.

pub mod age;
pub mod foreign;
mod aws;
mod kms;
mod pgp;
mod program;
mod prompt;
mod recipient;
mod search;
mod wrap;

use super::envelope::Cipher;
use super::metadata::Metadata;
use super::{Secret, shamir};
use crate::config::Config;
use crate::env::Env;
use crate::error::Hinted;
use crate::host::Host;
use age::Refusal;
use anyhow::{Context as _, Result, bail};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

pub use prompt::Prompt;
pub use recipient::{NoRecipient, Recipient, RecipientKind};
pub use search::Search;
pub use wrap::wrap;

/// The key of a file's values, or what was tried in vain.
pub enum DataKey {
    Found(Cipher),
    Missing(Hinted),
}

impl DataKey {
    pub fn found(self) -> Result<Cipher> {
        match self {
            Self::Found(cipher) => Ok(cipher),
            Self::Missing(why) => Err(why.into()),
        }
    }
}

/// Where keys are looked for; each source is asked once, whatever the number of files.
pub struct Keys<'a> {
    search: Rc<Search<'a>>,
    identities: age::Identities<'a>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Keys<'a> {
    /// `env` names them: it is the environment of the process, or of the rc that wants the secret.
    pub fn new(host: &'a Host, config: &'a Config, env: &'a Env, prompt: Prompt) -> Self {
        let search = Rc::new(Search::new(host, config, env, prompt));
        let identities = age::Identities::new(&search);
        Self { search, identities, warnings: RefCell::default() }
    }

    /// Age and ssh keys of these files, and of no usual place.
    pub fn with_identities(self, files: Vec<PathBuf>) -> Self {
        Self { identities: self.identities.with_files(files), ..self }
    }

    /// What to tell the user about the sources that were read.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.take().into_iter().chain(self.identities.warnings()).collect()
    }

    pub fn identities(&self) -> &age::Identities<'a> {
        &self.identities
    }

    pub fn search(&self) -> &Search<'a> {
        &self.search
    }

    /// The key of a file's values.
    pub fn data_key(&self, metadata: &Metadata) -> Result<DataKey> {
        let order = decryption_order(self.search.env)?;
        let mut failures = Vec::new();
        let mut shares = Vec::new();
        for group in &metadata.groups {
            let mut group: Vec<&Recipient> = group.iter().collect();
            group.sort_by_key(|recipient| {
                order.iter().position(|kind| *kind == recipient.kind).unwrap_or(order.len())
            });
            match self.first_that_decrypts(&group) {
                Ok(share) => shares.push(share),
                Err(failed) => failures.extend(failed),
            }
        }
        let count = metadata.groups.len();
        let key = if count == 1 {
            shares.pop()
        } else {
            let needed = metadata.threshold.unwrap_or(count);
            if !shares.is_empty() && shares.len() < needed {
                let found = shares.len();
                failures.insert(
                    0,
                    format!("{needed} of its {count} groups of keys are needed, {found} found"),
                );
            }
            Some(&shares)
                .filter(|shares| shares.len() >= needed)
                .and_then(|shares| shamir::combine(shares))
        };
        match key.map(Cipher::new) {
            Some(Some(cipher)) => Ok(DataKey::Found(cipher)),
            Some(None) => bail!("the key that its recipients decrypt has a wrong size"),
            None => Ok(missing(metadata, &failures)),
        }
    }

    fn first_that_decrypts(&self, group: &[&Recipient]) -> Result<Secret, Vec<String>> {
        let mut failures = Vec::new();
        for recipient in group {
            match self.decrypt(recipient) {
                Ok(key) => return Ok(key),
                Err(error) => failures.push(format!("{}: {error:#}", recipient.name())),
            }
        }
        Err(failures)
    }

    fn decrypt(&self, recipient: &Recipient) -> Result<Secret> {
        let wrapped = recipient.text("enc");
        match recipient.kind {
            RecipientKind::Age => {
                self.identities.decrypt(wrapped.as_bytes()).map_err(|refusal| match refusal {
                    Refusal::Damaged(why) | Refusal::NoKey(why) => anyhow::anyhow!(why),
                })
            }
            RecipientKind::Pgp => pgp::decrypt(&self.search, wrapped),
            RecipientKind::Kms => kms::decrypt_or_recall(&self.search, recipient),
            other => bail!("keys of `{}` are for sops, which did not open the file", other.name()),
        }
    }
}

fn missing(metadata: &Metadata, failures: &[String]) -> DataKey {
    let message = match failures {
        [] => "no key is there that decrypts it".to_string(),
        failures => format!("no key is there that decrypts it ({})", failures.join("; ")),
    };
    let mut kinds = metadata.groups.iter().flatten().map(|recipient| recipient.kind);
    let first = kinds.clone().find(|kind| *kind == RecipientKind::Age).or_else(|| kinds.next());
    let hint = match first {
        Some(RecipientKind::Pgp) => "gpg --list-secret-keys",
        Some(RecipientKind::Kms) => "AWS_PROFILE=… names the profile with your credentials",
        _ => "SOPS_AGE_KEY_FILE=… names the file with your age key",
    };
    DataKey::Missing(Hinted::new(message, hint))
}

/// `SOPS_DECRYPTION_ORDER` first, then the usual order.
fn decryption_order(env: &Env) -> Result<Vec<RecipientKind>> {
    let mut order = Vec::new();
    if let Some(wanted) = env.non_empty("SOPS_DECRYPTION_ORDER") {
        let wanted = wanted.to_str().context("`SOPS_DECRYPTION_ORDER` is no text")?;
        for name in wanted.split(',').map(str::trim) {
            let Some(kind) = RecipientKind::ALL.into_iter().find(|kind| kind.name() == name) else {
                continue;
            };
            if order.contains(&kind) {
                bail!("`SOPS_DECRYPTION_ORDER` names `{name}` twice");
            }
            order.push(kind);
        }
    }
    for kind in RecipientKind::ALL {
        if !order.contains(&kind) {
            order.push(kind);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_order_comes_first() {
        let order =
            |text: &str| decryption_order(&Env::from_iter([("SOPS_DECRYPTION_ORDER", text)]));
        assert_eq!(
            order("kms,none,pgp").unwrap()[..3],
            [RecipientKind::Kms, RecipientKind::Pgp, RecipientKind::Age]
        );
        assert_eq!(order("").unwrap(), RecipientKind::ALL);
        assert!(order("pgp,pgp").is_err());
    }
}
