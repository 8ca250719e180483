//! The text of keys: age's own, plugins', ssh's, and all of them under a passphrase.

use super::plugin::{PluginIdentity, Unusable};
use super::source::Source;
use super::tagged::{Tagged, tag_of};
use super::{Keeping, WORK_LIMIT, decrypt_with, decrypt_with_kept};
use crate::secrets::keyring::Keyring;
use crate::secrets::keys::{Prompt, Search};
use crate::secrets::{Secret, is_age};
use age::secrecy::{ExposeSecret as _, SecretString};
use age::{Identity, Recipient, plugin, scrypt, ssh, x25519};
use anyhow::{Result, anyhow, bail};
use std::rc::Rc;
use std::sync::Arc;

/// One wrong line spoils the whole source, as in sops. What somebody is asked for, or another program, is kept.
pub fn parse<'a>(
    text: &Secret,
    source: &Source,
    search: &Rc<Search<'a>>,
) -> Result<Vec<Box<dyn Identity + 'a>>, String> {
    let keyring = search.keyring();
    if is_age(text.bytes()) {
        let text = under_passphrase(text, source, search)?;
        return parse_lines(&text, search);
    }
    if text.bytes().trim_ascii_start().starts_with(b"-----BEGIN") {
        return ssh_key(text, source, search).map(|key| vec![key]);
    }
    let identities = parse_lines(text, search)?;
    Ok(match source {
        Source::Command(..) => {
            identities.into_iter().map(|identity| Keeping::boxed(identity, keyring)).collect()
        }
        Source::Variable(..) | Source::File(_) | Source::Named(..) => identities,
    })
}

fn under_passphrase(text: &Secret, source: &Source, search: &Search) -> Result<Secret, String> {
    let keyring = search.keyring();
    if let Some(text) = decrypt_with_kept(text.bytes(), keyring) {
        return Ok(text);
    }
    let question = format!("Passphrase of {source}");
    let Some(passphrase) = search.prompt.secret(&question) else {
        return Err("it needs a passphrase, and nobody is here to type it".to_string());
    };
    let key = passphrase_identity(&passphrase, keyring);
    decrypt_with(text.bytes(), &[key]).map_err(|_| "the passphrase is wrong".to_string())
}

pub fn passphrase_identity(passphrase: &str, keyring: Keyring) -> Box<dyn Identity> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_string()));
    identity.set_max_work_factor(WORK_LIMIT);
    Keeping::boxed(Box::new(identity), keyring)
}

fn parse_lines<'a>(
    text: &Secret,
    search: &Rc<Search<'a>>,
) -> Result<Vec<Box<dyn Identity + 'a>>, String> {
    let text = text.as_str().ok_or("it is no text")?;
    let mut identities: Vec<Box<dyn Identity + 'a>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || format!("line {} is no age key", index + 1);
        if line.starts_with("AGE-SECRET-KEY-PQ-") {
            let why = "is a post-quantum key, which only newer age programs read";
            identities.push(Box::new(Unusable(format!("line {} {why}", index + 1))));
        } else if line.starts_with("AGE-PLUGIN-") {
            let identity: plugin::Identity = line.parse().map_err(|_| wrong())?;
            identities.push(of_plugin(identity, search));
        } else {
            let identity: x25519::Identity = line.parse().map_err(|_| wrong())?;
            identities.push(Box::new(identity));
        }
    }
    if identities.is_empty() {
        return Err("it holds no key".to_string());
    }
    Ok(identities)
}

fn of_plugin<'a>(identity: plugin::Identity, search: &Rc<Search<'a>>) -> Box<dyn Identity + 'a> {
    let name = identity.plugin().to_string();
    let program = format!("age-plugin-{name}");
    match plugin::IdentityPluginV1::new(&name, &[identity], search.prompt) {
        Err(_) => Box::new(Unusable(format!("`{program}` is not installed"))),
        Ok(identity) => {
            let (identity, search) = (Arc::new(identity), Rc::clone(search));
            let keyring = search.keyring();
            Keeping::boxed(Box::new(PluginIdentity { program, identity, search }), keyring)
        }
    }
}

