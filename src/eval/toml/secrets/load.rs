//! What the files of `[secrets]` hold, for shells or for commands.

use super::{AsPath, Audience, Secrets, Source, What};
use crate::env::Env;
use crate::eval::Outcome;
use crate::eval::secrets::age_variables;
use crate::host::Host;
use crate::secrets::keys::Prompt;
use crate::secrets::{
    Document, Format, Keys, Secret, Variables, decrypt_age, forbid_core_dumps, is_age, write_plain,
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
    variables: Variables,
    /// Variables, and what is to be in the files whose paths they hold.
    pub files: Variables,
    warnings: Vec<String>,
}

/// Why nothing of them counts.
#[derive(Debug)]
pub enum Stop {
    /// One of them may not be used.
    Refused(Reason),
    Failed(Error),
}

impl Stop {
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Refused(reason) => Outcome::Refused(reason),
            Self::Failed(error) => Outcome::Failed(error),
        }
    }
}

impl Given {
    /// The values, which are now in the environment, too.
    pub fn set_in(&self, env: &mut Env, host: &Host) -> Vec<Secret> {
        for warning in &self.warnings {
            ui::warn(host, warning);
        }
        for (name, value) in self.variables.iter() {
            env.set(name, OsStr::from_bytes(value.bytes()));
        }
        self.variables.iter().map(|(_, value)| value.clone()).collect()
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
        let keys = Keys::new(env, Prompt::Never, world.config.keyring);
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
                let variables = source.variables(&file, bytes, &keys).map_err(failed)?;
                source.hand_over(variables, &mut given).map_err(failed)?;
            }
        }
        given.warnings = keys.warnings();
        Ok(given)
    }

    /// Says what to do about the first variable that is required and not there.
    pub fn check_required(&self, env: &Env, files: &Variables) -> Result<()> {
        let is_file = |name: &str| files.iter().any(|(known, _)| known == name);
        let is_missing = |name: &str| env.get(name).is_none() && !is_file(name);
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
                    let found = age_variables(file, &text, keys.env())?.into_iter();
                    choice.of(found.map(|(name, value)| (vec![name], value)).collect())
                }
            };
        }
        let format = self.format.unwrap_or_else(|| Format::of_path(file));
        let opened = Document::read(bytes, format)?.open(keys)?;
        match &self.what {
            What::Whole(name) => Ok(whole(name, write_plain(&opened.branches, format)?)),
            What::Values(_) if format == Format::Binary => {
                bail!("it is one value: `name` says of which variable")
            }
            What::Values(choice) => {
                choice.of_branch(opened.branches.first().context("it holds nothing")?)
            }
        }
    }

    fn hand_over(&self, variables: Variables, given: &mut Given) -> Result<()> {
        let allowed: Vec<&str> = self.allowed.iter().map(String::as_str).collect();
        variables.check_names(&allowed)?;
        if let AsPath::Named(names) = &self.as_path {
            let is_there = |name: &&String| variables.iter().any(|(known, _)| known == *name);
            if let Some(name) = names.iter().find(|name| !is_there(name)) {
                bail!("`as_path` names `{name}`, which is no variable of it");
            }
        }
        for (name, value) in variables {
            let is_path = match &self.as_path {
                AsPath::None => false,
                AsPath::All => true,
                AsPath::Named(names) => names.contains(&name),
            };
            if is_path {
                given.files.set(&name, value);
            } else if value.bytes().contains(&0) {
                bail!("the value of `{name}` has a NUL byte: `as_path` hands over a file");
            } else {
                given.variables.set(&name, value);
            }
        }
        Ok(())
    }
}

fn whole(name: &str, value: Secret) -> Variables {
    let mut variables = Variables::default();
    variables.set(name, value);
    variables
}
