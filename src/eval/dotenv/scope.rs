//! What a `.env` file has set so far, over what was set before it: where references find their values.

use super::split_while;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// How much text references may add to one file: more than any system passes to a program, and an end to
/// `A=$A$A`, which doubles with each line.
const ROOM: usize = 16 << 20;

pub struct Scope<'a> {
    vars: BTreeMap<OsString, OsString>,
    outer: &'a dyn Fn(&OsStr) -> Option<OsString>,
    room: usize,
}

impl<'a> Scope<'a> {
    pub fn new(outer: &'a dyn Fn(&OsStr) -> Option<OsString>) -> Self {
        Self { vars: BTreeMap::new(), outer, room: ROOM }
    }

    pub fn set(&mut self, name: &[u8], value: Vec<u8>) {
        self.vars.insert(OsStr::from_bytes(name).to_owned(), OsString::from_vec(value));
    }

    pub fn into_vars(self) -> BTreeMap<OsString, OsString> {
        self.vars
    }

    /// Puts values in the place of references. There are no others than
    ///
    /// ```text
    /// reference = "$" ( letter | digit | "_" )+      a leading digit is a name by itself
    ///           | "$" one of * # $ @ ! ? -
    ///           | "${" name [ ":-" default ] "}"     any text without "}", taken as it stands
    /// ```
    ///
    /// A `$` before anything else stays, a `${` that is not closed vanishes.
    pub fn expand(&mut self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut value = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&byte| byte == b'$') {
            value.extend(&rest[..at]);
            let after_dollar = &rest[at + 1..];
            rest = if let Some((reference, after)) = split_reference(after_dollar) {
                let found = self.look_up(reference);
                self.room =
                    self.room.checked_sub(found.len()).ok_or("references add more than 16 MiB")?;
                value.extend(found.as_bytes());
                after
            } else {
                value.push(b'$');
                after_dollar
            };
        }
        value.extend(rest);
        Ok(value)
    }

    /// A name that the file set, even to nothing, hides both `outer` and the default.
    fn look_up(&self, reference: &[u8]) -> OsString {
        let (name, default) = split_default(reference);
        match self.vars.get(name) {
            Some(value) => value.clone(),
            None => (self.outer)(name)
                .filter(|value| !value.is_empty())
                .unwrap_or_else(|| default.to_owned()),
        }
    }
}

/// What the text behind a `$` refers to, and what follows that.
fn split_reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    match text {
        [b'{', inside @ ..] => match split_while(inside, |byte| byte != b'}') {
            (reference, [_brace, after @ ..]) => Some((reference, after)),
            (_, []) => Some((b"", inside)),
        },
        [b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9', ..] => {
            Some(text.split_at(1))
        }
        _ => {
            let (name, after) =
                split_while(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            (!name.is_empty()).then_some((name, after))
        }
    }
}

fn split_default(reference: &[u8]) -> (&OsStr, &OsStr) {
    let at = reference.windows(2).position(|pair| pair == b":-");
    let (name, default) =
        at.map_or((reference, &[][..]), |at| (&reference[..at], &reference[at + 2..]));
    (OsStr::from_bytes(name), OsStr::from_bytes(default))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let outer = |name: &OsStr| match name.to_str() {
            Some("A" | "O") => Some("outer".into()),
            Some("E") => Some(OsString::new()),
            _ => None,
        };
        let mut scope = Scope::new(&outer);
        scope.set(b"A", b"1".to_vec());
        scope.set(b"A.B", b"dotted".to_vec());
        scope.set(b"1", b"one".to_vec());
        scope.set(b"N", Vec::new());
        expected.assert_eq(&String::from_utf8(scope.expand(text.as_bytes()).unwrap()).unwrap());
    }

    #[test]
    fn plain() {
        check("$A-${A}b$O", expect!["1-1bouter"]);
        check("$A_$X|${X}|$N|$E", expect!["|||"]);
        check("$A.B ${A.B}", expect!["1.B dotted"]);
    }

    #[test]
    fn defaults() {
        check("${X:-d} ${E:-d} ${O:-d} ${N:-d}|", expect!["d d outer |"]);
        check("${X:-} ${X:-a:-b} ${:-d}", expect![" a:-b d"]);
        check("${X:-$A} ${X:-${A}}", expect!["$A ${A}"]);
        check("${X-d}${A-d}${A+x}${A:=x}${#A}", expect![""]);
    }

    #[test]
    fn special_parameters() {
        check("$$|$*|$#|$@|$!|$?|$-|$0|${?}|$-A", expect!["|||||||||A"]);
        check("$1 $12 ${12}", expect!["one one2 "]);
    }

    #[test]
    fn what_is_no_reference() {
        check("$ $. a$", expect!["$ $. a$"]);
        check("$'A' $\"", expect![[r#"$'A' $""#]]);
        check("${}|${A", expect!["|A"]);
        check("$é", expect!["$é"]);
    }

    #[test]
    fn values_are_not_read_again() {
        let mut scope = Scope::new(&|_| Some("$A".into()));
        assert_eq!(scope.expand(b"$X").unwrap(), b"$A");
    }

    #[test]
    fn doubling_comes_to_an_end() {
        let mut scope = Scope::new(&|_| None);
        scope.set(b"A", b"lol".to_vec());
        let mut doubled =
            (0..64).map(|_| scope.expand(b"$A$A").map(|value| scope.set(b"A", value)));
        assert_eq!(doubled.find_map(Result::err).unwrap(), "references add more than 16 MiB");
    }
}
