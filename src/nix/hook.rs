//! The bash code that brings a shell into an evaluation: the changes, and the `shellHook` with what it may call; and a
//! bash for a hook alone.

use super::effect::{Effect, Once};
use super::environment::Noise;
use super::kept::Kept;
use super::request::Request;
use crate::config::{Config, ShellHook};
use crate::diff;
use crate::env::Env;
use crate::eval::{Interrupt, LineMode, Vigil, kill_with_descendants, reported_environment};
use crate::shell::{Shell, bash_word};
use crate::world::World;
use anyhow::{Context as _, Result};
use signal_hook::low_level::emulate_default_handler;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Turns `env` into what it is with the shell, but for a hook that bash must run; returns the code that does the same, with
/// the hook. `None` when the user pressed Ctrl-C.
pub fn code(
    world: World,
    request: &Request,
    kept: &Kept,
    (env, outer): (&mut Env, &Env),
) -> Result<Option<Vec<u8>>> {
    let config = world.config;
    let before = env.clone();
    kept.environment.apply(env, noise(config));
    let once = match hook(kept, config) {
        Some(_) if config.nix.shell_hook == ShellHook::OnChange => {
            let bash = config.bash(world.host, outer)?;
            Effect::kept_or_made(world, (request, kept), env, &bash)?
        }
        _ => None,
    };
    let end = match once {
        Some(Once::Left(effect)) => {
            effect.apply(env);
            Vec::new()
        }
        Some(Once::Ended(status)) => format!("exit {status}\n").into_bytes(),
        Some(Once::Interrupted) => return Ok(None),
        None => hook(kept, config).map(|hook| run_here(kept, hook, env)).unwrap_or_default(),
    };
    let mut code = Shell::Bash.render(&diff::changes(&before, env));
    code.push(b'\n');
    code.extend(end);
    Ok(Some(code))
}

/// Code that runs the hook where it stands.
fn run_here(kept: &Kept, hook: &str, env: &Env) -> Vec<u8> {
    let beside = kept.environment.for_the_hook().filter(|(name, _)| env.get(name).is_none());
    let mut code = prelude(kept, beside);
    code.extend(restored(&kept.defined, env));
    // Neither its status nor a `return` in it is ours.
    code.extend(b"__envr_hook() { eval ");
    code.extend(bash_word(hook.as_bytes()));
    code.extend(b"; }\n__envr_hook\nunset -f __envr_hook\n");
    for name in &kept.defined {
        code.extend(["unset -f ", name, "\n"].concat().bytes());
    }
    code.extend(b"true\n");
    code
}

/// What the hook may read and call. A name that is exported keeps its value: assigning it would change the environment.
fn prelude<'a>(kept: &Kept, beside: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut code = Vec::new();
    for (name, value) in beside {
        assign(&mut code, name.as_bytes(), value.as_bytes());
    }
    if let Some(file) = &kept.setup {
        code.extend(b". ");
        code.extend(bash_word(file.as_os_str().as_bytes()));
        code.push(b'\n');
    }
    code
}

/// What is exported stays so where an array of the shell has its name.
fn restored(defined: &[String], env: &Env) -> Vec<u8> {
    let mut code = Vec::new();
    for (name, value) in defined.iter().filter_map(|name| Some((name, env.get(name)?))) {
        code.extend(["unset -v ", name, "\nexport "].concat().bytes());
        assign(&mut code, name.as_bytes(), value.as_bytes());
    }
    code
}

pub fn assign(code: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    code.extend(name);
    code.push(b'=');
    code.extend(bash_word(value));
    code.push(b'\n');
}

/// The hook, where there is one to run.
pub fn hook<'a>(kept: &'a Kept, config: &Config) -> Option<&'a str> {
    let hook = kept.environment.hook.as_str();
    (config.nix.shell_hook != ShellHook::Never && !hook.trim().is_empty()).then_some(hook)
}

pub fn noise(config: &Config) -> Noise {
    if config.nix.raw_env { Noise::Kept } else { Noise::Dropped }
}

const SCRIPT: &str = include_str!("../../shell-hooks/nix-hook.bash");
const END: &[u8] = b"\0end";
/// A single argument of a program may have 128 KiB.
const ARGUMENT_LIMIT: usize = 100_000;

