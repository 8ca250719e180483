//! An `EnvironmentFile` of systemd, which can set but not unset: one `NAME=value` after the other.
//!
//! systemd refuses a whole file that is not UTF-8, so other bytes become U+FFFD.

use super::Change;

pub fn line(file: &mut Vec<u8>, change: &Change) {
    let Some(value) = change.value else { return };
    file.extend(change.name);
    file.push(b'=');
    if value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(byte)) {
        file.extend(value);
    } else {
        quote(file, &String::from_utf8_lossy(value));
    }
    file.push(b'\n');
}

/// Inside double quotes a newline is itself, and a backslash counts before these four only.
fn quote(file: &mut Vec<u8>, value: &str) {
    file.push(b'"');
    for byte in value.bytes() {
        if matches!(byte, b'"' | b'$' | b'\\' | b'`') {
            file.push(b'\\');
        }
        file.push(byte);
    }
    file.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::expect;

    #[test]
    fn sets_and_never_unsets() {
        let code = Shell::Systemd.render(&changes([
            (b"A".as_slice(), Some(b"/usr/bin:/bin".as_slice())),
            (b"B", Some(b" $x \"y\" `z`\\\n#\xff")),
            (b"C", Some(b"")),
            (b"D", None),
        ]));
        expect![[r#"
            A=/usr/bin:/bin
            B=" \$x \"y\" \`z\`\\
            #�"
            C=
        "#]]
        .assert_eq(str::from_utf8(&code).unwrap());
    }
}
