//! A directory with all below it, as far as it can be looked through.

use crate::nix::view::View;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// In order.
#[derive(Default)]
pub struct Tree {
    pub files: Vec<PathBuf>,
    pub dirs: Vec<PathBuf>,
}

/// A directory with more files than this is too large to be looked through at each load.
const TREE_LIMIT: usize = 1000;
/// Links out of a directory that lead to larger ones, until no other is followed.
const LARGE_LINKS: usize = 8;

impl Tree {
    /// Whether a directory has more below it than can be looked through.
    pub fn is_too_large(dir: &Path, view: &View) -> bool {
        dir.is_dir() && Self::below(dir, view).is_none()
    }

    /// `None` where there is too much, or what cannot be read.
    pub fn below(dir: &Path, view: &View) -> Option<Self> {
        let (mut tree, mut links) = (Self::default(), BTreeSet::new());
        tree.walk((dir, TREE_LIMIT), view, &mut links)?;
        // Where a link leads, nix may go, too; once is enough, and what is large there is another's.
        let (mut linked, mut large) = (BTreeSet::new(), 0);
        while let Some(link) = links.pop_first().filter(|_| large < LARGE_LINKS) {
            let Ok(target) = link.canonicalize() else { continue };
            let (mut behind, mut more) = (Self::default(), BTreeSet::new());
            let room = TREE_LIMIT - tree.count();
            if link.starts_with(&target) || !linked.insert(target) {
                continue;
            }
            if behind.walk((&link, room), view, &mut more).is_some() {
                tree.files.extend(behind.files);
                tree.dirs.extend(behind.dirs);
                links.extend(more);
            } else {
                large += 1;
            }
        }
        tree.files.sort();
        tree.dirs.sort();
        Some(tree)
    }

    /// Takes what stands in a directory and those below it; links that lead to others, too.
    fn walk(
        &mut self,
        (dir, limit): (&Path, usize),
        view: &View,
        links: &mut BTreeSet<PathBuf>,
    ) -> Option<()> {
        let mut left = vec![dir.to_path_buf()];
        while let Some(dir) = left.pop() {
            for entry in std::fs::read_dir(&dir).ok()?.flatten() {
                let (path, kind) = (entry.path(), entry.file_type());
                if !view.has(&entry) {
                    continue;
                }
                if kind.is_ok_and(|kind| kind.is_dir()) {
                    left.push(path.clone());
                    self.dirs.push(path);
                } else {
                    links.extend(path.is_dir().then(|| path.clone()));
                    self.files.push(path);
                }
            }
            if self.count() > limit {
                return None;
            }
        }
        Some(())
    }

    fn count(&self) -> usize {
        self.files.len() + self.dirs.len()
    }

    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.dirs.iter().chain(&self.files)
    }
}
