//! Control groups (cgroup v2), where the supervisor runs in one that it may divide: each service has one of its own, and
//! whoever it started is in it, whatever it hides.
//!
//! Ours lie below the group that we run in, which stays as it is: no controller is enabled, nobody is moved out of it,
//! and nothing is done to a group that we did not make.

use super::place::Place;
use super::process::{self, Identity};
use crate::fs::{remove_if_there, replace};
use rustix::fs::{Access, Mode, OFlags};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGCONT, SIGKILL};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Of the supervisor's own group; behind it the project's name, and the supervisor's number.
const PREFIX: &str = "envr-";
/// Of a service's: none of the kernel's files begins so.
const SERVICE: &str = "service-";
/// Who is in a group; a number that is written there moves a process into it.
const MEMBERS: &str = "cgroup.procs";
/// Since Linux 5.14: a 1 ends everybody in the group and below it.
const KILL: &str = "cgroup.kill";
const FREEZE: &str = "cgroup.freeze";
/// By these a service manager says that a group is left to whoever runs in it.
const DELEGATED: [&str; 2] = ["user.delegate", "trusted.delegate"];
/// How often the list of a group is gone through where the kernel does not end everybody at once.
const ROUNDS: usize = 100;

/// A group with everybody in it and below it.
#[derive(Clone, Debug)]
pub struct Group {
    dir: PathBuf,
}

/// How the next supervisor finds what a killed one left: the group by its name, and that it is the same by its number.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    dir: PathBuf,
    inode: u64,
}

/// What decides whether the group that we run in is ours to divide.
#[derive(Clone, Copy, Debug)]
struct Tenure {
    is_root: bool,
    is_owner: bool,
    /// It is the first of all that can be seen: nobody else divides it.
    is_top: bool,
    is_delegated: bool,
}

impl Tenure {
    /// Root may write everywhere: that alone is no leave.
    fn allows(self) -> bool {
        if self.is_root { self.is_top || self.is_delegated } else { self.is_owner }
    }
}

impl Group {
    /// The supervisor's own, for who holds the project's lock; `None` where we may not make one.
    pub fn make(place: &Place) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        let (parent, is_top) = own_group(&mounts, &membership)?;
        let user = rustix::process::geteuid();
        let tenure = Tenure {
            is_root: user.is_root(),
            is_owner: fs::metadata(&parent).ok()?.uid() == user.as_raw(),
            is_top,
            is_delegated: DELEGATED.iter().any(|name| says_yes(&parent, name)),
        };
        let can_move = rustix::fs::access(parent.join(MEMBERS), Access::WRITE_OK).is_ok();
        if !tenure.allows() || !can_move {
            return None;
        }
        let dir = parent.join(format!("{PREFIX}{}-{}", place.id, std::process::id()));
        fs::create_dir(&dir).ok()?;
        let group = Self { dir };
        let recorded = group.record(place);
        if recorded.is_none() {
            group.remove();
        }
        recorded.map(|()| group)
    }

    /// What a supervisor of this project left that is gone.
    pub fn left(place: &Place) -> Option<Self> {
        let record: Record = serde_json::from_slice(&fs::read(place.control_group()).ok()?).ok()?;
        let metadata = fs::symlink_metadata(&record.dir).ok()?;
        let is_same = metadata.is_dir()
            && metadata.ino() == record.inode
            && metadata.uid() == rustix::process::geteuid().as_raw();
        (is_same && is_name(&record.dir, &place.id)).then_some(Self { dir: record.dir })
    }

    fn record(&self, place: &Place) -> Option<()> {
        let inode = fs::metadata(&self.dir).ok()?.ino();
        let record = serde_json::to_vec(&Record { dir: self.dir.clone(), inode }).ok()?;
        replace(&place.control_group(), &record).ok()
    }

    /// That of a service's run, which may not be there yet. No run has that of another: whoever is born in a group that
    /// was killed is killed, too, as some kernels have it.
    pub fn of_run(&self, service: &str, run: u64) -> Self {
        let service = service.replace('/', "%");
        Self { dir: self.dir.join(format!("{SERVICE}{service}%{run}")) }
    }

    /// For a process to be started in it.
    pub fn open(&self) -> Option<OwnedFd> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        _ = fs::create_dir(&self.dir);
        rustix::fs::open(&self.dir, flags, Mode::empty()).ok()
    }

    /// Who lives in it; those of whom we cannot see the numbers are not told.
    pub fn members(&self) -> Vec<Pid> {
        let mut members = Vec::new();
        self.visit(&mut |dir| {
            let list = fs::read_to_string(dir.join(MEMBERS)).unwrap_or_default();
            members.extend(list.lines().filter_map(|line| process::pid(line.parse().ok()?)));
        });
        members
    }

    /// The signal, and SIGCONT, for these of its members: whoever has such a number by now and is none gets nothing.
    pub fn signal(&self, members: &[Pid], signal: i32) {
        let known: Vec<Identity> = members.iter().filter_map(|pid| Identity::of(*pid)).collect();
        let still = self.members();
        let is_still =
            |member: &&Identity| process::pid(member.pid).is_some_and(|pid| still.contains(&pid));
        for member in known.iter().filter(is_still) {
            member.signal(signal);
            member.signal(SIGCONT);
        }
    }

    /// SIGKILL for everybody in it, also for those who are just being started.
    pub fn kill(&self) {
        if self.tell(KILL, b"1").is_ok() {
            return;
        }
        // Who stands still starts nobody.
        _ = self.tell(FREEZE, b"1");
        for _ in 0..ROUNDS {
            let members = self.members();
            if members.is_empty() {
                break;
            }
            self.signal(&members, SIGKILL);
        }
        _ = self.tell(FREEZE, b"0");
    }

    fn tell(&self, file: &str, what: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.dir.join(file))?.write_all(what)
    }

    /// With all that was made below it; one that somebody lives in stays.
    pub fn remove(&self) {
        self.visit(&mut |dir| _ = fs::remove_dir(dir));
    }

    /// For the supervisor's own: it left nothing.
    pub fn forget(&self, place: &Place) {
        self.remove();
        if !self.dir.exists() {
            _ = remove_if_there(&place.control_group());
        }
    }

    /// Those below first.
    fn visit(&self, look: &mut dyn FnMut(&Path)) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                Self { dir: entry.path() }.visit(look);
            }
        }
        look(&self.dir);
    }
}

