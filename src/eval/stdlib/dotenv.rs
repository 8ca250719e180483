//! `.env` files.

use crate::env::is_name;
use crate::error::unreadable;
use crate::eval::dotenv::{parse_in, variables_in};
use crate::eval::native::{Flow, Shell, needs_bash};
use crate::eval::parse::names;
use crate::ui;
use anyhow::Context as _;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// A `.env` larger than this many bytes is bash's business, and that of the one who waits for it.
const LIMIT: u64 = 1 << 20;
/// What the verb refuses.
const LATE_LIMIT: u64 = 16 << 20;

/// `dotenv` or `dotenv_if_exists`
pub fn dotenv(shell: &mut Shell<'_>, argument: &[u8], must_exist: bool) -> Flow<u8> {
    let file = match argument {
        b"" => [shell.dir(), b"/.env"].concat(),
        dir if shell.path(dir).is_dir() => [dir, b"/.env"].concat(),
        file => file.to_vec(),
    };
    super::watch(shell, &file);
    let path = shell.path(&file);
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => return load(shell, &file, &path),
        Ok(metadata) if !metadata.is_dir() => return needs_bash("a .env that is a pipe"),
        _ => {}
    }
    if must_exist {
        let message = [b".env at ", file.as_slice(), b" not found"].concat();
        shell.log_error(&message);
    }
    Ok(u8::from(must_exist))
}

fn load(shell: &mut Shell<'_>, file: &[u8], path: &Path) -> Flow<u8> {
    match read(shell, path) {
        Ok(variables) => set(shell, variables),
        Err(why) if shell.runner.is_none() => return needs_bash(why),
        // One of the programs made it as it is, and they are not to run twice.
        Err(_) => return load_late(shell, file, path),
    }
    Ok(0)
}

/// As bash's library has it done by the verb of the same name: names that no shell knows are left out, and those of which
/// bash keeps the value.
fn load_late(shell: &mut Shell<'_>, file: &[u8], path: &Path) -> Flow<u8> {
    let host = shell.world.host;
    let named = Path::new(OsStr::from_bytes(file));
    let read = crate::fs::read_regular(path, LATE_LIMIT)
        .map_err(|error| unreadable(host, named, error, path))
        .and_then(|text| text.with_context(|| format!("`{}` is too large", path.display())))
        .and_then(|text| variables_in(host, path, &text, &shell.variables.environment()));
    match read {
        Ok(variables) => {
            shell.variables.learn_identity();
            for (name, value) in variables {
                if is_name(name.as_bytes()) {
                    shell.variables.take_over(name.as_bytes(), value.into_vec());
                }
            }
            Ok(0)
        }
        Err(error) => {
            let line = ui::error_line(host, &ui::causes(&error));
            shell.print(2, format!("{line}\n").as_bytes());
            Ok(1)
        }
    }
}

fn set(shell: &mut Shell<'_>, variables: Vec<(OsString, OsString)>) {
    for (name, value) in variables {
        shell.variables.set(name.as_bytes(), value.into_vec());
        shell.variables.export(name.as_bytes());
    }
}

/// Whether a file, or the one in a directory, has no mistake and no names of bash's own, if it is there.
pub fn is_plain(shell: &Shell<'_>, file: &[u8]) -> bool {
    let path = Path::new(OsStr::from_bytes(file));
    let path = if path.is_dir() { path.join(".env") } else { path.to_path_buf() };
    if path.metadata().is_ok_and(|kind| kind.is_dir()) || !path.exists() {
        return true;
    }
    // Words that name the home were looked at before.
    read(shell, &path).is_ok_and(|variables| variables.iter().all(|(name, _)| name != "HOME"))
}

/// `Err` says what bash would be needed for.
fn read(shell: &Shell<'_>, path: &Path) -> Result<Vec<(OsString, OsString)>, &'static str> {
    let Ok(Some(text)) = crate::fs::read_regular(path, LIMIT) else {
        return Err("a .env that cannot be read");
    };
    let asks = [&b"PWD"[..], b"DIRENV_", b"SHLVL", b"$_", b"${_"];
    if asks.iter().any(|name| mentions(&text, name)) {
        return Err("a .env that asks where it is");
    }
    let dir = path.parent().unwrap_or(Path::new("/"));
    let Ok(variables) = parse_in(dir, &text, &shell.variables.environment()) else {
        return Err("a .env with a mistake");
    };
    let variables: Vec<(OsString, OsString)> = variables.into_iter().collect();
    if !variables.iter().all(|(name, _)| is_plain_name(name)) {
        return Err("a .env with a name that is not plain");
    }
    Ok(variables)
}

fn is_plain_name(name: &OsStr) -> bool {
    is_name(name.as_bytes()) && names::is_assignable(name.as_bytes())
}

fn mentions(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|part| part == what)
}
