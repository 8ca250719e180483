//! What the files of `[secrets]` hold, for shells or for commands.

use super::{AsFile, Audience, Secrets, Source, What};
use crate::env::Env;
use crate::eval::Outcome;
use crate::eval::secrets::{Disclosed, age_variables};
use crate::host::Host;
use crate::secrets::keys::Prompt;
use crate::secrets::{
    Document, Format, Keys, Layout, Secret, Variables, decrypt_age, forbid_core_dumps, is_age,
    write_plain,
};
use crate::trust::{Execution, Reason, Trusted};
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Error, Result, anyhow, bail};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What came of the files.
#[derive(Debug, Default)]
pub struct Given {
    variables: Vec<Disclosed>,
    pub held: Held,
    warnings: Vec<String>,
}

/// Variables for commands, and what is to be in the files whose paths they hold.
#[derive(Debug, Default)]
pub struct Held {
    /// In a private directory.
    pub files: Variables,
    /// Without a name, open in the command.
    pub descriptors: Variables,
}

impl Held {
    fn has(&self, name: &str) -> bool {
        self.files.iter().chain(self.descriptors.iter()).any(|(known, _)| known == name)
    }

    pub fn into_values(self) -> impl Iterator<Item = Secret> {
        self.files.into_iter().chain(self.descriptors).map(|(_, value)| value)
    }
}

/// Why nothing of them counts.
#[derive(Debug)]
pub enum Stop {
    /// One of them may not be used.
    Refused(Reason),
    Failed(Error),
    /// The user pressed Ctrl-C while another program was asked for a key.
    Interrupted,
}

impl Stop {
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Refused(reason) => Outcome::Refused(reason),
            Self::Failed(error) => Outcome::Failed(error),
            Self::Interrupted => Outcome::Interrupted,
        }
    }
}

impl Given {
    /// The values, which are now in the environment, too.
    pub fn set_in(&self, env: &mut Env, host: &Host) -> Vec<Disclosed> {
        for warning in &self.warnings {
            ui::warn(host, warning);
        }
        for Disclosed { name, value, .. } in &self.variables {
            env.set(name, OsStr::from_bytes(value.bytes()));
        }
        self.variables.clone()
    }
}

impl Secrets {
    /// Decrypts what is for these audiences. `env` says where keys are. Every file is judged, for whomever it is, so
    /// that the approval knows all of them.
    pub fn load(
        &self,
        audiences: &[Audience],
        trusted: &mut Trusted,
        world: World,
        env: &Env,
    ) -> Result<Given, Stop> {
        let mut given = Given::default();
        if self.sources.is_empty() {
            return Ok(given);
        }
        forbid_core_dumps();
        let dir = trusted.rc().dir().to_path_buf();
        let keys = Keys::new(world.host, world.config, env, Prompt::Never);
        for source in &self.sources {
            let file = source.file(&dir);
            let failed = |error: Error| {
                Stop::Failed(error.context(format!("could not load `{}`", world.host.tilde(&file))))
            };
            let bytes = match trusted.judge_executed(world.store, &file, false) {
                Ok(Execution::Run(bytes)) => bytes,
                Ok(Execution::Refused(reason)) => return Err(Stop::Refused(reason)),
                Ok(Execution::Absent) if source.is_optional => continue,
                Ok(Execution::Absent) => return Err(failed(anyhow!("there is no such file"))),
                Err(error) => return Err(failed(anyhow!(ui::plain(&error)))),
            };
            if audiences.contains(&source.for_whom) {
                let variables = match source.variables(&file, bytes, &keys) {
                    Ok(variables) => variables,
                    Err(_) if keys.search().stopped().is_some() => return Err(Stop::Interrupted),
                    Err(error) => return Err(failed(error)),
                };
                source.hand_over(variables, &file, &mut given).map_err(failed)?;
            }
        }
        given.warnings = keys.warnings();
        Ok(given)
    }

    /// Says what to do about the first variable that is required and not there.
    pub fn check_required(&self, env: &Env, held: &Held) -> Result<()> {
        let is_missing = |name: &str| env.get(name).is_none() && !held.has(name);
        match self.required.iter().find(|(name, _)| is_missing(name)) {
            Some((name, help)) => bail!("`{name}` is required and not set: {help}"),
            None => Ok(()),
        }
    }
}

impl Source {
    fn variables(&self, file: &Path, bytes: Vec<u8>, keys: &Keys) -> Result<Variables> {
        if is_age(&bytes) {
            let text = decrypt_age(&bytes, keys.identities())?;
            return match &self.what {
                What::Whole(name) => Ok(whole(name, text)),
                What::Values(choice) => {
                    let found = age_variables(file, &text, keys.search().env)?.into_iter();
                    choice.of(found.map(|(name, value)| (vec![name], value)).collect())
                }
            };
        }
        let format = self.format.unwrap_or_else(|| Format::of_path(file));
        let opened = Document::read(bytes, format)?.open(keys)?;
        match &self.what {
            What::Whole(name) => {
                Ok(whole(name, write_plain(&opened.branches, format, &Layout::default())?))
            }
            What::Values(_) if format == Format::Binary => {
                bail!("it is one value: `name` says of which variable")
            }
            What::Values(choice) => {
                choice.of_branch(opened.branches.first().context("it holds nothing")?)
            }
        }
    }

    fn hand_over(&self, variables: Variables, file: &Path, given: &mut Given) -> Result<()> {
        let allowed: Vec<&str> = self.allowed.iter().map(String::as_str).collect();
        variables.check_names(&allowed)?;
        self.as_path.check("as_path", &variables)?;
        self.as_fd.check("as_fd", &variables)?;
        for (name, value) in variables {
            if self.as_fd.means(&name) {
                given.held.descriptors.set(&name, value);
            } else if self.as_path.means(&name) {
                given.held.files.set(&name, value);
            } else if value.bytes().contains(&0) {
                bail!("the value of `{name}` has a NUL byte: `as_path` hands over a file");
            } else {
                given.variables.push(Disclosed { name, value, file: file.to_path_buf() });
            }
        }
        Ok(())
    }
}

impl AsFile {
    fn means(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(names) => names.iter().any(|known| known == name),
        }
    }

    fn check(&self, key: &str, variables: &Variables) -> Result<()> {
        let Self::Named(names) = self else { return Ok(()) };
        let is_there = |name: &&String| variables.iter().any(|(known, _)| known == *name);
        match names.iter().find(|name| !is_there(name)) {
            Some(name) => bail!("`{key}` names `{name}`, which is no variable of it"),
            None => Ok(()),
        }
    }
}

fn whole(name: &str, value: Secret) -> Variables {
    let mut variables = Variables::default();
    variables.set(name, value);
    variables
}
