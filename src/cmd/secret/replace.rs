//! A file in the place of another: one at a time, whole, with its mode, and approved where the other one was.

use super::encrypt::layout;
use super::file::{File, could_not};
use crate::digest::Digest;
use crate::fs::{is_descriptor, read_regular, remove_orphans, write_atomic};
use crate::host::Host;
use crate::rc::Rc;
use crate::secrets::{FILE_LIMIT, Keys, Opened, Secret};
use crate::toml;
use crate::trust::{self, Store};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

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
}
