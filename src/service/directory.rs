//! Service directories as s6 and s6-rc have them: one file for each thing that is said.

use super::places::Places;
use super::{
    Condition, Finish, Kind, Program, Readiness, Ready, RestartWhen, Scope, Spec, is_name,
    signal_number,
};
use crate::error::Hinted;
use crate::fs::read_regular;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file of settings larger than this many bytes is something else.
const SETTING_LIMIT: u64 = 64 << 10;
/// What is run of a service directory.
const PROGRAMS: [&str; 5] = ["run", "finish", "up", "log/run", "log/finish"];
/// s6's own default, in milliseconds.
const TIMEOUT_FINISH: u64 = 5000;
/// How many deaths s6 can remember.
const DEATHS: u64 = 4096;
/// What s6 and s6-rc take of a service, or of one kind alone, and envr does not.
const NOT_HEEDED: [&str; 11] = [
    "lock-fd",
    "flag-newpidns",
    "flag-essential",
    "flag-recommended",
    "reload-signal",
    "timeout-down",
    "instance",
    "instances",
    "producer-for",
    "consumer-for",
    "pipeline-name",
];
const NOT_HEEDED_OF_ONESHOTS: [&str; 2] = ["down", "reload"];
const NOT_HEEDED_OF_BUNDLES: [&str; 2] = [DEPENDENCIES, "dependencies.d"];
/// A logger goes with its service.
const NOT_HEEDED_OF_LOGGERS: [&str; 4] = ["down", "type", DEPENDENCIES, "dependencies.d"];
/// Lists of names: a directory with a file for each, or the older form, a file with a line for each.
const DEPENDENCIES: &str = "dependencies";
const CONTENTS: &str = "contents";

/// What stands in a directory of service directories.
#[derive(Debug, Default)]
pub struct Directories {
    pub specs: Vec<Spec>,
    /// Names for several services.
    pub bundles: BTreeMap<String, Vec<String>>,
    pub places: Places,
    /// What is said there and counts for nothing.
    pub warnings: Vec<String>,
}

/// Whether a directory is a service's: others may share the place.
pub fn is_service(dir: &Path) -> bool {
    ["run", "type"].iter().any(|name| dir.join(name).exists())
}

/// The programs of a service directory, which must be approved.
pub fn programs(dir: &Path) -> Vec<PathBuf> {
    let names = PROGRAMS.iter();
    names.map(|name| dir.join(name)).filter(|file| file.is_file()).collect()
}

/// Whether a file is such a program of a directory in `scan`.
pub fn is_program(scan: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(scan).map(Path::components);
    below.is_ok_and(|mut below| {
        below.next().is_some() && PROGRAMS.iter().any(|name| below.as_path() == Path::new(name))
    })
}

/// The service directories in `scan`, in the order of their names.
pub fn in_scan_directory(scan: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(scan).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut dirs: Vec<PathBuf> = entries.filter(|dir| is_service(dir)).collect();
    dirs.sort();
    dirs
}

pub fn read(scan: &Path) -> Result<Directories> {
    let mut found = Directories::default();
    for dir in in_scan_directory(scan) {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let dir = Directory { dir };
        if !is_name(&name) {
            return Err(dir.mistake("", &format!("`{name}` cannot be a service's name")));
        }
        found.places.add(&name, dir.dir.display().to_string());
        for (needed, place) in dir.names(DEPENDENCIES)? {
            found.places.add_need(&name, &needed, place);
        }
        match dir.setting("type")?.as_deref() {
            Some("bundle") => {
                found.warnings.extend(dir.warnings(&NOT_HEEDED_OF_BUNDLES));
                let contents = dir.names(CONTENTS)?;
                for (contained, place) in &contents {
                    found.places.add_need(&name, contained, place.clone());
                }
                let contents = contents.into_iter().map(|(name, _)| name).collect();
                found.bundles.insert(name, contents);
            }
            Some("oneshot") => {
                found.warnings.extend(dir.warnings(&NOT_HEEDED_OF_ONESHOTS));
                found.specs.push(dir.oneshot(&name)?);
            }
            Some("longrun") | None => {
                found.warnings.extend(dir.warnings(&[]));
                found.warnings.extend(dir.logger().warnings(&NOT_HEEDED_OF_LOGGERS));
                found.specs.extend(dir.longrun(&name)?);
            }
            Some(other) => {
                let message = format!("`{other}` is not one of `longrun`, `oneshot`, `bundle`");
                return Err(dir.mistake("type", &message));
            }
        }
    }
    Ok(found)
}

struct Directory {
    dir: PathBuf,
}

impl Directory {
    /// The service, and its logger where it has one.
    fn longrun(&self, name: &str) -> Result<Vec<Spec>> {
        let mut spec = self.supervised(name)?;
        spec.starts_with_all = !self.has("down");
        spec.depends_on = self.dependencies()?;
        let logger = self.logger();
        if !logger.has("run") {
            return Ok(vec![spec]);
        }
        let logger = logger.supervised(&format!("{name}/log"))?;
        spec.logger = Some(logger.name.clone());
        spec.depends_on.insert(logger.name.clone(), Condition::Started);
        Ok(vec![logger, spec])
    }

