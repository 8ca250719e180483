//! Whether a file may run. The only maker of `Trusted`, which holds the very bytes that were judged.

mod known;
mod record;
mod store;
mod worktree;

use crate::config::{Config, Sourced};
use crate::digest::Digest;
use crate::fs::read_regular;
use crate::host::{Host, Voice};
use crate::rc::Rc;
use anyhow::Result;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use known::known_to_execute;
pub use record::{Approval, Executed};
pub use store::Store;

/// An rc larger than this many bytes is a mistake; the largest seen in public has 13 KB.
const RC_LIMIT: u64 = 4 << 20;

/// What was judged and may run.
#[derive(Clone, Debug)]
pub struct Trusted {
    rc: Rc,
    bytes: Vec<u8>,
    closure: Closure,
}

/// The answer to "may this rc run?".
#[derive(Debug)]
pub enum Verdict {
    Allowed(Trusted),
    /// The user said no; nothing more is said about it.
    Denied,
    Blocked(Reason),
    /// It cannot be run whatever the user says, and why.
    Unusable(String),
}

/// Why an rc waits for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    New,
    /// Lines that came and went since it was approved.
    Changed {
        added: usize,
        removed: usize,
    },
    /// A file that it executes is not as it was approved.
    Executes(PathBuf),
}

/// The answer to "may this file, which an rc executes, run?".
#[derive(Debug)]
pub enum Execution {
    Run(Vec<u8>),
    Absent,
    Refused,
}

impl Trusted {
    pub fn rc(&self) -> &Rc {
        &self.rc
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Judges a file at the moment the rc wants to execute it, and keeps it for the record. `made` says that it changed
    /// after the load began.
    pub fn judge_executed(
        &mut self,
        store: &Store,
        path: &Path,
        made: bool,
    ) -> io::Result<Execution> {
        let bytes = match read_regular(path, RC_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            result => Some(result?.ok_or_else(|| io::Error::other("it is larger than 4 MiB"))?),
        };
        let known = self.closure.executed.get(path);
        let is_made = made && known.is_none_or(|known| known.made);
        if self.closure.sourced == Sourced::Check
            && !is_made
            && !self.closure.admits(store, path, bytes.as_deref())
        {
            // Known from now on: the next judgement and `review` name it, and an approval says whether it may be made
            // anew at each load.
            let seen = self.closure.executed.entry(path.to_path_buf()).or_default();
            seen.made |= made;
            return Ok(Execution::Refused);
        }
        let executed = Executed {
            digest: bytes.as_deref().map(Digest::of),
            made: is_made || known.is_some_and(|known| known.made),
        };
        self.closure.executed.insert(path.to_path_buf(), executed);
        Ok(bytes.map_or(Execution::Absent, Execution::Run))
    }

    /// Whether a file that the rc sources is the project's word: what lies outside the project or in its layout
    /// directory is not.
    pub fn covers(&self, path: &Path) -> bool {
        let below = path.strip_prefix(self.rc.dir());
        below.is_ok_and(|below| !below.starts_with(".direnv"))
            && path != self.rc.path
            && !path.metadata().is_ok_and(|file| !file.is_file())
    }

    pub fn executed(&self) -> impl Iterator<Item = &Path> {
        self.closure.executed.keys().map(PathBuf::as_path)
    }

    /// Writes what was executed into the approval, where it is not there yet. `complete` says that a whole evaluation
    /// has been seen, so that what it did not execute is new from now on.
    pub fn remember(&self, store: &Store, complete: bool) -> Result<()> {
        let rc = Digest::of(&self.bytes);
        let complete = self.closure.complete || complete;
        let approval = Approval { rc, executed: self.closure.executed.clone(), complete };
        if self.closure.sourced == Sourced::Follow
            || store.approval(&self.rc.path).as_ref() == Some(&approval)
        {
            return Ok(());
        }
        store.keep_content(&self.bytes)?;
        for path in self.executed() {
            if let Ok(Some(bytes)) = read_regular(path, RC_LIMIT) {
                store.keep_content(&bytes)?;
            }
        }
        store.keep_approval(&self.rc.path, &approval)
    }
}

/// The files that an rc executes, as they were approved with it.
#[derive(Clone, Debug)]
struct Closure {
    executed: BTreeMap<PathBuf, Executed>,
    complete: bool,
    sourced: Sourced,
}

impl Closure {
    fn admits(&self, store: &Store, path: &Path, bytes: Option<&[u8]>) -> bool {
        match (self.executed.get(path), bytes) {
            (Some(approved), bytes) if approved.digest == bytes.map(Digest::of) => true,
            (_, Some(bytes)) if store.allows(path, bytes) => true,
            (None, bytes) => !self.complete || bytes.is_none(),
            (Some(_), bytes) => bytes.is_none(),
        }
    }

