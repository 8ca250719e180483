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
mod pattern;
mod redact;
mod rule;
mod seal;
mod secret;
mod shamir;
mod store;
mod text;
mod timestamp;
mod tree;
mod variables;

pub use age_file::decrypt as decrypt_age;
pub use choice::Choice;
pub use document::{Document, NOT_ENCRYPTED, Opened, Plain};
#[cfg(any(fuzzing, test))]
pub use envelope::Cipher;
pub use keyring::Keyring;
pub use keys::{Keys, Recipient};
pub use metadata::Metadata;
pub use redact::{Needles, Redactor};
pub use secret::{Output, Secret, Source};
pub use store::{Format, Layout, json_text, read_plain, write_plain};
pub use tree::{Branch, Entry, Kind, Leaf, Value, pairs, values};
pub use variables::Variables;

/// No secrets file is read beyond this many bytes.
pub const FILE_LIMIT: u64 = 64 << 20;

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
