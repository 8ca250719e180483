//! What a scalar is, by the rules of go-yaml: the MAC depends on them.

use crate::secrets::Source;
use crate::secrets::text::parse_float;
use crate::secrets::timestamp;
use crate::secrets::tree::{Kind, Leaf, Value};
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use granit_parser::{ScalarStyle, Tag};
use std::borrow::Cow;

/// No integer of 64 bits has so many, whatever the base and the zeros before it.
const DIGITS_LIMIT: usize = 1000;

pub fn value(source: &Source, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value> {
    match tag {
        // The message does not show it: it may be the secret.
        None if style == ScalarStyle::Plain && is_beyond_kinds(text) => {
            bail!("a number or a time is too large: put it into quotes")
        }
        None if style == ScalarStyle::Plain => Ok(match resolve(text) {
            // Most are spelled as they are hashed.
            Some(Value::Leaf(leaf)) if leaf.text().bytes() == text.as_bytes() => {
                Value::Leaf(Leaf::new(leaf.kind, source.part(text.as_bytes())))
            }
            Some(value) => value,
            None => Value::string(source.part(text.as_bytes())),
        }),
        None => Ok(Value::string(source.part(text.as_bytes()))),
        // It says that nothing is said of the kind.
        Some(tag) if tag.handle().is_empty() && tag.suffix() == "!" => {
            value(source, text, style, None)
        }
        Some(tag) => tagged(text, tag),
    }
}

/// A text, whatever it looks like, or null.
pub fn spelled(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let may_be_null = match tag {
        None => style == ScalarStyle::Plain,
        Some(tag) => of_yaml(tag) == Some("null"),
    };
    if may_be_null && resolve(text) == Some(Value::Null) {
        Value::Null
    } else {
        Value::string(text)
    }
}

/// The name of a tag of YAML's own, also where it is written in full: `!!int`, `!<tag:yaml.org,2002:int>`.
fn of_yaml(tag: &Tag) -> Option<&str> {
    const SPACE: &str = "tag:yaml.org,2002:";
    match tag.handle() {
        SPACE => Some(tag.suffix()),
        "" => tag.suffix().strip_prefix(SPACE),
        _ => None,
    }
}

/// What a plain scalar is where it is no text.
pub fn resolve(text: &str) -> Option<Value> {
    let leaf = match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => Leaf::bool(true),
        "false" | "False" | "FALSE" => Leaf::bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Leaf::float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Leaf::float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Leaf::float(f64::NAN),
        _ if text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) => {
            number(text)
                .or_else(|| timestamp::yaml(text).map(|time| Leaf::new(Kind::Time, time)))?
        }
        _ => return None,
    };
    Some(Value::Leaf(leaf))
}

fn tagged(text: &str, tag: &Tag) -> Result<Value> {
    let Some(suffix) = of_yaml(tag) else { return Ok(Value::string(text)) };
    let wrong = || format!("`!!{suffix}` stands before something else");
    let of_kind = |kind: Kind| match resolve(text) {
        Some(Value::Leaf(leaf)) if leaf.kind == kind => Ok(Value::Leaf(leaf)),
        _ => bail!(wrong()),
    };
    match suffix {
        "int" => of_kind(Kind::Int),
        "bool" => of_kind(Kind::Bool),
        "timestamp" => of_kind(Kind::Time),
        "float" => match resolve(text) {
            Some(Value::Leaf(leaf)) if matches!(leaf.kind, Kind::Int | Kind::Float) => {
                let number = leaf.number().with_context(wrong)?;
                Ok(Value::Leaf(Leaf::float(number).spelled(text.into())))
            }
            _ => bail!(wrong()),
        },
        "null" if resolve(text) == Some(Value::Null) => Ok(Value::Null),
        "null" => bail!(wrong()),
        "binary" => {
            let text: String = text.split_whitespace().collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(text);
            Ok(Value::string(bytes.ok().with_context(wrong)?))
        }
        _ => Ok(Value::string(text)),
    }
}

fn number(text: &str) -> Option<Leaf> {
    if text.starts_with('.') && !are_marks_between_digits(text) {
        return None;
    }
    let plain = without_marks(text);
    let leaf = match integer(&plain) {
        Some(number) => Leaf::int(number),
        None if is_float(&plain) => Leaf::float(parse_float(&plain)?),
        None => return None,
    };
    Some(leaf.spelled(text.into()))
}

