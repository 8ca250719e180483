//! The variables that a secrets file stands for.

mod names;

use super::tree::{Branch, Value, pairs};
use super::{Output, Secret};
use anyhow::{Result, bail};

/// Names and values in the order of the file; of a name that comes again, the last value.
#[derive(Debug, Default)]
pub struct Variables(Vec<(String, Secret)>);

impl Variables {
    /// Those of one flat map. What is null is no variable.
    pub fn of(branch: &Branch) -> Result<Self> {
        let mut variables = Self::default();
        for (name, value) in pairs(branch) {
            match value {
                Value::Null => variables.remove(name),
                Value::Leaf(leaf) => variables.set(name, leaf.variable()),
                Value::Branch(_) | Value::List(_) => {
                    bail!("`{name}` is a map or a list, which no variable can hold")
                }
            }
        }
        for (name, value) in variables.iter() {
            if name.is_empty() || name.contains(['=', '\0']) {
                bail!("`{name}` cannot be the name of a variable");
            }
            if value.bytes().contains(&0) {
                bail!("the value of `{name}` has a NUL byte, which no variable can hold");
            }
        }
        Ok(variables)
    }

    /// For a shell, names have letters, digits and `_` only; those that decide what runs must be allowed by name.
    pub fn check_names(&self, allowed: &[&str]) -> Result<()> {
        for (name, _) in self.iter() {
            if !is_shell_name(name) {
                bail!("`{name}` cannot be the name of a variable in a shell");
            }
            if names::are_the_shells(name) {
                bail!("it sets `{name}`, which is the shell's own");
            }
            if names::decide_what_runs(name) && !allowed.contains(&name) {
                bail!("it sets `{name}`, which decides what runs");
            }
        }
        Ok(())
    }

    /// As bash exports them. Names have been checked, so that only the values need quotes.
    pub fn bash_code(&self) -> Secret {
        let mut code = Output::default();
        for (name, value) in self.iter() {
            code.push("export ");
            code.push(name);
            code.push("='");
            for (index, part) in value.bytes().split(|byte| *byte == b'\'').enumerate() {
                if index > 0 {
                    code.push("'\\''");
                }
                code.push(part);
            }
            code.push("'\n");
        }
        code.into_secret()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn set(&mut self, name: &str, value: Secret) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_string(), value)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }
}

impl IntoIterator for Variables {
    type Item = (String, Secret);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn is_shell_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Entry, Leaf};
    use super::*;

    fn pair(name: &str, value: Value) -> Entry {
        Entry::Pair(name.into(), value)
    }

    #[test]
    fn numbers_keep_their_spelling_and_null_is_no_variable() {
        let branch = vec![
            pair("A", Value::Leaf(Leaf::float(12_345_678.0))),
            pair("B", Value::Leaf(Leaf::bool(true))),
            pair("C", Value::Null),
            pair("D", Value::Leaf(Leaf::float(1.5).spelled("1.50".into()))),
            pair("E", Value::Leaf(Leaf::int(31).spelled("0x1f".into()))),
            pair("A", Value::Leaf(Leaf::int(1))),
        ];
        let variables = Variables::of(&branch).unwrap();
        let shown: Vec<_> =
            variables.iter().map(|(name, value)| (name, value.as_str().unwrap())).collect();
        assert_eq!(shown, [("A", "1"), ("B", "true"), ("D", "1.50"), ("E", "31")]);
    }

    #[test]
    fn what_no_variable_can_be() {
        for entry in [
            pair("A", Value::List(vec![])),
            pair("A", Value::string("\0")),
            pair("", Value::string("x")),
            pair("a=b", Value::string("x")),
        ] {
            assert!(Variables::of(&vec![entry]).is_err());
        }
    }

    #[test]
    fn names_that_run_code_are_refused_unless_allowed() {
        let variables = Variables::of(&vec![pair("LD_PRELOAD", Value::string("x"))]).unwrap();
        assert!(variables.check_names(&[]).is_err());
        assert!(variables.check_names(&["LD_PRELOAD"]).is_ok());
    }
}
