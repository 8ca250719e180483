//! `use flake` and `use nix`, where the shell is known; what nix must be asked for is waited for beside bash.

use crate::config::ShellHook;
use crate::env::Env;
use crate::eval::bash::why;
use crate::eval::native::{Flow, Shell, needs_bash};
use crate::eval::parse::parse;
use crate::eval::{Outcome, Start};
use crate::nix::{self, Effect, Function, Hooked, Kept, LoneHook, Request};
use crate::trust::Trusted;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::rc::Rc;

/// `use flake …` or `use nix …`
pub fn use_(shell: &mut Shell<'_>, arguments: &[&[u8]]) -> Flow<u8> {
    let Some(function) = arguments.first().and_then(|name| Function::of(name)) else {
        return needs_bash("what is to be used");
    };
    shell.log_status(&[b"using ", arguments.join(&b' ').as_slice()].concat());
    call(shell, function, &arguments[1..])
}

/// A hook that bash must run needs no more than that where nothing comes after it.
fn leave_for_the_end(shell: &mut Shell<'_>, kept: &Kept) -> Flow<u8> {
    let dir = PathBuf::from(OsStr::from_bytes(shell.dir()));
    let unexported: Vec<_> = shell.variables.unexported().collect();
    let is_function = |word: &str| super::is_function(word.as_bytes());
    match LoneHook::at_the_end(kept, dir, &unexported, is_function).filter(|_| shell.is_last) {
        Some(hook) => {
            shell.last_hook = Some(hook);
            Ok(0)
        }
        None => needs_bash("a `shellHook`"),
    }
}

/// Runs the hook at the end of an rc, which left `env`.
pub fn run_hook(start: &Start, trusted: &Trusted, hook: &LoneHook, env: Env) -> Outcome {
    let world = start.world;
    let bash = match world.config.bash(world.host, start.outer) {
        Ok(bash) => bash,
        Err(error) => return Outcome::Failed(error),
    };
    let mut env = env;
    env.set("PWD", &hook.dir);
    match hook.run(&bash, world, &env) {
        Ok(Hooked::Left(left)) => Outcome::Loaded(left),
        Ok(Hooked::Ended(status)) if status.success() => Outcome::Silent,
        Ok(Hooked::Ended(status)) => Outcome::Failed(why(world.host, trusted, status)),
        Ok(Hooked::Interrupted) => Outcome::Interrupted,
        Err(error) => Outcome::Failed(error),
    }
}

/// `use_flake …` or `use_nix …`
pub fn call(shell: &mut Shell<'_>, function: Function, arguments: &[&[u8]]) -> Flow<u8> {
    let dir = PathBuf::from(OsStr::from_bytes(shell.dir()));
    let project = shell.trusted.rc().dir().to_path_buf();
    let Ok(request) = function.request(shell.world.config, (&project, &dir), arguments) else {
        return needs_bash("a nix shell like this");
    };
    let request = request.with_watched(&shell.watched);
    let env = shell.variables.environment();
    let Some(kept) = nix::known(shell.world, &request, &env, &mut shell.watches) else {
        return needs_bash("a nix shell that is not made yet, or is out of date");
    };
    enter_from(shell, (&request, &kept), &env)
}

/// Brings a nix shell into the script, with its hook.
pub fn enter(shell: &mut Shell<'_>, request: &Request, kept: &Kept) -> Flow<u8> {
    let env = shell.variables.environment();
    enter_from(shell, (request, kept), &env)
}

/// `env` is what the script exports so far.
fn enter_from(shell: &mut Shell<'_>, (request, kept): (&Request, &Kept), env: &Env) -> Flow<u8> {
    let config = shell.world.config;
    let noise = nix::noise(config);
    if kept.environment.has_names_of_bash {
        return needs_bash("a variable of bash's own");
    }
    let mut hook = nix::hook(kept, config);
    if hook.is_some() && config.nix.shell_hook == ShellHook::OnChange {
        let Some(effect) = Effect::kept(shell.world.host, request, kept) else {
            return needs_bash("a `shellHook` that did not run yet");
        };
        let mut after = env.clone();
        kept.environment.apply(&mut after, noise);
        effect.apply(&mut after);
        for (name, value) in crate::diff::changes(env, &after) {
            export(shell, name.as_bytes(), value.as_deref());
        }
        hook = None;
    } else {
        for (name, value) in kept.environment.changes(env, noise) {
            export(shell, name.as_bytes(), value.as_deref());
        }
    }
    let Some(hook) = hook else { return Ok(0) };
    // What only bash can hold would be a program, or nothing, to us.
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut words = hook.split(|letter| !is_part(letter));
    let needs_setup = words.any(|word| kept.defined.iter().any(|name| name == word));
    let script = match parse(hook.as_bytes()) {
        Ok(script) if !needs_setup => script,
        _ => return leave_for_the_end(shell, kept),
    };
    // What it may read beside the environment is gone when it ends.
    let beside: Vec<(&str, &str)> = kept
        .environment
        .for_the_hook()
        .filter(|(name, _)| shell.variables.get(name.as_bytes()).is_none())
        .collect();
    for (name, value) in &beside {
        shell.variables.set(name.as_bytes(), value.as_bytes().to_vec());
    }
    let script = Rc::new(script);
    shell.with_parameters(None, |shell| {
        shell.deeper(|shell| shell.run_script(b"shellHook", &script))
    })?;
    for (name, _) in beside {
        shell.variables.unset(name.as_bytes());
    }
    Ok(0)
}

fn export(shell: &mut Shell<'_>, name: &[u8], value: Option<&OsStr>) {
    match value {
        Some(value) => {
            shell.variables.set(name, value.as_bytes().to_vec());
            shell.variables.export(name);
        }
        None => shell.variables.unset(name),
    }
}
