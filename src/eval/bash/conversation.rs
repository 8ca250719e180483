//! The questions of `evaluate.bash`, answered without a process: watches, log lines, functions, and what may run.

use super::library;
use super::nix::Question;
use super::stage::Stage;
use crate::env::Env;
use crate::eval::Start;
use crate::eval::secrets::{Disclosed, Kind, Request, Unloaded};
use crate::secrets::Secret;
use crate::trust::{Execution, Reason, Trusted};
use crate::ui;
use crate::watch::{self, Watches};
use crate::world::World;
use anyhow::{Error, Result, anyhow};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use zeroize::Zeroizing;

/// A script that asks for more than this many bytes at once is broken.
const QUESTION_LIMIT: usize = 8 << 20;

#[derive(Debug)]
pub struct Conversation<'a> {
    pub world: World<'a>,
    /// The environment without any rc.
    pub outer: &'a Env,
    pub trusted: &'a mut Trusted,
    pub stage: Stage,
    /// Bash may have functions that are neither ours nor the rc's.
    pub has_functions: bool,
    /// Everything that was ever watched, also by a load that fails later.
    pub watches: Watches,
    /// Of these, what the script itself said.
    pub watched: BTreeSet<PathBuf>,
    /// Why the evaluation ended itself.
    pub failure: Option<Error>,
    /// Why it may not execute a file that it wanted to.
    pub refused: Option<Reason>,
    /// The text of the project's scripts that ran, the rc among them.
    pub scripts: Vec<u8>,
    /// A nix shell could not be had as its files describe it, and the user knows.
    pub fell_short: bool,
    /// What came from secrets files.
    pub secrets: Vec<Disclosed>,
    /// The user was shown what it waits for.
    pub has_waited: bool,
    /// The report is whole, and bash has only to end.
    pub has_reported: bool,
    /// By the clock that files are stamped with.
    began: i64,
    /// The part of a question that has arrived.
    heard: Vec<u8>,
}

enum Answer {
    Done,
    Reply(Vec<u8>),
    /// A reply that is written to no file.
    Secret(Secret),
    Refused,
    Failed,
    /// Nobody waits for one.
    Nothing,
}

impl<'a> Conversation<'a> {
    pub fn new(start: &Start<'a>, trusted: &'a mut Trusted) -> Result<Self> {
        let mut stage = Stage::new(start.outer)?;
        stage.write("functions", &[library::FUNCTIONS])?;
        stage.write("source", &[library::SOURCE])?;
        // The first copy, which bash takes without a question.
        let rc = &trusted.rc().path;
        stage.copy(Path::new(rc.file_name().unwrap_or(rc.as_os_str())), trusted.bytes())?;
        let mut scripts = Vec::new();
        push_line(&mut scripts, trusted.bytes());
        let began = watch::last_change(stage.path());
        Ok(Self {
            world: start.world,
            outer: start.outer,
            trusted,
            stage,
            has_functions: may_have_functions(start),
            watches: start.watches.clone(),
            watched: BTreeSet::new(),
            failure: None,
            refused: None,
            scripts,
            fell_short: false,
            secrets: Vec::new(),
            has_waited: false,
            has_reported: false,
            began,
            heard: Vec::new(),
        })
    }

