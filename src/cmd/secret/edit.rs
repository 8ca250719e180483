//! `secret edit`: the plaintext in the user's editor, and nowhere but in memory.

use super::File;
use super::write::sealed;
use crate::host::{Host, find_program};
use crate::memory_dir::MemoryDir;
use crate::secrets::keys::Prompt;
use crate::secrets::{Branch, FILE_LIMIT, Format, Keys, Opened, Secret, read_plain, write_plain};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub fn edit(host: &Host, source: &File) -> Result<()> {
    let could_not = || source.could_not("edit");
    // Whatever ends the editor does not end us before the plaintext is gone.
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended))
            .context("could not listen for signals")?;
    }
    if !host.absolute(&source.path).exists() {
        // Before anything is typed that would be lost.
        source.wanted(host).with_context(could_not)?;
        let Some(branches) = edited(host, source, &Secret::default()).with_context(could_not)?
        else {
            return Ok(());
        };
        let text = sealed(host, source, branches, &[]).with_context(could_not)?;
        return source.replace(host, &text);
    }
    source.with_keys(host, |keys| change(host, source, keys)).with_context(could_not)
}

fn change(host: &Host, source: &File, keys: &Keys<'_>) -> Result<()> {
    let opened = source.open_to_write(host, keys)?;
    let text = write_plain(&opened.branches, opened.format)?;
    let Some(branches) = edited(host, source, &text)? else { return Ok(()) };
    let text = Opened { branches, ..opened }.seal()?;
    let _lock = source.lock(host);
    source.replace(host, &text)
}

/// What the editor made of a text; `None` where it is as it was.
fn edited(host: &Host, source: &File, text: &Secret) -> Result<Option<Vec<Branch>>> {
    let dir = MemoryDir::new(host)?;
    let file = dir.write(source.path.file_name().context("it has no name")?, text.bytes())?;
    loop {
        run_editor(host, &file)?;
        let after = crate::fs::read_regular(&file, FILE_LIMIT)?.map(Secret::from);
        let after = after.context("it has become too large")?;
        if after == *text {
            ui::note(host, &format!("`{}` is as it was", source.path.display()));
            return Ok(None);
        }
        match read_edited(&after, source.format()?) {
            Ok(branches) => return Ok(Some(branches)),
            Err(error) => {
                ui::error(host, &error.context("could not read what you wrote"));
                Prompt::Terminal
                    .line("Press Enter to edit it again")
                    .context("nothing was changed")?;
            }
        }
    }
}

fn read_edited(text: &Secret, format: Format) -> Result<Vec<Branch>> {
    let branches = read_plain(text.bytes(), format)?;
    if branches.is_empty() {
        bail!("it is empty: it needs a `{{}}` at least");
    }
    Ok(branches)
}

fn run_editor(host: &Host, file: &Path) -> Result<()> {
    let named =
        ["SOPS_EDITOR", "EDITOR"].iter().find_map(|name| host.env.non_empty(name)?.to_str());
    let words = shell_words::split(named.unwrap_or("vi")).context("`EDITOR` has open quotes")?;
    let (name, arguments) = words.split_first().context("`EDITOR` is empty")?;
    let program = find_program(name.as_ref(), host.env.get("PATH"), host.cwd.as_deref());
    let program = program.with_context(|| format!("the editor `{name}` is not installed"))?;
    let mut command = Command::new(&program);
    command.args(arguments);
    // Copies of what is edited would stay behind in the home directory.
    if ["vi", "vim", "nvim"].contains(&name.rsplit('/').next().unwrap_or_default()) {
        command.args(["-n", "-i", "NONE", "-c", "set nobackup nowritebackup noundofile"]);
    }
    let status = command.arg(file).status();
    let status = status.with_context(|| format!("could not start `{}`", program.display()))?;
    if !status.success() {
        bail!("`{name}` failed, nothing was changed");
    }
    Ok(())
}
