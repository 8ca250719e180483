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
    pub executed: BTreeMap<PathBuf, Executed>,
    /// A whole evaluation was seen, so `executed` has all there is.
    pub complete: bool,
}

/// A file that an rc executes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// `None`: absent when it was approved, or wanted but not approved.
    pub digest: Option<Digest>,
    /// The rc makes it itself, so that it may be another one after each load.
    pub made: bool,
}

const HEADER: &[u8] = b"envr approval 1";

impl Approval {
    /// Fields, each ended by a NUL, since a path may hold anything else: the header, the rc's path (for `prune`),
    /// its digest, `complete` or `partial`, then `given` or `made`, digest (or `-`) and path of each file.
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
        for (path, executed) in &self.executed {
            push(if executed.made { b"made" } else { b"given" });
            push(executed.digest.as_ref().map_or("-", Digest::as_str).as_bytes());
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
        while let Some(origin) = fields.next() {
            let digest = fields.next()?;
            let digest = if digest == b"-" { None } else { Some(Digest::parse(digest)?) };
            let path = PathBuf::from(OsStr::from_bytes(fields.next()?));
            executed.insert(path, Executed { digest, made: origin == b"made" });
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
            (
                PathBuf::from("/p/\n\u{fe}.sh"),
                Executed { digest: Some(Digest::of(b"x")), made: true },
            ),
            (PathBuf::from("/p/absent"), Executed::default()),
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
