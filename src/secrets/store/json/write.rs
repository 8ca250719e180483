//! Writes JSON as Go does, indented with tabs; comments are left out.

use crate::secrets::Output;
use crate::secrets::text::float_with_exponent;
use crate::secrets::tree::{Entry, Kind, Leaf, Value};
use anyhow::{Result, bail};

pub fn write(branch: &[Entry], output: &mut Output) -> Result<()> {
    write_branch(branch, 0, output)?;
    output.push("\n");
    Ok(())
}

fn write_value(value: &Value, depth: usize, output: &mut Output) -> Result<()> {
    match value {
        Value::Null => output.push("null"),
        Value::Leaf(leaf) => write_leaf(leaf, output)?,
        Value::Branch(branch) => write_branch(branch, depth, output)?,
        Value::List(list) => {
            let is_value = |value: &&Value| value.leaf().is_none_or(|leaf| !leaf.is_comment());
            let values: Vec<&Value> = list.iter().filter(is_value).collect();
            members(["[", "]"], values.len(), depth, output, |index, output| {
                write_value(values[index], depth + 1, output)
            })?;
        }
    }
    Ok(())
}

fn write_branch(branch: &[Entry], depth: usize, output: &mut Output) -> Result<()> {
    let pair = |entry: &'_ Entry| -> Option<(String, Value)> {
        match entry {
            Entry::Pair(name, value) => Some((name.clone(), value.clone())),
            Entry::Comment(_) => None,
        }
    };
    let pairs: Vec<(String, Value)> = branch.iter().filter_map(pair).collect();
    members(["{", "}"], pairs.len(), depth, output, |index, output| {
        let (name, value) = &pairs[index];
        write_string(name.as_bytes(), output);
        output.push(": ");
        write_value(value, depth + 1, output)
    })
}

fn members(
    brackets: [&str; 2],
    count: usize,
    depth: usize,
    output: &mut Output,
    mut member: impl FnMut(usize, &mut Output) -> Result<()>,
) -> Result<()> {
    output.push(brackets[0]);
    for index in 0..count {
        output.push(if index > 0 { ",\n" } else { "\n" });
        output.push("\t".repeat(depth + 1));
        member(index, output)?;
    }
    if count > 0 {
        output.push("\n");
        output.push("\t".repeat(depth));
    }
    output.push(brackets[1]);
    Ok(())
}

fn write_leaf(leaf: &Leaf, output: &mut Output) -> Result<()> {
    match leaf.kind {
        Kind::Int => output.push(leaf.text.bytes()),
        Kind::Float => match leaf.number().filter(|number| number.is_finite()) {
            Some(number) => output.push(json_float(number)),
            None => bail!("JSON has no number for infinity and what is none"),
        },
        Kind::Bool => output.push(if leaf.is_true() { "true" } else { "false" }),
        Kind::Str | Kind::Time | Kind::Comment => {
            write_string(leaf.text.bytes(), output);
        }
    }
    Ok(())
}

fn json_float(number: f64) -> String {
    let text = float_with_exponent(number, -6, 21);
    // Go writes exponents below ten with one digit where they are negative.
    match text.split_once("e-0") {
        Some((digits, exponent)) => format!("{digits}e-{exponent}"),
        None => text,
    }
}

fn write_string(bytes: &[u8], output: &mut Output) {
    output.push("\"");
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(needs_escape) {
            output.push(&rest[..at]);
            let character = rest[at..].chars().next().unwrap_or_default();
            match character {
                '"' => output.push("\\\""),
                '\\' => output.push("\\\\"),
                '\n' => output.push("\\n"),
                '\r' => output.push("\\r"),
                '\t' => output.push("\\t"),
                '\u{8}' => output.push("\\b"),
                '\u{c}' => output.push("\\f"),
                other => output.push(format!("\\u{:04x}", u32::from(other))),
            }
            rest = &rest[at + character.len_utf8()..];
        }
        output.push(rest);
        for _ in chunk.invalid() {
            output.push("\\ufffd");
        }
    }
    output.push("\"");
}

fn needs_escape(character: char) -> bool {
    matches!(character, '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f')
}