/// A hook that needs a bash, but no evaluation around it.
#[derive(Debug)]
pub struct LoneHook {
    pub dir: PathBuf,
    prelude: Vec<u8>,
    /// Functions and arrays of the shell.
    defined: Vec<String>,
    hook: String,
}

/// What became of it.
#[derive(Debug)]
pub enum Hooked {
    Left(Env),
    Ended(ExitStatus),
    Interrupted,
}

impl LoneHook {
    /// A hook that is the last thing an rc does. `None` where it calls a function of the library, or leaves behind what
    /// an evaluation would warn of.
    pub fn at_the_end(
        kept: &Kept,
        dir: PathBuf,
        unexported: &[(&[u8], &[u8])],
        is_function: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let hook = &kept.environment.hook;
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        let mut words = hook.split(|letter| !is_part(letter));
        let needs_more = |word: &str| {
            is_function(word) || matches!(word, "alias" | "direnv" | "envr" | "function")
        };
        let is_enough = !hook.contains("()") && !words.any(needs_more);
        is_enough.then(|| Self::of(kept, dir, unexported)).flatten()
    }

    /// `None` for one that is too large to be handed over.
    pub fn of(kept: &Kept, dir: PathBuf, unexported: &[(&[u8], &[u8])]) -> Option<Self> {
        let hook = kept.environment.hook.clone();
        let mut prelude = Vec::new();
        for (name, value) in unexported {
            assign(&mut prelude, name, value);
        }
        let known = |name: &str| unexported.iter().any(|(known, _)| *known == name.as_bytes());
        let beside = kept.environment.for_the_hook().filter(|(name, _)| !known(name));
        prelude.extend(self::prelude(kept, beside));
        (hook.len().max(prelude.len()) < ARGUMENT_LIMIT).then(|| Self {
            dir,
            prelude,
            defined: kept.defined.clone(),
            hook,
        })
    }

    /// Runs it in `env`. Its stdin is the user's; what it prints goes to stderr.
    pub fn run(&self, bash: &Path, world: World, env: &Env) -> Result<Hooked> {
        let mut vigil = Vigil::start(world)?;
        let mut command = Command::new(bash);
        command.arg("-c").arg(SCRIPT).arg(bash);
        let prelude = [&*self.prelude, &*restored(&self.defined, env)].concat();
        command.arg(OsStr::from_bytes(&prelude)).arg(&self.hook);
        command.env_clear().envs(env.iter()).current_dir(&self.dir);
        let mut report = unnamed_file(env).context("could not make a file for bash")?;
        command.stdout(report.try_clone()?).stderr(io::stderr().as_fd().try_clone_to_owned()?);
        if world.config.disable_stdin {
            command.stdin(Stdio::null());
        }
        let mut line_mode = LineMode::enter();
        let mut child =
            command.spawn().with_context(|| format!("could not start `{}`", bash.display()))?;
        let status = loop {
            let ready = vigil.wait(&[], world.host)?;
            if ready.must_kill {
                kill_with_descendants(&child);
            }
            if let Some(signal) = ready.fatal {
                kill_with_descendants(&child);
                line_mode.leave();
                _ = emulate_default_handler(signal);
            }
            if ready.has_end
                && let Some(status) = child.try_wait().context("could not wait for bash")?
            {
                break status;
            }
        };
        line_mode.leave();
        let mut left = Vec::new();
        report
            .rewind()
            .and_then(|()| report.read_to_end(&mut left))
            .context("could not read from bash")?;
        Ok(match left.strip_suffix(END) {
            _ if vigil.interrupt == Interrupt::Forced => Hooked::Interrupted,
            Some(declarations) if status.success() => {
                reported_environment(env, declarations).map_or(Hooked::Ended(status), Hooked::Left)
            }
            _ if vigil.interrupt == Interrupt::Asked => Hooked::Interrupted,
            _ => Hooked::Ended(status),
        })
    }
}

/// bash writes line by line, and each line in a pipe would wake us. What is in the file is gone with it.
#[cfg(target_os = "linux")]
fn unnamed_file(_: &Env) -> Result<File> {
    Ok(rustix::fs::memfd_create("envr", rustix::fs::MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file(env: &Env) -> Result<File> {
    let stage = crate::eval::Stage::new(env)?;
    let path = stage.path().join("report");
    Ok(File::options().read(true).write(true).create_new(true).open(path)?)
}
