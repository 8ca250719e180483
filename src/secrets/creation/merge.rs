//! The merge keys of YAML, which sops heeds in its own files and nowhere else.

use crate::secrets::tree::{Branch, Entry, Value, find};
use anyhow::{Result, bail};

const MERGE: &str = "<<";

/// Copies what `<<` names into the map where it stands: the map's own entries count first, then those named first.
/// Comments are left out.
pub fn merged(branch: Branch) -> Result<Branch> {
    let mut own = Branch::new();
    let mut named = Vec::new();
    for entry in branch {
        match entry {
            Entry::Pair(name, Value::List(list)) if name == MERGE => named.extend(values(list)),
            Entry::Pair(name, value) if name == MERGE => named.push(value),
            Entry::Pair(name, value) => own.push(Entry::Pair(name, merged_value(value)?)),
            Entry::Comment(_) => {}
        }
    }
    for value in named {
        let Value::Branch(branch) = value else {
            bail!("`{MERGE}` is for maps and lists of maps alone");
        };
        for entry in merged(branch)? {
            if !matches!(&entry, Entry::Pair(name, _) if find(&own, name).is_some()) {
                own.push(entry);
            }
        }
    }
    Ok(own)
}

fn merged_value(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Branch(branch) => Value::Branch(merged(branch)?),
        Value::List(list) => {
            Value::List(values(list).map(merged_value).collect::<Result<Vec<_>>>()?)
        }
        value => value,
    })
}

fn values(list: Vec<Value>) -> impl Iterator<Item = Value> {
    list.into_iter().filter(|value| !value.is_comment())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::store::{Format, Layout, read_settings, write_plain};

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let branch = merged(read_settings(text.as_bytes()).unwrap().unwrap()).unwrap();
        let (a, layout) = (find(&branch, "a").unwrap().branch().unwrap(), Layout::default());
        let text = write_plain(std::slice::from_ref(a), Format::Yaml, &layout).unwrap();
        assert_eq!(text.as_str(), Some(wanted));
    }

    #[test]
    fn the_nearest_entry_counts() {
        check("a:\n  x: 1\n  <<: {x: 2, y: 2}\n", "x: \"1\"\n\"y\": \"2\"\n");
        check("a:\n  <<: [{x: 1}, {x: 2, z: 2}]\n", "x: \"1\"\nz: \"2\"\n");
        check("b: &b {<<: {x: 1}, z: 2}\na:\n  <<: *b\n  z: 3\n", "z: \"3\"\nx: \"1\"\n");
        check("a: {l: [{<<: {x: 1}}]}\n", "l:\n    - x: \"1\"\n");
    }

    #[test]
    fn what_is_no_map_cannot_be_merged() {
        for text in ["a: {<<: x}", "a: {<<: [x]}", "a: {<<: }"] {
            let branch = read_settings(text.as_bytes()).unwrap().unwrap();
            merged(branch).unwrap_err();
        }
    }
}
