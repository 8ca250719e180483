//! `secret edit`: the plaintext in the user's editor, and nowhere but in memory.

use super::encrypt::sealed;
use super::file::File;
use super::signals::Signals;
use crate::host::{Host, find_program};
use crate::memory_dir::MemoryDir;
use crate::secrets::keys::Prompt;
use crate::secrets::{Branch, FILE_LIMIT, Format, Keys, Opened, Secret, read_plain};
use crate::ui;
use anyhow::{Context as _, Result, bail};
use signal_hook::low_level::emulate_default_handler;
use std::path::Path;
use std::process::Command;

pub fn edit(host: &Host, source: &File) -> Result<()> {
    let mut signals = Signals::listen().context("could not listen for signals")?;
    let result = edit_under(host, source, &mut signals);
    if let Some(signal) = signals.fatal {
        _ = emulate_default_handler(signal);
    }
    result
}

fn edit_under(host: &Host, source: &File, signals: &mut Signals) -> Result<()> {
    let could_not = || source.could_not("edit");
    if !host.absolute(&source.path).exists() {
        // Before anything is typed that would be lost.
        source.first_metadata(host, &[]).with_context(could_not)?;
        let edited = edited(host, source, &Secret::default(), signals);
        let Some(branches) = edited.with_context(could_not)? else { return Ok(()) };
        let text = sealed(host, source, branches, &[]).with_context(could_not)?;
        return source.replace(host, &text);
    }
    let change = |keys: &Keys<'_>| change(host, source, keys, signals);
    source.with_keys(host, change).with_context(could_not)
}

fn change(host: &Host, source: &File, keys: &Keys<'_>, signals: &mut Signals) -> Result<()> {
    let mut opened = source.open_to_write(host, keys)?;
    let text = opened.shown_text()?;
    check_shown(&opened, &text)?;
    let Some(branches) = edited(host, source, &text, signals)? else { return Ok(()) };
    let text = Opened { branches, ..opened }.seal()?;
    let _lock = source.lock(host);
    source.replace(host, &text)
}

/// What is not touched must not change: not every value can be written as text.
fn check_shown(opened: &Opened, text: &Secret) -> Result<()> {
    let described = opened.format.described();
    let shown = read_plain(text.bytes(), opened.format);
    let shown = shown.with_context(|| format!("{described} cannot show what is in it"))?;
    match opened.first_changed(&shown) {
        None => Ok(()),
        Some(name) => bail!(
            "{described} cannot show `{name}` as it is: `envr secret set` changes one value and leaves the others"
        ),
    }
}

/// What the editor made of a text; `None` where it is as it was.
fn edited(
    host: &Host,
    source: &File,
    text: &Secret,
    signals: &mut Signals,
) -> Result<Option<Vec<Branch>>> {
    let dir = MemoryDir::new(host)?;
    let file = dir.write(source.path.file_name().context("it has no name")?, text.bytes())?;
    loop {
        run_editor(host, &file, signals)?;
        let after = crate::fs::read_regular(&file, FILE_LIMIT);
        let after = after.context("could not read what the editor left")?.map(Secret::from);
        let after = after.context("it has become too large")?;
        if after == *text {
            ui::note(host, &format!("`{}` is as it was", source.path.display()));
            return Ok(None);
        }
        match read_edited(&after, source.format()?) {
            Ok(branches) => return Ok(Some(branches)),
            Err(error) if signals.fatal.is_some() => return Err(error),
            Err(error) => {
                ui::error(host, &error.context("could not read what you wrote"));
                let question = "Press Enter to edit it again, Ctrl-C to give up";
                let answer = Prompt::Terminal.line(question, signals.came());
                signals.take();
                answer.filter(|_| !signals.has_interrupt).context("nothing was changed")?;
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

fn run_editor(host: &Host, file: &Path, signals: &mut Signals) -> Result<()> {
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
    let child = command.arg(file).spawn();
    let mut child = child.with_context(|| format!("could not start `{}`", program.display()))?;
    let status = signals.wait_for(&mut child).context("could not wait for the editor")?;
    if !status.success() {
        bail!("`{name}` failed, nothing was changed");
    }
    Ok(())
}
