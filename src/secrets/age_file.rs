//! Whole files that age encrypted.

use super::keys::age::{
    Failure, Identities, Refusal, decrypt_with, decrypt_with_kept, passphrase_identity,
};
use super::{Secret, is_age};
use age::armor::ArmoredReader;
use anyhow::{Result, anyhow, bail};

/// Decrypts a file with the user's identities, or with a passphrase where it was encrypted to one.
pub fn decrypt(file: &[u8], identities: &Identities) -> Result<Secret> {
    if !is_age(file) {
        bail!("it is no age file");
    }
    if needs_passphrase(file) {
        let search = identities.search();
        let keyring = search.keyring();
        if let Some(text) = decrypt_with_kept(file, keyring) {
            return Ok(text);
        }
        let passphrase = search.prompt.secret("Passphrase");
        let Some(passphrase) = passphrase else {
            bail!("it needs a passphrase, and nobody is here to type it");
        };
        return decrypt_with(file, &[passphrase_identity(&passphrase, keyring)]).map_err(
            |failure| match failure {
                Failure::Damaged(why) if why.contains("header does not") => {
                    anyhow!("the passphrase is wrong")
                }
                Failure::Damaged(why) | Failure::Identity(why) => anyhow!(why),
                Failure::NoMatch => anyhow!("the passphrase is wrong"),
            },
        );
    }
    identities.decrypt(file).map_err(|refusal| match refusal {
        Refusal::Damaged(why) => anyhow!(why),
        Refusal::NoKey(tried) => anyhow!("no key is there that decrypts it ({tried})"),
    })
}

fn needs_passphrase(file: &[u8]) -> bool {
    age::Decryptor::new_buffered(ArmoredReader::new(file))
        .is_ok_and(|decryptor| decryptor.is_scrypt())
}
