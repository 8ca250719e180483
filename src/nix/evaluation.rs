//! One evaluation, in a process of its own that no terminal can interrupt: runs nix and keeps what came of it.

use super::dev_env::DevEnv;
use super::flake::LocalFlake;
use super::inputs::{self, Aspect, Inputs, View};
use super::kept::{self, Failure, Kept, Shell, Standing};
use super::log::{self, Line, Look};
use super::place::Place;
use super::program;
use super::reads::{self, Reads};
use super::request::{Request, Source};
use super::snapshot::Snapshot;
use crate::digest::Digest;
use crate::env::Env;
use crate::watch::{Watches, last_change};
use anyhow::{Context as _, Result, ensure};
use rustix::event::Timespec;
use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::BufReader;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::SystemTime;

/// More than this many bytes are no development shell.
const OUTPUT_LIMIT: u64 = 64 << 20;
/// Of nix's own error, what fits on a few screens.
const MESSAGE_LIMIT: usize = 16 << 10;
/// In bytes, with the log of a build; what nix says may be one line that does not end.
const TOLD_LIMIT: usize = 64 << 10;
/// Of the log of a build that failed.
const BUILD_LINES: usize = 20;
/// nix's status where a build failed.
const BUILD_FAILED: i32 = 100;
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
    // Nobody need wait for the rest.
    _ = File::open("/dev/null").map(rustix::stdio::dup2_stdout);
    if is_made {
        super::roots::keep_inputs(place, &evaluation.nix, &request, env)?;
    }
    Ok(())
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
    reads: Reads,
    /// As they were when nix had ended, and how they looked before that was found out.
    inputs: Inputs,
    seen: Watches,
    printed: Vec<u8>,
    wrote_lock: bool,
}

/// What nix's log tells of a run.
#[derive(Default)]
struct Account {
    looks: Vec<Look>,
    message: String,
    /// The last lines of builds, for nix may leave them out of its message.
    builds: VecDeque<String>,
    wrote_lock: bool,
}

