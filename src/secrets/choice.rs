//! Which values of a secrets file become variables, and by which names.

use super::Secret;
use super::tree::{Branch, Value, pairs, values};
use super::variables::Variables;
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// What is said about one file. Keys are the names that lead to a value, with dots between, as in `db.hosts.0`; one
/// that leads to a map or a list means all that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Where it is empty, all of them.
    pub only: Vec<String>,
    pub except: Vec<String>,
    /// Keys, and the names that they get whatever else is said.
    pub rename: Vec<(String, String)>,
    /// Between the names of maps and what is in them; without it only flat files will do.
    pub nested: Option<String>,
    pub is_upper: bool,
    pub prefix: String,
}

/// A value with the names that lead to it.
pub type Found = (Vec<String>, Secret);

impl Choice {
    /// The chosen ones of a file's values. What is null is no variable.
    pub fn of_branch(&self, branch: &Branch) -> Result<Variables> {
        let mut found = Vec::new();
        push_branch(&mut Vec::new(), branch, &mut found);
        self.of(found)
    }

    pub fn of(&self, found: Vec<Found>) -> Result<Variables> {
        self.check_known(&found)?;
        let mut variables = Variables::default();
        let mut named = BTreeMap::new();
        for (path, value) in found {
            let key = path.join(".");
            let is_meant = |keys: &[String]| keys.iter().any(|wanted| leads_to(wanted, &key));
            let is_renamed = self.rename.iter().any(|(wanted, _)| *wanted == key);
            if (self.only.is_empty() || is_meant(&self.only) || is_renamed)
                && !is_meant(&self.except)
            {
                let name = self.name(&key, &path)?;
                let first = named.entry(name.clone()).or_insert_with(|| key.clone());
                if *first != key {
                    bail!("`{first}` and `{key}` would both become `{name}`");
                }
                variables.set(&name, value);
            }
        }
        Ok(variables)
    }

    fn name(&self, key: &str, path: &[String]) -> Result<String> {
        if let Some((_, name)) = self.rename.iter().find(|(wanted, _)| wanted == key) {
            return Ok(name.clone());
        }
        let name = match (path, &self.nested) {
            ([name], _) => name.clone(),
            (path, Some(between)) => path.join(between),
            (path, None) => {
                bail!("`{}` is a map or a list, which no variable can hold", path[0])
            }
        };
        let name = if self.is_upper { name.to_ascii_uppercase() } else { name };
        Ok(format!("{}{name}", self.prefix))
    }

    /// A key that is not there any more is a mistake, not one secret less.
    fn check_known(&self, found: &[Found]) -> Result<()> {
        let keys: Vec<String> = found.iter().map(|(path, _)| path.join(".")).collect();
        for (what, wanted) in [("only", &self.only), ("except", &self.except)] {
            let is_there = |name: &&String| keys.iter().any(|key| leads_to(name, key));
            if let Some(name) = wanted.iter().find(|name| !is_there(name)) {
                bail!("`{what}` names `{name}`, which has no value in it");
            }
        }
        match self.rename.iter().find(|(wanted, _)| !keys.contains(wanted)) {
            Some((wanted, _)) => bail!("`rename` names `{wanted}`, which is no value in it"),
            None => Ok(()),
        }
    }
}

fn leads_to(wanted: &str, key: &str) -> bool {
    key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn push_branch(path: &mut Vec<String>, branch: &Branch, found: &mut Vec<Found>) {
    for (name, value) in pairs(branch) {
        path.push(name.to_string());
        push_value(path, value, found);
        path.pop();
    }
}

fn push_value(path: &mut Vec<String>, value: &Value, found: &mut Vec<Found>) {
    match value {
        // Of a key that comes again, the last value counts.
        Value::Null => found.retain(|(known, _)| known != path),
        Value::Leaf(leaf) => found.push((path.clone(), leaf.variable())),
        Value::Branch(branch) => push_branch(path, branch, found),
        Value::List(list) => {
            for (index, (_, value)) in values(list).enumerate() {
                path.push(index.to_string());
                push_value(path, value, found);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Entry, Leaf};
    use super::*;

    fn pair(name: &str, value: Value) -> Entry {
        Entry::Pair(name.into(), value)
    }

    fn branch() -> Branch {
        let hosts = Value::List(vec![
            Value::Leaf(Leaf::comment(" not one")),
            Value::string("a"),
            Value::string("b"),
        ]);
        let db = vec![pair("password", Value::string("x")), pair("hosts", hosts)];
        vec![
            pair("token", Value::string("t")),
            pair("none", Value::Null),
            pair("db", Value::Branch(db)),
        ]
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn names(choice: &Choice) -> Result<Vec<(String, String)>> {
        let variables = choice.of_branch(&branch())?;
        let text = |value: &Secret| value.as_str().unwrap_or_default().to_string();
        Ok(variables.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn names_are_joined_raised_and_prefixed_unless_renamed() {
        let choice = Choice {
            nested: Some("_".to_string()),
            is_upper: true,
            prefix: "APP_".to_string(),
            rename: pairs(&[("db.password", "PGPASSWORD")]),
            ..Choice::default()
        };
        let wanted = [
            ("APP_TOKEN", "t"),
            ("PGPASSWORD", "x"),
            ("APP_DB_HOSTS_0", "a"),
            ("APP_DB_HOSTS_1", "b"),
        ];
        assert_eq!(names(&choice).unwrap(), pairs(&wanted));
    }

    #[test]
    fn only_some_of_them() {
        let only = Choice { only: strings(&["token"]), ..Choice::default() };
        assert_eq!(names(&only).unwrap(), pairs(&[("token", "t")]));
        let except = Choice { except: strings(&["db"]), ..Choice::default() };
        assert_eq!(names(&except).unwrap(), pairs(&[("token", "t")]));
        let below = Choice {
            only: strings(&["db.hosts"]),
            nested: Some("__".to_string()),
            ..Choice::default()
        };
        assert_eq!(names(&below).unwrap(), pairs(&[("db__hosts__0", "a"), ("db__hosts__1", "b")]));
        let renamed = Choice {
            only: strings(&["token"]),
            rename: pairs(&[("db.hosts.1", "SECOND")]),
            ..Choice::default()
        };
        assert_eq!(names(&renamed).unwrap(), pairs(&[("token", "t"), ("SECOND", "b")]));
    }

    #[test]
    fn what_is_not_there_is_a_mistake() {
        for (choice, why) in [
            (Choice::default(), "`db` is a map or a list, which no variable can hold"),
            (
                Choice { only: strings(&["tok"]), ..Choice::default() },
                "`only` names `tok`, which has no value in it",
            ),
            (
                Choice { except: strings(&["none"]), ..Choice::default() },
                "`except` names `none`, which has no value in it",
            ),
            (
                Choice {
                    only: strings(&["token"]),
                    rename: pairs(&[("token", "DB"), ("db.password", "DB")]),
                    ..Choice::default()
                },
                "`token` and `db.password` would both become `DB`",
            ),
            (
                Choice { rename: pairs(&[("db", "DB")]), ..Choice::default() },
                "`rename` names `db`, which is no value in it",
            ),
        ] {
            assert_eq!(names(&choice).unwrap_err().to_string(), why);
        }
    }
}
