//! The questions of a process: a command that succeeds, or an answer over HTTP.

use super::super::draft::{Draft, number};
use super::super::shell::Prelude;
use super::super::template::{Piece, Template};
use super::super::tree::{Map, Node};
use super::super::written::Toml;
use super::seconds;

/// `None` where it asks nothing that is known here.
pub fn probe(asked: &Map, name: &str, prelude: &Prelude, draft: &mut Draft) -> Option<Toml> {
    let mut table = Vec::new();
    for (key, node) in asked.pairs() {
        let shown = format!("{name}.{key}");
        let (key, value) = match (key, node) {
            ("exec", Node::Map(exec)) => ("exec", line(exec, &shown, prelude, draft)),
            ("http_get", Node::Map(get)) => ("http", address(get, &shown, draft)),
            ("period_seconds", node) => ("every", draft.read(&shown, node, seconds)),
            ("timeout_seconds", node) => ("answer_within", draft.read(&shown, node, seconds)),
            ("failure_threshold", node) => {
                ("failures", draft.read(&shown, node, number).map(Toml::Number))
            }
            // The first check comes at once, and one success is enough.
            _ => {
                draft.leave_out(&shown);
                continue;
            }
        };
        table.extend(value.map(|value| (key.to_string(), value)));
    }
    let asks = table.iter().any(|(key, _)| matches!(key.as_str(), "exec" | "http"));
    if !asks {
        draft.leave_out(name);
    }
    asks.then_some(Toml::Table(table))
}

fn line(exec: &Map, name: &str, prelude: &Prelude, draft: &mut Draft) -> Option<Toml> {
    let others = exec.pairs().map(|(key, _)| key).filter(|key| *key != "command");
    for key in others {
        draft.leave_out(&format!("{name}.{key}"));
    }
    let line = exec.child("command")?.template()?;
    Some(Toml::Text(prelude.script(line)))
}

fn address(get: &Map, name: &str, draft: &mut Draft) -> Option<Toml> {
    let is_plain =
        get.child("scheme").is_none_or(|scheme| scheme.text().as_deref() == Some("http"));
    let is_known =
        |key: &str| matches!(key, "host" | "port" | "path") || key == "scheme" && is_plain;
    for (key, _) in get.pairs().filter(|(key, _)| !is_known(key)) {
        draft.leave_out(&format!("{name}.{key}"));
    }
    let mut part = |key: &str, default: &str| match get.child(key) {
        None => Some(default.to_string()),
        Some(node) => draft.text(&format!("{name}.{key}"), node),
    };
    let (host, path) = (part("host", "localhost")?, part("path", "/")?);
    // A port may be in a variable.
    let port = match get.child("port").and_then(Node::template).and_then(variable) {
        Some(name) => format!("${name}"),
        None => part("port", "80")?,
    };
    Some(Toml::text(format!("http://{host}:{port}/{}", path.trim_start_matches('/'))))
}

fn variable(template: &Template) -> Option<&str> {
    match template.pieces.as_slice() {
        [Piece::Hole(hole)] if hole.other.is_none() => Some(&hole.name),
        _ => None,
    }
}
