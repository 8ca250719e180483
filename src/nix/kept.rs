//! Shells and failures as they are kept on disk: whole and as written, or not at all.

use super::environment::Environment;
use super::inputs::{self, Inputs};
use super::place::Place;
use super::program;
use super::request::Request;
use crate::digest::Digest;
use crate::env::Env;
use crate::watch::Watches;
use anyhow::Result;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The first words of a file; another number is another program's.
const MARK: &str = "envr-nix 5";
/// A file larger than this many bytes is none of ours.
const LIMIT: u64 = 64 << 20;
/// So many shells of one variant stay, for going back to another branch to cost nothing.
const GENERATIONS: usize = 4;

/// The development shell that one evaluation gave.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The same for the same shell made of the same inputs.
    pub content: String,
    /// The variables that it depends on, and the name that their values have.
    pub depends_on: Vec<String>,
    pub variant: String,
    pub environment: Environment,
    /// The program that made it, and the PATH where it was found.
    pub nix: PathBuf,
    pub search: String,
    /// What the script watched.
    pub watched: BTreeSet<PathBuf>,
    /// A file of bash code for the hook, if there is one, and the functions and arrays that it defines.
    pub setup: Option<PathBuf>,
    pub defined: Vec<String>,
    /// The generation of the profile that keeps its store path.
    pub generation: Option<PathBuf>,
    /// Directories that it was made of and that are too large to be watched.
    pub too_large: BTreeSet<PathBuf>,
    /// What nix warned of and traced.
    pub remarks: String,
}

/// A shell as it stands in its file: what is needed at each load comes first, and the rest is not read then.
#[derive(Clone, Debug)]
pub struct Shell {
    /// How the files of the inputs looked when they were such: the quick test. Empty where times told too little.
    pub seen: Watches,
    pub kept: Kept,
    pub inputs: Inputs,
}

/// What nix said when it failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub inputs: Inputs,
    /// What the script watched.
    pub watched: BTreeSet<PathBuf>,
    /// The program, and where it was looked for: another one may not fail.
    pub nix: PathBuf,
    pub dir: PathBuf,
    /// The variables that it depends on, and which values they had.
    pub variables: Vec<String>,
    pub variant: String,
    pub message: String,
    /// It would be so again.
    pub is_lasting: bool,
    pub is_shown: bool,
}

/// What is known without asking nix.
#[derive(Debug)]
pub struct Found {
    pub standing: Standing,
    /// Valid or not, the last good one.
    pub last: Option<Kept>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Valid,
    /// And the input that changed, where there is one.
    Stale(Option<PathBuf>),
    Failed(Box<Failure>),
}

/// Looks up what is kept for an environment. `watches` takes the files of what is found as they were before it was
/// compared with them, so that a change which comes later does not get lost.
pub fn look_up(place: &Place, (request, env): (&Request, &Env), watches: &mut Watches) -> Found {
    let is_wanted = place.wanted().exists();
    let is_asked_for = |(_, kept): &(Watches, Kept)| {
        kept.watched == request.watched && kept.other_nix(request, env).is_none()
    };
    if let Some((seen, kept)) = latest(place, env).filter(|_| !is_wanted).filter(is_asked_for) {
        watches.merge(seen);
        return Found { standing: Standing::Valid, last: Some(kept) };
    }
    let variant = variant(place, env);
    let mut last: Option<(Kept, Option<PathBuf>)> = None;
    for path in place.shells(&variant) {
        let is_there = |shell: &Shell| shell.kept.is_there(place);
        let Some(mut shell) = Shell::read(&path).filter(is_there) else { continue };
        let inputs = shell.inputs.now();
        let now = inputs.watches();
        watches.merge(now.clone());
        let now = Some(now).filter(Watches::is_settled);
        let other = shell.kept.watched.symmetric_difference(&request.watched).next();
        let changed = other.map(PathBuf::as_path).or_else(|| inputs.changed(&shell.seen));
        let changed = changed.map(Path::to_path_buf);
        let changed = changed.or_else(|| shell.kept.other_nix(request, env));
        if changed.is_none() && !is_wanted {
            if let Some(now) = now {
                shell.seen = now;
                shell.make_latest(place, &path);
            } else {
                link_latest(place, &path);
            }
            return Found { standing: Standing::Valid, last: Some(shell.kept) };
        }
        last.get_or_insert((shell.kept, changed));
    }
    let failure = read::<Failure>(&place.failure(&variant));
    if let Some(failure) = &failure {
        watches.merge(failure.inputs.now().watches());
    }
    let stands = |failure: &Failure| {
        let is_the_same = failure.watched == request.watched
            && failure.variant == inputs::variant(&failure.variables, env)
            && program::find(env, &failure.dir).is_ok_and(|nix| nix == failure.nix)
            && failure.inputs.now().changed(&Watches::default()).is_none();
        if failure.is_lasting { is_the_same } else { !failure.is_shown }
    };
    let (last, changed) = last.map_or((None, None), |(kept, changed)| (Some(kept), changed));
    let standing = match failure.filter(|failure| !is_wanted && stands(failure)) {
        Some(failure) => Standing::Failed(Box::new(failure)),
        None => Standing::Stale(changed),
    };
    Found { standing, last }
}

