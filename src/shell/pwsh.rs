//! PowerShell 7: `${env:NAME}='value';` and `Remove-Item -LiteralPath 'env:/NAME' -ErrorAction Ignore;`.
//!
//! PowerShell joins the lines of a program's output with blanks and takes curly quotes for quotes, so everything but
//! printable ASCII is an escape. It holds text: bytes that are not UTF-8 become U+FFFD.

use super::Change;

pub fn statement(code: &mut Vec<u8>, change: &Change) {
    if let Some(value) = change.value {
        code.extend(b"${env:");
        code.extend(change.name);
        code.extend(b"}=");
        quote(code, value);
    } else {
        code.extend(b"Remove-Item -LiteralPath 'env:/");
        code.extend(change.name);
        code.extend(b"' -ErrorAction Ignore");
    }
    code.push(b';');
}

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
        for character in String::from_utf8_lossy(value).chars() {
            match character {
                '"' | '$' | '`' => code.extend([b'`', character as u8]),
                ' '..='~' => code.push(character as u8),
                _ => code.extend(format!("`u{{{:x}}}", u32::from(character)).bytes()),
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
    fn check(value: Option<&str>, expected: Expect) {
        let code = Shell::Pwsh.render(&changes([(b"A".as_slice(), value.map(str::as_bytes))]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn printable_ascii_is_literal() {
        check(Some("$(touch pwned) `it's"), expect!["${env:A}='$(touch pwned) `it''s';"]);
        check(Some(""), expect!["${env:A}='';"]);
        check(None, expect!["Remove-Item -LiteralPath 'env:/A' -ErrorAction Ignore;"]);
    }

    #[test]
    fn a_curly_quote_ends_nothing() {
        check(
            Some("\u{2019};touch pwned;\u{2018}"),
            expect![[r#"${env:A}="`u{2019};touch pwned;`u{2018}";"#]],
        );
        check(Some("\u{201d}\n$(id)`"), expect![[r#"${env:A}="`u{201d}`u{a}`$(id)``";"#]]);
    }
}
