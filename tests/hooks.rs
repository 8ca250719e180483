//! What a person sees who works in tcsh, elvish, xonsh or nushell: the same as in the shells that most people have.

use crate::terminal::{Other, Setup, Terminal};
use std::ffi::OsString;

macro_rules! drive_others {
    ($($scenario:ident)+) => {$(
        mod $scenario {
            use crate::terminal::Other;

            #[test]
            fn tcsh() {
                Other::Tcsh.drive(super::$scenario);
            }

            #[test]
            fn elvish() {
                Other::Elvish.drive(super::$scenario);
            }

            #[test]
            fn xonsh() {
                Other::Xonsh.drive(super::$scenario);
            }

            #[test]
            fn nu() {
                Other::Nu.drive(super::$scenario);
            }
        }
    )+};
}

drive_others! {
    blocked_allowed_changed_left
    a_failure_is_told_once
    text_arrives_as_it_is
    what_was_there_comes_back
}

#[track_caller]
fn says(output: &str, what: &str) {
    assert!(output.contains(what), "`{what}` is not in:\n{output}");
}

#[track_caller]
fn has(terminal: &Terminal<Other>, name: &str, value: Option<&str>) {
    let screen = terminal.screen();
    assert_eq!(terminal.var(name).as_deref(), value, "{name} at:\n{}", screen.trim_end());
}

/// What a shell says when the last command failed, and where it ends a line of output.
fn hook_lines(output: &str) -> Vec<&str> {
    output.lines().filter(|line| line.starts_with("envr: ")).collect()
}

fn blocked_allowed_changed_left(shell: Other) {
    let mut terminal = Terminal::start(shell);
    let outside = terminal.env();
    terminal.write("p/.envrc", "export FOO=1\nPATH_add bin\n");
    let rc = terminal.home("p/.envrc");

    says(&terminal.run("cd p"), "envr: error: `~/p/.envrc` is blocked");
    has(&terminal, "FOO", None);
    has(&terminal, "DIRENV_FILE", rc.to_str());
    assert_eq!(terminal.run("cd ."), "");

    assert_eq!(terminal.run("envr allow"), "envr: loading ~/p/.envrc\nenvr: export +FOO ~PATH\n");
    has(&terminal, "FOO", Some("1"));
    let bin = terminal.home("p/bin");
    says(&terminal.var("PATH").unwrap(), bin.to_str().unwrap());
    assert_eq!(terminal.run("cd ."), "");

    terminal.write("p/.envrc", "export FOO=2\n");
    says(&terminal.run("cd ."), "is blocked");
    has(&terminal, "FOO", None);
    terminal.run("envr allow");
    has(&terminal, "FOO", Some("2"));

    assert_eq!(terminal.run("cd .."), "envr: unloading\n");
    let mut env = terminal.env();
    // A stopwatch of nushell's, and what its start file counts.
    let is_own = |name: &OsString| ["CMD_DURATION_MS", "PROMPTS"].iter().any(|own| name == own);
    for (name, value) in outside.iter().filter(|(name, _)| !is_own(name)) {
        assert_eq!(env.remove(name).as_ref(), Some(value), "{}", name.display());
    }
    has(&terminal, "FOO", None);
    has(&terminal, "DIRENV_DIFF", None);
}

fn a_failure_is_told_once(shell: Other) {
    let mut terminal = Terminal::start(shell);
    terminal.write("p/.envrc", "export FOO=1\nexit 3\n");
    terminal.run("cd p");
    let said = terminal.run("envr allow");
    assert_eq!(hook_lines(&said).len(), 2, "{said}");
    says(&said, "it exited with status 3");
    assert_eq!(terminal.run("cd ."), "");
    has(&terminal, "FOO", None);
}

fn text_arrives_as_it_is(shell: Other) {
    let value = "a\nb  'single' \"double\" $HOME `id` \\ \\\\ \t * ~ ! {x,y} ü € 𝄞 \u{1} # ; end";
    let mut terminal = Terminal::start(shell);
    terminal.write("p/.envrc", "VALUE=$(cat value)\nexport VALUE EMPTY=\n");
    terminal.write("p/value", value);
    terminal.run("cd p");
    terminal.run("envr allow");
    has(&terminal, "VALUE", Some(value));
    has(&terminal, "EMPTY", Some(""));
}

fn what_was_there_comes_back(shell: Other) {
    let mut terminal = Setup::new(shell).env("OLD", "before").env("GONE", "there").start();
    let path = terminal.var("PATH").unwrap();
    terminal.write("p/.envrc", "export OLD=now\nunset GONE\nPATH_add bin\n");
    terminal.run("cd p");
    terminal.run("envr allow");
    has(&terminal, "OLD", Some("now"));
    has(&terminal, "GONE", None);
    terminal.run(&shell.export("MINE", "kept"));
    terminal.run("cd ..");
    has(&terminal, "OLD", Some("before"));
    has(&terminal, "GONE", Some("there"));
    has(&terminal, "MINE", Some("kept"));
    has(&terminal, "PATH", Some(&path));
}

#[test]
fn what_precmd_did_in_tcsh_it_still_does() {
    Other::Tcsh.drive(|shell| {
        let setup = Setup::new(shell).after_hook("eval `envr hook tcsh`\n");
        let mut terminal = setup.program("envr", &counting()).start();
        terminal.write("p/.envrc", "export FOO=1\n");
        let asked = |terminal: &Terminal<Other>| terminal.read("calls").lines().count();
        let before = asked(&terminal);
        terminal.run("cd p");
        assert_eq!(asked(&terminal), before + 1);
        assert_eq!(terminal.run("sh -c 'exit 3'; echo $status"), "3\n");
        terminal.run("sh -c 'exit 4'");
        assert_eq!(terminal.run("true; echo \"it is $status\""), "it is 0\n");
    });
}

/// Writes each `export` down.
fn counting() -> String {
    format!(
        "#!/bin/sh\n\
        case $1 in\n\
        hook) {envr} \"$@\" | sed \"s|{envr}|$0|g\" ;;\n\
        export) echo \"$*\" >>~/calls; exec {envr} \"$@\" ;;\n\
        *) exec {envr} \"$@\" ;;\n\
        esac\n",
        envr = crate::terminal::ENVR
    )
}
