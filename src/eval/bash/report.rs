//! Reads what bash reports at the end of an evaluation: `declare -px`, functions and aliases.

use crate::env::{Env, is_name};
use crate::eval::ansi_c::unescape;
use crate::eval::bash::library;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// What `__main__` and `__envr_finish` of `evaluate.bash` write.
#[derive(Debug)]
pub struct Report {
    pub exported: Vec<(OsString, OsString)>,
    /// Functions and aliases that the rc defined.
    pub functions: Vec<String>,
    pub aliases: Vec<String>,
}

/// `None` when the report did not come to its end.
pub fn read(report: &[u8]) -> Option<Report> {
    let mut sections = report.strip_suffix(b"\0end")?.split(|byte| *byte == 0);
    let [before, declarations, functions, aliases] =
        [sections.next()?, sections.next()?, sections.next()?, sections.next()?];
    // Whatever else the script wrote there came before ours.
    if !before.is_empty() && !before.starts_with(b"declare -f") {
        return None;
    }
    let known: BTreeSet<&[u8]> = function_names(before).collect();
    Some(Report {
        exported: exported(declarations)?,
        functions: function_names(functions)
            .filter(|name| !known.contains(name) && !name.starts_with(b"__envr"))
            // Where a script made one readonly, bash could not leave it out.
            .filter(|name| !std::str::from_utf8(name).is_ok_and(library::has))
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect(),
        aliases: alias_names(aliases)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect(),
    })
}

/// The environment that `declare -px` lists, on top of `outer`; `None` for a list that was cut short.
pub fn environment(outer: &Env, declarations: &[u8]) -> Option<Env> {
    exported(declarations).map(|exported| with_what_bash_cannot_hold(outer, exported))
}

/// Variables of a process whose names bash cannot hold stay what they were.
pub fn with_what_bash_cannot_hold(outer: &Env, exported: Vec<(OsString, OsString)>) -> Env {
    let mut env: Env = outer.iter().filter(|(name, _)| !is_name(name.as_bytes())).collect();
    for (name, value) in exported {
        env.set(name, value);
    }
    env
}

/// `declare -f name`, `declare -fx name` …
fn function_names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| line.rsplit(|byte| *byte == b' ').next())
        .filter(|name| !name.is_empty())
}

/// `alias name='value'`; what does not begin so is the rest of a value.
fn alias_names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"alias "))
        .filter_map(|line| line.split(|byte| *byte == b'=').next())
}

/// The variables that a process would get; `None` when the script wrote something of its own in between.
///
/// Lines such as `declare -x NAME="value"`; a value is in double quotes, in `$'…'` where it holds control characters,
/// or an array in parentheses. Arrays and references are not part of a process's environment, nor is a name that was
/// exported without a value.
pub fn exported(declarations: &[u8]) -> Option<Vec<(OsString, OsString)>> {
    let mut variables = Vec::new();
    let mut rest = declarations.trim_ascii_start();
    while !rest.is_empty() {
        let line = rest.strip_prefix(b"declare -")?;
        let (flags, line) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
        let end = line[1..]
            .iter()
            .position(|byte| matches!(byte, b'=' | b'\n'))
            .map_or(line.len(), |end| end + 1);
        let (name, tail) = (&line[1..end], &line[end..]);
        let (value, tail) = tail.strip_prefix(b"=").map_or((None, tail), take_value);
        let is_scalar = !flags.iter().any(|flag| matches!(flag, b'a' | b'A' | b'n'));
        if let Some(value) = value.filter(|_| is_scalar) {
            variables.push((OsString::from_vec(name.to_vec()), OsString::from_vec(value)));
        }
        rest = tail.trim_ascii_start();
    }
    Some(variables)
}

/// The value that the text begins with, `None` for an array, and what follows it.
fn take_value(text: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    match text {
        [b'(', rest @ ..] => (None, after_array(rest)),
        [b'"', rest @ ..] => double_quoted(rest),
        [b'$', b'\'', rest @ ..] => ansi_quoted(rest),
        _ => {
            let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
            (Some(text[..end].to_vec()), &text[end..])
        }
    }
}

fn after_array(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [] => return text,
            [b')', rest @ ..] => return rest,
            [b'"', ..] | [b'$', b'\'', ..] => text = take_value(text).1,
            [b'\\', _, rest @ ..] | [_, rest @ ..] => text = rest,
        }
    }
}

fn double_quoted(mut text: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut value = Vec::new();
    loop {
        let (byte, rest) = match text {
            [] => return (Some(value), text),
            [b'"', rest @ ..] => return (Some(value), rest),
            // Older bash marks these two bytes with the first of them.
            [b'\\', byte @ (b'"' | b'\\' | b'$' | b'`'), rest @ ..]
            | [0x01, byte @ (0x01 | 0x7f), rest @ ..]
            | [byte, rest @ ..] => (byte, rest),
        };
        value.push(*byte);
        text = rest;
    }
}

fn ansi_quoted(mut text: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut value = Vec::new();
    loop {
        let (byte, rest) = match text {
            [] => return (Some(value), text),
            [b'\'', rest @ ..] => return (Some(value), rest),
            [b'\\', escape @ ..] => match unescape(escape) {
                Some((byte, length)) => (byte, &escape[length..]),
                None => (b'\\', escape),
            },
            [byte, rest @ ..] => (*byte, rest),
        };
        value.push(byte);
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(declarations: &[u8], expected: &[(&str, &[u8])]) {
        let exported = exported(declarations).unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| (name.into(), OsString::from_vec(value.to_vec())))
            .collect();
        assert_eq!(exported, expected);
    }

    #[test]
    fn double_quotes() {
        check(br#"declare -x A="a \"q\" \$x \`y\` \\ z""#, &[("A", br#"a "q" $x `y` \ z"#)]);
        check(b"declare -x A=\"a\nb\"\ndeclare -rx B=\"\"\n", &[("A", b"a\nb"), ("B", b"")]);
    }

    #[test]
    fn ansi_quotes() {
        check(br"declare -x A=$'a\nb\001\377\'\\\E1'", &[("A", b"a\nb\x01\xff'\\\x1b1")]);
    }

    #[test]
    fn what_no_process_gets_is_left_out() {
        check(
            b"declare -ax A=([0]=\"x)\" [1]=$'y\\')')\ndeclare -x UNSET\ndeclare -nx R=\"A\"\ndeclare -ix I=\"5\"\n",
            &[("I", b"5")],
        );
    }

    #[test]
    fn a_report_cut_short_is_none() {
        assert!(read(b"\0declare -x A=\"1\"\n\0\0").is_none());
        assert!(read(b"garbage\n\0declare -x A=\"1\"\n\0\0\0end").is_none());
        assert!(read(b"\0garbage\ndeclare -x A=\"1\"\n\0\0\0end").is_none());
        let dump = read(b"declare -f old\n\0declare -x A=\"1\"\n\0declare -f old\ndeclare -fx new\n\0alias ll='x\ny'\n\0end").unwrap();
        assert_eq!(
            (dump.functions, dump.aliases),
            (vec!["new".to_string()], vec!["ll".to_string()])
        );
    }
}
