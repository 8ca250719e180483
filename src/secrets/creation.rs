//! `.sops.yaml`: for whom a file is encrypted, by its path.

use super::keys::{Recipient, RecipientKind};
use super::metadata::Metadata;
use super::rule::{Rule, RuleKind};
use super::store::{Format, Layout, read_plain};
use super::timestamp;
use super::tree::{Branch, Entry, Value, find};
use crate::error::Hinted;
use crate::fs::read_regular;
use anyhow::{Context as _, Result, bail};
use regex_lite::Regex;
use std::path::{Path, PathBuf};

/// The file of rules, by sops's only name for it.
pub const NAME: &str = ".sops.yaml";
/// In bytes.
const LIMIT: u64 = 1 << 20;
/// Directories above that are looked at, as in sops.
const ABOVE: usize = 100;
/// The version of sops whose files ours are like.
const VERSION: &str = "3.11.0";

/// What a new file's metadata says; its keys and MAC come when it is sealed.
pub fn metadata(groups: Vec<Vec<Recipient>>, threshold: Option<usize>, rule: Rule) -> Metadata {
    Metadata {
        groups,
        threshold,
        last_modified: timestamp::now(),
        mac: None,
        rule,
        mac_only_encrypted: false,
        version: VERSION.to_string(),
    }
}

/// The rules that govern a directory: from `SOPS_CONFIG`, or the nearest file at or above it.
pub fn locate(named: Option<&Path>, dir: &Path) -> Option<PathBuf> {
    named.map(Path::to_path_buf).or_else(|| {
        dir.ancestors().take(ABOVE).map(|dir| dir.join(NAME)).find(|file| file.exists())
    })
}

/// The metadata that the rules want for a file. The first rule whose `path_regex` matches counts.
pub fn metadata_for(rules: &Path, file: &Path) -> Result<Metadata> {
    let shown = rules.display();
    of_rules(rules, file).with_context(|| format!("could not read `{shown}`"))?.ok_or_else(|| {
        Hinted::new(
            format!("no rule of `{shown}` is for `{}`", file.display()),
            "a rule without `path_regex` is for every file",
        )
        .into()
    })
}

/// How the files that the rules govern are laid out.
pub fn layout(rules: &Path) -> Result<Layout> {
    let layout = read(rules).and_then(|config| Layout::of(&config.unwrap_or_default()));
    layout.with_context(|| format!("could not read `{}`", rules.display()))
}

fn read(rules: &Path) -> Result<Option<Branch>> {
    let text = read_regular(rules, LIMIT)?.context("it is too large")?;
    Ok(read_plain(text, Format::Yaml)?.into_iter().next())
}

fn of_rules(rules: &Path, file: &Path) -> Result<Option<Metadata>> {
    let config = &read(rules)?.context("it is empty")?;
    let dir = rules.parent().unwrap_or(Path::new("/"));
    let path = file.strip_prefix(dir).unwrap_or(file).to_string_lossy();
    let list = find(config, "creation_rules").and_then(Value::list).unwrap_or_default();
    for rule in list.iter().filter_map(Value::branch) {
        let regex = find(rule, "path_regex").and_then(Value::text).unwrap_or_default();
        let regex = Regex::new(regex).context("a `path_regex` cannot be understood")?;
        if regex.is_match(&path) {
            return of_rule(rule).map(Some);
        }
    }
    Ok(None)
}

fn of_rule(rule: &Branch) -> Result<Metadata> {
    let groups = match find(rule, "key_groups") {
        Some(Value::List(groups)) => {
            groups.iter().filter_map(Value::branch).map(group).collect::<Result<_>>()?
        }
        _ => vec![group(rule)?],
    };
    let threshold = find(rule, "shamir_threshold").and_then(Value::text);
    let threshold = threshold.map(str::parse).transpose().context("its threshold is no number")?;
    let mut chosen = Rule::default();
    let mut count = 0;
    for kind in RuleKind::ALL {
        if let Some(text) =
            find(rule, kind.name()).and_then(Value::text).filter(|text| !text.is_empty())
        {
            chosen = Rule::new(kind, text)?;
            count += 1;
        }
    }
    if count > 1 {
        bail!("a rule has more than one of the six that say what is encrypted");
    }
    let mut metadata = metadata(groups, threshold, chosen);
    metadata.mac_only_encrypted =
        find(rule, "mac_only_encrypted").and_then(Value::leaf).is_some_and(super::Leaf::is_true);
    Ok(metadata)
}

fn group(rule: &Branch) -> Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for name in ["gcp_kms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "hckms"] {
        if find(rule, name).is_some() {
            bail!("it names keys of `{name}`, which only sops can write");
        }
    }
    if let Some(Value::List(merged)) = find(rule, "merge") {
        for inner in merged.iter().filter_map(Value::branch) {
            recipients.extend(group(inner)?);
        }
    }
    for text in texts(rule, "age") {
        recipients.push(Recipient::new(RecipientKind::Age, &[("recipient", &text)]));
    }
    for text in texts(rule, "pgp") {
        let named = Recipient::pgp(&text).with_context(|| format!("`{text}` is no fingerprint"))?;
        recipients.push(named);
    }
    let profile = find(rule, "aws_profile").and_then(Value::text).unwrap_or_default();
    for text in texts(rule, "kms") {
        recipients.push(kms_recipient(&text, profile));
    }
    if let Some(Value::List(list)) = find(rule, "kms") {
        for fields in list.iter().filter_map(Value::branch) {
            let text = |name: &str| find(fields, name).and_then(Value::text).unwrap_or_default();
            let mut recipient = kms_recipient(text("arn"), text("aws_profile"));
            if !text("role").is_empty() {
                recipient.set("role", text("role"));
            }
            if let Some(context) = find(fields, "context") {
                recipient.set_value("context", context.clone());
            }
            recipients.push(recipient);
        }
    }
    Ok(recipients)
}

/// `ARN`, or `ARN+ROLE`.
fn kms_recipient(text: &str, profile: &str) -> Recipient {
    let (arn, role) = text.split_once('+').unwrap_or((text, ""));
    let mut recipient = Recipient::new(RecipientKind::Kms, &[("arn", arn)]);
    if !role.is_empty() {
        recipient.set("role", role);
    }
    recipient.set("aws_profile", profile);
    recipient
}

/// A list with commas in it, or one of YAML.
fn texts(rule: &Branch, name: &str) -> Vec<String> {
    let split = |text: &str| {
        let parts = text.split(',').map(|part| part.trim().to_string());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    match find(rule, name) {
        Some(Value::Leaf(leaf)) => leaf.text().as_str().map(split).unwrap_or_default(),
        Some(Value::List(list)) => list.iter().filter_map(Value::text).flat_map(split).collect(),
        _ => Vec::new(),
    }
}

/// The rules of a new project: everything is for one age key.
pub fn first_rules(recipient: &str) -> String {
    format!("creation_rules:\n  - age: {recipient}\n")
}

/// A tree of one entry.
pub fn first_file() -> Vec<Branch> {
    vec![vec![Entry::Pair("EXAMPLE".into(), Value::string("replace me"))]]
}
