//! One value of a `.env` file: where it ends, and what its quotes mean.
//!
//! A quoted value may hold its own quotes: it ends at the last one that leaves a valid line, so `'it's'` is `it's`.
//! When no quote does, the text is tried as a bare value, quotes and all: `'a'b` is `'a'b`.
//!
//! A quote with no second one on its line opens a value of several lines, which ends with the first line whose last
//! character is that quote. Comments never open one. Empty lines vanish, within such values too.

use super::scope::Scope;
use super::{ends_line, split_while};

/// Reads the value at the start of `text`, a line after its separator, and as many of the `following` lines as it takes.
pub fn read<'a>(
    text: &[u8],
    following: impl Iterator<Item = &'a [u8]>,
    scope: &mut Scope<'_>,
) -> Result<Vec<u8>, String> {
    let Some((quote @ (b'\'' | b'"'), inside)) = text.split_first() else {
        return scope.expand(bare(text).ok_or("unquoted value has a space; quote it")?);
    };
    let inside = if inside.contains(quote) {
        up_to_last(*quote, inside).map(<[u8]>::to_vec)
    } else {
        let inside = several_lines(*quote, inside, following);
        Some(inside.ok_or("the quote opened here is never closed")?)
    };
    match inside {
        Some(inside) if *quote == b'\'' => Ok(inside),
        Some(inside) => scope.expand(&unescape(&inside)),
        None => scope.expand(bare(text).ok_or("only a comment may follow the closing quote")?),
    }
}

fn bare(text: &[u8]) -> Option<&[u8]> {
    let (value, rest) = split_while(text, |byte| byte != b'#' && !byte.is_ascii_whitespace());
    ends_line(rest).then_some(value)
}

/// What stands before the last `quote` that ends the value.
fn up_to_last(quote: u8, inside: &[u8]) -> Option<&[u8]> {
    let mut positions = (0..inside.len()).rev();
    positions
        .find(|&at| inside[at] == quote && ends_line(&inside[at + 1..]))
        .map(|at| &inside[..at])
}

fn several_lines<'a>(
    quote: u8,
    first: &[u8],
    following: impl Iterator<Item = &'a [u8]>,
) -> Option<Vec<u8>> {
    let mut inside = first.to_vec();
    for line in following {
        inside.push(b'\n');
        if let Some(last) = line.trim_ascii_end().strip_suffix(&[quote]) {
            inside.extend(last);
            return Some(inside);
        }
        inside.extend(line);
    }
    None
}

/// `\n` and `\r` first, then `\` before any byte but `$` vanishes: `\\n` is a line break, too, and `\t` is a `t`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (byte, after) = match rest {
            [] => return plain,
            [b'\\', b'n', after @ ..] | [b'\\', b'\\', b'n', after @ ..] => (b'\n', after),
            [b'\\', b'r', after @ ..] | [b'\\', b'\\', b'r', after @ ..] => (b'\r', after),
            [b'\\', escaped, after @ ..] if *escaped != b'$' => (*escaped, after),
            [byte, after @ ..] => (*byte, after),
        };
        plain.push(byte);
        rest = after;
    }
}
