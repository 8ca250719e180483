//! The variables that a file gives to a service: those that are fixed, and those that are made of others.

use super::template::{Piece, Template, is_variable};
use super::tree::{Map, Node};
use super::written::Toml;
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// In the order of the file, the last of a name.
    all: Vec<(String, Template)>,
    /// Those that are fixed, and set only when others of their names were filled in.
    late: BTreeSet<String>,
    /// What no variable comes of.
    pub left_out: Vec<String>,
}

impl Variables {
    /// `["A=1"]` or `{ A: 1 }`.
    pub fn new(node: &Node) -> Self {
        let mut variables = Self::default();
        for (name, node) in as_map(node).pairs() {
            match node {
                _ if name.is_empty() || name.contains('$') => variables.leave_out(name),
                Node::Text(value) if value.has_holes() && !is_variable(name) => {
                    // A shell has to set what is made of others.
                    variables.leave_out(name);
                }
                Node::Text(value) => variables.set(name, value.clone()),
                // That of a variable that is there anyhow.
                Node::Null => {}
                Node::List(_) | Node::Map(_) => variables.leave_out(name),
            }
        }
        variables
    }

    /// These, with those of a service, which count.
    pub fn with(&self, own: Self) -> Self {
        let mut both = Self { all: self.all.clone(), late: own.late, left_out: own.left_out };
        for (name, value) in own.all {
            both.set(&name, value);
        }
        both
    }

    /// With those set late whose names are filled in, in these or elsewhere.
    pub fn after(mut self, names: &[&str]) -> Self {
        let own = self.all.iter().flat_map(|(_, value)| value.names());
        let filled_in: BTreeSet<&str> = own.chain(names.iter().copied()).collect();
        let late =
            self.all.iter().map(|(name, _)| name).filter(|name| filled_in.contains(&***name));
        self.late = late.cloned().collect();
        self
    }

    /// Those that are as they stand.
    pub fn fixed(&self) -> Vec<(String, Toml)> {
        let fixed = self.all.iter().filter(|(name, _)| !self.late.contains(name));
        let fixed = fixed.filter_map(|(name, value)| Some((name, value.text()?)));
        fixed.map(|(name, value)| (name.clone(), Toml::Text(value))).collect()
    }

    /// Those that a shell sets: made of others, or late.
    pub fn made(&self) -> impl Iterator<Item = (&str, &Template)> {
        let is_made =
            |name: &String, value: &Template| value.has_holes() || self.late.contains(name);
        let made = self.all.iter().filter(move |(name, value)| is_made(name, value));
        made.map(|(name, value)| (name.as_str(), value))
    }

    /// Whether a name that is filled in stands for something else once these are set.
    pub fn hide(&self, name: &str) -> bool {
        let own = self.all.iter().find(|(known, _)| known == name);
        own.is_some_and(|(_, value)| {
            !matches!(value.pieces.as_slice(), [Piece::Hole(hole)] if hole.name == name)
        })
    }

    /// The names in what is made of others that fixed ones of these stand for.
    pub fn hidden(&self) -> impl Iterator<Item = &str> {
        let names = self.made().flat_map(|(_, value)| value.names());
        names.filter(|name| {
            self.all.iter().any(|(known, value)| known == name && !value.has_holes())
        })
    }

    fn leave_out(&mut self, name: &str) {
        self.left_out.push(name.to_string());
    }

    fn set(&mut self, name: &str, value: Template) {
        self.all.retain(|(known, _)| known != name);
        self.all.push((name.to_string(), value));
    }
}

/// Both ways to write variables as one.
pub fn as_map(node: &Node) -> Map {
    let Node::List(_) = node else { return node.map().cloned().unwrap_or_default() };
    let mut map = Map::default();
    for item in node.templates() {
        match item.variable() {
            Some((name, value)) => map.put(&name, Node::Text(value)),
            None => map.put(&item.written, Node::Null),
        }
    }
    map
}
