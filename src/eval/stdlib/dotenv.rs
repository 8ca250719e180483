//! `.env` files.

use crate::env::is_name;
use crate::eval::dotenv::parse_in;
use crate::eval::native::{Flow, Shell, needs_bash};
use crate::eval::parse::names;
use std::os::unix::ffi::OsStrExt as _;
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
    if path.is_file() {
        return load(shell, &path);
    }
    if must_exist {
        let message = [b".env at ", file.as_slice(), b" not found"].concat();
        shell.log_error(&message);
    }
    Ok(u8::from(must_exist))
}

fn load(shell: &mut Shell<'_>, path: &Path) -> Flow<u8> {
    let Ok(Some(text)) = crate::fs::read_regular(path, LIMIT) else {
        return needs_bash("a .env that cannot be read");
    };
    let asks = [&b"PWD"[..], b"DIRENV_", b"SHLVL", b"$_", b"${_"];
    if asks.iter().any(|name| mentions(&text, name)) {
        return needs_bash("a .env that asks where it is");
    }
    let dir = path.parent().unwrap_or(Path::new("/"));
    let env = shell.variables.environment();
    let Ok(variables) = parse_in(dir, &text, &env) else {
        return needs_bash("a .env with a mistake");
    };
    for (name, value) in variables {
        let name = name.as_bytes();
        if !is_name(name) || !names::is_assignable(name) {
            return needs_bash("a .env with a name that is not plain");
        }
        shell.variables.set(name, value.as_bytes().to_vec());
        shell.variables.export(name);
    }
    Ok(0)
}

fn mentions(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|part| part == what)
}
