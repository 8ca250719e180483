//! One service as its keys come together, with what is told of those that do not.

use super::template::Template;
use super::tree::{Map, Node};
use super::variables::Variables;
use super::written::Toml;
use crate::config::parse_duration;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub struct Draft {
    pub pairs: Vec<(String, Toml)>,
    pub told: Vec<String>,
}

impl Draft {
    pub fn put(&mut self, key: &str, value: Toml) {
        self.pairs.push((key.to_string(), value));
    }

    pub fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == key)
    }

    pub fn tell(&mut self, what: impl Into<String>) {
        self.told.push(what.into());
    }

    pub fn tell_once(&mut self, what: &str) {
        if !self.told.iter().any(|told| told == what) {
            self.tell(what);
        }
    }

    pub fn leave_out(&mut self, key: &str) {
        self.tell(format!("`{key}` is left out"));
    }

    /// A value that has to be known now.
    pub fn text(&mut self, key: &str, node: &Node) -> Option<String> {
        match node.template() {
            Some(template) if template.has_holes() => {
                self.tell(format!(
                    "`{key}` is left out: nobody fills in `{}` here",
                    template.written
                ));
                None
            }
            Some(template) => template.text(),
            None => {
                self.leave_out(key);
                None
            }
        }
    }

    /// One that `read` makes something of.
    pub fn read<T>(&mut self, key: &str, node: &Node, read: fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key, node)?;
        let read = read(&text);
        if read.is_none() {
            self.tell(format!("`{key}` is left out: `{text}`"));
        }
        read
    }

    /// What these tools take for a name, and shells do not: `$?` and its like.
    pub fn tell_of_odd(&mut self, map: &Map) {
        for (key, node) in map.pairs() {
            let odd: BTreeSet<&str> = node.leaves().into_iter().flat_map(Template::odd).collect();
            for odd in odd {
                self.tell(format!("`{key}`: `{odd}` stays as it stands"));
            }
        }
    }

    /// The names that are filled in where the service's own variables are set already.
    pub fn tell_of_hidden(&mut self, names: &[&str], variables: &Variables) {
        let names = names.iter().copied().filter(|name| variables.hide(name));
        let hidden: BTreeSet<&str> = variables.hidden().chain(names).collect();
        for name in hidden {
            self.tell(format!("`${{{name}}}` is its own `{name}` here, not the one outside"));
        }
    }
}

/// A length of time that envr reads, too.
pub fn time(text: &str) -> Option<Toml> {
    parse_duration(text).map(|_| Toml::text(text))
}

pub fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Names of others, as they stand.
pub fn names(node: &Node) -> Vec<String> {
    node.templates().into_iter().map(|template: Template| template.written).collect()
}
