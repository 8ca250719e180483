//! `doctor`: what of a set-up is in order, what is broken, and the command that mends it.

use crate::config::Config;
use crate::host::{Host, find_program};
use crate::rc;
use crate::secrets::Keyring;
use crate::session::Session;
use crate::shell::Shell;
use crate::start_file::{self, Tool};
use crate::trust::{self, Store, Verdict};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest shells whose hook finds out by itself that nothing changed.
const QUIET_SINCE: [(Shell, [u32; 2]); 3] =
    [(Shell::Bash, [5, 0]), (Shell::Zsh, [5, 9]), (Shell::Fish, [3, 6])];
const EDIT_DIRENV_TOML: &str = "$EDITOR ~/.config/direnv/direnv.toml";
/// What libraries such as devenv's ask of the bash that runs an rc.
const BASH_OF_LIBRARIES: [u32; 2] = [4, 4];

/// One thing that was looked at.
#[derive(Debug)]
enum Finding {
    Good(String),
    /// And what to type.
    Bad(String, String),
}

/// Prints every finding; fails when one is bad.
pub fn doctor(host: &Host) -> Result<()> {
    let mut findings = Vec::new();
    match Config::load(host) {
        Ok(config) => {
            findings.push(Finding::Good("the configuration can be read".into()));
            findings.push(bash(host, &config));
            findings.push(place(host, &config));
            findings.extend(keyring(&config));
        }
        Err(error) => {
            findings.push(Finding::Bad(ui::causes(&error), EDIT_DIRENV_TOML.into()));
        }
    }
    findings.extend(hook(host));
    findings.extend(age(host));
    findings.push(link(host));
    findings.push(store(host));
    findings.push(state(host));
    let mut page = String::new();
    let mut bad = 0;
    for finding in &findings {
        match finding {
            Finding::Good(what) => _ = writeln!(page, "ok: {}", ui::escape(what)),
            Finding::Bad(what, hint) => {
                bad += 1;
                _ = writeln!(page, "problem: {}\n    {}", ui::escape(what), ui::escape(hint));
            }
        }
    }
    host.print(page.as_bytes())?;
    match bad {
        0 => Ok(()),
        1 => bail!("1 problem was found"),
        _ => bail!("{bad} problems were found"),
    }
}

/// The hook in the start file of `$SHELL`.
fn hook(host: &Host) -> Option<Finding> {
    let setup = || "envr setup".to_string();
    let Some(shell) = host.env.non_empty("SHELL") else {
        let what = "`SHELL` is not set: which start file is yours is not known".to_string();
        return Some(Finding::Bad(what, "export SHELL=\"$(command -v bash)\"".into()));
    };
    let Some(shell) = Shell::from_name(shell) else {
        let what = format!("`SHELL` is `{}`, for which envr has no hook", shell.display());
        return Some(Finding::Bad(what, "envr hook bash".into()));
    };
    let main = start_file::path(host, shell)?;
    let read = |path: PathBuf| {
        let text = trust::read(&path).unwrap_or_default();
        let hooks = start_file::hook_lines(&text);
        (path, text, hooks)
    };
    let mut others = start_file::others(host, shell).into_iter().map(read);
    let (path, text, hooks) = match read(main) {
        main if !main.2.is_empty() => main,
        main => others.rfind(|other| !other.2.is_empty()).unwrap_or(main),
    };
    let shown = host.tilde(&path);
    Some(match hooks.last() {
        None => Finding::Bad(format!("`{shown}` has no line with the hook"), setup()),
        Some(hook) if hook.tool == Tool::Direnv => Finding::Bad(
            format!("`{shown}:{}` has direnv's hook, and the last one counts", hook.line),
            "envr setup --from-direnv".into(),
        ),
        Some(hook) => match overwritten(shell, &text, hook.line) {
            Some(line) => Finding::Bad(
                format!("`{shown}:{line}` sets what the hook in line {} added to", hook.line),
                format!("$EDITOR {shown}"),
            ),
            None => Finding::Good(format!("`{shown}:{}` has the hook", hook.line)),
        },
    })
}

/// The line behind the hook that throws it out of the shell's list.
fn overwritten(shell: Shell, text: &[u8], hook: usize) -> Option<usize> {
    let list = match shell {
        Shell::Bash => "PROMPT_COMMAND=",
        Shell::Zsh => "precmd_functions=",
        Shell::Tcsh => "alias precmd ",
        _ => return None,
    };
    let name = list.trim_end_matches('=');
    let text = String::from_utf8_lossy(text).into_owned();
    let mut behind = text.lines().enumerate().skip(hook);
    behind
        .find(|(_, line)| {
            let line = line.trim_start();
            let value = line.strip_prefix("export ").unwrap_or(line).strip_prefix(list);
            value.is_some_and(|value| !value.contains(name) && !value.contains("_direnv_hook"))
        })
        .map(|(index, _)| index + 1)
}

fn age(host: &Host) -> Option<Finding> {
    let program = host.env.non_empty("SHELL")?;
    let shell = Shell::from_name(program)?;
    let (_, since) = QUIET_SINCE.into_iter().find(|(known, _)| *known == shell)?;
    let [major, minor] = version(Path::new(program), shell)?;
    let name = shell.name();
    Some(if [major, minor] >= since {
        Finding::Good(format!("{name} {major}.{minor} needs no process at a quiet prompt"))
    } else {
        let [wanted, part] = since;
        let what = format!("{name} {major}.{minor} is older than {wanted}.{part}");
        Finding::Bad(format!("{what}: every prompt starts a process"), format!("{name} --version"))
    })
}

