//! `$'…'`: text with the escapes of C.

use super::Word;
use crate::eval::parse::Parsed;
use crate::eval::parse::cursor::Cursor;

pub fn read(cursor: &mut Cursor<'_>, word: &mut Word) -> Parsed<()> {
    cursor.advance(2);
    word.push_text(b"", true);
    loop {
        let (byte, length) = match cursor.rest() {
            [] => return Err(cursor.needs_bash("a quote that is not closed")),
            [b'\'', ..] => {
                cursor.advance(1);
                return Ok(());
            }
            [b'\\', escape @ ..] => match unescape(escape) {
                // bash drops NULs, and takes the other two for marks of its own in some places.
                Some((byte, length)) if !matches!(byte, 0 | 0x01 | 0x7f) => (byte, length + 1),
                _ => return Err(cursor.needs_bash("an escape in `$'…'`")),
            },
            [byte, ..] => (*byte, 1),
        };
        word.push_text(&[byte], true);
        cursor.advance(length);
    }
}

/// The byte that is meant, and how many follow the backslash.
fn unescape(escape: &[u8]) -> Option<(u8, usize)> {
    let first = *escape.first()?;
    let plain = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' | b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'\'' | b'"' | b'?' => first,
        b'0'..=b'7' => return Some(number(escape, 3, 8)),
        b'x' if escape.get(1)?.is_ascii_hexdigit() => {
            let (byte, length) = number(&escape[1..], 2, 16);
            return Some((byte, length + 1));
        }
        _ => return None,
    };
    Some((plain, 1))
}

fn number(digits: &[u8], limit: usize, base: u32) -> (u8, usize) {
    let digits = digits.iter().take(limit).map_while(|digit| char::from(*digit).to_digit(base));
    let (value, length) =
        digits.fold((0_u32, 0), |(value, length), digit| (value * base + digit, length + 1));
    (value.to_le_bytes()[0], length)
}
