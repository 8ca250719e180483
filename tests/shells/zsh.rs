//! What zsh alone has: a hook for each `cd`, so that what follows on the line, and a script, has the environment.

use super::setups::{counted, grow_old};
use super::{has, says};
use crate::terminal::{ENVR, Setup, Shell};
use crate::test::{Project, has as has_program};
use std::process::Command;

#[test]
fn what_follows_cd_has_the_environment() {
    Shell::Zsh.drive(|shell| {
        let (mut terminal, calls) = counted(Setup::new(shell));
        terminal.write("p/.envrc", "export FOO=1\n");
        terminal.run("envr allow p");
        says(&terminal.run("cd p && echo \"it is $FOO\""), "it is 1\n");
        has(&terminal, "FOO", "1");
        says(&terminal.run("cd ..; echo \"it is ${FOO-gone}\""), "it is gone\n");
        // The prompt itself does not ask again.
        grow_old(&mut terminal);
        let before = terminal.read(calls).lines().count();
        says(&terminal.run("cd p"), "loading");
        assert_eq!(terminal.read(calls).lines().count(), before + 1);
    });
}

#[test]
fn a_script_has_the_environment() {
    // A program's shell, with the lines of the page about shells in its start file.
    let code = "cd p && print $FOO; (cd ../q && print $FOO); cd ..; print ${FOO-gone}";
    assert_eq!(run(code), "1\n2\ngone\n");
}

#[test]
fn who_only_looks_around_loads_nothing() {
    // What a completion has, and a widget.
    let code = "typeset -A compstate; cd p; print ${FOO-none}; print $(cd ../q; print ${FOO-none}); \
                unset compstate; WIDGET=mine; print $(cd ../q; print ${FOO-none}); \
                unset WIDGET; print $(cd ../q; print ${FOO-none})";
    assert_eq!(run(code), "none\nnone\nnone\n2\n");
}

/// zsh ends what it evaluates at the first name that it refuses.
#[test]
fn what_zsh_refuses_does_not_hide_what_is_to_be_taken_back() {
    for refuses in ["typeset -a BB; BB=(1 2)", "typeset -r BB=1"] {
        Shell::Zsh.drive(|shell| {
            let (mut terminal, calls) = counted(Setup::new(shell));
            terminal.write("p/.envrc", "export AA=1 BB=x\n");
            terminal.run("envr allow p");
            terminal.run(refuses);
            terminal.run("cd p");
            has(&terminal, "AA", "1");
            let loads = |terminal: &crate::terminal::Terminal| terminal.read(calls).lines().count();
            terminal.run("true");
            let before = loads(&terminal);
            says(&terminal.run("true"), "");
            assert!(loads(&terminal) <= before + 1);
            terminal.run("cd ..");
            super::has_not(&terminal, "AA");
        });
    }
}

/// What `zsh -c` prints at home, above the projects `p` and `q`.
fn run(code: &str) -> String {
    let project = Project::new();
    for (name, value) in [("p", 1), ("q", 2)] {
        project.write_at(&format!("home/{name}/.envrc"), format!("export FOO={value}\n"));
        let dir = project.path(&format!("home/{name}"));
        project.envr(["allow", dir.to_str().unwrap()]).success();
    }
    let start = "eval \"$($ENVR hook zsh)\"\neval \"$($ENVR export zsh)\"\n";
    project.write_at("home/.zshenv", start);
    if !has_program("zsh") {
        return String::new();
    }
    let output = Command::new("zsh")
        .args(["-c", code])
        .current_dir(project.path("home"))
        .env_clear()
        .envs([("HOME", project.path("home")), ("ENVR", ENVR.into())])
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}
