//! What an evaluation looked at, by content: it need not be repeated while all of it is as it was.

mod aspect;
mod tree;

use super::repository::Repository;
use super::snapshot::{Change, Meanwhile, What};
use super::view::{Scope, View};
use crate::digest::Digest;
use crate::env::Env;
use crate::watch::{Watches, last_change};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use aspect::ABSENT;
pub use aspect::Aspect;
pub use tree::Tree;

/// What is looked for in every directory above: in those the files of others come and go.
const SEARCHED_UPWARDS: [&str; 2] = [".git", "flake.nix"];

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Inputs {
    scope: Scope,
    looked_at: Vec<Input>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Input {
    aspect: Aspect,
    path: PathBuf,
    /// What the aspect was.
    was: String,
}

/// Inputs with what can be seen of them by now.
#[derive(Debug)]
pub struct Now<'a> {
    looked_at: &'a [Input],
    view: View<'a>,
}

impl Inputs {
    /// As they are now, and how their files looked just before; nothing where that may hide a change from now on.
    pub fn of(paths: &BTreeSet<(PathBuf, Aspect)>, scope: Scope) -> (Self, Watches) {
        let input = |(path, aspect): &(PathBuf, Aspect)| Input {
            was: String::new(),
            aspect: *aspect,
            path: path.clone(),
        };
        let mut looked_at: Vec<Input> = paths.iter().map(input).collect();
        let view = scope.now();
        let seen = watches(&looked_at, &view);
        if let (Some(checkout), None) = (&scope.checkout, &view.tracked) {
            // What it holds is not known; that it is another is.
            looked_at.push(input(&(checkout.index(), Aspect::Content)));
        }
        for input in &mut looked_at {
            input.was = input.aspect.of(&input.path, &view);
        }
        drop(view);
        (Self { scope, looked_at }, Some(seen).filter(Watches::is_settled).unwrap_or_default())
    }

    /// The same for the same content, whenever and by whatever it was written.
    pub fn content(&self) -> Digest {
        let lines = self
            .looked_at
            .iter()
            .map(|Input { aspect, path, was }| format!("{aspect:?} {} {was}\n", path.display()));
        Digest::of(lines.collect::<Vec<_>>().concat().as_bytes())
    }

    /// For more than one question at the same moment.
    pub fn now(&self) -> Now<'_> {
        Now { looked_at: &self.looked_at, view: self.scope.now() }
    }
}

impl<'a> Now<'a> {
    /// The first one that is not as it was. One whose files look as they did when it was the same need not be read.
    pub fn changed(&self, seen: &Watches) -> Option<&'a Path> {
        let changed = |input: &&Input| !input.holds(seen, &self.view);
        self.looked_at.iter().find(changed).map(|input| input.path.as_path())
    }

    /// The first one that may have become another one: it was written, or something that changed leads to it.
    pub fn overtaken(&self, meanwhile: &Meanwhile) -> Option<&'a Path> {
        let is_own = |change: &Change| meanwhile.own.as_ref() == Some(&change.path);
        let counts = |change: &&Change| !is_own(change) && self.view.shows(&change.path);
        let changes: Vec<&Change> = meanwhile.changes.iter().filter(counts).collect();
        let is_overtaken = |input: &&Input| {
            input.last_change(&self.view, meanwhile) >= meanwhile.began
                || changes.iter().any(|change| input.is_touched_by(change))
        };
        self.looked_at.iter().find(is_overtaken).map(|input| input.path.as_path())
    }

    /// All that changes when one of them does, as it looks now. While it looks so, they are what they are.
    pub fn watches(&self) -> Watches {
        watches(self.looked_at, &self.view)
    }
}

impl Input {
    fn holds(&self, seen: &Watches, view: &View) -> bool {
        // Of a link that leads nowhere, nothing is seen.
        let is_one_file = match self.aspect {
            Aspect::Content | Aspect::Presence => self.path.exists(),
            Aspect::Tree => self.path.is_file(),
            _ => false,
        };
        let looks_the_same = || view.shows(&self.path) && seen.reason(&self.path).is_none();
        if is_one_file && self.was != ABSENT && looks_the_same() {
            return true;
        }
        let is = self.aspect.of(&self.path, view);
        // Whoever has no git to ask knows of no difference.
        is == self.was
            || self.aspect == Aspect::Dirt && [&is, &self.was].contains(&&ABSENT.to_string())
    }

