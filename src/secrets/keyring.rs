//! The kernel's keyring of the login session: what was hard to decrypt is kept there for a time, and never on a disk.

#[cfg(target_os = "linux")]
mod kernel;

use super::Secret;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Our keys there begin with this.
const PREFIX: &str = "envr:";

/// Where keys are kept, for as long as the user says: by default nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    lifetime: Duration,
}

/// The name of a key: a digest of the ciphertext that it stands for, so that nothing else is decrypted with it.
pub struct Mark(String);

impl Mark {
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Self(format!("{PREFIX}{}", crate::digest::hex(&hash.finalize())))
    }
}

impl Keyring {
    pub fn new(lifetime: Duration) -> Self {
        Self { lifetime }
    }

    pub fn is_used(self) -> bool {
        !self.lifetime.is_zero()
    }
}

#[cfg(target_os = "linux")]
impl Keyring {
    /// What was kept and is not too old. Where the kernel has no keyring for us, nothing was.
    pub fn recall(self, mark: &Mark) -> Option<Secret> {
        if self.is_used() { kernel::recall(&mark.0) } else { None }
    }

    /// Where the kernel has no keyring for us, nothing is kept.
    pub fn keep(self, mark: &Mark, key: &[u8]) {
        if self.is_used() {
            _ = kernel::keep(&mark.0, key, self.lifetime);
        }
    }

    /// Drops all that is kept, and returns how many keys that were.
    pub fn forget() -> anyhow::Result<usize> {
        kernel::forget(PREFIX)
    }

    /// Keeps something for a moment, to see whether that can be done.
    pub fn check() -> anyhow::Result<()> {
        kernel::check(&Mark::of([b"check".as_slice()]).0)
    }
}

#[cfg(not(target_os = "linux"))]
impl Keyring {
    pub fn recall(self, _: &Mark) -> Option<Secret> {
        None
    }

    pub fn keep(self, _: &Mark, _: &[u8]) {}

    pub fn forget() -> anyhow::Result<usize> {
        Ok(0)
    }

    pub fn check() -> anyhow::Result<()> {
        anyhow::bail!("this system has none")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_that_of_all_parts_and_their_limits() {
        let mark = |parts: &[&str]| Mark::of(parts.iter().map(|part| part.as_bytes())).0;
        assert_eq!(mark(&["a", "b"]), mark(&["a", "b"]));
        assert_ne!(mark(&["a", "b"]), mark(&["ab", ""]));
        assert_ne!(mark(&["a", "b"]), mark(&["b", "a"]));
        assert_eq!(mark(&[]).len(), PREFIX.len() + 64);
    }

    #[test]
    fn nothing_is_kept_unless_the_user_says_for_how_long() {
        let mark = Mark::of([b"nothing is kept".as_slice()]);
        Keyring::default().keep(&mark, b"key");
        assert_eq!(Keyring::new(Duration::from_secs(60)).recall(&mark), None);
    }
}
