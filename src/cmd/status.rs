//! `status`: what is loaded, what was found, and why, in direnv's lines and JSON.

use crate::config::Config;
use crate::eval;
use crate::host::{Host, Voice};
use crate::rc::{self, Rc};
use crate::session::Session;
use crate::trust::{self, Reason, Store, Verdict};
use crate::ui;
use crate::watch::Watches;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// direnv's numbers for an rc's approval.
const ALLOWED: u8 = 0;
const NOT_ALLOWED: u8 = 1;
const DENIED: u8 = 2;

pub fn status(host: &Host, as_json: bool) -> Result<()> {
    let config = Config::load(host)?;
    let session = Session::from_env(&host.env);
    let found = host.cwd.as_deref().and_then(|cwd| rc::find(host, &config, cwd));
    let store = Store::open(host)?;
    if as_json {
        let state = json!({
            "foundRC": found.map(|rc| rc_json(host, &store, &config, rc)),
            "loadedRC": session.file.clone().map(|path| rc_json(host, &store, &config, Rc::at(path))),
        });
        let config = json!({ "ConfigDir": config.dir, "SelfPath": host.program() });
        host.print_line(serde_json::to_string_pretty(
            &json!({ "config": config, "state": state }),
        )?)?;
        return Ok(());
    }

    let mut page = settings(host, &config)?;
    match &session.file {
        Some(path) => push_rc(
            &mut page,
            host,
            &config,
            &store,
            "Loaded",
            Rc::at(path.clone()),
            Some(&session.watches()?),
        )?,
        None => page.push_str("No .envrc or .env loaded\n"),
    }
    match found {
        Some(rc) => {
            push_rc(&mut page, host, &config, &store, "Found", rc.clone(), None)?;
            if let (Voice::Envr, Verdict::Allowed(trusted)) =
                (host.voice, trust::judge(host, &store, &config, rc))
            {
                let outer = session.revert(&host.env)?;
                writeln!(page, "Found RC lane {}", eval::lane(host, &config, &trusted, &outer))?;
            }
        }
        None => page.push_str("No .envrc or .env found\n"),
    }
    let lines: Vec<String> = page.lines().map(ui::escape).collect();
    host.print_line(lines.join("\n"))?;
    Ok(())
}

fn rc_json(host: &Host, store: &Store, config: &Config, rc: Rc) -> Value {
    let path = rc.path.to_string_lossy().into_owned();
    json!({ "path": path, "allowed": number(&trust::judge(host, store, config, rc)) })
}

fn number(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Allowed(_) => ALLOWED,
        Verdict::Blocked(_) | Verdict::Unusable(_) => NOT_ALLOWED,
        Verdict::Denied => DENIED,
    }
}

fn settings(host: &Host, config: &Config) -> Result<String> {
    let mut page = String::new();
    let dir = config.dir.as_deref().unwrap_or(Path::new(""));
    writeln!(page, "{} exec path {}", host.voice.name(), host.program().display())?;
    writeln!(page, "DIRENV_CONFIG {}", dir.display())?;
    writeln!(page, "bash_path {}", config.bash(host)?.display())?;
    writeln!(page, "disable_stdin {}", config.disable_stdin)?;
    writeln!(
        page,
        "warn_timeout {}s",
        config.warn_timeout.map_or(0.0, |timeout| timeout.as_secs_f64())
    )?;
    writeln!(page, "whitelist.prefix {:?}", config.whitelist_prefix)?;
    writeln!(page, "whitelist.exact {:?}", config.whitelist_exact)?;
    Ok(page)
}

fn push_rc(
    page: &mut String,
    host: &Host,
    config: &Config,
    store: &Store,
    which: &str,
    rc: Rc,
    watches: Option<&Watches>,
) -> Result<()> {
    let path = rc.path.clone();
    let mark = store.allow_path(&path, &trust::read(&path).unwrap_or_default());
    let verdict = trust::judge(host, store, config, rc);
    writeln!(page, "{which} RC path {}", path.display())?;
    for (watched, second) in watches.into_iter().flat_map(Watches::times) {
        let shown = relative(host, watched);
        writeln!(page, "{which} watch: \"{}\" - {}", shown.display(), rfc3339(second))?;
    }
    writeln!(page, "{which} RC allowed {}", number(&verdict))?;
    writeln!(page, "{which} RC allowPath {}", mark.display())?;
    if let (Voice::Envr, Some(why)) = (host.voice, why(host, &verdict)) {
        writeln!(page, "{which} RC is {why}")?;
    }
    Ok(())
}

fn why(host: &Host, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Allowed(_) => None,
        Verdict::Denied => Some("denied".to_string()),
        Verdict::Blocked(Reason::New) => Some("blocked: it is not approved yet".to_string()),
        Verdict::Blocked(Reason::Changed { .. }) => {
            Some("blocked: it changed since it was approved".to_string())
        }
        Verdict::Blocked(Reason::Executes(file)) => Some(format!(
            "blocked: `{}`, which it executes, is not as it was approved",
            host.tilde(file)
        )),
        Verdict::Unusable(why) => Some(format!("unusable: {why}")),
    }
}

/// As seen from the working directory, where it is below that.
fn relative<'a>(host: &Host, path: &'a Path) -> &'a Path {
    host.cwd.as_deref().and_then(|cwd| path.strip_prefix(cwd).ok()).unwrap_or(path)
}

/// Seconds since the epoch as date and time in UTC. The civil calendar repeats every 400 years of 146,097 days.
fn rfc3339(seconds: i64) -> String {
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since the first of March of year 0, so that a leap day ends its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }
}
