//! What is wrong in a project is said once, loads nothing, and leaves the prompt alone.

use super::{has, has_not, is_silent, says};
use crate::terminal::{Shell, Terminal};

drive! {
    a_syntax_error
    a_source_that_fails
    a_failed_load_is_not_repeated
    files_watched_before_the_failure_count
    aliases_and_functions_are_reported
    a_fifo_is_refused_at_once
    a_deleted_directory
    names_cannot_write_escape_codes
    a_trace_shows_no_values
}

/// Enters `~/p` with this rc, allows it, and returns what loading said.
#[track_caller]
fn load(terminal: &mut Terminal, rc: &str) -> String {
    terminal.write("p/.envrc", rc);
    terminal.run("cd p");
    terminal.run("envr allow")
}

fn a_syntax_error(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    says(&load(&mut terminal, "export FOO=1\nif then\n"), ".envrc:2");
    has_not(&terminal, "FOO");
    is_silent(&terminal.run("true"));
    terminal.write("p/.envrc", "export FOO=2\n");
    terminal.run("envr allow");
    has(&terminal, "FOO", "2");
}

fn a_source_that_fails(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let said = load(&mut terminal, "export FOO=1\nsource ./missing.sh\nexport BAR=1\n");
    says(&said, ".envrc:2");
    says(&said, "missing.sh");
    has_not(&terminal, "FOO");
    has_not(&terminal, "BAR");
    is_silent(&terminal.run("true"));
}

fn a_failed_load_is_not_repeated(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let rc = "echo run >> ~/runs\nexport FOO=1\nexit 3\n";
    says(&load(&mut terminal, rc), "error");
    has_not(&terminal, "FOO");
    is_silent(&terminal.run("true"));
    is_silent(&terminal.run("true"));
    assert_eq!(terminal.read("runs"), "run\n");
    terminal.run("touch .envrc");
    assert_eq!(terminal.read("runs"), "run\nrun\n");
}

fn files_watched_before_the_failure_count(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    load(&mut terminal, "watch_file needed\n[ -e needed ] || exit 1\nexport FOO=1\n");
    has_not(&terminal, "FOO");
    terminal.run("touch needed");
    has(&terminal, "FOO", "1");
}

fn aliases_and_functions_are_reported(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let said = load(&mut terminal, "alias shorthand='ls -l'\nhelper() { :; }\nexport FOO=1\n");
    says(&said, "alias");
    says(&said, "shorthand");
    says(&said, "helper");
    has(&terminal, "FOO", "1");
}

fn a_fifo_is_refused_at_once(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.run("mkdir p");
    terminal.run("mkfifo p/.envrc");
    says(&terminal.run("cd p"), ".envrc");
    is_silent(&terminal.run("true"));
    terminal.run("cd ..");
    is_silent(&terminal.run("true"));
}

fn a_deleted_directory(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    load(&mut terminal, "export FOO=1\n");
    terminal.run("mkdir sub");
    terminal.run("cd sub");
    for _ in 0..2 {
        let said = terminal.run("rm -rf ~/p/sub");
        assert!(!said.contains("panicked"), "{said}");
    }
    terminal.run("cd ~/p");
    has(&terminal, "FOO", "1");
    terminal.run("cd ~");
    has_not(&terminal, "FOO");

    // The same with the whole project: nothing is left that could be loaded.
    terminal.run("cd ~/p");
    has(&terminal, "FOO", "1");
    terminal.run("rm -rf ~/p");
    terminal.run("cd ~");
    has_not(&terminal, "FOO");
}

fn names_cannot_write_escape_codes(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.write("clear\x1b[2J\x1b[Hscreen/.envrc", "export FOO=1\n");
    terminal.run("echo still here");
    terminal.run(&format!("cd {}", shell.quote(terminal.home("clear\x1b[2J\x1b[Hscreen"))));
    says(&terminal.screen(), "still here\n");
    terminal.run("envr allow");
    has(&terminal, "FOO", "1");
    says(&terminal.screen(), "still here\n");
}

/// fish has no such switch.
fn a_trace_shows_no_values(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    load(&mut terminal, "export FOO=loaded-value\n");
    terminal.run("cd ..");
    has_not(&terminal, "FOO");
    if shell == Shell::Fish {
        return;
    }
    terminal.run("set -xv");
    let said = terminal.run("cd p");
    has(&terminal, "FOO", "loaded-value");
    assert!(said.contains("cd p") && !said.contains("loaded-value"), "{said}");
    let said = terminal.run("true; echo $-");
    assert!(said.contains('+'), "it still traces: {said}");
    assert!(said.lines().any(|line| line.contains('v') && line.contains('x')), "{said}");
}
