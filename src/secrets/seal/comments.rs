//! Where comments of a YAML file must stand for sops to read them back as those of the same map or list.

use crate::secrets::tree::{Branch, Entry, Leaf, Value};

/// Puts comments at the end of a map that stand behind a map or list in it at the end of that: there sops reads them,
/// wherever they were written. At the top they stand apart from all else.
pub fn sink(branch: &mut Branch) {
    for entry in branch {
        if let Entry::Pair(_, value) = entry {
            sink_in_value(value);
        }
    }
}

fn sink_in_value(value: &mut Value) {
    match value {
        Value::Branch(branch) => {
            sink(branch);
            let behind = |entry: &Entry| matches!(entry, Entry::Pair(..));
            let count = branch.iter().rposition(behind).map_or(0, |last| last + 1);
            let Some(Entry::Pair(_, last)) = count.checked_sub(1).map(|at| &branch[at]) else {
                return;
            };
            if !holds_any(last) {
                return;
            }
            let comments: Vec<Leaf> = branch.drain(count..).filter_map(comment).collect();
            if let Some(Entry::Pair(_, last)) = branch.last_mut() {
                append(last, comments);
            }
        }
        Value::List(list) => list.iter_mut().for_each(sink_in_value),
        Value::Leaf(_) | Value::Null => {}
    }
}

/// At the end of what stands last in it, however deep.
fn append(value: &mut Value, comments: Vec<Leaf>) {
    match value {
        Value::Branch(branch) => match branch.last_mut() {
            Some(Entry::Pair(_, last)) if holds_any(last) => append(last, comments),
            _ => branch.extend(comments.into_iter().map(Entry::Comment)),
        },
        Value::List(list) => match list.last_mut() {
            Some(last) if holds_any(last) => append(last, comments),
            _ => list.extend(comments.into_iter().map(Value::Leaf)),
        },
        Value::Leaf(_) | Value::Null => {}
    }
}

fn comment(entry: Entry) -> Option<Leaf> {
    match entry {
        Entry::Comment(comment) => Some(comment),
        Entry::Pair(..) => None,
    }
}

fn holds_any(value: &Value) -> bool {
    match value {
        Value::Branch(branch) => branch.iter().any(|entry| matches!(entry, Entry::Pair(..))),
        Value::List(list) => {
            list.iter().any(|value| value.leaf().is_none_or(|leaf| !leaf.is_comment()))
        }
        Value::Leaf(_) | Value::Null => false,
    }
}
