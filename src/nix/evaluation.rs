//! One evaluation, in a process of its own that no terminal can interrupt: runs nix and keeps what came of it.

mod account;

use super::dev_env::DevEnv;
use super::flake::LocalFlake;
use super::inputs::{self, Aspect, Inputs};
use super::kept::{self, Failure, Kept, Shell, Standing};
use super::place::Place;
use super::program;
use super::reads::{self, Reads};
use super::request::{Request, Source};
use super::snapshot::{Meanwhile, Snapshot};
use super::view::Scope;
use crate::digest::Digest;
use crate::env::Env;
use crate::ui;
use crate::watch::{Watches, last_change};
use account::Account;
use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::event::Timespec;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::SystemTime;

/// More than this many bytes are no development shell.
const OUTPUT_LIMIT: u64 = 64 << 20;
/// In bytes; what nix says may be one line that does not end.
const REASON_LIMIT: usize = 64 << 10;
/// A `flake.nix` or `flake.lock` larger than this many bytes is none.
const FILE_LIMIT: u64 = 16 << 20;
/// In milliseconds, more than file systems take for one.
const TICKS: u32 = 30;
/// How often a tree may change under an evaluation.
const ATTEMPTS: usize = 4;

/// Evaluates what `place` asks for, unless that has been done meanwhile. What comes of it is found in `place`.
pub fn evaluate(place: &Place, env: &Env) -> Result<()> {
    let request: Request = kept::read(&place.request())
        .with_context(|| format!("could not read `{}`", place.request().display()))?;
    let lock = place.lock()?;
    let found = kept::look_up(place, (&request, env), &mut Watches::default());
    if !matches!(found.standing, Standing::Stale(_)) {
        return Ok(());
    }
    crate::fs::remove_if_there(&place.wanted())?;
    let evaluation =
        Evaluation { place, env, request: &request, nix: program::find(env, &request.dir)? };
    let result = evaluation.run();
    let told = place.finish(result.as_ref().err());
    drop(lock);
    let is_made = result?;
    told?;
    hang_up();
    if is_made {
        super::roots::keep_inputs(place, &evaluation.nix, &request, env)?;
    }
    Ok(())
}

/// Sees to it that an evaluation of `place` which is killed is told: prompts wait for a sign of its end.
pub fn attend(place: &Place, mut worker: Child) -> Result<()> {
    hang_up();
    let status = worker.wait().context("could not wait for an evaluation")?;
    match status.signal() {
        Some(signal) if !place.was_finished_by(worker.id()) => {
            place.finish(Some(&anyhow!("envr was ended by signal {signal} while nix worked")))
        }
        _ => Ok(()),
    }
}

/// Who waits for us at the other end of standard output need wait no more.
fn hang_up() {
    _ = File::open("/dev/null").map(rustix::stdio::dup2_stdout);
}

struct Evaluation<'a> {
    place: &'a Place,
    env: &'a Env,
    request: &'a Request,
    nix: PathBuf,
}

/// What one run of nix came to.
enum Outcome {
    Made(Made),
    /// A file was written under its eyes.
    Overtaken(PathBuf),
    /// Another nix was in its way.
    Busy,
    Failed(Failure),
}

struct Made {
    printed: Vec<u8>,
    /// The variables that the shell depends on.
    variables: BTreeSet<String>,
    /// As they were when nix had ended, and how they looked before that was found out.
    inputs: (Inputs, Watches),
    too_large: BTreeSet<PathBuf>,
    remarks: String,
}

/// What is remembered of earlier runs.
#[derive(Default)]
struct Before {
    /// The lock that nix wrote, and of what nix found to be otherwise than it is now. It may have its own view, so each is
    /// doubted once.
    doubted: BTreeSet<PathBuf>,
    /// What nix said when it wrote the lock.
    locking: String,
}

/// A run of nix that has ended.
struct Run {
    status: ExitStatus,
    /// `None` where it is too much.
    printed: Option<Vec<u8>>,
    account: Account,
}

