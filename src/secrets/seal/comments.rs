//! Comments of a YAML file, put where sops and envr see them in the same place: an encrypted one is bound to its place.

use crate::secrets::tree::{Branch, Entry, Leaf, Value, has_pairs, has_values, pairs_mut};

/// Moves those that sops would read as part of something else.
pub fn settle(branch: &mut Branch) {
    pairs_mut(branch).for_each(|(_, value)| sink(value, Vec::new()));
    lift_comments(branch);
}

/// Puts those at the end of a map or list, and `below`, behind the last value of what it ends with, however deep that is:
/// where the next line stands further left, sops has them there.
fn sink(value: &mut Value, below: Vec<Leaf>) {
    match value {
        Value::Branch(branch) => {
            let Some(last) = branch.iter().rposition(|entry| !entry.is_comment()) else { return };
            let mut comments: Vec<Leaf> =
                branch.drain(last + 1..).filter_map(Entry::into_comment).collect();
            comments.extend(below);
            for (index, entry) in branch.iter_mut().enumerate() {
                if let Entry::Pair(_, value) = entry {
                    let is_place = index == last && is_open(value);
                    sink(value, if is_place { std::mem::take(&mut comments) } else { Vec::new() });
                }
            }
            branch.extend(comments.into_iter().map(Entry::Comment));
        }
        Value::List(list) => {
            let Some(last) = list.iter().rposition(|value| !value.is_comment()) else { return };
            let mut comments: Vec<Value> = list.drain(last + 1..).collect();
            comments.extend(below.into_iter().map(Value::Leaf));
            for (index, value) in list.iter_mut().enumerate() {
                let is_place = index == last && is_open(value);
                let comments = if is_place { std::mem::take(&mut comments) } else { Vec::new() };
                sink(value, comments.into_iter().filter_map(Value::into_leaf).collect());
            }
            list.extend(comments);
        }
        Value::Leaf(_) | Value::Null => {}
    }
}

/// Whether it has lines of its own: comments alone give it none.
fn is_open(value: &Value) -> bool {
    match value {
        Value::Branch(branch) => has_pairs(branch),
        Value::List(list) => has_values(list),
        Value::Leaf(_) | Value::Null => false,
    }
}

/// Puts comments before the entry that they cannot stand in: at its head, where a dash is before it, they would be read
/// back as another's, and where nothing but comments is in it, it has no lines.
fn lift_comments(branch: &mut Branch) {
    for mut entry in std::mem::take(branch) {
        if let Entry::Pair(_, value) = &mut entry {
            lift_from_value(value);
            if !is_open(value) {
                branch.extend(comments_at_head(value).into_iter().map(Entry::Comment));
            }
        }
        branch.push(entry);
    }
}

fn lift_from_value(value: &mut Value) {
    match value {
        Value::Branch(branch) => lift_comments(branch),
        Value::List(list) => {
            for mut value in std::mem::take(list) {
                lift_from_value(&mut value);
                list.extend(comments_at_head(&mut value).into_iter().map(Value::Leaf));
                list.push(value);
            }
            // sops takes one without a word for an element.
            list.retain(|value| {
                value.leaf().is_none_or(|leaf| !leaf.is_comment() || !leaf.text().is_empty())
            });
        }
        Value::Leaf(_) | Value::Null => {}
    }
}

fn comments_at_head(value: &mut Value) -> Vec<Leaf> {
    match value {
        Value::Branch(branch) => {
            let count = branch.iter().take_while(|entry| entry.is_comment()).count();
            branch.drain(..count).filter_map(Entry::into_comment).collect()
        }
        Value::List(list) => {
            let count = list.iter().take_while(|value| value.is_comment()).count();
            list.drain(..count).filter_map(Value::into_leaf).collect()
        }
        Value::Leaf(_) | Value::Null => Vec::new(),
    }
}
