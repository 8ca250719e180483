//! The quiet check as a function of bash, zsh or fish: built-in tests, every path written out.

use super::{fish, posix};
use crate::quiet::{Check, Test};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A check of a few files, in bytes.
const USUAL_LENGTH: usize = 4 << 10;

/// bash: all in one `[[ ]]`, and not longer than within the same ten seconds. What that catches is a file that has the
/// time of the one before to the very nanosecond: somebody set it back, or both were made in one tick of the clock.
pub fn bash(check: &Check) -> Vec<u8> {
    let mut code = Vec::with_capacity(USUAL_LENGTH);
    code.extend(b"__envr_is_current() { [[ ${EPOCHSECONDS-} == \"${__envr_asked-}\"? && ");
    push_condition(&mut code, check);
    code.extend(b" ]]; };");
    code
}

/// zsh: the same, with inodes instead of stamps and clock.
pub fn zsh(check: &Check) -> Vec<u8> {
    let mut code = Vec::with_capacity(USUAL_LENGTH);
    code.extend(b"__envr_is_current() { \\builtin local -a __envr_now; [[ ");
    push_condition(&mut code, check);
    code.extend(b" ]]");
    let exact = || {
        check.tests.iter().filter_map(|test| match test {
            Test::Exactly { path, changed, inode } => Some((path, changed, inode)),
            _ => None,
        })
    };
    let changed = exact().map(|(_, changed, _)| {
        let second = 1_000_000_000;
        format!("{}.{:09}", changed.div_euclid(second), changed.rem_euclid(second))
    });
    let inodes = exact().map(|(.., inode)| inode.to_string());
    let columns: [(&str, Vec<String>); 2] =
        [("-F %s.%N +ctime", changed.collect()), ("+inode", inodes.collect())];
    for (column, values) in columns.iter().filter(|(_, values)| !values.is_empty()) {
        code.extend(format!(" && \\builtin zstat -A __envr_now {column} --").bytes());
        for (path, ..) in exact() {
            code.push(b' ');
            code.extend(posix::quote(path.as_os_str().as_bytes()));
        }
        let values = values.join(" ");
        code.extend(
            format!(" 2>/dev/null && [[ \"${{(j: :)__envr_now[@]}}\" == '{values}' ]]").bytes(),
        );
    }
    code.extend(b"; };");
    code
}

/// fish: all in one `test`. The clock is the machine's time since it was started, the one that fish can read.
pub fn fish(check: &Check) -> Vec<u8> {
    let mut code = Vec::with_capacity(USUAL_LENGTH);
    code.extend(
        b"function __envr_is_current; \
        builtin read --local --delimiter . __envr_now __envr_rest </proc/uptime; \
        builtin test \"$__envr_now\" -lt \"$__envr_until\"",
    );
    // A value may look like an operator, but not behind an `x`.
    let same = |code: &mut Vec<u8>, name: &str, value: &[u8]| {
        push(code, [b"\"x$", name.as_bytes(), b"\" = ", &fish::quote(&[b"x", value].concat())]);
    };
    code.extend(b" -a ");
    push_variables(&mut code, check, FISH, same);
    push_paths(&mut code, check, FISH);
    code.extend(b"; end;");
    code
}

/// How a shell writes what all three say.
#[derive(Clone, Copy)]
struct Notation {
    and: &'static [u8],
    way_back: &'static [u8],
    quote: fn(&[u8]) -> Vec<u8>,
}

const POSIX: Notation =
    Notation { and: b" && ", way_back: b"${DIRENV_DIFF-}", quote: posix::quote };
const FISH: Notation = Notation { and: b" -a ", way_back: b"\"$DIRENV_DIFF\"", quote: fish::quote };

/// What stands between `[[` and `]]`.
fn push_condition(code: &mut Vec<u8>, check: &Check) {
    let same = |code: &mut Vec<u8>, name: &str, value: &[u8]| {
        push(code, [b"${", name.as_bytes(), b"-} == ", &posix::quote(value)]);
    };
    push_variables(code, check, POSIX, same);
    push_paths(code, check, POSIX);
}

fn push_variables(
    code: &mut Vec<u8>,
    check: &Check,
    Notation { and, way_back, .. }: Notation,
    same: impl Fn(&mut Vec<u8>, &str, &[u8]),
) {
    let presence: &[u8] = if check.is_loaded { b"-n " } else { b"-z " };
    push(code, [presence, way_back, and]);
    same(code, "PWD", check.pwd.as_os_str().as_bytes());
    for (name, value) in &check.variables {
        code.extend(and);
        same(code, name, value.as_bytes());
    }
}

