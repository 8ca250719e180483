//! `[ … ]`, `[[ … ]]`, and what both ask of files.

use super::{Flow, Shell, needs_bash};
use crate::eval::parse::Condition;
use rustix::fs::{Access, AtFlags, CWD, accessat};

impl Shell<'_> {
    pub fn holds(&mut self, condition: &Condition) -> Flow<bool> {
        match condition {
            Condition::All(conditions) => {
                for condition in conditions {
                    if !self.holds(condition)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Any(conditions) => {
                for condition in conditions {
                    if self.holds(condition)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(condition) => Ok(!self.holds(condition)?),
            Condition::Unary { operator, word } => {
                let word = self.expand(word)?;
                self.unary(*operator, &word)
            }
            Condition::Equal { is_negated, left, right } => {
                let is_equal = self.expand(left)? == self.expand_pattern(right)?;
                Ok(is_equal != *is_negated)
            }
        }
    }

    /// By the number of arguments, as POSIX has it.
    pub fn test(&self, arguments: &[&[u8]]) -> Flow<bool> {
        match arguments {
            [] => Ok(false),
            [word] => Ok(!word.is_empty()),
            [b"!", word] => Ok(word.is_empty()),
            [[b'-', operator], word] => self.unary(*operator, word),
            [left, operator, right] if is_binary(operator) => binary(left, operator, right),
            [b"!", one, two] => Ok(!self.test(&[one, two])?),
            [b"!", left, operator, right] if is_binary(operator) => {
                Ok(!binary(left, operator, right)?)
            }
            [[b'-', one], left, joint @ (b"-o" | b"-a"), [b'-', other], right]
                if !is_operator(left) =>
            {
                let (left, right) = (self.unary(*one, left)?, self.unary(*other, right)?);
                Ok(if *joint == b"-o" { left || right } else { left && right })
            }
            _ => needs_bash("a condition like this"),
        }
    }

    fn unary(&self, operator: u8, word: &[u8]) -> Flow<bool> {
        if matches!(operator, b'n' | b'z') {
            return Ok(word.is_empty() == (operator == b'z'));
        }
        if word.starts_with(b"/dev/fd/") || word.starts_with(b"/dev/std") {
            return needs_bash("a file that bash knows by itself");
        }
        if word.is_empty() {
            return match operator {
                b'd' | b'e' | b'f' | b'h' | b'L' | b'r' | b's' | b'w' | b'x' => Ok(false),
                _ => needs_bash("a condition like this"),
            };
        }
        let path = self.path(word);
        let may = |access| accessat(CWD, &path, access, AtFlags::EACCESS).is_ok();
        Ok(match operator {
            b'd' => path.is_dir(),
            b'e' => path.exists(),
            b'f' => path.is_file(),
            b'h' | b'L' => path.is_symlink(),
            b'r' => may(Access::READ_OK),
            b'w' => may(Access::WRITE_OK),
            b'x' => may(Access::EXEC_OK),
            b's' => path.metadata().is_ok_and(|metadata| metadata.len() > 0),
            _ => return needs_bash("a condition like this"),
        })
    }
}

fn is_binary(operator: &[u8]) -> bool {
    matches!(operator, b"=" | b"==" | b"!=" | b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge")
}

/// All that bash would compare with, were it between two words.
fn is_operator(word: &[u8]) -> bool {
    is_binary(word) || matches!(word, b"<" | b">" | b"-nt" | b"-ot" | b"-ef")
}

fn binary(left: &[u8], operator: &[u8], right: &[u8]) -> Flow<bool> {
    Ok(match operator {
        b"=" | b"==" => left == right,
        b"!=" => left != right,
        _ => {
            let (left, right) = (number(left)?, number(right)?);
            match operator {
                b"-eq" => left == right,
                b"-ne" => left != right,
                b"-lt" => left < right,
                b"-le" => left <= right,
                b"-gt" => left > right,
                _ => left >= right,
            }
        }
    })
}

fn number(text: &[u8]) -> Flow<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.len() < 16 && digits.iter().all(u8::is_ascii_digit);
    match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).filter(|_| is_plain) {
        Some(number) => Ok(number),
        None => needs_bash("what is no number"),
    }
}
