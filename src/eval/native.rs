//! The native lane: runs what `parse` understood, as bash would, without starting it.
//!
//! Nothing is printed, run or written before the end, or before the first program is started. So whatever turns up on
//! the way that only bash does right ends the attempt without a trace, and bash does all of it. A program is started
//! only if nothing that may follow it can need bash, as far as text and files tell by then: see `remainder`.

pub mod builtins;
mod children;
mod condition;
mod endings;
mod expand;
mod functions;
mod lookup;
mod pipe;
mod programs;
mod redirect;
pub mod remainder;
mod shell;
mod variables;

use super::bash::{left_behind, why};
use super::link::DirenvLink;
use super::parse::names;
use super::parse::{AndOr, Arm, Assignment, Call, Command, Export, Joint, List, Pipeline, Word};
use super::{Evaluation, Lane, Outcome, Start, stdlib};
use crate::session;
use crate::trust::{Reason, Trusted};
use crate::ui;
use crate::world::World;
use remainder::Frame;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::rc::Rc;

pub use shell::Shell;

/// What keeps the next command from being run.
#[derive(Debug)]
pub enum Stop {
    NeedsBash(String),
    /// `return`, with the status that the shell has.
    Return,
    /// `exit`.
    Exit,
    /// A file that may not be executed.
    Refused(Reason),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// Nothing of it counts.
    Failed(anyhow::Error),
}

pub type Flow<T = ()> = Result<T, Stop>;

pub fn needs_bash<T>(what: &str) -> Flow<T> {
    Err(Stop::NeedsBash(what.to_string()))
}

/// `Err` says why bash must do it.
pub fn run(start: &Start, trusted: &mut Trusted, script: List) -> Result<Evaluation, String> {
    let script = Rc::new(script);
    attempt(start, trusted, |shell| shell.run_rc(&script))
}

/// What comes of whatever is done to a shell that starts in the environment outside; `Err` says why bash must do it.
pub fn attempt(
    start: &Start,
    trusted: &mut Trusted,
    run: impl FnOnce(&mut Shell) -> Flow,
) -> Result<Evaluation, String> {
    let host = start.world.host;
    let link = DirenvLink::needed_by(host, start.outer);
    let mut env = start.outer.clone();
    link.add_to(&mut env);
    let mut shell = Shell::start(start, &env, trusted.clone())?;
    let outcome = match run(&mut shell) {
        Err(Stop::NeedsBash(why)) => return Err(why),
        Err(Stop::Interrupted) => Outcome::Interrupted,
        Err(Stop::Failed(error)) => Outcome::Failed(error),
        Err(Stop::Refused(reason)) => Outcome::Refused(reason),
        Err(Stop::Exit) if shell.status != 0 => {
            let status = ExitStatus::from_raw(i32::from(shell.status) << 8);
            Outcome::Failed(why(host, trusted, status))
        }
        Ok(()) | Err(Stop::Return | Stop::Exit) => {
            let env = shell.variables.environment();
            ui::say(&std::mem::take(&mut shell.said));
            let mut outcome = match &shell.last_hook {
                Some(hook) => stdlib::run_hook(start, trusted, hook, env),
                None => Outcome::Loaded(env),
            };
            if let Outcome::Loaded(env) = &mut outcome {
                session::clear(env);
                link.remove_from(env);
            }
            outcome
        }
    };
    ui::say(&shell.said);
    let Shell { trusted: after, watches, secrets, functions, scripts, runner, .. } = shell;
    *trusted = after;
    if runner.is_some() {
        trusted.look_again();
    }
    let mut evaluation = Evaluation { secrets, ..Evaluation::new(Lane::Native, outcome, watches) };
    if let Outcome::Loaded(_) = evaluation.outcome {
        let names = functions.names().filter(|name| !stdlib::is_function(name));
        let names: Vec<String> =
            names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        evaluation.left_behind = left_behind(host, &scripts, &names);
    }
    Ok(evaluation)
}

