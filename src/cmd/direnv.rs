//! direnv's verbs: those that scripts call inside an evaluation, under either name, and all of them under direnv's.

mod help;

use super::{allow, dotenv, dump, edit, fetchurl, print, shell_of, status, watch};
use crate::config::Config;
use crate::diff::Changes;
use crate::error::misused;
use crate::fs::clean;
use crate::host::{Host, Voice};
use crate::rc::Rc;
use crate::session;
use crate::trust::Store;
use crate::ui;
use anyhow::{Result, bail};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

/// Runs the verb, if it is one of these. As direnv does, they look at no more arguments than they know.
pub fn run(host: &Host, verb: &OsStr, arguments: &[OsString]) -> Option<Result<()>> {
    private(host, verb, arguments)
        .or_else(|| (host.voice == Voice::Direnv).then(|| public(host, verb, arguments))?)
}

fn private(host: &Host, verb: &OsStr, arguments: &[OsString]) -> Option<Result<()>> {
    Some(match verb.to_str()? {
        "apply_dump" => dump::apply_dump(host, arguments),
        "check-required" => check_required(host, arguments),
        "current" => watch::current(host, arguments),
        "dotenv" => dotenv::dotenv(
            host,
            arguments.first().map(OsString::as_os_str),
            arguments.get(1).map(|file| Path::new(file.as_os_str())),
        ),
        "dump" => dump::dump(host, arguments),
        "fetchurl" => fetchurl::fetchurl(host, arguments),
        "log" => log(host, arguments),
        "show_dump" => dump::show_dump(host, arguments),
        "watch" => watch::watch(host, arguments),
        "watch-dir" => watch::watch_dir(host, arguments),
        "watch-list" => watch::watch_list(host, arguments),
        "watch-print" => watch::watch_print(host, arguments),
        _ => return None,
    })
}

fn public(host: &Host, verb: &OsStr, arguments: &[OsString]) -> Option<Result<()>> {
    let first = arguments.first().map(OsString::as_os_str);
    let path = first.map(Path::new);
    Some(match verb.to_str()? {
        "allow" | "permit" | "grant" => allow::allow(host, path),
        "block" | "deny" | "disallow" | "revoke" => allow::deny(host, path),
        "edit" => edit::edit(host, path),
        "help" | "--help" => host.print(help::page(first.is_some()).as_bytes()),
        "prune" => allow::prune(host),
        "reload" => allow::reload(host),
        "status" => status::status(host, first.is_some_and(|first| first == "--json")),
        "stdlib" => print::stdlib(host),
        "version" | "--version" => print::version(host, first),
        _ => return None,
    })
}

/// `log --status|--error MESSAGE`: the lines of the library's `log_status` and `log_error`.
fn log(host: &Host, arguments: &[OsString]) -> Result<()> {
    let (kind, message) = match arguments {
        [kind, message, ..] => (kind.as_os_str(), message.to_string_lossy()),
        [message] => (OsStr::new("--status"), message.to_string_lossy()),
        [] => bail!(misused(
            host,
            "missing MESSAGE argument",
            "log: no message was given",
            "log --status MESSAGE"
        )),
    };
    match kind.to_str() {
        Some("--status" | "-status") => ui::status(host, &Config::load(host)?, &message),
        Some("--error" | "-error") => ui::script_error(host, &message),
        _ => bail!("`{}` is not a kind of message: use `--status` or `--error`", kind.display()),
    }
    Ok(())
}

/// `check-required SHELL RC FILE…`: prints code for the files that still need approval, all of them below the rc, and
/// has them watched together with their marks.
fn check_required(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [shell, rc, files @ ..] = arguments else {
        bail!(misused(
            host,
            "not enough arguments",
            "check: no file was named",
            "check-required SHELL RC FILE…"
        ))
    };
    let shell = shell_of(host, shell)?;
    let rc = Rc::at(host.absolute(Path::new(rc)));
    let store = Store::open(host)?;
    let mut watches = session::watches_of(&host.env).unwrap_or_default();
    let mut missing = Vec::new();
    for file in files {
        let path = Path::new(file);
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            bail!("`{}` is not below the project", path.display());
        }
        let path = clean(&rc.dir().join(path));
        watches.add(&path);
        watches.add_mark(&store.required_mark(&rc.path, &path));
        if !store.allows_required(&rc.path, &path) {
            missing.push(file.as_bytes());
        }
    }
    let mut changes = Changes::from([(session::WATCHES.into(), Some(watches.encode()))]);
    if !missing.is_empty() {
        let names = OsStr::from_bytes(&missing.join(&b':')).to_os_string();
        changes.insert(session::REQUIRED.into(), Some(names));
    }
    host.print(&shell.render(&changes))
}
