//! `status`: what is loaded, what was found, and why, in direnv's lines and JSON.

use crate::calendar::rfc3339;
use crate::config::Config;
use crate::env::Env;
use crate::eval;
use crate::host::{Host, Voice};
use crate::nix;
use crate::rc::{self, Rc};
use crate::session::Session;
use crate::trust::{self, Store, Verdict};
use crate::ui;
use crate::watch::Watches;
use crate::world::World;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// direnv's numbers for an rc's approval.
const ALLOWED: u8 = 0;
const NOT_ALLOWED: u8 = 1;
const DENIED: u8 = 2;

pub fn status(host: &Host, as_json: bool) -> Result<()> {
    let config = Config::load(host)?;
    let session = Session::from_env(&host.env);
    let watches = session.watches();
    let (watches, outer, file) = match host.voice {
        Voice::Envr => (watches?, session.revert(&host.env)?, session.file.clone()),
        Voice::Direnv => {
            let file = session.file.clone().filter(|_| watches.is_ok());
            (watches.unwrap_or_default(), session.outside(&host.env), file)
        }
    };
    let found = host.cwd.as_deref().and_then(|cwd| rc::find(host, &config, cwd));
    let store = Store::open(host)?;
    let world = World { host, config: &config, store: &store };
    let found = found.map(|rc| Judged::of(world, rc));
    let loaded = file.map(|path| Judged::of(world, Rc::at(path)));
    if as_json {
        let state = json!({
            "foundRC": found.as_ref().map(Judged::json),
            "loadedRC": loaded.as_ref().map(Judged::json),
        });
        let config = json!({ "ConfigDir": config.dir, "SelfPath": host.program() });
        host.print_line(serde_json::to_string_pretty(
            &json!({ "config": config, "state": state }),
        )?)?;
        return Ok(());
    }

    let mut page = String::new();
    if host.voice == Voice::Envr {
        page.push_str(&in_words(host, &session, found.as_ref())?);
        page.push_str("\n\n");
    }
    page.push_str(&settings(host, &config, &outer)?);
    match &loaded {
        Some(judged) => judged.push(&mut page, host, "Loaded", &watches)?,
        None => page.push_str("No .envrc or .env loaded\n"),
    }
    match &found {
        Some(judged) => judged.push(&mut page, host, "Found", &judged.watches)?,
        None => page.push_str("No .envrc or .env found\n"),
    }
    if let (Voice::Envr, Some(Judged { verdict: Verdict::Allowed(trusted), .. })) =
        (host.voice, &found)
    {
        writeln!(page, "Found RC lane {}", eval::lane(world, trusted, &outer))?;
        for nix::Overview { request, state, .. } in
            nix::overviews(host, world.config, Some(trusted.rc().dir()))
        {
            let standing = super::nix::told(&state, &request.project);
            writeln!(page, "Found RC nix shell `{}` {standing}", request.shown())?;
        }
    }
    let lines: Vec<String> = page.lines().map(ui::escape).collect();
    host.print_line(lines.join("\n"))?;
    Ok(())
}

/// Why the environment is what it is, and what the next prompt does.
fn in_words(host: &Host, session: &Session, found: Option<&Judged>) -> Result<String> {
    let watches = session.watches()?;
    let loaded = session.file.as_deref().map(|path| format!("`{}`", host.tilde(path)));
    let Some(judged) = found else {
        return Ok(match loaded {
            None => {
                "Nothing is loaded: no `.envrc` or `envr.toml` is here or in a directory above."
                    .to_string()
            }
            Some(loaded) => format!("{loaded} is loaded; the next prompt takes it back."),
        });
    };
    let here = format!("`{}`", host.tilde(&judged.path));
    if loaded.as_ref() != Some(&here) {
        let then = match &judged.verdict {
            Verdict::Allowed(_) => "is approved; the next prompt loads it",
            Verdict::Denied => "is denied; the next prompt loads nothing",
            _ => "is not loaded at the next prompt either, see below",
        };
        let first = loaded.map_or(String::new(), |loaded| format!("{loaded} is loaded. "));
        return Ok(format!("{first}{here} {then}."));
    }
    let state = match &judged.verdict {
        Verdict::Allowed(_) => "is what this shell came to last",
        Verdict::Denied if !session.names()?.is_empty() => {
            return Ok(format!(
                "{here} is loaded, and denied since; the next prompt takes it back."
            ));
        }
        _ if !session.names()?.is_empty() => {
            let since = "is loaded as it was before it changed";
            return Ok(format!("{here} {since}; the next prompt takes it back, see below."));
        }
        _ => "governs here, and nothing of it is loaded",
    };
    let changed = watches.paths().find_map(|path| Some((path, watches.reason(path)?)));
    Ok(match changed {
        None => format!("{here} {state}; nothing that it depends on changed since."),
        Some((path, why)) => {
            let path = host.tilde(path);
            format!("{here} {state}; the next prompt looks again, for `{path}`: {why}.")
        }
    })
}

