//! The list of watches, read as envr and direnv write it.

use super::{Fingerprint, SECOND, Seen, Watch};
use crate::gzenv::Reader;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// The entries, or `None` where the spelling is not the usual one.
pub fn watches(json: &[u8]) -> Option<Vec<Watch>> {
    let mut reader = Reader::new(json);
    let mut watches = Vec::with_capacity(json.len() / 128 + 1);
    reader.skip(b"[")?;
    loop {
        watches.push(watch(&mut reader)?);
        if reader.skip(b",").is_none() {
            break;
        }
    }
    reader.skip(b"]")?;
    reader.end()?;
    Some(watches)
}

fn watch(reader: &mut Reader) -> Option<Watch> {
    reader.skip(b"{\"path\":")?;
    let path = OsStr::from_bytes(reader.string()?).into();
    reader.skip(b",\"modtime\":")?;
    let second = reader.signed()?;
    let exists = reader.skip(b",\"exists\":true").is_some();
    if !exists {
        reader.skip(b",\"exists\":false")?;
    }
    let seen = match (exists, reader.skip(b",\"nanos\":")) {
        (false, None) => Seen::Absent,
        (true, None) => Seen::Second(second),
        (true, Some(())) => exactly(reader, second)?,
        (false, Some(())) => return None,
    };
    reader.skip(b"}")?;
    Some(Watch { path, seen })
}

fn exactly(reader: &mut Reader, second: i64) -> Option<Seen> {
    let modified = second.checked_mul(SECOND)?.checked_add(reader.signed()?)?;
    reader.skip(b",\"changed\":")?;
    let changed = reader.signed()?;
    reader.skip(b",\"size\":")?;
    let size = reader.unsigned()?;
    reader.skip(b",\"inode\":")?;
    let inode = reader.unsigned()?;
    let digest = match reader.skip(b",\"digest\":") {
        Some(()) => Some(std::str::from_utf8(reader.string()?).ok()?.to_string()),
        None => None,
    };
    Some(Seen::Exactly { print: Fingerprint { modified, changed, size, inode }, digest })
}
