//! What `nix print-dev-env --json` prints: the variables and functions of a development shell.

use super::environment::{ATTRIBUTES_FILE, Environment};
use crate::shell::bash_word;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// nix's own format, the same from 2.4 to 2.34.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevEnv {
    variables: BTreeMap<String, Variable>,
    /// Bodies without their braces.
    #[serde(default)]
    bash_functions: BTreeMap<String, String>,
    /// `.attrs.sh` and `.attrs.json`, of a derivation with `__structuredAttrs`.
    #[serde(default)]
    structured_attrs: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
enum Variable {
    Exported(String),
    Var(String),
    Array(Vec<String>),
    Associative(BTreeMap<String, String>),
    Unknown,
}

/// What bash sets itself, and what belongs to the user's shell: nix would overwrite some of it.
const BASHS_OWN: [&str; 15] = [
    "BASH", "HOSTTYPE", "IFS", "LINENO", "MACHTYPE", "OLDPWD", "OPTERR", "OPTIND", "OSTYPE", "PS1",
    "PS4", "PWD", "SHELL", "SHLVL", "_",
];
/// What nix leaves out of its own script: the builder's, not the shell's.
const BUILDERS_OWN: [&str; 15] = [
    "BASHOPTS",
    "HOME",
    "NIX_BUILD_TOP",
    "NIX_ENFORCE_PURITY",
    "NIX_LOG_FD",
    "NIX_REMOTE",
    "PPID",
    "SHELLOPTS",
    "SSL_CERT_FILE",
    "TEMP",
    "TEMPDIR",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
];
const HOOK: &str = "shellHook";

impl DevEnv {
    pub fn parse(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).context("it is not what `nix print-dev-env --json` prints")
    }

    /// What of it goes into an environment. The shell's own outputs do not exist: what names them names `outputs/` in
    /// `dir`, as in nix's script. The files of structured attributes are looked for in `attributes`.
    pub fn environment(&self, dir: &Path, attributes: &Path) -> Environment {
        let outputs = self.outputs();
        let rewrite = |value: &str| {
            outputs.iter().fold(value.to_string(), |value, (name, path)| {
                value.replace(path, &dir.join("outputs").join(name).to_string_lossy())
            })
        };
        let (mut exported, mut unexported) = (BTreeMap::new(), BTreeMap::new());
        let mut hook = String::new();
        for (name, variable) in &self.variables {
            match variable {
                Variable::Exported(value) | Variable::Var(value) if name == HOOK => {
                    hook = rewrite(value);
                }
                _ if is_anothers(name) => {}
                Variable::Exported(value) => {
                    exported.insert(name.clone(), rewrite(value));
                }
                Variable::Var(value) => {
                    unexported.insert(name.clone(), rewrite(value));
                }
                Variable::Array(_) | Variable::Associative(_) | Variable::Unknown => {}
            }
        }
        for (name, file) in [(ATTRIBUTES_FILE, ".attrs.sh"), ("NIX_ATTRS_JSON_FILE", ".attrs.json")]
        {
            if self.structured_attrs.contains_key(file) {
                let path = attributes.join(file).to_string_lossy().into_owned();
                exported.insert(name.to_string(), path);
            }
        }
        let outputs: Vec<String> = outputs.into_keys().collect();
        Environment::new(exported, &outputs, (unexported, hook))
    }

    /// The files of structured attributes, by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.structured_attrs.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Defines in bash what only bash can hold, for a `shellHook` to find: arrays and functions.
    pub fn setup(&self) -> String {
        let mut code = String::new();
        for (name, variable) in self.variables.iter().filter(|(name, _)| is_word(name)) {
            match variable {
                Variable::Array(values) => {
                    let words: Vec<String> = values.iter().map(|value| word(value)).collect();
                    code.extend([name, "=(", &words.join(" "), ")\n"]);
                }
                Variable::Associative(values) => {
                    let pairs: Vec<String> = values
                        .iter()
                        .map(|(key, value)| format!("[{}]={}", word(key), word(value)))
                        .collect();
                    code.extend(["declare -gA ", name, "=(", &pairs.join(" "), ")\n"]);
                }
                Variable::Exported(_) | Variable::Var(_) | Variable::Unknown => {}
            }
        }
        for (name, body) in &self.bash_functions {
            if is_function_name(name) {
                code.extend([name, "() {\n", body, "\n}\n"]);
            }
        }
        code
    }

    /// The names of the functions and arrays that `setup` defines.
    pub fn defined(&self) -> Vec<String> {
        let arrays = self.variables.iter().filter_map(|(name, variable)| {
            matches!(variable, Variable::Array(_) | Variable::Associative(_)).then_some(name)
        });
        let functions = self.bash_functions.keys().filter(|name| is_function_name(name));
        functions.chain(arrays.filter(|name| is_word(name))).cloned().collect()
    }

    /// Names and store paths of the outputs that the shell's derivation would have.
    fn outputs(&self) -> BTreeMap<String, String> {
        let path = |name: &str| match self.variables.get(name) {
            Some(Variable::Exported(path) | Variable::Var(path)) if path.starts_with('/') => {
                Some((name.to_string(), path.clone()))
            }
            _ => None,
        };
        match self.variables.get("outputs") {
            Some(Variable::Exported(names) | Variable::Var(names)) => {
                names.split_whitespace().filter_map(path).collect()
            }
            Some(Variable::Associative(outputs)) => outputs.clone(),
            _ => BTreeMap::new(),
        }
    }
}

fn is_anothers(name: &str) -> bool {
    BASHS_OWN.contains(&name) || BUILDERS_OWN.contains(&name) || name == "UID"
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Letters that mean nothing to bash: more than that, and no name of a function is in use.
fn is_function_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:+@%/".contains(&byte);
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_plain)
}

fn word(value: &str) -> String {
    String::from_utf8_lossy(&bash_word(value.as_bytes())).into_owned()
}