/// The directory of the group that we run in, and whether it is the top of what can be seen; by what the kernel says of
/// mounts and of us.
fn own_group(mounts: &str, membership: &str) -> Option<(PathBuf, bool)> {
    let path = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    if path.ends_with(" (deleted)") || path.starts_with("/..") {
        return None;
    }
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        if system.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        // What has blanks in its name is written in another way there.
        let below = Path::new(path).strip_prefix(root).ok().filter(|_| !point.contains('\\'))?;
        let is_top = below.as_os_str().is_empty();
        let point = PathBuf::from(point);
        Some((if is_top { point } else { point.join(below) }, is_top))
    })
}

/// Whether a group is called as a supervisor of this project calls its own.
fn is_name(dir: &Path, id: &str) -> bool {
    let name = dir.file_name().and_then(|name| name.to_str());
    let number =
        name.and_then(|name| name.strip_prefix(PREFIX)?.strip_prefix(id)?.strip_prefix('-'));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn says_yes(dir: &Path, attribute: &str) -> bool {
    let mut value = [0; 2];
    let length = rustix::fs::getxattr(dir, attribute, &mut value).unwrap_or_default();
    value[..length] == *b"1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_we_run() {
        let hybrid = "30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            32 30 0:28 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        let unified = "32 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let bound = "32 30 0:28 /a/b /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let own = |mounts, path: &str| {
            let membership = format!("4:memory:/other\n0::{path}\n");
            let (dir, is_top) = own_group(mounts, &membership)?;
            Some((dir.to_str().unwrap().to_string(), is_top))
        };
        let there = |dir: &str, is_top| Some((dir.to_string(), is_top));
        assert_eq!(own(hybrid, "/"), there("/sys/fs/cgroup/unified", true));
        assert_eq!(own(unified, "/a.slice/b"), there("/sys/fs/cgroup/a.slice/b", false));
        assert_eq!(own(bound, "/a/b/c"), there("/sys/fs/cgroup/c", false));
        assert_eq!(own(bound, "/a/b"), there("/sys/fs/cgroup", true));
        for (mounts, path) in
            [(bound, "/a"), (unified, "/../x"), (unified, "/a (deleted)"), ("", "/")]
        {
            assert_eq!(own(mounts, path), None, "{path}");
        }
        assert_eq!(own_group(hybrid, "4:memory:/other\n"), None);
    }

    #[test]
    fn what_we_may_divide() {
        let tenure = Tenure { is_root: false, is_owner: false, is_top: false, is_delegated: false };
        let user = |is_owner| Tenure { is_owner, ..tenure };
        assert!(user(true).allows() && !user(false).allows());
        assert!(!Tenure { is_top: true, ..tenure }.allows());
        let root = Tenure { is_root: true, is_owner: true, ..tenure };
        assert!(!root.allows(), "a service manager's own");
        assert!(Tenure { is_top: true, ..root }.allows());
        assert!(Tenure { is_delegated: true, ..root }.allows());
    }

    #[test]
    fn names_of_groups() {
        let group = Group { dir: "/g/envr-0123-7".into() };
        let run = Path::new("/g/envr-0123-7/service-web%log%2");
        assert_eq!(group.of_run("web/log", 2).dir, run);
        assert!(is_name(&group.dir, "0123"));
        for other in ["/g/envr-0123", "/g/envr-0124-7", "/g/user.slice", "/", "/g/envr-0123-x"] {
            assert!(!is_name(Path::new(other), "0123"), "{other}");
        }
    }
}
