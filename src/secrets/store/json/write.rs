//! Writes JSON as Go does; comments are left out.

use crate::secrets::Output;
use crate::secrets::text::float_with_exponent;
use crate::secrets::tree::{Entry, Kind, Leaf, Value, pairs, values};
use anyhow::{Result, bail};

/// Each level stands in by `step`.
pub fn write(branch: &[Entry], step: &str, output: &mut Output) -> Result<()> {
    let output = &mut Lines { output, step };
    push_branch(branch, 0, output)?;
    output.push("\n");
    Ok(())
}

/// The same for what may also be a list.
pub fn write_value(value: &Value, step: &str, output: &mut Output) -> Result<()> {
    let output = &mut Lines { output, step };
    push_value(value, 0, output)?;
    output.push("\n");
    Ok(())
}

struct Lines<'a> {
    output: &'a mut Output,
    step: &'a str,
}

impl Lines<'_> {
    fn push(&mut self, bytes: impl AsRef<[u8]>) {
        self.output.push(bytes);
    }
}

fn push_value(value: &Value, depth: usize, output: &mut Lines<'_>) -> Result<()> {
    match value {
        Value::Null => output.push("null"),
        Value::Leaf(leaf) => push_leaf(leaf, output)?,
        Value::Branch(branch) => push_branch(branch, depth, output)?,
        Value::List(list) => {
            let values = values(list).map(|(_, value)| value);
            members(["[", "]"], values, depth, output, |value, output| {
                push_value(value, depth + 1, output)
            })?;
        }
    }
    Ok(())
}

fn push_branch(branch: &[Entry], depth: usize, output: &mut Lines<'_>) -> Result<()> {
    members(["{", "}"], pairs(branch), depth, output, |(name, value), output| {
        push_string(name.as_bytes(), output);
        output.push(": ");
        push_value(value, depth + 1, output)
    })
}

fn members<T>(
    brackets: [&str; 2],
    members: impl Iterator<Item = T>,
    depth: usize,
    output: &mut Lines<'_>,
    mut member: impl FnMut(T, &mut Lines<'_>) -> Result<()>,
) -> Result<()> {
    output.push(brackets[0]);
    let mut is_empty = true;
    for one in members {
        output.push(if is_empty { "\n" } else { ",\n" });
        is_empty = false;
        output.push(output.step.repeat(depth + 1));
        member(one, output)?;
    }
    if !is_empty {
        output.push("\n");
        output.push(output.step.repeat(depth));
    }
    output.push(brackets[1]);
    Ok(())
}

fn push_leaf(leaf: &Leaf, output: &mut Lines<'_>) -> Result<()> {
    match leaf.kind {
        Kind::Int => output.push(leaf.text().bytes()),
        // An integer may have more digits than a float.
        Kind::Float if is_integer(leaf.spelling().bytes()) => output.push(leaf.spelling().bytes()),
        Kind::Float => match leaf.number().filter(|number| number.is_finite()) {
            Some(number) => output.push(json_float(number)),
            None => bail!("JSON has no number for infinity and what is none"),
        },
        Kind::Bool => output.push(if leaf.is_true() { "true" } else { "false" }),
        Kind::Str | Kind::Time | Kind::Comment => {
            push_string(leaf.text().bytes(), output);
        }
    }
    Ok(())
}

fn is_integer(spelling: &[u8]) -> bool {
    let text = std::str::from_utf8(spelling).unwrap_or_default();
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn json_float(number: f64) -> String {
    let text = float_with_exponent(number, -6, 21);
    // Go writes exponents below ten with one digit where they are negative.
    match text.split_once("e-0") {
        Some((digits, exponent)) => format!("{digits}e-{exponent}"),
        None => text,
    }
}

fn push_string(bytes: &[u8], output: &mut Lines<'_>) {
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
