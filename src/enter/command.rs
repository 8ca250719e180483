//! The environment that a command gets: the rc's, and the secrets that are kept from shells.

use super::{Entry, blocked, enter, leave};
use crate::config::Config;
use crate::env::Env;
use crate::error::{Told, in_voice};
use crate::eval::toml::{Audience, Held, Secrets, Stop};
use crate::fs::read_regular;
use crate::host::{Host, Voice};
use crate::rc::{Kind, Rc};
use crate::secrets::Secret;
use crate::session::{self, Session};
use crate::toml;
use crate::trust::{self, Store, Verdict};
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Error, Result, anyhow, bail};
use std::path::Path;

/// An `envr.toml` larger than this many bytes is a mistake.
const TOML_LIMIT: u64 = 4 << 20;

/// An environment, and what of it is secret.
#[derive(Debug, Default)]
pub struct Commanded {
    pub env: Env,
    pub secrets: Vec<Secret>,
    pub held: Held,
}

/// What the rc makes of the environment outside, for a command; says on stderr what happens, and why it does not.
pub fn environment(host: &Host, config: &Config, rc: Option<Rc>) -> Result<Commanded> {
    let session = Session::from_env(&host.env);
    let Some(rc) = rc else {
        return Ok(Commanded { env: leave(host, &session)?, ..Commanded::default() });
    };
    let entered = enter(host, config, &session, rc.clone())?;
    match entered.result {
        Entry::Loaded => {}
        Entry::Denied => bail!(denied(host, &rc.path)),
        Entry::Failed => return Err(Error::new(Told)),
    }
    let commanded = Commanded { env: entered.env, secrets: entered.secrets, ..<_>::default() };
    let store = Store::open(host)?;
    let world = World { host, config, store: &store };
    // It was told already where there is no way back.
    let outer = session.outside(&host.env);
    with_secrets(world, &rc, &outer, commanded)
}

fn denied(host: &Host, path: &Path) -> Error {
    let path = path.display();
    let theirs = format!("{path} is blocked. Run `direnv allow` to approve its content");
    in_voice(host, theirs, anyhow!("could not load `{path}`: it is denied"))
}

/// Adds what the `envr.toml` beside the rc, or in its place, has for commands.
fn with_secrets(world: World, rc: &Rc, outer: &Env, before: Commanded) -> Result<Commanded> {
    let World { host, store, .. } = world;
    let file = rc.dir().join(toml::NAME);
    let shown = host.tilde(&file);
    if host.voice == Voice::Direnv || !has_secrets(&file) {
        return Ok(before);
    }
    let mut watches = Watches::default();
    let mut trusted = match trust::judge(world, Rc::at(file.clone()), &mut watches) {
        Verdict::Allowed(trusted) => trusted,
        Verdict::Denied => bail!("could not use `{shown}`: it is denied"),
        Verdict::Blocked(reason) => return Err(blocked(host, &file, &reason)),
        Verdict::Unusable(why) => bail!("could not use `{shown}`: {why}"),
    };
    let secrets = Secrets::of_file(Path::new(&shown), trusted.bytes())?;
    // What is for shells is there already where the rc is this file itself.
    let audiences: &[Audience] = match rc.kind {
        Kind::Toml => &[Audience::Commands],
        Kind::Envrc | Kind::Dotenv => &[Audience::Shells, Audience::Commands],
    };
    let Commanded { mut env, secrets: mut values, .. } = before;
    let given = match secrets.load(audiences, &mut trusted, world, &env) {
        Ok(given) => given,
        Err(Stop::Refused(reason)) => return Err(blocked(host, &file, &reason)),
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Interrupted) => bail!("could not use `{shown}`: interrupted"),
    };
    trusted.remember(store, true)?;
    values.extend(given.set_in(&mut env, host).into_iter().map(|secret| secret.value));
    secrets.check_required(&env, &given.held)?;
    watches.merge(Session::from_env(&env).watches()?);
    watches.merge(trusted.watches().clone());
    session::record(outer, &mut env, &rc.path, &watches);
    Ok(Commanded { env, secrets: values, held: given.held })
}

/// Looks at what nobody approved yet, to leave those in peace whose file is for services alone.
fn has_secrets(file: &Path) -> bool {
    let bytes = read_regular(file, TOML_LIMIT).ok().flatten();
    let secrets = bytes.map(|bytes| Secrets::of_file(file, &bytes));
    secrets.is_some_and(|secrets| !secrets.is_ok_and(|secrets| secrets.is_empty()))
}
