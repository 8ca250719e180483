//! Fingerprints of the files an environment came from, in direnv's format with more in it.

mod read;
mod sight;

use crate::digest::Digest;
use crate::gzenv;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub use sight::Sight;

/// File systems stamp changes with the kernel's tick: a file younger than this when we looked may change once more
/// without its times showing it, so its content is remembered too. In nanoseconds.
const CLOCK_TICK: i64 = 50_000_000;
/// The same where a file system knows no parts of a second.
const COARSE_TICK: i64 = 2 * SECOND;
/// Content is remembered for files up to this size, in bytes.
const DIGEST_LIMIT: u64 = 1 << 20;
const SECOND: i64 = 1_000_000_000;
/// Half of what a variable may hold: some thousands of files.
const EXACT_LIMIT: usize = 64 << 10;
/// The rc, its approval, and what it names first.
const EXACT_IN_ANY_CASE: usize = 100;
/// Looking through this many entries is no slower than looking one up.
const FEW: usize = 32;

/// Files and directories with what they looked like, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    entries: Vec<Watch>,
    /// Where the path of an entry stands, for the first `placed` of them; only kept where there are many.
    places: BTreeMap<OsString, usize>,
    placed: usize,
}

/// Watches that all look as they did, with what was seen of each.
#[derive(Debug, Default)]
pub struct Look {
    watches: Watches,
    sights: Vec<Option<Sight>>,
}

/// Why a path is not as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    Unknown,
    Appeared,
    Gone,
    Changed,
}

impl std::fmt::Display for Stale {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown => "it is not watched",
            Self::Appeared => "it was not there",
            Self::Gone => "it is gone",
            Self::Changed => "it changed",
        })
    }
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
    Exactly {
        print: Fingerprint,
        /// Of the content, for a file too young for its times to be trusted.
        digest: Option<String>,
    },
}

/// Times in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    modified: i64,
    changed: i64,
    size: u64,
    inode: u64,
}

impl Watches {
    /// Adds a path as it is now, or takes it up anew.
    pub fn add(&mut self, path: &Path) {
        self.look_at(path);
    }

    /// The same; says whether something is there.
    pub fn look_at(&mut self, path: &Path) -> bool {
        let seen = Seen::now(path);
        let is_there = seen != Seen::Absent;
        self.insert(Watch { path: path.to_path_buf(), seen });
        is_there
    }

    /// Adds a file whose name says what it holds: its content needs no second look, however young it is. Says whether it
    /// is there.
    pub fn add_mark(&mut self, path: &Path) -> bool {
        let seen = Sight::of(path)
            .map_or(Seen::Absent, |now| Seen::Exactly { print: now.fingerprint(), digest: None });
        let is_there = seen != Seen::Absent;
        self.insert(Watch { path: path.to_path_buf(), seen });
        is_there
    }

