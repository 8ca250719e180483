//! Changes are seen at the next prompt, however they come about.

use super::{has, has_not, is_silent, loaded, says};
use crate::terminal::{Shell, Terminal};

use std::{
    fs::File,
    os::unix::fs::MetadataExt as _,
    time::{Duration, SystemTime},
};

drive! {
    a_deleted_rc_unloads
    an_edit_in_the_same_second_is_seen
    an_older_file_moved_over_the_rc_is_seen
    a_nearer_rc_is_seen_where_one_stands
    a_watched_file_reloads
    reload_loads_again
    allow_and_deny_in_another_shell
}

fn a_deleted_rc_unloads(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    says(&terminal.run("rm .envrc"), "unloading");
    has_not(&terminal, "FOO");
    has_not(&terminal, "DIRENV_FILE");
    is_silent(&terminal.run("true"));
}

fn an_edit_in_the_same_second_is_seen(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=0\n");
    // Mostly the first round is the one; a round that crosses the end of a second proves nothing.
    let same_second = (1..20).any(|round| {
        terminal.write("p/.envrc", format!("export FOO=1 ROUND={round}\n"));
        terminal.run("envr allow");
        has(&terminal, "FOO", "1");
        let loaded = second(&terminal);
        terminal.write("p/.envrc", format!("export FOO=2 ROUND={round}\n"));
        let edited = second(&terminal);
        says(&terminal.run("true"), "is blocked");
        has_not(&terminal, "FOO");
        loaded == edited
    });
    assert!(same_second);
}

fn second(terminal: &Terminal) -> i64 {
    terminal.home("p/.envrc").metadata().expect("the rc just written").mtime()
}

fn an_older_file_moved_over_the_rc_is_seen(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    terminal.write("p/old", "export FOO=2\n");
    let old =
        File::options().write(true).open(terminal.home("p/old")).expect("the file just written");
    old.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("one's own file");
    says(&terminal.run("mv old .envrc"), "is blocked");
    has_not(&terminal, "FOO");
}

fn a_nearer_rc_is_seen_where_one_stands(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    terminal.run("mkdir -p a/b");
    is_silent(&terminal.run("cd a/b"));
    terminal.write("p/a/.envrc", "export INNER=1\n");
    says(&terminal.run("true"), "is blocked");
    has_not(&terminal, "FOO");
    says(&terminal.run("envr allow"), "loading ~/p/a/.envrc");
    has(&terminal, "INNER", "1");
    says(&terminal.run("rm ../.envrc"), "loading ~/p/.envrc");
    has(&terminal, "FOO", "1");
}

fn a_watched_file_reloads(shell: Shell) {
    let mut terminal = loaded(shell, "watch_file number\nexport FOO=$(cat number 2>/dev/null)\n");
    has(&terminal, "FOO", "");
    says(&terminal.run("echo 1 >number"), "loading");
    has(&terminal, "FOO", "1");
    says(&terminal.run("rm number"), "loading");
    has(&terminal, "FOO", "");
}

fn reload_loads_again(shell: Shell) {
    let mut terminal = loaded(shell, "echo run >> ~/runs\nexport FOO=1\n");
    says(&terminal.run("envr reload"), "loading ~/p/.envrc");
    assert_eq!(terminal.read("runs"), "run\nrun\n");
}

fn allow_and_deny_in_another_shell(shell: Shell) {
    let mut one = Terminal::start(shell);
    let mut two = one.beside().start();
    one.write("p/.envrc", "export FOO=1\n");
    says(&one.run("cd p"), "is blocked");
    says(&two.run("cd p"), "is blocked");

    one.run("envr allow");
    has(&one, "FOO", "1");
    says(&two.run("true"), "loading");
    has(&two, "FOO", "1");

    two.run("envr deny");
    has_not(&two, "FOO");
    one.run("true");
    has_not(&one, "FOO");
    is_silent(&one.run("true"));
}
