//! What can be told of a script by its text, before bash reads it: which functions of the library it may call.

use std::collections::HashSet;

/// Functions that a script may call.
#[derive(Debug, PartialEq, Eq)]
pub enum Calls<'a> {
    /// Those with these names.
    Words(HashSet<&'a [u8]>),
    Any,
}

/// Words of bash behind which a text, or the value of a variable, may become a command, or a function be looked for.
const READERS: [&[u8]; 20] = [
    b"BASH_ALIASES",
    b"alias",
    b"bind",
    b"builtin",
    b"command",
    b"compgen",
    b"complete",
    b"coproc",
    b"declare",
    b"enable",
    b"eval",
    b"exec",
    b"hash",
    b"mapfile",
    b"readarray",
    b"source",
    b"time",
    b"trap",
    b"type",
    b"typeset",
];

/// Words that stand before a command.
const BEFORE_COMMANDS: [&[u8]; 10] =
    [b"!", b"do", b"elif", b"else", b"function", b"if", b"then", b"until", b"while", b"{"];

impl<'a> Calls<'a> {
    /// Of a script whose text is this, without anything that it has from elsewhere.
    pub fn of(script: &'a [u8]) -> Self {
        let words: HashSet<&[u8]> = script.split(|byte| !is_of_name(*byte)).collect();
        let is_own = |word: &&&[u8]| word.starts_with(b"__");
        let reads = READERS.iter().any(|reader| words.contains(reader))
            || words.iter().any(|word| is_own(&word))
            || script.windows(2).any(|pair| pair == b"@P");
        if reads || !commands(script).all(has_plain_name) { Self::Any } else { Self::Words(words) }
    }

    /// In POSIX mode no function can be defined later that has a name such as `realpath.absolute`.
    pub fn may_be(&self, function: &str) -> bool {
        match self {
            Self::Words(words) => {
                words.contains(function.as_bytes()) || !function.bytes().all(is_of_name)
            }
            Self::Any => true,
        }
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The text between what may end a command, in quotes as well, for there are commands in some: all that bash may take for
/// one begins like one of these.
fn commands(script: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut before = b'\n';
    script.split(move |byte| {
        let is_end = match byte {
            b'\n' | b';' | b'&' | b'|' | b')' | b'`' => true,
            // An array.
            b'(' => before != b'=',
            _ => false,
        };
        before = *byte;
        is_end
    })
}

/// Whether bash changes nothing in the command's name before it looks for it.
fn has_plain_name(command: &[u8]) -> bool {
    let words = command.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    let mut words = words.skip_while(|word| BEFORE_COMMANDS.contains(word) || is_assignment(word));
    words.next().is_none_or(|name| {
        let is_plain = |byte: &u8| is_of_name(*byte) || b"%+,-./:=@".contains(byte);
        let is_sign = [b"[".as_slice(), b"[[", b"}"].contains(&name);
        name.starts_with(b"#") || is_sign || name != b"." && name.iter().all(is_plain)
    })
}

fn is_assignment(word: &[u8]) -> bool {
    let Some(end) = word.iter().position(|byte| *byte == b'=') else { return false };
    let name = word[..end].strip_suffix(b"+").unwrap_or(&word[..end]);
    !name.is_empty() && name.iter().copied().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_there_may_be_called() {
        for script in [
            "use nix",
            "A=1 use nix",
            "for i in $x; do\n\tuse \"$i\"\ndone",
            "[[ -n $x ]] && use",
            "A=(\"$x\")\nif ! use; then :; fi",
            "echo ${x-use} \"${use}\"",
            "# it's \"used\"\n\tuse",
            "f() { use; }",
        ] {
            let calls = Calls::of(script.as_bytes());
            assert!(matches!(calls, Calls::Words(_)), "{script}");
            assert!(calls.may_be("use"), "{script}");
            assert!(!calls.may_be("use_nix"), "{script}");
        }
    }

    #[test]
    fn a_name_that_is_made_may_be_any() {
        for script in [
            "$x",
            "use_$x",
            "\"$x\" nix",
            "'us'e",
            "\\use",
            "us\\\ne",
            "A=1 $x",
            "A=\"b c\" $x",
            "if ! $x; then :; fi",
            "true && $x",
            "y=$($x)",
            "y=\"$(\n$x)\"",
            "y=`$x`",
            "{ $x; }",
            "case 1 in 1) $x ;; esac",
            "for i in 1; do $x; done",
            "{us,x}e",
            "u?e",
            ">x $x",
            ". ./x",
            "source x",
            "eval x",
            "command x",
            "trap x EXIT",
            "echo ${x@P}",
            "__envr_ask",
        ] {
            assert_eq!(Calls::of(script.as_bytes()), Calls::Any, "{script}");
        }
    }
}
