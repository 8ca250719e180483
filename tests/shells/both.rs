//! direnv's own hook in the same shell: whoever asks first loads, the other finds nothing to do, and either takes it back.

use super::{has, has_not, is_silent, says};
use crate::terminal::{Setup, Shell};

drive! { direnvs_hook_before direnvs_hook_after both_ask_at_each_prompt one_takes_back_what_the_other_loaded }

fn direnvs_hook_before(shell: Shell) {
    follows(Setup::new(shell).before_hook(&hook(shell)));
}

fn direnvs_hook_after(shell: Shell) {
    follows(Setup::new(shell).after_hook(&hook(shell)));
}

/// As under names of one's own: then neither hook replaces the other.
fn both_ask_at_each_prompt(shell: Shell) {
    let ask = match shell {
        Shell::Fish => {
            "function mine --on-event fish_prompt; /usr/bin/direnv export fish | source; end\n"
        }
        Shell::Zsh => {
            "mine() { eval \"$(/usr/bin/direnv export zsh)\" }; precmd_functions+=(mine)\n"
        }
        Shell::Bash => {
            "mine() { eval \"$(/usr/bin/direnv export bash)\"; }; PROMPT_COMMAND+='; mine'\n"
        }
    };
    follows(Setup::new(shell).after_hook(ask));
}

fn hook(shell: Shell) -> String {
    match shell {
        Shell::Fish => "/usr/bin/direnv hook fish | source\n".into(),
        _ => format!("eval \"$(/usr/bin/direnv hook {})\"\n", shell.name()),
    }
}

#[track_caller]
fn follows(setup: Setup) {
    if !crate::test::has("direnv") {
        return;
    }
    let mut terminal = setup.start();
    let outside = terminal.env();
    terminal
        .write("p/.envrc", "echo run >> ~/runs\nexport FOO=1\nPATH_add bin\nwatch_file other\n");
    says(&terminal.run("cd ~/p"), "is blocked");
    is_silent(&terminal.run("true"));
    says(&terminal.run("envr allow"), "loading");
    has(&terminal, "FOO", "1");
    let inside = terminal.env();
    for line in ["true", "", "cd .", "true"] {
        is_silent(&terminal.run(line));
    }
    assert_eq!(terminal.read("runs"), "run\n");
    assert_eq!(terminal.env(), inside);
    says(&terminal.run("cd ~"), "unloading");
    assert_eq!(terminal.env(), outside);
    is_silent(&terminal.run("true"));
}

fn one_takes_back_what_the_other_loaded(shell: Shell) {
    if !crate::test::has("direnv") {
        return;
    }
    let mut terminal = Setup::new(shell).start();
    let outside = terminal.env();
    terminal.write("p/.envrc", "export FOO=1\nunset LANG\nPATH_add bin\n");
    terminal.write("q/.envrc", "export BAR=1\n");
    terminal.run("/usr/bin/direnv allow p; /usr/bin/direnv allow q");
    terminal.run("cd ~/p");
    has(&terminal, "FOO", "1");
    // From here on direnv's hook is the one.
    terminal.run(hook(shell).trim_end());
    says(&terminal.run("cd ~/q"), "direnv: loading");
    has_not(&terminal, "FOO");
    has(&terminal, "BAR", "1");
    let back = if shell == Shell::Fish {
        "envr hook fish | source".into()
    } else {
        format!("eval \"$(envr hook {})\"", shell.name())
    };
    is_silent(&terminal.run(&back));
    assert_eq!(terminal.run("cd ~"), "envr: unloading\n");
    assert_eq!(terminal.env(), outside);
}
