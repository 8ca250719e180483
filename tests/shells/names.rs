//! A directory may be called anything that the file system takes.

use super::{has, has_not, says};
use crate::terminal::{Shell, Terminal};

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

drive! { ordinary_names spaces_and_quotes shell_syntax control_characters other_alphabets bytes_that_are_not_utf8 }

fn ordinary_names(shell: Shell) {
    visit(shell, &[b"p", b"under_score", b"with-dash", b".hidden", b"12", b"Upper"]);
}

fn spaces_and_quotes(shell: Shell) {
    visit(
        shell,
        &[
            b"a space",
            b" leading",
            b"trailing ",
            b"two  spaces",
            b"it's",
            b"a \"quoted\" name",
            b"'",
            b"\"",
            b"\"'\"'",
        ],
    );
}

fn shell_syntax(shell: Shell) {
    let names: [&[u8]; _] = [
        b"$HOME",
        b"$(touch x)",
        b"`touch x`",
        b"a;b",
        b"a&b",
        b"a|b",
        b"*",
        b"?",
        b"[a]",
        b"{a,b}",
        b"~",
        b"!!",
        b"#a",
        b"-n",
        b"a\\b",
        b"\\",
        b"a=b",
        b"%s",
        b"(a)",
    ];
    visit(shell, &names);
}

fn control_characters(shell: Shell) {
    visit(
        shell,
        &[b"a\nb", b"\nstart", b"end\n", b"a\tb", b"back\x08space", b"\x01", b"\x7f", b"a\rb"],
    );
}

fn other_alphabets(shell: Shell) {
    visit(
        shell,
        &[
            "grüße".as_bytes(),
            "проект".as_bytes(),
            "日本語".as_bytes(),
            "🦀".as_bytes(),
            "e\u{301}".as_bytes(),
            "\u{a0}".as_bytes(),
        ],
    );
}

fn bytes_that_are_not_utf8(shell: Shell) {
    visit(shell, &[b"latin\xe9", b"\xff\xfe", b"half\xc3"]);
}

/// Enters, allows and leaves a project of each name.
#[track_caller]
fn visit(shell: Shell, names: &[&[u8]]) {
    let mut terminal = Terminal::start(shell);
    let outside = terminal.env();
    for name in names {
        let directory = terminal.home(OsStr::from_bytes(name));
        terminal.write(directory.join(".envrc"), "export FOO=1 HERE=$PWD\nPATH_add bin\n");
        terminal.write(directory.join("sub/file"), "");
        says(&terminal.run(&format!("cd {}", shell.quote(&directory))), "is blocked");
        has_not(&terminal, "FOO");
        terminal.run("envr allow");
        has(&terminal, "FOO", "1");
        terminal.run("cd sub");
        let mut env = terminal.env();
        assert_eq!(env.remove(OsStr::new("HERE")), Some(directory.clone().into()));
        let dir = OsString::from_vec([b"-", directory.as_os_str().as_bytes()].concat());
        assert_eq!(env.remove(OsStr::new("DIRENV_DIR")), Some(dir));
        says(&terminal.run("cd ~"), "unloading");
        assert_eq!(terminal.env(), outside, "after {}", name.escape_ascii());
    }
    assert!(!terminal.home("x").exists(), "a name was executed");
}
