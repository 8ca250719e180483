//! What can be typed, and where it goes.

use crate::cmd;
use crate::cmd::setup::{Consent, Later, Replace};
use crate::error::Told;
use crate::host::{Host, Voice};
use crate::ui;
use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use std::ffi::{OsStr, OsString};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;

/// Load a project's environment when you enter its directory
#[derive(Debug, Parser)]
#[command(
    name = "envr",
    version,
    disable_help_subcommand = false,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the code that a shell's start file evaluates
    #[command(after_help = "Put one of these at the end of the shell's start file:
  ~/.bashrc                    eval \"$(envr hook bash)\"
  ~/.zshrc                     eval \"$(envr hook zsh)\"
  ~/.config/fish/config.fish   envr hook fish | source
docs/shells.md has those for tcsh, elvish, xonsh, nushell, PowerShell and murex.")]
    Hook {
        /// bash, zsh, fish, tcsh, elvish, xonsh, nu, pwsh or murex
        shell: OsString,
    },
    /// Print what a shell has to do to be as its directory wants it
    Export {
        /// bash, zsh, fish, tcsh, elvish, pwsh, murex, nu, xonsh, json, vim, gha, gzenv or systemd
        shell: OsString,
    },
    /// Approve the `.envrc` or `envr.toml` as it is now, with the files that it executes
    #[command(visible_aliases = ["permit", "grant"])]
    Allow {
        /// A directory or file of the project
        path: Option<PathBuf>,
    },
    /// Refuse the `.envrc` or `envr.toml`, whatever it will hold
    #[command(visible_aliases = ["block", "revoke", "disallow"])]
    Deny {
        /// A directory or file of the project
        path: Option<PathBuf>,
    },
    /// Show what an approval would cover, against what was approved last
    Review {
        /// A directory or file of the project
        path: Option<PathBuf>,
    },
    /// Open the `.envrc` in your editor and approve what you wrote
    Edit {
        /// A directory or file; without one, the `.envrc` that governs this directory
        path: Option<PathBuf>,
    },
    /// Run a command in the environment of a directory
    #[command(
        override_usage = "envr exec [--redact] -- <COMMAND>...\n       envr exec [--redact] <DIR> <COMMAND>..."
    )]
    Exec {
        /// Show `[secret]` in the command's output where it prints a value of a secrets file
        #[arg(long)]
        redact: bool,
        /// `--` and a command, or a directory and a command
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Load the `.envrc` again at the next prompt
    Reload,
    /// Show what is loaded, what was found, and why
    Status {
        /// Print JSON, as direnv does
        #[arg(long)]
        json: bool,
    },
    /// Put the hook into the start files of your shells
    Setup {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Replace direnv's hook, and have the command `direnv` be envr
        #[arg(long)]
        from_direnv: bool,
        /// Take everything back
        #[arg(long, conflicts_with = "from_direnv")]
        undo: bool,
        /// Take back what was changed since, too
        #[arg(long, requires = "undo")]
        force: bool,
    },
    /// Look for what is broken in the set-up, and say what mends it
    Doctor,
    /// Tell which file and line set a variable; runs the `.envrc` once more
    Why {
        /// Its name
        variable: OsString,
    },
    /// Forget the approvals of files that are gone or changed
    Prune,
    /// Print a `.env` file as code for a shell
    Dotenv {
        /// The shell; bash where none is named
        shell: Option<OsString>,
        /// The file; `.env` where none is named
        file: Option<PathBuf>,
    },
    /// Read secrets that sops or age encrypted
    Secret {
        #[command(subcommand)]
        verb: cmd::secret::Secret,
    },
    /// Look after the nix shells that are kept
    Nix {
        #[command(subcommand)]
        verb: NixVerb,
    },
    /// Print the functions that an `.envrc` can use
    Stdlib,
    /// Print the completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the version, or fail when direnv's is older than one
    Version { at_least: Option<OsString> },
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    Service(cmd::service::Verb),
}

