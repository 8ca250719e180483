//! PGP recipients, through the user's gpg and its agent.

use super::Search;
use crate::env::Env;
use crate::secrets::Secret;
use anyhow::{Result, bail};
use std::ffi::OsStr;

pub fn decrypt(search: &Search, message: &str) -> Result<Secret> {
    let key = search.run(program(search.env), &["-d"], message.as_bytes())?;
    // Some wrappers fail without saying so.
    if key.is_empty() {
        bail!("gpg gave nothing");
    }
    Ok(key)
}

/// For a fingerprint; `!` behind it means this key and none below it.
pub fn encrypt(search: &Search, fingerprint: &str, key: &Secret) -> Result<String> {
    let is_fingerprint = fingerprint.len() >= 16
        && fingerprint.trim_end_matches('!').bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_fingerprint {
        bail!("`{fingerprint}` is no fingerprint of a key");
    }
    let bare = fingerprint.trim_end_matches('!');
    let trusted = &bare[bare.len().saturating_sub(16)..];
    let arguments = [
        "--no-default-recipient",
        "--yes",
        "--encrypt",
        "-a",
        "-r",
        fingerprint,
        "--trusted-key",
        trusted,
        "--no-encrypt-to",
    ];
    let message = search.run(program(search.env), &arguments, key.bytes())?;
    match message.as_str() {
        Some(message) if !message.is_empty() => Ok(message.to_string()),
        _ => bail!("gpg gave nothing"),
    }
}

fn program(env: &Env) -> &OsStr {
    env.non_empty("SOPS_GPG_EXEC").unwrap_or(OsStr::new("gpg"))
}
