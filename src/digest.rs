//! SHA-256 in hexadecimal: what content is known by, on disk and in the state.

use hmac_sha256::Hash;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Up to this many bytes the plain code is faster than to find out whether there are instructions for it.
const LITTLE: usize = 4 << 10;

/// The digest of some content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.len() <= LITTLE {
            return Self(hex(&Hash::hash(bytes)));
        }
        Self(hex(&Sha256::digest(bytes)))
    }

    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Self(text.to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_and_much_have_the_same_kind_of_digest() {
        for length in [0, 1, 55, 56, 64, 119, LITTLE] {
            let bytes = vec![b'x'; length];
            assert_eq!(Digest::of(&bytes).as_str(), hex(&Sha256::digest(&bytes)), "{length}");
        }
    }
}
