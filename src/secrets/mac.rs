//! The MAC of a sops file: SHA-512 over the plaintext of its values, in order.

use super::tree::Leaf;
use sha2::{Digest as _, Sha512};
use std::fmt::Write as _;

/// What the hash begins with when only encrypted values count: SHA-256 of `sops`.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Grows with each value, never in size.
pub struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    pub fn new(only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(ONLY_ENCRYPTED);
        }
        Self { hash, only_encrypted }
    }

    /// Comments never count.
    pub fn add(&mut self, leaf: &Leaf, is_encrypted: bool) {
        if !leaf.is_comment() && (is_encrypted || !self.only_encrypted) {
            self.hash.update(leaf.text().bytes());
        }
    }

    /// In capital hexadecimals.
    pub fn text(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(128), |mut text, byte| {
            _ = write!(text, "{byte:02X}");
            text
        })
    }
}
