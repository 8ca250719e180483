//! Ctrl-C ends a load, and nothing else: the shell keeps its environment, its traps and its prompt.

use super::{has, has_not, is_silent, loaded, says};
use crate::terminal::{Setup, Shell, Terminal};

use std::{
    collections::BTreeMap,
    ffi::OsString,
    time::{Duration, Instant},
};

drive! {
    interrupt_ends_a_load
    interrupt_keeps_what_was_loaded
    interrupt_reaches_what_the_rc_started
    interrupt_ends_the_wait_for_a_pipe
    interrupt_between_projects
    interrupt_pressed_three_times
    interrupt_reaches_what_ignores_it
    interrupt_ends_the_wait_for_a_key
    quit_ends_a_load
    traps_of_the_user_stay
}

/// Says that it runs, and then takes twenty seconds.
const SLOW: &str = "echo run >> ~/runs\necho started > \"$ENVR_TERMINAL/events\"\nexport SLOW=1\nsleep 20\nexport FOO=slow\n";

/// Types a line that starts a slow load, interrupts the load, and waits for the prompt.
#[track_caller]
fn interrupted(terminal: &mut Terminal, line: &str) -> String {
    terminal.type_line(line);
    terminal.wait_for("started");
    let start = Instant::now();
    terminal.interrupt();
    let said = terminal.wait_prompt();
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    settle(terminal);
    said
}

/// Runs another command, after which nothing is left of what an interrupt may have begun: a line, or one more prompt.
#[track_caller]
fn settle(terminal: &mut Terminal) {
    terminal.type_line("echo settled > $ENVR_TERMINAL/events");
    terminal.wait_for("settled");
    terminal.wait_prompt();
}

/// The environment but for the state of the hook.
fn own(terminal: &Terminal) -> BTreeMap<OsString, OsString> {
    let mut env = terminal.env();
    env.retain(|name, _| !name.to_string_lossy().starts_with("DIRENV_"));
    env
}

fn interrupt_ends_a_load(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.write("p/.envrc", SLOW);
    terminal.run("cd p");
    let before = own(&terminal);
    interrupted(&mut terminal, "envr allow");
    assert_eq!(own(&terminal), before);
    is_silent(&terminal.run("true"));
    assert_eq!(terminal.read("runs"), "run\n", "the load was started again");

    interrupted(&mut terminal, "touch .envrc");
    assert_eq!(terminal.read("runs"), "run\nrun\n");
    assert_eq!(own(&terminal), before);

    terminal.write("p/.envrc", "export FOO=quick\n");
    terminal.run("envr allow");
    has(&terminal, "FOO", "quick");
}

fn interrupt_keeps_what_was_loaded(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    terminal.write(
        "p/.envrc",
        format!("[ -e ~/fast ] || {{ {}; }}\nexport FOO=2\n", SLOW.trim_end().replace('\n', "; ")),
    );
    terminal.write("fast", "");
    terminal.run("envr allow");
    has(&terminal, "FOO", "2");
    terminal.run("rm ~/fast");
    let before = own(&terminal);

    interrupted(&mut terminal, "envr reload");
    assert_eq!(own(&terminal), before);
    is_silent(&terminal.run("true"));
    assert_eq!(terminal.read("runs"), "run\n", "the load was started again");
    has(&terminal, "FOO", "2");

    says(&terminal.run("cd .."), "unloading");
    has_not(&terminal, "FOO");
}

fn interrupt_reaches_what_the_rc_started(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let child =
        "bash -c 'echo $$ > ~/pid; echo started > \"$ENVR_TERMINAL/events\"; exec sleep 60'";
    terminal.write("p/.envrc", format!("export FOO=1\n{child}\nexport BAR=1\n"));
    terminal.run("cd p");
    interrupted(&mut terminal, "envr allow");
    has_not(&terminal, "FOO");
    has_not(&terminal, "BAR");
    terminal.wait_gone(terminal.read("pid").trim().parse().expect("a process id"));
}

fn interrupt_ends_the_wait_for_a_pipe(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let child = "bash -c 'sleep 60 & echo $! > ~/pid; echo started > \"$ENVR_TERMINAL/events\"'";
    terminal.write("p/.envrc", format!("export FOO=$({child})\nexport BAR=1\n"));
    terminal.run("cd p");
    interrupted(&mut terminal, "envr allow");
    has_not(&terminal, "FOO");
    has_not(&terminal, "BAR");
    // A background job of bash does not hear Ctrl-C.
    terminal.run("kill $(cat ~/pid)");
    terminal.wait_gone(terminal.read("pid").trim().parse().expect("a process id"));
}

fn interrupt_between_projects(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let outside = own(&terminal);
    terminal.write("a/.envrc", "export A=1\n");
    terminal.run("cd a");
    terminal.run("envr allow");
    has(&terminal, "A", "1");
    terminal.write("b/.envrc", SLOW);
    terminal.run("envr allow ../b");
    interrupted(&mut terminal, "cd ../b");
    has_not(&terminal, "A");
    assert_eq!(terminal.read("runs"), "run\n", "the load was started again");
    terminal.run("cd ../a");
    has(&terminal, "A", "1");
    terminal.run("cd ..");
    assert_eq!(own(&terminal), outside);
}

