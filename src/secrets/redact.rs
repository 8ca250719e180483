//! Takes secrets out of what a program prints, wherever its writes begin and end.

mod needles;

use std::collections::VecDeque;
use zeroize::{Zeroize as _, Zeroizing};

pub use needles::Needles;
use needles::State;

/// What stands in the place of a secret.
const MASK: &[u8] = b"[secret]";

/// One stream of bytes. Each is looked at once, whatever the number of secrets.
#[derive(Debug)]
pub struct Redactor<'a> {
    needles: &'a Needles,
    state: State,
    /// What may be the beginning of a secret, or the rest of one.
    held: Zeroizing<Vec<u8>>,
    /// In what is held, in order, none of which overlaps another.
    found: VecDeque<Found>,
}

/// Secrets that overlap.
#[derive(Clone, Copy, Debug)]
struct Found {
    start: usize,
    end: usize,
    /// It began before what is held, and its mask stands there.
    is_shown: bool,
}

impl<'a> Redactor<'a> {
    pub fn new(needles: &'a Needles) -> Self {
        let (held, found) = (Zeroizing::default(), VecDeque::new());
        Self { needles, state: State::default(), held, found }
    }

    /// What can be shown by now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        for (at, byte) in (self.held.len() + 1..).zip(bytes) {
            self.state = self.needles.next(self.state, *byte);
            let length = self.needles.longest_at(self.state);
            if length > 0 {
                self.find(at - length, at);
            }
        }
        self.extend(bytes);
        // No secret that is still to come begins before this.
        self.show(self.held.len() - self.needles.begun_at(self.state))
    }

    /// The rest, as nothing follows.
    pub fn finish(&mut self) -> Vec<u8> {
        self.state = State::default();
        self.show(self.held.len())
    }

    /// Secrets end one behind the other, and begin in any order.
    fn find(&mut self, mut start: usize, end: usize) {
        let mut is_shown = false;
        while let Some(last) = self.found.back().copied().filter(|last| last.end > start) {
            self.found.pop_back();
            start = start.min(last.start);
            is_shown |= last.is_shown;
        }
        self.found.push_back(Found { start, end, is_shown });
    }

    /// What a buffer outgrows would be left behind.
    fn extend(&mut self, bytes: &[u8]) {
        let wanted = self.held.len() + bytes.len();
        if wanted > self.held.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(wanted.next_power_of_two()));
            larger.extend_from_slice(&self.held);
            self.held = larger;
        }
        self.held.extend_from_slice(bytes);
    }

    /// All that is held before `end`.
    fn show(&mut self, end: usize) -> Vec<u8> {
        let mut shown = Vec::with_capacity(end);
        let mut at = 0;
        while let Some(found) = self.found.front_mut().filter(|found| found.start < end) {
            shown.extend_from_slice(&self.held[at..found.start]);
            if !found.is_shown {
                shown.extend_from_slice(MASK);
            }
            at = found.end.min(end);
            if found.end > end {
                (found.start, found.is_shown) = (end, true);
                break;
            }
            self.found.pop_front();
        }
        shown.extend_from_slice(&self.held[at..end]);
        self.drop_held(end);
        shown
    }

    fn drop_held(&mut self, end: usize) {
        let rest = self.held.len() - end;
        self.held.copy_within(end.., 0);
        self.held[rest..].zeroize();
        self.held.truncate(rest);
        for found in &mut self.found {
            (found.start, found.end) = (found.start - end, found.end - end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secret;

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

    #[test]
    fn of_a_chain_without_an_end_no_more_is_held_than_of_one() {
        let needles = needles(&["abab"]);
        let mut redactor = Redactor::new(&needles);
        assert_eq!(redactor.push(b"-ababa"), b"-[secret]");
        assert_eq!(redactor.push(b"babab"), b"");
        assert_eq!(redactor.held.len(), 2);
        assert_eq!(redactor.push(b"-abab"), b"-[secret]");
        assert_eq!(redactor.finish(), b"");
    }

    /// Looks for a value of 20,000 lines in what looks like them and is none of them.
    #[test]
    fn no_byte_is_looked_at_for_each_secret() {
        const LINES: usize = 20_000;
        let line =
            |number: usize| format!("{:x}-the-same-in-all-of-them-{number:07}\n", number % 16);
        let value: String = (0..LINES).map(line).collect();
        let needles = needles(&[&value]);
        let printed: String =
            (0..LINES).map(|number| line(number).replace("them-", "them+")).collect();
        let mut redactor = Redactor::new(&needles);
        assert_eq!(redactor.push(printed.as_bytes()), printed.as_bytes());
        let steps = needles.steps.get();
        assert!(steps < 8 * printed.len(), "{steps} for {}", printed.len());
        let worst = "a".repeat(100_000);
        let needles = self::needles(&[&format!("{worst}b")]);
        let mut redactor = Redactor::new(&needles);
        for _ in 0..4 {
            redactor.push(worst.as_bytes());
        }
        let steps = needles.steps.get();
        assert!(steps < 8 * 4 * worst.len(), "{steps}");
        assert_eq!(redactor.push(b"b"), b"[secret]");
    }
}
