//! Whether a file may run. The only maker of `Trusted`, which holds the very bytes that were judged.

mod closure;
mod known;
pub mod record;
mod store;
mod worktree;

use crate::config::Sourced;
use crate::digest::Digest;
use crate::fs::read_regular;
use crate::host::{Host, Voice};
use crate::rc::Rc;
use crate::ui;
use crate::watch::{Stale, Watches};
use crate::world::World;
use anyhow::{Result, anyhow};
use closure::Rule;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use closure::{Closure, Execution};
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
    /// A file that it executes is denied.
    ExecutesDenied(PathBuf),
}

impl Trusted {
    pub fn rc(&self) -> &Rc {
        &self.rc
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What every judged file, and the marks of its approval, looked like before it was read.
    pub fn watches(&self) -> &Watches {
        &self.closure.watches
    }

    /// After the rc ran: one that touched itself, and is what was judged, is not to run again for that.
    pub fn look_again(&mut self) {
        let path = &self.rc.path;
        let is_touched = self.closure.watches.reason(path) == Some(Stale::Changed);
        let is_same =
            || read_regular(path, RC_LIMIT).is_ok_and(|now| now.as_ref() == Some(&self.bytes));
        if is_touched && is_same() {
            self.closure.watches.add(path);
        }
    }

    /// Judges a file at the moment the rc wants to execute it, and keeps it for the record. `made` says that it changed
    /// after the load began.
    pub fn judge_executed(
        &mut self,
        store: &Store,
        path: &Path,
        made: bool,
    ) -> io::Result<Execution> {
        self.closure.judge(store, path, made)
    }

    /// Whether a file that the rc sources is a project's word: its own, or that of another rc that it runs.
    pub fn covers(&self, path: &Path) -> bool {
        let mut projects = std::iter::once(self.rc.dir()).chain(self.closure.other_projects());
        projects.any(|project| is_of(project, path))
            && path != self.rc.path
            && !path.metadata().is_ok_and(|file| !file.is_file())
    }

    /// Writes what was executed into the approval. `whole` says that the evaluation came to its end.
    pub fn remember(&self, store: &Store, whole: bool) -> Result<()> {
        self.closure.remember(store, &self.rc.path, &self.bytes, whole)
    }
}

/// Whether a file is the word of a project: what lies outside, or in its layout directory, is not.
fn is_of(project: &Path, path: &Path) -> bool {
    path.strip_prefix(project).is_ok_and(|below| !below.starts_with(".direnv"))
}

impl Reason {
    pub fn text(&self, host: &Host) -> String {
        match self {
            Self::New => "it is not approved yet".to_string(),
            Self::Changed { added, removed } => format!(
                "it changed since it was approved ({}, {})",
                lines(*added, "added"),
                lines(*removed, "removed"),
            ),
            Self::Executes(file) => {
                let what = if holds_secrets(file) {
                    "whose secrets it loads"
                } else {
                    "which it executes"
                };
                format!("`{}`, {what}, is not as it was approved", host.tilde(file))
            }
            Self::ExecutesDenied(file) => {
                format!("`{}`, which it executes, is denied", host.tilde(file))
            }
        }
    }
}

/// Reads the rc once and says whether these bytes may run. `watches` takes in what the answer depends on.
pub fn judge(world: World, rc: Rc, watches: &mut Watches) -> Verdict {
    let World { host, store, .. } = world;
    // Each file is looked at before it is read, so that an edit in between counts as one that came later.
    watches.add(&rc.path);
    let bytes = match read(&rc.path) {
        // bash drops NULs, and direnv leaves it to bash.
        Ok(bytes) if bytes.contains(&0) && host.voice == Voice::Envr => {
            Err("it is not text: it has NUL bytes".to_string())
        }
        result => result,
    };
    let marked = bytes.as_deref().unwrap_or_default();
    let is_denied = store.watch_marks(watches, &rc.path, marked);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => return Verdict::Unusable(why),
    };
    if is_denied {
        return Verdict::Denied;
    }
    let Some(mut closure) = approved(world, &rc, &bytes, watches) else {
        return Verdict::Blocked(reason(store, &rc.path, &bytes));
    };
    let refused = closure.first_refused(store);
    watches.merge(closure.watches.clone());
    closure.watches.merge(watches.clone());
    match refused {
        Some(reason) => Verdict::Blocked(reason),
        None => Verdict::Allowed(Trusted { rc, bytes, closure }),
    }
}

