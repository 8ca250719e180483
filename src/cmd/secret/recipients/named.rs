//! Recipients as people name them: keys, fingerprints, ARNs, or files with one on each line.

use crate::cmd::secret::file::could_not;
use crate::fs::read_regular;
use crate::host::Host;
use crate::secrets::Recipient;
use crate::secrets::keys::NoRecipient;
use crate::ui;
use anyhow::{Context as _, Result, anyhow, bail};
use std::path::Path;

/// In bytes.
const LIMIT: u64 = 16 << 20;

pub fn named(host: &Host, names: &[String]) -> Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for name in names {
        let file = host.absolute(Path::new(name));
        if !name.contains(' ') && file.is_file() {
            recipients.extend(of_file(host, &file)?);
        } else {
            recipients.extend(of_list(name)?);
        }
    }
    Ok(recipients)
}

/// Several with commas between, as sops takes them, or one: an ssh key may have commas around it.
fn of_list(text: &str) -> Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match (Recipient::typed(part), Recipient::typed(text)) {
            (Ok(recipient), _) => recipients.push(recipient),
            (Err(_), Ok(whole)) => return Ok(vec![whole]),
            (Err(why @ NoRecipient::Unknown), Err(_)) => bail!(why.told(&format!("`{part}`"))),
            (Err(why), Err(_)) => bail!(why.told("what is named")),
        }
    }
    if recipients.is_empty() {
        bail!("an empty name is no recipient");
    }
    Ok(recipients)
}

/// Those of the variables that stand for sops's options.
pub fn of_variables(host: &Host) -> Result<Vec<Recipient>> {
    for name in ["SOPS_GCP_KMS_IDS", "SOPS_AZURE_KEYVAULT_URLS", "SOPS_VAULT_URIS"] {
        if host.env.non_empty(name).is_some() {
            bail!("`{name}` names keys that only sops can write");
        }
    }
    let mut recipients = Vec::new();
    for name in ["SOPS_AGE_RECIPIENTS", "SOPS_PGP_FP", "SOPS_KMS_ARN"] {
        let list = host.env.non_empty(name).and_then(|list| list.to_str()).unwrap_or_default();
        for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let recipient = Recipient::typed(text);
            let named = || format!("what is named in `{name}`");
            recipients.push(recipient.map_err(|why| anyhow!(why.told(&named())))?);
        }
    }
    Ok(recipients)
}

/// What stands in a file is not shown: it may be the wrong one, with something that nobody is to see.
fn of_file(host: &Host, file: &Path) -> Result<Vec<Recipient>> {
    let text = read_regular(file, LIMIT).ok().flatten();
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let text = text.with_context(|| could_not("read", file))?;
    let mut recipients = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || format!("line {} of `{}`", index + 1, file.display());
        match Recipient::typed(line) {
            Ok(recipient) => recipients.push(recipient),
            // Those who list a person's keys list all of them.
            Err(why @ NoRecipient::Kind(_)) => {
                ui::warn(host, &why.told(&format!("{} is left out", place())));
            }
            Err(why @ (NoRecipient::Secret | NoRecipient::Unknown)) => bail!(why.told(&place())),
        }
    }
    if recipients.is_empty() {
        bail!("`{}` holds no key that age can encrypt to", file.display());
    }
    Ok(recipients)
}
