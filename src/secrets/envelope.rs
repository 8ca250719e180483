//! One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use super::{Kind, Leaf, Secret};
use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::generic_array::ArrayLength;
use aes_gcm::aead::{AeadInPlace as _, KeyInit as _, OsRng, rand_core::RngCore as _};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// In bytes. sops writes nonces of this size and reads any.
pub const NONCE: usize = 32;
/// What stands around the data of an encrypted value, in bytes, and a few more.
const AROUND: usize = 128;

/// The key of all values of a file.
pub struct Cipher {
    key: Secret,
}

/// Why a value cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is plain text where ciphertext should be.
    Plain,
    /// It looks encrypted, but is damaged.
    Base64,
    UnknownKind,
    /// The key, the place of the value in the file or the value itself is not what it was.
    Authentication,
    /// Decrypted well, it is not of the kind that it says.
    Kind,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain => "it is not encrypted, but should be",
            Self::Base64 => "its ciphertext is damaged: no base64",
            Self::UnknownKind => "its type is unknown",
            Self::Authentication => "it was changed, moved or renamed after it was encrypted",
            Self::Kind => "its content is not of the type it claims",
        })
    }
}

impl std::error::Error for Fault {}

impl Cipher {
    /// Takes a key of 32 bytes.
    pub fn new(key: Secret) -> Option<Self> {
        (key.bytes().len() == 32).then_some(Self { key })
    }

    pub fn random() -> Self {
        let mut key = vec![0; 32];
        OsRng.fill_bytes(&mut key);
        Self { key: key.into() }
    }

    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// `place` is what the value is bound to.
    pub fn decrypt(&self, text: &[u8], place: &[u8]) -> Result<Leaf, Fault> {
        let parts = Parts::of(text).ok_or(Fault::Plain)?;
        let [nonce, tag] = [parts.iv, parts.tag].map(|part| decode(part).ok_or(Fault::Base64));
        let (nonce, tag) = (nonce?, tag?);
        let kind = std::str::from_utf8(parts.kind).ok().and_then(Kind::from_name);
        let kind = kind.ok_or(Fault::UnknownKind)?;
        let mut text = Secret::from(decode(parts.data).ok_or(Fault::Base64)?);
        let is_genuine = tag.len() == 16
            && match nonce.len() {
                12 => self.open::<U12>(&nonce, &tag, place, text.bytes_mut()),
                16 => self.open::<U16>(&nonce, &tag, place, text.bytes_mut()),
                NONCE => self.open::<U32>(&nonce, &tag, place, text.bytes_mut()),
                _ => false,
            };
        if !is_genuine {
            return Err(Fault::Authentication);
        }
        Leaf::decrypted(kind, text).ok_or(Fault::Kind)
    }

    pub fn encrypt(&self, leaf: &Leaf, place: &[u8]) -> String {
        let mut nonce = [0; NONCE];
        OsRng.fill_bytes(&mut nonce);
        let mut data = leaf.text().own();
        let cipher = AesGcm::<Aes256, U32>::new(self.key.bytes().into());
        let tag = cipher
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), place, data.bytes_mut())
            .expect("no value is as long as the cipher's limit of 64 GiB");
        // A large value has no room to be copied about.
        let mut text = String::with_capacity(data.bytes().len() / 3 * 4 + AROUND);
        text.push_str("ENC[AES256_GCM,data:");
        STANDARD.encode_string(data.bytes(), &mut text);
        text.push_str(",iv:");
        STANDARD.encode_string(nonce, &mut text);
        text.push_str(",tag:");
        STANDARD.encode_string(tag, &mut text);
        text.push_str(",type:");
        text.push_str(leaf.kind.name());
        text.push(']');
        text
    }

    fn open<N: ArrayLength<u8>>(
        &self,
        nonce: &[u8],
        tag: &[u8],
        place: &[u8],
        text: &mut [u8],
    ) -> bool {
        let cipher = AesGcm::<Aes256, N>::new(self.key.bytes().into());
        let (nonce, tag) = (Nonce::<N>::from_slice(nonce), Tag::from_slice(tag));
        cipher.decrypt_in_place_detached(nonce, place, text, tag).is_ok()
    }
}

/// Whether a text has the shape of an encrypted value.
pub fn is_encrypted(text: &[u8]) -> bool {
    Parts::of(text).is_some()
}

struct Parts<'a> {
    data: &'a [u8],
    iv: &'a [u8],
    tag: &'a [u8],
    kind: &'a [u8],
}

impl<'a> Parts<'a> {
    /// As the expression `^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]` splits it, which is greedy.
    fn of(text: &'a [u8]) -> Option<Self> {
        let rest = text.strip_prefix(b"ENC[AES256_GCM,data:")?;
        let end = rest.iter().rposition(|byte| *byte == b']')?;
        let (rest, kind) = split_last(&rest[..end], b",type:")?;
        let (rest, tag) = split_last(rest, b",tag:")?;
        let (data, iv) = split_last(rest, b",iv:")?;
        let is_whole =
            [data, iv, tag, kind].iter().all(|part| !part.is_empty() && !part.contains(&b'\n'));
        is_whole.then_some(Self { data, iv, tag, kind })
    }
}

fn split_last<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).rposition(|window| window == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

/// Line ends inside are passed over, as Go does.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.contains(&b'\r') {
        let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\r').collect();
        return STANDARD.decode(text).ok();
    }
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted_in_its_place_only() {
        let cipher = Cipher::random();
        for leaf in [Leaf::string("text"), Leaf::int(-7), Leaf::bool(true), Leaf::float(0.1)] {
            let text = cipher.encrypt(&leaf, b"a:b:");
            assert_eq!(cipher.decrypt(text.as_bytes(), b"a:b:"), Ok(leaf));
            assert_eq!(cipher.decrypt(text.as_bytes(), b"a:c:"), Err(Fault::Authentication));
        }
        assert_eq!(cipher.decrypt(b"text", b"a:"), Err(Fault::Plain));
    }

    #[test]
    fn any_bit_that_changes_is_seen() {
        let cipher = Cipher::random();
        let text = cipher.encrypt(&Leaf::string("some text"), b"a:");
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let result = cipher.decrypt(&bytes, b"a:");
            // The type is not protected, and `str` is one bit from no other.
            assert!(result.is_err(), "{at}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}
