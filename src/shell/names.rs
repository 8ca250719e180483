//! Which names a shell can hold, and which values: the one place that leaves a change out.

use super::{Change, Shell};
use crate::env::is_name;
use crate::words;

/// Variables that bash does not let anyone set.
const BASH_OWN: &str = "BASHOPTS BASH_VERSINFO PPID SHELLOPTS";

/// Variables of zsh that are read-only or not strings, loaded on first use some of them. Exporting one is an error that
/// ends the whole `eval`, and so would lose every change after it.
const ZSH_OWN: &str = "\
    ARGC EPOCHREALTIME EPOCHSECONDS HISTCMD LINENO PPID TTYIDLE ZSH_EVAL_CONTEXT ZSH_SUBSHELL \
    aliases argv builtins cdpath commands dirstack dis_aliases dis_builtins dis_functions \
    dis_functions_source dis_galiases dis_patchars dis_reswords dis_saliases epochtime errnos \
    fignore fpath funcfiletrace funcsourcetrace funcstack functions functions_source functrace \
    galiases history historywords jobdirs jobstates jobtexts keymaps mailpath manpath module_path \
    modules nameddirs options parameters patchars path pipestatus psvar reswords saliases signals \
    status termcap terminfo userdirs usergroups widgets zle_bracketed_paste zsh_eval_context \
    zsh_scheduled_events";

/// Variables that fish does not let anyone set.
const FISH_OWN: &str = "\
    FISH_VERSION PWD SHLVL _ fish_kill_signal fish_killring fish_pid history hostname pipestatus \
    status status_generation umask version";

/// Variables that bash and zsh read as arithmetic, in which `x[$(command)]` runs the command: only plain numbers go in.
const BASH_NUMBERS: &str = "HISTCMD MAILCHECK OPTIND RANDOM SRANDOM";
const ZSH_NUMBERS: &str = "\
    COLUMNS ERRNO FUNCNEST HISTSIZE KEYTIMEOUT LINES LISTMAX MAILCHECK OPTIND RANDOM SAVEHIST \
    SECONDS SHLVL TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT";

/// Whether the shell can take this change as it is meant, or at all.
pub fn holds(shell: Shell, change: &Change) -> bool {
    is_environment(change)
        && knows(shell, change.name)
        && change.value.is_none_or(|value| reads(shell, change.name, value))
}

/// What the kernel would hand to a program as `NAME=value`.
fn is_environment(change: &Change) -> bool {
    !change.name.is_empty()
        && !change.name.iter().any(|byte| matches!(byte, b'=' | 0))
        && !change.value.is_some_and(|value| value.contains(&0))
}

fn knows(shell: Shell, name: &[u8]) -> bool {
    match shell {
        // Any bytes.
        Shell::Gzenv | Shell::Vim => true,
        // A name with U+FFFD in it would be another name.
        Shell::Elvish | Shell::Json | Shell::Murex | Shell::Nu => str::from_utf8(name).is_ok(),
        Shell::Gha | Shell::Pwsh | Shell::Systemd | Shell::Tcsh | Shell::Xonsh => is_name(name),
        Shell::Bash => is_name(name) && !words::has(BASH_OWN, name),
        Shell::Fish => is_name(name) && !words::has(FISH_OWN, name),
        Shell::Zsh => is_name(name) && !words::has(ZSH_OWN, name),
    }
}

fn reads(shell: Shell, name: &[u8], value: &[u8]) -> bool {
    match shell {
        Shell::Bash => !words::has(BASH_NUMBERS, name) || is_number(value),
        Shell::Zsh => !words::has(ZSH_NUMBERS, name) || is_number(value),
        _ => true,
    }
}

/// A leading zero would make it octal.
fn is_number(value: &[u8]) -> bool {
    value == b"0" || (value.iter().all(u8::is_ascii_digit) && !value.is_empty() && value[0] != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shells: &[Shell], name: &[u8], value: Option<&[u8]>) {
        let held: Vec<Shell> =
            Shell::ALL.into_iter().filter(|shell| holds(*shell, &Change { name, value })).collect();
        assert_eq!(held, shells);
    }

    const TEXT_READERS: [Shell; 6] =
        [Shell::Elvish, Shell::Murex, Shell::Json, Shell::Vim, Shell::Gzenv, Shell::Nu];

    #[test]
    fn any_shell_takes_an_identifier() {
        check(&Shell::ALL, b"A", Some(b"x"));
        check(&Shell::ALL, b"_a1", None);
    }

    #[test]
    fn what_the_kernel_cannot_hold_goes_nowhere() {
        check(&[], b"", Some(b"x"));
        check(&[], b"A=B", Some(b"x"));
        check(&[], b"A\0", None);
        check(&[], b"A", Some(b"x\0y"));
    }

    #[test]
    fn only_data_formats_take_names_with_syntax() {
        for name in ["A; touch pwned", "A\ntouch pwned", "$(touch pwned)", "1A", "A.B", "é"] {
            check(&TEXT_READERS, name.as_bytes(), Some(b"x"));
        }
        check(&[Shell::Vim, Shell::Gzenv], b"A\xff", Some(b"x"));
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [BASH_OWN, ZSH_OWN, FISH_OWN, BASH_NUMBERS, ZSH_NUMBERS] {
            assert!(table.split(' ').is_sorted(), "{table}");
        }
    }

    #[test]
    fn a_shell_keeps_its_own() {
        assert!(!holds(Shell::Zsh, &Change { name: b"path", value: Some(b"x") }));
        assert!(!holds(Shell::Fish, &Change { name: b"status", value: None }));
        assert!(holds(Shell::Bash, &Change { name: b"status", value: Some(b"x") }));
    }

    #[test]
    fn what_a_shell_does_not_let_anyone_set_is_left_out() {
        let own = [
            (Shell::Bash, "BASHOPTS BASH_VERSINFO PPID SHELLOPTS"),
            (
                Shell::Fish,
                "FISH_VERSION PWD SHLVL _ history hostname pipestatus status umask version",
            ),
            (Shell::Zsh, "ARGC LINENO PPID argv path status options zsh_eval_context"),
        ];
        for (shell, names) in own {
            for name in names.split(' ') {
                let change = Change { name: name.as_bytes(), value: Some(b"1") };
                assert!(!holds(shell, &change), "{name}");
            }
        }
    }

    #[test]
    fn arithmetic_takes_numbers_only() {
        for (value, held) in
            [("7", true), ("0", true), ("010", false), ("", false), ("x[$(touch pwned)]", false)]
        {
            let change = Change { name: b"RANDOM", value: Some(value.as_bytes()) };
            assert_eq!(holds(Shell::Bash, &change), held, "{value}");
            assert_eq!(holds(Shell::Zsh, &change), held, "{value}");
        }
        assert!(holds(Shell::Bash, &Change { name: b"RANDOM", value: None }));
    }
}
