//! The escapes of `$'…'`, which bash calls ANSI-C quoting: scripts have them, and what bash reports.

/// The byte that an escape means, and how many bytes after its backslash belong to it; `None` where bash keeps the
/// backslash, and for `\c`, `\u` and `\U`, the last two of which mean what the locale makes of them.
pub fn unescape(escape: &[u8]) -> Option<(u8, usize)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_ends_where_bash_ends_it() {
        assert_eq!(unescape(b"n1"), Some((b'\n', 1)));
        assert_eq!(unescape(b"E["), Some((0x1b, 1)));
        assert_eq!(unescape(b"0017"), Some((1, 3)));
        assert_eq!(unescape(b"778"), Some((0o77, 2)));
        assert_eq!(unescape(b"x4af"), Some((0x4a, 3)));
        assert_eq!(unescape(b"777"), Some((0xff, 3)));
    }

    #[test]
    fn what_is_no_escape_or_depends_on_the_locale_is_none() {
        for escape in [b"".as_slice(), b"z", b"8", b"xg", b"u00e9", b"U000000e9", b"cA"] {
            assert_eq!(unescape(escape), None);
        }
    }
}
