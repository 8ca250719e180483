//! What a sops file says about itself: who can decrypt it, which values are encrypted, its MAC.

mod flat;
mod write;

use super::keys::Recipient;
use super::rule::Rule;
use super::timestamp;
use super::tree::{Branch, Value, find, values};
use anyhow::{Context as _, Result, bail};

pub use flat::{flatten, unflatten};

/// More recipients than this are not tried: each may be a process or a request.
const RECIPIENT_LIMIT: usize = 256;

#[derive(Clone, Debug)]
pub struct Metadata {
    /// Each group holds recipients of the same share; a single group, of the key itself.
    pub groups: Vec<Vec<Recipient>>,
    /// How many groups are needed where there are several.
    pub threshold: Option<usize>,
    /// RFC 3339, in whole seconds: the MAC is bound to it.
    pub last_modified: String,
    pub mac: Option<String>,
    pub rule: Rule,
    pub mac_only_encrypted: bool,
    /// Of the sops that wrote it, or that one writes like.
    pub version: String,
}

impl Metadata {
    /// Reads the `sops` entry of a document.
    pub fn of(metadata: &Branch) -> Result<Self> {
        let text = |name: &str| find(metadata, name).and_then(Value::text);
        let version = version(metadata).context("its metadata has no valid `version`")?;
        let last_modified = text("lastmodified").and_then(timestamp::rfc3339_seconds);
        let last_modified = last_modified.context("its metadata has no valid `lastmodified`")?;
        let threshold = match find(metadata, "shamir_threshold") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.text().and_then(|text| text.parse().ok());
                Some(number.context("its `shamir_threshold` is no number")?)
            }
        };
        let groups = groups(metadata)?;
        if groups.iter().all(Vec::is_empty) {
            bail!("no recipients are named in it");
        }
        if groups.iter().map(Vec::len).sum::<usize>() > RECIPIENT_LIMIT {
            bail!("it has more than {RECIPIENT_LIMIT} recipients");
        }
        Ok(Self {
            groups,
            threshold: threshold.filter(|number| *number > 0),
            last_modified,
            mac: text("mac").filter(|mac| !mac.is_empty()).map(ToString::to_string),
            rule: Rule::of_metadata(metadata)?,
            mac_only_encrypted: text("mac_only_encrypted")
                .is_some_and(|value| matches!(value, "True" | "true")),
            version,
        })
    }

    /// Whether it was written by sops 3.13 or later, whose JSON has integers.
    pub fn has_json_integers(&self) -> bool {
        let mut parts = self.version.trim_start_matches('v').split('.').map(str::parse::<u64>);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (3, 13),
            _ => false,
        }
    }
}

/// Without quotes YAML has some as numbers.
fn version(metadata: &Branch) -> Option<String> {
    let leaf = find(metadata, "version")?.leaf()?;
    let text = leaf.spelling().as_str()?;
    is_version(text).then(|| text.to_string())
}

/// As sops takes it: a semantic version with or without `v`, or anything of version 1.
fn is_version(text: &str) -> bool {
    let core = text.strip_prefix('v').unwrap_or(text);
    let core = core.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| {
        let is_short = *part == "0" || !part.starts_with('0');
        !part.is_empty() && is_short && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.starts_with("1.") || (parts.len() == 3 && parts.iter().all(is_number))
}

/// Recipients at the top count before groups, as sops has it.
fn groups(metadata: &Branch) -> Result<Vec<Vec<Recipient>>> {
    let top = Recipient::all_of(metadata)?;
    if !top.is_empty() {
        return Ok(vec![top]);
    }
    let groups = match find(metadata, "key_groups") {
        Some(Value::List(groups)) => groups.as_slice(),
        _ => &[],
    };
    let group = |value: &Value| match value {
        Value::Branch(group) => Recipient::all_of(group),
        _ => bail!("its `key_groups` are not groups"),
    };
    values(groups).map(|(_, value)| group(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Entry, Leaf};
    use super::*;

    #[test]
    fn versions() {
        for (text, is_valid) in [
            ("3.11.0", true),
            ("v3.9.4", true),
            ("4.0.0-rc.1", true),
            ("1.x", true),
            ("1.18", true),
            ("0.10.0", true),
            ("03.1.0", false),
            ("3.11", false),
            ("", false),
            ("latest", false),
        ] {
            assert_eq!(is_version(text), is_valid, "{text}");
        }
    }

    #[test]
    fn a_version_may_be_a_number() {
        let of = |leaf| version(&vec![Entry::Pair("version".into(), Value::Leaf(leaf))]);
        assert_eq!(of(Leaf::float(1.1).spelled("1.10".into())).as_deref(), Some("1.10"));
        assert_eq!(of(Leaf::float(3.1)), None);
        assert_eq!(version(&Branch::new()), None);
    }

    #[test]
    fn metadata_without_recipients_is_refused() {
        let pair = |name: &str, text: &str| Entry::Pair(name.into(), Value::string(text));
        let metadata =
            vec![pair("version", "3.11.0"), pair("lastmodified", "2026-01-01T00:00:00Z")];
        let error = Metadata::of(&metadata).unwrap_err();
        assert_eq!(error.to_string(), "no recipients are named in it");
    }
}
