//! Names with a meaning: the commands that run natively, what bash has of its own, and variables that are more than text.

use super::{Call, Word};
use crate::words;

/// The commands and functions that run without bash.
const CALLS: [&str; 51] = [
    ".",
    ":",
    "MANPATH_add",
    "PATH_add",
    "PATH_rm",
    "[",
    "command",
    "direnv_layout_dir",
    "dotenv",
    "dotenv_if_exists",
    "echo",
    "env_vars_required",
    "exit",
    "expand_path",
    "false",
    "has",
    "hash",
    "layout",
    "layout_go",
    "layout_julia",
    "layout_node",
    "layout_perl",
    "layout_php",
    "load_prefix",
    "log_error",
    "log_status",
    "nix_direnv_version",
    "nix_direnv_watch_file",
    "path_add",
    "path_rm",
    "printf",
    "pwd",
    "return",
    "set",
    "source",
    "source_env",
    "source_env_if_exists",
    "source_up",
    "source_up_if_exists",
    "source_url",
    "test",
    "true",
    "type",
    "use",
    "use_age",
    "use_flake",
    "use_nix",
    "use_sops",
    "use_vim",
    "watch_dir",
    "watch_file",
];

/// What `type` knows without looking at PATH, next to the library's functions.
const BASH_OWN: &str = "\
    ! . : [ [[ ]] alias bg bind break builtin caller case cd command compgen complete compopt continue coproc declare \
    dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help \
    history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set \
    shift shopt source suspend test then time times trap true type typeset ulimit umask unalias unset until wait while { \
    }";

/// Builtins and keywords that came or went between bash 3.2 and today.
const OF_SOME_BASHES: &str = "compopt coproc mapfile readarray";

/// Variables that bash sets, reads or keeps from being set.
const SPECIAL: &str = "\
    BASH BASHOPTS BASHPID CHILD_MAX COLUMNS COMPREPLY COPROC DIRENV_DIFF DIRENV_DIR DIRENV_DUMP_FILE_PATH DIRENV_FILE \
    DIRENV_IN_ENVRC DIRENV_LOADING DIRENV_REQUIRED DIRENV_WATCHES DIRSTACK EMACS ENV EPOCHREALTIME EPOCHSECONDS EUID EXECIGNORE FCEDIT \
    FIGNORE FUNCNAME FUNCNEST GLOBIGNORE GROUPS HISTCMD HISTCONTROL HISTFILE HISTFILESIZE HISTIGNORE HISTSIZE \
    HISTTIMEFORMAT HOSTFILE HOSTNAME HOSTTYPE IFS IGNOREEOF INPUTRC INSIDE_EMACS LANG LANGUAGE LINENO LINES MACHTYPE \
    MAIL MAILCHECK MAILPATH MAPFILE OLDPWD OPTARG OPTERR OPTIND OSTYPE PIPESTATUS POSIXLY_CORRECT PPID PROMPT_COMMAND \
    PROMPT_DIRTRIM PS0 PS2 PS3 PS4 PWD RANDOM REPLY SECONDS SHELLOPTS SHLVL SRANDOM TEXTDOMAIN TEXTDOMAINDIR \
    TIMEFORMAT TMOUT UID _ auto_resume direnv direnv_config_dir histchars";
const SPECIAL_PREFIXES: [&str; 5] = ["BASH_", "COMP_", "LC_", "READLINE_", "__envr_"];

/// Special variables that bash takes from outside as they are, and hands on so.
const HARMLESS_FROM_OUTSIDE: &str = "\
    BASH_SILENCE_DEPRECATION_WARNING COLUMNS DIRENV_DUMP_FILE_PATH EMACS ENV FCEDIT FIGNORE HISTCONTROL HISTFILE \
    HISTFILESIZE HISTIGNORE HISTSIZE HISTTIMEFORMAT HOSTFILE HOSTNAME INPUTRC INSIDE_EMACS LANG LANGUAGE LC_ADDRESS \
    LC_ALL LC_COLLATE LC_CTYPE LC_IDENTIFICATION LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME LC_NUMERIC LC_PAPER \
    LC_TELEPHONE LC_TIME LINES MAIL OLDPWD PROMPT_COMMAND PS2 PWD SHLVL _";

