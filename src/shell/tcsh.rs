//! tcsh: `setenv NAME value ;` and `unsetenv NAME ;`.
//!
//! The code passes through ``eval `…` ``, which splits it at every blank, tab and newline, and joins it with single
//! spaces; and tcsh loses bytes over 0x7f where they meet the end of its read buffer, and with them the quotes around
//! what follows. So the code has no blank but single spaces between words, and nothing but ASCII.

use super::Change;

/// How much one command substitution may print: well inside tcsh's buffer.
const CHUNK: usize = 1000;

pub fn statement(code: &mut Vec<u8>, change: &Change) {
    code.extend(if change.value.is_some() { b"setenv ".as_slice() } else { b"unsetenv " });
    code.extend(change.name);
    if let Some(value) = change.value {
        code.push(b' ');
        quote(code, value);
    }
    code.extend(b" ;");
}

pub fn word(value: &[u8]) -> Vec<u8> {
    let mut word = Vec::new();
    quote(&mut word, value);
    word
}

fn quote(code: &mut Vec<u8>, value: &[u8]) {
    if !value.is_empty() && value.iter().all(|byte| is_bare(*byte)) {
        code.extend(value);
    } else if value.is_ascii() {
        escapes(code, value);
    } else {
        for line in value.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match line.split_last() {
                Some((b'\n' | b'\r', text)) => line.split_at(text.len()),
                _ => (line, [].as_slice()),
            };
            for chunk in text.chunks(CHUNK) {
                printed(code, chunk);
            }
            if !end.is_empty() {
                escapes(code, end);
            }
        }
    }
}

/// ASCII as it is or in octal; over 0x7f an escape would be a character of the locale, not a byte.
fn escapes(code: &mut Vec<u8>, ascii: &[u8]) {
    code.extend(b"$'");
    for &byte in ascii {
        if is_bare(byte) {
            code.push(byte);
        } else {
            code.extend(format!("\\{byte:03o}").bytes());
        }
    }
    code.push(b'\'');
}

/// Bytes that tcsh itself prints, in a fork of it where each is a character: no program is started, in whose arguments
/// others could read them. Newlines would not come through.
fn printed(code: &mut Vec<u8>, bytes: &[u8]) {
    code.extend(b"\"`setenv LC_ALL C ; set echo_style=both ; echo -n '");
    for byte in bytes {
        code.extend(format!("\\{byte:03o}").bytes());
    }
    code.extend(b"'`\"");
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"%+,-./:@_".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(value: Option<&[u8]>, expected: Expect) {
        let code = Shell::Tcsh.render(&changes([(b"A".as_slice(), value)]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn blanks_and_syntax_are_octal() {
        check(Some(b"/usr/bin:/bin"), expect!["setenv A /usr/bin:/bin ;"]);
        check(Some(b""), expect!["setenv A $'' ;"]);
        check(Some(b"a  b\n!$"), expect![r"setenv A $'a\040\040b\012\041\044' ;"]);
        check(None, expect!["unsetenv A ;"]);
    }

    #[test]
    fn bytes_over_ascii_are_printed() {
        check(
            Some(b"\xc3\xa9\nx"),
            expect![[
                r#"setenv A "`setenv LC_ALL C ; set echo_style=both ; echo -n '\303\251'`"$'\012'"`setenv LC_ALL C ; set echo_style=both ; echo -n '\170'`" ;"#
            ]],
        );
    }
}
