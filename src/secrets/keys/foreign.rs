//! Key services that envr does not speak to: the installed sops asks them, and decrypts the whole file.

use super::age::plain_words;
use super::program::Outcome;
use super::{Recipient, RecipientKind, Search};
use crate::env::Env;
use crate::error::Hinted;
use crate::secrets::tree::{Entry, Value};
use crate::secrets::{Document, Secret};
use anyhow::{Result, bail};
use std::ffi::OsStr;

/// Where Azure's own vaults are.
const AZURE: [&str; 3] = [".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];

/// The plaintext of a file, in its own format. A file can name any server as its vault, and sops would show it the
/// user's token: so the user must have named it, too. sops gets the metadata that was looked at, and no other, for it
/// reads more in a file than is looked at here: merge keys, names in capital letters, the last of two.
pub fn decrypt(search: &Search, document: Document) -> Result<Secret> {
    for recipient in document.metadata().groups.iter().flatten() {
        check_server(search.env, recipient)?;
        check_names(recipient)?;
    }
    if let Some(name) = document.branches().iter().flatten().find_map(other_metadata) {
        bail!("sops may take `{name}` for its metadata");
    }
    let format = document.format().name();
    let arguments = ["--decrypt", "--input-type", format, "--output-type", format, "/dev/stdin"];
    let text = document.plain_text()?;
    match search.outcome(OsStr::new("sops"), &arguments, text.bytes())? {
        Outcome::Printed(text) => Ok(text),
        Outcome::Failed(said) => bail!("`sops`: {}", why_sops_failed(&said)),
    }
}

/// For each key sops says why it did not serve, in lines that begin with `|`, the first of a reason with `- |`. Where there
/// are none the last line says what failed.
fn why_sops_failed(said: &str) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for line in said.lines().map(str::trim) {
        if let Some(first) = line.strip_prefix("- |") {
            reasons.push(first.trim().to_string());
        } else if let (Some(more), Some(reason)) = (line.strip_prefix('|'), reasons.last_mut()) {
            reason.extend([" ", more.trim()]);
        }
    }
    if reasons.is_empty() {
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        return last.unwrap_or("it failed").trim().to_string();
    }
    let reasons = reasons.iter().map(|reason| plain_words(reason));
    reasons.collect::<Vec<_>>().join("; ")
}

/// The name of an entry that the readers of Go may take for `sops`: the case of letters is nothing to that of JSON, and
/// that of YAML merges.
fn other_metadata(entry: &Entry) -> Option<&str> {
    let Entry::Pair(name, value) = entry else { return None };
    let folded = name.replace('\u{17f}', "s").to_ascii_lowercase();
    let brings = |value: &Value| {
        value
            .branch()
            .is_some_and(|branch| branch.iter().any(|entry| other_metadata(entry).is_some()))
    };
    let is_merged =
        name == "<<" && (brings(value) || value.list().is_some_and(|list| list.iter().any(brings)));
    (folded == "sops" || is_merged).then_some(name)
}

fn check_server(env: &Env, recipient: &Recipient) -> Result<()> {
    let is_trusted = match recipient.kind {
        RecipientKind::Vault => is_named(env, recipient.text("vault_address")),
        RecipientKind::AzureKeyVault => is_azures(recipient.text("vault_url")),
        RecipientKind::GcpKms
        | RecipientKind::HuaweiKms
        | RecipientKind::Age
        | RecipientKind::Pgp
        | RecipientKind::Kms => true,
    };
    if is_trusted {
        return Ok(());
    }
    if recipient.kind == RecipientKind::AzureKeyVault {
        bail!("`{}` is no vault of Azure", recipient.text("vault_url"));
    }
    let address = recipient.text("vault_address");
    let message = format!("`{address}` is not among the vaults that you trust");
    bail!(Hinted::new(message, format!("SOPS_HC_VAULT_ALLOWLIST={address} trusts it")))
}

/// They become a part of the address that is asked, where `..` would lead to another service of the same server: one that
/// takes the user's token back, or seals the vault.
fn check_names(recipient: &Recipient) -> Result<()> {
    let names: &[&str] = match recipient.kind {
        RecipientKind::Vault => &["engine_path", "key_name"],
        RecipientKind::AzureKeyVault => &["name", "version"],
        RecipientKind::GcpKms => &["resource_id"],
        RecipientKind::HuaweiKms => &["key_id"],
        RecipientKind::Age | RecipientKind::Pgp | RecipientKind::Kms => &[],
    };
    match names.iter().find(|name| !is_plain_path(recipient.text(name))) {
        Some(name) => bail!("the `{name}` of its `{}` is no plain name", recipient.kind.name()),
        None => Ok(()),
    }
}

fn is_plain_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:@+~ ".contains(&byte);
    path.bytes().all(is_plain) && path.split('/').all(|part| part != "." && part != "..")
}

/// By `VAULT_ADDR`, or in `SOPS_HC_VAULT_ALLOWLIST`.
fn is_named(env: &Env, address: &str) -> bool {
    let named = ["VAULT_ADDR", "SOPS_HC_VAULT_ALLOWLIST"];
    let named = named.iter().filter_map(|name| env.non_empty(name)?.to_str());
    let same = |one: &str| one.trim().trim_end_matches('/') == address.trim_end_matches('/');
    !address.is_empty() && named.flat_map(|list| list.split(',')).any(same)
}

fn is_azures(url: &str) -> bool {
    let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
    host.is_some_and(|host| {
        let is_name =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        is_name && AZURE.iter().any(|domain| host.ends_with(domain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_that_of_each_key() {
        let said = "Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  projects/p: FAILED\n    - | cannot create a service: could not find\n      | default credentials\n  \n  https://v/v1/t/keys/k: FAILED\n    - | permission denied\n      | \n\nRecovery failed because no master key was able to decrypt the file. In\norder for SOPS to recover the file, at least one key has to be successful,\nbut none were.";
        let why = "cannot create a service: could not find default credentials; permission denied";
        assert_eq!(why_sops_failed(said), why);
        assert_eq!(why_sops_failed("a\n\nMAC mismatch.\n"), "MAC mismatch.");
        assert_eq!(why_sops_failed(""), "it failed");
    }

    #[test]
    fn no_name_leads_elsewhere_on_the_same_server() {
        for (path, is_plain) in [
            ("transit", true),
            ("", true),
            ("team/transit", true),
            ("projects/p/locations/l/keyRings/r/cryptoKeys/k", true),
            ("x/../auth/token", false),
            ("..", false),
            ("./k", false),
            ("%2e%2e", false),
            ("k?x=1", false),
            ("k#x", false),
            ("a\\b", false),
            ("a\n", false),
        ] {
            assert_eq!(is_plain_path(path), is_plain, "{path}");
        }
    }

    #[test]
    fn servers_must_be_known() {
        let env = Env::from_iter([
            ("VAULT_ADDR", "https://one.example/"),
            ("SOPS_HC_VAULT_ALLOWLIST", "https://two.example, https://three.example"),
        ]);
        for (address, is_known) in [
            ("https://one.example", true),
            ("https://three.example/", true),
            ("https://evil.example", false),
            ("https://one.example.evil", false),
            ("", false),
        ] {
            assert_eq!(is_named(&env, address), is_known, "{address}");
        }
        for (url, is_known) in [
            ("https://mine.vault.azure.net", true),
            ("https://evil.example/.vault.azure.net", false),
            ("https://user@evil.example#.vault.azure.net", false),
            ("http://mine.vault.azure.net", false),
        ] {
            assert_eq!(is_azures(url), is_known, "{url}");
        }
    }
}
