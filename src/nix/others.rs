//! What the code of others may do with a project's files: functions of a flake's inputs, and derivations.

use super::literals::{self, Reading};
use super::log::Look;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A nix file or a derivation larger than this many bytes says nothing.
const LIMIT: u64 = 4 << 20;
/// Only nixpkgs has these, by themselves or with the rest of it. Its functions read what they are told to.
const OF_NIXPKGS: [&str; 2] = ["pkgs/top-level/default.nix", "lib/systems/default.nix"];

/// What an evaluation took from the store beside the flake itself.
pub struct Others<'a> {
    looks: &'a [Look],
    store: &'a Path,
    /// The flake's copies in the store.
    copies: &'a [PathBuf],
    may_read: OnceCell<bool>,
    sources: OnceCell<BTreeSet<PathBuf>>,
}

impl<'a> Others<'a> {
    pub fn new(looks: &'a [Look], (store, copies): (&'a Path, &'a [PathBuf])) -> Self {
        Self { looks, store, copies, may_read: OnceCell::new(), sources: OnceCell::new() }
    }

    /// Whether a file of an input that was evaluated reads what it is given.
    pub fn may_read(&self) -> bool {
        *self.may_read.get_or_init(|| {
            let files = self.looks.iter().filter_map(|look| match look {
                Look::File(path) => Some(path.as_path()),
                _ => None,
            });
            let mut dirs = Vec::new();
            files.filter(|file| self.is_of_others(file)).any(|file| {
                reads(file) && {
                    let dir = self.source(file);
                    let known = dirs.iter().find(|(known, _)| *known == dir).map(|(_, is)| *is);
                    !known.unwrap_or_else(|| {
                        let is_nixpkgs = is_nixpkgs(&dir);
                        dirs.push((dir, is_nixpkgs));
                        is_nixpkgs
                    })
                }
            })
        })
    }

    /// Whether a derivation has a source that nix did not tell of: what a filter left of a directory.
    pub fn have_untold_sources(&self) -> bool {
        self.sources().iter().any(|source| !self.copies.contains(source))
    }

    /// Whether a derivation has the flake itself as a source.
    pub fn have_the_flake(&self) -> bool {
        self.sources().iter().any(|source| self.copies.contains(source))
    }

    fn sources(&self) -> &BTreeSet<PathBuf> {
        self.sources.get_or_init(|| {
            let mut sources = BTreeSet::new();
            for look in self.looks {
                let Look::Derivation(path) = look else { continue };
                let text = crate::fs::read_regular(path, LIMIT).ok().flatten().unwrap_or_default();
                sources.extend(sources_of(&String::from_utf8_lossy(&text)));
            }
            for look in self.looks {
                if let Look::Tree { stored: Some(stored), .. } = look {
                    sources.remove(stored);
                }
            }
            sources
        })
    }

    fn is_of_others(&self, file: &Path) -> bool {
        (fetched(file).is_some() || file.starts_with(self.store))
            && !self.copies.iter().any(|copy| file.starts_with(copy))
    }

    /// Where in the store, or in what newer nix names in its own way, a file is from.
    fn source(&self, file: &Path) -> PathBuf {
        let below = file.strip_prefix(self.store).ok().and_then(|below| below.components().next());
        below.map_or_else(|| file.to_path_buf(), |name| self.store.join(name))
    }
}

/// Whether a directory, or one above, is nixpkgs or its library.
pub fn is_nixpkgs(dir: &Path) -> bool {
    dir.ancestors().any(|above| OF_NIXPKGS.iter().any(|name| above.join(name).exists()))
}

/// Where a file is from that newer nix names `«github:owner/repo/…»/file`. What is of this machine is the user's, and
/// what has no scheme nix's own.
fn fetched(file: &Path) -> Option<&str> {
    let (source, _) = file.to_str()?.strip_prefix('«')?.split_once('»')?;
    let is_local = ["path:", "git+file:"].iter().any(|scheme| source.starts_with(scheme));
    (source.contains(':') && !is_local).then_some(source)
}

/// One that cannot be looked at may.
fn reads(file: &Path) -> bool {
    if file.starts_with("/") && file.extension().is_none_or(|extension| extension != "nix") {
        return false;
    }
    if fetched(file).is_some_and(|source| source.contains("/nixpkgs/")) {
        return false;
    }
    let Ok(Some(text)) = crate::fs::read_regular(file, LIMIT) else { return true };
    match literals::named(&String::from_utf8_lossy(&text)).reading {
        Reading::Given => true,
        // Where a flake begins, that is its own.
        Reading::OfSelf => !file.ends_with("flake.nix"),
        Reading::Named => false,
    }
}

/// Of a derivation's text, `Derive([outputs],[derivations],[sources],…)`.
fn sources_of(derivation: &str) -> Vec<PathBuf> {
    let Some((_, rest)) = derivation.split_once(")],[") else { return Vec::new() };
    let rest = match rest.strip_prefix("],[") {
        Some(sources) => sources,
        None => rest.split_once("])],[").map_or("", |(_, sources)| sources),
    };
    let list = rest.split(']').next().unwrap_or_default();
    let paths = list.split(',').map(|quoted| quoted.trim_matches('"'));
    paths.filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_newer_nix_names_in_its_own_way_may_be_fetched() {
        let check = |name: &str, source| assert_eq!(fetched(Path::new(name)), source, "{name}");
        check("«github:o/r/1?narHash=x»/a.nix", Some("github:o/r/1?narHash=x"));
        check("«path:/p?narHash=x»/flake.nix", None);
        check("«git+file:///p»/p/a.nix", None);
        check("«flakes-internal»/call-flake.nix", None);
        check("/s/1-source/a.nix", None);
    }

    #[test]
    fn the_sources_of_a_derivation_are_those_it_lists() {
        let check = |derivation: &str, sources: &[&str]| {
            let sources: Vec<PathBuf> = sources.iter().map(PathBuf::from).collect();
            assert_eq!(sources_of(derivation), sources, "{derivation}");
        };
        let outputs = r#"Derive([("out","/s/1-o","","")],["#;
        let rest = r#"],"x86_64-linux","/bin/sh",["-c","]"],[("src","/s/9-no")])"#;
        check(&format!(r#"{outputs}],["/s/2-a","/s/3-b"{rest}"#), &["/s/2-a", "/s/3-b"]);
        check(
            &format!(
                r#"{outputs}("/s/4-d.drv",["dev","out"]),("/s/5-e.drv",["out"])],["/s/2-a"{rest}"#
            ),
            &["/s/2-a"],
        );
        check(&format!(r#"{outputs}("/s/4-d.drv",["out"])],[{rest}"#), &[]);
        check(&format!("{outputs}],[{rest}"), &[]);
        check("", &[]);
        check("Derive([", &[]);
    }
}