/// Special variables that keep the value they have, or find one of their own, whatever is assigned; and those that say
/// where the shell is, and what is loaded.
const FIXED: &str = "\
    BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_LINENO BASH_MONOSECONDS \
    BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_TRAPSIG BASH_VERSINFO DIRENV_DIFF DIRENV_DIR DIRENV_FILE DIRENV_IN_ENVRC \
    DIRENV_LOADING DIRENV_REQUIRED DIRENV_WATCHES DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD LINENO \
    OLDPWD PIPESTATUS PPID PWD RANDOM SHELLOPTS SHLVL SRANDOM UID _";

pub fn is_call(name: &[u8]) -> bool {
    CALLS.binary_search_by(|call| call.as_bytes().cmp(name)).is_ok()
}

/// Whether bash would look for a program of this name: neither bash nor the library has anything of the name. `env` and
/// `printenv` would show the order in which bash keeps its variables.
pub fn is_program(name: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    !name.is_empty()
        && name.iter().all(is_plain)
        && !name.starts_with(b"-")
        && !name.starts_with(b"__envr_")
        && !matches!(name, b"env" | b"printenv" | b"direnv")
        && is_bashs_own(name) == Some(false)
        && !is_call(name)
        && !crate::eval::stdlib::is_function(name)
}

/// What of a call needs bash, whatever its words come to; `defined` are functions of the script.
pub fn needs_bash(call: &Call, defined: &[&[u8]]) -> Option<String> {
    if defined.contains(&call.name.as_slice()) {
        return None;
    }
    let name = String::from_utf8_lossy(&call.name);
    if !is_call(&call.name) {
        return Some(format!("`{name}`"));
    }
    let word = call.arguments.first().and_then(Word::plain)?;
    let is_defined = |function: &[u8]| defined.contains(&[function, word].concat().as_slice());
    let is_native = match call.name.as_slice() {
        b"layout" if is_defined(b"layout_") => true,
        b"use" if is_defined(b"use_") => true,
        b"layout" => matches!(word, b"go" | b"julia" | b"node" | b"perl" | b"php"),
        b"use" => matches!(word, b"age" | b"flake" | b"nix" | b"sops"),
        b"set" => matches!(word, b"-a" | b"+a" | b"-o" | b"+o"),
        _ => true,
    };
    (!is_native).then(|| format!("`{name} {}`", String::from_utf8_lossy(word)))
}

/// Whether a builtin or a keyword has this name; `None` where bashes differ.
pub fn is_bashs_own(name: &[u8]) -> Option<bool> {
    if words::has(OF_SOME_BASHES, name) { None } else { Some(words::has(BASH_OWN, name)) }
}

/// Whether assigning to the variable is no more than that.
pub fn is_assignable(name: &[u8]) -> bool {
    !words::has(SPECIAL, name)
        && !SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix.as_bytes()))
}

/// Whether nothing comes of assigning to the variable, or nothing that can be told beforehand.
pub fn is_fixed(name: &[u8]) -> bool {
    words::has(FIXED, name) || name.starts_with(b"__envr_")
}

/// Whether bash complains of whoever assigns to the variable.
pub fn is_readonly(name: &[u8]) -> bool {
    matches!(name, b"BASHOPTS" | b"BASH_VERSINFO" | b"EUID" | b"PPID" | b"SHELLOPTS" | b"UID")
}

/// Whether the variable has the value that was last given to it.
pub fn is_readable(name: &[u8]) -> bool {
    name == b"PWD" || name == b"BASH" || is_assignable(name)
}

/// Whether bash, started with this variable, has it as it is.
pub fn is_taken_over(name: &[u8]) -> bool {
    is_assignable(name) || words::has(HARMLESS_FROM_OUTSIDE, name)
}

/// Variables that bash sets at its start if they are not there.
pub fn has_default(name: &[u8]) -> bool {
    matches!(name, b"HOME" | b"PATH" | b"SHELL" | b"TERM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(CALLS.is_sorted());
        for table in [BASH_OWN, OF_SOME_BASHES, SPECIAL, HARMLESS_FROM_OUTSIDE, FIXED] {
            assert!(table.split(' ').is_sorted(), "{table}");
        }
        assert!(is_call(b".") && is_call(b"watch_file") && !is_call(b"cd"));
    }
}
