//! Words become text.

use super::{Flow, Shell, Stop, needs_bash};
use crate::eval::parse::{Call, Expansion, Piece, Substitution, Trim, Word};
use crate::eval::stdlib;
use crate::world::World;
use anyhow::anyhow;

/// `A=$A$A` doubles with each line. In bytes.
const VALUE_LIMIT: usize = 1 << 20;
/// Where a program ran before.
const LATE_VALUE_LIMIT: usize = 1 << 28;

impl Shell<'_> {
    /// Where words are not split: values, and in `[[ ]]`.
    pub fn expand(&mut self, word: &Word) -> Flow<Vec<u8>> {
        self.expand_checked(word, |_| true)
    }

    /// One argument of a command.
    pub fn expand_argument(&mut self, word: &Word) -> Flow<Vec<u8>> {
        let argument = self.expand_checked(word, |value| {
            !value.iter().any(|byte| b" \t\n*?[\\(".contains(byte))
        })?;
        if argument.is_empty() && !word.is_quoted {
            return needs_bash("an argument that is nothing");
        }
        Ok(argument)
    }

    pub fn expand_arguments(&mut self, call: &Call) -> Flow<Vec<Vec<u8>>> {
        call.arguments.iter().map(|word| self.expand_argument(word)).collect()
    }

    /// The right side of `==`, which is a pattern.
    pub fn expand_pattern(&mut self, word: &Word) -> Flow<Vec<u8>> {
        self.expand_checked(word, |value| !value.iter().any(|byte| b"*?[\\(".contains(byte)))
    }

    /// `is_plain` says of the value of an unquoted expansion whether it stays what it is.
    fn expand_checked(&mut self, word: &Word, is_plain: impl Fn(&[u8]) -> bool) -> Flow<Vec<u8>> {
        let mut text = Vec::new();
        for part in &word.parts {
            match &part.piece {
                Piece::Text(plain) => text.extend(plain),
                Piece::Tilde => match self.variables.get(b"HOME") {
                    Some(home) if home.starts_with(b"/") => text.extend(home),
                    _ => return needs_bash("`~` without a home"),
                },
                Piece::Expansion(expansion) => {
                    let value = self.expansion(expansion)?;
                    if !part.is_quoted && !is_plain(&value) {
                        return needs_bash("an unquoted value with blanks or patterns in it");
                    }
                    text.extend(value);
                }
            }
        }
        match self.runner {
            None if text.len() > VALUE_LIMIT => return needs_bash("a value this long"),
            Some(_) if text.len() > LATE_VALUE_LIMIT => {
                let path = self.trusted.rc().path.display();
                let error = anyhow!("could not load `{path}`: a value has more than 256 MiB");
                return Err(Stop::Failed(error));
            }
            _ => {}
        }
        // Marks of bash's own, in some places. What a program prints is not one of them.
        if self.runner.is_none() && text.iter().any(|byte| matches!(byte, 0x01 | 0x7f)) {
            return needs_bash("a control character");
        }
        Ok(text)
    }

    fn expansion(&mut self, expansion: &Expansion) -> Flow<Vec<u8>> {
        match expansion {
            Expansion::Variable(name) => Ok(self.variable(name)?.unwrap_or_default().to_vec()),
            Expansion::Status => Ok(self.status.to_string().into_bytes()),
            Expansion::Count => Ok(self.functions.count()?.to_string().into_bytes()),
            Expansion::Default { name, or_empty, default } => match self.variable(name)? {
                Some(value) if !(*or_empty && value.is_empty()) => Ok(value.to_vec()),
                _ => self.expand(default),
            },
            Expansion::Alternative { name, or_empty, alternative } => match self.variable(name)? {
                Some(value) if !(*or_empty && value.is_empty()) => self.expand(alternative),
                _ => Ok(Vec::new()),
            },
            Expansion::Trimmed { name, at_end, longest, trim } => {
                let value = self.variable(name)?.unwrap_or_default();
                let trimmed = if *at_end {
                    trim_end(value, trim, *longest)
                } else {
                    trim_start(value, trim, *longest)
                };
                Ok(trimmed.to_vec())
            }
            Expansion::Substitution(substitution) => self.substitution(substitution),
        }
    }

    fn variable(&self, name: &[u8]) -> Flow<Option<&[u8]>> {
        match name {
            [digit @ b'1'..=b'9'] => return self.functions.parameter(*digit),
            b"BASH" if self.variables.get(name).is_none() => return self.bash().map(Some),
            _ => {}
        }
        self.check_known(name)?;
        Ok(self.variables.get(name))
    }

    /// `BASH`, the one that would run the script.
    pub fn bash(&self) -> Flow<&[u8]> {
        if self.bash.get().is_none() {
            let World { host, config, .. } = self.world;
            let Ok(bash) = config.bash(host, self.outer) else { return needs_bash("no bash") };
            _ = self.bash.set(bash.into_os_string().into_encoded_bytes());
        }
        Ok(self.bash.get().map_or(b"", Vec::as_slice))
    }

    /// What a command prints, without the line ends behind it.
    fn substitution(&mut self, substitution: &Substitution) -> Flow<Vec<u8>> {
        self.substituted = 0;
        let mut printed = match substitution {
            Substitution::Commands(commands) => {
                let printed = self.capture(commands)?;
                self.substituted = self.status;
                printed
            }
            Substitution::Pwd => self.dir().to_vec(),
            _ if self.exports_all => return needs_bash("a function under `set -a`"),
            Substitution::LayoutDir => stdlib::layout_dir(self)?,
            Substitution::ExpandPath(words) => {
                let mut arguments = Vec::new();
                for word in words {
                    arguments.push(self.expand_argument(word)?);
                }
                let base = arguments.get(1).map_or(&b""[..], Vec::as_slice);
                stdlib::absolute(self.dir(), &[base, &arguments[0]])
            }
        };
        while printed.last() == Some(&b'\n') {
            printed.pop();
        }
        // `$?` further on in the same command is already that of the substitution.
        self.status = self.substituted;
        Ok(printed)
    }
}

fn find(text: &[u8], inside: &[u8], from_end: bool) -> Option<usize> {
    let mut places = inside.windows(text.len());
    if from_end {
        places.rposition(|part| part == text)
    } else {
        places.position(|part| part == text)
    }
}

/// `${value#trim}` and `${value##trim}`
fn trim_start<'a>(value: &'a [u8], trim: &Trim, longest: bool) -> &'a [u8] {
    match trim {
        Trim::Text(text) => value.strip_prefix(text.as_slice()).unwrap_or(value),
        Trim::UpTo(text) => match find(text, value, longest) {
            Some(at) => &value[at + text.len()..],
            None => value,
        },
        Trim::From(text) => match value.strip_prefix(text.as_slice()) {
            Some(_) if longest => b"",
            Some(rest) => rest,
            None => value,
        },
    }
}

/// `${value%trim}` and `${value%%trim}`
fn trim_end<'a>(value: &'a [u8], trim: &Trim, longest: bool) -> &'a [u8] {
    match trim {
        Trim::Text(text) => value.strip_suffix(text.as_slice()).unwrap_or(value),
        Trim::From(text) => match find(text, value, !longest) {
            Some(at) => &value[..at],
            None => value,
        },
        Trim::UpTo(text) => match value.strip_suffix(text.as_slice()) {
            Some(_) if longest => b"",
            Some(rest) => rest,
            None => value,
        },
    }
}