impl Shell<'_> {
    fn run_rc(&mut self, script: &Rc<List>) -> Flow {
        let path = self.trusted.rc().path.clone();
        self.scripts.extend([self.trusted.bytes(), b"\n"].concat());
        let World { host, config, .. } = self.world;
        let message = format!("loading {}", host.tilde(&path));
        if let Some(line) = ui::status_line(host, config, &message) {
            self.say(&line);
        }
        let dir = self.trusted.rc().dir().as_os_str().as_bytes().to_vec();
        let parameters = Some(vec![path.into_os_string().into_encoded_bytes()]);
        self.with_parameters(parameters, |shell| {
            shell.in_directory(dir, |shell| shell.run_script(b"./.envrc", script))
        })
    }

    /// A script ends where it says `return`.
    pub fn run_script(&mut self, name: &[u8], script: &Rc<List>) -> Flow {
        self.frames.push(Frame::of(name, script, self.dir()));
        match self.run_to_the_last(script) {
            Ok(()) | Err(Stop::Return) => {}
            result => return result,
        }
        self.frames.pop();
        Ok(())
    }

    /// Where one script alone is being executed, its last command is that of the rc.
    fn run_to_the_last(&mut self, script: &List) -> Flow {
        match script.split_last() {
            Some((last, before)) if last.is_use() && self.frames.len() == 1 => {
                self.run_list(before)?;
                self.is_last = true;
                self.run_and_or(last)
            }
            _ => self.run_list(script),
        }
    }

    pub fn run_list(&mut self, list: &[AndOr]) -> Flow {
        list.iter().try_for_each(|and_or| self.run_and_or(and_or))
    }

    pub fn run_and_or(&mut self, and_or: &AndOr) -> Flow {
        self.run_pipeline(&and_or.first)?;
        for (joint, pipeline) in &and_or.rest {
            if (*joint == Joint::And) == (self.status == 0) {
                self.run_pipeline(pipeline)?;
            }
        }
        Ok(())
    }

    fn run_pipeline(&mut self, pipeline: &Pipeline) -> Flow {
        if let (true, Some(frame)) = (self.captures.is_empty(), self.frames.last_mut()) {
            frame.at = pipeline.at;
        }
        self.run_command(&pipeline.command)?;
        if pipeline.is_negated {
            self.status = u8::from(self.status == 0);
        }
        Ok(())
    }

    fn run_command(&mut self, command: &Command) -> Flow {
        match command {
            Command::Assign(assignments) => {
                self.substituted = 0;
                for assignment in assignments {
                    let value = self.value(assignment)?;
                    self.assign(&assignment.name, value, self.exports_all);
                }
                self.status = self.substituted;
            }
            Command::Export(exports) => self.export(exports)?,
            Command::Unset(names) => self.unset(names)?,
            Command::UnsetFunctions(names) => self.unset_functions(names)?,
            Command::Local(locals) => self.local(locals)?,
            Command::Call(call) => self.call(call)?,
            Command::Programs(programs) => self.programs(programs)?,
            Command::Eval(programs) => self.eval(programs)?,
            Command::Condition(condition) => {
                self.status = u8::from(!self.holds(condition)?);
            }
            Command::If { branches, otherwise } => return self.run_if(branches, otherwise),
            Command::Case { word, arms } => return self.run_case(word, arms),
            Command::Group(list) => return self.run_list(list),
            Command::Function { name, body } => {
                let script = self.frames.last().map_or(&b""[..], |frame| &frame.name);
                self.functions.define(name, script, body);
                self.status = 0;
            }
        }
        Ok(())
    }

    fn run_if(&mut self, branches: &[(List, List)], otherwise: &List) -> Flow {
        for (condition, body) in branches {
            self.run_list(condition)?;
            if self.status == 0 {
                return self.run_list(body);
            }
        }
        if otherwise.is_empty() {
            self.status = 0;
        }
        self.run_list(otherwise)
    }

    /// The first arm with a pattern that matches.
    fn run_case(&mut self, word: &Word, arms: &[Arm]) -> Flow {
        self.substituted = 0;
        let word = self.expand(word)?;
        self.status = self.substituted;
        let arm = arms.iter().find(|arm| arm.patterns.iter().any(|pattern| pattern.matches(&word)));
        match arm {
            Some(arm) if !arm.body.is_empty() => self.run_list(&arm.body),
            _ => {
                self.status = 0;
                Ok(())
            }
        }
    }

    /// All words are expanded before the first name is assigned.
    fn export(&mut self, exports: &[Export]) -> Flow {
        let mut values = Vec::new();
        for export in exports {
            values.push(match export {
                Export::Name(_) => None,
                Export::Assignment(assignment) => Some(self.expand(&assignment.value)?),
            });
        }
        let mut status = 0;
        for (export, value) in exports.iter().zip(values) {
            match (export, value) {
                (Export::Assignment(Assignment { name, .. }), _) if names::is_readonly(name) => {
                    let what = format!("{}: readonly variable", String::from_utf8_lossy(name));
                    self.complain(self.eval_line, &what);
                    self.variables.export(name);
                    status = 1;
                }
                (Export::Assignment(Assignment { name, .. }), _) if names::is_fixed(name) => {}
                (Export::Assignment(assignment), Some(value)) => {
                    let value = self.appended(assignment, value);
                    self.variables.set(&assignment.name, value);
                    self.export_variable(&assignment.name)?;
                }
                (Export::Assignment(Assignment { name, .. }) | Export::Name(name), _) => {
                    self.check_known(name)?;
                    self.export_variable(name)?;
                }
            }
        }
        self.status = status;
        Ok(())
    }

    /// What it hides stays unexported.
    fn export_variable(&mut self, name: &[u8]) -> Flow {
        if self.functions.is_local(name) && !self.variables.is_exported(name) {
            return needs_bash("a local variable that is exported");
        }
        self.variables.export(name);
        Ok(())
    }

    fn value(&mut self, assignment: &Assignment) -> Flow<Vec<u8>> {
        let value = self.expand(&assignment.value)?;
        Ok(self.appended(assignment, value))
    }

    fn appended(&self, assignment: &Assignment, value: Vec<u8>) -> Vec<u8> {
        match self.variables.get(&assignment.name) {
            Some(before) if assignment.appends => [before, &value].concat(),
            _ => value,
        }
    }

    fn assign(&mut self, name: &[u8], value: Vec<u8>, exports: bool) {
        self.variables.set(name, value);
        if exports {
            self.variables.export(name);
        }
    }

    /// Where there is no variable, `unset` looks for a function.
    fn unset(&mut self, names: &[Vec<u8>]) -> Flow {
        for name in names {
            if self.functions.is_local(name) {
                return needs_bash("a local variable that is removed");
            }
            if self.variables.get(name).is_none() {
                self.remove_function(name)?;
            }
            self.variables.unset(name);
        }
        self.status = 0;
        Ok(())
    }

    fn unset_functions(&mut self, names: &[Vec<u8>]) -> Flow {
        names.iter().try_for_each(|name| self.remove_function(name))?;
        self.status = 0;
        Ok(())
    }

    fn remove_function(&mut self, name: &[u8]) -> Flow {
        if stdlib::is_function(name) || name == b"source" {
            return needs_bash("a function that is removed");
        }
        self.functions.remove(name);
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Flow {
        let arguments = self.expand_arguments(call)?;
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let redirections = self.redirections(call)?;
        if redirections.open_files() {
            if !builtins::only_prints(&call.name) {
                return needs_bash("a redirection of what runs commands");
            }
            self.commit()?;
        }
        let sinks = self.sinks.clone();
        if let Err((line, what)) = self.redirect(&redirections) {
            self.sinks = sinks;
            self.complain(line, &what);
            self.status = 1;
            return Ok(());
        }
        let status = match builtins::call(self, &call.name, &arguments) {
            Some(status) => status,
            None if self.exports_all => needs_bash("a function under `set -a`"),
            None => stdlib::call(self, &call.name, &arguments),
        };
        self.sinks = sinks;
        self.status = status?;
        Ok(())
    }
}
