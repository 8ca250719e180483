//! `.sops.yaml`: for whom a file is encrypted, by its path.

mod merge;

use super::keys::{Recipient, RecipientKind};
use super::metadata::Metadata;
use super::pattern;
use super::rule::{Rule, RuleKind};
use super::store::{Layout, read_settings};
use super::timestamp;
use super::tree::{Branch, Entry, Value, find, pairs};
use crate::error::Hinted;
use crate::fs::read_regular;
use anyhow::{Context as _, Result, bail};
use merge::merged;
use std::path::{Path, PathBuf};

/// The file of rules, by sops's only name for it.
pub const NAME: &str = ".sops.yaml";
/// In bytes.
const LIMIT: u64 = 1 << 20;
/// Directories above that are looked at, as in sops.
const ABOVE: usize = 100;
/// The version of sops whose files ours are like.
const VERSION: &str = "3.11.0";

/// The rules that govern a directory: from `SOPS_CONFIG`, or the nearest file at or above it.
pub fn locate(named: Option<&Path>, dir: &Path) -> Option<PathBuf> {
    named.map(Path::to_path_buf).or_else(|| {
        dir.ancestors().take(ABOVE).map(|dir| dir.join(NAME)).find(|file| file.exists())
    })
}

/// The metadata that the rules want for a file. The first rule whose `path_regex` matches counts.
pub fn metadata_for(rules: &Path, file: &Path) -> Result<Metadata> {
    let found = of_rules(rules, file, None)?;
    found.ok_or_else(|| no_rule(rules, file))
}

/// The same for recipients that somebody named: what is encrypted is as the rules say, where there are any.
pub fn metadata_with(
    recipients: Vec<Recipient>,
    rules: Option<&Path>,
    file: &Path,
) -> Result<Metadata> {
    let found = rules.map(|rules| of_rules(rules, file, Some(&recipients))).transpose()?.flatten();
    Ok(found.unwrap_or_else(|| metadata(vec![recipients], None, Rule::default())))
}

/// How the files that the rules govern are laid out.
pub fn layout(rules: &Path) -> Result<Layout> {
    let layout = read(rules).and_then(|config| Layout::of(&config.unwrap_or_default()));
    layout.with_context(|| format!("could not read `{}`", rules.display()))
}

/// The rules of a new project: everything is for one age key.
pub fn first_rules(recipient: &str) -> String {
    format!("creation_rules:\n  - age: {recipient}\n")
}

/// A tree of one entry.
pub fn first_file() -> Vec<Branch> {
    vec![vec![Entry::Pair("EXAMPLE".into(), Value::string("replace me"))]]
}

fn read(rules: &Path) -> Result<Option<Branch>> {
    let text = read_regular(rules, LIMIT)?.context("it is too large")?;
    read_settings(text)?.map(merged).transpose()
}

/// `None` where there are no rules at all; where none of them is for the file, it is left alone, as by sops. `named` are
/// in place of those whom the rules name.
fn of_rules(rules: &Path, file: &Path, named: Option<&[Recipient]>) -> Result<Option<Metadata>> {
    let could_not = || format!("could not read `{}`", rules.display());
    let config = read(rules).with_context(could_not)?.unwrap_or_default();
    if matches!(find(&config, "creation_rules"), None | Some(Value::Null)) {
        return Ok(None);
    }
    let dir = rules.parent().unwrap_or(Path::new("/"));
    let path = file.strip_prefix(dir).unwrap_or(file).to_string_lossy();
    let rule = rule_for(&config, &path).with_context(could_not)?;
    let rule = rule.ok_or_else(|| no_rule(rules, file))?;
    of_rule(rule, named).with_context(could_not).map(Some)
}

fn no_rule(rules: &Path, file: &Path) -> anyhow::Error {
    Hinted::new(
        format!("no rule of `{}` is for `{}`", rules.display(), file.display()),
        "a rule without `path_regex` is for every file",
    )
    .into()
}

