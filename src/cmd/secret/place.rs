//! One value of a tree by the names and numbers that lead to it: found, set, taken out.

use crate::secrets::{Branch, Entry, Format, Value, values};
use anyhow::{Context as _, Result, bail};

/// A dotenv file has names alone, whatever stands in them.
pub fn path_in(format: Format, key: &str) -> Result<Vec<String>> {
    let path = key_path(key);
    match (format, &path) {
        (Format::Dotenv, Ok(path)) if key.starts_with('[') && path.len() == 1 => Ok(path.clone()),
        (Format::Dotenv, _) => Ok(vec![key.to_string()]),
        _ => path,
    }
}

pub fn find<'a>(branch: &'a [Entry], path: &[String]) -> Option<&'a Value> {
    let (name, rest) = path.split_first()?;
    let mut value = branch.iter().find_map(|entry| match entry {
        Entry::Pair(key, value) if key == name => Some(value),
        _ => None,
    })?;
    let mut rest = rest;
    while let Some((name, further)) = rest.split_first() {
        value = match value {
            Value::Branch(branch) => return find(branch, rest),
            Value::List(list) => values(list).nth(name.parse().ok()?)?.1,
            Value::Leaf(_) | Value::Null => return None,
        };
        rest = further;
    }
    Some(value)
}

/// Sets a value, which may be the first in its maps, or the next of a list.
pub fn place(branch: &mut Branch, path: &[String], value: Value) -> Result<()> {
    let (name, rest) = path.split_first().context("the name is empty")?;
    let at = position(branch, name)?.unwrap_or_else(|| {
        branch.push(Entry::Pair(name.into(), Value::Null));
        branch.len() - 1
    });
    let Entry::Pair(_, slot) = &mut branch[at] else { bail!("`{name}` is a comment") };
    place_value(slot, rest, value)
}

fn place_value(slot: &mut Value, path: &[String], value: Value) -> Result<()> {
    let Some((name, rest)) = path.split_first() else {
        *slot = value;
        return Ok(());
    };
    if *slot == Value::Null {
        *slot = Value::Branch(Branch::new());
    }
    match slot {
        Value::Branch(branch) => place(branch, path, value),
        Value::List(list) => {
            let number: usize =
                name.parse().with_context(|| format!("`{name}` is no place in a list"))?;
            let at = values(list).nth(number).map(|(at, _)| at);
            let at = match at {
                Some(at) => at,
                None if number == values(list).count() => {
                    list.push(Value::Null);
                    list.len() - 1
                }
                None => bail!("the list has no place {number}"),
            };
            place_value(&mut list[at], rest, value)
        }
        Value::Leaf(_) | Value::Null => bail!("`{name}` would stand in a value that is no map"),
    }
}

/// Takes a value out; `false` where there is none.
pub fn take(branch: &mut Branch, path: &[String]) -> Result<bool> {
    let Some((name, rest)) = path.split_first() else { return Ok(false) };
    let Some(at) = position(branch, name)? else { return Ok(false) };
    if rest.is_empty() {
        branch.remove(at);
        return Ok(true);
    }
    match &mut branch[at] {
        Entry::Pair(_, value) => take_value(value, rest),
        Entry::Comment(_) => Ok(false),
    }
}

fn take_value(value: &mut Value, path: &[String]) -> Result<bool> {
    match (value, path) {
        (Value::Branch(branch), path) => take(branch, path),
        (Value::List(list), [name, rest @ ..]) => {
            let number = name.parse().ok();
            let at = number.and_then(|number| values(list).nth(number)).map(|(at, _)| at);
            match at {
                None => Ok(false),
                Some(at) if rest.is_empty() => {
                    list.remove(at);
                    Ok(true)
                }
                Some(at) => take_value(&mut list[at], rest),
            }
        }
        (Value::List(_) | Value::Leaf(_) | Value::Null, _) => Ok(false),
    }
}

/// Where a name stands. Of one that stands there twice nobody can say which is meant: a load takes the last.
fn position(branch: &Branch, name: &str) -> Result<Option<usize>> {
    let is_it = |entry: &Entry| matches!(entry, Entry::Pair(key, _) if key == name);
    let mut places = (0..branch.len()).filter(|at| is_it(&branch[*at]));
    let first = places.next();
    if places.next().is_some() {
        bail!("`{name}` is there twice: `envr secret edit` takes one of them out");
    }
    Ok(first)
}

/// `a.b.0`, or `["a"]["b"][0]` as sops has it.
fn key_path(key: &str) -> Result<Vec<String>> {
    if !key.starts_with('[') {
        return Ok(key.split('.').map(ToString::to_string).collect());
    }
    let mut path = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').with_context(|| format!("`{key}` is no path"))?;
        let end = match inner.strip_prefix('"') {
            Some(quoted) => quoted.find("\"]").map(|end| end + 2),
            None => inner.find(']'),
        };
        let end = end.with_context(|| format!("`{key}` is no path"))?;
        path.push(inner[..end].trim_matches('"').to_string());
        rest = &inner[end + 1..];
    }
    Ok(path)
}
