//! Other files that are executed: judged first, and native too.

use super::{absolute, watch};
use crate::eval::native::{Flow, Shell, Stop, builtins, needs_bash};
use crate::eval::parse::{List, parse};
use crate::host::Voice;
use crate::trust::Execution;
use crate::watch::last_change;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A script larger than this many bytes is bash's business.
const LIMIT: u64 = 1 << 20;

/// `source_env FILE_OR_DIR`
pub fn source_env(shell: &mut Shell<'_>, argument: &[u8]) -> Flow<u8> {
    if builtins::knows(shell, b"cygpath")? {
        return needs_bash("Cygwin");
    }
    let mut named = match argument {
        b"~" | [b'~', b'/', ..] => {
            shell.check_known(b"HOME")?;
            [shell.variables.get(b"HOME").unwrap_or_default(), &argument[1..]].concat()
        }
        _ => argument.to_vec(),
    };
    if named.is_empty() {
        return needs_bash("a file without a name");
    }
    if shell.path(&named).is_dir() {
        named.extend(b"/.envrc");
    }
    if !shell.path(&named).exists() {
        shell.log_status(&[b"referenced ", named.as_slice(), b" does not exist"].concat());
        return Ok(1);
    }
    let file = absolute(shell.dir(), &[&named]);
    watch(shell, &file);
    let path = check(shell, &file)?;
    let bytes = judge(shell, &path)?;
    let message = [b"loading ", tilde(shell, &file).as_slice()].concat();
    shell.log_status(&message);
    let script = Rc::new(read(&path, &bytes)?);
    let dir = directory(&path)?;
    shell.status = 0;
    let name = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
    let name = [b"./", name].concat();
    shell.with_parameters(Some(vec![argument.to_vec()]), |shell| {
        shell.in_directory(dir, |shell| shell.run_script(&name, &script))
    })?;
    Ok(0)
}

/// What `source_env` would execute, and where; `None` if there is nothing at this absolute path.
pub fn rc(shell: &Shell<'_>, file: &[u8]) -> Flow<Option<(Vec<u8>, List)>> {
    if builtins::knows(shell, b"cygpath")? {
        return needs_bash("Cygwin");
    }
    let mut named = file.to_vec();
    if shell.path(&named).is_dir() {
        named.extend(b"/.envrc");
    }
    if !shell.path(&named).exists() {
        return Ok(None);
    }
    let path = check(shell, &absolute(b"/", &[&named]))?;
    let Ok(Some(bytes)) = crate::fs::read_regular(&path, LIMIT) else {
        return needs_bash("a file that cannot be read");
    };
    Ok(Some((directory(&path)?, read(&path, &bytes)?)))
}

fn check(shell: &Shell<'_>, file: &[u8]) -> Flow<PathBuf> {
    if !shell.path(file).is_file() || file.starts_with(b"//") {
        return needs_bash("a file whose path misleads");
    }
    let path = crate::fs::clean(&shell.path(file));
    if path == shell.trusted.rc().path {
        return needs_bash("a file that executes itself");
    }
    Ok(path)
}

fn directory(path: &Path) -> Flow<Vec<u8>> {
    match path.parent() {
        Some(dir) if rustix::fs::access(dir, rustix::fs::Access::EXEC_OK).is_ok() => {
            Ok(dir.as_os_str().as_bytes().to_vec())
        }
        _ => needs_bash("a directory that cannot be entered"),
    }
}

/// The bytes of a file that may be executed. Only programs make files anew.
fn judge(shell: &mut Shell<'_>, path: &Path) -> Flow<Vec<u8>> {
    let made = shell.runner.as_ref().is_some_and(|runner| last_change(path) > runner.began);
    match shell.trusted.judge_executed(shell.world.store, path, made) {
        Ok(Execution::Run(bytes)) => {
            shell.scripts.extend([bytes.as_slice(), b"\n"].concat());
            Ok(bytes)
        }
        Ok(Execution::Refused(reason)) => Err(Stop::Refused(reason)),
        Ok(Execution::Absent) | Err(_) => needs_bash("a file that cannot be read"),
    }
}

