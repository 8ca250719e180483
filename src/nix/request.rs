//! What is asked of nix: a flake or an expression, with arguments, as `use flake` and `use nix` are given them.

mod options;

use super::flake::{self, LocalFlake};
use crate::error::Hinted;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The expression that tells what an evaluation looks at.
const TRACER: &str = include_str!("tracer.nix");
/// The expression that takes a shell from a flake where it is.
const IN_PLACE: &str = include_str!("in_place.nix");

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The directory of the rc.
    pub project: PathBuf,
    /// Where relative names start.
    pub dir: PathBuf,
    pub source: Source,
    /// Handed on to nix as they are.
    pub arguments: Vec<String>,
    /// Whether a flake of this machine is to be evaluated where it is.
    pub in_place: bool,
    /// What the script watches by itself: inputs, whether nix looks at them or not, as they are for nix-direnv.
    pub watched: BTreeSet<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Source {
    /// A reference such as `.#ci`.
    Flake(String),
    /// A file, and the attribute of it that is the shell; empty for itself.
    File { file: String, attribute: String },
    /// The same, of what stands in the rc itself.
    Expression { text: String, attribute: String },
    /// Names of packages of `<nixpkgs>`.
    Packages(Vec<String>),
}

impl Request {
    /// From the arguments of `use flake`.
    pub fn flake(project: &Path, dir: &Path, arguments: Vec<String>) -> Result<Self> {
        let mut arguments = arguments.into_iter();
        let reference = arguments.next().unwrap_or_else(|| ".".to_string());
        if reference.starts_with('-') {
            let rest: Vec<String> = arguments.collect();
            let hint = [&["use flake .".to_string(), reference.clone()], rest.as_slice()]
                .concat()
                .join(" ");
            return Err(Hinted::new(
                format!("`use flake` wants a flake before `{reference}`"),
                hint,
            )
            .into());
        }
        let (project, dir) = (project.to_path_buf(), dir.to_path_buf());
        let (source, arguments) = (Source::Flake(reference), arguments.collect());
        Ok(Self { project, dir, source, arguments, in_place: false, watched: BTreeSet::new() })
    }

    /// From the arguments of `use nix`, which are those of `nix-shell`.
    pub fn expression(project: &Path, dir: &Path, arguments: Vec<String>) -> Result<Self> {
        let (mut file, mut attribute, mut packages) = (None, String::new(), Vec::new());
        let mut handed_on = Vec::new();
        let (mut names_packages, mut is_expression) = (false, false);
        let mut words = arguments.into_iter();
        while let Some(word) = words.next() {
            let mut value = || match words.next() {
                Some(value) => Ok(value),
                None => bail!("`use nix` wants a value after `{word}`"),
            };
            match word.as_str() {
                "-p" | "--packages" => names_packages = true,
                "-E" | "--expr" => is_expression = true,
                "-A" | "--attr" => attribute = value()?,
                "--command" | "--run" | "--exclude" | "-i" | "--keep" => _ = value()?,
                "--pure" | "--impure" | "-Q" | "--no-build-output" => {}
                "-k" => handed_on.push("--keep-going".to_string()),
                "-K" => handed_on.push("--keep-failed".to_string()),
                "-j" => {
                    let number = value()?;
                    handed_on.extend([word, number]);
                }
                "-I" | "--include" => {
                    let path = value()?;
                    handed_on.extend(["-I".to_string(), path]);
                }
                option if option.starts_with('-') => {
                    let values = (0..options::values(option)).map(|_| value());
                    let values = values.collect::<Result<Vec<_>>>()?;
                    handed_on.push(word);
                    handed_on.extend(values);
                }
                _ if names_packages => packages.push(word),
                _ => file = Some(word),
            }
        }
        let source = match file {
            _ if !packages.is_empty() => Source::Packages(packages),
            Some(text) if is_expression => Source::Expression { text, attribute },
            Some(file) => Source::File { file: with_default(dir, file), attribute },
            None => Source::File { file: with_default(dir, ".".to_string()), attribute },
        };
        let (project, dir) = (project.to_path_buf(), dir.to_path_buf());
        let (arguments, watched) = (handed_on, BTreeSet::new());
        Ok(Self { project, dir, source, arguments, in_place: false, watched })
    }

