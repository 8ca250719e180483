//! Where the output of commands goes, and what programs read.

use super::{Flow, Shell, needs_bash};
use crate::eval::parse::{Call, FileRedirect, Opening, Redirect, is_unusual};
use std::fs::File;
use std::io;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub enum Sink {
    Stderr,
    Null,
    /// The innermost substitution.
    Capture,
    /// The next program.
    Pipe,
    File(Rc<File>),
}

/// The redirections of a call, with the names of files expanded.
#[derive(Debug)]
pub struct Redirections {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    To { from: u8, sink: Sink },
    Duplicate { from: u8, to: u8 },
    Open { line: usize, how: Opening, file: Vec<u8> },
}

impl Redirections {
    /// Whether files are opened, and maybe made.
    pub fn open_files(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Open { .. }))
    }
}

impl Shell<'_> {
    pub fn redirections(&mut self, call: &Call) -> Flow<Redirections> {
        let mut steps = Vec::new();
        for redirect in &call.redirects {
            steps.push(match redirect {
                Redirect::ToNull { from } => Step::To { from: *from, sink: Sink::Null },
                Redirect::Duplicate { from, to } => Step::Duplicate { from: *from, to: *to },
                Redirect::File(FileRedirect { line, how, file }) => {
                    let file = self.expand_argument(file)?;
                    if file.is_empty() || is_unusual(&file) {
                        return needs_bash("a file like this");
                    }
                    Step::Open { line: *line, how: *how, file }
                }
            });
        }
        Ok(Redirections { steps })
    }

    /// Leads the descriptors where they are to go, and returns where standard input comes from; `Err` is what could not
    /// be opened, as bash says it, with its line.
    pub fn redirect(
        &mut self,
        redirections: &Redirections,
    ) -> Result<Option<File>, (usize, String)> {
        let mut input = None;
        for step in &redirections.steps {
            match step {
                Step::To { from, sink } => *self.sink_mut(*from) = sink.clone(),
                Step::Duplicate { from, to } => *self.sink_mut(*from) = self.sink(*to),
                Step::Open { line, how, file } => {
                    let opened = self.open(*how, file).map_err(|error| {
                        let cause = error.to_string();
                        let cause = cause.split(" (os error").next().unwrap_or_default();
                        (*line, format!("{}: {cause}", String::from_utf8_lossy(file)))
                    })?;
                    match how {
                        Opening::Read => input = Some(opened),
                        Opening::Write { from } | Opening::Append { from } => {
                            *self.sink_mut(*from) = Sink::File(Rc::new(opened));
                        }
                    }
                }
            }
        }
        Ok(input)
    }

    pub fn sink(&self, descriptor: u8) -> Sink {
        self.sinks[usize::from(descriptor) - 1].clone()
    }

    pub fn is_silent(&self, descriptor: u8) -> bool {
        matches!(self.sink(descriptor), Sink::Null)
    }

    fn sink_mut(&mut self, descriptor: u8) -> &mut Sink {
        &mut self.sinks[usize::from(descriptor) - 1]
    }

    fn open(&self, how: Opening, file: &[u8]) -> io::Result<File> {
        let path = self.path(file);
        let mut options = File::options();
        match how {
            Opening::Read => options.read(true),
            Opening::Write { .. } => options.write(true).create(true).truncate(true),
            Opening::Append { .. } => options.append(true).create(true),
        };
        options.open(path)
    }
}
