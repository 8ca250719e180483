//! The value that `set` sets: typed unseen, or from standard input.

use crate::secrets::keys::Prompt;
use crate::secrets::{Entry, Format, Secret, Value, read_plain};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read as _};

/// No single value is larger than this many bytes.
const VALUE_LIMIT: u64 = 16 << 20;

pub fn asked_value(key: &str, is_json: bool) -> Result<Value> {
    let text = asked_text(key)?;
    if !is_json {
        return Ok(Value::string(text));
    }
    let wrapped = Secret::from([b"{\"value\":", text.bytes(), b"}"].concat());
    // The mistake's message may quote what is secret.
    let parsed = read_plain(wrapped, Format::Json).ok().and_then(|mut branches| branches.pop());
    match parsed.map(<[Entry; 1]>::try_from) {
        Some(Ok([Entry::Pair(_, value)])) => {
            check_json(&value).context("could not read the value")?;
            Ok(value)
        }
        _ => bail!("could not read the value: it is no JSON"),
    }
}

/// From standard input, where something comes from there, without the line end behind it; else typed.
fn asked_text(key: &str) -> Result<Secret> {
    if std::io::stdin().is_terminal() {
        let typed = Prompt::Terminal.secret(&format!("Value of {key}"));
        let typed = typed.context("could not read the value: nothing was typed")?;
        return Ok(Secret::from(typed.as_str()));
    }
    let mut text = Vec::new();
    std::io::stdin()
        .take(VALUE_LIMIT + 1)
        .read_to_end(&mut text)
        .context("could not read the value")?;
    if text.len() as u64 > VALUE_LIMIT {
        bail!("could not read the value: it is larger than {} MiB", VALUE_LIMIT >> 20);
    }
    let end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| text.ends_with(end));
    text.truncate(text.len() - end.map_or(0, <[u8]>::len));
    Ok(Secret::from(text))
}

/// Refuses what most readers of JSON would lose without a word.
fn check_json(value: &Value) -> Result<()> {
    match value {
        Value::Leaf(leaf) if leaf.is_beyond_integers() => {
            bail!("a number in it is too large: put it into double quotes")
        }
        Value::Leaf(_) | Value::Null => Ok(()),
        Value::List(list) => list.iter().try_for_each(check_json),
        Value::Branch(branch) => {
            let mut names = BTreeSet::new();
            branch.iter().try_for_each(|entry| match entry {
                Entry::Pair(name, _) if !names.insert(name) => bail!("`{name}` is there twice"),
                Entry::Pair(_, value) => check_json(value),
                Entry::Comment(_) => Ok(()),
            })
        }
    }
}
