//! Key services that envr does not speak to: the installed sops asks them, and decrypts the whole file.

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
    }
    if let Some(name) = document.branches().iter().flatten().find_map(other_metadata) {
        bail!("sops may take `{name}` for its metadata");
    }
    let format = document.format().name();
    let arguments = ["--decrypt", "--input-type", format, "--output-type", format, "/dev/stdin"];
    search.run(OsStr::new("sops"), &arguments, document.plain_text()?.bytes())
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
