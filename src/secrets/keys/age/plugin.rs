//! Keys that an age plugin has: it is another program, and may wait for a person who is not there.

use crate::secrets::keys::{Prompt, Search};
use age::plugin::IdentityPluginV1;
use age::{DecryptError, Identity};
use age_core::format::{FileKey, Stanza};
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// A key in a file of keys that cannot be used here, which says so where no other one does.
pub struct Unusable(pub String);

impl Identity for Unusable {
    fn unwrap_stanza(&self, _: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let why = io::Error::new(io::ErrorKind::Unsupported, self.0.clone());
        Some(Err(DecryptError::Io(why)))
    }
}

pub struct PluginIdentity<'a> {
    /// The name of the program.
    pub program: String,
    pub identity: Arc<IdentityPluginV1<Prompt>>,
    pub search: Rc<Search<'a>>,
}

impl Identity for PluginIdentity<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let copy = |Stanza { tag, args, body }: &Stanza| Stanza {
            tag: tag.clone(),
            args: args.clone(),
            body: body.clone(),
        };
        let stanzas: Vec<Stanza> = stanzas.iter().map(copy).collect();
        let identity = Arc::clone(&self.identity);
        let unwrapped = self.search.watch(&self.program, move || identity.unwrap_stanzas(&stanzas));
        unwrapped.unwrap_or_else(|why| Some(Err(DecryptError::Io(io::Error::other(why)))))
    }
}
