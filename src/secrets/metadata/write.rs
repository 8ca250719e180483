//! Metadata as the `sops` entry that any sops reads.

use super::Metadata;
use crate::secrets::keys::Recipient;
use crate::secrets::tree::{Branch, Entry, Leaf, Value};

impl Metadata {
    pub fn branch(&self) -> Branch {
        let mut branch = match self.groups.as_slice() {
            [group] => Recipient::branch(group),
            groups => {
                let groups = groups.iter().map(|group| Value::Branch(Recipient::branch(group)));
                vec![Entry::Pair("key_groups".into(), Value::List(groups.collect()))]
            }
        };
        let mut push = |name: &str, value| branch.push(Entry::Pair(name.into(), value));
        if let Some(threshold) = self.threshold.filter(|_| self.groups.len() > 1) {
            let threshold = i64::try_from(threshold).unwrap_or(i64::MAX);
            push("shamir_threshold", Value::Leaf(Leaf::int(threshold)));
        }
        push("lastmodified", Value::string(self.last_modified.as_str()));
        if let Some(mac) = &self.mac {
            push("mac", Value::string(mac.as_str()));
        }
        push(self.rule.kind.name(), Value::string(self.rule.text.as_str()));
        if self.mac_only_encrypted {
            push("mac_only_encrypted", Value::Leaf(Leaf::bool(true)));
        }
        push("version", Value::string(self.version.as_str()));
        branch
    }
}
