//! `.env` files, in the grammar that direnv gives them.
//!
//! ```text
//! file       = { line ( LF | CR ) }
//! line       = space* [ assignment ] space* [ comment ]
//! assignment = [ "export" space+ ] name separator [ value ]
//! name       = ( letter | digit | "_" | "." )+              ASCII only
//! separator  = space* "=" space*
//!            | ":" space+                                   as in YAML
//! value      = "'" any* "'"                                 as it stands
//!            | '"' any* '"'                                 escapes, then references
//!            | bare+                                        references
//! bare       = neither space nor "#"
//! comment    = "#" any*
//! ```
//!
//! Quotes in `value`, references in `scope`. Messages show what stands before a separator, never what follows it:
//! these files hold secrets.

mod scope;
mod value;

use crate::env::Env;
use crate::error::in_voice;
use crate::host::Host;
use anyhow::anyhow;
use scope::Scope;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a `.env` file's text; of a name that is set twice, the last value counts. References see what earlier lines
/// set, then ask `outer`.
fn parse(
    text: &[u8],
    outer: &dyn Fn(&OsStr) -> Option<OsString>,
) -> Result<BTreeMap<OsString, OsString>, Error> {
    if let Some((line, _)) = lines(text).find(|(_, line)| line.contains(&0)) {
        return Err(Error { line, message: "a NUL byte cannot be part of a variable".to_owned() });
    }
    let mut scope = Scope::new(outer);
    let mut lines = lines(text);
    while let Some((number, line)) = lines.next() {
        read_line(line, lines.by_ref().map(|(_, line)| line), &mut scope)
            .map_err(|message| Error { line: number, message })?;
    }
    Ok(scope.into_vars())
}

/// As `parse`, for a file in `dir`, which is what its `$PWD` means, and the variables of `env`.
pub fn parse_in(dir: &Path, text: &[u8], env: &Env) -> Result<BTreeMap<OsString, OsString>, Error> {
    parse(text, &|name| {
        let value = if name == "PWD" { Some(dir.as_os_str()) } else { env.get(name) };
        value.map(OsStr::to_os_string)
    })
}

/// As `parse_in`, with an error in words for whoever called.
pub fn variables_in(
    host: &Host,
    path: &Path,
    text: &[u8],
    env: &Env,
) -> Result<BTreeMap<OsString, OsString>, anyhow::Error> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    parse_in(dir, text, env).map_err(|Error { line, message }| {
        let ours = anyhow!("could not read `{}:{line}`: {message}", path.display());
        in_voice(host, wrong_line(text, line), ours)
    })
}

/// The line that sets a variable last.
pub fn line_of(text: &[u8], name: &OsStr, env: &Env) -> Option<usize> {
    let outer = |name: &OsStr| env.get(name).map(OsStr::to_os_string);
    let mut scope = Scope::new(&outer);
    let mut lines = lines(text);
    let mut found = None;
    while let Some((number, line)) = lines.next() {
        let is_it = assignment(line.trim_ascii_start())
            .is_ok_and(|(assigned, _)| assigned == name.as_encoded_bytes());
        read_line(line, lines.by_ref().map(|(_, line)| line), &mut scope).ok()?;
        found = if is_it { Some(number) } else { found };
    }
    found
}

/// The line that an error names, as direnv tells it, but for what may be a secret.
pub fn wrong_line(text: &[u8], line: usize) -> String {
    let line = text.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    let (name, rest) = split_while(line.trim_ascii_end(), |byte| byte != b'=' && byte != b':');
    let hidden = rest.get(..1).map(|separator| [separator, "…".as_bytes()].concat());
    format!(
        "invalid line: {}",
        String::from_utf8_lossy(&[name, &hidden.unwrap_or_default()].concat())
    )
}

/// Where a file cannot be read, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Counted from 1; for an open quote, the line that opens it.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Error {}

/// The lines that are not empty, numbered as an editor does: a lone CR ends a line but does not count as one.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|&byte| byte == b'\n').zip(1..).flat_map(|(line, number)| {
        let pieces = line.split(|&byte| byte == b'\r').filter(|piece| !piece.is_empty());
        pieces.map(move |piece| (number, piece))
    })
}

/// Reads one line, and as many of the `following` ones as its value takes.
fn read_line<'a>(
    line: &[u8],
    following: impl Iterator<Item = &'a [u8]>,
    scope: &mut Scope<'_>,
) -> Result<(), String> {
    if ends_line(line) {
        return Ok(());
    }
    let (name, text) = assignment(line.trim_ascii_start())?;
    let value = value::read(text, following, scope)?;
    scope.set(name, value);
    Ok(())
}

/// The name, and what follows the separator.
fn assignment(line: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let line = without_export(line);
    let (name, rest) = split_while(line, is_name_byte);
    match after_separator(rest) {
        Some(text) if !name.is_empty() => Ok((name, text)),
        _ => Err(not_an_assignment(line, name, rest)),
    }
}

/// `export A=1` sets `A`, but `export = 1` sets `export`.
fn without_export(line: &[u8]) -> &[u8] {
    let rest = line.strip_prefix(b"export").unwrap_or_default();
    let text = rest.trim_ascii_start();
    if text.len() < rest.len() && !text.starts_with(b"=") { text } else { line }
}

