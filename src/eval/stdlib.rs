//! direnv's functions, natively: each does what its namesake in `shell-hooks/stdlib.bash` does.

mod dotenv;
mod layout;
mod lists;
mod nix;
mod paths;
mod scripts;
mod secrets;

use super::bash::library;
use super::native::{Flow, Shell, builtins, needs_bash};
use super::secrets::Kind;
use crate::nix::Function;
use std::path::Path;

pub use dotenv::is_plain as is_plain_dotenv;
pub use layout::layout_dir;
pub use nix::{enter as enter_nix, run_hook};
pub use paths::absolute;
pub use scripts::{find_above, rc, script, source};

/// The whole library, as bash reads it: the parts, one behind the other.
pub const TEXT: [&str; 2] = library::WHOLE;

pub fn is_function(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(library::has)
}

/// The function's status.
pub fn call(shell: &mut Shell<'_>, name: &[u8], arguments: &[&[u8]]) -> Flow<u8> {
    let first = arguments.first().copied().unwrap_or_default();
    match name {
        b"PATH_add" => lists::add(shell, b"PATH", arguments),
        b"path_add" if !arguments.is_empty() => lists::add(shell, first, &arguments[1..]),
        b"PATH_rm" => lists::remove(shell, b"PATH", arguments),
        b"path_rm" if !arguments.is_empty() => lists::remove(shell, first, &arguments[1..]),
        b"MANPATH_add" => lists::add_manual(shell, first),
        b"load_prefix" => lists::load_prefix(shell, first),
        b"has" => Ok(u8::from(!builtins::knows(shell, first)?)),
        b"expand_path" => {
            let base = arguments.get(1).copied().unwrap_or_default();
            let mut line = absolute(shell.dir(), &[base, first]);
            line.push(b'\n');
            shell.print(1, &line);
            Ok(0)
        }
        b"direnv_layout_dir" => {
            let mut line = layout_dir(shell)?;
            line.push(b'\n');
            shell.print(1, &line);
            Ok(0)
        }
        b"watch_file" | b"nix_direnv_watch_file" => {
            for file in arguments {
                watch(shell, file);
            }
            Ok(0)
        }
        b"watch_dir" => watch_dir(shell, first),
        b"dotenv" => dotenv::dotenv(shell, first, true),
        b"dotenv_if_exists" => dotenv::dotenv(shell, first, false),
        b"source_env" => scripts::source_env(shell, first),
        b"source_env_if_exists" => scripts::source_env_if_exists(shell, first),
        b"source_up" => scripts::source_up(shell, first, true),
        b"source_up_if_exists" => scripts::source_up(shell, first, false),
        b"env_vars_required" => env_vars_required(shell, arguments),
        b"log_status" => {
            shell.log_status(&arguments.join(&b' '));
            Ok(0)
        }
        b"log_error" => {
            shell.log_error(&arguments.join(&b' '));
            Ok(0)
        }
        b"use" | b"layout" if shell.functions.has(&[name, b"_", first].concat()) => {
            if name == b"use" {
                shell.log_status(&[b"using ", arguments.join(&b' ').as_slice()].concat());
            }
            let status = shell.call_function(&[name, b"_", first].concat(), &arguments[1..])?;
            if name == b"layout" {
                layout::tag(shell)?;
            }
            Ok(status)
        }
        _ if shell.functions.has(name) => shell.call_function(name, arguments),
        b"use" if matches!(first, b"flake" | b"nix") => nix::use_(shell, arguments),
        b"use_flake" => nix::call(shell, Function::UseFlake, arguments),
        b"use_nix" => nix::call(shell, Function::UseNix, arguments),
        b"nix_direnv_version" => Ok(0),
        b"layout" => layout::layout(shell, first),
        b"use" => {
            shell.log_status(&[b"using ", arguments.join(&b' ').as_slice()].concat());
            call(shell, &[b"use_", first].concat(), arguments.get(1..).unwrap_or_default())
        }
        b"use_sops" => secrets::load(shell, Kind::Sops, arguments),
        b"use_age" => secrets::load(shell, Kind::Age, arguments),
        b"use_vim" => {
            let file = if first.is_empty() { b".vimrc.local" } else { first };
            lists::add(shell, b"DIRENV_EXTRA_VIMRC", &[file])
        }
        _ => match name.strip_prefix(b"layout_") {
            Some(kind) => layout::run(shell, kind),
            None => needs_bash(&format!("`{}`", String::from_utf8_lossy(name))),
        },
    }
}

/// An empty name is no file.
fn watch(shell: &mut Shell<'_>, file: &[u8]) {
    if !file.is_empty() {
        let file = absolute(shell.dir(), &[file]);
        let file = crate::fs::clean(&shell.path(&file));
        shell.watches.add(&file);
        shell.watched.insert(file);
    }
}

fn watch_dir(shell: &mut Shell<'_>, dir: &[u8]) -> Flow<u8> {
    if !shell.path(dir).is_dir() || dir.is_empty() {
        return needs_bash("a directory that is not there");
    }
    let dir = absolute(shell.dir(), &[dir]);
    let mut added = crate::watch::Watches::default();
    if added.add_tree(&crate::fs::clean(&shell.path(&dir))).is_err() {
        return needs_bash("a directory that cannot be read");
    }
    shell.watched.extend(added.paths().map(Path::to_path_buf));
    shell.watches.merge(added);
    Ok(0)
}

fn env_vars_required(shell: &mut Shell<'_>, names: &[&[u8]]) -> Flow<u8> {
    let mut status = 0;
    for name in names {
        if !super::parse::names::is_assignable(name) {
            return needs_bash("a variable of bash's own");
        }
        let has_value = shell.variables.get(name).is_some_and(|value| !value.is_empty());
        if !has_value || !shell.variables.is_exported(name) {
            let message = [b"env var ", *name, b" is required but missing/empty"].concat();
            shell.log_error(&message);
            status = 1;
        }
    }
    Ok(status)
}
