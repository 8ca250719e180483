//! Who can decrypt a sops file, and how the key of its values is got from them.

pub mod age;
pub mod foreign;
mod aws;
mod kms;
mod pgp;
mod program;
mod prompt;
mod search;
mod wrap;

use super::envelope::Cipher;
use super::metadata::Metadata;
use super::shamir;
use super::tree::{Branch, Entry, Value, find};
use crate::config::Config;
use crate::env::Env;
use crate::error::Hinted;
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use super::Secret;
use age::Refusal;
pub use prompt::Prompt;
pub use search::Search;
pub use wrap::wrap;

/// One entry of the metadata: the key of the values, or a share of it, as one recipient can decrypt it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipient {
    pub kind: RecipientKind,
    fields: Branch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipientKind {
    Age,
    Pgp,
    Kms,
    GcpKms,
    HuaweiKms,
    AzureKeyVault,
    Vault,
}

impl RecipientKind {
    /// In the order in which they are tried where nothing else is wanted.
    const ALL: [Self; 7] = [
        Self::Age,
        Self::Pgp,
        Self::Kms,
        Self::GcpKms,
        Self::HuaweiKms,
        Self::AzureKeyVault,
        Self::Vault,
    ];

    /// The name of the list in the metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Pgp => "pgp",
            Self::Kms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::HuaweiKms => "hckms",
            Self::AzureKeyVault => "azure_kv",
            Self::Vault => "hc_vault",
        }
    }
}

impl Recipient {
    pub fn new(kind: RecipientKind, fields: &[(&str, &str)]) -> Self {
        let entry = |(name, text): &(&str, &str)| Entry::Pair((*name).into(), Value::string(*text));
        Self { kind, fields: fields.iter().map(entry).collect() }
    }

    /// All that a group names.
    pub fn all_of(group: &Branch) -> Result<Vec<Self>> {
        let mut recipients = Vec::new();
        for kind in RecipientKind::ALL {
            let list = match find(group, kind.name()) {
                None | Some(Value::Null) => continue,
                Some(Value::List(list)) => list,
                Some(_) => bail!("its `{}` is not a list", kind.name()),
            };
            for value in list {
                match value {
                    Value::Branch(fields) => recipients.push(Self { kind, fields: fields.clone() }),
                    Value::Leaf(leaf) if leaf.is_comment() => {}
                    _ => bail!("its `{}` holds something that is no recipient", kind.name()),
                }
            }
        }
        Ok(recipients)
    }

    /// A group as the metadata holds it.
    pub fn branch(group: &[Self]) -> Branch {
        let mut branch = Branch::new();
        for kind in RecipientKind::ALL {
            let fields = group.iter().filter(|recipient| recipient.kind == kind);
            let list: Vec<Value> =
                fields.map(|recipient| Value::Branch(recipient.fields.clone())).collect();
            if !list.is_empty() {
                branch.push(Entry::Pair(kind.name().into(), Value::List(list)));
            }
        }
        branch
    }

    /// As a person names one: an age or ssh key, with what `authorized_keys` has around it, a fingerprint, an ARN. That
    /// there is such a key is seen when something is encrypted for it.
    pub fn typed(text: &str) -> Result<Self, NoRecipient> {
        let text = text.trim();
        if let Some(key) = ssh_key(text) {
            let words: Vec<&str> = key.split_whitespace().collect();
            return match words[0] {
                "ssh-ed25519" | "ssh-rsa" => Ok(Self::age(&words.join(" "))),
                kind => Err(NoRecipient::Kind(kind.to_string())),
            };
        }
        if age::is_secret(text) {
            return Err(NoRecipient::Secret);
        }
        if text.starts_with("age1") {
            return Ok(Self::age(text));
        }
        if kms::Arn::parse(text).is_some() {
            return Ok(Self::new(RecipientKind::Kms, &[("arn", text), ("aws_profile", "")]));
        }
        Self::pgp(text).ok_or(NoRecipient::Unknown)
    }

