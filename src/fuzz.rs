//! Doors for the fuzzers in `fuzz/`: each takes whatever bytes there are, and may only not panic.

use crate::env::Env;
use crate::eval::native::remainder::programs_of;
use crate::eval::{dotenv, parse};
use crate::gzenv;
use crate::session::Session;
use crate::trust::record::Approval;
use crate::watch::Watches;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// An `.envrc`.
pub fn script(bytes: &[u8]) {
    if let Ok(script) = parse::parse(bytes) {
        let programs = programs_of(&script).unwrap_or_default();
        assert!(programs.iter().all(|name| !name.is_empty()));
    }
}

/// A `.env`.
pub fn dotenv(bytes: &[u8]) {
    _ = dotenv::parse_in(Path::new("/"), bytes, &Env::default());
}

/// The variables of a shell: as they stand, and as the compressed text that they hold.
pub fn state(bytes: &[u8]) {
    let packed = gzenv::encode(bytes);
    assert_eq!(gzenv::decode(packed.as_bytes()).expect("what was encoded"), bytes);
    for text in [OsStr::from_bytes(bytes), OsStr::new(&packed)] {
        if let Ok(watches) = Watches::decode(text) {
            let again = Watches::decode(&watches.encode()).expect("what was encoded");
            assert_eq!(again.encode(), watches.encode());
        }
        let mut env = Env::default();
        for name in ["DIRENV_DIFF", "DIRENV_WATCHES", "DIRENV_FILE"] {
            env.set(name, text);
        }
        let session = Session::from_env(&env);
        _ = session.revert(&env);
        _ = session.watches();
    }
}

/// A file of the store.
pub fn approval(bytes: &[u8]) {
    if let Some((path, approval)) = Approval::decode(bytes) {
        let again = approval.encode(path.as_os_str());
        assert_eq!(Approval::decode(&again), Some((path, approval)));
    }
}
