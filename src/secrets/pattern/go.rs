//! Regular expressions as Go reads them, for an engine that reads some letters otherwise: each is written anew in what
//! means the same to both, or refused.

use anyhow::{Result, bail};
use std::fmt::Write as _;
use std::str::Chars;

/// Go repeats nothing more often.
const REPEAT_LIMIT: u32 = 1000;
/// `\s`, which has no vertical tab in Go, and what it is not.
const SPACES: &str = r"\t\n\x0c\r ";
const NO_SPACES: &str = r"\x00-\x08\x0b\x0e-\x1f!-\x{10ffff}";

/// Letters of ASCII, and what Go takes for the same where the case does not count. The engine knows no case beyond ASCII.
const FOLDED: [(char, char); 2] = [('s', '\u{17f}'), ('k', '\u{212a}')];

/// The same for the engine.
pub fn written(text: &str) -> Result<String> {
    let mut reader = Reader {
        rest: text.chars(),
        written: String::new(),
        has_flags: false,
        folds: false,
        outer: Vec::new(),
    };
    reader.all()?;
    // It would leave in the clear what Go encrypts.
    if reader.has_flags && !text.is_ascii() {
        bail!("flags beside letters beyond ASCII are not supported");
    }
    Ok(reader.written)
}

struct Reader<'a> {
    rest: Chars<'a>,
    written: String,
    has_flags: bool,
    /// Whether the case of letters does not count here, and in the groups around.
    folds: bool,
    outer: Vec<bool>,
}

/// What may follow something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that could be repeated.
    Nothing,
    One,
    Repeated,
}