    /// The first file that changed since.
    fn changed(&self, store: &Store) -> Option<PathBuf> {
        let changed = |path: &Path| {
            let bytes = read_regular(path, RC_LIMIT).ok().flatten();
            !self.admits(store, path, bytes.as_deref())
        };
        // One that the rc makes is judged when it has made it.
        let mut given = self.executed.iter().filter(|(_, executed)| !executed.made);
        given.find(|(path, _)| changed(path)).map(|(path, _)| path.clone())
    }
}

/// Reads the rc once and says whether these bytes may run.
pub fn judge(host: &Host, store: &Store, config: &Config, rc: Rc) -> Verdict {
    let bytes = match read(&rc.path) {
        // bash drops NULs, and direnv leaves it to bash.
        Ok(bytes) if bytes.contains(&0) && host.voice == Voice::Envr => {
            return Verdict::Unusable("it is not text: it has NUL bytes".to_string());
        }
        Ok(bytes) => bytes,
        Err(why) => return Verdict::Unusable(why),
    };
    if store.denies(&rc.path) {
        return Verdict::Denied;
    }
    let mut sourced = config.sourced;
    let approval = if store.allows(&rc.path, &bytes) {
        store.approval(&rc.path)
    } else if config.whitelists(&rc.path) {
        // Who trusts a whole directory trusts what stands beside the rc, too.
        sourced = Sourced::Follow;
        None
    } else {
        match worktree::siblings(&rc.path)
            .into_iter()
            .find(|sibling| store.allows(&sibling.path, &bytes))
        {
            Some(sibling) => store.approval(&sibling.path).map(|approval| sibling.rebase(approval)),
            None => return Verdict::Blocked(reason(store, &rc.path, &bytes)),
        }
    };
    let approval = approval.filter(|approval| approval.rc == Digest::of(&bytes));
    let (executed, complete) =
        approval.map(|approval| (approval.executed, approval.complete)).unwrap_or_default();
    let closure = Closure { executed, complete, sourced };
    match closure.changed(store).filter(|_| sourced == Sourced::Check) {
        Some(path) => Verdict::Blocked(Reason::Executes(path)),
        None => Verdict::Allowed(Trusted { rc, bytes, closure }),
    }
}

/// Approves an rc as it is now, with the files that it is known to execute; returns the approved bytes.
pub fn allow(store: &Store, rc: &Rc) -> Result<()> {
    let bytes = read(&rc.path)
        .map_err(|why| anyhow::anyhow!("could not read `{}`: {why}", rc.path.display()))?;
    let before = store.approval(&rc.path);
    let complete = before
        .as_ref()
        .is_some_and(|approval| approval.complete && approval.rc == Digest::of(&bytes));
    let known = before.map(|approval| approval.executed).unwrap_or_default();
    let mut paths: Vec<PathBuf> = known.keys().cloned().collect();
    paths.extend(known_to_execute(rc, &bytes));
    let mut executed = BTreeMap::new();
    for path in paths {
        let content = read_regular(&path, RC_LIMIT).ok().flatten();
        if let Some(content) = &content {
            store.keep_content(content)?;
        }
        let made = known.get(&path).is_some_and(|known: &Executed| known.made);
        executed.insert(path, Executed { digest: content.as_deref().map(Digest::of), made });
    }
    store.keep_content(&bytes)?;
    store.keep_approval(&rc.path, &Approval { rc: Digest::of(&bytes), executed, complete })?;
    store.allow(&rc.path, &bytes)
}

/// The bytes of an rc, or why it cannot be one.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    match read_regular(path, RC_LIMIT) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(format!("it is larger than {} MiB", RC_LIMIT >> 20)),
        Err(error) => match path.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
                Err("it is a link to nothing".to_string())
            }
            Ok(metadata) if metadata.is_dir() => Err(crate::fs::kind_of(&metadata).to_string()),
            _ => Err(plain(&error)),
        },
    }
}

/// An operating system's message without its error number, in our case.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn reason(store: &Store, path: &Path, bytes: &[u8]) -> Reason {
    let Some(approved) = store.approval(path).and_then(|approval| store.content(&approval.rc))
    else {
        return Reason::New;
    };
    let diff = similar::TextDiff::from_lines(approved.as_slice(), bytes);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    match (count(similar::ChangeTag::Insert), count(similar::ChangeTag::Delete)) {
        // These very bytes were approved, and the approval was taken back.
        (0, 0) => Reason::New,
        (added, removed) => Reason::Changed { added, removed },
    }
}