    /// A fingerprint, also as gpg prints it, with spaces, or with `0x` before it.
    pub fn pgp(text: &str) -> Option<Self> {
        let fingerprint: String = text.split_whitespace().collect();
        let fingerprint = fingerprint.trim_start_matches("0x").trim_start_matches("0X");
        let bare = fingerprint.trim_end_matches('!');
        let is_one = bare.len() >= 16 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self::new(RecipientKind::Pgp, &[("fp", fingerprint)]))
    }

    fn age(text: &str) -> Self {
        Self::new(RecipientKind::Age, &[("recipient", text)])
    }

    /// Whether both are the same key; what stands behind an ssh key is only its name.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |recipient: &Self| {
            recipient
                .full_name()
                .split(' ')
                .take(3)
                .map(str::to_ascii_lowercase)
                .collect::<Vec<_>>()
        };
        self.kind == other.kind && key(self) == key(other)
    }

    /// What envr reads of it, and nothing else: another reader may see more, or other doubles first.
    #[must_use]
    pub fn plain(&self) -> Self {
        let names: &[&str] = match self.kind {
            RecipientKind::Age => &["recipient", "enc"],
            RecipientKind::Pgp => &["created_at", "enc", "fp"],
            RecipientKind::Kms => &["arn", "role", "created_at", "enc", "aws_profile"],
            RecipientKind::GcpKms => &["resource_id", "created_at", "enc"],
            RecipientKind::HuaweiKms => &["key_id", "created_at", "enc"],
            RecipientKind::AzureKeyVault => &["vault_url", "name", "version", "created_at", "enc"],
            RecipientKind::Vault => {
                &["vault_address", "engine_path", "key_name", "created_at", "enc"]
            }
        };
        let names = names.iter().filter(|name| find(&self.fields, name).is_some());
        let fields: Vec<(&str, &str)> = names.map(|name| (*name, self.text(name))).collect();
        let mut plain = Self::new(self.kind, &fields);
        let context = kms::context(&self.fields);
        if self.kind == RecipientKind::Kms && !context.is_empty() {
            let pair =
                |(name, text): (String, String)| Entry::Pair(name.into(), Value::string(text));
            plain.set_value("context", Value::Branch(context.into_iter().map(pair).collect()));
        }
        plain
    }

    /// Whether nothing is to be changed to have the other in its place.
    pub fn is_equal(&self, other: &Self) -> bool {
        let context = |one: &Self| kms::context(&one.fields);
        let is_same_text = |name: &&str| self.text(name) == other.text(name);
        self.is_same(other)
            && ["role", "aws_profile"].iter().all(is_same_text)
            && context(self) == context(other)
    }

    pub fn full_name(&self) -> String {
        let text = match self.kind {
            RecipientKind::Age => self.text("recipient"),
            RecipientKind::Pgp => self.text("fp"),
            RecipientKind::Kms => self.text("arn"),
            RecipientKind::GcpKms => self.text("resource_id"),
            RecipientKind::HuaweiKms => self.text("key_id"),
            RecipientKind::AzureKeyVault => self.text("vault_url"),
            RecipientKind::Vault => self.text("vault_address"),
        };
        format!("{} {text}", self.kind.name())
    }

    pub fn text(&self, name: &str) -> &str {
        find(&self.fields, name).and_then(Value::text).unwrap_or_default()
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        let shown = match self.kind {
            RecipientKind::Age => self.text("recipient"),
            RecipientKind::Pgp => return format!("PGP key {}", self.text("fp")),
            RecipientKind::Kms => self.text("arn"),
            RecipientKind::GcpKms => self.text("resource_id"),
            RecipientKind::HuaweiKms => self.text("key_id"),
            RecipientKind::AzureKeyVault => self.text("name"),
            RecipientKind::Vault => self.text("key_name"),
        };
        // An ssh key is told by its comment.
        let shown = match shown.split(' ').collect::<Vec<_>>().as_slice() {
            [kind, _, comment, ..] if kind.starts_with("ssh-") => format!("{kind} {comment}"),
            [kind, key] if kind.starts_with("ssh-") => {
                format!("{kind} …{}", key.get(key.len().saturating_sub(12)..).unwrap_or_default())
            }
            _ if age::is_secret(shown) => "AGE-SECRET-KEY-…".to_string(),
            _ => shown.to_string(),
        };
        format!("{} {shown}", self.kind.name())
    }
}

/// Why a text names nobody.
#[derive(Debug)]
pub enum NoRecipient {
    /// An ssh key of a kind that age does not encrypt to.
    Kind(String),
    /// A key that decrypts, which nobody is to see.
    Secret,
    Unknown,
}

impl fmt::Display for NoRecipient {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(formatter, "age cannot encrypt to a key of `{kind}`"),
            Self::Secret => {
                write!(formatter, "is a secret key: name its public key, as `age-keygen -y` has it")
            }
            Self::Unknown => {
                write!(formatter, "is no age key, ssh key, PGP fingerprint, ARN or file of them")
            }
        }
    }
}

/// The key of a line of `authorized_keys`, which may have options before it, with quotes in them.
fn ssh_key(line: &str) -> Option<&str> {
    let is_key = |text: &str| {
        let mut words = text.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let is_kind =
            ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| kind.starts_with(start));
        is_kind && words.next().is_some_and(|key| key.starts_with("AAAA"))
    };
    if is_key(line) {
        return Some(line);
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = line.find(|character: char| {
        match character {
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ if character.is_whitespace() && !is_quoted => return true,
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
        false
    })?;
    Some(line[end..].trim_start()).filter(|rest| is_key(rest))
}

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

    pub fn search(&self) -> &Search<'a> {
        &self.search
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

    #[test]
    fn an_ssh_key_is_told_by_its_comment() {
        let recipient =
            Recipient::new(RecipientKind::Age, &[("recipient", "ssh-rsa AAAA me@home")]);
        assert_eq!(recipient.name(), "age ssh-rsa me@home");
    }
}
