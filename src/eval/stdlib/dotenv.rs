//! `.env` files.

use crate::env::is_name;
use crate::eval::dotenv::parse_in;
use crate::eval::native::{Flow, Shell, needs_bash};
use crate::eval::parse::names;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// A `.env` larger than this many bytes is bash's business, and that of the one who waits for it.
const LIMIT: u64 = 1 << 20;

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
        Ok(metadata) if metadata.is_file() => return load(shell, &path),
        Ok(metadata) if !metadata.is_dir() => return needs_bash("a .env that is a pipe"),
        _ => {}
    }
    if must_exist {
        let message = [b".env at ", file.as_slice(), b" not found"].concat();
        shell.log_error(&message);
    }
    Ok(u8::from(must_exist))
}

fn load(shell: &mut Shell<'_>, path: &Path) -> Flow<u8> {
    for (name, value) in read(shell, path)? {
        shell.variables.set(name.as_bytes(), value.into_vec());
        shell.variables.export(name.as_bytes());
    }
    Ok(0)
}

/// Whether a file, or the one in a directory, has no mistake and no names of bash's own, if it is there.
pub fn is_plain(shell: &Shell<'_>, file: &[u8]) -> bool {
    let path = Path::new(OsStr::from_bytes(file));
    let path = if path.is_dir() { path.join(".env") } else { path.to_path_buf() };
    path.metadata().is_ok_and(|kind| kind.is_dir()) || !path.exists() || read(shell, &path).is_ok()
}

fn read(shell: &Shell<'_>, path: &Path) -> Flow<Vec<(OsString, OsString)>> {
    let Ok(Some(text)) = crate::fs::read_regular(path, LIMIT) else {
        return needs_bash("a .env that cannot be read");
    };
    let asks = [&b"PWD"[..], b"DIRENV_", b"SHLVL", b"$_", b"${_"];
    if asks.iter().any(|name| mentions(&text, name)) {
        return needs_bash("a .env that asks where it is");
    }
    let dir = path.parent().unwrap_or(Path::new("/"));
    let Ok(variables) = parse_in(dir, &text, &shell.variables.environment()) else {
        return needs_bash("a .env with a mistake");
    };
    let variables: Vec<(OsString, OsString)> = variables.into_iter().collect();
    let is_plain = |name: &[u8]| is_name(name) && names::is_assignable(name);
    if !variables.iter().all(|(name, _)| is_plain(name.as_bytes())) {
        return needs_bash("a .env with a name that is not plain");
    }
    Ok(variables)
}

fn mentions(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|part| part == what)
}