    fn is_touched_by(&self, Change { path, of }: &Change) -> bool {
        let leads_to_it = self.path.starts_with(path);
        match self.aspect {
            Aspect::Content | Aspect::Presence | Aspect::Kind | Aspect::Target => leads_to_it,
            Aspect::Names => {
                leads_to_it || *of == What::Name && path.parent() == Some(self.path.as_path())
            }
            Aspect::Tree | Aspect::Worktree | Aspect::Dirt | Aspect::Newest => {
                leads_to_it || path.starts_with(&self.path)
            }
            Aspect::Commit | Aspect::Index => false,
        }
    }

    /// When what was looked at was written last, in nanoseconds since the epoch; 0 where nothing tells.
    fn last_change(&self, view: &View, meanwhile: &Meanwhile) -> i64 {
        let Meanwhile { before, own, .. } = meanwhile;
        // The time of a directory is also that of files which do not count.
        let is_told = |dir: &Path| view.hides_some_of(dir) && before.has(dir);
        let is_own =
            |path: &Path| own.as_ref().is_some_and(|own| own == path || own.parent() == Some(path));
        let latest = |paths: &[PathBuf]| {
            let others = paths.iter().filter(|path| !is_own(path) && !is_told(path));
            others.map(|path| last_change(path)).max().unwrap_or(0)
        };
        let below = |view: &View| Tree::below(&self.path, view).unwrap_or_default();
        match self.aspect {
            Aspect::Content | Aspect::Names => latest(std::slice::from_ref(&self.path)),
            Aspect::Tree => {
                latest(std::slice::from_ref(&self.path)).max(latest(&below(view).files))
            }
            Aspect::Worktree => latest(&below(&Scope::of_worktree(&self.path).now()).files),
            // By whoever it was.
            Aspect::Newest => below(view).paths().map(|path| last_change(path)).max().unwrap_or(0),
            Aspect::Commit => latest(&Repository::at(&self.path).files()),
            Aspect::Dirt | Aspect::Index | Aspect::Presence | Aspect::Kind | Aspect::Target => 0,
        }
    }
}

fn watches(looked_at: &[Input], view: &View) -> Watches {
    let mut watches = Watches::default();
    for Input { aspect, path, .. } in looked_at {
        match aspect {
            Aspect::Commit => {
                Repository::at(path).files().iter().for_each(|file| watches.add(file));
            }
            Aspect::Index => watches.add(&path.join("index")),
            Aspect::Tree | Aspect::Dirt | Aspect::Newest => {
                watch_tree(path, view, &mut watches);
            }
            Aspect::Worktree => {
                watch_tree(path, &Scope::of_worktree(path).now(), &mut watches);
            }
            Aspect::Content | Aspect::Names | Aspect::Presence | Aspect::Kind | Aspect::Target => {
                watches.add(path);
            }
        }
        // Only the directory tells of a link that leads nowhere, also of one that comes where nothing is.
        let is_searched_upwards = SEARCHED_UPWARDS.iter().any(|name| path.ends_with(name));
        if !path.exists() && view.shows(path) && !is_searched_upwards {
            path.parent().filter(|dir| dir.is_dir()).into_iter().for_each(|dir| watches.add(dir));
        }
    }
    watches.merge(view.indexes.clone());
    watches
}
fn watch_tree(dir: &Path, view: &View, watches: &mut Watches) {
    watches.add(dir);
    Tree::below(dir, view).iter().flat_map(Tree::paths).for_each(|path| watches.add(path));
}

/// The values of variables, as a name for what was made with them; values themselves may be secret.
pub fn variant(names: &[String], env: &Env) -> String {
    let mut text = Vec::new();
    for name in names {
        let value = env.get(name).map(OsStr::as_bytes);
        let length = value.map_or(-1, |value| value.len().cast_signed() as i64);
        text.extend(format!("{name}\0{length}\0").bytes());
        text.extend(value.unwrap_or_default());
    }
    Digest::of(&text).as_str()[..16].to_string()
}