fn bash(host: &Host, config: &Config) -> Finding {
    let outer = Session::from_env(&host.env).revert(&host.env);
    let path = match config.bash(host, &outer.unwrap_or_else(|_| host.env.clone())) {
        Ok(path) => path,
        Err(error) => return Finding::Bad(ui::causes(&error), "export DIRENV_BASH=…".into()),
    };
    let shown = host.tilde(&path);
    match version(&path, Shell::Bash) {
        None => Finding::Bad(
            format!("`{shown}`, which is to run an `.envrc`, is no bash"),
            match &config.bash_path {
                Some(_) => EDIT_DIRENV_TOML.into(),
                None if host.env.non_empty("DIRENV_BASH").is_some() => "unset DIRENV_BASH".into(),
                None => format!("{shown} --version"),
            },
        ),
        Some(found) if found < BASH_OF_LIBRARIES => Finding::Bad(
            format!("`{shown}` is bash {}.{}; many libraries need 4.4", found[0], found[1]),
            "export DIRENV_BASH=…".into(),
        ),
        Some([major, minor]) => {
            Finding::Good(format!("`{shown}` runs an `.envrc`: bash {major}.{minor}"))
        }
    }
}

/// The first two numbers that a shell says of itself, if it is that shell.
fn version(program: &Path, shell: Shell) -> Option<[u32; 2]> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.contains(shell.name()).then_some(())?;
    let number =
        text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find(|word| {
            word.contains('.') && word.starts_with(|letter: char| letter.is_ascii_digit())
        })?;
    let mut parts = number.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??])
}

/// The command `direnv`, which editors and prompts start.
fn link(host: &Host) -> Finding {
    let found = find_program("direnv".as_ref(), host.env.get("PATH"), host.cwd.as_deref());
    let same = |file: &Path| std::fs::canonicalize(file).ok();
    let mend = || "envr setup --from-direnv".to_string();
    match found {
        None => Finding::Bad("no `direnv` is on PATH for editors and prompts".into(), mend()),
        Some(file) if same(&file) == same(host.program()) => {
            Finding::Good(format!("`{}` is envr", host.tilde(&file)))
        }
        Some(file) => Finding::Bad(format!("`{}` is another program", host.tilde(&file)), mend()),
    }
}

fn store(host: &Host) -> Finding {
    let dir = match Store::open(host) {
        Ok(store) => store.allow_dir(),
        Err(error) => return Finding::Bad(ui::causes(&error), "export HOME=…".into()),
    };
    let shown = host.tilde(&dir);
    match std::fs::read_dir(&dir) {
        Ok(marks) => Finding::Good(match marks.count() {
            1 => format!("`{shown}` holds 1 approval"),
            count => format!("`{shown}` holds {count} approvals"),
        }),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let in_the_way = dir.ancestors().find(|path| path.is_file()).unwrap_or(&dir);
            let shown = host.tilde(in_the_way);
            Finding::Bad(
                format!("`{shown}` is a file where the directory of approvals belongs"),
                format!("mv {shown} {shown}.old"),
            )
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::Good("nothing was approved yet".into())
        }
        Err(error) => Finding::Bad(
            format!("could not read `{shown}`: {}", ui::plain(&error)),
            format!("chmod u+rwx {shown}"),
        ),
    }
}

fn state(host: &Host) -> Finding {
    let session = Session::from_env(&host.env);
    let read = session.watches().and_then(|_| session.revert(&host.env));
    match read {
        Ok(_) => Finding::Good("the state of this shell can be read".into()),
        Err(error) => Finding::Bad(
            ui::causes(&error.into()),
            "unset DIRENV_DIR DIRENV_FILE DIRENV_WATCHES DIRENV_DIFF".into(),
        ),
    }
}

/// Whether keys of secrets can be kept, where the user wants that.
fn keyring(config: &Config) -> Option<Finding> {
    config.keyring.is_used().then(|| match Keyring::check() {
        Ok(()) => Finding::Good("the kernel keeps keys of secrets for a time".into()),
        Err(error) => Finding::Bad(
            format!("`secrets.cache` is set, but the kernel keeps no keys: {}", ui::causes(&error)),
            "$EDITOR ~/.config/envr/config.toml".into(),
        ),
    })
}

/// What governs the working directory, and whether this shell has it.
fn place(host: &Host, config: &Config) -> Finding {
    let session = Session::from_env(&host.env);
    let Some(rc) = host.cwd.as_deref().and_then(|cwd| rc::find(host, config, cwd)) else {
        return Finding::Good("no `.envrc` governs this directory".into());
    };
    let Ok(store) = Store::open(host) else {
        return Finding::Bad("no place for approvals is known".into(), "export HOME=…".into());
    };
    let (path, shown) = (rc.path.clone(), host.tilde(&rc.path));
    let allow = || "envr allow".to_string();
    let is_loaded = session.file.as_deref().map(Path::as_os_str) == Some(OsStr::new(&path));
    match trust::judge(World { host, config, store: &store }, rc, &mut Watches::default()) {
        Verdict::Allowed(_) if is_loaded => Finding::Good(format!("`{shown}` is loaded")),
        Verdict::Allowed(_) => Finding::Bad(
            format!("`{shown}` is approved, but this shell has not loaded it: it runs no hook"),
            "exec $SHELL".into(),
        ),
        Verdict::Denied => Finding::Bad(format!("`{shown}` is denied"), allow()),
        Verdict::Blocked(reason) => Finding::Bad(
            format!("`{shown}` is blocked: {}", reason.text(host)),
            "envr review".into(),
        ),
        Verdict::Unusable(why) => {
            Finding::Bad(format!("`{shown}` cannot be loaded: {why}"), format!("ls -l {shown}"))
        }
    }
}
