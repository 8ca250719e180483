//! Fingerprints of the files an environment came from, in direnv's format with more in it.

mod read;

use crate::digest::Digest;
use crate::gzenv::{self, Bytes};
use anyhow::{Context as _, Result};
use rustix::fs::{FileType, Stat};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// File systems stamp changes with the kernel's tick: a file younger than this when we looked may change once more
/// without its times showing it, so its content is remembered too. In nanoseconds.
const CLOCK_TICK: i64 = 50_000_000;
/// Content is remembered for files up to this size, in bytes.
const DIGEST_LIMIT: u64 = 1 << 20;
const SECOND: i64 = 1_000_000_000;

/// Files and directories with what they looked like, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    entries: Vec<Watch>,
}

#[derive(Clone, Debug)]
struct Watch {
    path: PathBuf,
    seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Absent,
    /// Written by direnv, which knows whole seconds only.
    Second(i64),
    Exactly(Fingerprint),
}

/// Times in nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fingerprint {
    modified: i64,
    changed: i64,
    size: u64,
    inode: u64,
    /// Of the content, for a file too young for its times to be trusted.
    digest: Option<String>,
}

impl Watches {
    /// Adds a path as it is now, or takes it up anew.
    pub fn add(&mut self, path: &Path) {
        self.insert(Watch { path: path.to_path_buf(), seen: Seen::now(path) });
    }

    /// Adds a directory with everything below it.
    pub fn add_tree(&mut self, dir: &Path) -> Result<()> {
        let entries = std::fs::read_dir(dir)
            .with_context(|| format!("could not read `{}`", dir.display()))?;
        self.add(dir);
        for entry in entries {
            let entry = entry.with_context(|| format!("could not read `{}`", dir.display()))?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.add_tree(&entry.path())?,
                _ => self.add(&entry.path()),
            }
        }
        Ok(())
    }

    /// Takes entries over; where both know a path, those of `other` count.
    pub fn merge(&mut self, other: Self) {
        for watch in other.entries {
            self.insert(watch);
        }
    }

    /// Whether all looks as it did. Nothing watched is not current: there is nothing to judge by.
    pub fn are_current(&self) -> bool {
        !self.entries.is_empty()
            && self.entries.iter().all(|watch| watch.seen.still_holds(&watch.path))
    }

    pub fn has(&self, path: &Path) -> bool {
        self.entries.iter().any(|watch| watch.path.as_os_str() == path.as_os_str())
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.iter().map(|watch| watch.path.as_path())
    }

    /// Why `path` would lead to a reload, or `None` when it would not.
    pub fn reason(&self, path: &Path) -> Option<&'static str> {
        match self.entries.iter().find(|watch| watch.path == path) {
            None => Some("it is not watched"),
            Some(watch) if watch.seen.still_holds(path) => None,
            Some(_) => Some("it changed"),
        }
    }

    /// The path and the modification time in seconds of each entry, as direnv's `status` lists them.
    pub fn times(&self) -> impl Iterator<Item = (&Path, i64)> {
        self.entries.iter().map(|watch| (watch.path.as_path(), watch.seen.second()))
    }

    /// The value of `DIRENV_WATCHES`.
    pub fn encode(&self) -> OsString {
        let mut json = vec![b'['];
        for (index, watch) in self.entries.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            watch.push_json(&mut json);
        }
        json.push(b']');
        gzenv::encode(&json).into()
    }

    pub fn decode(text: &OsStr) -> Result<Self> {
        let json = gzenv::decode(text.as_bytes())?;
        let entries = match read::watches(&json) {
            Some(entries) => entries,
            None => read_any_json(&json)?,
        };
        Ok(Self { entries })
    }

    fn insert(&mut self, watch: Watch) {
        let path = watch.path.as_os_str();
        match self.entries.iter_mut().find(|known| known.path.as_os_str() == path) {
            Some(known) => *known = watch,
            None => self.entries.push(watch),
        }
    }
}

/// When a file last changed in any way, in nanoseconds since the epoch; 0 for what is absent. Nobody can set this time,
/// as an archive sets that of modification.
pub fn last_change(path: &Path) -> i64 {
    Fingerprint::now(path).map_or(0, |print| print.changed)
}

impl Watch {
    fn push_json(&self, json: &mut Vec<u8>) {
        json.extend(b"{\"path\":");
        gzenv::push_string(json, self.path.as_os_str().as_bytes());
        let exists = self.seen != Seen::Absent;
        json.extend(format!(",\"modtime\":{},\"exists\":{exists}", self.seen.second()).bytes());
        if let Seen::Exactly(print) = &self.seen {
            let Fingerprint { modified, changed, size, inode, digest } = print;
            let nanos = modified.rem_euclid(SECOND);
            json.extend(
                format!(
                    ",\"nanos\":{nanos},\"changed\":{changed},\"size\":{size},\"inode\":{inode}"
                )
                .bytes(),
            );
            if let Some(digest) = digest {
                json.extend(format!(",\"digest\":\"{digest}\"").bytes());
            }
        }
        json.push(b'}');
    }
}

