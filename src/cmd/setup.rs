//! `setup`: puts the hook into the start files of the user's shells, shows it before, and can take it back.

mod plan;
mod record;

use crate::error::Hinted;
use crate::host::Host;
use crate::ui;
use anyhow::{Result, bail};
use plan::Plan;
use record::{Record, Undone};
use std::io::IsTerminal as _;

pub use plan::Replace;
pub use record::Later;

/// Whether the user is asked before something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Ask,
    Given,
}

pub fn setup(host: &Host, replace: Replace, consent: Consent) -> Result<()> {
    let plan = Plan::new(host, replace)?;
    for remark in &plan.remarks {
        ui::note(host, remark);
    }
    if plan.is_empty() {
        return host.print_line("nothing to change");
    }
    host.print(plan.page(host).as_bytes())?;
    if !is_wanted(host, consent)? {
        bail!("nothing was changed");
    }
    let mut record = Record::open(host)?;
    for change in &plan.changes {
        record.write(change)?;
    }
    if let Some(link) = &plan.link {
        record.link(link)?;
    }
    host.print_line("changed; `envr setup --undo` takes it back, a new shell follows it")
}

pub fn undo(host: &Host, later: Later) -> Result<()> {
    let undone = Record::open(host)?.undo(later)?;
    if undone.is_empty() {
        return host.print_line("nothing to take back");
    }
    for Undone { path, overwritten } in undone {
        let meanwhile = overwritten.map_or(String::new(), |copy| {
            format!("; {} is what it was meanwhile", host.tilde(&copy))
        });
        let line = format!("{} is as it was{meanwhile}", host.tilde(&path));
        host.print_line(ui::escape(&line))?;
    }
    Ok(())
}

fn is_wanted(host: &Host, consent: Consent) -> Result<bool> {
    match consent {
        Consent::Given => Ok(true),
        Consent::Ask if std::io::stdin().is_terminal() => ui::ask(host, "make these changes?"),
        Consent::Ask => bail!(Hinted::new(
            "could not ask whether to make these changes: standard input is no terminal",
            "envr setup --yes"
        )),
    }
}