    /// Takes in what bash wrote; returns the lines to write back, one for each question that is complete.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.heard.extend(bytes);
        let mut answers = Zeroizing::new(Vec::new());
        loop {
            match Heard::of(&self.heard) {
                Heard::Question { words, length } => {
                    let answer = self.answer(&words)?;
                    self.heard.drain(..length);
                    let line = self.line(answer)?;
                    answers = [answers.as_slice(), line.as_slice()].concat().into();
                }
                Heard::Part if self.heard.len() <= QUESTION_LIMIT => return Ok(answers),
                // A script wrote into the pipe itself. Whoever asks waits for one answer and has said no more.
                Heard::Part | Heard::Noise => {
                    self.heard.clear();
                    answers.extend(b"failed\n");
                    return Ok(answers);
                }
            }
        }
    }

    fn line(&self, answer: Answer) -> Result<Zeroizing<Vec<u8>>> {
        let line: &[u8] = match answer {
            Answer::Done => b"done\n",
            Answer::Failed => b"failed\n",
            Answer::Refused => b"refused\n",
            Answer::Nothing => b"",
            Answer::Secret(text) => {
                return Ok([b"secret\n", text.bytes(), b"\0"].concat().into());
            }
            Answer::Reply(mut text) => {
                text.push(0);
                self.stage.write("reply", &[&text])?;
                b"reply\n"
            }
        };
        Ok(line.to_vec().into())
    }

    fn answer(&mut self, question: &[Vec<u8>]) -> Result<Answer> {
        let words: Vec<&[u8]> = question.iter().map(Vec::as_slice).collect();
        let [verb, arguments @ ..] = words.as_slice() else { return Ok(Answer::Failed) };
        Ok(match (*verb, arguments) {
            (b"watch", [paths @ .., known]) => self.watch(known, |watches| {
                for path in paths {
                    watches.add(&crate::fs::clean(path_of(path)));
                }
                Ok(())
            }),
            (b"watch-dir", [dir, known]) => {
                self.watch(known, |watches| watches.add_tree(&crate::fs::clean(path_of(dir))))
            }
            (b"log", [kind, message, format]) => {
                self.log(kind, &String::from_utf8_lossy(message), format)
            }
            (b"function", [number]) => match library::function(number) {
                Some(text) => Answer::Reply(text.into()),
                None => Answer::Failed,
            },
            (b"secrets", [kind, dir, count, words @ ..]) => {
                self.secrets(kind, path_of(dir), count, words)
            }
            (b"nix", words) => match Question::read(words) {
                None => Answer::Failed,
                Some(question) => {
                    self.has_waited = true;
                    self.use_nix(question).map_or(Answer::Refused, Answer::Reply)
                }
            },
            (b"fell-short", []) => {
                self.fall_short();
                Answer::Done
            }
            (b"execute", [path]) => self.execute(path_of(path))?,
            (b"script", [path, name]) => self.script(path_of(path), path_of(name))?,
            (b"reported", []) => {
                self.has_reported = true;
                Answer::Nothing
            }
            (b"failed", [line, file, why]) => {
                let [line, why] = [line, why].map(|text| String::from_utf8_lossy(text));
                let file = self.world.host.tilde(&crate::fs::clean(path_of(file)));
                let failure = || anyhow!("could not load `{file}:{line}`: {why}");
                self.failure.get_or_insert_with(failure);
                Answer::Nothing
            }
            // Part of the script failed beside the one that asks.
            _ if self.failure.is_some() => Answer::Refused,
            _ => Answer::Failed,
        })
    }

    /// Adds to the watches that bash knows, which other programs may have changed, and to those we keep.
    fn watch(&mut self, known: &[u8], add: impl FnOnce(&mut Watches) -> Result<()>) -> Answer {
        let mut added = Watches::default();
        if let Err(error) = add(&mut added) {
            ui::error(self.world.host, &error);
            return Answer::Failed;
        }
        let mut watches = Watches::decode(OsStr::from_bytes(known)).unwrap_or_default();
        watches.merge(added.clone());
        self.watched.extend(added.paths().map(Path::to_path_buf));
        self.watches.merge(added);
        Answer::Reply(watches.encode().as_bytes().to_vec())
    }

    /// The format is the script's: `=` and what its variable holds, or nothing.
    fn log(&self, kind: &[u8], message: &str, format: &[u8]) -> Answer {
        let format = format.strip_prefix(b"=").map(OsStr::from_bytes);
        let line = match kind {
            b"error" => Some(ui::script_error_line(self.world.host, message)),
            _ => ui::script_status_line(self.world.host, self.world.config, format, message),
        };
        line.map_or(Answer::Done, |line| Answer::Reply(line.into_bytes()))
    }

    /// `use sops` and `use age`: their arguments, then the variables that say where keys are, as bash has them.
    fn secrets(&mut self, kind: &[u8], dir: &Path, count: &[u8], words: &[&[u8]]) -> Answer {
        let count = String::from_utf8_lossy(count).parse().unwrap_or(0);
        let (Some(kind), Some((arguments, variables))) =
            (Kind::from_name(kind), words.split_at_checked(count))
        else {
            return Answer::Failed;
        };
        let request = match Request::parse(kind, arguments, dir) {
            Ok(request) => request,
            Err(error) => return self.fail(&format!("use {}: {error:#}", kind.name())),
        };
        self.watches.add(&request.file);
        let made = watch::last_change(&request.file) > self.began;
        let judged = self.trusted.judge_executed(self.world.store, &request.file, made);
        let loaded = match judged {
            Ok(Execution::Run(bytes)) => {
                request.load(bytes, &self.with_key_variables(variables), self.world)
            }
            Ok(Execution::Refused(reason)) => {
                self.refused = Some(reason);
                return Answer::Refused;
            }
            Ok(Execution::Absent) => Err(Unloaded::Failed(anyhow!("there is no such file"))),
            Err(error) => Err(Unloaded::Failed(error.into())),
        };
        match loaded {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    ui::script_error(self.world.host, warning);
                }
                let code = loaded.variables.bash_code();
                let file = &request.file;
                self.secrets.extend(loaded.variables.into_iter().map(|(name, value)| Disclosed {
                    name,
                    value,
                    file: file.clone(),
                }));
                Answer::Secret(code)
            }
            // Who waits for bash heard the same, and says so.
            Err(Unloaded::Interrupted) => Answer::Failed,
            Err(Unloaded::Failed(error)) => self.fail(&request.failure(&error)),
        }
    }

    fn fail(&self, message: &str) -> Answer {
        ui::script_error(self.world.host, message);
        Answer::Failed
    }

    fn with_key_variables(&self, given: &[&[u8]]) -> Env {
        let mut env = self.outer.clone();
        for variable in given {
            if let Some(at) = variable.iter().position(|byte| *byte == b'=') {
                let [name, value] = [&variable[..at], &variable[at + 1..]].map(OsStr::from_bytes);
                env.set(name, value);
            }
        }
        env
    }

    /// `source_env`: what runs is a copy of the judged bytes.
    fn execute(&mut self, path: &Path) -> Result<Answer> {
        let path = crate::fs::clean(path);
        let name = path.file_name().map_or(path.as_path(), Path::new);
        if path == self.trusted.rc().path {
            push_line(&mut self.scripts, self.trusted.bytes());
            let dir = self.stage.copy(name, self.trusted.bytes())?;
            return Ok(Answer::Reply(dir.as_os_str().as_bytes().to_vec()));
        }
        self.judge(&path, name)
    }

    /// `source`. Under a name that leads down from the working directory a copy runs; under any other the file itself,
    /// for scripts look at the path they were called by.
    fn script(&mut self, path: &Path, name: &Path) -> Result<Answer> {
        let path = crate::fs::straight(path);
        if !self.trusted.covers(&path) {
            return Ok(Answer::Failed);
        }
        self.judge(&path, name)
    }

    fn judge(&mut self, path: &Path, name: &Path) -> Result<Answer> {
        let made = watch::last_change(path) > self.began;
        match self.trusted.judge_executed(self.world.store, path, made) {
            Ok(Execution::Run(bytes)) => {
                push_line(&mut self.scripts, &bytes);
                let leads_down = name
                    .components()
                    .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
                if !leads_down {
                    return Ok(Answer::Done);
                }
                let dir = self.stage.copy(name, &bytes)?;
                Ok(Answer::Reply(dir.as_os_str().as_bytes().to_vec()))
            }
            Ok(Execution::Absent) => Ok(Answer::Failed),
            Ok(Execution::Refused(reason)) => {
                self.refused = Some(reason);
                Ok(Answer::Refused)
            }
            Err(error) => {
                let why = ui::plain(&error);
                self.failure =
                    Some(anyhow!("could not execute `{}`: {why}", self.world.host.tilde(path)));
                Ok(Answer::Refused)
            }
        }
    }
}

