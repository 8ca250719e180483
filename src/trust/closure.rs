//! The files that an rc executes, as they were approved with it, and the judgement of each when its turn comes.

use super::record::{Approval, Executed};
use super::{RC_LIMIT, Reason, Store};
use crate::config::Sourced;
use crate::digest::Digest;
use crate::fs::read_regular;
use crate::rc::Rc;
use crate::watch::Watches;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The answer to "may this file, which an rc executes, run?".
#[derive(Debug)]
pub enum Execution {
    Run(Vec<u8>),
    Absent,
    Refused(Reason),
}

#[derive(Clone, Debug)]
pub struct Closure {
    pub executed: BTreeMap<PathBuf, Executed>,
    /// A whole evaluation was seen, so `executed` has all there is.
    pub complete: bool,
    pub sourced: Sourced,
    /// What was judged, as it looked before it was read.
    pub watches: Watches,
}

impl Closure {
    pub fn new(approval: Option<Approval>, sourced: Sourced) -> Self {
        let (executed, complete) =
            approval.map(|approval| (approval.executed, approval.complete)).unwrap_or_default();
        Self { executed, complete, sourced, watches: Watches::default() }
    }

    /// Why the rc need not even start.
    pub fn first_refused(&mut self, store: &Store) -> Option<Reason> {
        if self.sourced == Sourced::Follow {
            return None;
        }
        // What the rc makes is judged when it has made it.
        let given = self.executed.iter().filter(|(_, executed)| !executed.made);
        let given: Vec<PathBuf> = given.map(|(path, _)| path.clone()).collect();
        given.into_iter().find_map(|path| {
            self.watches.add(&path);
            let bytes = read_regular(&path, RC_LIMIT).ok().flatten();
            self.refused(store, &path, bytes.as_deref(), false)
        })
    }

    /// `made` says that the file changed after the load began.
    pub fn judge(&mut self, store: &Store, path: &Path, made: bool) -> io::Result<Execution> {
        // A file that runs twice counts as it was the first time, unless the rc itself changes it.
        if made || !self.watches.has(path) {
            self.watches.add(path);
        }
        let bytes = match read_regular(path, RC_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            result => Some(result?.ok_or_else(|| io::Error::other("it is larger than 4 MiB"))?),
        };
        let known = self.executed.get(path);
        let was_made = known.is_some_and(|known| known.made);
        let is_made = made && known.is_none_or(|known| known.made);
        if self.sourced == Sourced::Check
            && let Some(reason) = self.refused(store, path, bytes.as_deref(), is_made)
        {
            // Known from now on: the next judgement and `review` name it, and an approval says whether it may be made
            // anew at each load.
            self.executed.entry(path.to_path_buf()).or_default().made |= made;
            return Ok(Execution::Refused(reason));
        }
        let digest = bytes.as_deref().map(Digest::of);
        self.executed.insert(path.to_path_buf(), Executed { digest, made: is_made || was_made });
        Ok(bytes.map_or(Execution::Absent, Execution::Run))
    }

    fn refused(
        &mut self,
        store: &Store,
        path: &Path,
        bytes: Option<&[u8]>,
        is_made: bool,
    ) -> Option<Reason> {
        let mut marks = Watches::default();
        store.watch_marks(&mut marks, path, bytes.unwrap_or_default());
        let reason = if store.denies(path) {
            Some(Reason::ExecutesDenied(path.to_path_buf()))
        } else if is_made || self.admits(store, path, bytes) {
            None
        } else {
            Some(Reason::Executes(path.to_path_buf()))
        };
        // It is free when it is approved as an rc of its own, and refused when it is denied as one.
        if reason.is_some() || Rc::is_name(path) {
            self.watches.merge(marks);
        }
        reason
    }

    fn admits(&self, store: &Store, path: &Path, bytes: Option<&[u8]>) -> bool {
        match (self.executed.get(path), bytes) {
            (Some(approved), bytes) if approved.digest == bytes.map(Digest::of) => true,
            (_, Some(bytes)) if store.allows(path, bytes) => true,
            (None, bytes) => !self.complete || bytes.is_none(),
            (Some(_), bytes) => bytes.is_none(),
        }
    }
}
