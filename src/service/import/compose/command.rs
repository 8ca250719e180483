//! What a container runs: its entrypoint with the arguments.

use super::super::draft::Draft;
use super::super::tree::{Map, Node};
use super::super::words::{Word, split};

const UNKNOWN: &str = "what its image runs is not known here";

/// The words; an error says why there are none.
pub fn command(container: &Map, draft: &mut Draft) -> Result<Vec<Word>, String> {
    let mut words_of = |key: &str| match container.child(key) {
        Some(node) => words(key, node, draft),
        None => Ok(vec![]),
    };
    let entrypoint = words_of("entrypoint")?;
    let arguments = words_of("command")?;
    if entrypoint.is_empty() {
        let first = arguments.first().map(|word| word.joined().text().unwrap_or_default());
        match first {
            None => return Err(format!("it has no `command`, and {UNKNOWN}")),
            Some(first) if first.starts_with('-') => {
                return Err(format!("its `command` has only arguments, and {UNKNOWN}"));
            }
            Some(_) => {}
        }
    }
    Ok(entrypoint.into_iter().chain(arguments).collect())
}

/// Of a list, or of a line that no shell sees.
fn words(key: &str, node: &Node, draft: &mut Draft) -> Result<Vec<Word>, String> {
    let line = match node {
        Node::Text(line) => line,
        node => return Ok(node.templates().into_iter().map(Word::whole).collect()),
    };
    let Some(line) = split(line) else {
        return Err(format!("a quote in its `{key}` does not end"));
    };
    for operator in &line.operators {
        draft.tell(format!("`{key}`: `{operator}` means nothing, for no shell reads it"));
    }
    Ok(line.words)
}
