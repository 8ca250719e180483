//! Where the store has a source, by nix's hash of it: the name follows from the content.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Bytes of a hash in a store path.
const LENGTH: usize = 20;
/// nix's own.
const BASE32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Of a source that was fetched, with a hash such as `sha256-…=` of a lock; nix has called them all `source`.
pub fn of_source(store: &Path, nar_hash: &str) -> Option<PathBuf> {
    let content = BASE64_STANDARD.decode(nar_hash.strip_prefix("sha256-")?).ok()?;
    let content = crate::digest::hex(&content);
    let described = format!("source:sha256:{content}:{}:source", store.display());
    let mut folded = [0; LENGTH];
    for (index, byte) in Sha256::digest(described).into_iter().enumerate() {
        folded[index % LENGTH] ^= byte;
    }
    Some(store.join(format!("{}-source", base32(&folded))))
}

/// Five bits for each letter, the last ones first.
fn base32(hash: &[u8; LENGTH]) -> String {
    let letter = |number: usize| {
        let (byte, bit) = (number * 5 / 8, number * 5 % 8);
        let high = hash.get(byte + 1).copied().unwrap_or(0);
        let bits = u16::from_le_bytes([hash[byte], high]) >> bit;
        char::from(BASE32[usize::from(bits & 31)])
    };
    (0..LENGTH * 8 / 5).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_where_nix_puts_it() {
        let hash = "sha256-lYm+o5HTptO6iNGG6L41EMhGGyh2L9gt5P7stJH8gqI=";
        // As `nix-store --print-fixed-path --recursive sha256 9589… source` says.
        let path = "/nix/store/j6x55z428hhmgvc0v2fbi1iz9mjkqn4w-source";
        assert_eq!(of_source(Path::new("/nix/store"), hash), Some(path.into()));
        assert_eq!(of_source(Path::new("/nix/store"), "sha1-x"), None);
    }
}