impl Seen {
    fn now(path: &Path) -> Self {
        let Some(mut print) = Fingerprint::now(path) else { return Self::Absent };
        if print.is_younger_than_a_tick() {
            print.digest = digest(path, print.size);
        }
        Self::Exactly(print)
    }

    fn still_holds(&self, path: &Path) -> bool {
        let now = Fingerprint::now(path);
        match (self, now) {
            (Self::Absent, now) => now.is_none(),
            (_, None) => false,
            (Self::Second(second), Some(now)) => now.modified.div_euclid(SECOND) == *second,
            (Self::Exactly(seen), Some(mut now)) => {
                if seen.digest.is_some() {
                    now.digest = digest(path, now.size);
                }
                now == *seen
            }
        }
    }

    /// The modification time as direnv writes it; 0 for what is absent.
    fn second(&self) -> i64 {
        match self {
            Self::Absent => 0,
            Self::Second(second) => *second,
            Self::Exactly(print) => print.modified.div_euclid(SECOND),
        }
    }
}

impl Fingerprint {
    /// Follows links; the link's own time counts where it is newer, so that a swapped link is seen.
    fn now(path: &Path) -> Option<Self> {
        let named = rustix::fs::lstat(path).ok()?;
        if !FileType::from_raw_mode(named.st_mode).is_symlink() {
            return Some(Self::of(&named));
        }
        let link = Self::of(&named);
        let target = Self::of(&rustix::fs::stat(path).ok()?);
        Some(Self {
            modified: target.modified.max(link.modified),
            changed: target.changed.max(link.changed),
            ..target
        })
    }

    #[expect(clippy::cast_sign_loss, reason = "no file is smaller than nothing")]
    fn of(file: &Stat) -> Self {
        let time = |seconds: i64, part| nanos(seconds, i64::try_from(part).unwrap_or(0));
        Self {
            modified: time(file.st_mtime, file.st_mtime_nsec),
            changed: time(file.st_ctime, file.st_ctime_nsec),
            size: file.st_size as u64,
            inode: file.st_ino,
            digest: None,
        }
    }

    fn is_younger_than_a_tick(&self) -> bool {
        self.modified.max(self.changed) > now() - CLOCK_TICK
    }
}

/// In nanoseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(SECOND).saturating_add(nanos)
}

fn digest(path: &Path, size: u64) -> Option<String> {
    if size > DIGEST_LIMIT {
        return None;
    }
    let bytes = crate::fs::read_regular(path, DIGEST_LIMIT).ok()??;
    // Half the digest tells two contents apart; the variable is carried by every process.
    Some(Digest::of(&bytes).as_str()[..32].to_string())
}

fn read_any_json(json: &[u8]) -> Result<Vec<Watch>> {
    let rows: Vec<Row> =
        serde_json::from_slice(json).context("it does not hold a list of watches")?;
    Ok(rows.into_iter().map(Row::into_watch).collect())
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
                Seen::Exactly(Fingerprint {
                    modified: nanos(self.modtime, part),
                    changed,
                    size,
                    inode,
                    digest: self.digest,
                })
            }
            (true, ..) => Seen::Second(self.modtime),
        };
        Watch { path: OsString::from_vec(self.path.0).into(), seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, is_usual: bool) {
        let quick = read::watches(json.as_bytes());
        assert_eq!(quick.is_some(), is_usual, "{json}");
        if let Some(quick) = quick {
            assert_eq!(
                format!("{quick:?}"),
                format!("{:?}", read_any_json(json.as_bytes()).unwrap())
            );
        }
    }

    #[test]
    fn both_readers_read_the_same() {
        let direnvs = r#"[{"path":"/a/.envrc","modtime":1700000000,"exists":true},{"path":"/b","modtime":0,"exists":false}]"#;
        check(direnvs, true);
        let ours = r#"[{"path":"/a","modtime":-2,"exists":true,"nanos":5,"changed":-7,"size":0,"inode":18446744073709551615,"digest":"0f"}]"#;
        check(ours, true);
        for other in [
            r#"[{"path":"/a\"b","modtime":1,"exists":true}]"#,
            r#"[{"Path":"/a","Modtime":1,"Exists":true}]"#,
            r#"[{"path":"/a","modtime":1,"exists":true,"more":1}]"#,
            r#"[{"path":"/a","modtime":01,"exists":true}]"#,
            r#"[{"path":"/a","modtime":99999999999999999999,"exists":true}]"#,
            r#"[{"path":"/a","modtime":1,"exists":true},]"#,
            r#"[{"path":"/a","modtime":1,"exists":true}] "#,
            r#"[ {"path":"/a","modtime":1,"exists":true}]"#,
            "[]",
            "",
        ] {
            check(other, false);
        }
    }

    #[test]
    fn what_is_written_is_read_quickly() {
        let mut watches = Watches::default();
        for path in ["/", "/dev/null", "/absent", "/ü"] {
            watches.add(Path::new(path));
        }
        let json = gzenv::decode(watches.encode().as_bytes()).unwrap();
        assert_eq!(
            format!("{:?}", read::watches(&json).unwrap()),
            format!("{:?}", watches.entries)
        );
    }
}
