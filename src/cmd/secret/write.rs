//! The verbs that change a sops file: what is not changed keeps its ciphertext.

use super::place::{place, take};
use super::recipients::{of_variables, recipients};
use super::{File, could_not, path_in};
use crate::digest::Digest;
use crate::error::Hinted;
use crate::fs::{is_descriptor, read_regular, remove_orphans, write_atomic};
use crate::host::Host;
use crate::rc::Rc;
use crate::secrets::keys::{Prompt, wrap};
use crate::secrets::{
    Branch, Document, Entry, FILE_LIMIT, Format, Keys, Layout, Metadata, Opened, Recipient, Secret,
    Value, creation, is_age, read_plain,
};
use crate::toml;
use crate::trust::{self, Store};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

/// No single value is larger than this many bytes.
const VALUE_LIMIT: u64 = 16 << 20;

pub fn set(host: &Host, source: &File, key: &str, is_json: bool) -> Result<()> {
    let value = asked_value(key, is_json)?;
    change(host, source, |opened| {
        let path = path_in(opened.format, key)?;
        if opened.branches.is_empty() {
            opened.branches.push(Branch::new());
        }
        place(&mut opened.branches[0], &path, value)
    })
}

pub fn unset(host: &Host, source: &File, key: &str) -> Result<()> {
    change(host, source, |opened| {
        let path = path_in(opened.format, key)?;
        let branch = opened.branches.first_mut().context("it holds nothing")?;
        if take(branch, &path)? { Ok(()) } else { bail!("there is no `{key}` in it") }
    })
}

/// A key of its own for the values: whoever was taken out of the recipients cannot read what comes.
pub fn rotate(host: &Host, source: &File) -> Result<()> {
    let could_not = || source.could_not("rotate the key of");
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let mut opened = source.open_to_write(host, keys)?;
            opened.rotate();
            rewrap(keys, &mut opened)?;
            source.replace(host, &opened.seal()?)
        })
        .with_context(could_not)
}

/// Encrypts the key for those whom `.sops.yaml` names.
pub fn updatekeys(host: &Host, source: &File) -> Result<()> {
    let could_not = || source.could_not("update the keys of");
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let wanted = source.wanted(host)?;
            let document = source.document(host, source.read(host)?)?;
            let mut metadata = document.metadata().clone();
            if is_for(&metadata, &wanted) {
                let shown = source.path.display();
                ui::note(host, &format!("`{shown}` is for those of `{}` already", creation::NAME));
                return Ok(());
            }
            let cipher = document.clone().key(keys)?;
            (metadata.groups, metadata.threshold) = (wanted.groups, wanted.threshold);
            wrap(keys.search(), cipher.key(), &mut metadata.groups, metadata.threshold)?;
            source.replace(host, &document.with_metadata(&metadata, &cipher, &layout(host)?)?)
        })
        .with_context(could_not)
}

fn is_for(found: &Metadata, wanted: &Metadata) -> bool {
    let has_all = |group: &[Recipient], other: &[Recipient]| {
        group.iter().all(|one| other.iter().any(|same| same.is_equal(one)))
    };
    let needed = |metadata: &Metadata| metadata.threshold.unwrap_or(metadata.groups.len());
    let (mine, theirs) = (&found.groups, &wanted.groups);
    mine.len() == theirs.len()
        && (mine.len() == 1 || needed(found) == needed(wanted))
        && mine.iter().zip(theirs).all(|(one, other)| has_all(one, other) && has_all(other, one))
}

pub fn list_recipients(host: &Host, source: &File) -> Result<()> {
    let document =
        source.document(host, source.read(host)?).with_context(|| source.could_not("read"))?;
    let mut lines = String::new();
    for recipient in document.metadata().groups.iter().flatten() {
        lines.extend([&ui::escape(&recipient.full_name()), "\n"]);
    }
    host.print(lines.as_bytes())
}

/// Adds to every group where there are several: each of them must be able to give its share.
pub fn add_recipients(host: &Host, source: &File, names: &[String]) -> Result<()> {
    let recipients = recipients(host, names)?;
    change_recipients(host, source, |keys, opened| {
        let [group] = opened.metadata.groups.as_mut_slice() else {
            bail!(
                "it has groups of keys: name them in `.sops.yaml`, then type `envr secret updatekeys`"
            );
        };
        let mut others = Vec::new();
        for recipient in recipients {
            if !group.iter().chain(&others).any(|known| known.is_same(&recipient)) {
                others.push(recipient);
            }
        }
        // The key stays: those who have it need it no second time, and may be out of reach.
        if !others.is_empty() {
            let mut groups = [others];
            wrap(keys.search(), opened.cipher.key(), &mut groups, None)?;
            group.extend(groups.into_iter().flatten());
        }
        Ok(())
    })
}

