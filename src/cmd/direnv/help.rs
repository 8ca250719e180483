//! The page that `direnv help` prints: a line for each name of a verb with its arguments, then what it does.

use crate::cmd::print::DIRENV_VERSION;
use std::fmt::Write as _;

struct Verb {
    names: &'static [&'static str],
    arguments: &'static str,
    about: &'static str,
    /// For scripts: shown when they are asked for.
    is_private: bool,
}

const fn public(
    names: &'static [&'static str],
    arguments: &'static str,
    about: &'static str,
) -> Verb {
    Verb { names, arguments, about, is_private: false }
}

const fn private(
    names: &'static [&'static str],
    arguments: &'static str,
    about: &'static str,
) -> Verb {
    Verb { names, arguments, about, is_private: true }
}

const VERBS: [Verb; 24] = [
    public(
        &["allow", "permit", "grant"],
        "[PATH_TO_RC]",
        "approve the .envrc or .env as it is now",
    ),
    private(
        &["apply_dump"],
        "FILE",
        "print bash code that turns the environment into a dumped one",
    ),
    private(&["check-required"], "SHELL RC FILE...", "print which files still wait for approval"),
    private(&["current"], "PATH", "fail unless PATH is watched and unchanged"),
    public(
        &["block", "deny", "disallow", "revoke"],
        "[PATH_TO_RC]",
        "refuse the .envrc or .env, whatever it will hold",
    ),
    private(&["dotenv"], "[SHELL] [PATH_TO_DOTENV]", "print a .env file as code for a shell"),
    private(&["dump"], "[SHELL] [FILE]", "write the environment down"),
    public(&["edit"], "[PATH_TO_RC]", "open the .envrc in $EDITOR and approve what was written"),
    public(&["exec"], "DIR COMMAND [...ARGS]", "run a command in the environment of a directory"),
    private(&["export"], "SHELL", "print what a shell has to do to be as its directory wants it"),
    public(&["fetchurl"], "<url> [<integrity-hash>]", "fetch a file and keep it under its hash"),
    public(&["help"], "[SHOW_PRIVATE]", "show this page; with an argument, what scripts call, too"),
    public(&["hook"], "SHELL", "print the code that a shell's start file evaluates"),
    private(&["log"], "--status|--error MESSAGE", "print a message as configured"),
    public(&["prune"], "", "forget the approvals of files that are gone or changed"),
    public(&["reload"], "", "load the .envrc again at the next prompt"),
    private(&["show_dump"], "DUMP", "print what a state variable holds"),
    public(&["status"], "[--json]", "show what is loaded and what was found"),
    public(&["stdlib"], "", "print the functions that an .envrc can use"),
    public(&["version"], "[VERSION_AT_LEAST]", "print the version, or fail when it is older"),
    private(&["watch"], "SHELL PATH...", "add paths to what is watched"),
    private(&["watch-dir"], "SHELL DIR", "add a directory and all below it to what is watched"),
    private(&["watch-list"], "[SHELL]", "add the paths of `MTIME PATH` lines on standard input"),
    private(&["watch-print"], "[--null]", "print the paths that are watched"),
];

pub fn page(with_private: bool) -> String {
    let mut page = format!(
        "direnv v{DIRENV_VERSION}\nUsage: direnv COMMAND [...ARGS]\n\nAvailable commands\n------------------\n"
    );
    for verb in VERBS.iter().filter(|verb| with_private || !verb.is_private) {
        let star = if verb.is_private { "*" } else { "" };
        for name in verb.names {
            let usage = [name, verb.arguments].join(" ");
            _ = writeln!(page, "{star}{}:", usage.trim_end());
        }
        _ = writeln!(page, "  {}", verb.about);
    }
    if with_private {
        page.push_str("* = private commands\n");
    }
    page
}
