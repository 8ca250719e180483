//! How far the levels of a file stand in: as sops has it, or as the `stores` of a `.sops.yaml` say.

use crate::secrets::tree::{Branch, Value, find};
use anyhow::{Context as _, Result};

/// Wider levels would make a small file a large one.
const LIMIT: usize = 64;

#[derive(Clone, Debug)]
pub struct Layout {
    /// In spaces.
    pub yaml: usize,
    /// What stands before a line, once for each level.
    pub json: String,
    /// As `json`, where a whole file is one encrypted value.
    pub binary: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self { yaml: 4, json: "\t".to_string(), binary: "\t".to_string() }
    }
}

impl Layout {
    /// By the top of a `.sops.yaml`.
    pub fn of(config: &Branch) -> Result<Self> {
        let mut layout = Self::default();
        match indent(config, "yaml")? {
            None | Some(0) => {}
            Some(spaces @ 2..=9) => layout.yaml = spaces,
            // As the library that sops writes with.
            Some(_) => layout.yaml = 2,
        }
        for (name, step) in [("json", &mut layout.json), ("json_binary", &mut layout.binary)] {
            if let Some(spaces) = indent(config, name)? {
                *step = " ".repeat(spaces);
            }
        }
        Ok(layout)
    }
}

fn indent(config: &Branch, store: &str) -> Result<Option<usize>> {
    let stores = find(config, "stores").and_then(Value::branch);
    let store_of = stores.and_then(|stores| find(stores, store)).and_then(Value::branch);
    let Some(text) = store_of.and_then(|of| find(of, "indent")).and_then(Value::text) else {
        return Ok(None);
    };
    let spaces = text.parse().ok().filter(|spaces| *spaces <= LIMIT);
    let spaces =
        spaces.with_context(|| format!("the `indent` of `{store}` is no number up to {LIMIT}"))?;
    Ok(Some(spaces))
}
