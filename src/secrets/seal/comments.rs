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

/// Puts comments at the head of a list's entry before it: between the dash and the entry they would be read back as
/// another's.
fn lift_comments(branch: &mut Branch) {
    pairs_mut(branch).for_each(|(_, value)| lift_from_value(value));
}

fn lift_from_value(value: &mut Value) {
    match value {
        Value::Branch(branch) => lift_comments(branch),
        Value::List(list) => {
            let mut lifted = Vec::with_capacity(list.len());
            // sops takes one without a word for an element.
            let is_nothing = |value: &Value| {
                value.leaf().is_some_and(|leaf| leaf.is_comment() && leaf.text().is_empty())
            };
            for mut value in list.drain(..).filter(|value| !is_nothing(value)) {
                lift_from_value(&mut value);
                match &mut value {
                    Value::Branch(branch) => {
                        let count = branch.iter().take_while(|entry| entry.is_comment()).count();
                        let comments = branch.drain(..count).filter_map(Entry::into_comment);
                        lifted.extend(comments.map(Value::Leaf));
                    }
                    Value::List(inner) => {
                        let count = inner.iter().take_while(|value| value.is_comment()).count();
                        lifted.extend(inner.drain(..count));
                    }
                    Value::Leaf(_) | Value::Null => {}
                }
                lifted.push(value);
            }
            *list = lifted;
        }
        Value::Leaf(_) | Value::Null => {}
    }
}
