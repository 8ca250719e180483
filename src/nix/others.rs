//! What the code of others may do with a project's files: functions of a flake's inputs, and derivations.

use super::literals::{self, Reading};
use super::log::Look;
use super::reads::{Foreign, Sources};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A nix file or a derivation larger than this many bytes says nothing.
const LIMIT: u64 = 4 << 20;
/// Only nixpkgs has these, by themselves or with the rest of it. Its functions read what they are told to.
const OF_NIXPKGS: [&str; 2] = ["pkgs/top-level/default.nix", "lib/systems/default.nix"];

/// What an evaluation took from the store beside the flake itself.
pub struct Others<'a> {
    looks: &'a [Look],
    sources: &'a Sources,
    may_read: OnceCell<bool>,
    of_derivations: OnceCell<BTreeSet<PathBuf>>,
}

impl<'a> Others<'a> {
    pub fn new(looks: &'a [Look], sources: &'a Sources) -> Self {
        Self { looks, sources, may_read: OnceCell::new(), of_derivations: OnceCell::new() }
    }

    /// Whether a file of an input that was evaluated reads what it is given.
    pub fn may_read(&self) -> bool {
        *self.may_read.get_or_init(|| {
            let foreign = |look: &Look| match look {
                Look::File(path) => self.sources.foreign(path),
                _ => None,
            };
            let mut are_nixpkgs = BTreeMap::new();
            let mut is_nixpkgs = |source: PathBuf| {
                *are_nixpkgs.entry(source).or_insert_with_key(|it| is_nixpkgs(it))
            };
            let mut files = self.looks.iter().filter_map(foreign);
            files.any(|Foreign { file, source }| reads(&file) && !is_nixpkgs(source))
        })
    }

    /// Whether a derivation has a source that nix did not tell of: what a filter left of a directory.
    pub fn have_untold_sources(&self) -> bool {
        self.of_derivations().iter().any(|source| !self.sources.copies.contains(source))
    }

    /// Whether a derivation has the flake itself as a source.
    pub fn have_the_flake(&self) -> bool {
        self.of_derivations().iter().any(|source| self.sources.copies.contains(source))
    }

    fn of_derivations(&self) -> &BTreeSet<PathBuf> {
        self.of_derivations.get_or_init(|| {
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
}

/// Whether a directory, or one above, is nixpkgs or its library; of a source that cannot be looked at, by its name.
pub fn is_nixpkgs(dir: &Path) -> bool {
    let is_called_so = || dir.components().any(|part| part.as_os_str() == "nixpkgs");
    !dir.is_absolute() && is_called_so()
        || dir.ancestors().any(|above| OF_NIXPKGS.iter().any(|name| above.join(name).exists()))
}

/// One that cannot be looked at may.
fn reads(file: &Path) -> bool {
    if file.extension().is_none_or(|extension| extension != "nix") {
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
