//! `use sops` and `use age`.

use crate::eval::native::{Flow, Shell, Stop, needs_bash};
use crate::eval::parse::names;
use crate::eval::secrets::{Disclosed, Kind, Request, Unloaded};
use crate::trust::Execution;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub fn load(shell: &mut Shell<'_>, kind: Kind, arguments: &[&[u8]]) -> Flow<u8> {
    let dir = Path::new(OsStr::from_bytes(shell.dir()));
    let request = match Request::parse(kind, arguments, dir) {
        Ok(request) => request,
        Err(error) => {
            shell.log_error(format!("use {}: {error:#}", kind.name()).as_bytes());
            return Ok(1);
        }
    };
    shell.watches.add(&request.file);
    let judged = shell.trusted.judge_executed(shell.world.store, &request.file, false);
    let loaded = match judged {
        Ok(Execution::Run(bytes)) => {
            request.load(bytes, &shell.variables.environment(), shell.world)
        }
        Ok(Execution::Refused(reason)) => return Err(Stop::Refused(reason)),
        Ok(Execution::Absent) => Err(Unloaded::Failed(anyhow::anyhow!("there is no such file"))),
        Err(_) => return needs_bash("a file that cannot be read"),
    };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(Unloaded::Interrupted) => return Err(Stop::Interrupted),
        Err(Unloaded::Failed(error)) => {
            shell.log_error(request.failure(&error).as_bytes());
            return Ok(1);
        }
    };
    for warning in &loaded.warnings {
        shell.log_error(warning.as_bytes());
    }
    if loaded.variables.iter().any(|(name, _)| !names::is_assignable(name.as_bytes())) {
        return needs_bash("a variable of bash's own");
    }
    for (name, value) in loaded.variables {
        shell.variables.set(name.as_bytes(), value.bytes().to_vec());
        shell.variables.export(name.as_bytes());
        shell.secrets.push(Disclosed { name, value, file: request.file.clone() });
    }
    Ok(0)
}