    /// Files of environments, which nix does not read, do not count; what git has of its own, `Inputs` know better.
    pub fn with_watched(self, paths: &BTreeSet<PathBuf>) -> Self {
        let counts = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            !name.starts_with(b".env") && !path.components().any(|part| part.as_os_str() == ".git")
        };
        Self { watched: paths.iter().filter(counts).cloned().collect(), ..self }
    }

    /// As a person would write it.
    pub fn shown(&self) -> String {
        match &self.source {
            Source::Flake(reference) => reference.clone(),
            Source::File { file, attribute } if attribute.is_empty() => file.clone(),
            Source::File { file, attribute } => format!("{file} -A {attribute}"),
            Source::Expression { text, .. } => format!("-E {text}"),
            Source::Packages(packages) => format!("-p {}", packages.join(" ")),
        }
    }

    /// Whether the evaluation may look at the environment and at files outside the flake.
    pub fn is_impure(&self) -> bool {
        if self.flake_in_place().is_some() {
            return true;
        }
        let is_flake = matches!(self.source, Source::Flake(_));
        let is_allowed = |argument: &String| argument == "--impure" || argument == "--no-pure-eval";
        !is_flake
            || self.arguments.iter().any(is_allowed)
            || self.values_of("--option").any(|option| option == ("pure-eval", "false"))
    }

    /// The words that say what to evaluate, after `nix print-dev-env`.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut push = |word: &str| words.push(word.to_string());
        match &self.source {
            Source::Flake(reference) => match self.flake_in_place() {
                Some(flake) => {
                    let fragment = reference.split_once('#').map_or("", |(_, fragment)| fragment);
                    push("--impure");
                    push("--expr");
                    push(&format!(
                        "{} {{ trace = {} {}; dir = {}; tree = {}; fragment = {}; }}",
                        IN_PLACE.trim(),
                        TRACER.trim(),
                        text(&flake.tree),
                        text(&flake.dir),
                        text(&flake.tree),
                        text(Path::new(fragment))
                    ));
                    return words;
                }
                None => push(reference),
            },
            Source::File { file, attribute } => {
                ["--impure", "--arg", "inNixShell", "true"].into_iter().for_each(&mut push);
                match self.local_file() {
                    Some(path) => {
                        push("--expr");
                        push(&format!("{} {} {}", TRACER.trim(), text(&self.project), text(&path)));
                    }
                    None => {
                        push("--file");
                        push(file);
                    }
                }
                if !attribute.is_empty() {
                    push(attribute);
                }
            }
            Source::Expression { text, attribute } => {
                ["--impure", "--arg", "inNixShell", "true", "--expr", text]
                    .into_iter()
                    .for_each(&mut push);
                if !attribute.is_empty() {
                    push(attribute);
                }
            }
            Source::Packages(packages) => {
                let packages: Vec<String> =
                    packages.iter().map(|name| format!("({name})")).collect();
                let packages = packages.join(" ");
                push("--impure");
                push("--expr");
                push(&format!(
                    "with import <nixpkgs> {{ }}; mkShell {{ name = \"shell\"; buildInputs = [ {packages} ]; }}"
                ));
            }
        }
        words.extend(self.arguments.iter().cloned());
        words
    }

    /// The flake, if nix takes the files of one of this machine as they are.
    pub fn local_flake(&self) -> Option<LocalFlake> {
        let Source::Flake(reference) = &self.source else { return None };
        let is_of_commit = flake::branch(reference).is_some() || reference.contains("rev=");
        LocalFlake::find(reference, &self.dir).filter(|_| !is_of_commit)
    }

    /// The same, unless it is evaluated where it is.
    pub fn copied_flake(&self) -> Option<LocalFlake> {
        self.local_flake().filter(|_| self.flake_in_place().is_none())
    }

    /// The flake that the reference names a part of.
    pub fn whole_flake(&self) -> Option<&str> {
        let Source::Flake(reference) = &self.source else { return None };
        Some(reference.split('#').next().filter(|flake| !flake.is_empty()).unwrap_or("."))
    }

    /// The flake, if it is to be evaluated where it is: it has to be one of this machine that needs nothing of nix that
    /// only the copy has.
    pub fn flake_in_place(&self) -> Option<LocalFlake> {
        let Source::Flake(reference) = &self.source else { return None };
        let is_plain = self.arguments.iter().all(|argument| argument == "--impure");
        if !self.in_place || !is_plain || reference.contains(['?', '^']) {
            return None;
        }
        LocalFlake::find(reference, &self.dir)
    }

    /// What nix evaluates that stands in no file.
    pub fn expressions(&self) -> Vec<&str> {
        let own: Vec<&str> = match &self.source {
            Source::Expression { text, .. } => vec![text],
            Source::Packages(packages) => packages.iter().map(String::as_str).collect(),
            Source::Flake(_) | Source::File { .. } => Vec::new(),
        };
        let arguments = self.values_of("--arg").map(|(_, expression)| expression);
        own.into_iter().chain(arguments).collect()
    }

    /// Files whose content nix takes as it is.
    pub fn files(&self) -> Vec<PathBuf> {
        let arguments = self.values_of("--arg-from-file").map(|(_, file)| file);
        let locks = self.arguments.windows(2).filter(|words| words[0] == "--reference-lock-file");
        let files = arguments.chain(locks.map(|words| words[1].as_str()));
        files.map(|file| crate::fs::clean(&self.dir.join(file))).collect()
    }

    /// Of an option with two of them.
    pub fn values_of<'a>(&'a self, option: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let words = self.arguments.windows(3).filter(move |words| words[0] == option);
        words.map(|words| (words[1].as_str(), words[2].as_str()))
    }

    /// The expression's file, unless it is one that nix has to look for or to fetch.
    pub fn local_file(&self) -> Option<PathBuf> {
        let Source::File { file, .. } = &self.source else { return None };
        let path = crate::fs::clean(&self.dir.join(file));
        (!file.starts_with('<') && !file.contains("://") && path.is_file()).then_some(path)
    }
}

/// A directory stands for the file in it that `nix-shell` would take.
fn with_default(dir: &Path, file: String) -> String {
    if !dir.join(&file).is_dir() {
        return file;
    }
    let inside = |name: &str| match file.as_str() {
        "." => name.to_string(),
        file => format!("{}/{name}", file.trim_end_matches('/')),
    };
    let shell = inside("shell.nix");
    if dir.join(&shell).exists() { shell } else { inside("default.nix") }
}

/// A path as a string of the nix language.
fn text(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${");
    format!("\"{path}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_options_are_no_files() {
        let words = "s.nix --arg-from-file v ./v --system x --show-trace -A a --builders b";
        let words = words.split(' ').map(String::from).collect();
        let dir = Path::new("/p");
        let request = Request::expression(dir, dir, words).unwrap();
        let source = Source::File { file: "s.nix".into(), attribute: "a".into() };
        assert_eq!(request.source, source);
        let handed_on = "--arg-from-file v ./v --system x --show-trace --builders b";
        assert_eq!(request.arguments.join(" "), handed_on);
        assert_eq!(request.files(), [Path::new("/p/v")]);
    }
}