/// The shell that was found last, if nothing is to be compared but times.
fn latest(place: &Place, env: &Env) -> Option<(Watches, Kept)> {
    let bytes = read_bytes(&place.latest())?;
    let (seen, rest) = Shell::split(&bytes)?;
    let (kept, _) = split_line(rest)?;
    let kept: Kept = serde_json::from_slice(kept).ok()?;
    let is_valid = kept.variant == inputs::variant(&kept.depends_on, env)
        && kept.is_there(place)
        && !seen.is_empty()
        && seen.hold();
    is_valid.then_some((seen, kept))
}

/// Keeps a shell, and lets older ones go.
pub fn keep(place: &Place, shell: &Shell) -> Result<()> {
    let kept = &shell.kept;
    write(&place.variables(), &kept.depends_on)?;
    let path = place.shell(&kept.variant, &shell.inputs.content());
    crate::fs::write_atomic(&path, &shell.encode()?)?;
    link_latest(place, &path);
    crate::fs::remove_if_there(&place.effect(&kept.content))?;
    crate::fs::remove_if_there(&place.told())?;
    crate::fs::remove_if_there(&place.failure(&kept.variant))?;
    for (number, old) in place.shells(&kept.variant).iter().enumerate() {
        if number >= GENERATIONS
            || *old != path && Shell::read(old).is_some_and(|old| old.is_replaced_by(shell))
        {
            crate::fs::remove_if_there(old)?;
        }
    }
    drop_unneeded(place)
}

/// Where there is no valid one any more, it is the last good one.
fn link_latest(place: &Place, path: &Path) {
    let name = path.file_name().map(Path::new);
    if std::fs::read_link(place.latest()).is_ok_and(|linked| Some(linked.as_path()) == name) {
        return;
    }
    _ = path.file_name().map(|name| crate::fs::link_atomic(name.as_ref(), &place.latest()));
}

pub fn keep_failure(place: &Place, env: &Env, failure: &Failure) -> Result<()> {
    write(&place.failure(&variant(place, env)), failure)
}

/// It is told in full once.
pub fn mark_shown(place: &Place, env: &Env, failure: &Failure) {
    let shown = Failure { is_shown: true, ..failure.clone() };
    // Where it cannot be written it is told again.
    _ = keep_failure(place, env, &shown);
}

fn variant(place: &Place, env: &Env) -> String {
    inputs::variant(&read::<Vec<String>>(&place.variables()).unwrap_or_default(), env)
}

/// What no shell needs goes; generations are left to the garbage collector.
fn drop_unneeded(place: &Place) -> Result<()> {
    let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
    for path in place.shells_of_all_variants() {
        let Some(Shell { kept, .. }) = Shell::read(&path) else { continue };
        needed.insert(place.effect(&kept.content));
        needed.extend(kept.environment.attributes().map(Path::to_path_buf));
        needed.extend(
            kept.generation.map(|link| place.dir().join(link)).into_iter().chain(kept.setup),
        );
    }
    for file in place.generations().chain(place.setups()).chain(place.effects()) {
        if !needed.contains(&file) {
            crate::fs::remove_if_there(&file)?;
        }
    }
    for dir in place.attributes().filter(|dir| !needed.contains(dir)) {
        _ = std::fs::remove_dir_all(dir);
    }
    Ok(())
}

impl Kept {
    /// The program that would be asked instead of the one that made it.
    fn other_nix(&self, request: &Request, env: &Env) -> Option<PathBuf> {
        if env.get("PATH").is_some_and(|path| path.as_encoded_bytes() == self.search.as_bytes()) {
            return None;
        }
        program::find(env, &request.dir).ok().filter(|nix| *nix != self.nix)
    }