fn interrupt_pressed_three_times(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    let before = own(&terminal);
    terminal.write("p/.envrc", SLOW);
    terminal.run("true");
    terminal.type_line("envr allow");
    terminal.wait_for("started");
    terminal.type_bytes(b"\x03\x03\x03");
    settle(&mut terminal);
    is_silent(&terminal.run("true"));
    assert_eq!(terminal.read("runs"), "run\n", "the load was started again");
    terminal.write("p/.envrc", "export FOO=1\n");
    terminal.run("true");
    assert_eq!(own(&terminal), before);
}

fn interrupt_reaches_what_ignores_it(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let child =
        "bash -c 'echo $$ > ~/pid; echo started > \"$ENVR_TERMINAL/events\"; exec sleep 60'";
    terminal.write("p/.envrc", format!("trap '' INT\nexport FOO=1\n({child}; true)\n"));
    terminal.run("cd p");
    says(&interrupted(&mut terminal, "envr allow"), "interrupted");
    has_not(&terminal, "FOO");
    terminal.wait_gone(terminal.read("pid").trim().parse().expect("a process id"));
}

/// In a load without bash, in one with it, and in that of an `envr.toml`.
fn interrupt_ends_the_wait_for_a_key(shell: Shell) {
    let slow =
        "#!/bin/sh\necho $$ > ~/pid\necho started > \"$ENVR_TERMINAL/events\"\nexec sleep 60\n";
    let mut terminal = Setup::new(shell).program("slow-key", slow).start();
    terminal.run(&shell.export("DIRENV_WARN_TIMEOUT", "1ms"));
    terminal.run("mkdir p; cd p; envr secret init; mv ~/.config/sops/age/keys.txt ~/key");
    terminal.run(&shell.export("SOPS_AGE_KEY_CMD", "slow-key"));
    for (name, rc) in [
        (".envrc", "use sops\nexport FOO=1\n"),
        (".envrc", "true $(:)\nexport FOO=1\nuse sops\nfoo() { :; }\n"),
        ("envr.toml", "[env]\nFOO = \"1\"\n[secrets]\nfiles = [\"secrets.yaml\"]\n"),
    ] {
        terminal.write(format!("p/{name}"), rc);
        let said = interrupted(&mut terminal, "envr allow");
        says(&said, "waiting for `slow-key`; press Ctrl-C to give up");
        says(&said, &format!("could not load `~/p/{name}`: interrupted"));
        has_not(&terminal, "FOO");
        terminal.wait_gone(terminal.read("pid").trim().parse().expect("a process id"));
        terminal.run(&format!("rm {name}"));
    }
}

fn quit_ends_a_load(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.write("p/.envrc", format!("echo \"$__envr_stage\" > ~/stage\n{SLOW}"));
    terminal.run("cd p");
    let before = own(&terminal);
    terminal.type_line("envr allow");
    terminal.wait_for("started");
    let start = Instant::now();
    terminal.type_bytes(b"\x1c");
    says(&terminal.wait_prompt(), "interrupted");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    settle(&mut terminal);
    assert_eq!(own(&terminal), before);
    is_silent(&terminal.run("true"));
    assert_eq!(terminal.read("runs"), "run\n", "the load was started again");
    let stage = terminal.read("stage");
    assert!(!std::path::Path::new(stage.trim()).exists(), "{stage} stays");
}

fn traps_of_the_user_stay(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let tell = |what: &str| format!("echo {what} > $ENVR_TERMINAL/events");
    match shell {
        Shell::Fish => {
            terminal.run(&format!("function on_int --on-signal INT; {}; end", tell("got INT")));
            terminal.run(&format!("function on_exit --on-event fish_exit; {}; end", tell("bye")));
        }
        Shell::Bash | Shell::Zsh => {
            terminal.run(&format!("trap '{}' INT", tell("got INT")));
            terminal.run(&format!("trap '{}' EXIT", tell("bye")));
        }
    }
    let kill = if shell == Shell::Fish { "kill -INT $fish_pid" } else { "kill -INT $$" };
    terminal.write("p/.envrc", "export FOO=1\n");
    terminal.run("cd p");
    terminal.run("envr allow");
    has(&terminal, "FOO", "1");
    terminal.type_line(kill);
    terminal.wait_for("got INT");
    terminal.wait_prompt();

    terminal.write("p/.envrc", SLOW);
    interrupted(&mut terminal, "envr allow");
    terminal.type_line(kill);
    terminal.wait_for("got INT");
    terminal.wait_prompt();

    terminal.run("cd ..");
    terminal.type_line("exit");
    terminal.wait_for("bye");
}

#[test]
fn a_trapint_function_of_zsh_stays() {
    Shell::Zsh.drive(|shell| {
        let mut terminal = Terminal::start(shell);
        terminal.run("TRAPINT() { echo got INT > $ENVR_TERMINAL/events; return $(( 128 + $1 )) }");
        terminal.write("p/.envrc", SLOW);
        terminal.run("cd p");
        interrupted(&mut terminal, "envr allow");
        terminal.type_line("kill -INT $$");
        terminal.wait_for("got INT");
    });
}
