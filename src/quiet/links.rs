//! The directories in which a link, changed, would make a path mean another file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows.
const HOPS: usize = 40;

#[derive(Debug, Default)]
pub struct Links {
    pub directories: BTreeSet<PathBuf>,
    /// Known to be no links; paths share most of their way.
    plain: BTreeSet<PathBuf>,
}

impl Links {
    /// Takes up the directory of each link on the way to `path`, and the one that holds its end, if asked to.
    pub fn follow(&mut self, path: &Path, with_its_own: bool) {
        let mut way = names(path);
        let mut at = PathBuf::from("/");
        let mut hops = 0;
        while let Some(name) = way.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&name);
            let target = if self.plain.contains(&next) { None } else { next.read_link().ok() };
            match target {
                Some(target) if hops < HOPS => {
                    hops += 1;
                    self.directories.insert(at.clone());
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    way.extend(names(&target));
                }
                _ => {
                    if with_its_own && way.is_empty() {
                        self.directories.insert(at);
                        return;
                    }
                    self.plain.insert(next.clone());
                    at = next;
                }
            }
        }
    }
}

/// The last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_os_string())
        .collect()
}
