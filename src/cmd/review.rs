//! `review`: what an approval would cover, against what was approved last.

use crate::config::Config;
use crate::digest::Digest;
use crate::host::Host;
use crate::rc::{Rc, find_from};
use crate::trust::{self, Approval, Closure, Reason, Store, Verdict};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::Result;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub fn review(host: &Host, path: Option<&Path>) -> Result<()> {
    let config = Config::load(host)?;
    let found = find_from(host, &config, path);
    let store = Store::open(host)?;
    let world = World { host, config: &config, store: &store };
    let mut services = super::allow::services(host, found.as_ref().ok(), path);
    let rc = match found {
        Err(_) if !services.is_empty() => Rc::at(services.remove(0)),
        found => found?,
    };
    let mut page = String::new();
    let mut verdict = push_rc(&mut page, world, &rc)?;
    for file in services {
        let next = push_rc(&mut page, world, &Rc::at(file))?;
        if matches!(verdict, Verdict::Allowed(_)) {
            verdict = next;
        }
    }
    let allow = format!("`{} allow` approves it", host.voice.name());
    let verdict = match verdict {
        Verdict::Allowed(_) => "This is approved.".to_string(),
        Verdict::Denied => format!("This is denied; {allow}."),
        Verdict::Blocked(Reason::ExecutesDenied(file)) => {
            let file = ui::escape(&file.to_string_lossy());
            format!("This is not approved: `{file}` is denied.")
        }
        Verdict::Blocked(_) => format!("This is not approved; {allow}."),
        Verdict::Unusable(why) => format!("This cannot be loaded: {why}."),
    };
    page.push_str(&verdict);
    host.print_line(page)?;
    Ok(())
}

/// The rc, or another file that an approval covers, with all that it executes.
fn push_rc(page: &mut String, world: World, rc: &Rc) -> Result<Verdict> {
    let store = world.store;
    let verdict = trust::judge(world, rc.clone(), &mut Watches::default());
    let bytes = match &verdict {
        Verdict::Allowed(trusted) => trusted.bytes().to_vec(),
        _ => trust::contents(&rc.path)?,
    };
    let mut closure = trust::approved(world, rc, &bytes, &mut Watches::default());
    let same = store.approval(&rc.path, &bytes);
    let approval = same.or_else(|| store.last_approval(&rc.path));
    let before = approval.as_ref().and_then(|approval| store.content(&approval.rc));
    let before = if closure.is_some() { Some(bytes.clone()) } else { before };
    push_file(page, &rc.path, before.as_deref(), Some(&bytes));
    for file in executed(rc, &bytes, closure.as_ref(), approval.as_ref()) {
        let digest =
            approval.as_ref().and_then(|approval| approval.executed.get(&file)?.digest.clone());
        let before = digest.as_ref().and_then(|digest| store.content(digest));
        let now = trust::read(&file).ok();
        let is_approved = match &mut closure {
            Some(closure) => closure.refused(store, &file, now.as_deref(), false).is_none(),
            None => digest.is_some() && digest == now.as_deref().map(Digest::of),
        };
        let before = if is_approved { now.clone() } else { before };
        push_file(page, &file, before.as_deref(), now.as_deref());
    }
    Ok(verdict)
}

/// What earlier evaluations executed, and what the rc names; other rc files come first, for they may approve the rest.
fn executed(
    rc: &Rc,
    bytes: &[u8],
    closure: Option<&Closure>,
    approval: Option<&Approval>,
) -> Vec<PathBuf> {
    let now = closure.into_iter().flat_map(Closure::executed).map(Path::to_path_buf);
    let before = approval.into_iter().flat_map(|approval| approval.executed.keys().cloned());
    let named = trust::known_to_execute(rc, bytes);
    let all: BTreeSet<PathBuf> = now.chain(before).chain(named).collect();
    let mut all: Vec<PathBuf> = all.into_iter().collect();
    all.sort_by_key(|path| !Rc::is_name(path));
    all
}

/// The lines of a file: all where none was approved, else those that changed with three around them.
fn push_file(page: &mut String, path: &Path, approved: Option<&[u8]>, now: Option<&[u8]>) {
    let shown = ui::escape(&path.to_string_lossy());
    match (approved, now) {
        (None, None) => _ = writeln!(page, "{shown}: absent\n"),
        (Some(approved), Some(now)) if approved == now => {
            _ = writeln!(page, "{shown}: as approved\n");
        }
        (Some(approved), now) => {
            _ = writeln!(
                page,
                "{shown}: {}",
                if now.is_some() { "changed since approved" } else { "gone since approved" }
            );
            let diff = TextDiff::from_lines(approved, now.unwrap_or_default());
            for (index, group) in diff.grouped_ops(3).iter().enumerate() {
                if index > 0 {
                    page.push_str("    …\n");
                }
                for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                    let sign = match change.tag() {
                        ChangeTag::Equal => ' ',
                        ChangeTag::Insert => '+',
                        ChangeTag::Delete => '-',
                    };
                    push_line(page, sign, change.value());
                }
            }
            page.push('\n');
        }
        (None, Some(now)) => {
            _ = writeln!(page, "{shown}: not approved yet");
            for line in now.split_inclusive(|byte| *byte == b'\n') {
                push_line(page, '+', line);
            }
            page.push('\n');
        }
    }
}

/// One line with its control characters made visible; a tab is only white space.
fn push_line(page: &mut String, sign: char, line: &[u8]) {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
    let shown: Vec<String> = text.split('\t').map(ui::escape).collect();
    _ = writeln!(page, "  {sign} {}", shown.join("\t"));
}
