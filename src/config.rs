//! The user's configuration: direnv's `direnv.toml` at direnv's place, and envr's own `config.toml`.

use crate::env::Env;
use crate::error::{Hinted, in_voice};
use crate::host::{Host, Voice};
use crate::secrets::Keyring;
use crate::session;
use crate::ui;
use anyhow::{Context as _, Error, Result, bail};
use regex_lite::Regex;
use rustix::io::Errno;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// A configuration larger than this many bytes is something else.
const FILE_LIMIT: u64 = 1 << 20;
/// In direnv's directory: its file, and the name it had before.
const DIRENV_FILES: [&str; 2] = ["direnv.toml", "config.toml"];
/// Variables that say where the files are.
pub const VARIABLES: [&str; 3] = ["DIRENV_CONFIG", "HOME", "XDG_CONFIG_HOME"];
/// Variables by which coding agents and builds say that they run a shell.
const UNATTENDED: [&str; 3] = ["AI_AGENT", "CI", "CLAUDECODE"];
const DEFAULT_WARN_TIMEOUT: Duration = Duration::from_secs(5);
/// For servers and slow devices; a person is not waited for.
const DEFAULT_KEY_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Config {
    /// direnv's directory, with `direnvrc` and `lib/`. `None` where no home is known.
    pub dir: Option<PathBuf>,
    pub bash_path: Option<PathBuf>,
    pub disable_stdin: bool,
    pub load_dotenv: bool,
    pub strict_env: bool,
    /// `None` never warns.
    pub warn_timeout: Option<Duration>,
    pub hide_env_diff: bool,
    pub whitelist_prefix: Vec<PathBuf>,
    pub whitelist_exact: BTreeSet<PathBuf>,
    /// What envr asks of the files that an rc executes.
    pub sourced: Sourced,
    pub nix: Nix,
    /// Where keys of secrets are kept that were hard to get.
    pub keyring: Keyring,
    /// How long a program that knows a key may take where nobody can answer it; `None` for as long as it wants.
    pub key_timeout: Option<Duration>,
    /// Directories whose status lines are not wanted, with all below them.
    pub quiet_projects: Vec<PathBuf>,
    log_format: Option<String>,
    log_filter: Option<String>,
    /// direnv's file that was read.
    file: PathBuf,
    /// Compiled when there is a line to show, which most prompts have not.
    compiled_filter: OnceLock<Option<Regex>>,
    quiet: bool,
    /// The rc that status lines are about; until one is to be loaded, the one that is left.
    subject: OnceLock<PathBuf>,
    quiet_unattended: bool,
}

/// Whether the files an rc executes are part of its approval.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Sourced {
    #[default]
    Check,
    /// direnv's rule: what an approved rc executes is its own business.
    Follow,
}

/// How nix shells are made and loaded.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Nix {
    /// Variables that only a build wants come along.
    pub raw_env: bool,
    /// Flakes of this machine are evaluated where they are, and not copied to the store first.
    pub in_place: bool,
    pub shell_hook: ShellHook,
    /// How long after it was loaded the files of a shell are watched; zero for never.
    #[serde(deserialize_with = "read_duration")]
    pub watch: Duration,
}

/// When the `shellHook` of a nix shell runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ShellHook {
    /// At each load.
    #[default]
    Always,
    /// At the first load of a shell that nix made anew; what it left is loaded from then on.
    OnChange,
    Never,
}

impl Config {
    pub fn load(host: &Host) -> Result<Self> {
        let dir = direnv_dir(host);
        if dir.is_none() && host.voice == Voice::Direnv {
            bail!("couldn't find a configuration directory for direnv");
        }
        let theirs =
            dir.as_deref().map(|dir| read_direnv(host, dir)).transpose()?.unwrap_or_default();
        let ours = match envr_file(host) {
            Some(file) => read::<EnvrToml>(host, &file)?.unwrap_or_default(),
            None => EnvrToml::default(),
        };
        Self::from_files(host, dir, theirs, ours)
    }

    fn from_files(
        host: &Host,
        dir: Option<PathBuf>,
        theirs: DirenvToml,
        ours: EnvrToml,
    ) -> Result<Self> {
        let global = theirs.global;
        // A relative one names no place, and an empty one would be the start of every path.
        let at_home = |paths: Vec<PathBuf>| {
            let expanded = paths.into_iter().map(|path| expand_home(host, path));
            expanded.filter(|path| path.is_absolute()).collect()
        };
        Ok(Self {
            dir,
            bash_path: global
                .bash_path
                .or(theirs.bash_path)
                .filter(|path| !path.as_os_str().is_empty()),
            disable_stdin: global.disable_stdin.or(theirs.disable_stdin).unwrap_or(false),
            load_dotenv: global.load_dotenv.or(theirs.load_dotenv).unwrap_or(false),
            strict_env: global.strict_env.or(theirs.strict_env).unwrap_or(false),
            warn_timeout: warn_timeout_of(
                host,
                global.warn_timeout.or(theirs.warn_timeout).as_deref(),
                &theirs.file,
            )?,
            hide_env_diff: global.hide_env_diff.or(theirs.hide_env_diff).unwrap_or(false),
            whitelist_prefix: at_home(theirs.whitelist.prefix),
            whitelist_exact: at_home(theirs.whitelist.exact).into_iter().map(rc_of).collect(),
            sourced: if host.voice == Voice::Direnv { Sourced::Follow } else { ours.trust.sourced },
            nix: ours.nix,
            keyring: Keyring::new(ours.secrets.cache),
            key_timeout: Some(ours.secrets.timeout).filter(|timeout| !timeout.is_zero()),
            quiet_projects: at_home(ours.quiet_projects),
            log_format: global.log_format.or(theirs.log_format),
            log_filter: global.log_filter.or(theirs.log_filter),
            file: theirs.file,
            compiled_filter: OnceLock::new(),
            quiet: ours.quiet,
            subject: OnceLock::new(),
            quiet_unattended: ours.quiet_unattended.unwrap_or(true),
        })
    }

