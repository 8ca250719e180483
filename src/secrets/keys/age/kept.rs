//! What identities unwrap that ask somebody, or another program: it is kept for a time, bound to what it was wrapped in.

use super::decrypt_with;
use crate::secrets::Secret;
use crate::secrets::keyring::{Keyring, Mark};
use age::secrecy::ExposeSecret as _;
use age::{DecryptError, Identity};
use age_core::format::{FileKey, Stanza};

/// Keeps what another identity unwraps.
pub struct Keeping<'a> {
    identity: Box<dyn Identity + 'a>,
    keyring: Keyring,
}

/// Unwraps what was kept.
struct Kept(Keyring);

type Unwrapped = Option<Result<FileKey, DecryptError>>;

/// `None` where nothing is kept that decrypts it.
pub fn decrypt_with_kept(file: &[u8], keyring: Keyring) -> Option<Secret> {
    if keyring.is_used() { decrypt_with(file, &[Box::new(Kept(keyring))]).ok() } else { None }
}

impl<'a> Keeping<'a> {
    pub fn boxed(identity: Box<dyn Identity + 'a>, keyring: Keyring) -> Box<dyn Identity + 'a> {
        if keyring.is_used() { Box::new(Self { identity, keyring }) } else { identity }
    }
}

impl Identity for Keeping<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Unwrapped {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Unwrapped {
        let unwrapped = self.identity.unwrap_stanzas(stanzas);
        if let Some(Ok(key)) = &unwrapped {
            self.keyring.keep(&mark(stanzas), key.expose_secret());
        }
        unwrapped
    }
}

impl Identity for Kept {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Unwrapped {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Unwrapped {
        let kept = self.0.recall(&mark(stanzas))?;
        let copied = FileKey::try_init_with_mut(|key| {
            let is_whole = kept.bytes().len() == key.len();
            is_whole.then(|| key.copy_from_slice(kept.bytes())).ok_or(())
        });
        copied.ok().map(Ok)
    }
}

/// All of a header's: what is kept of a file serves that file alone.
fn mark(stanzas: &[Stanza]) -> Mark {
    let parts = stanzas.iter().flat_map(|stanza| {
        let words = std::iter::once(&stanza.tag).chain(&stanza.args);
        words.map(String::as_bytes).chain([stanza.body.as_slice(), b"\n"])
    });
    Mark::of(std::iter::once(b"age".as_slice()).chain(parts))
}
