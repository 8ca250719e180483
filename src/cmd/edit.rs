//! `edit`: an rc in the user's editor, approved when it was changed there.

use crate::config::Config;
use crate::host::{Host, Voice, find_program};
use crate::rc::{Rc, find};
use crate::shell::bash_word;
use crate::toml;
use crate::trust::{self, Store};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tried in this order where `$EDITOR` is not set.
const EDITORS: [&str; 7] = ["editor", "subl -w", "mate -w", "open -t -W", "nano", "vim", "emacs"];

pub fn edit(host: &Host, path: Option<&Path>) -> Result<()> {
    let config = Config::load(host)?;
    let rc = Rc::at(target(host, &config, path)?);
    let store = Store::open(host)?;
    let before = trust::read(&rc.path).ok();
    run_editor(host, &config, &rc.path)?;
    match trust::read(&rc.path).ok() {
        // Written anew is approved, for the user has just seen every line of it, though not of what it executes.
        Some(after) if before.as_ref() != Some(&after) => trust::allow_alone(&store, &rc, &after),
        // Opened and closed is not.
        _ => Ok(()),
    }
}

fn target(host: &Host, config: &Config, path: Option<&Path>) -> Result<PathBuf> {
    match path.map(|path| host.absolute(path)) {
        Some(dir) if dir.is_dir() => {
            let declared = dir.join(toml::NAME);
            let governs = host.voice == Voice::Envr && declared.exists();
            let envrc = dir.join(".envrc");
            Ok(if governs && !envrc.exists() { declared } else { envrc })
        }
        Some(path) => Ok(path),
        None => match host.cwd.as_deref().and_then(|cwd| find(host, config, cwd)) {
            Some(rc) => Ok(rc.path),
            None => bail!(
                ".envrc or .env not found. Use `{} edit .` to create a new .envrc in the current directory",
                host.voice.name()
            ),
        },
    }
}

/// `$EDITOR` may hold arguments and quotes: bash takes it apart, as every program that honours it expects. It gets the
/// file as one more word of that line, and no parameters.
fn run_editor(host: &Host, config: &Config, file: &Path) -> Result<()> {
    let editor = match host.env.non_empty("EDITOR") {
        Some(editor) => editor.to_os_string(),
        None => {
            ui::warn(host, "`EDITOR` is not set");
            installed_editor(host).context("could not find an editor: set `EDITOR`")?.into()
        }
    };
    let mut script = editor.clone();
    script.push(" ");
    script.push(OsStr::from_bytes(&bash_word(file.as_os_str().as_bytes())));
    let status = Command::new(config.bash(host, &host.env)?)
        .arg("-c")
        .arg(script)
        .status()
        .context("could not start `bash`")?;
    if let (Voice::Direnv, Some(code @ 1..)) = (host.voice, status.code()) {
        bail!("exit status {code}");
    }
    if !status.success() {
        bail!("could not edit `{}`: `{}` failed", file.display(), editor.display());
    }
    Ok(())
}

fn installed_editor(host: &Host) -> Option<&'static str> {
    EDITORS.into_iter().find(|editor| {
        let name = editor.split(' ').next().unwrap_or_default();
        find_program(name.as_ref(), host.env.get("PATH"), host.cwd.as_deref()).is_some()
    })
}
