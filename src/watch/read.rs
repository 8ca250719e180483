//! The list of watches, read as envr and direnv write it.

use super::{Fingerprint, SECOND, Seen, Watch, nanos};
use crate::gzenv::{Bytes, Reader};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

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

/// The same, however it is spelled.
pub fn any_json(json: &[u8]) -> Result<Vec<Watch>> {
    // direnv writes an empty list as `null`.
    let rows: Option<Vec<Row>> =
        serde_json::from_slice(json).context("it does not hold a list of watches")?;
    Ok(rows.into_iter().flatten().map(Row::into_watch).collect())
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

/// One entry as it is written; direnv before 2.33 used capitals, and direnv has none of the last five.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "Path")]
    path: Bytes,
    #[serde(alias = "Modtime", default)]
    modtime: i64,
    #[serde(alias = "Exists", default)]
    exists: bool,
    nanos: Option<i64>,
    changed: Option<i64>,
    size: Option<u64>,
    inode: Option<u64>,
    digest: Option<String>,
}

impl Row {
    fn into_watch(self) -> Watch {
        let seen = match (self.exists, self.nanos, self.changed, self.size, self.inode) {
            (false, ..) => Seen::Absent,
            (true, Some(part), Some(changed), Some(size), Some(inode)) => {
                let modified = nanos(self.modtime, part);
                Seen::Exactly {
                    print: Fingerprint { modified, changed, size, inode },
                    digest: self.digest,
                }
            }
            (true, ..) => Seen::Second(self.modtime),
        };
        Watch { path: OsString::from_vec(self.path.0).into(), seen }
    }
}
