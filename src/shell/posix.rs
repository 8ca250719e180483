//! bash and zsh: `export NAME=value;` and `unset NAME;`, all on one line as direnv writes them.

use super::Change;

/// Who the process is. Setting these is an error in bash, while zsh obeys, and becomes another user if it may.
const BASH_IDENTITY: [&[u8]; 2] = [b"EUID", b"UID"];
const ZSH_IDENTITY: [&[u8]; 5] = [b"EGID", b"EUID", b"GID", b"UID", b"USERNAME"];

pub fn bash(code: &mut Vec<u8>, change: &Change) {
    if BASH_IDENTITY.contains(&change.name) {
        identity(code, change, b"export -n ");
    } else {
        statement(code, change);
    }
}

pub fn zsh(code: &mut Vec<u8>, change: &Change) {
    if ZSH_IDENTITY.contains(&change.name) {
        identity(code, change, b"typeset +gx ");
    } else {
        statement(code, change);
    }
}

/// How much of a word is quoted for the sake of a byte.
const BARE: u8 = 0;
const QUOTED: u8 = 1;
const ESCAPED: u8 = 2;

/// Printable ASCII stays readable; anything else is spelled in escapes, which are the same bytes in every locale.
pub fn quote(value: &[u8]) -> Vec<u8> {
    let mut word = Vec::with_capacity(value.len() + 3);
    let way = value.iter().map(|byte| WAYS[usize::from(*byte)]).max().unwrap_or(QUOTED);
    if way == BARE {
        word.extend(value);
    } else if way == QUOTED {
        word.push(b'\'');
        word.extend(value);
        word.push(b'\'');
    } else {
        word.extend(b"$'");
        for &byte in value {
            match byte {
                b'\n' => word.extend(b"\\n"),
                b'\t' => word.extend(b"\\t"),
                b'\'' | b'\\' => word.extend([b'\\', byte]),
                // The history character, should a person paste the code.
                b'!' => word.extend(b"\\x21"),
                b' '..=b'~' => word.push(byte),
                _ => word.extend(format!("\\x{byte:02x}").bytes()),
            }
        }
        word.push(b'\'');
    }
    word
}

fn statement(code: &mut Vec<u8>, change: &Change) {
    code.extend(if change.value.is_some() { b"export ".as_slice() } else { b"unset " });
    code.extend(change.name);
    if let Some(value) = change.value {
        code.push(b'=');
        code.extend(quote(value));
    }
    code.push(b';');
}

/// Exports what the shell knows, if that is what is wanted, as after `export UID` in an rc.
fn identity(code: &mut Vec<u8>, change: &Change, unexport: &[u8]) {
    if let Some(value) = change.value {
        code.extend(b"[[ ${");
        code.extend(change.name);
        code.extend(b"-} != ");
        code.extend(quote(value));
        code.extend(b" ]] || export ");
    } else {
        code.extend(unexport);
    }
    code.extend(change.name);
    code.push(b';');
}

/// A table, for a prompt's state is long. `~` and `=` are not bare: zsh expands them in the value of an assignment.
#[expect(clippy::cast_possible_truncation, reason = "it counts no further than bytes go")]
const WAYS: [u8; 256] = {
    let mut ways = [ESCAPED; 256];
    let mut byte = 0;
    while byte < ways.len() {
        let letter = byte as u8;
        let is_bare = letter.is_ascii_alphanumeric()
            || matches!(letter, b'%' | b'+'..=b'/' | b':' | b'@' | b'_');
        if is_bare {
            ways[byte] = BARE;
        } else if matches!(letter, b' '..=b'~') && letter != b'\'' {
            ways[byte] = QUOTED;
        }
        byte += 1;
    }
    ways
};

#[cfg(test)]
mod tests {
    use super::super::{Shell, changes};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(shell: Shell, name: &str, value: Option<&[u8]>, expected: Expect) {
        let code = shell.render(&changes([(name.as_bytes(), value)]));
        expected.assert_eq(str::from_utf8(&code).unwrap());
    }

    #[test]
    fn quotes_only_what_needs_it() {
        check(Shell::Bash, "A", Some(b"/usr/bin:/bin"), expect!["export A=/usr/bin:/bin;"]);
        check(Shell::Bash, "A", Some(b""), expect!["export A='';"]);
        check(Shell::Bash, "A", Some(b"two words, $HOME"), expect!["export A='two words, $HOME';"]);
        check(Shell::Zsh, "A", Some(b"~/x=y"), expect!["export A='~/x=y';"]);
        check(
            Shell::Zsh,
            "A",
            Some(b"it's\n!\xc3\xa9\\"),
            expect![r"export A=$'it\'s\n\x21\xc3\xa9\\';"],
        );
        check(Shell::Bash, "A", Some(b"\xff "), expect![r"export A=$'\xff ';"]);
        check(Shell::Bash, "A", Some("é".as_bytes()), expect![r"export A=$'\xc3\xa9';"]);
        check(Shell::Zsh, "A", None, expect!["unset A;"]);
    }

    #[test]
    fn who_the_process_is_does_not_change() {
        check(Shell::Bash, "UID", Some(b"1000"), expect!["[[ ${UID-} != 1000 ]] || export UID;"]);
        check(Shell::Bash, "UID", None, expect!["export -n UID;"]);
        check(Shell::Bash, "GID", Some(b"1000"), expect!["export GID=1000;"]);
        check(
            Shell::Zsh,
            "GID",
            Some(b"x[$(id)]"),
            expect!["[[ ${GID-} != 'x[$(id)]' ]] || export GID;"],
        );
        check(Shell::Zsh, "GID", None, expect!["typeset +gx GID;"]);
    }
}