#[derive(Debug, Subcommand)]
enum NixVerb {
    /// List the shells that are kept, whether they are current, and what they hold of the store
    Status,
    /// Show what nix says and does for this project
    Log,
    /// Have nix make the shells of this project anew, whatever is kept
    Refresh,
    /// Let the shells of projects that are gone go
    Gc {
        /// And those that were not loaded for so long: 12h, 30d, 8w
        #[arg(long, value_name = "AGE")]
        older_than: Option<String>,
    },
    /// Copy this project's shells to a binary cache
    Copy {
        /// As `nix copy` names it: `file:///srv/cache`, `s3://bucket`, `ssh://host`
        #[arg(long, value_name = "STORE")]
        to: String,
    },
    /// Have shells made anew as soon as they are out of date
    #[command(hide = true)]
    Watch {
        #[arg(long)]
        in_background: bool,
    },
    /// Make the shell that a directory of the cache asks for
    #[command(hide = true)]
    Evaluate {
        #[arg(long)]
        in_background: bool,
        place: PathBuf,
    },
    /// Evaluate, and say so where that is ended from outside
    #[command(hide = true)]
    Attend { place: PathBuf },
    /// Print the code of `use flake` or `use nix`
    #[command(hide = true)]
    Print {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

/// Takes the process's arguments and its variables as `NAME=VALUE`; returns its exit code.
pub fn main(arguments: &[&'static OsStr], variables: &'static [&'static OsStr]) -> i32 {
    // The system takes everything back at once, and faster than we could.
    let host = ManuallyDrop::new(Host::new(arguments, variables));
    match run(&host) {
        // It does not say its number.
        Ok(code) => (0..=u8::MAX).find(|it| ExitCode::from(*it) == code).map_or(1, i32::from),
        Err(error) => {
            if !error.is::<Told>() {
                ui::error(&host, &error);
            }
            1
        }
    }
}

/// The prompt's verb and those of scripts are taken before the parser is built: it costs a process start by itself.
/// `exec` is, too, for what follows it is not ours to parse.
fn run(host: &Host) -> Result<ExitCode> {
    let bare = [OsString::from("help")];
    let is_bare_direnv = host.voice == Voice::Direnv && host.args.is_empty();
    let words = if is_bare_direnv { &bare } else { host.args.as_slice() };
    if let Some((verb, arguments)) = words.split_first() {
        // direnv has a page for all of them, and takes what follows a verb for its argument.
        let asks_for_help = host.voice == Voice::Envr
            && arguments.first().is_some_and(|first| first == "--help" || first == "-h");
        match verb.to_str() {
            Some(_) if asks_for_help => {}
            Some("--version" | "-V") if host.voice == Voice::Envr => {
                return cmd::print::version(host, None).map(|()| ExitCode::SUCCESS);
            }
            // A login shell's `$0` begins with a dash.
            Some("hook") => {
                return cmd::export::hook(host, arguments.first().map(OsString::as_os_str));
            }
            Some("export") => return cmd::export::export(host, arguments),
            Some("exec") => return cmd::exec::exec(host, arguments),
            _ => {
                if let Some(result) = cmd::direnv::run(host, verb, arguments) {
                    return result.map(|()| ExitCode::SUCCESS);
                }
                #[cfg(target_os = "linux")]
                if let Some(result) = cmd::service::run_inner(host, verb, arguments) {
                    return result.map(|()| ExitCode::SUCCESS);
                }
            }
        }
    }
    match Cli::try_parse_from(std::iter::once(&OsString::from(host.voice.name())).chain(&host.args))
    {
        Ok(cli) => dispatch(host, cli.verb),
        Err(answer) => Ok(explain(host, &answer)),
    }
}

fn dispatch(host: &Host, verb: Verb) -> Result<ExitCode> {
    match verb {
        Verb::Hook { shell } => return cmd::export::hook(host, Some(&shell)),
        Verb::Export { shell } => return cmd::export::export(host, &[shell]),
        Verb::Exec { command, .. } => return cmd::exec::exec(host, &command),
        Verb::Allow { path } => cmd::allow::allow(host, path.as_deref())?,
        Verb::Deny { path } => cmd::allow::deny(host, path.as_deref())?,
        Verb::Review { path } => cmd::review::review(host, path.as_deref())?,
        Verb::Edit { path } => cmd::edit::edit(host, path.as_deref())?,
        Verb::Reload => cmd::allow::reload(host)?,
        Verb::Status { json } => cmd::status::status(host, json)?,
        Verb::Setup { undo: true, force, .. } => {
            cmd::setup::undo(host, if force { Later::Overwritten } else { Later::Kept })?;
        }
        Verb::Setup { yes, from_direnv, .. } => {
            let replace = if from_direnv { Replace::Direnv } else { Replace::Nothing };
            cmd::setup::setup(host, replace, if yes { Consent::Given } else { Consent::Ask })?;
        }
        Verb::Doctor => cmd::doctor::doctor(host)?,
        Verb::Why { variable } => cmd::why::why(host, &variable)?,
        Verb::Prune => cmd::allow::prune(host)?,
        Verb::Dotenv { shell, file } => {
            cmd::dotenv::dotenv(host, shell.as_deref(), file.as_deref())?;
        }
        Verb::Secret { verb } => cmd::secret::run(host, verb)?,
        Verb::Nix { verb } => match verb {
            NixVerb::Status => cmd::nix::status(host)?,
            NixVerb::Log => cmd::nix::log(host)?,
            NixVerb::Gc { older_than } => cmd::nix::gc(host, older_than.as_deref())?,
            NixVerb::Copy { to } => cmd::nix::copy(host, &to)?,
            NixVerb::Refresh => cmd::nix::refresh(host)?,
            NixVerb::Watch { in_background: true } => {
                cmd::nix::detach(host, &["watch".as_ref()])?;
            }
            NixVerb::Watch { in_background: false } => crate::nix::watch(host)?,
            NixVerb::Evaluate { in_background: true, place } => {
                cmd::nix::detach(host, &["attend".as_ref(), place.as_ref()])?;
            }
            NixVerb::Attend { place } => cmd::nix::attend(host, &place)?,
            NixVerb::Evaluate { in_background: false, place } => cmd::nix::evaluate(host, &place)?,
            NixVerb::Print { words } => cmd::nix::print(host, &words)?,
        },
        Verb::Stdlib => cmd::print::stdlib(host)?,
        Verb::Completions { shell } => cmd::print::completions(host, shell)?,
        Verb::Version { at_least } => cmd::print::version(host, at_least.as_deref())?,
        #[cfg(target_os = "linux")]
        Verb::Service(verb) => return cmd::service::run(host, verb),
    }
    Ok(ExitCode::SUCCESS)
}

fn knows(verb: Option<&OsString>) -> bool {
    verb.is_some_and(|verb| Cli::command().find_subcommand(verb).is_some())
}

/// Help and version go where the parser sends them; a mistake is told in our voice.
fn explain(host: &Host, answer: &clap::Error) -> ExitCode {
    if host.voice == Voice::Direnv && !knows(host.args.first()) {
        let verb = host.args.first().map(|verb| verb.to_string_lossy()).unwrap_or_default();
        let called = host.called.to_string_lossy();
        ui::fail(host, &format!("command \"{called} {verb}\" not found"));
        return ExitCode::FAILURE;
    }
    if !answer.use_stderr() {
        return page(host, &answer.to_string());
    }
    let text = answer.to_string();
    let mistake = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    match answer.kind() {
        clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return page(host, &text);
        }
        clap::error::ErrorKind::MissingRequiredArgument => {
            let verb = host.args.first().map(|verb| verb.to_string_lossy()).unwrap_or_default();
            let missing = match answer.get(clap::error::ContextKind::InvalidArg) {
                Some(clap::error::ContextValue::Strings(names)) => names.join(" "),
                _ => String::new(),
            };
            ui::fail(host, &format!("could not run `{verb}`: no `{missing}` was named"));
            ui::hint(host, &format!("{} {verb} --help", host.voice.name()));
        }
        _ => {
            ui::fail(host, &mistake.replace('\'', "`"));
            ui::hint(host, &format!("{} help", host.voice.name()));
        }
    }
    ExitCode::FAILURE
}

fn page(host: &Host, text: &str) -> ExitCode {
    match host.print(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(host, &error);
            ExitCode::FAILURE
        }
    }
}