fn after_separator(rest: &[u8]) -> Option<&[u8]> {
    let yaml =
        || rest.strip_prefix(b":").filter(|text| text.first().is_some_and(u8::is_ascii_whitespace));
    rest.trim_ascii_start().strip_prefix(b"=").or_else(yaml).map(<[u8]>::trim_ascii_start)
}

fn not_an_assignment(line: &[u8], name: &[u8], rest: &[u8]) -> String {
    let (before_equals, after) = split_while(line, |byte| byte != b'=');
    let wrong_name = before_equals.trim_ascii_end();
    if line.starts_with(BYTE_ORDER_MARK) {
        "expected text but found a byte order mark; save the file without it".to_owned()
    } else if !name.is_empty() && rest.starts_with(b":") {
        format!("expected a space after `{}:`", String::from_utf8_lossy(name))
    } else if after.is_empty() || wrong_name.is_empty() {
        "expected `NAME=value`".to_owned()
    } else {
        format!("`{}` is not a variable name", String::from_utf8_lossy(wrong_name))
    }
}

/// Whether nothing but a comment is left.
fn ends_line(rest: &[u8]) -> bool {
    matches!(rest.trim_ascii_start(), [] | [b'#', ..])
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

fn split_while(text: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| !belongs(byte)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match parse(text.as_bytes(), &outer) {
            Ok(vars) => vars.iter().map(shown).collect::<Vec<_>>().join(", "),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    fn outer(name: &OsStr) -> Option<OsString> {
        (name == "HOME").then(|| "/home/me".into())
    }

    fn shown((name, value): (&OsString, &OsString)) -> String {
        let value = value.to_string_lossy().replace('\n', "⏎").replace('\r', "␍");
        format!("{}={value}", name.to_string_lossy())
    }

    #[test]
    fn plain() {
        check("A=1\nB=two", expect!["A=1, B=two"]);
        check("", expect![""]);
        check("A=1\n \t\n\n# B=2\n  #\nC=3\n", expect!["A=1, C=3"]);
        check("A=1\r\nB=2\rC=3\r\n", expect!["A=1, B=2, C=3"]);
        check("A=1\nA=2\nB=x\nA=3", expect!["A=3, B=x"]);
        check("  \tA=1  \t", expect!["A=1"]);
    }

    #[test]
    fn names() {
        check("a_B.9=1\n9=x\n.=y\n_=z", expect![".=y, 9=x, _=z, a_B.9=1"]);
        check("A-B=1", expect!["line 1: `A-B` is not a variable name"]);
        check("A+=1", expect!["line 1: `A+` is not a variable name"]);
        check("A[0]=1", expect!["line 1: `A[0]` is not a variable name"]);
        check("é=1", expect!["line 1: `é` is not a variable name"]);
        check("set A=1", expect!["line 1: `set A` is not a variable name"]);
        check("A =1\nA B =1", expect!["line 2: `A B` is not a variable name"]);
        check(
            "\u{feff}A=1",
            expect!["line 1: expected text but found a byte order mark; save the file without it"],
        );
    }

    #[test]
    fn export() {
        check("export A=1\nexport\t B: 2\n export C=", expect!["A=1, B=2, C="]);
        check("export=1", expect!["export=1"]);
        check("export = 1", expect!["export=1"]);
        check("export: 1\nexport export=2", expect!["export=2"]);
        check("exported=1", expect!["exported=1"]);
        check("export A", expect!["line 1: expected `NAME=value`"]);
        check("export", expect!["line 1: expected `NAME=value`"]);
        check("export A-B=1", expect!["line 1: `A-B` is not a variable name"]);
    }

    #[test]
    fn separators() {
        check("A = 1\nB\t=\t2\nC==3", expect!["A=1, B=2, C==3"]);
        check("A: 1\nB:\t 2\nC: 'x'\nD: =", expect!["A=1, B=2, C=x, D=="]);
        check("A:1", expect!["line 1: expected a space after `A:`"]);
        check("A:", expect!["line 1: expected a space after `A:`"]);
        check("A : 1", expect!["line 1: expected `NAME=value`"]);
        check("=1", expect!["line 1: expected `NAME=value`"]);
        check("A", expect!["line 1: expected `NAME=value`"]);
    }

    #[test]
    fn empty_values() {
        check(
            "A=\nB=''\nC=\"\"\nD= # none\nE=#none\nF: \nG: # none",
            expect!["A=, B=, C=, D=, E=, F=, G="],
        );
    }

    #[test]
    fn bare_values() {
        check("A=a,b/c:d=e", expect!["A=a,b/c:d=e"]);
        check("A=a#b\nB=a # b\nC=a #", expect!["A=a, B=a, C=a"]);
        check(r"A=a\nb\$", expect![r"A=a\nb\$"]);
        check("A=it's\nB=a\"b\"c", expect![[r#"A=it's, B=a"b"c"#]]);
        check("A=$\nB=`id`\nC=$(id)", expect!["A=$, B=`id`, C=$(id)"]);
        check("A=a b", expect!["line 1: unquoted value has a space; quote it"]);
        check("A=1\n\nB=a\\ b", expect!["line 3: unquoted value has a space; quote it"]);
    }

    #[test]
    fn single_quotes() {
        check(r"A='a\nb $HOME # \'", expect![r"A=a\nb $HOME # \"]);
        check(r#"A='{"k": "it's"}'"#, expect![[r#"A={"k": "it's"}"#]]);
        check("A='a' 'b'", expect!["A=a' 'b"]);
        check("A='a' # b\nB='a'#b\nC='a' # it's", expect!["A=a, B=a, C=a"]);
        check("A='a' # 'b'", expect!["A=a' # 'b"]);
        check("A='a'b\nB='a'b'c", expect!["A='a'b, B='a'b'c"]);
        check("A='a' b", expect!["line 1: only a comment may follow the closing quote"]);
    }

    #[test]
    fn double_quotes() {
        check(r#"A="a\nb\rc""#, expect!["A=a⏎b␍c"]);
        check(r#"A="\t\"\\\'\é""#, expect![[r#"A=t"\'é"#]]);
        check(r#"A="a\\nb\\rc\\\nd""#, expect![r"A=a⏎b␍c\⏎d"]);
        check(r#"A="a\$HOME""#, expect![r"A=a\/home/me"]);
        check(r#"A="a\\$HOME""#, expect![r"A=a\/home/me"]);
        check(r#"A="a\""#, expect![r"A=a\"]);
        check(r#"A="{"k": "v"}" # json"#, expect![[r#"A={"k": "v"}"#]]);
        check(r#"A="a"$HOME"#, expect![[r#"A="a"/home/me"#]]);
        check(r#"A="a" b"#, expect!["line 1: only a comment may follow the closing quote"]);
    }

    #[test]
    fn references() {
        check("A=1\nB=$A${A}3\nA=$A:2\nC='$A'", expect!["A=1:2, B=113, C=$A"]);
        check("A=$B\nB=1", expect!["A=, B=1"]);
        check(
            "A=$HOME/x\nHOME=\nB=$HOME/x\nC=${HOME:-d}",
            expect!["A=/home/me/x, B=/x, C=, HOME="],
        );
        check("A=\"${X:-a b}\"", expect!["A=a b"]);
        check("A=${X:-a b}", expect!["line 1: unquoted value has a space; quote it"]);
    }

    #[test]
    fn several_lines() {
        check("A='x\n  y \nz'\nB=1", expect!["A=x⏎  y ⏎z, B=1"]);
        check("A=\"\nx\n\" \t\nB=1", expect!["A=⏎x⏎, B=1"]);
        check("A: \"x\\ny\n$HOME\"", expect!["A=x⏎y⏎/home/me"]);
        check("A='x\r\n\r\n\n \n# y\r\n'", expect!["A=x⏎ ⏎# y⏎"]);
        check("A='x\nit's\n\"y\"\nz'", expect!["A=x⏎it's⏎\"y\"⏎z"]);
        check("A='x # y\nB='1'", expect!["A=x # y⏎B='1"]);
        check("A='x\ny' # z\n'", expect!["A=x⏎y' # z⏎"]);
    }

    #[test]
    fn an_open_quote_is_reported_where_it_opens() {
        check("A=1\n\nB=\"x\ny\nz", expect!["line 3: the quote opened here is never closed"]);
        check("A='x # y", expect!["line 1: the quote opened here is never closed"]);
        check("A='", expect!["line 1: the quote opened here is never closed"]);
        check("A='x\ny\nz'\nB", expect!["line 4: expected `NAME=value`"]);
    }

    #[test]
    fn a_quote_in_a_comment_opens_nothing() {
        check("#A=\"x\nB=1\n# it's\nC=2", expect!["B=1, C=2"]);
        check("A=x # it's\nB=\"y\" # say \"\nC=1", expect![[r#"A=x, B=y" # say , C=1"#]]);
    }

    #[test]
    fn nul_is_an_error() {
        check("A=1\nB='\n\0'", expect!["line 3: a NUL byte cannot be part of a variable"]);
    }

    #[test]
    fn bytes_survive() {
        let vars = parse(b"A=\xfe\nB=\"\\\xff$A\"\nC='\xc3", &outer);
        assert_eq!(vars.unwrap_err().line, 3);
        let vars = parse(b"A=\xfe\nB=\"\\\xff$A\"", &outer).unwrap();
        assert_eq!(vars[OsStr::new("B")].as_encoded_bytes(), b"\xff\xfe");
    }

    #[test]
    fn any_input_is_answered() {
        let bytes = b"AB19_.=:'\"\\${}-# nr\t\r\n\0\xff\xc3\xa9";
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        for _ in 0..5_000 {
            let mut text = b"A=\""[..random(4)].to_vec();
            text.extend((0..random(40)).map(|_| bytes[random(bytes.len())]));
            if let Err(error) = parse(&text, &outer) {
                assert!(error.line >= 1 && !error.message.is_empty());
            }
        }
    }
}
