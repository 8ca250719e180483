//! `secret init`: a key, the rules and a first file, each where there is none.

use super::encrypt::sealed;
use super::file::File;
use crate::fs::write_atomic;
use crate::host::Host;
use crate::rc;
use crate::secrets::creation;
use crate::secrets::keys::age::{keys_file, new_identity, public_keys};
use crate::ui;
use anyhow::{Context as _, Result};

/// The file that `use sops` reads where it names none.
const FILE: &str = "secrets.yaml";

pub fn init(host: &Host) -> Result<()> {
    let dir = rc::working_directory(host)?.to_path_buf();
    let keys =
        keys_file(&host.env).context("could not find a place for keys: `HOME` is not set")?;
    let public = if keys.exists() {
        let known =
            public_keys(&keys).with_context(|| format!("could not read `{}`", keys.display()))?;
        known
            .into_iter()
            .next()
            .with_context(|| format!("could not find an age key in `{}`", keys.display()))?
    } else {
        let (text, public) = new_identity();
        write_atomic(&keys, text.bytes())?;
        ui::note(
            host,
            &format!(
                "made an age key in `{}`: keep a copy, no one else can read what is encrypted for it",
                host.tilde(&keys)
            ),
        );
        public
    };
    let rules = dir.join(creation::NAME);
    if !rules.exists() {
        write_atomic(&rules, creation::first_rules(&public).as_bytes())?;
        ui::note(host, &format!("wrote `{}`", creation::NAME));
    }
    let file = dir.join(FILE);
    if file.exists() {
        ui::note(host, &format!("`{FILE}` is there already"));
        return Ok(());
    }
    let source = File::at(&file);
    let text = sealed(host, &source, creation::first_file(), &[])
        .with_context(|| source.could_not("write"))?;
    source.replace(host, &text)?;
    ui::note(
        host,
        &format!("wrote `{FILE}`: `{} secret edit {FILE}` changes it", host.voice.name()),
    );
    Ok(())
}
