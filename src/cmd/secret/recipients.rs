//! `secret recipients`: who can read a file, and who can from now on.

mod named;

use super::file::File;
use super::write::{change, rewrap};
use crate::error::Hinted;
use crate::host::Host;
use crate::secrets::keys::wrap;
use crate::ui;
use anyhow::{Context as _, Result, bail};

pub use named::{named, of_variables};

/// What could not be done.
const CHANGE: &str = "change the recipients of";

pub fn list(host: &Host, source: &File) -> Result<()> {
    let document =
        source.document(host, source.read(host)?).with_context(|| source.could_not("read"))?;
    let mut lines = String::new();
    for recipient in document.metadata().groups.iter().flatten() {
        lines.extend([&ui::escape(&recipient.full_name()), "\n"]);
    }
    host.print(lines.as_bytes())
}

/// Where there are several groups, none of them is meant more than another: `.sops.yaml` names them.
pub fn add(host: &Host, source: &File, names: &[String]) -> Result<()> {
    let recipients = named(host, names)?;
    change(host, source, CHANGE, |keys, opened| {
        let [group] = opened.metadata.groups.as_mut_slice() else {
            let message = "it has groups of keys: name them in `.sops.yaml`";
            bail!(Hinted::new(message, source.command(host, "updatekeys")));
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
pub fn remove(host: &Host, source: &File, names: &[String]) -> Result<()> {
    let recipients = named(host, names)?;
    change(host, source, CHANGE, |keys, opened| {
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
