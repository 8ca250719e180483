//! Vim: one `call setenv('NAME','value')` a line, `v:null` for what is to be unset.

use super::Change;

pub fn statement(code: &mut Vec<u8>, change: &Change) {
    code.extend(b"call setenv(");
    quote(code, change.name);
    code.push(b',');
    match change.value {
        Some(value) => quote(code, value),
        None => code.extend(b"v:null"),
    }
    code.extend(b")\n");
}

/// A statement ends with its line, and only double quotes can spell a newline; printable ASCII stays readable.
fn quote(code: &mut Vec<u8>, value: &[u8]) {
    if value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        code.push(b'\'');
        for &byte in value {
            code.push(byte);
            if byte == b'\'' {
                code.push(byte);
            }
        }
        code.push(b'\'');
    } else {
        code.push(b'"');
        for &byte in value {
            match byte {
                b'\n' => code.extend(b"\\n"),
                b'"' | b'\\' => code.extend([b'\\', byte]),
                b' '..=b'~' => code.push(byte),
                _ => code.extend(format!("\\x{byte:02x}").bytes()),
            }
        }
        code.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(value: Option<&[u8]>, expected: Expect) {
        let code = Shell::Vim.render(&changes([(b"A".as_slice(), value)]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn a_newline_is_a_newline() {
        check(
            Some(b"it's"),
            expect![[r"
            call setenv('A','it''s')
        "]],
        );
        check(
            Some(b"\"a\\\n\xe9b"),
            expect![[r#"
            call setenv('A',"\"a\\\n\xe9b")
        "#]],
        );
        check(
            None,
            expect![[r"
            call setenv('A',v:null)
        "]],
        );
    }
}
