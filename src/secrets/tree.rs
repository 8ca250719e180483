//! What a sops file holds: ordered branches of values and comments, each leaf as the bytes that its MAC covers.

use super::Secret;
use super::text::{float_text, is_plain_decimal, parse_bool, parse_float, parse_int};
use super::timestamp;
use compact_str::CompactString;

/// Most are short: they stand in the entry itself.
pub type Name = CompactString;

/// The entries of a map, in the order of the file.
pub type Branch = Vec<Entry>;

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Comment(Leaf),
    Pair(Name, Value),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// In a list it may also be a comment.
    Leaf(Leaf),
    Null,
    Branch(Branch),
    List(Vec<Self>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub kind: Kind,
    text: Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    Alone(Secret),
    /// A number that is not encrypted, and how the file spells it, where that is something else.
    Spelled(Box<[Secret; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Str,
    Int,
    Float,
    Bool,
    Time,
    Comment,
}

impl Kind {
    /// The name in an envelope.
    pub fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Comment => "comment",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        let kinds = [Self::Str, Self::Int, Self::Float, Self::Bool, Self::Time, Self::Comment];
        kinds.into_iter().find(|kind| kind.name() == name)
    }

    /// What it is to who reads its text again: a number without a fraction is an integer then.
    #[must_use]
    pub fn read_again(self) -> Self {
        if self == Self::Float { Self::Int } else { self }
    }
}

impl Leaf {
    pub fn new(kind: Kind, text: impl Into<Secret>) -> Self {
        Self { kind, text: Text::Alone(text.into()) }
    }

    pub fn string(text: impl Into<Secret>) -> Self {
        Self::new(Kind::Str, text)
    }

    pub fn comment(text: impl Into<Secret>) -> Self {
        Self::new(Kind::Comment, text)
    }

    pub fn int(number: i64) -> Self {
        Self::new(Kind::Int, number.to_string())
    }

    pub fn float(number: f64) -> Self {
        Self::new(Kind::Float, float_text(number))
    }

    pub fn bool(is_true: bool) -> Self {
        Self::new(Kind::Bool, if is_true { "True" } else { "False" })
    }

    /// A number with its spelling in the source.
    pub fn spelled(self, spelling: Secret) -> Self {
        let text = if *self.text() == spelling {
            Text::Alone(spelling)
        } else {
            Text::Spelled(Box::new([self.text().clone(), spelling]))
        };
        Self { text, ..self }
    }

    /// As sops encrypts and hashes it.
    pub fn text(&self) -> &Secret {
        match &self.text {
            Text::Alone(text) => text,
            Text::Spelled(both) => &both[0],
        }
    }

    /// As the file spells a number that is not encrypted.
    pub fn spelling(&self) -> &Secret {
        match &self.text {
            Text::Alone(text) => text,
            Text::Spelled(both) => &both[1],
        }
    }

    /// Reads decrypted bytes as what the envelope says they are, into the form that is hashed; `None` where they are
    /// something else. The kind itself is not protected by anything.
    pub fn decrypted(kind: Kind, text: Secret) -> Option<Self> {
        Some(match kind {
            Kind::Str | Kind::Comment => Self::new(kind, text),
            Kind::Int => Self::int(parse_int(text.as_str()?)?),
            Kind::Float => Self::float(parse_float(text.as_str()?)?),
            Kind::Bool => Self::bool(parse_bool(text.as_str()?)?),
            Kind::Time => Self::new(kind, timestamp::rfc3339(text.as_str()?)?),
        })
    }

    pub fn is_comment(&self) -> bool {
        self.kind == Kind::Comment
    }

    /// What a variable holds: a number as the file spells it where that is plain, `true` and `false` in lower case.
    pub fn variable(&self) -> Secret {
        match self.kind {
            Kind::Bool => if self.is_true() { "true" } else { "false" }.into(),
            Kind::Int | Kind::Float if self.spelling().as_str().is_some_and(is_plain_decimal) => {
                self.spelling().own()
            }
            _ => self.text().own(),
        }
    }

    pub fn is_true(&self) -> bool {
        self.text().bytes() == b"True"
    }

    /// Whether it is spelled as an integer that 64 bits do not hold.
    pub fn is_beyond_integers(&self) -> bool {
        let spelling = self.spelling().as_str().unwrap_or_default();
        let digits = spelling.strip_prefix('-').unwrap_or(spelling);
        self.kind == Kind::Float
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && spelling.parse::<i64>().is_err()
    }

    pub fn number(&self) -> Option<f64> {
        parse_float(self.text().as_str()?)
    }
}

impl Entry {
    pub fn is_comment(&self) -> bool {
        matches!(self, Self::Comment(_))
    }

    pub fn into_comment(self) -> Option<Leaf> {
        match self {
            Self::Comment(comment) => Some(comment),
            Self::Pair(..) => None,
        }
    }
}

impl Value {
    pub fn string(text: impl Into<Secret>) -> Self {
        Self::Leaf(Leaf::string(text))
    }

    pub fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// The text of any scalar.
    pub fn text(&self) -> Option<&str> {
        self.leaf()?.text().as_str()
    }

    pub fn into_leaf(self) -> Option<Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    pub fn is_comment(&self) -> bool {
        self.leaf().is_some_and(Leaf::is_comment)
    }

    pub fn branch(&self) -> Option<&Branch> {
        match self {
            Self::Branch(branch) => Some(branch),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

/// The values of a list with where they stand in it: its comments are none.
pub fn values(list: &[Value]) -> impl Iterator<Item = (usize, &Value)> {
    list.iter().enumerate().filter(|(_, value)| !value.is_comment())
}

/// The names of a map and their values, without its comments.
pub fn pairs(branch: &[Entry]) -> impl Iterator<Item = (&Name, &Value)> {
    branch.iter().filter_map(|entry| match entry {
        Entry::Pair(name, value) => Some((name, value)),
        Entry::Comment(_) => None,
    })
}

pub fn pairs_mut(branch: &mut [Entry]) -> impl Iterator<Item = (&mut Name, &mut Value)> {
    branch.iter_mut().filter_map(|entry| match entry {
        Entry::Pair(name, value) => Some((name, value)),
        Entry::Comment(_) => None,
    })
}

/// Whether a map has more than comments.
pub fn has_pairs(branch: &[Entry]) -> bool {
    pairs(branch).next().is_some()
}

/// Whether a list has more than comments.
pub fn has_values(list: &[Value]) -> bool {
    values(list).next().is_some()
}

/// The value of the first entry of that name.
pub fn find<'a>(branch: &'a [Entry], name: &str) -> Option<&'a Value> {
    pairs(branch).find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert_eq!((size_of::<Value>(), size_of::<Entry>()), (32, 56));
    }
}
