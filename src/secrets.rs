//! Secrets: what sops and age files hold. Plaintext lives in a `Secret`, or in the output that somebody asked for.

mod age_file;
mod choice;
pub mod creation;
mod document;
mod envelope;
mod keyring;
pub mod keys;
mod mac;
mod metadata;
mod redact;
mod rule;
mod seal;
mod shamir;
mod store;
mod text;
mod timestamp;
mod tree;
mod variables;

use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

pub use age_file::decrypt as decrypt_age;
pub use choice::Choice;
pub use document::{Document, Opened, Plain};
#[cfg(any(fuzzing, test))]
pub use envelope::Cipher;
pub use keyring::Keyring;
pub use keys::{Keys, Recipient};
pub use metadata::Metadata;
pub use redact::{Needles, Redactor};
pub use rule::Rule;
pub use store::{Format, read_plain, write_plain};
pub use tree::{Branch, Entry, Kind, Leaf, Value};
pub use variables::Variables;

/// No secrets file is read beyond this many bytes.
pub const FILE_LIMIT: u64 = 64 << 20;

/// Bytes nobody else may see: wiped when dropped, shown as `[secret]`, printed by nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// For work in place; what grows the buffer would leave a copy behind.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Whether these bytes are an age file, armored or not.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/v1\n")
        || bytes.trim_ascii_start().starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// From here on this process leaves no core behind, and no other one of the user looks into it.
pub fn forbid_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // Where the system refuses, secrets are as safe as everything else of the user's.
    _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Bytes that wipe what they outgrow: a `Vec` would leave it behind.
#[derive(Default)]
pub struct Output(Zeroizing<Vec<u8>>);

impl Output {
    pub fn with_room(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub fn push(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let wanted = self.0.len() + bytes.len();
        if wanted > self.0.capacity() {
            let mut larger = Vec::with_capacity(wanted.max(self.0.capacity() / 2 * 3).max(256));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(bytes);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_secret(self) -> Secret {
        Secret(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Some(Secret::from("hunter2"))), "Some([secret])");
    }

    #[test]
    fn output_grows_without_losing_anything() {
        let mut output = Output::default();
        for _ in 0..1000 {
            output.push("0123456789");
        }
        assert_eq!(output.bytes().len(), 10_000);
        assert!(output.bytes().chunks(10).all(|part| part == b"0123456789"));
    }
}