/// Whether it is something to go-yaml for which sops has no kind.
pub fn is_beyond_kinds(text: &str) -> bool {
    is_beyond_integers(text) || timestamp::is_beyond_days(text)
}

/// Whether it is an integer of 64 bits, but none with a sign.
fn is_beyond_integers(text: &str) -> bool {
    let text = without_marks(text);
    let (base, digits) = based(&text);
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    is_number && integer(&text).is_none() && u64::from_str_radix(digits, base).is_ok()
}

/// Also hexadecimal, octal in both spellings, and binary.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("-", digits) => ("-", digits),
        ("+", digits) => ("", digits),
        _ => ("", text),
    };
    let (base, digits) = based(digits);
    // Go reads the digits behind `0b` and `0o` again, with a sign of their own.
    let has_own_sign = text.starts_with("0b") || text.starts_with("0o");
    let is_number = digits.bytes().next()?.is_ascii_hexdigit() || has_own_sign;
    if !is_number || digits.len() > DIGITS_LIMIT {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
}

/// Numbers may have `_` anywhere. A large text has no room to be copied about.
fn without_marks(text: &str) -> Cow<'_, str> {
    if text.contains('_') && text.len() <= DIGITS_LIMIT {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// What begins with a point is a float to Go alone, which wants them so.
fn are_marks_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut marks = (0..bytes.len()).filter(|at| bytes[*at] == b'_');
    marks.all(|at| at > 0 && is_digit(at - 1) && is_digit(at + 1))
}

fn based(digits: &str) -> (u32, &str) {
    match digits.get(..2).unwrap_or_default() {
        "0x" | "0X" => (16, &digits[2..]),
        "0o" | "0O" => (8, &digits[2..]),
        "0b" | "0B" => (2, &digits[2..]),
        start if start.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = match number.split_once('.') {
        Some((whole, fraction)) => are_digits(whole) && are_digits(fraction) && number.len() > 1,
        None => !number.is_empty() && are_digits(number),
    };
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && are_digits(digits)
    };
    is_number && exponent.is_none_or(is_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kind: Kind, expected: &str) {
        let value = resolve(text).unwrap_or_else(|| Value::string(text));
        let leaf = value.leaf().unwrap();
        assert_eq!((leaf.kind, leaf.text().as_str()), (kind, Some(expected)), "{text}");
    }

    #[test]
    fn plain_scalars() {
        check("0", Kind::Int, "0");
        check("-1", Kind::Int, "-1");
        check("+5", Kind::Int, "5");
        check("1_000", Kind::Int, "1000");
        check("0x1F", Kind::Int, "31");
        check("017", Kind::Int, "15");
        check("0o17", Kind::Int, "15");
        check("0b101", Kind::Int, "5");
        check("08", Kind::Float, "8");
        check("9223372036854775808", Kind::Float, "9223372036854776000");
        check("-9223372036854775808", Kind::Int, "-9223372036854775808");
        check("1.", Kind::Float, "1");
        check(".5", Kind::Float, "0.5");
        check("+._5", Kind::Float, "0.5");
        check("._5", Kind::Str, "._5");
        check(".5_0", Kind::Float, "0.5");
        check(".5__0", Kind::Str, ".5__0");
        check(".5_", Kind::Str, ".5_");
        check("1e3", Kind::Float, "1000");
        check("1e400", Kind::Str, "1e400");
        check("-.inf", Kind::Float, "-Inf");
        check("yes", Kind::Str, "yes");
        check("True", Kind::Bool, "True");
        check("tRUE", Kind::Str, "tRUE");
        check("2024-01-02", Kind::Time, "2024-01-02T00:00:00Z");
        check("2024-01-02 10:00:00 +01:00", Kind::Str, "2024-01-02 10:00:00 +01:00");
        check("-", Kind::Str, "-");
        check(".", Kind::Str, ".");
        check("+", Kind::Str, "+");
        check("1.2.3", Kind::Str, "1.2.3");
        check("0x", Kind::Str, "0x");
        check("0b-1", Kind::Int, "-1");
        check("0x-1", Kind::Str, "0x-1");
        assert_eq!(resolve("~"), Some(Value::Null));
        for text in ["9223372036854775808", "18446744073709551615", "0xffffffffffffffff"] {
            assert!(is_beyond_integers(text), "{text}");
        }
        for text in [
            "9223372036854775807",
            "18446744073709551616",
            "-9223372036854775809",
            "+9223372036854775808",
        ] {
            assert!(!is_beyond_integers(text), "{text}");
        }
    }
}
