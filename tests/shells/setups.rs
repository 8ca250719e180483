//! The hook lives in shells that their owners set up as they like.

use super::{enter, has, has_not, is_silent, says};
use crate::terminal::{ENVR, Setup, Shell, Terminal};
use std::time::{Duration, Instant};

drive! { a_prompt_asks_once the_hook_twice_asks_once no_variable_or_function_is_left_behind names_of_the_user_do_not_matter }
drive! { posix: strict_mode }

fn a_prompt_asks_once(shell: Shell) {
    asks_once(Setup::new(shell));
}

fn the_hook_twice_asks_once(shell: Shell) {
    let hook = match shell {
        Shell::Fish => "envr hook fish | source",
        Shell::Bash => "eval \"$(envr hook bash)\"",
        Shell::Zsh => "eval \"$(envr hook zsh)\"",
    };
    asks_once(Setup::new(shell).after_hook(&[hook, hook, ""].join("\n")));
}

#[track_caller]
fn asks_once(setup: Setup) {
    let (mut terminal, calls) = counted(setup);
    terminal.write("p/.envrc", "export FOO=1\n");
    let mut asked = terminal.read(calls).lines().count();
    for line in ["cd p", "envr allow", "cd ..", "cd p"] {
        // zsh asks at the `cd`, and again at the prompt where a file is too young for a check.
        if terminal.shell == Shell::Zsh {
            grow_old(&mut terminal);
            asked = terminal.read(calls).lines().count();
        }
        terminal.run(line);
        asked += 1;
        assert_eq!(terminal.read(calls).lines().count(), asked, "{line}");
    }
    has(&terminal, "FOO", "1");
}

/// Until no file is younger than a tick of the clock.
pub fn grow_old(terminal: &mut Terminal) {
    let young = Instant::now();
    while young.elapsed() < Duration::from_millis(200) {
        terminal.run("true");
    }
}

/// The shell of someone whose hook writes each `export` down, in the file that is returned.
#[track_caller]
pub fn counted(setup: Setup) -> (Terminal, &'static str) {
    let script = "#!/bin/sh\n\
        case $1 in\n\
        hook) @ENVR@ \"$@\" | sed \"s|@ENVR@|$0|g\" ;;\n\
        export) echo \"$@\" >>~/calls; exec @ENVR@ \"$@\" ;;\n\
        *) exec @ENVR@ \"$@\" ;;\n\
        esac\n";
    (setup.program("envr", &script.replace("@ENVR@", ENVR)).start(), "calls")
}

fn no_variable_or_function_is_left_behind(shell: Shell) {
    let list = match shell {
        Shell::Bash => "{ compgen -v; compgen -A function; }",
        Shell::Zsh => "print -l ${(ko)parameters} ${(ko)functions}",
        Shell::Fish => "begin; set --names; functions --all --names; end",
    };
    let names = |setup: Setup| {
        let mut terminal = setup.start();
        terminal.write("p/.envrc", "export FOO=1\n");
        for line in ["cd p", "envr allow", "cd ..", "true", &format!("{list} >~/names")] {
            terminal.run(line);
        }
        terminal.read("names")
    };
    let (without, with) =
        (names(Setup::new(shell).program("envr", "#!/bin/sh\n")), names(Setup::new(shell)));
    let hooks = ["PROMPT_COMMAND", "precmd_functions", "chpwd_functions"];
    let own = |name: &str| {
        let name_of = |tool| name.trim_start_matches('_').starts_with(tool);
        name_of("envr") || name_of("direnv") || hooks.contains(&name)
    };
    let stray: Vec<&str> = with
        .lines()
        .filter(|name| !own(name) && !without.lines().any(|known| known == *name))
        .collect();
    assert_eq!(stray, Vec::<&str>::new());
}

/// Aliases and functions called like what a hook uses, and a word separator that nobody expects.
fn names_of_the_user_do_not_matter(shell: Shell) {
    let code = match shell {
        Shell::Bash | Shell::Zsh => {
            "IFS=e\ntest() { false; }\n\
             alias trap=false local=false return=false builtin=false command=false printf=false\n"
        }
        Shell::Fish => "set -g IFS e\nfunction cat; false; end\nfunction grep; false; end\n",
    };
    for (before, after) in [(code, ""), ("", code)] {
        let mut terminal = Setup::new(shell).before_hook(before).after_hook(after).start();
        terminal.write("p/.envrc", "export FOO='a  e  b'\n");
        says(&terminal.run("cd ~/p"), "is blocked");
        terminal.run("envr allow");
        has(&terminal, "FOO", "a  e  b");
        says(&terminal.run("cd ~"), "unloading");
        has_not(&terminal, "FOO");
    }
}

fn strict_mode(shell: Shell) {
    for (before, after) in [
        ("set -euo pipefail\n", ""),
        ("", "set -euo pipefail\n"),
        ("", "set -eu -o pipefail -o noclobber\n"),
    ] {
        let mut terminal = Setup::new(shell).before_hook(before).after_hook(after).start();
        terminal.write("p/.envrc", "export FOO=1\n");
        says(&terminal.run("cd p"), "is blocked");
        is_silent(&terminal.run("true"));
        says(&terminal.run("envr allow"), "loading");
        has(&terminal, "FOO", "1");
        says(&terminal.run("cd .."), "unloading");
        terminal.run("cd p");
        terminal.write("p/.envrc", "export FOO=2\nexit 1\n");
        says(&terminal.run("true"), "is blocked");
        says(&terminal.run("envr allow"), "error");
        has_not(&terminal, "FOO");
        is_silent(&terminal.run("true"));
        terminal.run("cd ..");
        assert_eq!(terminal.run("echo alive"), "alive\n");
    }
}