fn rule_for<'a>(config: &'a Branch, path: &str) -> Result<Option<&'a Branch>> {
    for rule in maps(config, "creation_rules")? {
        let regex = text(rule, "path_regex")?;
        let regex = pattern::compile(regex).context("a `path_regex` cannot be understood")?;
        if regex.is_match(path) {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}

fn of_rule(rule: &Branch, named: Option<&[Recipient]>) -> Result<Metadata> {
    let groups = match named {
        Some(recipients) => vec![recipients.to_vec()],
        None => groups(rule)?,
    };
    let threshold = Some(text(rule, "shamir_threshold")?).filter(|text| !text.is_empty());
    let threshold = threshold.map(str::parse).transpose().context("its threshold is no number")?;
    let mut chosen = Rule::default();
    let mut count = 0;
    for kind in RuleKind::ALL {
        let text = text(rule, kind.name())?;
        if !text.is_empty() {
            chosen = Rule::new(kind, text)?;
            count += 1;
        }
    }
    if count > 1 {
        bail!("a rule has more than one of the six that say what is encrypted");
    }
    let mut metadata = metadata(groups, threshold.filter(|number| *number > 0), chosen);
    metadata.mac_only_encrypted = is_true(rule, "mac_only_encrypted")?;
    Ok(metadata)
}

/// What a new file's metadata says; its keys and MAC come when it is sealed.
fn metadata(groups: Vec<Vec<Recipient>>, threshold: Option<usize>, rule: Rule) -> Metadata {
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

fn groups(rule: &Branch) -> Result<Vec<Vec<Recipient>>> {
    let groups = maps(rule, "key_groups")?;
    let groups = if groups.is_empty() { vec![rule] } else { groups };
    groups.into_iter().map(group).collect()
}

fn group(rule: &Branch) -> Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for name in ["gcp_kms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "hckms"] {
        let is_nothing = |value: &Value| {
            *value == Value::Null || value.text() == Some("") || value.list() == Some(&[])
        };
        if find(rule, name).is_some_and(|value| !is_nothing(value)) {
            bail!("it names keys of `{name}`, which only sops can write");
        }
    }
    for inner in maps(rule, "merge")? {
        recipients.extend(group(inner)?);
    }
    for text in texts(rule, "age")? {
        recipients.push(Recipient::new(RecipientKind::Age, &[("recipient", &text)]));
    }
    for text in texts(rule, "pgp")? {
        let named = Recipient::pgp(&text).context("what it names in `pgp` is no fingerprint")?;
        recipients.push(named);
    }
    let profile = text(rule, "aws_profile")?;
    match find(rule, "kms") {
        Some(Value::List(list)) if list.iter().any(|value| value.branch().is_some()) => {
            for fields in maps(rule, "kms")? {
                recipients.push(kms_recipient(fields)?);
            }
        }
        _ => {
            let arns = texts(rule, "kms")?;
            recipients.extend(arns.iter().map(|arn| Recipient::kms(arn, profile)));
        }
    }
    Ok(recipients)
}

fn kms_recipient(fields: &Branch) -> Result<Recipient> {
    let mut recipient = Recipient::kms(text(fields, "arn")?, text(fields, "aws_profile")?);
    let role = text(fields, "role")?;
    if !role.is_empty() {
        recipient.set("role", role);
    }
    let context = match find(fields, "context") {
        None | Some(Value::Null) => return Ok(recipient),
        Some(context) => context.branch().context("a `context` of `kms` is no map")?,
    };
    if let Some((name, _)) = pairs(context).find(|(_, value)| value.text().is_none()) {
        bail!("`{name}` in a `context` of `kms` is no text");
    }
    if !context.is_empty() {
        recipient.set_value("context", Value::Branch(context.clone()));
    }
    Ok(recipient)
}

/// A list with commas in it, or one of YAML.
fn texts(rule: &Branch, name: &str) -> Result<Vec<String>> {
    let lists = match find(rule, name) {
        Some(Value::List(list)) => list.iter().map(Value::text).collect(),
        _ => Some(vec![text(rule, name)?]),
    };
    let lists = lists.with_context(|| format!("`{name}` holds something that is no text"))?;
    let parts = lists.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    Ok(parts.filter(|part| !part.is_empty()).map(ToString::to_string).collect())
}

/// The maps of a list, of which nothing else may be in it.
fn maps<'a>(branch: &'a Branch, name: &str) -> Result<Vec<&'a Branch>> {
    let list = match find(branch, name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.list().with_context(|| format!("`{name}` is no list"))?,
    };
    let maps: Option<Vec<&Branch>> = list.iter().map(Value::branch).collect();
    maps.with_context(|| format!("`{name}` holds something that is no map"))
}

/// Empty where it is not there.
fn text<'a>(branch: &'a Branch, name: &str) -> Result<&'a str> {
    match find(branch, name) {
        None | Some(Value::Null) => Ok(""),
        Some(value) => value.text().with_context(|| format!("`{name}` is no text")),
    }
}

/// By the words of YAML 1.1, which sops takes where nothing but a truth value can stand.
fn is_true(branch: &Branch, name: &str) -> Result<bool> {
    match text(branch, name)? {
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "on" => Ok(true),
        "" | "false" | "False" | "FALSE" | "n" | "N" | "no" | "off" => Ok(false),
        _ => bail!("`{name}` is neither `true` nor `false`"),
    }
}
