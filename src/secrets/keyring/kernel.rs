//! Keys of the kernel, through its system calls.

use crate::secrets::Secret;
use anyhow::{Error, Result, anyhow};
use linux_keyutils::{Key, KeyError, KeyPermissions, KeyRing, KeyRingIdentifier, Permission};
use std::time::Duration;

/// A keyring has far fewer keys: the kernel allows a user 200.
const KEYS_LIMIT: usize = 1 << 16;

pub fn recall(name: &str) -> Option<Secret> {
    let key = session().ok()?.search(name).ok()?;
    key.read_to_vec().ok().map(Secret::from)
}

/// The key is this process's alone until its end is set, so that none is left that stays for ever.
pub fn keep(name: &str, secret: &[u8], lifetime: Duration) -> Result<()> {
    let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(cause)?;
    let key = own.add_key(name, secret).map_err(cause)?;
    let kept = set_up(key, lifetime);
    own.unlink_key(key).map_err(cause)?;
    kept
}

pub fn forget(prefix: &str) -> Result<usize> {
    let mut count = 0;
    for link in session()?.get_links(KEYS_LIMIT).map_err(cause)?.iter() {
        let Some(key) = link.as_key() else { continue };
        let is_ours = key.metadata().is_ok_and(|known| known.get_description().starts_with(prefix));
        if is_ours {
            key.invalidate().map_err(cause)?;
            count += 1;
        }
    }
    Ok(count)
}

pub fn check(name: &str) -> Result<()> {
    keep(name, b"check", Duration::from_secs(1))?;
    let key = session()?.search(name).map_err(cause)?;
    key.read_to_vec().map_err(cause)?;
    key.invalidate().map_err(cause)
}

fn set_up(key: Key, lifetime: Duration) -> Result<()> {
    // Zero would be no end at all.
    let seconds = lifetime.as_secs().clamp(1, u32::MAX.into());
    key.set_timeout(usize::try_from(seconds)?).map_err(cause)?;
    session()?.link_key(key).map_err(cause)?;
    // A session goes along to what runs as another user: there the key is not to be read.
    let mut permissions = KeyPermissions::new();
    permissions.set_user_perms(Permission::VIEW | Permission::READ | Permission::SEARCH);
    key.set_perms(permissions).map_err(cause)
}

/// Where a login has none of its own, that of all the user's processes.
fn session() -> Result<KeyRing> {
    KeyRing::from_special_id(KeyRingIdentifier::Session, false).map_err(cause)
}

fn cause(error: KeyError) -> Error {
    match error {
        KeyError::PermissionDenied | KeyError::AccessDenied => anyhow!("it is not allowed here"),
        KeyError::QuotaExceeded => anyhow!("your quota of keys is used up"),
        KeyError::KeyRevoked | KeyError::KeyExpired => anyhow!("the login session has ended"),
        KeyError::Unknown(number) => anyhow!(std::io::Error::from_raw_os_error(number)),
        other => anyhow!("{other}"),
    }
}
