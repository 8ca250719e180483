//! The quiet check: what must still hold at a prompt where nothing changed, told in tests that shells have built in.
//!
//! A check is only made of what lies longer back than a tick of the clock, and only if envr itself, asked after the
//! files were looked at, finds nothing changed: so a change that comes later shows in what the check compares.

mod links;
mod stamps;

use crate::config::{self, Config};
use crate::env::Env;
use crate::host::{Host, Voice};
use crate::rc::{self, Kind, Rc};
use crate::session::{self, Session};
use crate::shell::Shell;
use links::Links;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub use stamps::Stamps;

/// Above this many tests a process is not slower.
const LIMIT: usize = 64;
const SECOND: i64 = 1_000_000_000;
/// What changed less long ago may change again without its times showing it: the kernel's tick, with room to spare.
const TICK: i64 = SECOND / 20;
/// The same where times are whole seconds, or even ones.
const COARSE_TICK: i64 = 2 * SECOND;

/// What has to hold, all of it.
#[derive(Debug)]
pub struct Check {
    /// What the shell calls its directory, and what the directory is.
    pub pwd: PathBuf,
    pub cwd: PathBuf,
    /// Exported strings; a variable that is not set counts as empty.
    pub variables: Vec<(&'static str, OsString)>,
    /// Whether `DIRENV_DIFF` holds something. What it holds, `DIRENV_WATCHES` identifies, and is shorter.
    pub is_loaded: bool,
    pub tests: Vec<Test>,
}

/// About one path; links are followed but where it says otherwise. Times are nanoseconds since the epoch.
#[derive(Debug)]
pub enum Test {
    Absent(PathBuf),
    /// Not even a dangling link.
    Nothing(PathBuf),
    NoFile(PathBuf),
    Unreadable(PathBuf),
    Readable(PathBuf),
    /// Neither newer nor older than the stamp.
    AsOldAs {
        path: PathBuf,
        stamp: PathBuf,
    },
    /// By a shell that can read the inode, from which no change can hide.
    Exactly {
        path: PathBuf,
        changed: i64,
        inode: u64,
    },
}

/// Defines the check for a shell whose environment is now `env` and holds `session`; empty when the shell has to ask
/// again at the next prompt.
pub fn code(shell: Shell, host: &Host, config: &Config, env: &Env, session: &Session) -> Vec<u8> {
    let check = match shell {
        Shell::Bash => by_stamps(host, config, env, session),
        // Its only clock.
        Shell::Fish if Path::new("/proc/uptime").exists() => by_stamps(host, config, env, session),
        Shell::Zsh => by_inodes(host, config, env, session),
        _ => None,
    };
    check.map(|check| shell.check(&check)).unwrap_or_default()
}

fn by_inodes(host: &Host, config: &Config, env: &Env, session: &Session) -> Option<Check> {
    let seen = Seen::now(host, config, session)?;
    let exactly = |entry: Entry| Test::Exactly {
        path: entry.path,
        changed: entry.changed,
        inode: entry.inode,
    };
    let tests = seen.present.into_iter().map(exactly);
    check(host, env, session, seen.tests.into_iter().chain(tests).collect())
}

/// A changed file differs from the stamp, which has exactly the time that the file had. Where another file may well
/// have the same time, the directory is compared, too.
fn by_stamps(host: &Host, config: &Config, env: &Env, session: &Session) -> Option<Check> {
    let stamps = Stamps::open(host)?;
    let seen = Seen::now(host, config, session)?;
    let mut tests = seen.tests;
    for Entry { path, modified, .. } in seen.present.into_iter().chain(seen.directories) {
        tests.push(Test::AsOldAs { path, stamp: stamps.at(modified)? });
    }
    check(host, env, session, tests)
}

fn check(host: &Host, env: &Env, session: &Session, tests: Vec<Test>) -> Option<Check> {
    let value = |name| env.get(name).unwrap_or_default().to_os_string();
    let names = [session::DIR, session::FILE, session::REQUIRED, session::WATCHES];
    let places = config::VARIABLES;
    Some(Check {
        pwd: logical_directory(host)?,
        cwd: host.cwd.clone()?,
        variables: names.into_iter().chain(places).map(|name| (name, value(name))).collect(),
        is_loaded: session.has_way_back(),
        tests,
    })
    .filter(|check| check.tests.len() <= LIMIT)
}

/// `$PWD` as the shell exports it, if it leads here.
fn logical_directory(host: &Host) -> Option<PathBuf> {
    let pwd = Path::new(host.env.get("PWD")?);
    let (named, here) = (pwd.metadata().ok()?, host.cwd.as_ref()?.metadata().ok()?);
    let is_same = (named.dev(), named.ino()) == (here.dev(), here.ino());
    (pwd.is_absolute() && is_same).then(|| pwd.to_path_buf())
}

/// The disk as it was when the answer was still right.
struct Seen {
    tests: Vec<Test>,
    present: Vec<Entry>,
    /// Where something could take the place of what is present without being newer or older.
    directories: Vec<Entry>,
}

struct Entry {
    path: PathBuf,
    modified: i64,
    changed: i64,
    inode: u64,
}

impl Seen {
    fn now(host: &Host, config: &Config, session: &Session) -> Option<Self> {
        let now = clock();
        let found = rc::find(host, config, host.cwd.as_deref()?);
        let mut seen = Self { tests: Vec::new(), present: Vec::new(), directories: Vec::new() };
        for Rc { path, kind } in rc::passed_over(config, host.cwd.as_deref()?, found.as_ref()) {
            seen.tests.push(match (host.voice, kind) {
                (Voice::Envr, Kind::Envrc) => Test::Nothing(path),
                _ if path.is_file() => Test::Unreadable(path),
                _ => Test::NoFile(path),
            });
        }
        if let Some(rc) = &found {
            // A dangling link would be absent, and still be there.
            rc.path.metadata().ok()?;
            seen.tests.push(Test::Readable(rc.path.clone()));
        }
        let watches = session.watches().ok()?;
        let watched = watches.paths().map(Path::to_path_buf);
        for path in watched.chain(config.files(host)).chain(stamps::bell(host)) {
            if !path.is_absolute() || seen.tests.len() + seen.present.len() > LIMIT {
                return None;
            }
            match Entry::now(&path) {
                None => seen.tests.push(Test::Absent(path)),
                Some(entry) => seen.present.push(entry),
            }
        }
        let mut links = Links::default();
        for entry in &seen.present {
            links.follow(&entry.path, entry.modified % SECOND == 0);
        }
        for dir in links.directories {
            seen.directories.push(Entry::now(&dir)?);
        }
        let is_old = |entry: &Entry| !entry.is_young(now);
        let is_settled = seen.present.iter().all(is_old) && seen.directories.iter().all(is_old);
        let is_current = session.is_current(found.as_ref().map(|rc| rc.path.as_path()));
        (is_settled && is_current.ok()?).then_some(seen)
    }
}

impl Entry {
    fn now(path: &Path) -> Option<Self> {
        let metadata: Metadata = path.metadata().ok()?;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(SECOND).saturating_add(nanos);
        Some(Self {
            path: path.to_path_buf(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        })
    }

    /// Nobody can set the time of the last change; a modification time of the future is somebody's wish.
    fn is_young(&self, now: i64) -> bool {
        let is_recent = |time: i64| {
            let tick = if time % SECOND == 0 { COARSE_TICK } else { TICK };
            (time > now.saturating_sub(tick), time < now.saturating_add(tick))
        };
        is_recent(self.changed).0 || is_recent(self.modified) == (true, true)
    }
}

fn clock() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(modified: i64, changed: i64, is_young: bool) {
        let now = 1_000_000 * SECOND + 1;
        let entry =
            Entry { path: "/".into(), modified: now + modified, changed: now + changed, inode: 1 };
        assert_eq!(entry.is_young(now), is_young, "{modified} {changed}");
    }

    #[test]
    fn young_is_what_may_change_without_its_times_showing_it() {
        check(-TICK - 1, -TICK - 1, false);
        check(-TICK + 1, -SECOND, true);
        check(-SECOND, -TICK + 1, true);
        // In whole seconds.
        check(-1 - SECOND, -1 - SECOND, true);
        check(-1 - 2 * SECOND, -1 - 2 * SECOND, false);
        // A time of the future that was set long ago stays what it is; a change in the future is a clock set back.
        check(3600 * SECOND, -SECOND, false);
        check(-SECOND, 3600 * SECOND, true);
    }
}
