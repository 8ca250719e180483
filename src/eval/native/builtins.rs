//! bash's own commands.

use super::{Flow, Shell, Stop, needs_bash};
use crate::eval::parse::names;
use crate::eval::stdlib;

/// The status; `None` when the name is not one of these.
pub fn call(shell: &mut Shell<'_>, name: &[u8], arguments: &[&[u8]]) -> Option<Flow<u8>> {
    Some(match name {
        b":" | b"true" => Ok(0),
        b"false" => Ok(1),
        b"[" => match arguments.split_last() {
            Some((&b"]", arguments)) => shell.test(arguments).map(status),
            _ => needs_bash("`[` without `]`"),
        },
        b"test" => shell.test(arguments).map(status),
        b"echo" | b"printf" => text(name, arguments).map(|text| {
            shell.print(1, &text);
            0
        }),
        b"pwd" if arguments.is_empty() => {
            let line = [shell.dir(), b"\n"].concat();
            shell.print(1, &line);
            Ok(0)
        }
        b"set" => set(shell, arguments),
        b"hash" if arguments == [b"-r"] => {
            shell.variables.found.clear();
            Ok(0)
        }
        b"hash" => needs_bash("`hash`"),
        b"command" | b"type" => command(shell, name, arguments),
        b"exit" | b"return" => end(shell, name, arguments),
        b"source" | b"." => stdlib::source(shell, arguments),
        b"pwd" => needs_bash("an option"),
        _ => return None,
    })
}

/// Whether all that comes of it is its status and what it prints.
pub fn only_prints(name: &[u8]) -> bool {
    matches!(name, b":" | b"true" | b"false" | b"echo" | b"printf" | b"pwd" | b"expand_path")
}

fn status(is_true: bool) -> u8 {
    u8::from(!is_true)
}

/// What `echo` or `printf` prints.
pub fn text(name: &[u8], arguments: &[&[u8]]) -> Flow<Vec<u8>> {
    if name == b"echo" { echo(arguments) } else { printf(arguments) }
}

fn echo(arguments: &[&[u8]]) -> Flow<Vec<u8>> {
    let is_option = |word: &&&[u8]| {
        word.len() > 1 && word[0] == b'-' && word[1..].iter().all(|flag| b"neE".contains(flag))
    };
    let count = arguments.iter().take_while(is_option).count();
    let (options, words) = arguments.split_at(count);
    let has_flag = |flag: u8| options.iter().any(|option| option.contains(&flag));
    let mut text = words.join(&b' ');
    if has_flag(b'e') && text.contains(&b'\\') {
        return needs_bash("escapes in `echo -e`");
    }
    if !has_flag(b'n') {
        text.push(b'\n');
    }
    Ok(text)
}

/// Formats of `%s`, `%%` and the plainest escapes.
fn printf(arguments: &[&[u8]]) -> Flow<Vec<u8>> {
    let Some((format, mut words)) =
        arguments.split_first().filter(|(format, _)| !format.starts_with(b"-"))
    else {
        return needs_bash("an option of `printf`");
    };
    let mut text = Vec::new();
    loop {
        let before = words.len();
        let mut rest = *format;
        loop {
            rest = match rest {
                [] => break,
                [b'%', b's', after @ ..] => {
                    if let Some((word, others)) = words.split_first() {
                        text.extend(*word);
                        words = others;
                    }
                    after
                }
                [b'%', b'%', after @ ..] | [b'\\', b'\\', after @ ..] => {
                    text.push(rest[0]);
                    after
                }
                [b'\\', b'n', after @ ..] => {
                    text.push(b'\n');
                    after
                }
                [b'\\', b't', after @ ..] => {
                    text.push(b'\t');
                    after
                }
                [b'%' | b'\\', ..] => return needs_bash("a format of `printf`"),
                [byte, after @ ..] => {
                    text.push(*byte);
                    after
                }
            };
        }
        if words.is_empty() || words.len() == before {
            break;
        }
    }
    Ok(text)
}

fn set(shell: &mut Shell<'_>, arguments: &[&[u8]]) -> Flow<u8> {
    match arguments {
        [b"-a"] | [b"-o", b"allexport"] => shell.exports_all = true,
        [b"+a"] | [b"+o", b"allexport"] => shell.exports_all = false,
        _ => return needs_bash("`set`"),
    }
    Ok(0)
}

/// `command -v NAME` and `type NAME`, where only the status counts.
fn command(shell: &mut Shell<'_>, name: &[u8], arguments: &[&[u8]]) -> Flow<u8> {
    let is_silent = shell.is_silent(1) && (name == b"command" || shell.is_silent(2));
    match (name, arguments) {
        (b"command", [b"-v", program]) | (b"type", [program])
            if is_silent && !program.starts_with(b"-") =>
        {
            knows(shell, program).map(status)
        }
        _ => needs_bash("`command` and `type`, but for their status"),
    }
}

/// Whether `type` finds the name.
pub fn knows(shell: &Shell<'_>, name: &[u8]) -> Flow<bool> {
    if name.is_empty() || name.starts_with(b"__envr_") {
        return needs_bash("a name like this");
    }
    let Some(is_bashs_own) = names::is_bashs_own(name) else {
        return needs_bash("a builtin that not every bash has");
    };
    if is_bashs_own || stdlib::is_function(name) || shell.functions.has(name) {
        return Ok(true);
    }
    if name.contains(&b'/') {
        return Ok(is_program(&shell.path(name)));
    }
    Ok(shell.search(name)?.is_some())
}

pub fn is_program(file: &std::path::Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

fn end(shell: &mut Shell<'_>, name: &[u8], arguments: &[&[u8]]) -> Flow<u8> {
    match arguments {
        [] => {}
        [status]
            if !status.is_empty() && status.len() < 4 && status.iter().all(u8::is_ascii_digit) =>
        {
            let status =
                status.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
            shell.status = status.to_le_bytes()[0];
        }
        _ => return needs_bash("a status like this"),
    }
    Err(if name == b"exit" { Stop::Exit } else { Stop::Return })
}