    /// Where this may come from another time.
    pub fn files(&self, host: &Host) -> Vec<PathBuf> {
        let theirs = self.dir.iter().flat_map(|dir| DIRENV_FILES.map(|name| dir.join(name)));
        theirs.chain(envr_file(host)).collect()
    }

    /// The printf format of status lines; `None` when they are not wanted. `own` is what is said in the environment, or in
    /// that of the script whose line it is.
    pub fn log_format(&self, host: &Host, own: Option<&OsStr>) -> Option<String> {
        if self.is_quiet(host) {
            return None;
        }
        let format = match own {
            Some(format) => format.to_string_lossy().into_owned(),
            None => self.log_format.clone().unwrap_or_else(|| format!("{}: %s", host.voice.name())),
        };
        (!format.is_empty() && format != "-").then_some(format)
    }

    /// What status lines must match; one that is no regular expression is told once, and hides nothing.
    pub fn log_filter(&self, host: &Host) -> Option<&Regex> {
        let complain = |cause: &regex_lite::Error| {
            let file = self.file.display();
            ui::warn(host, &format!("could not read `{file}`: `log_filter`: {cause}"));
            ui::hint(host, &format!("$EDITOR {file}"));
        };
        let compile = || Regex::new(self.log_filter.as_deref()?).inspect_err(complain).ok();
        self.compiled_filter.get_or_init(compile).as_ref()
    }

    /// Status lines are about this rc from here on.
    pub fn speak_of(&self, rc: &Path) {
        self.subject.get_or_init(|| rc.to_path_buf());
    }

    fn is_quiet(&self, host: &Host) -> bool {
        let left = || host.env.non_empty(session::FILE).map(Path::new);
        let about = self.subject.get().map(PathBuf::as_path).or_else(left).or(host.cwd.as_deref());
        let here = |dir: &PathBuf| about.is_some_and(|about| about.starts_with(dir));
        let asked = host.env.non_empty("ENVR_QUIET");
        let unattended = || asked.is_none() && self.quiet_unattended && is_unattended(host);
        asked.is_some_and(|asked| asked != "0")
            || self.quiet
            || self.quiet_projects.iter().any(here)
            || unattended()
    }

    /// The bash to evaluate with, as `outer` finds it: a project's PATH could bring its own, and a relative entry of any
    /// PATH the directory's.
    pub fn bash(&self, host: &Host, outer: &Env) -> Result<PathBuf> {
        if let Some(path) = &self.bash_path {
            return Ok(path.clone());
        }
        if let Some(path) = host.env.non_empty("DIRENV_BASH") {
            return Ok(path.into());
        }
        crate::host::find_program("bash".as_ref(), outer.get("PATH"), None)
            .filter(|path| path.is_absolute())
            .or_else(|| {
                ["/bin/bash", "/usr/bin/bash"]
                    .map(PathBuf::from)
                    .into_iter()
                    .find(|path| path.exists())
            })
            .context("could not find `bash`: it is not on PATH")
    }

    /// Whether `[whitelist]` approves a path, whatever it holds. Prefixes match whole components.
    pub fn whitelists(&self, path: &Path) -> bool {
        self.whitelist_exact.contains(path)
            || self.whitelist_prefix.iter().any(|prefix| path.starts_with(prefix))
    }
}

fn envr_file(host: &Host) -> Option<PathBuf> {
    host.xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("envr/config.toml"))
}

/// `$DIRENV_CONFIG`, or `direnv` below the configuration directory.
fn direnv_dir(host: &Host) -> Option<PathBuf> {
    let own = host.directory("DIRENV_CONFIG");
    own.or_else(|| Some(host.xdg("XDG_CONFIG_HOME", ".config")?.join("direnv")))
}

/// The first that is there.
fn read_direnv(host: &Host, dir: &Path) -> Result<DirenvToml> {
    for file in DIRENV_FILES.map(|name| dir.join(name)) {
        if let Some(config) = read::<DirenvToml>(host, &file)? {
            return Ok(DirenvToml { file, ..config });
        }
    }
    Ok(DirenvToml::default())
}

fn read<T: for<'de> Deserialize<'de>>(host: &Host, file: &Path) -> Result<Option<T>> {
    // Most prompts end here, three times.
    match rustix::fs::access(file, rustix::fs::Access::EXISTS) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        _ => read_existing(host, file),
    }
}

