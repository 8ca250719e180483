//! Where an rc changes a variable: bash compares it with what it was after each command.

use super::bash::stage::Stage;
use super::{Disclosed, Evaluation, Lane, Outcome, Start, bash, dotenv, toml};
use crate::env::Env;
use crate::rc::Kind;
use crate::trust::Trusted;
use crate::world::World;
use anyhow::{Context as _, Result};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

const SCRIPT: &str = include_str!("../../shell-hooks/why.bash");
/// More than this many bytes of steps are of a loop that never ends.
const RECORD_LIMIT: u64 = 1 << 20;

/// A place at which a variable changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub file: PathBuf,
    pub line: usize,
}

/// What is found out about a variable.
pub struct Trace {
    /// Each that changed it, in order.
    pub steps: Vec<Step>,
    /// The secrets files that gave it a value, in order.
    pub secrets: Vec<PathBuf>,
    /// What came of the rc.
    pub outcome: Outcome,
}

/// Runs an rc for the sake of one variable.
pub fn trace(world: World, trusted: &mut Trusted, outer: &Env, name: &OsStr) -> Result<Trace> {
    if trusted.rc().kind == Kind::Envrc {
        return trace_bash(world, trusted, outer, name);
    }
    let Evaluation { outcome, secrets, .. } = super::eval(world, trusted, outer);
    let steps = if trusted.rc().kind == Kind::Toml {
        toml::steps(trusted, name, (outer, &outcome))
    } else {
        let line = dotenv::line_of(trusted.bytes(), name, outer);
        line.map(|line| Step { file: trusted.rc().path.clone(), line }).into_iter().collect()
    };
    Ok(Trace { steps, secrets: files_of(&secrets, name), outcome })
}

fn files_of(secrets: &[Disclosed], name: &OsStr) -> Vec<PathBuf> {
    let of_name = secrets.iter().filter(|secret| *secret.name == *name);
    of_name.map(|secret| secret.file.clone()).collect()
}

fn trace_bash(world: World, trusted: &mut Trusted, outer: &Env, name: &OsStr) -> Result<Trace> {
    let stage = Stage::new(outer)?;
    stage.write("why", &[SCRIPT])?;
    stage.write("record", &[""])?;
    let record = stage.path().join("record");
    let mut env = outer.clone();
    env.set("__envr_own_bash_env", outer.get("BASH_ENV").unwrap_or_default());
    env.set("__envr_watch", name);
    env.set("__envr_record", &record);
    env.set("BASH_ENV", stage.path().join("why"));
    let start = Start::new(world, trusted, &env);
    let Evaluation { outcome, secrets, .. } =
        bash::run(&start, trusted, Lane::Bash(String::new()))?;
    let written = crate::fs::read_regular(&record, RECORD_LIMIT)
        .context("could not read what bash wrote down")?
        .unwrap_or_default();
    Ok(Trace { steps: steps(&written), secrets: files_of(&secrets, name), outcome })
}

/// File, line and working directory, each ended by a NUL.
fn steps(written: &[u8]) -> Vec<Step> {
    let fields: Vec<&[u8]> = written.split(|byte| *byte == 0).collect();
    let step = |fields: &[&[u8]]| {
        let [file, line, dir] = fields else { return None };
        let path = |bytes| Path::new(OsStr::from_bytes(bytes));
        let file = crate::fs::clean(&path(dir).join(path(file)));
        Some(Step { file, line: str::from_utf8(line).ok()?.parse().ok()? })
    };
    let mut steps: Vec<Step> = fields.chunks(3).filter_map(step).collect();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_an_absolute_path_and_a_line() {
        let step = |file: &str, line: usize| Step { file: file.into(), line };
        let written = b"./.envrc\x003\x00/p\x00./.envrc\x003\x00/p\x00/lib.sh\x0012\x00/p\x00./cut";
        assert_eq!(steps(written), [step("/p/.envrc", 3), step("/lib.sh", 12)]);
    }
}
