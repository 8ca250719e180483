//! Metadata as flat names, for stores without maps: `age__list_0__map_enc`.

use crate::secrets::tree::{Branch, Entry, Kind, Value, pairs, pairs_mut};
use anyhow::{Context as _, Result, bail};

const MAP: &str = "__map_";
const LIST: &str = "__list_";
/// A higher index is a bomb: sops allocates as many entries.
const INDEX_LIMIT: usize = 1024;
/// Of all lists together, with their gaps.
const ROOM_LIMIT: usize = 16 * INDEX_LIMIT;
/// More names no metadata has that we would read.
const NAMES_LIMIT: usize = 10_000;
/// Maps and lists in each other; that of a recipient's context in a group is in five.
const DEPTH_LIMIT: usize = 16;
/// Letters of a name in a message.
const SHOWN: usize = 80;

/// Rebuilds maps and lists. Gaps in a list are closed.
pub fn unflatten(flat: &[(String, Value)]) -> Result<Branch> {
    if flat.len() > NAMES_LIMIT {
        bail!("its metadata has more than {NAMES_LIMIT} names");
    }
    let mut branch = Branch::new();
    let mut room = ROOM_LIMIT;
    for (name, value) in flat {
        let end = next_mark(name).unwrap_or(name.len());
        let slot = slot_of(&mut branch, &name[..end]);
        insert(slot, &name[end..], value.clone(), &mut room).with_context(|| {
            format!("its metadata has `{}`", name.chars().take(SHOWN).collect::<String>())
        })?;
    }
    pairs_mut(&mut branch).for_each(|(_, value)| close_gaps(value));
    Ok(branch)
}

/// Names and texts, sorted; line ends in a text are `\n`.
pub fn flatten(branch: &Branch) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (name, value) in pairs(branch) {
        push_flat(name.to_string(), value, &mut flat);
    }
    flat.sort();
    flat
}

fn push_flat(name: String, value: &Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Leaf(leaf) => {
            let text = if leaf.kind == Kind::Bool {
                leaf.is_true().to_string()
            } else {
                leaf.text().as_str().unwrap_or_default().replace('\n', "\\n")
            };
            flat.push((name, text));
        }
        Value::Null => {}
        Value::Branch(branch) => {
            for (key, value) in pairs(branch) {
                push_flat(format!("{name}{MAP}{key}"), value, flat);
            }
        }
        Value::List(list) => {
            for (index, value) in list.iter().enumerate() {
                push_flat(format!("{name}{LIST}{index}"), value, flat);
            }
        }
    }
}

fn next_mark(name: &str) -> Option<usize> {
    [MAP, LIST].iter().filter_map(|mark| name.find(mark)).min()
}

fn slot_of<'a>(branch: &'a mut Branch, name: &str) -> &'a mut Value {
    let known = |entry: &Entry| matches!(entry, Entry::Pair(key, _) if key == name);
    let index = branch.iter().position(known).unwrap_or_else(|| {
        branch.push(Entry::Pair(name.into(), Value::Null));
        branch.len() - 1
    });
    match &mut branch[index] {
        Entry::Pair(_, value) => value,
        Entry::Comment(_) => unreachable!("it was found by its name"),
    }
}

/// `room` is how many entries lists may still get.
fn insert(mut slot: &mut Value, mut rest: &str, value: Value, room: &mut usize) -> Result<()> {
    let mut depth = 0;
    while !rest.is_empty() {
        depth += 1;
        if depth > DEPTH_LIMIT {
            bail!("it is nested deeper than {DEPTH_LIMIT} levels");
        }
        if let Some(after) = rest.strip_prefix(MAP) {
            let end = next_mark(after).unwrap_or(after.len());
            if *slot == Value::Null {
                *slot = Value::Branch(Branch::new());
            }
            let Value::Branch(branch) = slot else { bail!("it is a map and something else") };
            slot = slot_of(branch, &after[..end]);
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix(LIST).context("its name is cut")?;
            let end = next_mark(after).unwrap_or(after.len());
            let index: usize = after[..end].parse().ok().context("its index is no number")?;
            if index >= INDEX_LIMIT {
                bail!("its index is beyond {INDEX_LIMIT}");
            }
            if *slot == Value::Null {
                *slot = Value::List(Vec::new());
            }
            let Value::List(list) = slot else { bail!("it is a list and something else") };
            while list.len() <= index {
                *room = room.checked_sub(1).context("its lists have too many gaps")?;
                list.push(Value::Null);
            }
            slot = &mut list[index];
            rest = &after[end..];
        }
    }
    *slot = value;
    Ok(())
}

fn close_gaps(value: &mut Value) {
    match value {
        Value::List(list) => {
            list.retain(|value| *value != Value::Null);
            list.iter_mut().for_each(close_gaps);
        }
        Value::Branch(branch) => pairs_mut(branch).for_each(|(_, value)| close_gaps(value)),
        Value::Leaf(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_flat_was_a_tree() {
        let flat = [
            ("age__list_0__map_enc", "a\\nb"),
            ("age__list_0__map_recipient", "r"),
            ("key_groups__list_1__map_pgp__list_0__map_fp", "F"),
            ("version", "3.11.0"),
        ];
        let values: Vec<(String, Value)> = flat
            .iter()
            .map(|(name, text)| (name.to_string(), Value::string(text.replace("\\n", "\n"))))
            .collect();
        let branch = unflatten(&values).unwrap();
        let mut expected: Vec<(String, String)> =
            flat.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        // The gap before the only group is closed.
        expected[2].0 = "key_groups__list_0__map_pgp__list_0__map_fp".to_string();
        assert_eq!(flatten(&branch), expected);
    }

    #[test]
    fn bombs_and_contradictions_are_refused() {
        for names in [
            &["age__list_50000__map_enc"][..],
            &["age__list_x__map_enc"],
            &["age__list_0", "age__map_a"],
            &["age__list_99999999999999999999"],
            &[&format!("a{}", "__map_a".repeat(17))],
            &[&format!("a{}", "__list_0".repeat(100_000))],
        ] {
            let flat: Vec<(String, Value)> =
                names.iter().map(|name| (name.to_string(), Value::string("x"))).collect();
            assert!(unflatten(&flat).is_err(), "{names:?}");
        }
    }
}
