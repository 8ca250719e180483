//! Takes secrets out of what a program prints, wherever its writes begin and end.

use super::Secret;
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const MASK: &[u8] = b"[secret]";
/// A value shorter than this many bytes is in every text.
const SHORTEST: usize = 4;

/// The values to look for.
#[derive(Debug)]
pub struct Needles {
    /// By their first byte.
    by_first: Vec<Vec<Secret>>,
}

impl Needles {
    /// Values, and the lines of those that have several: a program may print them one by one.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        let mut add = |bytes: &[u8]| {
            let says_nothing = matches!(bytes, b"true" | b"false" | b"null");
            if bytes.len() >= SHORTEST && !says_nothing {
                let same: &mut Vec<Secret> = &mut by_first[usize::from(bytes[0])];
                if !same.iter().any(|known| known.bytes() == bytes) {
                    same.push(bytes.to_vec().into());
                }
            }
        };
        for secret in secrets {
            let value = secret.bytes().trim_ascii_end();
            add(value);
            for line in value.split(|byte| *byte == b'\n') {
                add(line.trim_ascii());
            }
        }
        Self { by_first }
    }

    fn beginning_with(&self, first: u8) -> &[Secret] {
        &self.by_first[usize::from(first)]
    }
}

/// One stream of bytes.
#[derive(Debug)]
pub struct Redactor<'a> {
    needles: &'a Needles,
    /// What may be the beginning of a secret.
    held: Zeroizing<Vec<u8>>,
}

/// What begins at one place.
enum Found {
    Nothing,
    /// The longest secret, by its length in bytes.
    Secret(usize),
    /// More bytes have to come before anybody can say.
    Undecided,
}

impl<'a> Redactor<'a> {
    pub fn new(needles: &'a Needles) -> Self {
        Self { needles, held: Zeroizing::default() }
    }

    /// What can be shown by now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.redact(false)
    }

    /// The rest, as nothing follows.
    pub fn finish(&mut self) -> Vec<u8> {
        self.redact(true)
    }

    fn redact(&mut self, is_all: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            match self.found(at, is_all) {
                Found::Undecided => break,
                Found::Nothing => {
                    shown.push(self.held[at]);
                    at += 1;
                }
                Found::Secret(length) => match self.end_of_overlap(at + 1, at + length, is_all) {
                    Some(end) => {
                        shown.extend_from_slice(MASK);
                        at = end;
                    }
                    None => break,
                },
            }
        }
        self.held.drain(..at);
        shown
    }

    /// Where secrets end of which one begins in the other; `None` where that is not decided.
    fn end_of_overlap(&self, from: usize, mut end: usize, is_all: bool) -> Option<usize> {
        let mut at = from;
        while at < end {
            match self.found(at, is_all) {
                Found::Undecided => return None,
                Found::Nothing => {}
                Found::Secret(length) => end = end.max(at + length),
            }
            at += 1;
        }
        Some(end)
    }

    fn found(&self, at: usize, is_all: bool) -> Found {
        let rest = &self.held[at..];
        let mut longest = 0;
        for needle in self.needles.beginning_with(rest[0]) {
            let needle = needle.bytes();
            if rest.starts_with(needle) {
                longest = longest.max(needle.len());
            } else if !is_all && needle.starts_with(rest) {
                return Found::Undecided;
            }
        }
        if longest == 0 { Found::Nothing } else { Found::Secret(longest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(secrets: &[&str]) -> Needles {
        Needles::new(&secrets.iter().map(|secret| Secret::from(*secret)).collect::<Vec<_>>())
    }

    /// The text in pieces of every size.
    fn assert_redacts(secrets: &[&str], text: &str, wanted: &str) {
        let needles = needles(secrets);
        for size in 1..=text.len() {
            let mut redactor = Redactor::new(&needles);
            let pieces = text.as_bytes().chunks(size);
            let mut shown: Vec<u8> = pieces.flat_map(|piece| redactor.push(piece)).collect();
            shown.extend(redactor.finish());
            assert_eq!(String::from_utf8(shown).unwrap(), wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn values_go_wherever_writes_end() {
        assert_redacts(
            &["hunter2"],
            "a hunter2, hunter and hunter2",
            "a [secret], hunter and [secret]",
        );
        assert_redacts(&["aaab"], "aaaaab", "aa[secret]");
    }

    #[test]
    fn of_values_that_overlap_nothing_is_left() {
        assert_redacts(&["abcd", "cdef"], "-abcdef-", "-[secret]-");
        assert_redacts(&["abcd", "abcdefgh"], "abcdefgh abcdefg", "[secret] [secret]efg");
    }

    #[test]
    fn lines_of_a_long_value_count_by_themselves() {
        let key = "-----BEGIN-----\nlong line of it\n4711\nend\n-----END-----\n";
        assert_redacts(
            &[key],
            "> long line of it\n> 4711\n> end\n",
            "> [secret]\n> [secret]\n> end\n",
        );
        assert_redacts(&[key], &format!("{key}!"), "[secret]\n!");
    }

    #[test]
    fn what_is_in_every_text_stays() {
        assert_redacts(&["1", "", "true", "abc"], "1 true abc", "1 true abc");
    }

    #[test]
    fn values_may_be_any_bytes() {
        let needles = Needles::new(&[b"\xff\0\xfe\x01".to_vec().into()]);
        let mut redactor = Redactor::new(&needles);
        let mut shown = redactor.push(b"\xff\0-\xff\0");
        shown.extend(redactor.push(b"\xfe\x01\n"));
        assert_eq!(shown, b"\xff\0-[secret]\n");
    }

    #[test]
    fn only_what_may_become_a_secret_is_held() {
        let needles = needles(&["hunter2"]);
        let mut redactor = Redactor::new(&needles);
        assert_eq!(redactor.push(b"Password: "), b"Password: ");
        assert_eq!(redactor.push(b"oh hunt"), b"oh ");
        assert_eq!(redactor.push(b"ing"), b"hunting");
    }
}
