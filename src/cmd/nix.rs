//! `nix`: what is kept of nix shells, and the process that makes them.

use crate::config::Config;
use crate::enter::{self, Entry};
use crate::error::Told;
use crate::eval;
use crate::host::Host;
use crate::nix::{self, Overview, Place, State};
use crate::rc::{self, Rc};
use crate::session::Session;
use crate::trust::Store;
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result, bail};
use rustix::process::setsid;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Starts a process of ours outside the session, and so outside the reach of the terminal. It inherits our standard files.
pub fn detach(host: &Host, words: &[&OsStr]) -> Result<Child> {
    // Who leads a group of processes stays, as when a person types this.
    _ = setsid();
    let program = std::env::current_exe().unwrap_or_else(|_| host.program().to_path_buf());
    let mut command = Command::new(&program);
    command.arg0("envr").arg("nix").args(words);
    command.spawn().with_context(|| format!("could not start `{}`", program.display()))
}

/// Has one shell made, and tells prompts where that is ended from outside.
pub fn attend(host: &Host, place: &Path) -> Result<()> {
    let worker = detach(host, &["evaluate".as_ref(), place.as_ref()])?;
    nix::attend(&Place::at(place.to_path_buf()), worker)
}

/// Makes one shell. Who waits for it reads standard output: what cannot be kept is said there.
pub fn evaluate(host: &Host, place: &Path) -> Result<()> {
    let made = nix::evaluate(&Place::at(place.to_path_buf()), &host.env);
    made.inspect_err(|error| _ = host.print(ui::causes(error).as_bytes()))
}

/// For a shell that sourced the library by itself: prints what `use flake` or `use nix` does.
pub fn print(host: &Host, words: &[OsString]) -> Result<()> {
    let (config, store) = (Config::load(host)?, Store::open(host)?);
    let world = World { host, config: &config, store: &store };
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let code = eval::print_nix(world, rc::working_directory(host)?, &words)?;
    host.print(&code)
}

/// Lists the shells that are kept, with what they hold of the store.
pub fn status(host: &Host) -> Result<()> {
    let config = Config::load(host)?;
    let mut page = String::new();
    for overview in nix::overviews(host, &config, None) {
        let Overview { request, state, .. } = &overview;
        let project = host.tilde(&request.project);
        writeln!(page, "{project}: `{}` {}", request.shown(), told(state, &request.project))?;
        if let Some(size) = overview.size(host) {
            let megabytes = size.bytes / 1_000_000;
            writeln!(page, "  {} store paths, {megabytes} MB", size.paths)?;
        }
        for dir in &overview.too_large {
            writeln!(page, "  too large to be looked through at each load: `{}`", host.tilde(dir))?;
        }
    }
    for place in nix::unreadable(host) {
        writeln!(page, "`{}` cannot be read: `envr nix gc` lets it go", host.tilde(place.dir()))?;
    }
    let lines: Vec<String> = page.lines().map(ui::escape).collect();
    if lines.is_empty() { Ok(()) } else { host.print_line(lines.join("\n")) }
}

/// The standing of a shell, in a few words.
pub fn told(state: &State, project: &Path) -> String {
    match state {
        State::Current => "is current".to_string(),
        State::BeingMade => "is being made".to_string(),
        State::OutOfDate(path) => {
            format!("is out of date: `{}` changed", nix::seen_from(project, path).display())
        }
        State::Unwanted => "is out of date: another one is wanted".to_string(),
        State::Failed => "could not be made: `envr nix log` says why".to_string(),
        State::Missing => "is not made yet".to_string(),
        State::Collected => "is gone from the store".to_string(),
        State::Abandoned => "is of no use: its project is gone".to_string(),
        State::Unasked => "is not asked for any more".to_string(),
        State::Foreign => "is of another machine, or of another version of envr".to_string(),
    }
}

/// Shows what nix said and did for the project; while it runs, as it comes.
pub fn log(host: &Host) -> Result<()> {
    let (rc, config) = governing(host)?;
    for overview in nix::overviews(host, &config, Some(rc.dir())) {
        host.print_line(format!("`{}`:", ui::escape(&overview.request.shown())))?;
        overview.read_log(|text| {
            let lines: Vec<String> = text.trim_end().lines().map(ui::escape).collect();
            host.print_line(format!("  {}", lines.join("\n  ")))
        })?;
    }
    Ok(())
}

/// Lets the shells go whose project is gone, or that were not loaded for longer than `older_than`.
pub fn gc(host: &Host, older_than: Option<&str>) -> Result<()> {
    let age = older_than.map(age).transpose()?;
    let config = Config::load(host)?;
    let mut count = 0;
    for place in nix::unreadable(host) {
        place.remove()?;
        count += 1;
        let dir = host.tilde(place.dir());
        host.print_line(ui::escape(&format!("`{dir}` is let go: it cannot be read")))?;
    }
    for overview in nix::overviews(host, &config, None) {
        let is_unused = age.is_some_and(|age| overview.is_older_than(age));
        let why = match (&overview.state, is_unused) {
            (State::Abandoned, _) => "its project is gone",
            (_, true) => "it was not used",
            (_, false) => continue,
        };
        overview.remove()?;
        count += 1;
        let (project, shown) = (host.tilde(&overview.request.project), overview.request.shown());
        host.print_line(ui::escape(&format!("{project}: `{shown}` is let go: {why}")))?;
    }
    if count > 0 {
        ui::hint(host, "nix-collect-garbage");
    }
    Ok(())
}

/// Copies the project's shells, as its files describe them, to another store.
pub fn copy(host: &Host, store: &str) -> Result<()> {
    let (rc, config) = governing(host)?;
    let (dir, path) = (rc.dir().to_path_buf(), rc.path.clone());
    load(host, &config, rc)?;
    let mut overviews = nix::overviews(host, &config, Some(&dir));
    overviews.retain(|overview| overview.state == State::Current);
    if overviews.is_empty() {
        bail!("could not find a nix shell of `{}`", path.display());
    }
    overviews.iter().try_for_each(|overview| overview.copy(host, store))
}

/// `30d`, `2w`, `12h`
fn age(text: &str) -> Result<Duration> {
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 7 * 24,
        _ => bail!("`{text}` is not an age: write it as `12h`, `30d` or `8w`"),
    };
    let number: u64 = number
        .parse()
        .with_context(|| format!("`{text}` is not an age: write it as `12h`, `30d` or `8w`"))?;
    Ok(Duration::from_secs(number.saturating_mul(hours).saturating_mul(3600)))
}

/// Has nix make the shells of the project anew, whatever is kept.
pub fn refresh(host: &Host) -> Result<()> {
    let (rc, config) = governing(host)?;
    let mut host = host.clone();
    nix::force(&mut host.env);
    load(&host, &config, rc)
}

fn load(host: &Host, config: &Config, rc: Rc) -> Result<()> {
    let path = rc.path.clone();
    match enter::enter(host, config, &Session::from_env(&host.env), rc)?.result {
        Entry::Loaded => Ok(()),
        Entry::Denied => bail!("could not load `{}`: it is denied", path.display()),
        Entry::Failed => Err(Told.into()),
    }
}

fn governing(host: &Host) -> Result<(Rc, Config)> {
    let config = Config::load(host)?;
    let rc = rc::find(host, &config, rc::working_directory(host)?)
        .context("no `.envrc` or `envr.toml` found here or above")?;
    Ok((rc, config))
}
