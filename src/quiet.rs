//! The quiet check: what must still hold at a prompt where nothing changed, told in tests that shells have built in.
//!
//! A check is made of the very look by which envr found nothing changed, and only if all that was seen lies a tick of the
//! clock longer back than the beginning of the answer: so a change that comes later shows in what the check compares.

mod links;
mod stamps;

use crate::config::{self, Config};
use crate::env::Env;
use crate::host::{Host, Voice};
use crate::rc::{self, Kind, Rc};
use crate::session::{self, Session};
use crate::shell::Shell;
use crate::watch::{Look, Sight};
use links::Links;
use std::ffi::OsString;
use std::ops::Range;
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

/// What envr answered, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub found: Option<&'a Rc>,
    /// The shell's environment from now on, and the state in it.
    pub env: &'a Env,
    pub session: &'a Session,
    /// When envr began to look at anything.
    pub began: i64,
}

/// Defines the check for a shell that was just answered, after one more look at all that is watched; empty when the
/// shell has to ask again at the next prompt.
pub fn code(shell: Shell, answer: &Answer, look: &Look) -> Vec<u8> {
    let check = match shell {
        Shell::Bash => by_stamps(answer, look),
        // Its only clock.
        Shell::Fish if Path::new("/proc/uptime").exists() => by_stamps(answer, look),
        Shell::Zsh => by_inodes(answer, look),
        _ => None,
    };
    check.map(|check| shell.check(&check)).unwrap_or_default()
}

/// In nanoseconds since the epoch.
pub fn clock() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

fn by_inodes(answer: &Answer, look: &Look) -> Option<Check> {
    let seen = Seen::new(answer, look, &Stamps::of(answer.host))?;
    let exactly = |entry: Entry| Test::Exactly {
        path: entry.path,
        changed: entry.sight.changed,
        inode: entry.sight.inode,
    };
    let tests = seen.present.into_iter().map(exactly);
    check(answer, seen.tests.into_iter().chain(tests).collect())
}

/// A changed file differs from the stamp, which has exactly the time that the file had. Where another file may well
/// have the same time, the directory is compared, too.
fn by_stamps(answer: &Answer, look: &Look) -> Option<Check> {
    let stamps = Stamps::of(answer.host);
    let Seen { mut tests, present, directories } = Seen::new(answer, look, &stamps)?;
    for Entry { path, sight } in present.into_iter().chain(directories) {
        tests.push(Test::AsOldAs { path, stamp: stamps.at(sight.modified)? });
    }
    check(answer, tests)
}

fn check(answer: &Answer, tests: Vec<Test>) -> Option<Check> {
    let value = |name| answer.env.get(name).unwrap_or_default().to_os_string();
    let names = [session::DIR, session::FILE, session::WATCHES];
    let places = config::VARIABLES;
    Some(Check {
        pwd: logical_directory(answer.host)?,
        cwd: answer.host.cwd.clone()?,
        variables: names.into_iter().chain(places).map(|name| (name, value(name))).collect(),
        is_loaded: answer.session.has_way_back(),
        tests,
    })
    .filter(|check| check.tests.len() <= LIMIT)
}

/// `$PWD` as the shell exports it, if it leads here.
fn logical_directory(host: &Host) -> Option<PathBuf> {
    let (pwd, here) = (Path::new(host.env.get("PWD")?), host.cwd.as_ref()?);
    let is_same = || {
        let (named, here) = (pwd.metadata().ok()?, here.metadata().ok()?);
        Some((named.dev(), named.ino()) == (here.dev(), here.ino()))
    };
    let leads_here = pwd.as_os_str() == here.as_os_str() || is_same()?;
    (pwd.is_absolute() && leads_here).then(|| pwd.to_path_buf())
}

/// The disk as it was when the answer was right.
struct Seen {
    tests: Vec<Test>,
    present: Vec<Entry>,
    /// Where something could take the place of what is present without being newer or older.
    directories: Vec<Entry>,
}

struct Entry {
    path: PathBuf,
    sight: Sight,
}

impl Seen {
    fn new(answer: &Answer, look: &Look, stamps: &Stamps) -> Option<Self> {
        let Answer { host, config, found, began, .. } = *answer;
        if look.len() > LIMIT {
            return None;
        }
        let mut seen = Self { tests: Vec::new(), present: Vec::new(), directories: Vec::new() };
        for Rc { path, kind } in rc::passed_over(host, config, host.cwd.as_deref()?, found) {
            seen.tests.push(match (host.voice, kind) {
                (Voice::Envr, Kind::Envrc | Kind::Toml) => Test::Nothing(path),
                _ if path.is_file() => Test::Unreadable(path),
                _ => Test::NoFile(path),
            });
        }
        for (path, sight) in look.iter() {
            seen.add(path.to_path_buf(), sight.cloned())?;
        }
        if let Some(Rc { path, .. }) = found {
            // A dangling link would be absent, and still be there.
            seen.present.iter().find(|entry| entry.path.as_os_str() == path.as_os_str())?;
            seen.tests.push(Test::Readable(path.clone()));
        }
        for path in config.files(host).into_iter().chain(stamps.bell()) {
            let sight = Sight::of(&path);
            seen.add(path, sight)?;
        }
        let mut links = Links::default();
        for Entry { path, sight } in &seen.present {
            links.follow(path, sight.is_link(), sight.modified % SECOND == 0);
        }
        for path in links.directories {
            seen.directories.push(Entry { sight: Sight::of(&path)?, path });
        }
        let during = began..clock();
        let is_old = |entry: &Entry| !is_young(&entry.sight, &during);
        let is_settled = seen.present.iter().all(is_old) && seen.directories.iter().all(is_old);
        is_settled.then_some(seen)
    }

    fn add(&mut self, path: PathBuf, sight: Option<Sight>) -> Option<()> {
        match sight {
            _ if !path.is_absolute() => return None,
            None => self.tests.push(Test::Absent(path)),
            Some(sight) => self.present.push(Entry { path, sight }),
        }
        Some(())
    }
}

/// Whether what was seen `during` that time may change again unseen. Nobody can set the time of the last change; a
/// modification time of the future is somebody's wish.
fn is_young(sight: &Sight, during: &Range<i64>) -> bool {
    let tick = |time: i64| if time % SECOND == 0 { COARSE_TICK } else { TICK };
    let is_recent = |time: i64| time > during.start.saturating_sub(tick(time));
    let has_come = |time: i64| time < during.end.saturating_add(tick(time));
    is_recent(sight.changed) || is_recent(sight.modified) && has_come(sight.modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(modified: i64, changed: i64, is_young: bool) {
        let now = 1_000_000 * SECOND + 1;
        let mut sight = Sight::of(Path::new("/")).unwrap();
        (sight.modified, sight.changed) = (now + modified, now + changed);
        assert_eq!(super::is_young(&sight, &(now..now)), is_young, "{modified} {changed}");
        // An answer that took its time: what changed meanwhile is young, too.
        sight.changed = now;
        assert!(super::is_young(&sight, &(now..now + 10 * SECOND)));
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