#[test]
fn bash_prompt_commands() {
    Shell::Bash.drive(|shell| {
        let mine = "seen=$? mine=$((mine + 1))";
        let (before, after) =
            (|code: String| (code, String::new()), |code: String| (String::new(), code));
        let setups = [
            before(format!("PROMPT_COMMAND='{mine}'\n")),
            before(format!("PROMPT_COMMAND='{mine};'\n")),
            before(format!("PROMPT_COMMAND='{mine} ; '\n")),
            before(format!("PROMPT_COMMAND='{mine}\n'\n")),
            before(format!("PROMPT_COMMAND='{mine} # a comment'\n")),
            before(format!("PROMPT_COMMAND=('{mine}')\n")),
            before(format!("PROMPT_COMMAND=('second=1' '{mine}')\n")),
            after(format!("PROMPT_COMMAND='{mine}'\"${{PROMPT_COMMAND:+;$PROMPT_COMMAND}}\"\n")),
            after(format!("PROMPT_COMMAND=\"${{PROMPT_COMMAND:+$PROMPT_COMMAND;}}\"'{mine}'\n")),
            after(format!("PROMPT_COMMAND+=('{mine}')\n")),
            (
                String::from("unset PROMPT_COMMAND\nset -u\n"),
                format!("PROMPT_COMMAND+=('{mine}')\n"),
            ),
            after(format!("PROMPT_COMMAND=('{mine}' \"${{PROMPT_COMMAND[@]}}\")\n")),
        ];
        for (before, after) in setups {
            let setup = format!("mine=0 seen=0\n{before}");
            let mut terminal = enter(
                Setup::new(shell).before_hook(&setup).after_hook(&after).start(),
                "export FOO=1\n",
            );
            has(&terminal, "FOO", "1");
            terminal.run("(exit 7)");
            assert_eq!(terminal.run("echo $seen"), "7\n", "{before}{after}");
            let count = |output: String| output.trim().parse::<usize>().expect("a number");
            let first = count(terminal.run("echo $mine"));
            assert_eq!(count(terminal.run("echo $mine")), first + 1, "{before}{after}");
            terminal.run("cd ~");
            has_not(&terminal, "FOO");
        }
    });
}

#[test]
fn zsh_options() {
    Shell::Zsh.drive(|shell| {
        let options = [
            "setopt ksh_arrays no_glob sh_word_split no_unset",
            "setopt warn_create_global no_clobber glob_subst csh_null_glob extended_glob",
            "setopt err_return pipe_fail rc_expand_param posix_builtins no_equals",
            "setopt auto_cd cdable_vars auto_pushd chase_links pushd_silent",
            "emulate sh",
            "emulate ksh",
        ];
        for option in options {
            for (before, after) in [(option, ""), ("", option)] {
                let setup = Setup::new(shell)
                    .before_hook(&format!("{before}\n"))
                    .after_hook(&format!("{after}\n"));
                let mut terminal = setup.start();
                let screen = terminal.screen();
                assert_eq!(
                    screen.trim().lines().count(),
                    1,
                    "`{option}` makes the hook talk:\n{}",
                    screen.trim()
                );
                terminal.write("p/.envrc", "export FOO='a  b *'\n");
                says(&terminal.run("cd p"), "is blocked");
                says(&terminal.run("envr allow"), "loading");
                has(&terminal, "FOO", "a  b *");
                is_silent(&terminal.run("true"));
                assert_eq!(terminal.run("cd .."), "envr: unloading\n", "{option}");
                has_not(&terminal, "FOO");
            }
        }
    });
}

/// A key that changes the directory, as Alt-Left does, without a command line in between.
const FISH_KEY: &str = "bind \\cg 'cd ~/p; commandline -f repaint'\n";

#[test]
fn fish_evaluates_on_arrow() {
    fish_key("", "FOO is 1\n");
}

#[test]
fn fish_evaluates_after_arrow() {
    fish_key("set -g direnv_fish_mode eval_after_arrow\n", "FOO is 1\n");
}

#[test]
fn fish_leaves_arrows_alone() {
    fish_key("set -g direnv_fish_mode disable_arrow\n", "FOO is\n");
}

/// Changes into a project by a key: what the next command sees, and that the prompt after it is loaded in any case.
fn fish_key(mode: &str, printed: &str) {
    Shell::Fish.drive(|shell| {
        let mut terminal = enter(
            Setup::new(shell).before_hook(mode).after_hook(FISH_KEY).start(),
            "export FOO=1\n",
        );
        terminal.run("cd ~");
        has_not(&terminal, "FOO");
        terminal.type_bytes(b"\x07");
        says(&terminal.run("echo FOO is $FOO"), printed);
        has(&terminal, "FOO", "1");
        terminal.run("cd ~");
        has_not(&terminal, "FOO");
    });
}

#[test]
fn fish_loads_before_the_key_returns() {
    Shell::Fish.drive(|shell| {
        let rc = "export FOO=1\necho started > \"$ENVR_TERMINAL/events\"\n";
        let mut terminal: Terminal = enter(Setup::new(shell).after_hook(FISH_KEY).start(), rc);
        terminal.run("cd ~");
        terminal.type_bytes(b"\x07");
        terminal.wait_for("started");
        terminal.run("true");
        has(&terminal, "FOO", "1");
    });
}