/// Whether no person reads along: a program's shell, a build, a file. direnv tells all of them, and so does a person who
/// says how the lines should look.
fn is_unattended(host: &Host) -> bool {
    let is_set = |name: &&str| {
        host.env.non_empty(name).is_some_and(|value| value != "0" && value != "false")
    };
    host.voice == Voice::Envr
        && host.env.get("DIRENV_LOG_FORMAT").is_none()
        && (UNATTENDED.iter().any(is_set) || !ui::is_read_at_a_terminal())
}

fn read_existing<T: for<'de> Deserialize<'de>>(host: &Host, file: &Path) -> Result<Option<T>> {
    let bytes = crate::fs::read_regular(file, FILE_LIMIT)
        .with_context(|| format!("could not read `{}`", file.display()))?
        .with_context(|| format!("could not read `{}`: it is larger than 1 MiB", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    match toml::from_str(&text) {
        Ok(config) => Ok(Some(config)),
        Err(error) => Err(located(host, file, &text, &error)),
    }
}

fn located(host: &Host, file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line =
        error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let (file, what) = (file.display(), error.message().replace('\n', ", "));
    let theirs = format!("LoadConfig() failed to parse {file}: toml: line {line}: {what}");
    let message = format!("could not read `{file}`: line {line}: {what}");
    in_voice(host, theirs, Hinted::new(message, format!("$EDITOR {file}")))
}

fn warn_timeout_of(host: &Host, from_file: Option<&str>, file: &Path) -> Result<Option<Duration>> {
    let timeout = match (host.env.non_empty("DIRENV_WARN_TIMEOUT"), from_file) {
        // A variable may come from anywhere: what it gets wrong must not stop a prompt.
        (Some(text), _) => parse_duration(&text.to_string_lossy()).unwrap_or(DEFAULT_WARN_TIMEOUT),
        (None, None) => DEFAULT_WARN_TIMEOUT,
        (None, Some(text)) => parse_duration(text).ok_or_else(|| {
            let file = file.display();
            let why = format!("`{text}` is not a duration such as `5s` or `1m30s`");
            let message = format!("could not read `{file}`: `warn_timeout`: {why}");
            let theirs =
                format!("LoadConfig() failed to parse {file}: time: invalid duration \"{text}\"");
            in_voice(host, theirs, Hinted::new(message, format!("$EDITOR {file}")))
        })?,
    };
    Ok((!timeout.is_zero()).then_some(timeout))
}

fn read_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || format!("`{text}` is not a duration such as `5s` or `1m30s`");
    parse_duration(&text).ok_or_else(|| serde::de::Error::custom(wrong()))
}

/// A duration in Go's notation, direnv's; zero when it is negative.
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" || text.starts_with('-') {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits =
            rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, tail) = rest.split_at(digits);
        let units = tail
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(units);
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

/// What an entry of `whitelist.exact` approves: one that names no rc is the directory of one.
fn rc_of(exact: PathBuf) -> PathBuf {
    if exact.ends_with(".envrc") || exact.ends_with(".env") { exact } else { exact.join(".envrc") }
}

fn expand_home(host: &Host, path: PathBuf) -> PathBuf {
    let expanded = match (path.strip_prefix("~"), host.home()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => path,
    };
    crate::fs::clean(&expanded)
}

/// `direnv.toml`. The keys of `[global]` may stand at the top, as they did before direnv had sections; written out,
/// since flattening loses the line of a wrong value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DirenvToml {
    /// Which of its names it had.
    #[serde(skip)]
    file: PathBuf,
    global: Global,
    whitelist: Whitelist,
    bash_path: Option<PathBuf>,
    disable_stdin: Option<bool>,
    load_dotenv: Option<bool>,
    strict_env: Option<bool>,
    warn_timeout: Option<String>,
    hide_env_diff: Option<bool>,
    log_format: Option<String>,
    log_filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Global {
    bash_path: Option<PathBuf>,
    disable_stdin: Option<bool>,
    load_dotenv: Option<bool>,
    strict_env: Option<bool>,
    warn_timeout: Option<String>,
    hide_env_diff: Option<bool>,
    log_format: Option<String>,
    log_filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Whitelist {
    prefix: Vec<PathBuf>,
    exact: Vec<PathBuf>,
}

/// `envr/config.toml`; a key it does not know is a mistake, for nobody else writes this file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EnvrToml {
    quiet: bool,
    quiet_projects: Vec<PathBuf>,
    quiet_unattended: Option<bool>,
    nix: Nix,
    secrets: Secrets,
    trust: Trust,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Secrets {
    /// For how long keys are kept; zero for not at all.
    #[serde(deserialize_with = "read_duration")]
    cache: Duration,
    /// How long programs that know keys may take where nobody can answer them; zero for as long as they want.
    #[serde(deserialize_with = "read_duration")]
    timeout: Duration,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { cache: Duration::ZERO, timeout: DEFAULT_KEY_TIMEOUT }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Trust {
    sourced: Sourced,
}
