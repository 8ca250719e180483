//! The functions of scripts: their bodies, their parameters and their local variables.

use super::remainder::Frame;
use super::{Flow, Shell, Stop, needs_bash};
use crate::eval::parse::{Assignment, Export, List};
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Clone, Debug, Default)]
pub struct Functions {
    defined: BTreeMap<Vec<u8>, Function>,
    /// `$1` and so on; `None` where they are not known.
    parameters: Option<Vec<Vec<u8>>>,
    /// What the local variables of each function that runs hide.
    hidden: Vec<Hidden>,
}

#[derive(Clone, Debug)]
pub struct Function {
    /// Of the script that defined it.
    script: Vec<u8>,
    pub body: Rc<List>,
}

type Hidden = Vec<(Vec<u8>, Option<Vec<u8>>)>;

impl Functions {
    pub fn find(&self, name: &[u8]) -> Option<&Function> {
        self.defined.get(name)
    }

    pub fn has(&self, name: &[u8]) -> bool {
        self.defined.contains_key(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.defined.keys().map(Vec::as_slice)
    }

    pub fn define(&mut self, name: &[u8], script: &[u8], body: &Rc<List>) {
        let function = Function { script: script.to_vec(), body: Rc::clone(body) };
        self.defined.insert(name.to_vec(), function);
    }

    pub fn remove(&mut self, name: &[u8]) -> bool {
        self.defined.remove(name).is_some()
    }

    /// A parameter by its digit; `Err` where nobody knows them.
    pub fn parameter(&self, digit: u8) -> Flow<Option<&[u8]>> {
        let Some(parameters) = &self.parameters else { return needs_bash("a parameter") };
        Ok(parameters.get(usize::from(digit - b'1')).map(Vec::as_slice))
    }

    pub fn count(&self) -> Flow<usize> {
        match &self.parameters {
            Some(parameters) => Ok(parameters.len()),
            None => needs_bash("a parameter"),
        }
    }

    /// Whether a function that runs has a variable of this name for itself.
    pub fn is_local(&self, name: &[u8]) -> bool {
        self.hidden.iter().flatten().any(|(hidden, _)| hidden == name)
    }
}

impl Shell<'_> {
    /// Does something where `$1` and so on are these.
    pub fn with_parameters(
        &mut self,
        parameters: Option<Vec<Vec<u8>>>,
        run: impl FnOnce(&mut Self) -> Flow,
    ) -> Flow {
        let before = std::mem::replace(&mut self.functions.parameters, parameters);
        run(self)?;
        self.functions.parameters = before;
        Ok(())
    }

    pub fn call_function(&mut self, name: &[u8], arguments: &[&[u8]]) -> Flow<u8> {
        let Some(Function { script, body }) = self.functions.find(name).cloned() else {
            return needs_bash("a function");
        };
        // In a substitution nothing that it changes would count.
        if !self.captures.is_empty() {
            return needs_bash("a function in a substitution");
        }
        let parameters = arguments.iter().map(|argument| argument.to_vec()).collect();
        self.functions.hidden.push(Hidden::new());
        let status = self.status;
        self.with_parameters(Some(parameters), |shell| {
            shell.deeper(|shell| {
                shell.frames.push(Frame::of(&script, &body, shell.dir()));
                shell.status = status;
                match shell.run_list(&body) {
                    Ok(()) | Err(Stop::Return) => {}
                    result => return result,
                }
                shell.frames.pop();
                Ok(())
            })
        })?;
        for (name, value) in self.functions.hidden.pop().into_iter().flatten().rev() {
            match value {
                Some(value) => self.variables.set(&name, value),
                None => self.variables.unset(&name),
            }
        }
        Ok(self.status)
    }

    /// A local variable is exported if the one that it hides is.
    pub fn local(&mut self, locals: &[Export]) -> Flow {
        let mut values = Vec::new();
        for local in locals {
            values.push(match local {
                Export::Name(_) => None,
                Export::Assignment(Assignment { appends: true, .. }) => {
                    return needs_bash("`+=` of a local variable");
                }
                Export::Assignment(assignment) => Some(self.expand(&assignment.value)?),
            });
        }
        for (local, value) in locals.iter().zip(values) {
            let (Export::Assignment(Assignment { name, .. }) | Export::Name(name)) = local;
            let is_again = self
                .functions
                .hidden
                .last()
                .is_some_and(|hidden| hidden.iter().any(|(known, _)| known == name));
            if is_again || self.exports_all || value.is_none() && self.variables.is_exported(name) {
                return needs_bash("a local variable like this");
            }
            self.check_known(name)?;
            let before = self.variables.get(name).map(<[u8]>::to_vec);
            if before.is_none() && self.variables.is_exported(name) {
                return needs_bash("a local variable like this");
            }
            let Some(hidden) = self.functions.hidden.last_mut() else {
                return needs_bash("`local` outside of functions");
            };
            hidden.push((name.clone(), before));
            match value {
                Some(value) => self.variables.set(name, value),
                None => self.variables.unset(name),
            }
        }
        self.status = 0;
        Ok(())
    }
}
