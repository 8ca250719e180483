//! `secret init`: a key, the rules and a first file, each where there is none.

use super::encrypt::{rules, sealed};
use super::file::File;
use crate::fs::{read_regular, write_atomic};
use crate::host::Host;
use crate::rc;
use crate::secrets::keys::age::{first_public_key, keys_file, new_identity};
use crate::secrets::{Secret, creation};
use crate::ui;
use anyhow::{Context as _, Result};
use std::path::Path;

/// The file that `use sops` reads where it names none.
const FILE: &str = "secrets.yaml";
/// In bytes.
const KEYS_LIMIT: u64 = 1 << 20;

pub fn init(host: &Host) -> Result<()> {
    let dir = rc::working_directory(host)?.to_path_buf();
    let keys = keys(host)?;
    match rules(host) {
        Some(rules) if rules.parent() == Some(&dir) => {}
        Some(rules) => ui::note(host, &format!("`{}` says for whom", host.tilde(&rules))),
        None => {
            let public = keys
                .public
                .with_context(|| format!("could not find a key of age's own in {}", keys.place))?;
            write_atomic(&dir.join(creation::NAME), creation::first_rules(&public).as_bytes())?;
            ui::note(host, &format!("wrote `{}`", creation::NAME));
        }
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

/// The user's age keys.
struct Keys {
    /// The recipient of the first one that is age's own.
    public: Option<String>,
    /// As messages name it.
    place: String,
}

/// Where sops looks for them first; one is made where there is none.
fn keys(host: &Host) -> Result<Keys> {
    if let Some(text) = host.env.non_empty("SOPS_AGE_KEY") {
        let public = first_public_key(&text.as_encoded_bytes().to_vec().into());
        return Ok(Keys { public, place: "`SOPS_AGE_KEY`".to_string() });
    }
    let named = host.env.non_empty("SOPS_AGE_KEY_FILE").map(|file| host.absolute(Path::new(file)));
    let file = named.or_else(|| keys_file(&host.env));
    let file = file.context("could not find a place for keys: `HOME` is not set")?;
    let public = if file.exists() { first_of(&file)? } else { Some(make(host, &file)?) };
    Ok(Keys { public, place: format!("`{}`", host.tilde(&file)) })
}

fn first_of(file: &Path) -> Result<Option<String>> {
    let could_not = || format!("could not read `{}`", file.display());
    let text = read_regular(file, KEYS_LIMIT).with_context(could_not)?;
    let text = text.context("it is too large").with_context(could_not)?;
    Ok(first_public_key(&Secret::from(text)))
}

fn make(host: &Host, file: &Path) -> Result<String> {
    let (text, public) = new_identity();
    write_atomic(file, text.bytes())?;
    let shown = host.tilde(file);
    let made = format!(
        "made an age key in `{shown}`: keep a copy, no one else can read what is encrypted for it"
    );
    ui::note(host, &made);
    Ok(public)
}