impl Reader<'_> {
    fn all(&mut self) -> Result<()> {
        let mut before = Before::Nothing;
        while let Some(character) = self.rest.next() {
            before = match character {
                '*' | '+' | '?' => self.repeat(before, &character.to_string())?,
                '{' => match self.bounds()? {
                    Some(bounds) => self.repeat(before, &bounds)?,
                    None => self.literal('{'),
                },
                '[' => self.class()?,
                '(' => self.group()?,
                '|' => {
                    self.written.push('|');
                    Before::Nothing
                }
                ')' | '.' | '^' | '$' => {
                    if character == ')' {
                        self.folds = self.outer.pop().unwrap_or_default();
                    }
                    self.written.push(character);
                    Before::One
                }
                '\\' => self.escape()?,
                other => self.literal(other),
            };
        }
        Ok(())
    }

    fn literal(&mut self, character: char) -> Before {
        match FOLDED.iter().find(|(letter, _)| self.folds && character.eq_ignore_ascii_case(letter))
        {
            Some((letter, other)) => self.written.extend(['[', *letter, *other, ']']),
            None => push_literal(character, &mut self.written),
        }
        Before::One
    }

    /// What a class of letters has more of where the case does not count.
    fn fold(&mut self, holds: impl Fn(char) -> bool) {
        for (letter, other) in FOLDED {
            if self.folds && (holds(letter) || holds(letter.to_ascii_uppercase())) {
                self.written.push(other);
            }
        }
    }

    /// A `?` behind it wants the shortest, and is no repetition of its own.
    fn repeat(&mut self, before: Before, operator: &str) -> Result<Before> {
        match before {
            Before::Nothing => bail!("`{operator}` repeats nothing"),
            Before::Repeated => bail!("`{operator}` repeats what is repeated already"),
            Before::One => {}
        }
        self.written.push_str(operator);
        if self.take("?") {
            self.written.push('?');
        }
        Ok(Before::Repeated)
    }

    /// `{2}`, `{2,}` or `{2,4}`; anything else is text to Go.
    fn bounds(&mut self) -> Result<Option<String>> {
        let Some((inner, after)) = self.rest.as_str().split_once('}') else { return Ok(None) };
        let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
        let is_number = |text: &str| {
            let is_short = text == "0" || !text.starts_with('0');
            !text.is_empty() && is_short && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(least) || !(most.is_empty() || is_number(most)) {
            return Ok(None);
        }
        let count = |text: &str| text.parse().unwrap_or(u32::MAX);
        let [first, last] = [least, if most.is_empty() { least } else { most }].map(count);
        if last > REPEAT_LIMIT || first > last {
            bail!("`{{{inner}}}` is no number of repetitions up to {REPEAT_LIMIT}");
        }
        self.rest = after.chars();
        Ok(Some(format!("{{{inner}}}")))
    }

    /// `(`, `(?:`, `(?P<name>`, `(?<name>`, `(?i:` or `(?i)`.
    fn group(&mut self) -> Result<Before> {
        self.written.push('(');
        self.outer.push(self.folds);
        if !self.take("?") {
            return Ok(Before::Nothing);
        }
        for named in ["P<", "<"] {
            if self.take(named) {
                let Some((name, after)) = self.rest.as_str().split_once('>') else {
                    bail!("the name of a group does not end");
                };
                let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                if name.is_empty() || !name.chars().all(is_word) {
                    bail!("`{name}` is no name of a group");
                }
                self.rest = after.chars();
                // Names are nothing to who only asks whether something matches.
                return Ok(Before::Nothing);
            }
        }
        let text = self.rest.as_str();
        let Some(end) = text.find([':', ')']) else { bail!("the flags of a group do not end") };
        let flags = &text[..end];
        let (on, off) = flags.split_once('-').unwrap_or((flags, "i"));
        if off.is_empty() || !on.chars().chain(off.chars()).all(|flag| "imsU".contains(flag)) {
            bail!("`(?{flags}` has flags that are not known");
        }
        let is_alone = text[end..].starts_with(')');
        if is_alone && flags.is_empty() {
            bail!("`(?)` repeats nothing");
        }
        self.has_flags |= !flags.is_empty();
        self.folds =
            (self.folds || on.contains('i')) && !(flags.contains('-') && off.contains('i'));
        if is_alone {
            self.outer.pop();
        }
        self.rest = text[end + 1..].chars();
        _ = write!(self.written, "?{flags}{}", if is_alone { ')' } else { ':' });
        Ok(Before::Nothing)
    }

    fn escape(&mut self) -> Result<Before> {
        if self.take("Q") {
            let text = self.rest.as_str();
            let (quoted, after) = text.split_once("\\E").unwrap_or((text, ""));
            self.rest = after.chars();
            for character in quoted.chars() {
                self.literal(character);
            }
            return Ok(if quoted.is_empty() { Before::Nothing } else { Before::One });
        }
        for (name, meaning) in [('s', format!("[{SPACES}]")), ('S', format!("[^{SPACES}]"))] {
            if self.take(name.encode_utf8(&mut [0; 4])) {
                self.written.push_str(&meaning);
                return Ok(Before::One);
            }
        }
        for (name, start) in [("w", "[\\w"), ("W", "[^\\w")] {
            if self.take(name) {
                self.written.push_str(start);
                self.fold(|_| true);
                self.written.push(']');
                return Ok(Before::One);
            }
        }
        for same in ["d", "D", "A", "z", "b", "B"] {
            if self.take(same) {
                self.written.extend(["\\", same]);
                return Ok(Before::One);
            }
        }
        let character = self.escaped()?;
        Ok(self.literal(character))
    }

    /// What stands behind a `\` for one letter.
    fn escaped(&mut self) -> Result<char> {
        let Some(first) = self.rest.next() else { bail!("it ends with `\\`") };
        Ok(match first {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => return self.hexadecimal(),
            '0'..='7' => return self.octal(first),
            'p' | 'P' => bail!("classes of Unicode are not supported"),
            other if other.is_ascii_punctuation() || other == ' ' || other.is_ascii_control() => {
                other
            }
            other => bail!("`\\{other}` has no meaning"),
        })
    }

    fn hexadecimal(&mut self) -> Result<char> {
        let text = self.rest.as_str();
        let (digits, after) = match text.strip_prefix('{') {
            Some(inner) => inner.split_once('}').unwrap_or_default(),
            None => text.split_at_checked(2).unwrap_or_default(),
        };
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| are_digits);
        let Some(character) = number.and_then(char::from_u32) else {
            bail!("`\\x` is not followed by the number of a letter");
        };
        self.rest = after.chars();
        Ok(character)
    }

    /// Up to three digits; one alone that is not zero would be a reference, which Go does not know.
    fn octal(&mut self, first: char) -> Result<char> {
        let mut number = first.to_digit(8).unwrap_or_default();
        let mut count = 1;
        while count < 3
            && let Some(digit) = self.rest.clone().next().and_then(|next| next.to_digit(8))
        {
            self.rest.next();
            number = number * 8 + digit;
            count += 1;
        }
        if first != '0' && count == 1 {
            bail!("`\\{first}` refers to a group, which is not supported");
        }
        match char::from_u32(number) {
            Some(character) => Ok(character),
            None => bail!("`\\{first}` is not followed by the number of a letter"),
        }
    }

    fn class(&mut self) -> Result<Before> {
        self.written.push('[');
        if self.take("^") {
            self.written.push('^');
        }
        let mut is_first = true;
        loop {
            if !is_first && self.take("]") {
                break;
            }
            is_first = false;
            if self.take("[:") {
                self.named_class()?;
            } else if self.take("\\s") {
                self.written.push_str(SPACES);
            } else if self.take("\\S") {
                self.written.push_str(NO_SPACES);
            } else if self.take("\\w") {
                self.written.push_str("\\w");
                self.fold(|_| true);
            } else if self.folds && self.take("\\W") {
                bail!("`\\W` in a class is not supported where the case does not count");
            } else if let Some(class) = ["\\d", "\\D", "\\W"].iter().find(|class| self.take(class))
            {
                self.written.push_str(class);
            } else {
                self.range()?;
            }
        }
        self.written.push(']');
        Ok(Before::One)
    }

    /// `[:alpha:]`, also `[:^alpha:]`; the same names are known here.
    fn named_class(&mut self) -> Result<()> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        let text = self.rest.as_str();
        let Some((name, after)) = text.split_once(":]") else {
            // Without its end it is text.
            push_literal('[', &mut self.written);
            push_literal(':', &mut self.written);
            return Ok(());
        };
        if !NAMES.contains(&name.trim_start_matches('^')) {
            bail!("`[:{name}:]` is no class");
        }
        let bare = name.trim_start_matches('^');
        let has_letters = !["blank", "cntrl", "digit", "punct", "space", "xdigit"].contains(&bare);
        if self.folds && has_letters && name.starts_with('^') {
            bail!("`[:{name}:]` is not supported where the case does not count");
        }
        self.rest = after.chars();
        _ = write!(self.written, "[:{name}:]");
        self.fold(|_| has_letters);
        Ok(())
    }

    /// One letter, or all between two.
    fn range(&mut self) -> Result<()> {
        let first = self.class_letter()?;
        push_literal(first, &mut self.written);
        let text = self.rest.as_str();
        if text.starts_with('-') && !text.starts_with("-]") {
            self.rest.next();
            let last = self.class_letter()?;
            if last < first {
                bail!("`{first}-{last}` is no range");
            }
            self.written.push('-');
            push_literal(last, &mut self.written);
            self.fold(|letter| (first..=last).contains(&letter));
        } else {
            self.fold(|letter| letter == first);
        }
        Ok(())
    }

    fn class_letter(&mut self) -> Result<char> {
        match self.rest.next() {
            None => bail!("a class has no `]`"),
            Some('\\') => self.escaped(),
            Some(other) => Ok(other),
        }
    }

    fn take(&mut self, wanted: &str) -> bool {
        let after = self.rest.as_str().strip_prefix(wanted);
        if let Some(after) = after {
            self.rest = after.chars();
        }
        after.is_some()
    }
}

