//! The flake that a reference names, where it stands on this machine.

use super::repository;
use super::tracked::Checkout;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A lock larger than this many bytes is none.
const LOCK_LIMIT: u64 = 16 << 20;

/// A flake whose files are the user's to edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFlake {
    /// Where its `flake.nix` is.
    pub dir: PathBuf,
    /// What nix takes as its source: the git working tree, or the same directory.
    pub tree: PathBuf,
    pub git_dir: Option<PathBuf>,
    /// Where `flake.nix` was looked for before.
    pub passed: Vec<PathBuf>,
}

/// A source that a lock tells by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// As in `narHash`.
    pub hash: String,
    /// The commit, of one in git.
    revision: Option<String>,
}

impl Fetched {
    /// Whether it is what a reference names.
    pub fn is(&self, reference: &str) -> bool {
        let revision = self.revision.iter().any(|revision| reference.contains(revision));
        revision || decoded(reference).contains(&self.hash)
    }
}

impl LocalFlake {
    /// `None` for one that is fetched. Seen from `dir`, as nix does: upwards to the next `flake.nix` within the repository,
    /// and from there to the directory that the reference asks for.
    pub fn find(reference: &str, dir: &Path) -> Option<Self> {
        let found = Self::source(reference.split(['#', '?']).next().unwrap_or_default(), dir)?;
        let Some(below) = asked(reference, "dir").filter(|below| !below.is_empty()) else {
            return Some(found);
        };
        let passed = found.passed.iter().chain([&found.dir]).cloned().collect();
        Some(Self { dir: crate::fs::clean(&found.dir.join(below)), passed, ..found })
    }

    fn source(reference: &str, dir: &Path) -> Option<Self> {
        let path = match reference {
            "" => ".".to_string(),
            path if path.starts_with(['.', '/']) => path.to_string(),
            url => ["path:", "git+file://", "git+file:"]
                .iter()
                .find_map(|scheme| url.strip_prefix(scheme))
                .map(decoded)?,
        };
        let start = crate::fs::clean(&dir.join(path));
        if reference.starts_with("path:") {
            return Some(Self::at(start));
        }
        let (mut flake, mut passed) = (start.clone(), Vec::new());
        while !flake.join("flake.nix").exists() {
            passed.push(flake.clone());
            // The repository ends the search, and with it the hope: what stands where it should is watched.
            if flake.join(".git").exists() || !flake.pop() {
                flake = start;
                break;
            }
        }
        let git = flake.ancestors().find(|above| above.join(".git").exists());
        Some(Self {
            tree: git.unwrap_or(&flake).to_path_buf(),
            git_dir: git.and_then(repository::git_dir),
            dir: flake,
            passed,
        })
    }

    /// A directory that nix takes as it is.
    fn at(dir: PathBuf) -> Self {
        Self { tree: dir.clone(), dir, git_dir: None, passed: Vec::new() }
    }

    pub fn lock(&self) -> PathBuf {
        self.dir.join("flake.lock")
    }

    /// `flake.nix` as nix names it below the source.
    pub fn file_below_tree(&self) -> PathBuf {
        self.dir.strip_prefix(&self.tree).unwrap_or(Path::new("")).join("flake.nix")
    }

    /// Where git says what nix can see of it: all but `watched`, and inputs that are named by their whole path.
    pub fn checkout(&self, watched: &BTreeSet<PathBuf>) -> Option<Checkout> {
        let (tree, git_dir) = (self.tree.clone(), self.git_dir.clone()?);
        let whole = self.locked_paths().into_iter().filter(|path| path.is_absolute());
        let apart = whole.filter(|dir| !tree.starts_with(dir)).chain(watched.iter().cloned());
        // On its way up nix looks for the file itself.
        let apart = apart.chain(self.passed.iter().map(|dir| dir.join("flake.nix"))).collect();
        Some(Checkout { tree, git_dir, apart })
    }

    /// Directories of this machine that its lock takes inputs from.
    pub fn path_inputs(&self) -> Vec<Self> {
        let paths = self.locked_paths().into_iter();
        paths
            .map(|path| crate::fs::clean(&self.dir.join(path)))
            .filter(|path| path.is_dir())
            .map(Self::at)
            .collect()
    }

    /// Whether an input gets it as its own: `inputs.x.inputs.y.follows = ""`.
    pub fn is_input_of_an_input(&self) -> bool {
        let is_the_root = |input: &Value| input.as_array().is_some_and(Vec::is_empty);
        let has_it = |node: &Value| {
            let inputs = node["inputs"].as_object().into_iter();
            inputs.flat_map(|inputs| inputs.values()).any(is_the_root)
        };
        self.locked().iter().any(has_it)
    }