/// An rc with what is to be said of it.
struct Judged {
    path: PathBuf,
    allow_path: PathBuf,
    verdict: Verdict,
    /// The file and the marks of its approval.
    watches: Watches,
}

impl Judged {
    fn of(world: World, rc: Rc) -> Self {
        let path = rc.path.clone();
        let bytes = trust::read(&path).unwrap_or_default();
        let allow_path = world.store.allow_path(&path, &bytes);
        let mut watches = Watches::default();
        let verdict = trust::judge(world, rc, &mut watches);
        Self { path, allow_path, verdict, watches }
    }

    fn json(&self) -> Value {
        json!({ "path": self.path.to_string_lossy(), "allowed": number(&self.verdict) })
    }

    fn push(&self, page: &mut String, host: &Host, which: &str, watches: &Watches) -> Result<()> {
        writeln!(page, "{which} RC path {}", self.path.display())?;
        for (watched, second) in watches.times() {
            // direnv shows them as seen from the rc.
            let from = match host.voice {
                Voice::Envr => host.cwd.as_deref(),
                Voice::Direnv => self.path.parent(),
            };
            let shown = relative(from, watched);
            writeln!(page, "{which} watch: \"{}\" - {}", shown.display(), rfc3339(second))?;
        }
        writeln!(page, "{which} RC allowed {}", number(&self.verdict))?;
        writeln!(page, "{which} RC allowPath {}", self.allow_path.display())?;
        let why = match &self.verdict {
            _ if host.voice == Voice::Direnv => None,
            Verdict::Allowed(_) => None,
            Verdict::Denied => Some("denied".to_string()),
            Verdict::Blocked(reason) => Some(format!("blocked: {}", reason.text(host))),
            Verdict::Unusable(why) => Some(format!("unusable: {why}")),
        };
        why.map_or(Ok(()), |why| Ok(writeln!(page, "{which} RC is {why}")?))
    }
}

fn number(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Allowed(_) => ALLOWED,
        Verdict::Blocked(_) | Verdict::Unusable(_) => NOT_ALLOWED,
        Verdict::Denied => DENIED,
    }
}

fn settings(host: &Host, config: &Config, outer: &Env) -> Result<String> {
    let mut page = String::new();
    let dir = config.dir.as_deref().unwrap_or(Path::new(""));
    writeln!(page, "{} exec path {}", host.voice.name(), host.program().display())?;
    writeln!(page, "DIRENV_CONFIG {}", dir.display())?;
    writeln!(page, "bash_path {}", config.bash(host, outer)?.display())?;
    writeln!(page, "disable_stdin {}", config.disable_stdin)?;
    writeln!(
        page,
        "warn_timeout {}s",
        config.warn_timeout.map_or(0.0, |timeout| timeout.as_secs_f64())
    )?;
    let shown = |paths: &mut dyn Iterator<Item = &PathBuf>, end| {
        paths.map(|path| format!("{}{end}", path.display())).collect::<Vec<_>>().join(" ")
    };
    writeln!(page, "whitelist.prefix [{}]", shown(&mut config.whitelist_prefix.iter(), ""))?;
    writeln!(page, "whitelist.exact map[{}]", shown(&mut config.whitelist_exact.iter(), ":true"))?;
    Ok(page)
}

/// As seen from a directory.
fn relative(dir: Option<&Path>, path: &Path) -> PathBuf {
    let Some(dir) = dir else { return path.to_path_buf() };
    let shared = dir.components().zip(path.components()).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let up = dir.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}
