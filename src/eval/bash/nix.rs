//! `use flake` and `use nix` of a script: what envr keeps comes as code, what it must ask nix for is waited for.

use super::conversation::Conversation;
use super::report;
use crate::env::Env;
use crate::eval::in_progress;
use crate::host::Voice;
use crate::nix::{self, Brought, Function, Wishes};
use crate::session;
use crate::shell::{Shell, bash_word};
use crate::ui;
use crate::watch::Watches;
use anyhow::{Context as _, Result};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What a script goes on with where there is no shell: `||` and its like decide.
const FAIL: &[u8] = b"return 1\n";

/// `MANUAL FALLBACK DIR FUNCTION ARGUMENT… DECLARATIONS`: what `nix_direnv_manual_reload` and
/// `nix_direnv_disallow_fallback` left, the directory, the call, and the script's environment.
pub struct Question<'a> {
    wishes: Wishes,
    dir: &'a Path,
    function: Function,
    arguments: &'a [&'a [u8]],
    env: Env,
    watches: Watches,
}

impl<'a> Question<'a> {
    pub fn read(words: &'a [&'a [u8]]) -> Option<Self> {
        let [manual, fallback, dir, function, arguments @ .., declarations] = words else {
            return None;
        };
        let mut env: Env = report::exported(declarations)?.into_iter().collect();
        let watches = session::watches_of(&env).unwrap_or_default();
        session::clear(&mut env);
        env.unset("DIRENV_IN_ENVRC");
        env.unset(in_progress::VARIABLE);
        Some(Self {
            wishes: Wishes { manual: *manual == b"1", no_fallback: *fallback == b"0" },
            dir: Path::new(OsStr::from_bytes(dir)),
            function: Function::of(function)?,
            arguments,
            env,
            watches,
        })
    }
}

impl Conversation<'_> {
    /// Code for the script; `None` when the user does not want to wait any longer.
    pub fn use_nix(&mut self, question: Question) -> Option<Vec<u8>> {
        let mut seen = Watches::default();
        let code = match self.shell_code(&question, &mut seen) {
            Ok(Some(code)) => code,
            Ok(None) => {
                self.watches.merge(seen);
                return None;
            }
            Err(error) => {
                ui::error(self.world.host, &error);
                FAIL.to_vec()
            }
        };
        let mut watches = question.watches;
        watches.merge(seen.clone());
        self.watches.merge(seen);
        let mut reply = format!("export {}=", session::WATCHES).into_bytes();
        reply.extend(bash_word(watches.encode().as_bytes()));
        reply.push(b'\n');
        reply.extend(code);
        Some(reply)
    }

    /// A script that wanted a shell and goes on without one, as if there were no such failure, fell short of it.
    pub fn fall_short(&mut self) {
        self.fell_short = self.world.host.voice == Voice::Envr;
    }

    fn shell_code(&mut self, question: &Question, seen: &mut Watches) -> Result<Option<Vec<u8>>> {
        let Question { wishes, dir, function, arguments, env, .. } = question;
        let project = self.trusted.rc().dir();
        let request = function.request(self.world.config, (project, dir), arguments)?;
        let request = request.with_watched(&self.watched);
        let mut env = env.clone();
        let (kept, is_fallback) = match nix::bring(self.world, &request, (&env, *wishes), seen)? {
            Brought::Shell(kept) => (kept, false),
            Brought::Fallback(kept) => (kept, true),
            Brought::Nothing => return Ok(Some(FAIL.to_vec())),
            Brought::Unmade => return Ok(Some(Vec::new())),
            Brought::Interrupted => return Ok(None),
        };
        let mut code = nix::code(self.world, &request, &kept, (&mut env, self.outer))?;
        if let Some(code) = code.as_mut().filter(|_| is_fallback) {
            let told = [(nix::DID_FALLBACK.into(), Some("1".into()))].into();
            code.extend(Shell::Bash.render(&told));
            self.fall_short();
        }
        Ok(code)
    }
}

/// For a shell that sourced the library by itself: the same code, printed.
pub fn print(world: crate::world::World, dir: &Path, words: &[&[u8]]) -> Result<Vec<u8>> {
    let [function, arguments @ ..] = words else { anyhow::bail!("which shell?") };
    let function = Function::of(function).context("it is `flake` or `nix`")?;
    let request = function.request(world.config, (dir, dir), arguments)?;
    let mut env = world.host.env.clone();
    let mut seen = Watches::default();
    match nix::bring(world, &request, (&world.host.env, Wishes::default()), &mut seen)? {
        Brought::Shell(kept) | Brought::Fallback(kept) => {
            let code = nix::code(world, &request, &kept, (&mut env, &world.host.env))?;
            Ok(code.ok_or(crate::error::Told)?)
        }
        Brought::Nothing | Brought::Unmade | Brought::Interrupted => Err(crate::error::Told.into()),
    }
}