/// What was readable for those who are taken out is encrypted anew, with a key that they never had.
pub fn remove_recipients(host: &Host, source: &File, names: &[String]) -> Result<()> {
    let recipients = recipients(host, names)?;
    change_recipients(host, source, |keys, opened| {
        for recipient in &recipients {
            let groups = &mut opened.metadata.groups;
            let before = groups.iter().map(Vec::len).sum::<usize>();
            for group in groups.iter_mut() {
                group.retain(|known| !known.is_same(recipient));
            }
            if groups.iter().map(Vec::len).sum::<usize>() == before {
                bail!("{} is none of its recipients", recipient.name());
            }
        }
        opened.rotate();
        rewrap(keys, opened)
    })
}

fn change_recipients(
    host: &Host,
    source: &File,
    work: impl FnOnce(&Keys<'_>, &mut Opened) -> Result<()>,
) -> Result<()> {
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let mut opened = source.open_to_write(host, keys)?;
            work(keys, &mut opened)?;
            source.replace(host, &opened.seal()?)
        })
        .with_context(|| source.could_not("change the recipients of"))
}

/// Encrypts a whole file, to stdout or in its place.
pub fn encrypt(host: &Host, source: &File, names: &[String], in_place: bool) -> Result<()> {
    let bytes = source.read(host)?;
    let could_not = || source.could_not("encrypt");
    let format = source.format()?;
    if is_age(&bytes) || Document::read(bytes.clone(), format).is_ok() {
        bail!("{}: it is encrypted already", could_not());
    }
    let branches = read_plain(bytes, format).with_context(could_not)?;
    let text = sealed(host, source, branches, names).with_context(could_not)?;
    if in_place { source.replace(host, &text) } else { host.print(text.bytes()) }
}

/// A first sealed form of plain values: for the recipients that are named, else those of sops's variables, else those of
/// `.sops.yaml`.
pub fn sealed(
    host: &Host,
    source: &File,
    branches: Vec<Branch>,
    names: &[String],
) -> Result<Secret> {
    let metadata = source.first_metadata(host, names)?;
    let first = Opened::first(source.format()?, branches, metadata);
    let mut opened = Opened { layout: layout(host)?, ..first };
    source.with_keys(host, |keys| rewrap(keys, &mut opened))?;
    opened.seal()
}

fn rewrap(keys: &Keys<'_>, opened: &mut Opened) -> Result<()> {
    let threshold = opened.metadata.threshold;
    wrap(keys.search(), opened.cipher.key(), &mut opened.metadata.groups, threshold)
}

fn change(host: &Host, source: &File, work: impl FnOnce(&mut Opened) -> Result<()>) -> Result<()> {
    let _lock = source.lock(host);
    source
        .with_keys(host, |keys| {
            let mut opened = source.open_to_write(host, keys)?;
            work(&mut opened)?;
            source.replace(host, &opened.seal()?)
        })
        .with_context(|| source.could_not("change"))
}

impl File {
    pub fn open_to_write(&self, host: &Host, keys: &Keys<'_>) -> Result<Opened> {
        let document = self.document(host, self.read(host)?)?;
        Ok(Opened { layout: layout(host)?, ..document.open_to_write(keys)? })
    }

    /// The file's own name stays a link where it is one, and its mode what it was.
    pub fn replace(&self, host: &Host, text: &Secret) -> Result<()> {
        if self.is_stdin() || is_descriptor(&self.path) {
            bail!("standard input is no file that can be changed");
        }
        let path = host.absolute(&self.path);
        let path = path.canonicalize().unwrap_or(path);
        self.check_unchanged(&path)?;
        let before = path.metadata().ok();
        remove_orphans(&path);
        write_atomic(&path, text.bytes())?;
        if let Some(before) = before {
            // Only root can, and only root would take it from its owner.
            _ = chown(&path, Some(before.uid()), Some(before.gid()));
            std::fs::set_permissions(&path, before.permissions())
                .with_context(|| could_not("give its mode back to", &path))?;
        }
        self.have_approvals_follow(host, text.bytes())
    }

    /// Held from reading to replacing, so that none of us takes back another's change. Whoever waited for it looks again,
    /// for it was of the file that is replaced. Where there is no file, or no lock to be had, there is nothing to hold.
    pub fn lock(&self, host: &Host) -> Option<std::fs::File> {
        let path = host.absolute(&self.path);
        let inode = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        while path.is_file() {
            let file = std::fs::File::open(&path).ok()?;
            flock(&file, FlockOperation::LockExclusive).ok()?;
            if inode(&file.metadata().ok()?) == inode(&path.metadata().ok()?) {
                return Some(file);
            }
        }
        None
    }

