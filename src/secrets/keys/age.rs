//! Age identities, from every place where sops looks for them.

mod identity;
mod kept;
mod plugin;
mod source;
mod tagged;

use super::Search;
use crate::secrets::Secret;
use age::armor::ArmoredReader;
use age::{DecryptError, Decryptor, EncryptError, Identity};
use std::cell::{OnceCell, RefCell};
use std::io::{self, ErrorKind, Read as _};
use std::path::PathBuf;
use std::rc::Rc;
use zeroize::Zeroize as _;

pub use identity::{
    first_public_key, is_secret, new_identity, passphrase_identity, plugin_of, recipient, shown,
};
pub use kept::{Keeping, decrypt_with_kept};
use source::Source;
pub use source::keys_file;

/// Of a passphrase, as a power of two: what the age program takes. More is a bomb.
pub const WORK_LIMIT: u8 = 22;

/// The user's identities. A source is read when those before it did not do.
pub struct Identities<'a> {
    sources: Vec<(Source, OnceCell<Loaded<'a>>)>,
    search: Rc<Search<'a>>,
    warnings: RefCell<Vec<String>>,
}

/// What a source holds, or why it cannot be used.
type Loaded<'a> = Result<Vec<Box<dyn Identity + 'a>>, String>;

impl<'a> Identities<'a> {
    pub fn new(search: &Rc<Search<'a>>) -> Self {
        let sources = source::of_sops(search.env).into_iter();
        let sources = sources.map(|source| (source, OnceCell::new())).collect();
        Self { sources, search: Rc::clone(search), warnings: RefCell::default() }
    }

    /// Those of the files that the user names, and no others.
    pub fn with_files(self, files: Vec<PathBuf>) -> Self {
        let sources = files.into_iter().map(|file| (Source::File(file), OnceCell::new())).collect();
        Self { sources, ..self }
    }

    pub fn search(&self) -> &Search<'a> {
        &self.search
    }

    pub fn warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// Decrypts an age file, armored or not.
    pub fn decrypt(&self, file: &[u8]) -> Result<Secret, Refusal> {
        if let Some(text) = decrypt_with_kept(file, self.search.keyring()) {
            return Ok(text);
        }
        let mut tried = Vec::new();
        for (source, loaded) in &self.sources {
            let loaded = loaded.get_or_init(|| self.load(source));
            match loaded {
                Ok(identities) => match decrypt_with(file, identities) {
                    Ok(text) => return Ok(text),
                    Err(Failure::NoMatch) => tried.push(format!("{source} has another key")),
                    Err(Failure::Damaged(why)) => return Err(Refusal::Damaged(why)),
                    Err(Failure::Identity(why)) => tried.push(format!("{source}: {why}")),
                },
                Err(why) => tried.push(format!("{source}: {why}")),
            }
        }
        // A file without a readable header is nobody's.
        if let Err(Failure::Damaged(why)) = decrypt_with(file, &[]) {
            return Err(Refusal::Damaged(why));
        }
        Err(Refusal::NoKey(tried.join(", ")))
    }

    fn load(&self, source: &Source) -> Loaded<'a> {
        let text = source.read(&self.search).map_err(|error| format!("{error:#}"))?;
        if let Some(warning) = source.warning().map_err(|error| error.to_string())? {
            self.warnings.borrow_mut().push(warning);
        }
        identity::parse(&text, source, &self.search)
    }
}

/// Why a file stays closed.
pub enum Refusal {
    Damaged(String),
    /// The sources that were tried.
    NoKey(String),
}

/// Why identities did not decrypt.
pub enum Failure {
    NoMatch,
    /// The file itself is at fault.
    Damaged(String),
    /// An identity fits, but does not serve.
    Identity(String),
}

/// One identity after the other: one that fails leaves the others.
pub fn decrypt_with(file: &[u8], identities: &[Box<dyn Identity + '_>]) -> Result<Secret, Failure> {
    // Without one, the header is read all the same.
    let mut result = decrypt_with_one(file, None);
    for identity in identities {
        match (decrypt_with_one(file, Some(&**identity)), &result) {
            (Err(Failure::NoMatch), Err(Failure::NoMatch | Failure::Identity(_))) => {}
            (Err(Failure::Identity(why)), _) => result = Err(Failure::Identity(why)),
            (other, _) => return other,
        }
    }
    result
}

fn decrypt_with_one(file: &[u8], identity: Option<&dyn Identity>) -> Result<Secret, Failure> {
    let decryptor =
        Decryptor::new_buffered(ArmoredReader::new(file)).map_err(|error| failure(&error))?;
    let mut reader = decryptor.decrypt(identity.into_iter()).map_err(|error| match error {
        // The header was read: what talks now is a plugin, unless the file ends behind its header.
        DecryptError::Io(error) if error.kind() != ErrorKind::UnexpectedEof => {
            Failure::Identity(why_plugin_failed(&error))
        }
        error => failure(&error),
    })?;
    // The plaintext is shorter than the file: the buffer never grows, and leaves nothing behind.
    let mut text = Vec::with_capacity(file.len());
    match reader.read_to_end(&mut text) {
        Ok(_) => Ok(text.into()),
        Err(_) => {
            text.zeroize();
            Err(Failure::Damaged("its content is damaged or cut".to_string()))
        }
    }
}

/// Why a plugin does not encrypt.
pub fn why_plugin_refused(error: &EncryptError) -> String {
    match error {
        EncryptError::Io(error) => why_plugin_failed(error),
        other => format!("its plugin failed: {}", plain_words(&other.to_string())),
    }
}

fn why_plugin_failed(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::Unsupported => error.to_string(),
        // The library's words are for who writes one.
        ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "its plugin failed: it ended before it answered".to_string()
        }
        _ => format!("its plugin failed: {}", plain_words(&error.to_string())),
    }
}

fn failure(error: &DecryptError) -> Failure {
    let damaged = |why: &str| Failure::Damaged(why.to_string());
    match error {
        DecryptError::NoMatchingKeys => Failure::NoMatch,
        DecryptError::InvalidHeader => damaged("its age header is damaged"),
        DecryptError::InvalidMac => damaged("its age header was changed"),
        DecryptError::DecryptionFailed => damaged("its age header does not decrypt"),
        DecryptError::UnknownFormat => damaged("it is of an age version that is not known"),
        DecryptError::ExcessiveWork { required, .. } => Failure::Damaged(format!(
            "its passphrase needs 2^{required} rounds, the limit is 2^{WORK_LIMIT}"
        )),
        DecryptError::Io(error) => Failure::Damaged(format!("its age armor is damaged: {error}")),
        DecryptError::KeyDecryptionFailed => {
            Failure::Identity("the passphrase is wrong, or nobody is here to type it".to_string())
        }
        other => Failure::Identity(plain_words(&other.to_string())),
    }
}

/// On one line, without the marks by which the library shows where names begin and end to scripts that are written from
/// the right.
pub fn plain_words(text: &str) -> String {
    let text = text.replace(['\u{2068}', '\u{2069}'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