/// Operators and their paths, each behind an `and`.
fn push_paths(code: &mut Vec<u8>, check: &Check, Notation { and, quote, .. }: Notation) {
    let word = |path: &Path| quote(path.as_os_str().as_bytes());
    push(code, [and, b". -ef ", &word(&check.cwd)]);
    for test in &check.tests {
        match test {
            Test::Absent(path) => push(code, [and, b"! -e ", &word(path)]),
            Test::Nothing(path) => {
                let word = word(path);
                push(code, [and, b"! -e ", &word, and, b"! -L ", &word]);
            }
            Test::NoFile(path) => push(code, [and, b"! -f ", &word(path)]),
            Test::Unreadable(path) => push(code, [and, b"! -r ", &word(path)]),
            Test::Readable(path) => push(code, [and, b"-r ", &word(path)]),
            Test::AsOldAs { path, stamp } => {
                let (path, stamp) = (word(path), word(stamp));
                push(code, [and, b"! ", &path, b" -nt ", &stamp]);
                push(code, [and, b"! ", &stamp, b" -nt ", &path]);
            }
            Test::Exactly { .. } => {}
        }
    }
}

fn push<const PARTS: usize>(code: &mut Vec<u8>, parts: [&[u8]; PARTS]) {
    for part in parts {
        code.extend(part);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shell;
    use crate::quiet::{Check, Test};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(shell: Shell, tests: Vec<Test>, expected: Expect) {
        let check = Check {
            pwd: "/it's".into(),
            cwd: "/p".into(),
            variables: vec![("DIRENV_FILE", "/p/.envrc".into()), ("HOME", "".into())],
            is_loaded: true,
            tests,
        };
        expected.assert_eq(str::from_utf8(&shell.check(&check)).unwrap());
    }

    fn as_old_as() -> Vec<Test> {
        vec![
            Test::Nothing("/p/a b/.envrc".into()),
            Test::AsOldAs { path: "/p/.envrc".into(), stamp: "/s/17".into() },
        ]
    }

    #[test]
    fn one_condition_in_bash() {
        check(
            Shell::Bash,
            as_old_as(),
            expect![[
                r#"__envr_is_current() { [[ ${EPOCHSECONDS-} == "${__envr_asked-}"? && -n ${DIRENV_DIFF-} && ${PWD-} == $'/it\'s' && ${DIRENV_FILE-} == /p/.envrc && ${HOME-} == '' && . -ef /p && ! -e '/p/a b/.envrc' && ! -L '/p/a b/.envrc' && ! /p/.envrc -nt /s/17 && ! /s/17 -nt /p/.envrc ]]; };"#
            ]],
        );
    }

    #[test]
    fn one_test_in_fish() {
        check(
            Shell::Fish,
            as_old_as(),
            expect![[
                r#"function __envr_is_current; builtin read --local --delimiter . __envr_now __envr_rest </proc/uptime; builtin test "$__envr_now" -lt "$__envr_until" -a -n "$DIRENV_DIFF" -a "x$PWD" = 'x/it\'s' -a "x$DIRENV_FILE" = 'x/p/.envrc' -a "x$HOME" = 'x' -a . -ef '/p' -a ! -e '/p/a b/.envrc' -a ! -L '/p/a b/.envrc' -a ! '/p/.envrc' -nt '/s/17' -a ! '/s/17' -nt '/p/.envrc'; end;"#
            ]],
        );
    }

    #[test]
    fn inodes_in_zsh() {
        let exactly = |path: &str, changed| Test::Exactly { path: path.into(), changed, inode: 7 };
        let tests = vec![
            Test::NoFile("/p/.env".into()),
            exactly("/p/.envrc", 1_000_000_005),
            exactly("/p", -1),
        ];
        check(
            Shell::Zsh,
            tests,
            expect![[
                r#"__envr_is_current() { \builtin local -a __envr_now; [[ -n ${DIRENV_DIFF-} && ${PWD-} == $'/it\'s' && ${DIRENV_FILE-} == /p/.envrc && ${HOME-} == '' && . -ef /p && ! -f /p/.env ]] && \builtin zstat -A __envr_now -F %s.%N +ctime -- /p/.envrc /p 2>/dev/null && [[ "${(j: :)__envr_now[@]}" == '1.000000005 -1.999999999' ]] && \builtin zstat -A __envr_now +inode -- /p/.envrc /p 2>/dev/null && [[ "${(j: :)__envr_now[@]}" == '7 7' ]]; };"#
            ]],
        );
        check(
            Shell::Zsh,
            Vec::new(),
            expect![[
                r"__envr_is_current() { \builtin local -a __envr_now; [[ -n ${DIRENV_DIFF-} && ${PWD-} == $'/it\'s' && ${DIRENV_FILE-} == /p/.envrc && ${HOME-} == '' && . -ef /p ]]; };"
            ]],
        );
    }
}
