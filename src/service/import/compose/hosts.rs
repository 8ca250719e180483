//! Services as hosts: containers find each other by name, programs on one machine do not.

use super::super::tree::{Map, Node};
use super::super::variables::as_map;

/// Variables of such names have nothing but a host in them.
const HOSTS: [&str; 3] = ["HOST", "SERVER", "ADDR"];

/// The keys of a service that name others as hosts, with the name.
pub fn named(container: &Map, services: &Map) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for key in ["command", "entrypoint"] {
        let node = container.child(key);
        let all = node.map(Node::templates).unwrap_or_default();
        texts.extend(all.into_iter().map(|template| (key.to_string(), template.written)));
    }
    let variables = container.child("environment").map(as_map).unwrap_or_default();
    for (name, node) in variables.pairs() {
        let text = node.template().map(|template| template.written.clone());
        texts.extend(text.map(|text| (format!("environment.{name}"), text)));
    }
    let mut named = Vec::new();
    for (key, text) in texts {
        let is_named = |name: &&str| is_host(&text, name) || *name == text && is_of_host(&key);
        let names = services.pairs().map(|(name, _)| name).filter(is_named);
        named.extend(names.map(|name| (key.clone(), name.to_string())));
    }
    named.dedup();
    named
}

fn is_of_host(key: &str) -> bool {
    HOSTS.iter().any(|word| key.to_ascii_uppercase().contains(word))
}

/// Whether the name stands behind `//` or `@`, or before the number of a port.
fn is_host(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_inside =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let is_whole = !before.ends_with(is_inside) && !after.starts_with(is_inside);
        let has_port = after.strip_prefix(':').is_some_and(|port| {
            port.starts_with(|letter: char| letter.is_ascii_digit() || letter == '$')
        });
        is_whole && (before.ends_with("//") || before.ends_with('@') || has_port)
    })
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn what_is_a_host() {
        for text in ["postgres://a:b@db/x", "http://db", "db:5432", "x=db:$PORT", "a:1,db:2"] {
            assert!(is_host(text, "db"), "{text}");
        }
        for text in
            ["db", "/var/db", "mydb:1", "http://db.example", "http://x/db", "db: 1", "b@dbs"]
        {
            assert!(!is_host(text, "db"), "{text}");
        }
    }
}
