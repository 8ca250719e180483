//! Lists of words: one text in byte order with a blank between two words, searched by halving.

use std::cmp::Ordering;

/// Whether the word is one of the list.
pub fn has(words: &str, word: &[u8]) -> bool {
    let mut rest = words.as_bytes();
    let is_blank = |byte: &u8| *byte == b' ';
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let start = rest[..middle].iter().rposition(is_blank).map_or(0, |blank| blank + 1);
        let end =
            || rest[middle..].iter().position(is_blank).map_or(rest.len(), |end| middle + end);
        // The first letter mostly tells.
        let order = word.first().cmp(&rest.get(start));
        rest = match order.then_with(|| word.cmp(&rest[start..end()])) {
            Ordering::Equal => return true,
            Ordering::Less => &rest[..start.saturating_sub(1)],
            Ordering::Greater => rest.get(end() + 1..).unwrap_or_default(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_no_other() {
        let words: Vec<String> =
            (0..40).map(|index| "x".repeat(index % 5 + 1) + &index.to_string()).collect();
        for count in 0..words.len() {
            let mut some = words[..count].to_vec();
            some.sort();
            let list = some.join(" ");
            for word in &words {
                assert_eq!(has(&list, word.as_bytes()), some.contains(word), "{word} in `{list}`");
            }
            for other in ["", " ", "a", "x", "xx", "xxxxxxx", "z", "x0 x5"] {
                assert!(!has(&list, other.as_bytes()), "`{other}` in `{list}`");
            }
        }
    }
}
