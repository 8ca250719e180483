//! What envr knows of an approval beyond direnv's mark: the approved bytes and the files that were executed.

use crate::digest::Digest;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// An rc's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub rc: Digest,
    /// `None`: absent when it was approved, or wanted but not approved.
    pub executed: BTreeMap<PathBuf, Option<Digest>>,
    /// A whole evaluation was seen, so `executed` has all there is.
    pub complete: bool,
}

const HEADER: &[u8] = b"envr approval 1";

impl Approval {
    /// Fields, each ended by a NUL, since a path may hold anything else: the header, the rc's path (for `prune`),
    /// its digest, `complete` or `partial`, then digest (or `-`) and path of each file.
    pub fn encode(&self, path: &OsStr) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut push = |field: &[u8]| {
            bytes.extend(field);
            bytes.push(0);
        };
        push(HEADER);
        push(path.as_bytes());
        push(self.rc.as_str().as_bytes());
        push(if self.complete { b"complete" } else { b"partial" });
        for (path, digest) in &self.executed {
            push(digest.as_ref().map_or("-", Digest::as_str).as_bytes());
            push(path.as_os_str().as_bytes());
        }
        bytes
    }

    /// The rc's path and its approval; `None` for what another version or a broken disk wrote.
    pub fn decode(bytes: &[u8]) -> Option<(PathBuf, Self)> {
        let mut fields = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
        if fields.next()? != HEADER {
            return None;
        }
        let path = PathBuf::from(OsStr::from_bytes(fields.next()?));
        let rc = Digest::parse(fields.next()?)?;
        let complete = fields.next()? == b"complete";
        let mut executed = BTreeMap::new();
        while let Some(digest) = fields.next() {
            let digest = if digest == b"-" { None } else { Some(Digest::parse(digest)?) };
            executed.insert(PathBuf::from(OsStr::from_bytes(fields.next()?)), digest);
        }
        Some((path, Self { rc, executed, complete }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_survives_its_encoding() {
        let executed = BTreeMap::from([
            (PathBuf::from("/p/\n\u{fe}.sh"), Some(Digest::of(b"x"))),
            (PathBuf::from("/p/absent"), None),
        ]);
        let approval = Approval { rc: Digest::of(b"rc"), executed, complete: true };
        let path = PathBuf::from("/p/.envrc");
        let bytes = approval.encode(path.as_os_str());
        assert_eq!(Approval::decode(&bytes), Some((path, approval)));
        for end in 0..bytes.len() {
            // Cut anywhere, it is nothing, or an approval of fewer files: never a panic.
            _ = Approval::decode(&bytes[..end]);
        }
        assert_eq!(Approval::decode(b"garbage"), None);
    }
}
