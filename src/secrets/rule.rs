//! Which values of a sops file are encrypted: one of six rules, asked for each leaf with all names on its path.

use super::pattern;
use super::tree::{Branch, Value, find};
use anyhow::{Context as _, Result, bail};
use regex_lite::Regex;

#[derive(Clone, Debug)]
pub struct Rule {
    pub kind: RuleKind,
    /// A suffix, or a regular expression as it was written.
    pub text: String,
    regex: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    UnencryptedSuffix,
    EncryptedSuffix,
    UnencryptedRegex,
    EncryptedRegex,
    UnencryptedCommentRegex,
    EncryptedCommentRegex,
}

impl RuleKind {
    pub const ALL: [Self; 6] = [
        Self::UnencryptedSuffix,
        Self::EncryptedSuffix,
        Self::UnencryptedRegex,
        Self::EncryptedRegex,
        Self::UnencryptedCommentRegex,
        Self::EncryptedCommentRegex,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::UnencryptedSuffix => "unencrypted_suffix",
            Self::EncryptedSuffix => "encrypted_suffix",
            Self::UnencryptedRegex => "unencrypted_regex",
            Self::EncryptedRegex => "encrypted_regex",
            Self::UnencryptedCommentRegex => "unencrypted_comment_regex",
            Self::EncryptedCommentRegex => "encrypted_comment_regex",
        }
    }

    fn is_regex(self) -> bool {
        !matches!(self, Self::UnencryptedSuffix | Self::EncryptedSuffix)
    }
}

impl Default for Rule {
    fn default() -> Self {
        let kind = RuleKind::UnencryptedSuffix;
        Self { kind, text: "_unencrypted".to_string(), regex: None }
    }
}

impl Rule {
    pub fn new(kind: RuleKind, text: &str) -> Result<Self> {
        let regex = kind.is_regex().then(|| pattern::compile(text)).transpose();
        let regex = regex.with_context(|| format!("`{}` cannot be understood", kind.name()))?;
        Ok(Self { kind, text: text.to_string(), regex })
    }

    /// The one rule of a file's metadata; one that is absent or empty is the default.
    pub fn of_metadata(metadata: &Branch) -> Result<Self> {
        let given = |kind: RuleKind| {
            let text = find(metadata, kind.name()).and_then(Value::text);
            text.filter(|text| !text.is_empty()).map(|text| (kind, text))
        };
        let rules: Vec<(RuleKind, &str)> = RuleKind::ALL.into_iter().filter_map(given).collect();
        match rules.as_slice() {
            [] => Ok(Self::default()),
            [(kind, text)] => Self::new(*kind, text),
            [(first, _), (second, _), ..] => {
                bail!("`{}` and `{}` exclude each other", first.name(), second.name())
            }
        }
    }

    fn matches(&self, text: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(text),
            None => text.ends_with(&self.text),
        }
    }

    /// Whether a value or comment is encrypted. `comments` are those above it, of every open container; a comment's
    /// own text is the last of them.
    pub fn selects(&self, path: &[String], comments: &[Vec<String>], is_comment: bool) -> bool {
        let of_path = || path.iter().any(|name| self.matches(name));
        let mut above = comments.iter().flatten();
        match self.kind {
            RuleKind::UnencryptedSuffix | RuleKind::UnencryptedRegex => !of_path(),
            RuleKind::EncryptedSuffix | RuleKind::EncryptedRegex => of_path(),
            RuleKind::UnencryptedCommentRegex => !above.any(|text| self.matches(text)),
            RuleKind::EncryptedCommentRegex => {
                let count = comments.iter().map(Vec::len).sum::<usize>();
                let own = usize::from(is_comment);
                above.take(count - own).any(|text| self.matches(text))
            }
        }
    }

    pub fn reads_comments(&self) -> bool {
        matches!(self.kind, RuleKind::UnencryptedCommentRegex | RuleKind::EncryptedCommentRegex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: RuleKind, text: &str, path: &[&str], is_encrypted: bool) {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        assert_eq!(Rule::new(kind, text).unwrap().selects(&path, &[], false), is_encrypted);
    }

    #[test]
    fn any_name_on_the_path_decides() {
        check(RuleKind::UnencryptedSuffix, "_plain", &["a_plain", "b"], false);
        check(RuleKind::UnencryptedSuffix, "_plain", &["a", "b"], true);
        check(RuleKind::EncryptedSuffix, "_enc", &["a_enc", "b"], true);
        check(RuleKind::EncryptedRegex, "^pass", &["db", "password"], true);
        check(RuleKind::EncryptedRegex, "^db.pass", &["db", "password"], false);
        check(RuleKind::UnencryptedRegex, "(?i)HOST", &["host"], false);
    }

    #[test]
    fn a_comment_that_encrypts_is_itself_plain() {
        let rule = Rule::new(RuleKind::EncryptedCommentRegex, "enc").unwrap();
        let comments = [vec![" enc".to_string()]];
        assert!(!rule.selects(&[], &comments, true));
        assert!(rule.selects(&["a".to_string()], &comments, false));
        assert!(!rule.selects(&["a".to_string()], &[vec![]], false));
    }
}