    fn logger(&self) -> Self {
        Self { dir: self.dir.join("log") }
    }

    /// What s6 itself knows: all but what is between services.
    fn supervised(&self, name: &str) -> Result<Spec> {
        let run = Program { file: "./run".into(), arguments: vec![name.into()] };
        let mut spec = Spec::new(name, self.dir.clone(), run);
        if let Some(number) = self.number("notification-fd")? {
            let descriptor = i32::try_from(number).ok().filter(|fd| (1..=1000).contains(fd));
            let wrong = || self.mistake("notification-fd", "it is not a number from 1 to 1000");
            let how = Readiness::Descriptor(descriptor.ok_or_else(wrong)?);
            spec.ready = Some(Ready { how, timeout: self.milliseconds("timeout-up")? });
        }
        spec.finish = self.finish()?;
        spec.stop.scope = Scope::Main;
        if let Some(signal) = self.setting("down-signal")? {
            let wrong = || self.mistake("down-signal", &format!("`{signal}` is not a signal"));
            spec.stop.signal = signal_number(&signal).ok_or_else(wrong)?;
        }
        if let Some(number) = self.number("timeout-kill")? {
            spec.stop.timeout = (number > 0).then(|| Duration::from_millis(number));
        }
        // Its range is part of the contract, though nothing here keeps a tally of its own.
        if self.number("max-death-tally")?.is_some_and(|number| number > DEATHS) {
            return Err(self.mistake("max-death-tally", "it is larger than 4096"));
        }
        Ok(spec)
    }

    /// s6-rc's: `up` is a command line in execline.
    fn oneshot(&self, name: &str) -> Result<Spec> {
        let run = if self.has("up") {
            Program { file: "execlineb".into(), arguments: vec!["-P".into(), "./up".into()] }
        } else {
            Program { file: "./run".into(), arguments: vec![name.into()] }
        };
        let mut spec = Spec::new(name, self.dir.clone(), run);
        spec.kind = Kind::Oneshot;
        spec.restart.when = RestartWhen::Never;
        spec.time_limit = self.milliseconds("timeout-up")?;
        spec.depends_on = self.dependencies()?;
        Ok(spec)
    }

    fn finish(&self) -> Result<Option<Finish>> {
        let timeout = self.number("timeout-finish")?.unwrap_or(TIMEOUT_FINISH);
        let timeout = (timeout > 0).then(|| Duration::from_millis(timeout));
        Ok(self.has("finish").then(|| Finish { file: "./finish".into(), timeout }))
    }

    fn warnings(&self, others: &[&str]) -> Vec<String> {
        let names = NOT_HEEDED.iter().chain(others).filter(|name| self.has(name));
        let files = names.map(|name| self.dir.join(name));
        files.map(|file| format!("`{}` counts for nothing here", file.display())).collect()
    }

    fn dependencies(&self) -> Result<BTreeMap<String, Condition>> {
        let names = self.names(DEPENDENCIES)?.into_iter();
        Ok(names.map(|(name, _)| (name, Condition::Ready)).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// The names of a list, and where each of them stands. Where there are both forms, the directory counts.
    fn names(&self, list: &str) -> Result<Vec<(String, String)>> {
        let dir = self.dir.join(format!("{list}.d"));
        if let Ok(entries) = std::fs::read_dir(&dir) {
            let names = entries.flatten().map(|entry| entry.file_name());
            let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
            // Such as keep an empty directory in a repository.
            names.retain(|name| !name.starts_with('.'));
            names.sort();
            let place = |name: String| {
                let place = dir.join(&name).display().to_string();
                (name, place)
            };
            return Ok(names.into_iter().map(place).collect());
        }
        let text = self.text(list)?.unwrap_or_default();
        let file = self.dir.join(list);
        let names = text.lines().enumerate().map(|(index, line)| {
            (line.trim().to_string(), format!("{}:{}:1", file.display(), index + 1))
        });
        Ok(names.filter(|(name, _)| !name.is_empty() && !name.starts_with('#')).collect())
    }

    /// A file's text without the white space around it.
    fn setting(&self, name: &str) -> Result<Option<String>> {
        Ok(self.text(name)?.map(|text| text.trim().to_string()))
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        let file = self.dir.join(name);
        let bytes = match read_regular(&file, SETTING_LIMIT) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(self.mistake(name, "it is larger than 64 KiB")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read `{}`", file.display()));
            }
        };
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.setting(name)? else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.mistake(name, &format!("`{text}` is not a number"))),
        }
    }

    fn milliseconds(&self, name: &str) -> Result<Option<Duration>> {
        let number = self.number(name)?;
        Ok(number.filter(|number| *number > 0).map(Duration::from_millis))
    }

    fn mistake(&self, name: &str, message: &str) -> anyhow::Error {
        let file = if name.is_empty() { self.dir.clone() } else { self.dir.join(name) };
        let file = file.display();
        Hinted::new(format!("could not read `{file}`: {message}"), format!("$EDITOR {file}")).into()
    }
}
