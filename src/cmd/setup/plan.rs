//! What `setup` would change, worked out before anything is.

use crate::host::{Host, find_program};
use crate::shell::Shell;
use crate::start_file::{self, HookLine, SHELLS, Tool};
use crate::ui;
use anyhow::{Context as _, Result};
use similar::{ChangeTag, TextDiff};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A start file larger than this many bytes is something else.
const LIMIT: u64 = 4 << 20;

/// What becomes of direnv's hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    Nothing,
    /// Its line, and the program of its name.
    Direnv,
}

#[derive(Debug)]
pub struct Plan {
    pub changes: Vec<Change>,
    pub link: Option<Link>,
    /// What the user should know besides.
    pub remarks: Vec<String>,
}

/// A file with links resolved: those who keep their start files elsewhere keep their links.
#[derive(Debug)]
pub struct Change {
    pub path: PathBuf,
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
}

#[derive(Debug)]
pub struct Link {
    pub path: PathBuf,
    pub target: PathBuf,
}

/// Where `direnv` is to lead to us, and whether that directory must be put on PATH for it.
struct Place {
    link: Option<Link>,
    add_to_path: Option<PathBuf>,
}

impl Plan {
    pub fn new(host: &Host, replace: Replace) -> Result<Self> {
        let place = match replace {
            Replace::Direnv => place_for_link(host)?,
            Replace::Nothing => Place { link: None, add_to_path: None },
        };
        let mut plan = Self { changes: Vec::new(), link: place.link, remarks: Vec::new() };
        for (shell, path) in start_files(host)? {
            let before = match std::fs::metadata(&path) {
                Ok(_) => Some(
                    crate::fs::read_regular(&path, LIMIT)
                        .with_context(|| format!("could not read `{}`", path.display()))?
                        .with_context(|| format!("`{}` is too large", path.display()))?,
                ),
                Err(_) => None,
            };
            let text = before.clone().unwrap_or_default();
            let hooks = start_file::hook_lines(&text);
            let theirs: Vec<&HookLine> =
                hooks.iter().filter(|hook| hook.tool == Tool::Direnv).collect();
            let has_ours = hooks.iter().any(|hook| hook.tool == Tool::Envr);
            if let (Replace::Nothing, Some(hook)) = (replace, theirs.first()) {
                let at = format!("`{}:{}`", host.tilde(&path), hook.line);
                let say = "direnv's hook; `envr setup --from-direnv` replaces it";
                plan.remarks.push(format!("{at} has {say}"));
                continue;
            }
            if has_ours && theirs.is_empty() {
                continue;
            }
            let mut line = start_file::hook_line(shell, program(host));
            if let Some(dir) = &place.add_to_path {
                line = format!("{}\n{line}", start_file::path_line(shell, dir));
            }
            let taken: Vec<usize> = theirs.iter().map(|hook| hook.line).collect();
            let after = with_line(&text, (!has_ours).then_some(&line), &taken);
            plan.changes.push(Change { path: path.clone(), before, after });
        }
        Ok(plan)
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.link.is_none()
    }

    pub fn page(&self, host: &Host) -> String {
        let mut page = String::new();
        for change in &self.changes {
            let path = ui::escape(&host.tilde(&change.path));
            let new = if change.before.is_none() { ", a new file" } else { "" };
            _ = writeln!(page, "{path}{new}:");
            let before = change.before.as_deref().unwrap_or_default();
            let diff = TextDiff::from_lines(before, change.after.as_slice());
            for line in diff.iter_all_changes().filter(|line| line.tag() != ChangeTag::Equal) {
                let sign = if line.tag() == ChangeTag::Insert { '+' } else { '-' };
                let text = String::from_utf8_lossy(line.value()).into_owned();
                _ = writeln!(page, "  {sign} {}", ui::escape(text.trim_end_matches('\n')));
            }
        }
        if let Some(link) = &self.link {
            let (path, target) = (host.tilde(&link.path), host.tilde(&link.target));
            _ = writeln!(page, "{}: a link to {}", ui::escape(&path), ui::escape(&target));
        }
        page
    }
}

/// That of `$SHELL`, which may not exist yet, and those that exist of other shells that are installed.
fn start_files(host: &Host) -> Result<Vec<(Shell, PathBuf)>> {
    let own = host.env.non_empty("SHELL").and_then(Shell::from_name);
    let mut files = Vec::new();
    for shell in SHELLS {
        let path = start_file::path(host, shell)
            .context("could not find the start files: `HOME` is not set")?;
        let name = OsStr::new(shell.name());
        let is_installed = || find_program(name, host.env.get("PATH"), None).is_some();
        if own == Some(shell) || (path.is_file() && is_installed()) {
            files.push((shell, std::fs::canonicalize(&path).unwrap_or(path)));
        }
    }
    Ok(files)
}

/// By its name, if that leads here in a new shell, too.
fn program(host: &Host) -> &Path {
    let named = find_program("envr".as_ref(), host.env.get("PATH"), None);
    let same = |file: PathBuf| std::fs::canonicalize(file).ok();
    let ours = same(host.program().to_path_buf());
    if named.and_then(same) == ours && ours.is_some() { Path::new("envr") } else { host.program() }
}

/// In a directory of the user's own that comes before any other `direnv`, else in one that is put there.
fn place_for_link(host: &Host) -> Result<Place> {
    let ours = std::fs::canonicalize(host.program()).ok();
    let path = host.env.get("PATH").unwrap_or_default();
    let target = host.program().to_path_buf();
    let home = host.home().context("could not find a place for the link: `HOME` is not set")?;
    for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
        let link = dir.join("direnv");
        if std::fs::symlink_metadata(&link).is_ok() {
            if std::fs::canonicalize(&link).ok() == ours {
                return Ok(Place { link: None, add_to_path: None });
            }
            break;
        }
        let is_writable = rustix::fs::access(&dir, rustix::fs::Access::WRITE_OK).is_ok();
        if dir.starts_with(&home) && is_writable {
            return Ok(Place { link: Some(Link { path: link, target }), add_to_path: None });
        }
    }
    let data = host.xdg("XDG_DATA_HOME", ".local/share").context("`HOME` is not set")?;
    let dir = data.join("envr/bin");
    let is_there = std::fs::canonicalize(dir.join("direnv")).ok() == ours;
    let link = (!is_there).then(|| Link { path: dir.join("direnv"), target });
    Ok(Place { link, add_to_path: Some(dir) })
}

/// The text without the lines that are taken out, and with the new one in place of the first of them, else at the end.
fn with_line(text: &[u8], line: Option<&String>, taken: &[usize]) -> Vec<u8> {
    let mut after = Vec::new();
    let mut line = line;
    for (index, old) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !taken.contains(&(index + 1)) {
            after.extend(old);
        } else if let Some(line) = line.take() {
            let indent = old.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            after.extend(&old[..indent]);
            after.extend(line.bytes());
            after.push(b'\n');
        }
    }
    if let Some(line) = line {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.extend(line.bytes());
        after.push(b'\n');
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_the_place_of_the_first_that_goes() {
        let line = "new".to_string();
        let check = |text: &str, taken: &[usize], expected: &str| {
            assert_eq!(with_line(text.as_bytes(), Some(&line), taken), expected.as_bytes());
        };
        check("", &[], "new\n");
        check("a", &[], "a\nnew\n");
        check("a\n  b\nc\nd", &[2, 4], "a\n  new\nc\n");
        assert_eq!(with_line(b"a\nb\n", None, &[1]), b"b\n");
    }
}
