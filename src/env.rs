//! An environment as a value: ordered, byte-exact, compared and edited without touching our own.

pub mod lists;
pub mod outside;
pub mod size;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

/// Every variable of a process, in name order.
#[derive(Debug, Default)]
pub struct Env {
    /// Our own process's variables as they came: most prompts read a few of them and need no order.
    given: &'static [&'static OsStr],
    /// The same in order, as soon as somebody needs that.
    vars: OnceLock<BTreeMap<Text, Text>>,
}

/// Ours as we were given it: an environment is copied and compared many times, and few of its variables change.
type Text = Cow<'static, OsStr>;

impl Env {
    /// Takes the variables of our own process, `NAME=VALUE` each.
    pub fn of_process(given: &'static [&'static OsStr]) -> Self {
        Self { given, vars: OnceLock::new() }
    }

    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let name = name.as_ref();
        match self.vars.get() {
            Some(vars) => vars.get(name).map(AsRef::as_ref),
            // Where a name stands twice, the later one counts, as it does in the ordered form.
            None => self.given.iter().rev().find_map(|given| value_of(name, given)),
        }
    }

    /// The value, unless it is unset or empty: how direnv reads its own switches.
    pub fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.vars_mut().insert(Cow::Owned(name.into()), Cow::Owned(value.into()));
    }

    pub fn unset(&mut self, name: impl AsRef<OsStr>) {
        self.vars_mut().remove(name.as_ref());
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars().iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    fn vars(&self) -> &BTreeMap<Text, Text> {
        self.vars.get_or_init(|| self.given.iter().filter_map(|given| split(given)).collect())
    }

    fn vars_mut(&mut self) -> &mut BTreeMap<Text, Text> {
        self.vars();
        self.vars.get_mut().expect("they were just put in order")
    }
}

/// Who copies an environment changes it and compares it with the first: both are put in order, once.
impl Clone for Env {
    fn clone(&self) -> Self {
        Self { given: &[], vars: OnceLock::from(self.vars().clone()) }
    }
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        self.vars() == other.vars()
    }
}

impl Eq for Env {}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(vars: I) -> Self {
        let owned = |(name, value): (K, V)| (Cow::Owned(name.into()), Cow::Owned(value.into()));
        let vars: BTreeMap<Text, Text> = vars.into_iter().map(owned).collect();
        Self { given: &[], vars: OnceLock::from(vars) }
    }
}

/// Whether shells can have a variable of this name. A process can have others, too.
pub fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|first| is_name_start(*first))
        && name.iter().all(|byte| is_name_byte(*byte))
}

pub fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn value_of(name: &OsStr, given: &'static OsStr) -> Option<&'static OsStr> {
    let value = given.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    (!name.is_empty()).then(|| OsStr::from_bytes(value))
}

/// A name is not empty; what has no `=` is no variable.
fn split(given: &'static OsStr) -> Option<(Text, Text)> {
    let bytes = given.as_bytes();
    let end = 1 + bytes.get(1..)?.iter().position(|byte| *byte == b'=')?;
    let part = |bytes| Cow::Borrowed(OsStr::from_bytes(bytes));
    Some((part(&bytes[..end]), part(&bytes[end + 1..])))
}