fn read(path: &Path, bytes: &[u8]) -> Flow<List> {
    parse(bytes).or_else(|reason| needs_bash(&format!("`{}`, {reason}", path.display())))
}

/// `source_env_if_exists FILE`
pub fn source_env_if_exists(shell: &mut Shell<'_>, file: &[u8]) -> Flow<u8> {
    watch(shell, file);
    if file.is_empty() || !shell.path(file).is_file() { Ok(0) } else { source_env(shell, file) }
}

/// `source_up` or `source_up_if_exists`
pub fn source_up(shell: &mut Shell<'_>, name: &[u8], must_exist: bool) -> Flow<u8> {
    let name = if name.is_empty() { b".envrc" } else { name };
    match find_above(shell, shell.dir(), name) {
        Some(file) => source_env(shell, &file),
        None if must_exist => {
            shell.log_error(&[b"No ancestor ", name, b" found"].concat());
            Ok(1)
        }
        None => Ok(0),
    }
}

/// The nearest file of this name in a directory above `dir`.
pub fn find_above(shell: &Shell<'_>, dir: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut dir = dir.strip_suffix(b"/").unwrap_or(dir);
    while let Some(at) = dir.iter().rposition(|byte| *byte == b'/') {
        dir = &dir[..at];
        let file = [dir, b"/", name].concat();
        if shell.path(&file).is_file() {
            return Some(file);
        }
    }
    None
}

/// bash's own `source`.
pub fn source(shell: &mut Shell<'_>, arguments: &[&[u8]]) -> Flow<u8> {
    let [file] = arguments else { return needs_bash("arguments of a script") };
    let (path, mut bytes) = find(shell, file)?;
    if shell.world.host.voice == Voice::Envr {
        let path = crate::fs::straight(&path);
        if shell.trusted.covers(&path) {
            bytes = judge(shell, &path)?;
        }
        shell.status = 0;
    }
    let script = Rc::new(read(&path, &bytes)?);
    shell.deeper(|shell| shell.run_script(file, &script))?;
    if script.is_empty() {
        shell.status = 0;
    }
    Ok(shell.status)
}

/// What `source` would execute.
pub fn script(shell: &Shell<'_>, file: &[u8]) -> Flow<List> {
    let (path, bytes) = find(shell, file)?;
    read(&path, &bytes)
}

/// Without a slash, PATH comes before the working directory.
fn find(shell: &Shell<'_>, file: &[u8]) -> Flow<(PathBuf, Vec<u8>)> {
    if file.is_empty()
        || file.starts_with(b"-")
        || file.starts_with(b"/dev/")
        || file.starts_with(b"/proc/")
    {
        return needs_bash("a file like this");
    }
    if !file.contains(&b'/') {
        shell.check_known(b"PATH")?;
        let path = shell.variables.get(b"PATH").unwrap_or_default();
        for dir in path.split(|byte| *byte == b':') {
            let found = shell.path(&[dir, b"/", file].concat()).exists();
            if found || dir.is_empty() || dir.starts_with(b"~") {
                return needs_bash("a script that PATH may hold");
            }
        }
    }
    let path = shell.path(file);
    match crate::fs::read_regular(&path, LIMIT) {
        Ok(Some(bytes)) => Ok((path, bytes)),
        _ => needs_bash("a script that cannot be read"),
    }
}

/// A path as a person would write it.
fn tilde(shell: &Shell<'_>, path: &[u8]) -> Vec<u8> {
    let home = shell.variables.get(b"HOME").filter(|home| !home.is_empty());
    let Some(home) = home else { return path.to_vec() };
    let trimmed = home.strip_suffix(b"/").unwrap_or(home);
    match path.strip_prefix(trimmed) {
        Some(below) if path == home || below.starts_with(b"/") => [b"~", below].concat(),
        _ => path.to_vec(),
    }
}
