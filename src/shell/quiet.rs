//! The quiet check as a function of bash, zsh or fish: built-in tests, every path written out.

use super::{fish, posix};
use crate::quiet::{Check, Test};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// bash: all in one `[[ ]]`, and not longer than within the same hundred seconds. What that catches is a file of which
/// somebody set the time back to the very nanosecond.
pub fn bash(check: &Check) -> Vec<u8> {
    let mut code = b"__envr_is_current() { [[ ${EPOCHSECONDS-} == \"${__envr_asked-}\"??".to_vec();
    conditions(&mut code, check);
    code.extend(b" ]]; };");
    code
}

/// zsh: the same, with inodes instead of stamps and clock.
pub fn zsh(check: &Check) -> Vec<u8> {
    let mut code = b"__envr_is_current() { \\builtin local -a __envr_now; [[ -n 1".to_vec();
    conditions(&mut code, check);
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
        let mut test = format!("\"x${name}\" = ").into_bytes();
        test.extend(fish::quote(&[b"x", value].concat()));
        test
    };
    let mut tests = vec![same("PWD", check.pwd.as_os_str().as_bytes())];
    tests.extend(check.variables.iter().map(|(name, value)| same(name, value.as_bytes())));
    let presence = if check.is_loaded { "-n" } else { "-z" };
    tests.push(format!("{presence} \"$DIRENV_DIFF\"").into_bytes());
    tests.extend(of_paths(check, fish::quote));
    for test in tests {
        code.extend([b" -a ", test.as_slice()].concat());
    }
    code.extend(b"; end;");
    code
}

/// What stands between `[[` and `]]`, after something else.
fn conditions(code: &mut Vec<u8>, check: &Check) {
    let same = |name: &str, value: &[u8]| {
        [format!("${{{name}-}} == ").as_bytes(), &posix::quote(value)].concat()
    };
    let mut tests = vec![same("PWD", check.pwd.as_os_str().as_bytes())];
    tests.extend(check.variables.iter().map(|(name, value)| same(name, value.as_bytes())));
    let presence = if check.is_loaded { "-n" } else { "-z" };
    tests.push(format!("{presence} ${{DIRENV_DIFF-}}").into_bytes());
    tests.extend(of_paths(check, posix::quote));
    for test in tests {
        code.extend([b" && ", test.as_slice()].concat());
    }
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
