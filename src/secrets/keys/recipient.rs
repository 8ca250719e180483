//! Who can decrypt a file: one entry of its metadata, or the name by which a person means one.

use super::{age, kms};
use crate::secrets::tree::{Branch, Entry, Value, find, pairs_mut, values};
use anyhow::{Result, bail};

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
    pub const ALL: [Self; 7] = [
        Self::Age,
        Self::Pgp,
        Self::Kms,
        Self::GcpKms,
        Self::HuaweiKms,
        Self::AzureKeyVault,
        Self::Vault,
    ];

    /// Whether only the installed sops opens it.
    pub fn is_foreign(self) -> bool {
        match self {
            Self::Age | Self::Pgp | Self::Kms => false,
            Self::GcpKms | Self::HuaweiKms | Self::AzureKeyVault | Self::Vault => true,
        }
    }

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
            for (_, value) in values(list) {
                let Some(fields) = value.branch() else {
                    bail!("its `{}` holds something that is no recipient", kind.name());
                };
                recipients.push(Self { kind, fields: fields.clone() });
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
        if text.starts_with("age1") && !text.contains(',') {
            return Ok(Self::age(text));
        }
        let kms = Self::kms(text, "");
        if kms::Arn::parse(kms.text("arn")).is_some() {
            return Ok(kms);
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

    /// `ARN`, or `ARN+ROLE`, of which the role is another ARN.
    pub fn kms(text: &str, profile: &str) -> Self {
        let (arn, role) = text.split_once('+').unwrap_or((text, ""));
        let mut recipient = Self::new(RecipientKind::Kms, &[("arn", arn)]);
        if !role.is_empty() {
            recipient.set("role", role);
        }
        recipient.set("aws_profile", profile);
        recipient
    }

    fn age(text: &str) -> Self {
        Self::new(RecipientKind::Age, &[("recipient", text)])
    }

    /// Whether both are the same key; what stands behind an ssh key is only its name.
    pub fn is_same(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.key(), other.key());
        let words = |key| str::split(key, ' ').take(2);
        self.kind == other.kind
            && words(&mine).count() == words(&theirs).count()
            && words(&mine).zip(words(&theirs)).all(|(one, other)| one.eq_ignore_ascii_case(other))
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
        let names = names.iter().filter(|name| self.value(name).is_some());
        let fields: Vec<(&str, &str)> = names.map(|name| (*name, self.text(name))).collect();
        let mut plain = Self::new(self.kind, &fields);
        let context = kms::context(self);
        if self.kind == RecipientKind::Kms && !context.is_empty() {
            let pair =
                |(name, text): (String, String)| Entry::Pair(name.into(), Value::string(text));
            plain.set_value("context", Value::Branch(context.into_iter().map(pair).collect()));
        }
        plain
    }

    /// Whether nothing is to be changed to have the other in its place.
    pub fn is_equal(&self, other: &Self) -> bool {
        let context = |one: &Self| kms::context(one);
        let is_same_text = |name: &&str| self.text(name) == other.text(name);
        self.is_same(other)
            && ["role", "aws_profile"].iter().all(is_same_text)
            && context(self) == context(other)
    }

    /// What tells its key from all others, where there are several parts as sops joins them.
    fn key(&self) -> String {
        match self.kind {
            RecipientKind::Age => self.text("recipient").to_string(),
            RecipientKind::Pgp => self.text("fp").to_string(),
            RecipientKind::Kms => self.text("arn").to_string(),
            RecipientKind::GcpKms => self.text("resource_id").to_string(),
            RecipientKind::HuaweiKms => self.text("key_id").to_string(),
            RecipientKind::AzureKeyVault => {
                let names = ["vault_url", "name", "version"];
                let [vault, name, version] = names.map(|name| self.text(name));
                format!("{}/keys/{name}/{version}", vault.trim_end_matches('/'))
            }
            RecipientKind::Vault => {
                let names = ["vault_address", "engine_path", "key_name"];
                let [address, engine, key] = names.map(|name| self.text(name));
                format!("{}/v1/{engine}/keys/{key}", address.trim_end_matches('/'))
            }
        }
    }

    /// Its key with the kind before it. A secret key that stands there by mistake is shown to nobody.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.kind.name(), age::shown(&self.key()))
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        let key = self.key();
        // An ssh key is told by its comment.
        match key.split(' ').collect::<Vec<_>>().as_slice() {
            [kind, _, comment, ..] if kind.starts_with("ssh-") => format!("age {kind} {comment}"),
            [kind, key] if kind.starts_with("ssh-") => {
                let end = key.get(key.len().saturating_sub(12)..).unwrap_or_default();
                format!("age {kind} …{end}")
            }
            _ if self.kind == RecipientKind::Pgp => format!("PGP key {key}"),
            _ => self.full_name(),
        }
    }

    pub fn text(&self, name: &str) -> &str {
        self.value(name).and_then(Value::text).unwrap_or_default()
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        find(&self.fields, name)
    }

    pub fn set(&mut self, name: &str, text: &str) {
        self.set_value(name, Value::string(text));
    }

    pub fn set_value(&mut self, name: &str, new: Value) {
        let known =
            pairs_mut(&mut self.fields).find_map(|(known, value)| (known == name).then_some(value));
        match known {
            Some(value) => *value = new,
            None => self.fields.push(Entry::Pair(name.into(), new)),
        }
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

impl NoRecipient {
    /// `named` is where the text was found, or the text itself where that may be shown.
    pub fn told(&self, named: &str) -> String {
        match self {
            Self::Kind(kind) => format!("{named}: age cannot encrypt to a key of `{kind}`"),
            Self::Secret => {
                format!("{named} is a secret key: name its public key, as `age-keygen -y` has it")
            }
            Self::Unknown => {
                format!("{named} is no age key, ssh key, PGP fingerprint, ARN or file of them")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssh_key_is_told_by_its_comment() {
        let recipient =
            Recipient::new(RecipientKind::Age, &[("recipient", "ssh-rsa AAAA me@home")]);
        assert_eq!(recipient.name(), "age ssh-rsa me@home");
    }
}
