//! `$'…'` in a script: text with the escapes of C.

use super::Word;
use crate::eval::ansi_c::unescape;
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
