//! Files without structure: one value named `data`.

use crate::secrets::Output;
use crate::secrets::tree::{Entry, Value};
use anyhow::{Result, bail};

pub fn write(branch: &[Entry], output: &mut Output) -> Result<()> {
    let data = branch.iter().find_map(|entry| match entry {
        Entry::Pair(name, Value::Leaf(leaf)) if name == "data" => Some(leaf),
        _ => None,
    });
    let Some(leaf) = data else {
        bail!("only a file with a text named `data` can be written as binary");
    };
    output.push(leaf.text().bytes());
    Ok(())
}
