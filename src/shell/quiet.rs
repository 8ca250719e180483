//! The quiet check as a function of bash, zsh or fish: built-in tests, every path written out.

use super::{fish, posix};
use crate::quiet::{Check, Test};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// bash: all in one `[[ ]]`, and not longer than within the same hundred seconds. What that catches is a file of which
/// somebody set the time back to the very nanosecond.
pub fn bash(check: &Check) -> Vec<u8> {
    let mut code =
        b"__envr_is_current() { [[ ${EPOCHSECONDS-} == \"${__envr_asked-}\"?? && ".to_vec();
    code.extend(condition(check));
    code.extend(b" ]]; };");
    code
}

/// zsh: the same, with inodes instead of stamps and clock.
pub fn zsh(check: &Check) -> Vec<u8> {
    let mut code = b"__envr_is_current() { \\builtin local -a __envr_now; [[ ".to_vec();
    code.extend(condition(check));
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
    let mut code = b"function __envr_is_current; \
        builtin read --local --delimiter . __envr_now __envr_rest </proc/uptime; \
        builtin test \"$__envr_now\" -lt \"$__envr_until\""
        .to_vec();
    // A value may look like an operator, but not behind an `x`.
    let same = |name: &str, value: &[u8]| {
        [format!("\"x${name}\" = ").as_bytes(), &fish::quote(&[b"x", value].concat())].concat()
    };
    for test in of_variables(check, "\"$DIRENV_DIFF\"", same).chain(of_paths(check, fish::quote)) {
        code.extend([b" -a ", test.as_slice()].concat());
    }
    code.extend(b"; end;");
    code
}

/// What stands between `[[` and `]]`.
fn condition(check: &Check) -> Vec<u8> {
    let same = |name: &str, value: &[u8]| {
        [format!("${{{name}-}} == ").as_bytes(), &posix::quote(value)].concat()
    };
    let variables = of_variables(check, "${DIRENV_DIFF-}", same);
    let tests: Vec<Vec<u8>> = variables.chain(of_paths(check, posix::quote)).collect();
    tests.join(b" && ".as_slice())
}

fn of_variables(
    check: &Check,
    way_back: &str,
    same: impl Fn(&str, &[u8]) -> Vec<u8>,
) -> impl Iterator<Item = Vec<u8>> {
    let presence = if check.is_loaded { "-n" } else { "-z" };
    let pwd = same("PWD", check.pwd.as_os_str().as_bytes());
    let others = check.variables.iter().map(move |(name, value)| same(name, value.as_bytes()));
    [format!("{presence} {way_back}").into_bytes(), pwd].into_iter().chain(others)
}

/// Operators and their paths, in the notation that all three shells share.
fn of_paths(check: &Check, quote: fn(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    let word = |path: &Path| quote(path.as_os_str().as_bytes());
    let one = |operator: &str, path: &Path| [operator.as_bytes(), b" ", &word(path)].concat();
    let newer =
        |path: &Path, other: &Path| [b"! ", word(path).as_slice(), b" -nt ", &word(other)].concat();
    let mut tests = vec![one(". -ef", &check.cwd)];
    for test in &check.tests {
        match test {
            Test::Absent(path) => tests.push(one("! -e", path)),
            Test::Nothing(path) => tests.extend([one("! -e", path), one("! -L", path)]),
            Test::NoFile(path) => tests.push(one("! -f", path)),
            Test::Unreadable(path) => tests.push(one("! -r", path)),
            Test::Readable(path) => tests.push(one("-r", path)),
            Test::AsOldAs { path, stamp } => {
                tests.extend([newer(path, stamp), newer(stamp, path)]);
            }
            Test::Exactly { .. } => {}
        }
    }
    tests
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
                r#"__envr_is_current() { [[ ${EPOCHSECONDS-} == "${__envr_asked-}"?? && -n ${DIRENV_DIFF-} && ${PWD-} == $'/it\'s' && ${DIRENV_FILE-} == /p/.envrc && ${HOME-} == '' && . -ef /p && ! -e '/p/a b/.envrc' && ! -L '/p/a b/.envrc' && ! /p/.envrc -nt /s/17 && ! /s/17 -nt /p/.envrc ]]; };"#
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