/// What an rc with these bytes may execute, if it is approved. `watches` takes in what the answer depends on.
pub fn approved(world: World, rc: &Rc, bytes: &[u8], watches: &mut Watches) -> Option<Closure> {
    let World { host, config, store } = world;
    let rule = match (host.voice, config.sourced) {
        (Voice::Direnv, _) => Rule::Anything,
        (Voice::Envr, Sourced::Follow) => Rule::NotDenied,
        (Voice::Envr, Sourced::Check) => Rule::Approved,
    };
    let recorded = store.approval(&rc.path, bytes);
    if store.allows(&rc.path, bytes) {
        return Some(Closure::new(rule, recorded.clone(), recorded));
    }
    if config.whitelists(&rc.path) {
        // Who trusts a whole directory trusts what stands beside the rc, too.
        let rule = if rule == Rule::Approved { Rule::NotDenied } else { rule };
        return Some(Closure::new(rule, None, recorded));
    }
    let siblings = worktree::siblings(&rc.path).into_iter();
    let mut approved = siblings
        .filter(|sibling| !store.denies(&sibling.path) && store.allows(&sibling.path, bytes));
    let sibling = approved.next()?;
    store.watch_marks(watches, &sibling.path, bytes);
    let approval = store.approval(&sibling.path, bytes).map(|approval| sibling.rebase(approval));
    Some(Closure::new(rule, approval, recorded))
}

/// Approves an rc as it is now, with the files that it is known to execute.
pub fn allow(store: &Store, rc: &Rc) -> Result<()> {
    let bytes = contents(&rc.path)?;
    let same = store.approval(&rc.path, &bytes);
    let complete = same.as_ref().is_some_and(|approval| approval.complete);
    let known = same
        .or_else(|| store.last_approval(&rc.path))
        .map(|approval| approval.executed)
        .unwrap_or_default();
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
    keep(store, rc, &bytes, executed, complete)
}

/// Approves these bytes of an rc; the files that it executes stay approved as they were.
pub fn allow_alone(store: &Store, rc: &Rc, bytes: &[u8]) -> Result<()> {
    let same = store.approval(&rc.path, bytes);
    let complete = same.as_ref().is_some_and(|approval| approval.complete);
    let known = same.or_else(|| store.last_approval(&rc.path));
    let executed = known.map(|approval| approval.executed).unwrap_or_default();
    keep(store, rc, bytes, executed, complete)
}

/// Has the approval of an rc follow a file that its user changed through envr. Only where the very bytes that were
/// changed were approved: nobody means what somebody else wrote there. Whether it follows.
pub fn follow(store: &Store, rc: &Rc, file: &Path, before: &Digest, after: &[u8]) -> Result<bool> {
    let Ok(bytes) = read(&rc.path) else { return Ok(false) };
    if store.denies(&rc.path) || !store.allows(&rc.path, &bytes) {
        return Ok(false);
    }
    let Some(mut approval) = store.approval(&rc.path, &bytes) else { return Ok(false) };
    match approval.executed.get_mut(file) {
        Some(executed) if executed.digest.as_ref() == Some(before) => {
            executed.digest = Some(Digest::of(after));
        }
        _ => return Ok(false),
    }
    store.keep_content(after)?;
    store.keep_approval(&rc.path, &bytes, &approval)?;
    Ok(true)
}

fn keep(
    store: &Store,
    rc: &Rc,
    bytes: &[u8],
    executed: BTreeMap<PathBuf, Executed>,
    complete: bool,
) -> Result<()> {
    store.keep_content(bytes)?;
    let approval = Approval { rc: Digest::of(bytes), executed, complete };
    store.keep_approval(&rc.path, bytes, &approval)?;
    store.allow(&rc.path, bytes)
}

/// Whether a file is one of sops or age, so that nobody looks for a script.
fn holds_secrets(file: &Path) -> bool {
    const MARK: &[u8] = b"ENC[AES256_GCM,";
    let bytes = read_regular(file, RC_LIMIT).ok().flatten().unwrap_or_default();
    crate::secrets::is_age(&bytes) || bytes.windows(MARK.len()).any(|part| part == MARK)
}

/// The bytes of a file that somebody is about to approve.
pub fn contents(path: &Path) -> Result<Vec<u8>> {
    read(path).map_err(|why| anyhow!("could not read `{}`: {why}", path.display()))
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
            _ => Err(ui::plain(&error)),
        },
    }
}

fn lines(count: usize, what: &str) -> String {
    format!("{count} line{} {what}", if count == 1 { "" } else { "s" })
}

fn reason(store: &Store, path: &Path, bytes: &[u8]) -> Reason {
    let approval = store.last_approval(path);
    let Some(approved) = approval.and_then(|approval| store.content(&approval.rc)) else {
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
