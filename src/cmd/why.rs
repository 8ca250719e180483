//! `why`: which file and line set a variable.

use crate::config::Config;
use crate::diff;
use crate::enter::{self, leave};
use crate::env::is_name;
use crate::error::Told;
use crate::eval::{self, Outcome, Step, Trace};
use crate::host::Host;
use crate::rc::{self, Rc};
use crate::session::Session;
use crate::trust::{self, Store, Trusted, Verdict};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::fmt::Write as _;

/// Prints each line of the rc, and of what it executes, that changed the variable, and each secrets file that it is from;
/// the last one counts. Fails when there is none.
pub fn why(host: &Host, name: &OsStr) -> Result<()> {
    let shown = name.display();
    if !is_name(name.as_encoded_bytes()) {
        bail!("could not look for `{shown}`: it is not a variable's name");
    }
    let config = Config::load(host)?;
    let session = Session::from_env(&host.env);
    let outer = leave(host, &session)?;
    let found = rc::find(host, &config, rc::working_directory(host)?);
    let Some(found) = still_loaded(host, &session, found.as_ref(), name)?.or(found) else {
        bail!("`{shown}` is not set by an `.envrc`: there is none here or in a directory above");
    };
    let store = Store::open(host)?;
    let world = World { host, config: &config, store: &store };
    let mut trusted = judged(world, found)?;
    let Trace { steps, secrets, outcome } = eval::trace(world, &mut trusted, &outer, name)?;
    let path = host.tilde(&trusted.rc().path);
    for step in &steps {
        host.print_line(line(host, step))?;
    }
    for file in &secrets {
        host.print_line(ui::escape(&host.tilde(file)))?;
    }
    match outcome {
        Outcome::Loaded(env) if steps.is_empty() && secrets.is_empty() => {
            let why = if diff::changes(&outer, &env).contains_key(name) {
                "no command of bash is seen to, for something in it has a DEBUG trap of its own"
            } else if outer.get(name).is_some() {
                "its value comes from outside"
            } else {
                "it is not set at all"
            };
            bail!("`{path}` does not set `{shown}`: {why}")
        }
        Outcome::Loaded(env) => {
            if env.get(name).is_none() && outer.get(name).is_none() {
                ui::note(host, &format!("`{path}` does not export `{shown}`"));
            }
            Ok(())
        }
        Outcome::Failed(error) => Err(error),
        Outcome::Refused(reason) => Err(enter::blocked(host, &trusted.rc().path, &reason)),
        Outcome::Interrupted | Outcome::Silent => bail!("could not load `{path}` to its end"),
    }
}

/// The rc that the variable is from, though the next prompt takes it back: no prompt came since the directory or the file
/// changed.
fn still_loaded(
    host: &Host,
    session: &Session,
    found: Option<&Rc>,
    name: &OsStr,
) -> Result<Option<Rc>> {
    let Some(file) = session.file.as_ref().filter(|file| found.is_none_or(|rc| rc.path != **file))
    else {
        return Ok(None);
    };
    if !session.names()?.contains(name) {
        return Ok(None);
    }
    let (shown, path) = (name.display(), host.tilde(file));
    if !file.exists() {
        bail!("`{shown}` is from `{path}`, which is gone: the next prompt takes it back");
    }
    ui::note(host, &format!("`{path}` is still loaded; the next prompt takes it back"));
    Ok(Some(Rc::at(file.clone())))
}

fn judged(world: World, rc: Rc) -> Result<Trusted> {
    let path = rc.path.clone();
    match trust::judge(world, rc, &mut Watches::default()) {
        Verdict::Allowed(trusted) => Ok(trusted),
        Verdict::Blocked(reason) => Err(enter::blocked(world.host, &path, &reason)),
        Verdict::Denied => {
            ui::fail(world.host, &format!("could not run `{}`: it is denied", path.display()));
            ui::hint(world.host, "envr allow");
            Err(Told.into())
        }
        Verdict::Unusable(why) => bail!("could not run `{}`: {why}", path.display()),
    }
}

fn line(host: &Host, step: &Step) -> String {
    let mut line = format!("{}:{}", host.tilde(&step.file), step.line);
    let text = trust::read(&step.file).ok();
    let text =
        text.as_deref().and_then(|text| text.split(|byte| *byte == b'\n').nth(step.line - 1));
    if let Some(text) = text {
        _ = write!(line, ": {}", String::from_utf8_lossy(text.trim_ascii()));
    }
    ui::escape(&line)
}