    /// What its lock takes from elsewhere, by the words that tell a commit or a content, and nix's hash of it.
    pub fn fetched(&self) -> Vec<Fetched> {
        let text = |value: &Value| value.as_str().map(String::from);
        let nodes = self.locked().into_iter().map(|mut node| node["locked"].take());
        let fetched = nodes.filter_map(|locked| {
            Some(Fetched { hash: text(&locked["narHash"])?, revision: text(&locked["rev"]) })
        });
        fetched.collect()
    }

    /// As they are written in the lock.
    fn locked_paths(&self) -> Vec<PathBuf> {
        let nodes = self.locked().into_iter();
        nodes
            .map(|mut node| node["locked"].take())
            .filter(|locked| locked["type"] == "path")
            .filter_map(|locked| locked["path"].as_str().map(PathBuf::from))
            .collect()
    }

    /// The nodes of its lock.
    fn locked(&self) -> Vec<Value> {
        let lock = crate::fs::read_regular(&self.lock(), LOCK_LIMIT).ok().flatten();
        let lock: Value =
            lock.and_then(|lock| serde_json::from_slice(&lock).ok()).unwrap_or_default();
        lock["nodes"].as_object().map(|nodes| nodes.values().cloned().collect()).unwrap_or_default()
    }
}

/// The branch or tag whose commit a reference asks for.
pub fn branch(reference: &str) -> Option<String> {
    asked(reference, "ref")
}

/// What a reference says of a name behind its `?`.
fn asked(reference: &str, name: &str) -> Option<String> {
    let (_, query) = reference.split('#').next()?.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|word| word.split_once('='));
    pairs.find(|(asked, _)| *asked == name).map(|(_, value)| decoded(value))
}

/// Without the `%20` and its like of a URL.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if byte.is_some() { &behind[2..] } else { behind };
        bytes.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of a flake that a registry has to know, as in `nixpkgs` or `flake:nixpkgs/branch`.
pub fn registered(reference: &str) -> Option<&str> {
    let name = reference.strip_prefix("flake:").unwrap_or(reference);
    let name = name.split(['#', '?', '/']).next()?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_next_flake() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for dir in ["repo/.git", "repo/sub/deep", "repo/bare"] {
            std::fs::create_dir_all(at(dir)).unwrap();
        }
        for file in ["repo/flake.nix", "repo/sub/flake.nix"] {
            std::fs::File::create(at(file)).unwrap();
        }
        let check = |reference: &str, dir: &str, flake: Option<&str>| {
            let found = LocalFlake::find(reference, &at(dir));
            assert_eq!(found.map(|found| found.dir), flake.map(at), "{reference} in {dir}");
        };
        check(".", "repo", Some("repo"));
        check(".#x", "repo/bare", Some("repo"));
        check("..#x", "repo/sub/deep", Some("repo/sub"));
        check("./sub", "repo", Some("repo/sub"));
        check("path:./sub?x=1#y", "repo", Some("repo/sub"));
        check("path:./s%75b", "repo", Some("repo/sub"));
        check(".?x=1&dir=b%61re#y", "repo", Some("repo/bare"));
        check("..?dir=bare", "repo/sub/deep", Some("repo/sub/bare"));
        check("github:o/r", "repo", None);
        check("nixpkgs", "repo", None);
        assert_eq!(LocalFlake::find("./sub", &at("repo")).unwrap().tree, at("repo"));
        let below = LocalFlake::find(".?dir=sub/deep", &at("repo")).unwrap();
        assert_eq!((below.tree, below.passed), (at("repo"), vec![at("repo")]));
        assert_eq!(LocalFlake::find("path:sub", &at("repo")).unwrap().git_dir, None);
    }

    #[test]
    fn references_say_what_is_not_a_directory() {
        assert_eq!(branch("git+file:/p?dir=x&ref=main#y"), Some("main".into()));
        assert_eq!(branch("git+file:/p?ref=a%2fb%"), Some("a/b%".into()));
        assert_eq!(branch(".#x?ref=main"), None);
        let check = |reference: &str, name: Option<&str>| assert_eq!(registered(reference), name);
        check("nixpkgs#hello", Some("nixpkgs"));
        check("flake:my-lib/main", Some("my-lib"));
        check("github:o/r", None);
        check("./x", None);
        check("", None);
    }
}
