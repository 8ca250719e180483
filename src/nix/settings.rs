//! nix's own files of settings, and its registries: the files by which it finds out what a name stands for.

use crate::env::Env;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file larger than this many bytes is none.
const LIMIT: u64 = 1 << 20;
/// The variable with settings that stand in no file.
pub const VARIABLE: &str = "NIX_CONFIG";

/// Whether they are there or not.
pub fn files(env: &Env) -> Vec<PathBuf> {
    let named = env.non_empty("NIX_USER_CONF_FILES");
    let users = match named {
        Some(named) => std::env::split_paths(named).collect(),
        None => users(env).map(|dir| dir.join("nix.conf")).into_iter().collect::<Vec<_>>(),
    };
    users.into_iter().chain([system(env).join("nix.conf")]).collect()
}

/// The user's and the system's, in this order. The one that nix fetches leads to nothing on this machine.
pub fn registries(env: &Env) -> Vec<PathBuf> {
    users(env).into_iter().chain([system(env)]).map(|dir| dir.join("registry.json")).collect()
}

fn users(env: &Env) -> Option<PathBuf> {
    let at_home = || env.non_empty("HOME").map(|home| Path::new(home).join(".config"));
    let config = env.non_empty("XDG_CONFIG_HOME").map(PathBuf::from).or_else(at_home);
    config.map(|config| config.join("nix"))
}

fn system(env: &Env) -> PathBuf {
    env.non_empty("NIX_CONF_DIR").map_or_else(|| "/etc/nix".into(), PathBuf::from)
}

/// A reference to what a registry has for a name, if that is of this machine.
pub fn registered(file: &Path, name: &str) -> Option<String> {
    let text = crate::fs::read_regular(file, LIMIT).ok()??;
    let registry: Value = serde_json::from_slice(&text).ok()?;
    let named = registry["flakes"].as_array()?.iter().find(|flake| flake["from"]["id"] == name)?;
    let to = &named["to"];
    match to["type"].as_str()? {
        "path" => Some(format!("path:{}", to["path"].as_str()?)),
        "git" => Some(format!("git+{}", to["url"].as_str()?)),
        _ => None,
    }
}
