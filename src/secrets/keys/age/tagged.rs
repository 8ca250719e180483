//! An ssh key under a passphrase: nobody is asked for it in vain.

use age::{DecryptError, Identity};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
/// What a key begins with, before four texts: its cipher, two about its passphrase, and the public key behind a count.
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// In bytes; a file that age encrypts names by them whose key it wants.
const TAG: usize = 4;

/// An identity that is asked for nothing but what is encrypted for it.
pub struct Tagged {
    pub tag: String,
    pub identity: Box<dyn Identity>,
}

impl Identity for Tagged {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let is_ssh = matches!(stanza.tag.as_str(), "ssh-ed25519" | "ssh-rsa");
        let is_ours = is_ssh && stanza.args.first() == Some(&self.tag);
        if is_ours { self.identity.unwrap_stanza(stanza) } else { None }
    }
}

/// Of a private key as OpenSSH writes it, whose public half is in the clear.
pub fn tag_of(text: &str) -> Option<String> {
    let body: String =
        text.trim().strip_prefix(BEGIN)?.split(END).next()?.split_whitespace().collect();
    let key = STANDARD.decode(body).ok()?;
    let mut rest = key.strip_prefix(MAGIC)?;
    for _ in 0..3 {
        (_, rest) = text_at(rest)?;
    }
    let (public, _) = text_at(rest.get(4..)?)?;
    Some(STANDARD_NO_PAD.encode(&Sha256::digest(public)[..TAG]))
}

/// A text behind its length, and what follows.
fn text_at(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