impl Evaluation<'_> {
    /// Whether there is a shell now.
    fn run(&self) -> Result<bool> {
        let (mut overtaken, mut before) = (None, Before::default());
        for _ in 0..ATTEMPTS {
            // Where the lock cannot be written, nix says why when it copies the flake.
            let is_locked = self.is_locked(&mut before);
            let in_place = self.request.in_place && is_locked;
            let request = Request { in_place, ..self.request.clone() };
            let evaluation = Evaluation { request: &request, nix: self.nix.clone(), ..*self };
            match evaluation.attempt(&mut before) {
                Ok(Outcome::Made(mut made)) => {
                    made.remarks.insert_str(0, &before.locking);
                    return match self.keep(made) {
                        Ok(()) => Ok(true),
                        Err(error) => self.fail(format!("{error:#}")),
                    };
                }
                Ok(Outcome::Overtaken(path)) => overtaken = Some(path),
                Ok(Outcome::Busy) => {}
                Ok(Outcome::Failed(failure)) => {
                    kept::keep_failure(self.place, self.env, &failure)?;
                    return Ok(false);
                }
                Err(error) => return self.fail(format!("{error:#}")),
            }
        }
        self.fail(match overtaken {
            Some(path) => format!("`{}` is written again and again while nix runs", path.display()),
            None => "its store stayed busy".to_string(),
        })
    }

    /// Keeps a failure that another try may not repeat.
    fn fail(&self, reason: String) -> Result<bool> {
        let scope = Scope::default();
        let failure = self.failure(&Reads::none(&scope.now()), reason, false);
        kept::keep_failure(self.place, self.env, &failure)?;
        Ok(false)
    }

    /// Has nix write a lock that is missing, or that a flake needs which is evaluated where it is; whether that has one.
    fn is_locked(&self, before: &mut Before) -> bool {
        let Some(flake) = self.request.local_flake() else { return true };
        let fits = match self.request.flake_in_place() {
            Some(flake) => self.fits_lock(&flake),
            None => flake.lock().exists() || !flake.dir.join("flake.nix").exists(),
        };
        let mut write_lock = || -> Option<bool> {
            let mut lock = program::lock(&self.nix, self.request, self.env)?;
            let log = create(&self.place.log()).ok()?;
            let status = lock.stdout(Stdio::null()).stderr(log).status().ok()?;
            before.locking = Account::by(&self.place.log()).ok()?.wrote_lock.unwrap_or_default();
            Some(status.success())
        };
        fits || write_lock() == Some(true)
    }

    fn attempt(&self, before: &mut Before) -> Result<Outcome> {
        let scope = Scope::of(self.request, self.env);
        let view = scope.now();
        let log = create(&self.place.log())?;
        let began = next_tick(&self.place.log(), &log);
        let snapshot = Snapshot::of(self.roots(), &view);
        let run = self.ask(log)?;
        let lock =
            self.flake().filter(|_| run.account.wrote_lock.is_some()).map(|flake| flake.lock());
        // What it made of files without the lock is not what it makes of them now.
        if let Some(lock) = lock.clone().filter(|lock| before.doubted.insert(lock.clone())) {
            before.locking = run.account.wrote_lock.unwrap_or_default();
            return Ok(Outcome::Overtaken(lock));
        }
        let scope_now = Scope::of(self.request, self.env);
        let view_now = scope_now.now();
        let mut reads = Reads::of((self.request, self.env), &run.account.looks, &view_now);
        self.take_nix(&mut reads);
        let (inputs, seen) = Inputs::of(&reads.paths, scope_now.clone());
        let changes = snapshot.changes(&view);
        let meanwhile = Meanwhile { began, before: &snapshot, changes, own: lock };
        if let Some(path) = inputs.now().overtaken(&meanwhile) {
            return Ok(Outcome::Overtaken(path.to_path_buf()));
        }
        // nix makes git track the lock that it writes.
        if meanwhile.own.is_none() && view.tracked != view_now.tracked {
            return Ok(Outcome::Overtaken(self.request.dir.clone()));
        }
        if !run.status.success() {
            return Ok(self.unsuccessful(run, reads));
        }
        let is_otherwise = |(path, is_there): &(&PathBuf, &bool)| {
            path.symlink_metadata().is_ok() != **is_there && !before.doubted.contains(*path)
        };
        if let Some((path, _)) = reads.found.iter().find(is_otherwise) {
            before.doubted.insert(path.clone());
            return Ok(Outcome::Overtaken(path.clone()));
        }
        let printed = run.printed.context("nix printed more than 64 MiB")?;
        let Reads { variables, too_large, .. } = reads;
        let (inputs, remarks) = ((inputs, seen), run.account.remarks);
        Ok(Outcome::Made(Made { printed, variables, inputs, too_large, remarks }))
    }

    fn ask(&self, log: File) -> Result<Run> {
        let draft = self.place.dir().join("draft");
        // A nix whose envr was killed may still write into the last one.
        crate::fs::remove_if_there(&draft)?;
        let output = create(&draft)?;
        let mut command = program::print_dev_env(&self.nix, self.request, self.env, self.place);
        let status = command.stdout(output).stderr(log).status();
        let status = status.with_context(|| format!("could not start `{}`", self.nix.display()))?;
        let printed = crate::fs::read_regular(&draft, OUTPUT_LIMIT);
        crate::fs::remove_if_there(&draft)?;
        Ok(Run { status, printed: printed?, account: Account::by(&self.place.log())? })
    }

    /// Whether nix would leave the lock as it is. Neither the rest of the tree nor the inputs are needed to tell.
    fn fits_lock(&self, flake: &LocalFlake) -> bool {
        let dir = self.place.dir().join("lock-check");
        let copy = |name: &str| match crate::fs::read_regular(&flake.dir.join(name), FILE_LIMIT) {
            Ok(Some(bytes)) => crate::fs::write_atomic(&dir.join(name), &bytes),
            Ok(None) | Err(_) => crate::fs::remove_if_there(&dir.join(name)),
        };
        let fits = || -> Result<bool> {
            ["flake.nix", "flake.lock"].into_iter().try_for_each(copy)?;
            let mut check = program::check_lock(&self.nix, self.request, self.env, &dir);
            Ok(check.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
        };
        let fits = fits().unwrap_or(false);
        _ = std::fs::remove_dir_all(&dir);
        fits
    }

    /// Another nix may see another shell in the same files.
    fn take_nix(&self, reads: &mut Reads) {
        reads.paths.insert((self.nix.clone(), Aspect::Target));
        if let Ok(nix) = self.nix.canonicalize() {
            reads.paths.insert((nix, Aspect::Content));
        }
    }

    fn flake(&self) -> Option<LocalFlake> {
        let Source::Flake(reference) = &self.request.source else { return None };
        LocalFlake::find(reference, &self.request.dir)
    }

    /// The directories with the user's files, as far as they are known before nix runs.
    fn roots(&self) -> BTreeSet<PathBuf> {
        let flake = self.request.local_flake();
        let inputs = flake.iter().flat_map(LocalFlake::path_inputs);
        let trees = flake.iter().cloned().chain(inputs).map(|flake| flake.tree);
        let file = self.request.local_file();
        let dir = file.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        trees.chain(dir).chain([self.request.project.clone()]).collect()
    }

    fn unsuccessful(&self, run: Run, mut reads: Reads) -> Outcome {
        let Run { mut account, status, .. } = run;
        if account.is_of_a_busy_store() {
            return Outcome::Busy;
        }
        // A file that git does not track is not there for nix: `git add` may be all that is missing.
        if let Some(checkout) = &reads.view.scope.checkout {
            reads.paths.insert((checkout.index(), Aspect::Content));
        }
        if let Some(flake) = self.flake() {
            for copy in reads::copies(&flake, &reads::store_dir(self.env), &account.looks) {
                let (copy, tree) = (copy.to_string_lossy(), flake.tree.to_string_lossy());
                account.message = account.message.replace(copy.as_ref(), &tree);
            }
        }
        reads.take_missing(&account.message);
        let too_old = || program::why_too_old(&self.nix, self.request, self.env);
        let why = if account.looks.is_empty() { too_old() } else { None };
        let (reason, is_lasting) = account.reason(status);
        Outcome::Failed(self.failure(&reads, why.unwrap_or_default() + &reason, is_lasting))
    }

    fn failure(&self, reads: &Reads, mut reason: String, is_lasting: bool) -> Failure {
        reason.truncate(ui::cut(&reason, REASON_LIMIT).len());
        let variables: Vec<String> = reads.variables.iter().cloned().collect();
        Failure {
            inputs: Inputs::of(&reads.paths, reads.view.scope.clone()).0,
            watched: self.request.watched.clone(),
            nix: self.nix.clone(),
            dir: self.request.dir.clone(),
            variant: inputs::variant(&variables, self.env),
            variables,
            message: reason,
            is_lasting,
            is_shown: false,
        }
    }

    fn keep(&self, made: Made) -> Result<()> {
        let dev_env = DevEnv::parse(&made.printed)
            .with_context(|| format!("could not read what `{}` printed", self.nix.display()))?;
        let attributes = self.keep_attributes(&dev_env)?;
        let environment = dev_env.environment(&self.request.dir, &attributes);
        let has_hook = !environment.hook.trim().is_empty();
        let generation = std::fs::read_link(self.place.profile()).ok();
        if let Some(link) = &generation {
            let path = self.place.dir().join(link);
            ensure!(path.exists(), "`{}` leads nowhere", path.display());
        }
        let depends_on: Vec<String> = made.variables.into_iter().collect();
        let kept = Kept {
            content: String::new(),
            variant: inputs::variant(&depends_on, self.env),
            depends_on,
            environment,
            nix: self.nix.clone(),
            search: self.env.get("PATH").unwrap_or_default().to_string_lossy().into_owned(),
            watched: self.request.watched.clone(),
            setup: if has_hook { self.keep_setup(&dev_env)? } else { None },
            defined: if has_hook { dev_env.defined() } else { Vec::new() },
            generation,
            too_large: made.too_large,
            remarks: made.remarks,
        };
        kept::keep(self.place, &Shell::new(kept, made.inputs)?)
    }

    fn keep_setup(&self, dev_env: &DevEnv) -> Result<Option<PathBuf>> {
        let code = dev_env.setup();
        if code.is_empty() {
            return Ok(None);
        }
        let file = self.place.setup(&Digest::of(code.as_bytes()));
        crate::fs::write_atomic(&file, code.as_bytes())?;
        Ok(Some(file))
    }

    /// nix puts the files of structured attributes where they are gone when it ends.
    fn keep_attributes(&self, dev_env: &DevEnv) -> Result<PathBuf> {
        let mut files = dev_env.attributes().peekable();
        if files.peek().is_none() {
            return Ok(PathBuf::new());
        }
        let files: Vec<(&str, &str)> = files.collect();
        let content: Vec<u8> = serde_json::to_vec(&files)?;
        let dir = self.place.attributes_of(&Digest::of(&content));
        for (name, text) in files {
            ensure!(!name.contains('/'), "`{name}` is not a file's name");
            crate::fs::write_atomic(&dir.join(name), text.as_bytes())?;
        }
        Ok(dir)
    }
}

/// When a file was last stamped that is stamped again until its time is another one: what was written before nix began
/// is older, and what nix may have missed is not. Where files have whole seconds alone it is not waited for.
fn next_tick(path: &Path, file: &File) -> i64 {
    let first = last_change(path);
    for _ in 0..TICKS {
        _ = rustix::event::poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 1_000_000 }));
        _ = file.set_modified(SystemTime::now());
        if last_change(path) > first {
            break;
        }
    }
    last_change(path)
}

fn create(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.with_context(|| format!("could not write `{}`", path.display()))
}
