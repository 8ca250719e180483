//! AWS KMS recipients: one signed request for each.

use super::aws::{Request, Role, Session};
use super::{Recipient, Search};
use crate::secrets::Secret;
use crate::secrets::keyring::Mark;
use crate::secrets::tree::{Kind, Value, pairs};
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use zeroize::{Zeroize as _, Zeroizing};

/// What KMS answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Plaintext")]
    plaintext: String,
}

/// `arn:aws…:kms:REGION:ACCOUNT:key/…` or `…:alias/…`
pub struct Arn<'a> {
    pub region: &'a str,
    pub partition: &'a str,
}

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
            return None;
        };
        // The region becomes part of a server's name.
        let is_word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_resource = ["key/", "alias/"]
            .iter()
            .any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
        let is_valid = partition.starts_with("aws")
            && is_word(partition)
            && !region.is_empty()
            && is_word(region)
            && !account.is_empty()
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && is_resource;
        is_valid.then_some(Self { region, partition })
    }
}

/// Asks KMS, unless its answer was kept.
pub fn decrypt_or_recall(search: &Search, recipient: &Recipient) -> Result<Secret> {
    let mark = mark(recipient);
    if let Some(key) = search.keyring().recall(&mark) {
        return Ok(key);
    }
    let key = decrypt(search, recipient)?;
    search.keyring().keep(&mark, key.bytes());
    Ok(key)
}

fn decrypt(search: &Search, recipient: &Recipient) -> Result<Secret> {
    let body = serde_json::json!({
        "CiphertextBlob": recipient.text("enc"),
        "EncryptionContext": context(recipient),
        "KeyId": recipient.text("arn"),
    });
    let answer = ask(search, recipient, "Decrypt", &body.to_string())?;
    let mut answer: Answer =
        serde_json::from_slice(answer.bytes()).ok().context("KMS did not give a key")?;
    let key = STANDARD.decode(&answer.plaintext).ok().context("KMS did not give a key");
    answer.plaintext.zeroize();
    Ok(key?.into())
}

pub fn encrypt(search: &Search, recipient: &Recipient, key: &Secret) -> Result<String> {
    let body = Secret::from(
        serde_json::json!({
            "Plaintext": *Zeroizing::new(STANDARD.encode(key.bytes())),
            "EncryptionContext": context(recipient),
            "KeyId": recipient.text("arn"),
        })
        .to_string(),
    );
    let answer = ask(search, recipient, "Encrypt", body.as_str().unwrap_or_default())?;
    let answer: serde_json::Value =
        serde_json::from_slice(answer.bytes()).ok().context("KMS did not encrypt the key")?;
    let wrapped = answer["CiphertextBlob"].as_str().context("KMS did not encrypt the key")?;
    Ok(wrapped.to_string())
}

fn ask(search: &Search, recipient: &Recipient, operation: &str, body: &str) -> Result<Secret> {
    let arn = Arn::parse(recipient.text("arn")).context("its ARN is no key of KMS")?;
    let session = Session::new(search, recipient.text("aws_profile"), &arn)?;
    let mut credentials = session.credentials()?;
    let role = recipient.text("role");
    if !role.is_empty() {
        credentials = session.of_role(&Role::new(role), &credentials)?;
    }
    let request = Request {
        service: "kms",
        region: arn.region,
        url: session.endpoint("kms"),
        target: Some(format!("TrentService.{operation}")),
        content_type: "application/x-amz-json-1.1",
        body,
    };
    session.send(&request, Some(&credentials))
}

/// Of all that the question says, and of who asks.
fn mark(recipient: &Recipient) -> Mark {
    let fields = ["arn", "role", "aws_profile", "enc"].map(|name| recipient.text(name));
    let context = context(recipient);
    let context = context.iter().flat_map(|(name, value)| [name.as_str(), value]);
    Mark::of(["kms"].into_iter().chain(fields).chain(context).map(str::as_bytes))
}

/// Texts by their names.
pub fn context(recipient: &Recipient) -> BTreeMap<String, String> {
    let context = recipient.value("context").and_then(Value::branch);
    let texts = pairs(context.map_or(&[], Vec::as_slice)).filter_map(|(name, value)| {
        let leaf = value.leaf()?;
        // A truth value or number is a text here, as it is spelled.
        let text = if leaf.kind == Kind::Bool { leaf.variable() } else { leaf.spelling().own() };
        Some((name.to_string(), text.as_str()?.to_string()))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_nothing_but_a_region() {
        let region = |text| Arn::parse(text).map(|arn| arn.region);
        assert_eq!(region("arn:aws:kms:eu-west-1:123456789012:key/a-b"), Some("eu-west-1"));
        assert_eq!(region("arn:aws-cn:kms:cn-north-1:1:alias/x"), Some("cn-north-1"));
        for text in [
            "arn:aws:kms:evil.example/:1:key/a",
            "arn:aws:kms::1:key/a",
            "arn:aws:s3:eu-west-1:1:key/a",
            "arn:aws:kms:eu-west-1:x:key/a",
            "arn:aws:kms:eu-west-1:1:key/",
            "garbage",
            "",
        ] {
            assert_eq!(region(text), None, "{text}");
        }
    }
}
