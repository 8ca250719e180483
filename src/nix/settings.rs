//! nix's own files of settings, and its registries: the files by which it finds out what a name stands for.

use crate::env::Env;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More files than these include each other.
const FILES_LIMIT: usize = 100;
/// A file larger than this many bytes is none.
const LIMIT: u64 = 1 << 20;
/// The variable with settings that stand in no file, and those that say which files there are.
pub const VARIABLES: [&str; 5] =
    ["NIX_CONFIG", "NIX_CONF_DIR", "NIX_USER_CONF_FILES", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"];

/// Whether they are there or not, with those that they include.
pub fn files(env: &Env) -> BTreeSet<PathBuf> {
    let named = env.non_empty("NIX_USER_CONF_FILES");
    let users: Vec<PathBuf> = match named {
        Some(named) => std::env::split_paths(named).collect(),
        None => users(env).into_iter().chain(shared(env)).map(|dir| dir.join("nix.conf")).collect(),
    };
    let mut files = BTreeSet::new();
    let mut left: Vec<PathBuf> = users.into_iter().chain([system(env).join("nix.conf")]).collect();
    while let Some(file) = left.pop() {
        if !files.contains(&file) && files.len() < FILES_LIMIT {
            left.extend(included(&file));
            files.insert(file);
        }
    }
    files
}

/// By lines such as `!include tokens.conf`.
fn included(file: &Path) -> Vec<PathBuf> {
    let text = crate::fs::read_regular(file, LIMIT).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let name = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let is_include = matches!(words.next()?, "include" | "!include");
        words.next().filter(|_| is_include).map(str::to_string)
    };
    let names = text.lines().filter_map(name);
    names.map(|name| crate::fs::clean(&file.with_file_name(name))).collect()
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

/// Of all users.
fn shared(env: &Env) -> Vec<PathBuf> {
    let dirs = env.non_empty("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg".as_ref());
    std::env::split_paths(dirs).map(|dir| dir.join("nix")).collect()
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
