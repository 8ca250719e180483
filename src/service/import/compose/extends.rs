//! `extends`: a service that takes over from another one of its file.

use super::super::tree::{Map, Node};
use super::super::variables::as_map;

/// How many services one may take over from, one after the other.
const DEEPEST: usize = 20;

/// With what it takes over; an error says why it does not.
pub fn extended(services: &Map, container: &Map) -> Result<Map, String> {
    to_depth(services, container, DEEPEST)
}

fn to_depth(services: &Map, own: &Map, depth: usize) -> Result<Map, String> {
    let (base, file) = match own.child("extends") {
        None => return Ok(own.clone()),
        Some(Node::Map(from)) => (from.text("service"), from.child("file")),
        Some(name) => (name.text(), None),
    };
    if let Some(file) = file.and_then(Node::template) {
        return Err(format!("`extends` is left out: it is in `{}`", file.written));
    }
    let base = base.as_deref().and_then(|name| services.child(name)?.map());
    let (Some(base), true) = (base, depth > 0) else {
        return Err("`extends` is left out: it leads nowhere".to_string());
    };
    let mut all = to_depth(services, base, depth - 1)?;
    for (name, node) in own.clone().without("extends").pairs() {
        let both = over(name, all.child(name), node);
        all.put(name, both);
    }
    Ok(all)
}

/// A value over the one that is taken over: of two maps the pairs, of all else the value itself.
fn over(key: &str, before: Option<&Node>, node: &Node) -> Node {
    let map = |node: &Node| match (key, node) {
        ("environment", node @ (Node::List(_) | Node::Map(_))) => Some(as_map(node)),
        (_, node) => node.map().cloned(),
    };
    let (Some(mut all), Some(own)) = (before.and_then(map), map(node)) else {
        return node.clone();
    };
    for (name, node) in own.pairs() {
        all.put(name, node.clone());
    }
    Node::Map(all)
}
