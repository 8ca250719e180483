//! `[nix]`: the development shell that an `envr.toml` stands on.

use crate::config::ShellHook;
use crate::error::Told;
use crate::eval::{Evaluation, Lane, Outcome, Start, native, stdlib};
use crate::nix::{self, Brought, Effect, Function, Kept, LoneHook, Once, Request, Wishes};
use crate::toml::Table;
use crate::trust::Trusted;
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Result, bail};
use std::os::unix::ffi::OsStrExt as _;

/// What is asked for, in the words of `use flake` and `use nix`.
#[derive(Debug, PartialEq, Eq)]
pub struct NixShell {
    function: Function,
    words: Vec<String>,
    wishes: Wishes,
    /// Where the table starts.
    pub line: usize,
}

impl NixShell {
    /// Takes the table out of the file's.
    pub fn take(top: &mut Table) -> Result<Option<Self>> {
        let Some(table) = top.take("nix") else { return Ok(None) };
        let line = table.line();
        let mut table = table.table()?;
        let flake = table.string("flake")?;
        let file = table.string("file")?;
        let attribute = table.string("attribute")?;
        let packages = table.strings("packages")?;
        let (function, mut words) = match (flake, file, attribute) {
            (Some(flake), None, None) if packages.is_empty() => (Function::UseFlake, vec![flake]),
            (None, Some(file), None) if packages.is_empty() => (Function::UseNix, vec![file]),
            (None, Some(file), Some(attribute)) if packages.is_empty() => {
                (Function::UseNix, vec![file, "--attr".to_string(), attribute])
            }
            (None, None, None) if !packages.is_empty() => {
                (Function::UseNix, [vec!["--packages".to_string()], packages].concat())
            }
            _ => {
                return Err(table.mistake(
                    "it wants one of `flake`, `file` and `packages`; `attribute` goes with `file`",
                ));
            }
        };
        words.extend(table.strings("arguments")?);
        let wishes = Wishes {
            manual: table.bool("manual_reload")?.unwrap_or(false),
            no_fallback: table.bool("fallback")? == Some(false),
        };
        table.finish()?;
        Ok(Some(Self { function, words, wishes, line }))
    }

    /// What comes of the environment outside with the shell and its hook.
    pub fn enter(&self, start: &Start, trusted: &mut Trusted) -> Evaluation {
        let mut watches = start.watches.clone();
        let dir = trusted.rc().dir();
        let words: Vec<&[u8]> = self.words.iter().map(String::as_bytes).collect();
        let brought =
            self.function.request(start.world.config, (dir, dir), &words).and_then(|request| {
                let env = (start.outer, self.wishes);
                Ok((nix::bring(start.world, &request, env, &mut watches)?, request))
            });
        let (kept, request, is_fallback) = match brought {
            Ok((Brought::Shell(kept), request)) => (kept, request, false),
            Ok((Brought::Fallback(kept), request)) => (kept, request, true),
            Ok((Brought::Nothing, _)) => return without(Outcome::Failed(Told.into()), watches),
            Ok((Brought::Unmade, _)) => {
                return without(Outcome::Loaded(start.outer.clone()), watches);
            }
            Ok((Brought::Interrupted, _)) => return without(Outcome::Interrupted, watches),
            Err(error) => return without(Outcome::Failed(error), watches),
        };
        let mut evaluation = with(start, trusted, (&request, &kept));
        evaluation.watches.merge(watches);
        evaluation.fell_short = is_fallback;
        if let (Outcome::Loaded(env), true) = (&mut evaluation.outcome, is_fallback) {
            env.set(nix::DID_FALLBACK, "1");
        }
        evaluation
    }
}

fn without(outcome: Outcome, watches: Watches) -> Evaluation {
    Evaluation::new(Lane::Native, outcome, watches)
}

/// As `use` at the end of an `.envrc` would bring it: by envr itself where that can run the hook, else by a bash.
fn with(start: &Start, trusted: &mut Trusted, (request, kept): (&Request, &Kept)) -> Evaluation {
    let dir = request.dir.as_os_str().as_bytes().to_vec();
    let native = native::attempt(start, trusted, |shell| {
        shell.is_last = true;
        shell.in_directory(dir, |shell| {
            shell.status = stdlib::enter_nix(shell, request, kept)?;
            Ok(())
        })
    });
    native.unwrap_or_else(|_| {
        let outcome = in_bash(start, trusted, (request, kept)).unwrap_or_else(Outcome::Failed);
        Evaluation::new(Lane::Native, outcome, start.watches.clone())
    })
}

fn in_bash(
    start: &Start,
    trusted: &Trusted,
    (request, kept): (&Request, &Kept),
) -> Result<Outcome> {
    let World { host, config, .. } = start.world;
    let mut env = start.outer.clone();
    kept.environment.apply(&mut env, nix::noise(config));
    if nix::hook(kept, config).is_none() {
        return Ok(Outcome::Loaded(env));
    }
    if config.nix.shell_hook == ShellHook::OnChange {
        let bash = config.bash(host, start.outer)?;
        match Effect::kept_or_made(start.world, (request, kept), &env, &bash)? {
            Some(Once::Left(effect)) => {
                effect.apply(&mut env);
                return Ok(Outcome::Loaded(env));
            }
            Some(Once::Ended(status)) => {
                bail!(
                    "could not run the `shellHook` of `{}`: it exited with status {status}",
                    request.shown()
                )
            }
            Some(Once::Interrupted) => return Ok(Outcome::Interrupted),
            None => {}
        }
    }
    match LoneHook::of(kept, request.dir.clone(), &[]) {
        Some(hook) => Ok(stdlib::run_hook(start, trusted, &hook, env)),
        None => bail!("could not run the `shellHook` of `{}`: it is too large", request.shown()),
    }
}
