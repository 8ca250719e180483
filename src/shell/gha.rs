//! The file `$GITHUB_ENV` of GitHub Actions, which can set but not unset:
//!
//! ```text
//! NAME<<delimiter
//! value
//! delimiter
//! ```

use super::Change;
use crate::digest::Digest;

pub fn entry(file: &mut Vec<u8>, change: &Change) {
    let Some(value) = change.value else { return };
    let delimiter = delimiter(value);
    for part in [change.name, b"<<", &delimiter, b"\n", value, b"\n", &delimiter, b"\n"] {
        file.extend(part);
    }
}

/// A line that the value does not contain. From the value's digest, so nobody can write it into the value beforehand,
/// and yet the same each time.
fn delimiter(value: &[u8]) -> Vec<u8> {
    let mut digest = Digest::of(value);
    loop {
        let delimiter = format!("ghadelimiter_{:.32}", digest.as_str()).into_bytes();
        if !value.windows(delimiter.len()).any(|window| window == delimiter) {
            return delimiter;
        }
        digest = Digest::of(&delimiter);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::expect;

    #[test]
    fn sets_and_never_unsets() {
        let code = Shell::Gha.render(&changes([
            (b"A".as_slice(), Some(b"two\nlines".as_slice())),
            (b"B", None),
            (b"A<<x\nB", Some(b"x")),
        ]));
        expect![[r"
            A<<ghadelimiter_edc8c1284585d703bec48f34f842bd91
            two
            lines
            ghadelimiter_edc8c1284585d703bec48f34f842bd91
        "]]
        .assert_eq(str::from_utf8(&code).unwrap());
    }
}
