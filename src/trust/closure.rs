//! The files that an rc executes, as they were approved with it, and the judgement of each when its turn comes.

use super::record::{Approval, Executed};
use super::{RC_LIMIT, Reason, Store};
use crate::digest::Digest;
use crate::fs::read_regular;
use crate::rc::Rc;
use crate::watch::Watches;
use anyhow::Result;
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

/// What is asked of a file that an rc executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// That it is as it was approved.
    Approved,
    /// That nobody denied it as an rc of its own.
    NotDenied,
    /// Nothing, as direnv does.
    Anything,
}

#[derive(Clone, Debug)]
pub struct Closure {
    rule: Rule,
    executed: BTreeMap<PathBuf, Executed>,
    /// A whole evaluation was seen, so `executed` has all there is.
    complete: bool,
    /// The record that stood on disk at the beginning.
    recorded: Option<Approval>,
    /// Other rc files that run here, and what is known of the approval that each has of its own.
    others: BTreeMap<PathBuf, Option<Approval>>,
    /// What was judged, as it looked before it was read.
    pub watches: Watches,
}

impl Closure {
    /// `approval` may be that of another worktree, `recorded` is the rc's own.
    pub fn new(rule: Rule, approval: Option<Approval>, recorded: Option<Approval>) -> Self {
        let (executed, complete) =
            approval.map(|approval| (approval.executed, approval.complete)).unwrap_or_default();
        let (others, watches) = <_>::default();
        Self { rule, executed, complete, recorded, others, watches }
    }

    pub fn executed(&self) -> impl Iterator<Item = &Path> {
        self.executed.keys().map(PathBuf::as_path)
    }

    /// The directories of other rc files that run here: what they source there is judged, too.
    pub fn other_projects(&self) -> impl Iterator<Item = &Path> {
        self.others.keys().filter_map(|rc| rc.parent())
    }

    /// Why the rc need not even start.
    pub fn first_refused(&mut self, store: &Store) -> Option<Reason> {
        // What the rc makes is judged when it has made it. Other rc files come first: they may approve the rest.
        let given = self.executed.iter().filter(|(_, executed)| !executed.made);
        let mut given: Vec<PathBuf> = given.map(|(path, _)| path.clone()).collect();
        given.sort_by_key(|path| !Rc::is_name(path));
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
        let is_known_as_made = self.known(path).any(|known| known.made);
        // Once the list is complete, a file that is not on it may have been written by others while the rc ran.
        let is_new = self.known(path).next().is_none();
        let is_made = made && (is_known_as_made || (is_new && !self.complete));
        if let Some(reason) = self.refused(store, path, bytes.as_deref(), is_made) {
            // Known from now on: the next judgement and `review` name it, and an approval says whether it may be made
            // anew at each load.
            self.executed.entry(path.to_path_buf()).or_default().made |= made;
            return Ok(Execution::Refused(reason));
        }
        let digest = bytes.as_deref().map(Digest::of);
        let executed = Executed { digest, made: is_made || is_known_as_made };
        self.executed.insert(path.to_path_buf(), executed);
        Ok(bytes.map_or(Execution::Absent, Execution::Run))
    }

    /// Why a file may not run with these bytes; `is_made` says that they are the rc's own.
    pub fn refused(
        &mut self,
        store: &Store,
        path: &Path,
        bytes: Option<&[u8]>,
        is_made: bool,
    ) -> Option<Reason> {
        let mut marks = Watches::default();
        store.watch_marks(&mut marks, path, bytes.unwrap_or_default());
        let reason = match self.rule {
            Rule::Approved | Rule::NotDenied if store.denies(path) => {
                Some(Reason::ExecutesDenied(path.to_path_buf()))
            }
            Rule::Approved if !is_made && !self.admits(store, path, bytes) => {
                Some(Reason::Executes(path.to_path_buf()))
            }
            Rule::Approved | Rule::NotDenied | Rule::Anything => None,
        };
        // It is free when it is approved as an rc of its own, and refused when it is denied as one.
        if self.rule != Rule::Anything && (reason.is_some() || Rc::is_name(path)) {
            self.watches.merge(marks);
        }
        if let (None, Some(bytes), true) = (&reason, bytes, Rc::is_name(path)) {
            let approval = store.approval(path, bytes).filter(|_| store.allows(path, bytes));
            self.others.insert(path.to_path_buf(), approval);
        }
        reason
    }

    fn admits(&self, store: &Store, path: &Path, bytes: Option<&[u8]>) -> bool {
        let Some(bytes) = bytes else {
            // One that is gone does no harm.
            return true;
        };
        let digest = Some(Digest::of(bytes));
        self.known(path).any(|approved| approved.digest == digest)
            || store.allows(path, bytes)
            || (self.known(path).next().is_none() && !self.complete)
    }

    /// What was approved of a file with this rc, and with the others that run here.
    fn known(&self, path: &Path) -> impl Iterator<Item = &Executed> {
        let others = self.others.values().flatten();
        let by_others = others.filter_map(|approval| approval.executed.get(path));
        self.executed.get(path).into_iter().chain(by_others)
    }

    /// Writes what was executed into the rc's record, where it is not there yet. `whole` says that an evaluation came to
    /// its end, so that what it did not execute is new from now on.
    pub fn remember(&self, store: &Store, rc: &Path, bytes: &[u8], whole: bool) -> Result<()> {
        let approval = Approval {
            rc: Digest::of(bytes),
            executed: self.executed.clone(),
            complete: self.complete || whole,
        };
        // Under another rule nothing was approved file by file. And what the user approved during the load is newer.
        if self.rule != Rule::Approved
            || self.recorded.as_ref() == Some(&approval)
            || self.recorded != store.approval(rc, bytes)
        {
            return Ok(());
        }
        store.keep_content(bytes)?;
        for (path, executed) in &approval.executed {
            // One that changed while the rc ran is not what was judged.
            if let Ok(Some(bytes)) = read_regular(path, RC_LIMIT)
                && executed.digest == Some(Digest::of(&bytes))
            {
                store.keep_content(&bytes)?;
            }
        }
        store.keep_approval(rc, bytes, &approval)
    }
}
