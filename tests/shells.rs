//! What a person sees who works in bash, zsh or fish with the hook in the start file: each scenario is typed into a real terminal.

use crate::terminal::{Setup, Shell, Terminal};

mod both;
mod changes;
mod errors;
mod interrupt;
mod names;
mod places;
mod setups;
mod zsh;

drive! {
    blocked_allowed_changed_left
    the_status_of_the_last_command_is_kept
    an_unchanged_prompt_is_silent
    values_arrive_as_they_are
    what_the_project_hid_comes_back
    path_edits_of_the_user_survive_leaving
    the_rc_can_ask_the_user
    a_background_child_does_not_hold_the_prompt
}

/// A shell that stands in the project `~/p`, loaded.
#[track_caller]
fn loaded(shell: Shell, rc: &str) -> Terminal {
    enter(Terminal::start(shell), rc)
}

#[track_caller]
fn enter(mut terminal: Terminal, rc: &str) -> Terminal {
    terminal.write("p/.envrc", rc);
    says(&terminal.run("cd ~/p"), "is blocked");
    says(&terminal.run("envr allow"), "loading ~/p/.envrc");
    terminal
}

#[track_caller]
fn says(output: &str, what: &str) {
    assert!(output.contains(what), "`{what}` is not in:\n{output}");
}

#[track_caller]
fn is_silent(output: &str) {
    assert_eq!(output, "");
}

#[track_caller]
fn has(terminal: &Terminal, name: &str, value: &str) {
    assert_eq!(
        terminal.var(name).as_deref(),
        Some(value),
        "{name} at:\n{}",
        terminal.screen().trim_end()
    );
}

#[track_caller]
fn has_not(terminal: &Terminal, name: &str) {
    assert_eq!(terminal.var(name), None, "{name} at:\n{}", terminal.screen().trim_end());
}

fn blocked_allowed_changed_left(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let outside = terminal.env();
    terminal.write("p/.envrc", "export FOO=1\nPATH_add bin\n");

    let blocked = terminal.run("cd p");
    says(&blocked, "envr: error: `~/p/.envrc` is blocked");
    says(&blocked, "envr: hint: ");
    says(&blocked, "envr allow");
    has_not(&terminal, "FOO");
    is_silent(&terminal.run("true"));

    assert_eq!(terminal.run("envr allow"), "envr: loading ~/p/.envrc\nenvr: export +FOO ~PATH\n");
    has(&terminal, "FOO", "1");
    let rc = terminal.home("p/.envrc");
    has(&terminal, "DIRENV_FILE", &rc.display().to_string());

    terminal.write("p/.envrc", "export FOO=2\n");
    says(&terminal.run("true"), "is blocked");
    has_not(&terminal, "FOO");

    assert_eq!(terminal.run("envr allow"), "envr: loading ~/p/.envrc\nenvr: export +FOO\n");
    has(&terminal, "FOO", "2");

    assert_eq!(terminal.run("cd .."), "envr: unloading\n");
    assert_eq!(terminal.env(), outside);
}

fn the_status_of_the_last_command_is_kept(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    let status = if shell == Shell::Fish { "echo $status" } else { "echo $?" };
    terminal.run("false");
    assert_eq!(terminal.run(status), "1\n");
    says(&terminal.run("sh -c 'touch .envrc; exit 3'"), "loading");
    assert_eq!(terminal.status, 3);
    assert_eq!(terminal.run(status), "3\n");

    let pipeline = match shell {
        Shell::Bash => "echo ${PIPESTATUS[*]}",
        Shell::Zsh | Shell::Fish => "echo $pipestatus",
    };
    terminal.run("sh -c 'touch .envrc; exit 4' | true");
    assert_eq!(terminal.run(pipeline), "4 0\n");
}

fn an_unchanged_prompt_is_silent(shell: Shell) {
    let mut terminal = loaded(shell, "echo run >> ~/runs\nexport FOO=1\n");
    let env = terminal.env();
    for line in ["true", "", "true"] {
        is_silent(&terminal.run(line));
    }
    assert_eq!(terminal.env(), env);
    assert_eq!(terminal.read("runs"), "run\n");
}

fn values_arrive_as_they_are(shell: Shell) {
    let value =
        "a\nb  'single' \"double\" $HOME `id` \\ \\\\ \t * ~ ! {x,y} ü\u{1}\u{1b}[31m end\n\n";
    let mut terminal =
        loaded(shell, "VALUE=$(cat value; echo .)\nexport VALUE=${VALUE%.} EMPTY=\n");
    terminal.write("p/value", value);
    terminal.run("touch .envrc");
    has(&terminal, "VALUE", value);
    has(&terminal, "EMPTY", "");
}

fn what_the_project_hid_comes_back(shell: Shell) {
    let mut terminal =
        Setup::new(shell).env("OLD", "before").env("EMPTY", "").env("GONE", "there").start();
    let outside = terminal.env();
    terminal.write("p/.envrc", "export OLD=now EMPTY=full NEW=1\nunset GONE\n");
    terminal.run("cd p");
    says(&terminal.run("envr allow"), "export +NEW -GONE ~EMPTY ~OLD");
    has(&terminal, "OLD", "now");
    has_not(&terminal, "GONE");
    terminal.run(&shell.export("MINE", "kept"));
    terminal.run("cd ..");
    has(&terminal, "MINE", "kept");
    let mut env = terminal.env();
    env.remove(std::ffi::OsStr::new("MINE"));
    assert_eq!(env, outside);
}

fn path_edits_of_the_user_survive_leaving(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    let outside = terminal.var("PATH").expect("there is a PATH");
    terminal.write("p/.envrc", "PATH_add bin\n");
    terminal.run("cd p");
    terminal.run("envr allow");
    let inside = format!("{}:{outside}", terminal.home("p/bin").display());
    has(&terminal, "PATH", &inside);
    terminal.run(match shell {
        Shell::Fish => "set -gx PATH /first $PATH /last",
        Shell::Bash | Shell::Zsh => "export PATH=/first:$PATH:/last",
    });
    has(&terminal, "PATH", &format!("/first:{inside}:/last"));
    terminal.run("cd ..");
    has(&terminal, "PATH", &format!("/first:{outside}:/last"));
}

fn the_rc_can_ask_the_user(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.write(
        "p/.envrc",
        "echo asking > \"$ENVR_TERMINAL/events\"\nread -r ANSWER\nexport ANSWER\n",
    );
    terminal.run("cd p");
    terminal.type_line("envr allow");
    terminal.wait_for("asking");
    terminal.type_line("forty two");
    terminal.wait_prompt();
    has(&terminal, "ANSWER", "forty two");
}

fn a_background_child_does_not_hold_the_prompt(shell: Shell) {
    let mut terminal = loaded(shell, "sleep 60 &\nexport FOO=1\n");
    has(&terminal, "FOO", "1");
    terminal.run("cd ..");
    has_not(&terminal, "FOO");
}