fn ssh_key(text: &Secret, source: &Source, search: &Search) -> Result<Box<dyn Identity>, String> {
    let (prompt, keyring) = (search.prompt, search.keyring());
    let key = ssh::Identity::from_buffer(text.bytes(), Some(source.to_string()));
    let key = key.map_err(|_| "it is no ssh key")?;
    let is_hard = matches!(source, Source::Command(..));
    match key {
        ssh::Identity::Unsupported(_) => {
            Err("it is an ssh key of a kind that age has no use for".to_string())
        }
        ssh::Identity::Encrypted(_) => {
            let why = "it needs a passphrase, and nobody is here to type it";
            let identity: Box<dyn Identity> = if prompt.is_possible() {
                Box::new(key.with_callbacks(prompt))
            } else {
                Box::new(Unusable(why.to_string()))
            };
            let identity = match text.as_str().and_then(tag_of) {
                Some(tag) => Box::new(Tagged { tag, identity }),
                None => identity,
            };
            Ok(Keeping::boxed(identity, keyring))
        }
        key @ ssh::Identity::Unencrypted(_) => {
            let identity: Box<dyn Identity> = Box::new(key.with_callbacks(prompt));
            Ok(if is_hard { Keeping::boxed(identity, keyring) } else { identity })
        }
    }
}

/// Whether it decrypts: nobody is to see it.
pub fn is_secret(text: &str) -> bool {
    let text = text.trim_start().to_ascii_uppercase();
    text.starts_with("AGE-SECRET-KEY-") || text.starts_with("AGE-PLUGIN-")
}

/// A text as it may be shown: it may be a key in the place of a file's name.
pub fn shown(text: &str) -> &str {
    if is_secret(text) { "AGE-SECRET-KEY-…" } else { text }
}

/// Reads a recipient as sops stores it, with the comment of an ssh key.
pub fn recipient(text: &str) -> Result<Box<dyn Recipient + Send>> {
    if is_secret(text) {
        bail!("it is a secret key");
    }
    if text.starts_with("age1pq1") {
        bail!("post-quantum recipients are for newer age programs");
    }
    if let Ok(recipient) = text.parse::<x25519::Recipient>() {
        return Ok(Box::new(recipient));
    }
    if text.starts_with("ssh-ed25519 ") || text.starts_with("ssh-rsa ") {
        let key = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let key: ssh::Recipient =
            key.parse().map_err(|_| anyhow!("`{text}` is no ssh key that age can encrypt to"))?;
        return Ok(Box::new(key));
    }
    let recipient: plugin::Recipient =
        text.parse().map_err(|_| anyhow!("`{text}` is no age recipient"))?;
    let name = recipient.plugin().to_string();
    let recipient = plugin::RecipientPluginV1::new(&name, &[recipient], &[], Prompt::Terminal);
    match recipient {
        Ok(recipient) => Ok(Box::new(recipient)),
        Err(_) => bail!("`age-plugin-{name}` is not installed"),
    }
}

/// The program that encrypts for a recipient, where that is a plugin.
pub fn plugin_of(text: &str) -> Option<String> {
    if text.parse::<x25519::Recipient>().is_ok() {
        return None;
    }
    let recipient: plugin::Recipient = text.parse().ok()?;
    Some(format!("age-plugin-{}", recipient.plugin()))
}

/// A file of keys with one that nobody has, and its recipient.
pub fn new_identity() -> (Secret, String) {
    let identity = x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = format!("# public key: {public}\n{}\n", secret.expose_secret());
    (text.into(), public)
}

/// The recipient of the first of age's own keys in a text.
pub fn first_public_key(text: &Secret) -> Option<String> {
    let mut lines = text.as_str()?.lines();
    let identity = lines.find_map(|line| line.trim().parse::<x25519::Identity>().ok())?;
    Some(identity.to_public().to_string())
}
