//! elvish, murex, nushell and everybody else: one JSON object, `null` for what is to be unset.
//!
//! JSON is text, so bytes that are not UTF-8 become U+FFFD.

use super::Change;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// For people and programs, as direnv lays it out.
pub fn pretty(changes: &[Change]) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(&object(changes)).expect("strings are JSON");
    json.push(b'\n');
    json
}

/// For hooks that read one line.
pub fn compact(changes: &[Change]) -> Vec<u8> {
    let mut json = serde_json::to_vec(&object(changes)).expect("strings are JSON");
    json.push(b'\n');
    json
}

/// One string.
pub fn word(text: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&String::from_utf8_lossy(text)).expect("strings are JSON")
}

fn object<'a>(changes: &[Change<'a>]) -> BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>> {
    changes
        .iter()
        .map(|change| {
            (String::from_utf8_lossy(change.name), change.value.map(String::from_utf8_lossy))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(shell: Shell, expected: Expect) {
        let code = shell.render(&changes([
            (b"A".as_slice(), Some(b"\"x\"\n\xc3\xa9\xff".as_slice())),
            (b"B C", None),
            (b"\xff", Some(b"no name for text")),
        ]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn one_object() {
        check(
            Shell::Elvish,
            expect![[r#"
            {"A":"\"x\"\né�","B C":null}
        "#]],
        );
        check(
            Shell::Json,
            expect![[r#"
            {
              "A": "\"x\"\né�",
              "B C": null
            }
        "#]],
        );
    }
}
