//! fish: `set -x -g 'NAME' 'value';` and `set -e -g 'NAME';`, as direnv writes them.
//!
//! A list such as `PATH` goes in as one value: fish itself splits path variables at the colons, the ones whose name ends
//! in PATH and the ones a user declared with `set --path`.

use super::Change;

pub fn statement(code: &mut Vec<u8>, change: &Change) {
    code.extend(if change.value.is_some() { b"set -x -g " } else { b"set -e -g " });
    code.extend(quote(change.name));
    if let Some(value) = change.value {
        code.push(b' ');
        code.extend(quote(value));
    }
    code.push(b';');
}

/// Text stays text, so that fish counts characters and not bytes; control characters and bytes that are no text stand
/// outside the quotes, as escapes, so that the code is one line for `eval`, too.
pub fn quote(value: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for chunk in value.utf8_chunks() {
        for &byte in chunk.valid().as_bytes() {
            match byte {
                b'\'' | b'\\' => word.extend([b'\\', byte]),
                0..b' ' | 0x7f => escape(&mut word, byte),
                _ => word.push(byte),
            }
        }
        for &byte in chunk.invalid() {
            escape(&mut word, byte);
        }
    }
    word.push(b'\'');
    word
}

fn escape(word: &mut Vec<u8>, byte: u8) {
    word.extend(format!("'\\X{byte:02x}'").bytes());
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(value: Option<&[u8]>, expected: Expect) {
        let code = Shell::Fish.render(&changes([(b"A".as_slice(), value)]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn text_is_text() {
        check(Some(b""), expect!["set -x -g 'A' '';"]);
        check(Some(b"/a b:$HOME"), expect!["set -x -g 'A' '/a b:$HOME';"]);
        check(Some(b"it's \\ \xc3\xa9"), expect![r"set -x -g 'A' 'it\'s \\ é';"]);
        check(None, expect!["set -e -g 'A';"]);
    }

    #[test]
    fn other_bytes_are_escapes() {
        check(Some(b"a\nb\xff"), expect![r"set -x -g 'A' 'a'\X0a'b'\Xff'';"]);
    }
}