/// So that it means nothing but itself.
fn push_literal(character: char, written: &mut String) {
    if character.is_ascii_alphanumeric() || !character.is_ascii() || character == '_' {
        written.push(character);
    } else {
        _ = write!(written, "\\x{{{:x}}}", u32::from(character));
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::pattern::compile;

    #[track_caller]
    fn check(pattern: &str, text: &str, matches: bool) {
        let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:#}"));
        assert_eq!(regex.is_match(text), matches, "{pattern} in {text:?}");
    }

    #[test]
    fn what_means_the_same_to_both_is_kept() {
        for (pattern, text, matches) in [
            ("^pass(word)?$", "password", true),
            ("^(data|stringData)$", "stringData", true),
            ("(?i)^PASS", "password", true),
            ("(?-i)PASS|x", "pass", false),
            ("(?P<a>x)(?<b>y)(?:z)", "xyz", true),
            ("[[:alpha:]-]+$", "a-b", true),
            ("^a{2,3}$", "aaaa", false),
            ("^a{2,3}?$", "aaa", true),
            ("a.c", "a\nc", false),
            ("", "x", true),
            ("é", "é", true),
            (r"\x41\x{42}\103", "ABC", true),
            (r"^\w+\.\d$", "ab.1", true),
        ] {
            check(pattern, text, matches);
        }
    }

    #[test]
    fn what_means_something_else_is_written_otherwise() {
        for (pattern, text, matches) in [
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"\Qa.b", "a.b", true),
            ("^[a[]$", "[", true),
            ("^[]a]$", "]", true),
            ("^[^]a]$", "]", false),
            ("^[a&&b]$", "&", true),
            ("^a{,2}$", "a{,2}", true),
            ("^{$", "{", true),
            ("^a{2,1x}$", "a{2,1x}", true),
            (r"\<pass", "<pass", true),
            (r"\<pass", "pass", false),
            (r"a\sb", "a\u{b}b", false),
            (r"^[\s]$", "\t", true),
            (r"^[\S]$", "\u{b}", true),
            (r"^[^\S]$", " ", true),
            ("^[a-]$", "-", true),
            (r"^[\-a]$", "-", true),
            ("^[[:a]$", ":", true),
        ] {
            check(pattern, text, matches);
        }
    }

    /// In Go two letters beyond ASCII are another's capital or small one.
    #[test]
    fn letters_beyond_ascii_count_where_their_case_does_not() {
        for (pattern, text, matches) in [
            ("(?i)^S$", "\u{17f}", true),
            ("(?i)^s$", "S", true),
            ("(?i)^[^s]$", "\u{17f}", false),
            ("(?i)^[a-z]$", "\u{212a}", true),
            ("(?i)^[a-j]$", "\u{212a}", false),
            ("(?i)^\\w$", "\u{212a}", true),
            ("(?i)^\\W$", "\u{212a}", false),
            ("(?i)^[\\w-]$", "\u{17f}", true),
            ("(?i)^[[:upper:]]$", "\u{17f}", true),
            ("(?i)^[[:digit:]]$", "\u{17f}", false),
            ("(?i)^\\x53$", "\u{17f}", true),
            ("s", "\u{17f}", false),
            ("(?i)(?-i:s)", "\u{17f}", false),
            ("(?i)(?-i)s", "\u{17f}", false),
            ("((?i)x)s", "x\u{17f}", false),
            ("(?i:x)s", "x\u{17f}", false),
            ("(?i:xs)", "X\u{17f}", true),
            ("(?i)(x)s", "x\u{17f}", true),
            ("(?s-i)s", "\u{17f}", false),
        ] {
            check(pattern, text, matches);
        }
        for pattern in ["(?i)[\\W]", "(?i)[[:^alpha:]]"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "a**",
            "a++",
            "a+*",
            "a{2}{3}",
            "*a",
            "+",
            "|*",
            "(*a)",
            "(?i)*",
            r"\u0078",
            "(?x)a",
            ".{1001}",
            "a{3,2}",
            "(",
            "a)",
            "[a",
            "[b-a]",
            r"\1",
            r"\8",
            r"\y",
            r"\",
            r"[\d-\q]",
            "[[:foo:]]",
            "(?P<>a)",
            "(?P<a-b>x)",
            "(?-)",
            "(?i-:a)",
            "(?=a)",
            r"\x{110000}",
            r"\pL",
            r"\Z",
            r"\C",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
