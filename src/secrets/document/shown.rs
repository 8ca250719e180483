//! Whether a text shows what is held: who edits it must not change what he does not touch.

use super::{Opened, settle};
use crate::secrets::Secret;
use crate::secrets::store::{Format, write_plain};
use crate::secrets::tree::{Branch, Entry, Kind, Leaf, Value, pairs, values};
use anyhow::Result;

impl Opened {
    /// The text that an editor gets.
    pub fn shown_text(&mut self) -> Result<Secret> {
        if self.format == Format::Yaml {
            // A zero below zero that was encrypted has no spelling, and `-0` would be read as an integer.
            self.branches.iter_mut().for_each(|branch| settle(branch, self.format, &self.metadata));
        }
        write_plain(&self.branches, self.format, &self.layout)
    }

    /// The name of the first value that reads otherwise in `branches`, which is what its text was read as.
    pub fn first_changed(&self, branches: &[Branch]) -> Option<String> {
        let differ = Differ { format: self.format };
        if self.branches.len() != branches.len() {
            return Some("---".to_string());
        }
        self.branches.iter().zip(branches).find_map(|(held, shown)| differ.branches(held, shown))
    }
}

/// Each comparison gives the name of what differs, as `get` takes it.
struct Differ {
    format: Format,
}

impl Differ {
    fn branches(&self, held: &[Entry], shown: &[Entry]) -> Option<String> {
        let (mut held, mut shown) = (pairs(held), pairs(shown));
        loop {
            match (held.next(), shown.next()) {
                (None, None) => return None,
                (Some((name, value)), Some((other, seen))) if name == other => {
                    if let Some(below) = self.values(value, seen) {
                        return Some(joined(name, &below));
                    }
                }
                (Some((name, _)), _) | (None, Some((name, _))) => return Some(name.to_string()),
            }
        }
    }

    fn values(&self, held: &Value, shown: &Value) -> Option<String> {
        let is_same = match (held, shown) {
            (Value::Null, Value::Null) => true,
            (Value::Leaf(held), Value::Leaf(shown)) => self.is_same(held, shown),
            (Value::Branch(held), Value::Branch(shown)) => return self.branches(held, shown),
            (Value::List(held), Value::List(shown)) => {
                let mut shown = values(shown).map(|(_, value)| value);
                for (number, (_, value)) in values(held).enumerate() {
                    let below =
                        shown.next().map_or(Some(String::new()), |seen| self.values(value, seen));
                    if let Some(below) = below {
                        return Some(joined(&number.to_string(), &below));
                    }
                }
                shown.next().is_none()
            }
            _ => false,
        };
        (!is_same).then(String::new)
    }

    fn is_same(&self, held: &Leaf, shown: &Leaf) -> bool {
        match self.format {
            // They hold texts alone.
            Format::Dotenv | Format::Ini | Format::Binary => {
                held.variable().bytes() == shown.text().bytes()
            }
            Format::Yaml | Format::Json => {
                held.text() == shown.text() && kind(held, self.format) == kind(shown, self.format)
            }
        }
    }
}

/// JSON has times as texts.
fn kind(leaf: &Leaf, format: Format) -> Kind {
    match (leaf.kind, format) {
        (Kind::Time, Format::Json) => Kind::Str,
        (kind, _) => kind.read_again(),
    }
}

fn joined(name: &str, below: &str) -> String {
    if below.is_empty() { name.to_string() } else { format!("{name}.{below}") }
}
