//! JSON, with all that sops keeps of it: order, double names, the spelling of numbers.

mod write;

use super::{DEPTH_LIMIT, line_of};
use crate::secrets::tree::{Branch, Entry, Leaf, Name, Value};
use crate::secrets::{Secret, Source};
use anyhow::{Result, anyhow, bail};

pub use write::{write, write_value};

/// One object, and nothing after it.
pub fn read(source: &Source) -> Result<Vec<Branch>> {
    let text = source.bytes();
    let mut reader = Reader { source, text, at: 0, depth: 0 };
    reader.skip_space();
    if reader.peek() != Some(b'{') {
        bail!("it is not a JSON object");
    }
    let branch = reader.object()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.mistake("there is text after the object"));
    }
    Ok(vec![branch])
}

struct Reader<'a> {
    source: &'a Source,
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value> {
        self.skip_space();
        Ok(match self.peek() {
            Some(b'{') => Value::Branch(self.object()?),
            Some(b'[') => Value::List(self.array()?),
            Some(b'"') => Value::Leaf(Leaf::string(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Value::Leaf(self.number()?),
            _ => {
                let words: [(&[u8], Value); 3] = [
                    (b"true", Value::Leaf(Leaf::bool(true))),
                    (b"false", Value::Leaf(Leaf::bool(false))),
                    (b"null", Value::Null),
                ];
                let rest = &self.text[self.at..];
                let found = words.into_iter().find(|(word, _)| rest.starts_with(word));
                let Some((word, value)) = found else {
                    return Err(self.mistake("a value is missing"));
                };
                self.at += word.len();
                value
            }
        })
    }

    fn object(&mut self) -> Result<Branch> {
        let mut branch = Branch::new();
        self.members(b'}', |reader| {
            if reader.peek() != Some(b'"') {
                return Err(reader.mistake("a name in double quotes is missing"));
            }
            let name = reader.string()?;
            let name = name.as_str().map(Name::from);
            reader.skip_space();
            reader.expect(b':')?;
            let name = name.ok_or_else(|| reader.mistake("a name is no text"))?;
            let value = reader.value()?;
            branch.push(Entry::Pair(name, value));
            Ok(())
        })?;
        // A file of many small ones would have much room that nobody uses.
        branch.shrink_to_fit();
        Ok(branch)
    }

    fn array(&mut self) -> Result<Vec<Value>> {
        let mut list = Vec::new();
        self.members(b']', |reader| {
            list.push(reader.value()?);
            Ok(())
        })?;
        list.shrink_to_fit();
        Ok(list)
    }

    /// What stands between brackets, with commas between.
    fn members(&mut self, end: u8, mut member: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(self.mistake(&format!("it is nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(end) {
            self.at += 1;
        } else {
            loop {
                self.skip_space();
                member(self)?;
                self.skip_space();
                if self.peek() == Some(b',') {
                    self.at += 1;
                    continue;
                }
                self.expect(end)?;
                break;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn string(&mut self) -> Result<Secret> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let Some(end) = end_of_string(rest) else {
            return Err(self.mistake("a string does not end"));
        };
        let raw = &rest[..end];
        if raw.iter().any(|byte| *byte < 0x20) {
            return Err(self.mistake("a string has a control character"));
        }
        let start = self.at;
        self.at += end + 1;
        // Go replaces what is not UTF-8.
        let text = match std::str::from_utf8(raw) {
            Ok(_) if !raw.contains(&b'\\') => return Ok(self.source.part(raw)),
            Ok(text) => unescape(text),
            Err(_) => unescape(&String::from_utf8_lossy(raw)),
        };
        text.ok_or_else(|| {
            anyhow!("line {}: a string has an escape that JSON lacks", line_of(self.text, start))
        })
    }

    fn number(&mut self) -> Result<Leaf> {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        let spelling = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        let leaf = if !is_json_number(spelling) {
            None
        } else if let Ok(number) = spelling.parse::<i64>().or_else(|error| {
            // `-0` is a float's zero.
            if spelling == "-0" { Ok(0) } else { Err(error) }
        }) {
            Some(if spelling == "-0" { Leaf::float(-0.0) } else { Leaf::int(number) })
        } else {
            crate::secrets::text::parse_float(spelling).map(Leaf::float)
        };
        let Some(leaf) = leaf else {
            // It may be the secret.
            return Err(self.mistake("a number is written wrongly, or too large"));
        };
        self.at += length;
        Ok(leaf.spelled(self.source.part(spelling.as_bytes())))
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(self.mistake(&format!("`{}` is missing", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    }

    fn mistake(&self, what: &str) -> anyhow::Error {
        anyhow!("line {}: {what}", line_of(self.text, self.at))
    }
}

fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// Halves of a surrogate pair that stand alone become U+FFFD.
fn unescape(text: &str) -> Option<Secret> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        plain.push(match escape {
            b'"' | b'\\' | b'/' => char::from(*escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = hexadecimal(rest)?;
                rest = &rest[4..];
                let low = rest.strip_prefix("\\u").and_then(hexadecimal);
                match (high, low) {
                    (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                        rest = &rest[6..];
                        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?
                    }
                    _ => char::from_u32(high).unwrap_or('\u{fffd}'),
                }
            }
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain.into())
}

fn hexadecimal(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

fn is_json_number(spelling: &str) -> bool {
    let rest = spelling.strip_prefix('-').unwrap_or(spelling);
    let (number, exponent) = match rest.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_doubles_and_spellings_are_kept() {
        let branches = read(
            &br#"{"b": 1.50, "a": [true, null, {}], "b": "\u00e9\ud83d\ude00\ud800"}"#[..].into(),
        );
        let branch = branches.unwrap().remove(0);
        let [Entry::Pair(b, first), Entry::Pair(a, _), Entry::Pair(again, text)] =
            branch.as_slice()
        else {
            panic!("{branch:?}")
        };
        assert_eq!((b.as_str(), a.as_str(), again.as_str()), ("b", "a", "b"));
        assert_eq!(first.leaf().unwrap().spelling().as_str(), Some("1.50"));
        assert_eq!(text.text(), Some("é😀\u{fffd}"));
    }

    #[test]
    fn a_backslash_before_a_letter_beyond_ascii_is_no_escape() {
        for text in ["{\"a\": \"\\é\"}", "{\"\\\u{fffd}n\": 1}"] {
            assert!(read(&text.as_bytes().into()).is_err(), "{text}");
        }
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, message) in [
            ("", "it is not a JSON object"),
            ("[]", "it is not a JSON object"),
            ("{\n\"a\": 1,\n}", "line 3: a name in double quotes is missing"),
            ("{\"a\": 01}", "line 1: a number is written wrongly, or too large"),
            ("{\"a\": 1e999}", "line 1: a number is written wrongly, or too large"),
            ("{\"a\": \"\\x\"}", "line 1: a string has an escape that JSON lacks"),
            ("{\"a\": \"x", "line 1: a string does not end"),
            ("{\"a\": 1} x", "line 1: there is text after the object"),
            ("{\"a\" 1}", "line 1: `:` is missing"),
            ("{\"a\": tru}", "line 1: a value is missing"),
        ] {
            assert_eq!(read(&text.as_bytes().into()).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let deep = |depth: usize| {
            let text = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            read(&text.as_bytes().into())
        };
        assert!(deep(DEPTH_LIMIT - 1).is_ok());
        assert!(deep(100_000).unwrap_err().to_string().contains("nested deeper than 200"));
    }
}
