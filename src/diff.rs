//! What separates two environments, and how to take it back.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What a shell has to do, in name order: `Some` exports a value, `None` unsets the name.
pub type Changes = BTreeMap<OsString, Option<OsString>>;