    /// Whether the garbage collector left what it leads to.
    pub fn is_there(&self, place: &Place) -> bool {
        self.generation.as_ref().is_none_or(|link| place.dir().join(link).exists())
            && self.setup.as_ref().is_none_or(|file| file.exists())
    }
}

impl Shell {
    pub fn new(kept: Kept, (inputs, seen): (Inputs, Watches)) -> Result<Self> {
        let environment = serde_json::to_vec(&kept.environment)?;
        let content = Digest::of(&[inputs.content().as_str().as_bytes(), &environment].concat());
        Ok(Self { seen, kept: Kept { content: content.to_string(), ..kept }, inputs })
    }

    /// `None` for what is not there, cut short, changed, or of another version.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = read_bytes(path)?;
        let (seen, rest) = Self::split(&bytes)?;
        let (kept, inputs) = split_line(rest)?;
        let kept = serde_json::from_slice(kept).ok()?;
        Some(Self { seen, kept, inputs: serde_json::from_slice(inputs).ok()? })
    }

    fn split(bytes: &[u8]) -> Option<(Watches, &[u8])> {
        let (seen, rest) = split_line(body(bytes)?)?;
        Some((Watches::from_json(seen).ok()?, rest))
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let (kept, inputs) = (serde_json::to_vec(&self.kept)?, serde_json::to_vec(&self.inputs)?);
        Ok(headed(&[&self.seen.to_json(), kept.as_slice(), &inputs].join(&b'\n')))
    }

    /// Whether it would be found for the very files that another one was made of: it knows less of them.
    fn is_replaced_by(&self, other: &Self) -> bool {
        let (ours, others) = (&self.kept, &other.kept);
        ours.watched == others.watched
            && ours.nix == others.nix
            && self.inputs.now().changed(&Watches::default()).is_none()
    }

    /// Without it the next one who looks compares contents again, no more.
    fn make_latest(&self, place: &Place, path: &Path) {
        _ = self.encode().and_then(|bytes| crate::fs::replace(path, &bytes));
        link_latest(place, path);
    }
}

/// `None` for what is not there, cut short, changed, or of another version.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(body(&read_bytes(path)?)?).ok()
}

pub fn write<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<()> {
    crate::fs::write_atomic(path, &headed(&serde_json::to_vec(value)?))
}

fn read_bytes(path: &Path) -> Option<Vec<u8>> {
    crate::fs::read_regular(path, LIMIT).ok()?
}

/// What stands below the head, if the head is that of it.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = split_line(bytes)?;
    (head == head_of(body).as_bytes()).then_some(body)
}

fn headed(body: &[u8]) -> Vec<u8> {
    [head_of(body).as_bytes(), b"\n", body].concat()
}

/// Against accidents: who could write here could write anything.
fn head_of(body: &[u8]) -> String {
    format!("{MARK} {} {:08x}", body.len(), adler2::adler32_slice(body))
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::view::Scope;
    use super::*;

    fn shell(dir: &Path) -> Shell {
        let environment = Environment::new(
            [("A", "grüße\n"), ("name", "x")].map(|(k, v)| (k.into(), v.into())).into(),
            &[],
            (std::collections::BTreeMap::new(), "echo".to_string()),
        );
        let kept = Kept {
            content: String::new(),
            depends_on: vec!["BUILD".to_string()],
            variant: "0".to_string(),
            environment,
            nix: "/bin/nix".into(),
            search: "/bin".to_string(),
            watched: BTreeSet::new(),
            setup: None,
            defined: Vec::new(),
            generation: None,
            too_large: BTreeSet::new(),
            remarks: String::new(),
        };
        let looked_at = [(dir.to_path_buf(), inputs::Aspect::Names)].into();
        Shell::new(kept, Inputs::of(&looked_at, Scope::default())).unwrap()
    }

    #[test]
    fn a_shell_is_read_as_it_was_written_and_not_at_all_where_it_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let (written, file) = (shell(dir.path()), dir.path().join("shell"));
        let bytes = written.encode().unwrap();
        let read = |bytes: &[u8]| {
            crate::fs::replace(&file, bytes).unwrap();
            Shell::read(&file)
        };
        let whole = read(&bytes).unwrap();
        assert_eq!((whole.kept, whole.inputs), (written.kept, written.inputs));
        assert_eq!(whole.seen.to_json(), written.seen.to_json());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_none(), "without all behind byte {end}");
        }
        for place in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            assert!(read(&flipped).is_none(), "with bit {place} flipped");
        }
        assert!(read(&[bytes.as_slice(), b" "].concat()).is_none());
    }
}