/// The user's own, or those of the environment; where there is no home, bash looks for one.
fn may_have_functions(start: &Start) -> bool {
    let is_given = |name: &[u8]| name.starts_with(b"BASH_FUNC_") || name == b"BASH_ENV";
    start.functions.is_some()
        || start.outer.non_empty("HOME").is_none()
        || start.outer.iter().any(|(name, _)| is_given(name.as_bytes()))
}

/// What the pipe holds.
enum Heard {
    /// The first whole question, and how many bytes it takes.
    Question {
        words: Vec<Vec<u8>>,
        length: usize,
    },
    Part,
    Noise,
}

impl Heard {
    /// A question is the number of its words, then the words, each ended by a NUL.
    fn of(bytes: &[u8]) -> Self {
        let mut fields = bytes.split_inclusive(|byte| *byte == 0);
        let Some(count) = fields.next().and_then(|field| field.strip_suffix(b"\0")) else {
            return Self::Part;
        };
        let mut length = count.len() + 1;
        let Some(count) =
            std::str::from_utf8(count).ok().and_then(|count| count.parse::<usize>().ok())
        else {
            return Self::Noise;
        };
        let mut words = Vec::new();
        for _ in 0..count {
            let Some(word) = fields.next().and_then(|field| field.strip_suffix(b"\0")) else {
                return Self::Part;
            };
            length += word.len() + 1;
            words.push(word.to_vec());
        }
        Self::Question { words, length }
    }
}

fn push_line(text: &mut Vec<u8>, line: &[u8]) {
    text.extend(line);
    text.push(b'\n');
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
