//! What can be told of a script by its text, before bash reads it: what it may call and define, and how it begins.

use crate::eval::parse;
use crate::host::Voice;
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

/// Whether a script may define functions or aliases, as far as its own text goes. Under the name direnv nobody sees what it
/// sources.
pub fn may_define(script: &[u8], voice: Voice) -> bool {
    let has_parentheses = || {
        let mut parts = script.split(|byte| *byte == b'(').skip(1);
        parts.any(|part| part.trim_ascii_start().starts_with(b")"))
    };
    let text = String::from_utf8_lossy(script);
    let words = ["function", "eval", "alias", "ALIAS", "source ", ". "];
    let words = if voice == Voice::Direnv { &words[..] } else { &words[..4] };
    words.iter().any(|word| text.contains(word)) || has_parentheses()
}

/// Whether a script may switch builtins off, as far as its own text goes.
pub fn may_disable(script: &[u8]) -> bool {
    script.split(|byte| !is_of_name(*byte)).any(|word| word == b"enable")
}

/// Whether a script may show another bash its functions, as far as its own text goes: `export -f`, `declare -f`.
pub fn may_hand_on(script: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let mut words = script.split(|byte| !is_part(byte)).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if [b"export".as_slice(), b"declare", b"typeset"].contains(&word)
            && words.peek().is_some_and(|flags| flags.starts_with(b"-") && flags.contains(&b'f'))
        {
            return true;
        }
    }
    false
}

/// Whether bash finds nothing wrong with the first line by itself, nor takes it for the beginning of more than that.
pub fn begins_plain(script: &[u8]) -> bool {
    const RESERVED: [&[u8]; 17] = [
        b"case",
        b"coproc",
        b"do",
        b"done",
        b"elif",
        b"else",
        b"esac",
        b"fi",
        b"for",
        b"function",
        b"if",
        b"in",
        b"select",
        b"then",
        b"time",
        b"until",
        b"while",
    ];
    let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = line.split(|byte| *byte == b' ').find(|word| !word.is_empty()).unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-./:=,@%+".contains(byte);
    line.starts_with(b"#")
        || line.iter().all(is_plain) && !RESERVED.contains(&first)
        || parse::parse(line).is_ok()
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

    #[test]
    fn a_first_line_is_plain_when_it_is_a_whole_one() {
        for line in ["use nix", "# a 'comment", "export A=\"b c\"", "use flake .#x || true", ""] {
            assert!(begins_plain(format!("{line}\nA=(1)\n").as_bytes()), "{line}");
        }
        let others = [
            "if has x; then",
            "A=\"b",
            "a &&",
            "a |",
            "a \\",
            "cat <<E",
            "f() {",
            "a )",
            "A=(1)",
            "case x in",
        ];
        for line in others {
            assert!(!begins_plain(format!("{line}\nfi\n").as_bytes()), "{line}");
        }
    }
}
