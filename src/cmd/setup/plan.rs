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

/// What is done to a start file.
struct How {
    replace: Replace,
    add_to_path: Option<PathBuf>,
}

/// A start file as it is.
struct Start {
    path: PathBuf,
    before: Option<Vec<u8>>,
    hooks: Vec<HookLine>,
}

impl Plan {
    pub fn new(host: &Host, replace: Replace) -> Result<Self> {
        let place = match replace {
            Replace::Direnv => place_for_link(host)?,
            Replace::Nothing => Place { link: None, add_to_path: None },
        };
        let mut plan = Self { changes: Vec::new(), link: place.link, remarks: Vec::new() };
        let how = How { replace, add_to_path: place.add_to_path };
        for (shell, main) in start_files(host)? {
            let others = hooked(start_file::others(host, shell))?;
            let main = Start::read(main)?;
            // fish has no other start; a shell that finds its hook elsewhere needs no new file for it.
            let is_enough = shell == Shell::Fish
                || main.before.is_none()
                || replace == Replace::Nothing
                    && others.iter().any(|other| !lines_of(&other.hooks, Tool::Direnv).is_empty());
            let needs_line = others.is_empty() || !is_enough;
            for start in others {
                plan.change(host, shell, start, &how);
            }
            if needs_line || !main.hooks.is_empty() {
                plan.change(host, shell, main, &how);
            }
        }
        Ok(plan)
    }

    /// Puts envr's hook into a start file, in direnv's place where it stands there.
    fn change(&mut self, host: &Host, shell: Shell, start: Start, how: &How) {
        let Start { path, before, hooks } = start;
        let theirs: Vec<usize> = lines_of(&hooks, Tool::Direnv);
        let has_ours = !lines_of(&hooks, Tool::Envr).is_empty();
        if let (Replace::Nothing, Some(line)) = (how.replace, theirs.first()) {
            let at = format!("`{}:{line}`", host.tilde(&path));
            let say = "direnv's hook; `envr setup --from-direnv` replaces it";
            self.remarks.push(format!("{at} has {say}"));
            return;
        }
        if has_ours && theirs.is_empty() {
            return;
        }
        let mut lines = Vec::new();
        lines.extend(how.add_to_path.as_deref().map(|dir| start_file::path_line(shell, dir)));
        lines.push(start_file::hook_line(shell, program(host)));
        let text = before.as_deref().unwrap_or_default();
        let lines = if has_ours { Vec::new() } else { lines };
        let after = with_lines(text, &lines, &theirs, program(host));
        self.changes.push(Change { path, before, after });
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

impl Start {
    fn read(path: PathBuf) -> Result<Self> {
        let before = match std::fs::metadata(&path) {
            Ok(_) => Some(
                crate::fs::read_regular(&path, LIMIT)
                    .with_context(|| format!("could not read `{}`", path.display()))?
                    .with_context(|| format!("`{}` is too large", path.display()))?,
            ),
            Err(_) => None,
        };
        let hooks = start_file::hook_lines(before.as_deref().unwrap_or_default());
        Ok(Self { path, before, hooks })
    }
}

/// Those of the files that call a hook.
fn hooked(files: Vec<PathBuf>) -> Result<Vec<Start>> {
    let resolved = files.into_iter().map(|file| std::fs::canonicalize(&file).unwrap_or(file));
    let starts: Vec<Start> = resolved.map(Start::read).collect::<Result<_>>()?;
    Ok(starts.into_iter().filter(|start| !start.hooks.is_empty()).collect())
}

fn lines_of(hooks: &[HookLine], tool: Tool) -> Vec<usize> {
    hooks.iter().filter(|hook| hook.tool == tool).map(|hook| hook.line).collect()
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

/// The text with new lines in place of the first that is taken out, else at the end. Of lines that are taken out, those
/// that do something else keep that. New lines end as those that are there do.
fn with_lines(text: &[u8], new: &[String], taken: &[usize], program: &Path) -> Vec<u8> {
    let end: &[u8] = if ends_in_crlf(text) { b"\r\n" } else { b"\n" };
    let mut after = Vec::new();
    let mut new = Some(new).filter(|new| !new.is_empty());
    for (index, old) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !taken.contains(&(index + 1)) {
            after.extend(old);
            continue;
        }
        let renamed = start_file::renamed(&String::from_utf8_lossy(old), program);
        let indent = old.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let new = new.take().unwrap_or_default();
        // The hook comes last of them.
        let new =
            if renamed.is_some() { new.split_last().map_or(new, |(_, new)| new) } else { new };
        for line in new {
            after.extend([&old[..indent], line.as_bytes(), end].concat());
        }
        after.extend(renamed.into_iter().flat_map(String::into_bytes));
    }
    if let Some(new) = new {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.extend(end);
        }
        after.extend(new.iter().flat_map(|line| [line.as_bytes(), end].concat()));
    }
    after
}

/// Whether the first line does.
fn ends_in_crlf(text: &[u8]) -> bool {
    text.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_take_the_place_of_the_first_that_goes() {
        let check = |text: &str, taken: &[usize], new: &[&str], expected: &str| {
            let new: Vec<String> = new.iter().map(|line| (*line).to_owned()).collect();
            let after = with_lines(text.as_bytes(), &new, taken, Path::new("envr"));
            assert_eq!(String::from_utf8(after).unwrap(), expected);
        };
        check("", &[], &["new"], "new\n");
        check("a", &[], &["path", "new"], "a\npath\nnew\n");
        let hook = "direnv hook bash";
        check(
            &format!("a\n  {hook}\nc\n{hook}"),
            &[2, 4],
            &["path", "new"],
            "a\n  path\n  new\nc\n",
        );
        check(&format!("{hook}; b\n"), &[1], &["path", "new"], "path\nenvr hook bash; b\n");
        check(&format!("{hook}\nb\n"), &[1], &[], "b\n");
        check("a\r\nb", &[], &["path", "new"], "a\r\nb\r\npath\r\nnew\r\n");
        check(&format!("{hook}\r\nb\r\n"), &[1], &["new"], "new\r\nb\r\n");
    }
}