    /// Adds a directory with everything below it.
    pub fn add_tree(&mut self, dir: &Path) -> Result<()> {
        if dir.is_file() {
            self.add(dir);
            return Ok(());
        }
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

    /// A path that is there, modified at that time in seconds since the epoch, whatever it is now.
    pub fn add_seen(&mut self, path: &Path, second: i64) {
        self.insert(Watch { path: path.to_path_buf(), seen: Seen::Second(second) });
    }

    /// Takes entries over; where both know a path, those of `other` count.
    pub fn merge(&mut self, other: Self) {
        for watch in other.entries {
            self.insert(watch);
        }
    }

    /// Looks at each; `None` when anything changed. Nothing watched is no look: there is nothing to judge by.
    pub fn look(self) -> Option<Look> {
        let mut sights = Vec::with_capacity(self.entries.len());
        for watch in &self.entries {
            let now = Sight::of(&watch.path);
            if !watch.seen.holds(&watch.path, now.as_ref()) {
                return None;
            }
            sights.push(now);
        }
        (!sights.is_empty()).then_some(Look { watches: self, sights })
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn has(&self, path: &Path) -> bool {
        self.entries.iter().any(|watch| watch.path.as_os_str() == path.as_os_str())
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.iter().map(|watch| watch.path.as_path())
    }

    /// Why `path` would lead to a reload, or `None` when it would not.
    pub fn reason(&self, path: &Path) -> Option<Stale> {
        match self.entries.iter().find(|watch| watch.path == path) {
            None => Some(Stale::Unknown),
            Some(watch) if watch.seen.holds(path, Sight::of(path).as_ref()) => None,
            Some(watch) if matches!(watch.seen, Seen::Absent) => Some(Stale::Appeared),
            Some(_) if path.metadata().is_err() => Some(Stale::Gone),
            Some(_) => Some(Stale::Changed),
        }
    }

    /// The path and the modification time in seconds of each entry, as direnv's `status` lists them.
    pub fn times(&self) -> impl Iterator<Item = (&Path, i64)> {
        self.entries.iter().map(|watch| (watch.path.as_path(), watch.seen.second()))
    }

    /// Whether all of it is as it was seen.
    pub fn hold(&self) -> bool {
        self.entries
            .iter()
            .all(|watch| watch.seen.holds(&watch.path, Sight::of(&watch.path).as_ref()))
    }

    /// Whether times alone will show every change from now on.
    pub fn is_settled(&self) -> bool {
        let now = now();
        self.entries.iter().all(|watch| match &watch.seen {
            Seen::Absent => true,
            Seen::Second(_) | Seen::Exactly { digest: Some(_), .. } => false,
            Seen::Exactly { print, digest: None } => print.is_settled(now),
        })
    }

    /// The value of `DIRENV_WATCHES`.
    /// Where a variable cannot hold so much by far, what is behind the first files stands there as direnv knows it.
    pub fn encode(&self) -> OsString {
        let text = gzenv::encode(&self.to_json());
        if text.len() <= EXACT_LIMIT {
            return text.into();
        }
        let mut entries = self.entries.clone();
        for watch in entries.iter_mut().skip(EXACT_IN_ANY_CASE) {
            if watch.seen != Seen::Absent {
                watch.seen = Seen::Second(watch.seen.second());
            }
        }
        gzenv::encode(&Self { entries, ..Self::default() }.to_json()).into()
    }

    pub fn decode(text: &OsStr) -> Result<Self> {
        Self::from_json(&gzenv::decode(text.as_bytes())?)
    }

    /// A list of objects on one line.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = vec![b'['];
        for (index, watch) in self.entries.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            watch.push_json(&mut json);
        }
        json.push(b']');
        json
    }

    pub fn from_json(json: &[u8]) -> Result<Self> {
        let entries = match read::watches(json) {
            Some(entries) => entries,
            None => read::any_json(json)?,
        };
        Ok(Self { entries, ..Self::default() })
    }

    fn insert(&mut self, watch: Watch) {
        match self.place_of(watch.path.as_os_str()) {
            Some(place) => self.entries[place] = watch,
            None => self.entries.push(watch),
        }
    }

    fn place_of(&mut self, path: &OsStr) -> Option<usize> {
        if self.entries.len() <= FEW {
            return self.entries.iter().position(|known| known.path.as_os_str() == path);
        }
        for (place, known) in self.entries.iter().enumerate().skip(self.placed) {
            self.places.entry(known.path.clone().into_os_string()).or_insert(place);
        }
        self.placed = self.entries.len();
        self.places.get(path).copied()
    }
}

impl Look {
    pub fn len(&self) -> usize {
        self.sights.len()
    }

    /// What each path led to; `None` where nothing was.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&Sight>)> {
        self.watches.paths().zip(self.sights.iter().map(Option::as_ref))
    }
}

/// When a file last changed in any way, in nanoseconds since the epoch; 0 for what is absent. Nobody can set this time,
/// as an archive sets that of modification.
pub fn last_change(path: &Path) -> i64 {
    Sight::of(path).map_or(0, |now| now.fingerprint().changed)
}

impl Watch {
    fn push_json(&self, json: &mut Vec<u8>) {
        json.extend(b"{\"path\":");
        gzenv::push_string(json, self.path.as_os_str().as_bytes());
        let exists = self.seen != Seen::Absent;
        _ = write!(json, ",\"modtime\":{},\"exists\":{exists}", self.seen.second());
        if let Seen::Exactly { print, digest } = &self.seen {
            let Fingerprint { modified, changed, size, inode } = print;
            let nanos = modified.rem_euclid(SECOND);
            _ = write!(
                json,
                ",\"nanos\":{nanos},\"changed\":{changed},\"size\":{size},\"inode\":{inode}"
            );
            if let Some(digest) = digest {
                _ = write!(json, ",\"digest\":\"{digest}\"");
            }
        }
        json.push(b'}');
    }
}