    /// Another program, or one of us in an editor's time, may not have asked for the lock.
    fn check_unchanged(&self, path: &Path) -> Result<()> {
        let Some(before) = self.read.get() else { return Ok(()) };
        let now = read_regular(path, FILE_LIMIT).ok().flatten();
        if now.is_some_and(|now| Digest::of(&now) != *before) {
            bail!("it was changed meanwhile, and is left as it is now");
        }
        Ok(())
    }

    /// What the user approved and then changed with us is approved as it is now, by the rc files that can know of it:
    /// those above the file, and above the working directory.
    fn have_approvals_follow(&self, host: &Host, after: &[u8]) -> Result<()> {
        let Some(before) = self.read.get() else { return Ok(()) };
        let file = crate::fs::clean(&host.absolute(&self.path));
        let store = Store::open(host)?;
        let dirs = file.ancestors().skip(1).chain(host.cwd.iter().flat_map(|cwd| cwd.ancestors()));
        let mut seen = Vec::new();
        for rc in dirs.flat_map(|dir| [".envrc", toml::NAME].map(|name| dir.join(name))) {
            if rc.is_file() && !seen.contains(&rc) {
                if trust::follow(&store, &Rc::at(rc.clone()), &file, before, after)? {
                    ui::note(host, &format!("the approval of `{}` goes with it", host.tilde(&rc)));
                }
                seen.push(rc);
            }
        }
        Ok(())
    }

    /// For a file that nobody encrypted yet.
    pub fn first_metadata(&self, host: &Host, names: &[String]) -> Result<Metadata> {
        let named = if names.is_empty() { of_variables(host)? } else { recipients(host, names)? };
        if named.is_empty() {
            return self.wanted(host);
        }
        creation::metadata_with(named, rules(host).as_deref(), &host.absolute(self.name()))
    }

    /// What `.sops.yaml` wants for it.
    pub fn wanted(&self, host: &Host) -> Result<Metadata> {
        let path = host.absolute(self.name());
        let rules = rules(host).ok_or_else(|| {
            Hinted::new(format!("no `{}` says for whom", creation::NAME), "envr secret init")
        })?;
        creation::metadata_for(&rules, &path)
    }
}

/// Where it is said how files are encrypted and laid out.
fn rules(host: &Host) -> Option<PathBuf> {
    let named = host.env.non_empty("SOPS_CONFIG").map(|file| host.absolute(Path::new(file)));
    creation::locate(named.as_deref(), host.cwd.as_deref().unwrap_or(Path::new("/")))
}

pub fn layout(host: &Host) -> Result<Layout> {
    rules(host).map_or_else(|| Ok(Layout::default()), |rules| creation::layout(&rules))
}

/// From standard input, where something comes from there, else typed unseen.
fn asked_value(key: &str, is_json: bool) -> Result<Value> {
    let text = if std::io::stdin().is_terminal() {
        let typed = Prompt::Terminal.secret(&format!("Value of {key}"));
        Secret::from(typed.context("could not read the value: nothing was typed")?.to_string())
    } else {
        let mut text = Vec::new();
        std::io::stdin()
            .take(VALUE_LIMIT + 1)
            .read_to_end(&mut text)
            .context("could not read the value")?;
        if text.len() as u64 > VALUE_LIMIT {
            bail!("could not read the value: it is larger than {} MiB", VALUE_LIMIT >> 20);
        }
        let end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| text.ends_with(end));
        text.truncate(text.len() - end.map_or(0, <[u8]>::len));
        Secret::from(text)
    };
    if !is_json {
        return Ok(Value::string(text));
    }
    let wrapped = Secret::from([b"{\"value\":", text.bytes(), b"}"].concat());
    // The mistake's message may quote what is secret.
    let parsed = read_plain(wrapped, Format::Json).ok().and_then(|mut branches| branches.pop());
    match parsed.map(<[Entry; 1]>::try_from) {
        Some(Ok([Entry::Pair(_, value)])) => {
            check_json(&value).context("could not read the value")?;
            Ok(value)
        }
        _ => bail!("could not read the value: it is no JSON"),
    }
}

/// Refuses what most readers of JSON would lose without a word.
fn check_json(value: &Value) -> Result<()> {
    match value {
        Value::Leaf(leaf) if leaf.is_beyond_integers() => {
            bail!("a number in it is too large: put it into double quotes")
        }
        Value::Leaf(_) | Value::Null => Ok(()),
        Value::List(list) => list.iter().try_for_each(check_json),
        Value::Branch(branch) => {
            let mut names = BTreeSet::new();
            branch.iter().try_for_each(|entry| match entry {
                Entry::Pair(name, _) if !names.insert(name) => bail!("`{name}` is there twice"),
                Entry::Pair(_, value) => check_json(value),
                Entry::Comment(_) => Ok(()),
            })
        }
    }
}
