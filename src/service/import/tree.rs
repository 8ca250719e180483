//! The tree of a YAML file, with the places in its texts that its tool fills in.

use super::template::Template;
use crate::secrets::{Branch, Entry, Value};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Null,
    /// Any scalar.
    Text(Template),
    List(Vec<Self>),
    Map(Map),
}

/// The pairs of a map, with what `<<` brings, which does not count where the map says it itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(Vec<(String, Node)>);

impl Node {
    /// Reads texts as `template` does.
    fn new(value: &Value, template: fn(&str) -> Template) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Branch(branch) => Self::Map(Map::new(branch, template)),
            Value::List(items) => {
                Self::List(items.iter().map(|item| Self::new(item, template)).collect())
            }
            Value::Leaf(leaf) => {
                leaf.variable().as_str().map_or(Self::Null, |text| Self::Text(template(text)))
            }
        }
    }

    pub fn map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            Self::Null | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// A scalar.
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Text(template) => Some(template),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// A scalar in which nothing is filled in.
    pub fn text(&self) -> Option<String> {
        self.template()?.text()
    }

    pub fn is_true(&self) -> bool {
        self.text().as_deref() == Some("true")
    }

    /// The scalars of a list, or one that stands alone.
    pub fn templates(&self) -> Vec<Template> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::template).cloned().collect(),
            node => node.template().into_iter().cloned().collect(),
        }
    }

    /// All texts in it.
    pub fn leaves(&self) -> Vec<&Template> {
        match self {
            Self::Null => vec![],
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::leaves).collect(),
            Self::Map(map) => map.pairs().flat_map(|(_, node)| node.leaves()).collect(),
        }
    }
}

impl Map {
    pub fn new(branch: &Branch, template: fn(&str) -> Template) -> Self {
        let mut own = Self::default();
        let mut brought = Vec::new();
        for entry in branch {
            let Entry::Pair(name, value) = entry else { continue };
            match (name.as_str(), Node::new(value, template)) {
                ("<<", Node::Map(more)) => brought.extend(more.0),
                ("<<", Node::List(all)) => {
                    let maps = all.into_iter().filter_map(|node| node.map().cloned());
                    brought.extend(maps.flat_map(|map| map.0));
                }
                (name, node) => own.0.push((name.to_string(), node)),
            }
        }
        for (name, node) in brought {
            if own.pairs().all(|(known, _)| known != name) {
                own.0.push((name, node));
            }
        }
        own
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// What is there, and not nothing.
    pub fn child(&self, name: &str) -> Option<&Node> {
        let found = self.pairs().find(|(known, _)| *known == name).map(|(_, node)| node);
        found.filter(|node| **node != Node::Null)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.child(name)?.text()
    }

    /// The names that are filled in below these keys.
    pub fn names_in(&self, keys: &[&str]) -> Vec<&str> {
        let pairs = self.pairs().filter(|(key, _)| keys.contains(key));
        pairs.flat_map(|(_, node)| node.leaves()).flat_map(Template::names).collect()
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// At the end, in place of what was there.
    pub fn put(&mut self, name: &str, node: Node) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_string(), node));
    }
}