impl Seen {
    fn now(path: &Path) -> Self {
        let Some(print) = Sight::of(path).map(|now| now.fingerprint()) else {
            return Self::Absent;
        };
        let digest = if print.is_younger_than_a_tick() { digest(path, print.size) } else { None };
        Self::Exactly { print, digest }
    }

    fn holds(&self, path: &Path, now: Option<&Sight>) -> bool {
        match (self, now) {
            (Self::Absent, now) => now.is_none(),
            (_, None) => false,
            (Self::Second(second), Some(now)) => {
                now.fingerprint().modified.div_euclid(SECOND) == *second
            }
            (Self::Exactly { print, digest: None }, Some(now)) => now.fingerprint() == *print,
            (Self::Exactly { print, digest: seen }, Some(now)) => {
                now.fingerprint() == *print && digest(path, print.size) == *seen
            }
        }
    }

    /// The modification time as direnv writes it; 0 for what is absent.
    fn second(&self) -> i64 {
        match self {
            Self::Absent => 0,
            Self::Second(second) => *second,
            Self::Exactly { print, .. } => print.modified.div_euclid(SECOND),
        }
    }
}

impl Fingerprint {
    fn is_younger_than_a_tick(&self) -> bool {
        self.modified.max(self.changed) > now() - CLOCK_TICK
    }

    /// Where times are whole seconds, or even ones, they settle later. Nobody can set the time of the last change.
    fn is_settled(&self, now: i64) -> bool {
        let tick = if self.changed % SECOND == 0 { COARSE_TICK } else { CLOCK_TICK };
        self.changed < now - tick
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
    Some(digest_of(&bytes))
}

/// Half the digest tells two contents apart; the variable is carried by every process.
fn digest_of(bytes: &[u8]) -> String {
    Digest::of(bytes).as_str()[..32].to_string()
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
                format!("{:?}", read::any_json(json.as_bytes()).unwrap())
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

    /// Times, size and inode cannot tell the two contents apart: as if the clock had not ticked between them.
    #[test]
    fn the_content_of_a_young_file_counts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's file, not envr's")]
        std::fs::write(file.path(), "2").unwrap();
        let path = file.path();
        let now = Sight::of(path);
        let holds = |content: Option<&[u8]>| {
            let print = now.as_ref().unwrap().fingerprint();
            Seen::Exactly { print, digest: content.map(digest_of) }.holds(path, now.as_ref())
        };
        assert!(!holds(Some(b"1")));
        assert!(holds(Some(b"2")));
        assert!(holds(None));
        let Seen::Exactly { digest, .. } = Seen::now(path) else { panic!("it is there") };
        assert_eq!(digest, Some(digest_of(b"2")));
        let mut watches = Watches::default();
        watches.add_mark(path);
        assert!(matches!(watches.entries[0].seen, Seen::Exactly { digest: None, .. }));
    }

    #[test]
    fn an_entry_keeps_its_place_and_the_last_one_counts() {
        let name = |index: usize| PathBuf::from(format!("/dev/null/{index}"));
        for count in [1, FEW, 3 * FEW] {
            let watch = |path, second| Watch { path, seen: Seen::Second(second) };
            let (mut watches, mut others) = (Watches::default(), Watches::default());
            for index in 0..count {
                watches.insert(watch(name(index), 1));
                watches.insert(watch(name(index / 2), 2));
                others.insert(watch(name(index), 3));
            }
            assert_eq!(watches.paths().collect::<Vec<_>>(), others.paths().collect::<Vec<_>>());
            assert_eq!(
                watches.times().filter(|(_, second)| *second == 2).count(),
                count.div_ceil(2)
            );
            watches.merge(others);
            assert!(watches.times().all(|(_, second)| second == 3));
            assert_eq!(watches.entries.len(), count);
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
