//! xonsh: `__xonsh__.env['NAME'] = 'value'` and `__xonsh__.env.pop('NAME', None)`, one a line, in ASCII:
//! plain Python, which needs none of xonsh's own parsing.
//!
//! xonsh itself expands `~` and `$X` in variables that it takes for paths; nothing in the code can keep it from that.

use super::Change;

pub fn statement(code: &mut Vec<u8>, change: &Change) {
    if let Some(value) = change.value {
        code.extend(b"__xonsh__.env['");
        code.extend(change.name);
        code.extend(b"'] = ");
        quote(code, value);
    } else {
        code.extend(b"__xonsh__.env.pop('");
        code.extend(change.name);
        code.extend(b"', None)");
    }
    code.push(b'\n');
}

pub fn word(value: &[u8]) -> Vec<u8> {
    let mut word = Vec::new();
    quote(&mut word, value);
    word
}

/// Python keeps bytes that are not UTF-8 as lone surrogates, and writes them back as bytes.
fn quote(code: &mut Vec<u8>, value: &[u8]) {
    code.push(b'\'');
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' | '\\' => code.extend([b'\\', character as u8]),
                ' '..='~' => code.push(character as u8),
                '\n' => code.extend(b"\\n"),
                '\0'..='\u{ff}' => code.extend(format!("\\x{:02x}", u32::from(character)).bytes()),
                '\u{100}'..='\u{ffff}' => {
                    code.extend(format!("\\u{:04x}", u32::from(character)).bytes());
                }
                _ => code.extend(format!("\\U{:08x}", u32::from(character)).bytes()),
            }
        }
        for byte in chunk.invalid() {
            code.extend(format!("\\udc{byte:02x}").bytes());
        }
    }
    code.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::expect;

    #[test]
    fn python_strings() {
        let code = Shell::Xonsh.render(&changes([
            (b"A".as_slice(), Some("it's\n\\ é€𝄞".as_bytes())),
            (b"B", Some(b"\xff$HOME")),
            (b"C", None),
        ]));
        expect![[r"
            __xonsh__.env['A'] = 'it\'s\n\\ \xe9\u20ac\U0001d11e'
            __xonsh__.env['B'] = '\udcff$HOME'
            __xonsh__.env.pop('C', None)
        "]]
        .assert_eq(str::from_utf8(&code).unwrap());
    }
}