impl Evaluation<'_> {
    /// Whether there is a shell now.
    fn run(&self) -> Result<bool> {
        let (mut overtaken, mut doubted) = (None, BTreeSet::new());
        for _ in 0..ATTEMPTS {
            let in_place = self.request.flake_in_place();
            let is_locked = in_place.as_ref().is_none_or(|flake| self.fits_lock(flake));
            // Only nix can mend the lock, and copies the tree for that.
            let copied =
                Request { in_place: self.request.in_place && is_locked, ..self.request.clone() };
            let evaluation = Evaluation { request: &copied, nix: self.nix.clone(), ..*self };
            match evaluation.attempt(&mut doubted) {
                Err(error) => return self.fail(format!("{error:#}")),
                Ok(Outcome::Made(made)) if made.wrote_lock && !is_locked => {
                    overtaken = self.lock_file();
                }
                Ok(Outcome::Made(made)) => {
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
            }
        }
        self.fail(match overtaken {
            Some(path) => format!("`{}` is written again and again while nix runs", path.display()),
            None => "its store stayed busy".to_string(),
        })
    }

    /// Keeps a failure that another try may not repeat.
    fn fail(&self, message: String) -> Result<bool> {
        let failure = self.failure(Reads::default(), message, false);
        kept::keep_failure(self.place, self.env, &failure)?;
        Ok(false)
    }

    /// `doubted`: the lock that a failing nix wrote, and of what nix found to be otherwise than it is now. It may have its
    /// own view, so each is doubted once.
    fn attempt(&self, doubted: &mut BTreeSet<PathBuf>) -> Result<Outcome> {
        let flake = self.copied_flake();
        let checkout = flake.as_ref().and_then(|flake| flake.checkout(&self.request.watched));
        let tracked = checkout.as_ref().and_then(|it| it.tracked(&mut Watches::default()));
        let caches = reads::caches(self.env);
        let view = View::of((checkout.as_ref(), tracked.as_ref()), &caches);
        let log = create(&self.place.log())?;
        let began = next_tick(&self.place.log(), &log);
        let before = Snapshot::of(self.roots(), view);
        let draft = self.place.dir().join("draft");
        let output = create(&draft)?;
        let mut command = program::print_dev_env(&self.nix, self.request, self.env, self.place);
        let status = command.stdout(output).stderr(log).status();
        let status = status.with_context(|| format!("could not start `{}`", self.nix.display()))?;
        let printed = crate::fs::read_regular(&draft, OUTPUT_LIMIT);
        crate::fs::remove_if_there(&draft)?;
        let account = Account::by(&self.place.log())?;
        let mut reads = Reads::of(self.request, self.env, &account.looks);
        self.take_nix(&mut reads);
        let lock = self.lock_file().filter(|_| account.wrote_lock).unwrap_or_default();
        let (inputs, seen) =
            Inputs::of(&reads.paths, (reads.checkout.clone(), reads.caches.clone()));
        let mut changes = before.changes(view);
        changes.retain(|change| change.path != lock);
        let now = inputs.now();
        if let Some(path) = now.changed_since(began, &lock).or_else(|| now.touched_by(&changes)) {
            return Ok(Outcome::Overtaken(path.to_path_buf()));
        }
        // What it made of files without the lock is not what it makes of them now.
        if account.wrote_lock && now.has_by_name(&lock) && doubted.insert(lock.clone()) {
            return Ok(Outcome::Overtaken(lock));
        }
        // nix makes git track the lock that it writes.
        if !account.wrote_lock && tracked != reads.tracked {
            return Ok(Outcome::Overtaken(self.request.dir.clone()));
        }
        if !status.success() {
            return Ok(self.unsuccessful((reads, account, status), doubted));
        }
        let is_otherwise = |(path, is_there): &(&PathBuf, &bool)| {
            path.symlink_metadata().is_ok() != **is_there && !doubted.contains(*path)
        };
        if let Some((path, _)) = reads.found.iter().find(is_otherwise) {
            doubted.insert(path.clone());
            return Ok(Outcome::Overtaken(path.clone()));
        }
        let printed = printed?.context("nix printed more than 64 MiB")?;
        let wrote_lock = account.wrote_lock;
        Ok(Outcome::Made(Made { reads, inputs, seen, printed, wrote_lock }))
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

    fn lock_file(&self) -> Option<PathBuf> {
        Some(self.flake()?.dir.join("flake.lock"))
    }

    fn flake(&self) -> Option<LocalFlake> {
        let Source::Flake(reference) = &self.request.source else { return None };
        LocalFlake::find(reference, &self.request.dir)
    }

    fn copied_flake(&self) -> Option<LocalFlake> {
        self.request.local_flake().filter(|_| self.request.flake_in_place().is_none())
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

    fn unsuccessful(
        &self,
        (mut reads, account, status): (Reads, Account, ExitStatus),
        doubted: &mut BTreeSet<PathBuf>,
    ) -> Outcome {
        let is_busy =
            |message: &str| message.contains("is busy") || message.contains("schema' is corrupt");
        if is_busy(&account.message) {
            return Outcome::Busy;
        }
        // With the lock that it has written, it may go well.
        if let Some(lock) = self.lock_file().filter(|_| account.wrote_lock)
            && doubted.insert(lock.clone())
        {
            return Outcome::Overtaken(lock);
        }
        // A file that git does not track is not there for nix: `git add` may be all that is missing.
        if let Some(checkout) = &reads.checkout {
            reads.paths.insert((checkout.index(), Aspect::Content));
        }
        let mut message = account.message;
        if let Some(flake) = self.flake() {
            for copy in reads::copies(&flake, &reads::store_dir(self.env), &account.looks) {
                let (copy, tree) = (copy.to_string_lossy(), flake.tree.to_string_lossy());
                message = message.replace(copy.as_ref(), &tree);
            }
        }
        reads.take_missing(&message);
        if status.code() == Some(BUILD_FAILED) && !message.contains("log lines:") {
            message.extend(account.builds.iter().map(|line| format!("> {line}\n")));
        }
        if account.looks.is_empty()
            && let Some(why) = program::why_too_old(&self.nix, self.request, self.env)
        {
            message.insert_str(0, &why);
        }
        if let Some(signal) = status.signal() {
            message.extend(["nix was ended by signal ".to_string(), signal.to_string()]);
        } else if message.trim().is_empty() {
            let status = status.code().unwrap_or(-1).to_string();
            message.extend(["nix exited with status ".to_string(), status]);
        }
        Outcome::Failed(self.failure(reads, message, status.signal().is_none()))
    }

    fn failure(&self, reads: Reads, mut message: String, is_lasting: bool) -> Failure {
        if message.len() > TOLD_LIMIT {
            let end = (0..=TOLD_LIMIT).rev().find(|end| message.is_char_boundary(*end));
            message.truncate(end.unwrap_or(0));
        }
        let variables: Vec<String> = reads.variables.into_iter().collect();
        Failure {
            inputs: Inputs::of(&reads.paths, (reads.checkout, reads.caches)).0,
            watched: self.request.watched.clone(),
            nix: self.nix.clone(),
            dir: self.request.dir.clone(),
            variant: inputs::variant(&variables, self.env),
            variables,
            message,
            is_lasting,
            is_shown: false,
        }
    }

    fn keep(&self, Made { reads, inputs, seen, printed, .. }: Made) -> Result<()> {
        let dev_env = DevEnv::parse(&printed)
            .with_context(|| format!("could not read what `{}` printed", self.nix.display()))?;
        let attributes = self.keep_attributes(&dev_env)?;
        let environment = dev_env.environment(&self.request.dir, &attributes);
        let has_hook = !environment.hook.trim().is_empty();
        let generation = std::fs::read_link(self.place.profile()).ok();
        if let Some(link) = &generation {
            let path = self.place.dir().join(link);
            ensure!(path.exists(), "`{}` leads nowhere", path.display());
        }
        let depends_on: Vec<String> = reads.variables.into_iter().collect();
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
            too_large: reads.too_large,
        };
        kept::keep(self.place, &Shell::new(kept, (inputs, seen))?)
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

impl Account {
    fn by(log: &Path) -> Result<Self> {
        let mut account = Self::default();
        let mut reader = BufReader::new(File::open(log)?);
        let mut line = Vec::new();
        while log::read_line(&mut reader, &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            match Line::parse(text.trim_end_matches('\n')) {
                Line::Looked(look) => account.looks.push(look),
                Line::Error(text) if account.message.len() < MESSAGE_LIMIT => {
                    account.message.push_str(&text);
                    account.message.push('\n');
                }
                Line::BuildLog(text) => {
                    if account.builds.len() == BUILD_LINES {
                        account.builds.pop_front();
                    }
                    account.builds.push_back(text);
                }
                Line::WroteLock => account.wrote_lock = true,
                _ => {}
            }
            line.clear();
        }
        Ok(account)
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
