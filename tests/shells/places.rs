//! Ways to get into a project, through it, and out again.

use super::{has, has_not, is_silent, loaded, says};
use crate::terminal::{Shell, Terminal};

drive! {
    a_subdirectory_keeps_the_environment
    from_one_project_into_another
    an_inner_rc_replaces_the_outer_one
    an_inner_rc_with_source_up_adds_to_the_outer_one
    a_subshell_inherits_and_leaves_on_its_own
    a_shell_in_place_of_the_shell
    pushd_popd_and_back
    through_a_symlink
    a_new_terminal_with_the_state_of_another_project
}

fn a_subdirectory_keeps_the_environment(shell: Shell) {
    let mut terminal = loaded(shell, "echo run >> ~/runs\nexport FOO=1\n");
    let env = terminal.env();
    terminal.run("mkdir -p a/b");
    is_silent(&terminal.run("cd a"));
    is_silent(&terminal.run("cd b"));
    assert_eq!(terminal.env(), env);
    is_silent(&terminal.run("cd ../.."));
    assert_eq!(terminal.read("runs"), "run\n");
}

fn from_one_project_into_another(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    for project in ["a", "b"] {
        terminal.write(
            format!("{project}/.envrc"),
            format!("export NAME={project} {project}_only=1\n"),
        );
        terminal.run(&format!("envr allow {project}"));
    }
    says(&terminal.run("cd a"), "loading ~/a/.envrc");
    let said = terminal.run("cd ../b");
    says(&said, "loading ~/b/.envrc");
    assert!(!said.contains("unloading"), "{said}");
    has(&terminal, "NAME", "b");
    has(&terminal, "b_only", "1");
    has_not(&terminal, "a_only");
    says(&terminal.run("cd .."), "unloading");
    has_not(&terminal, "NAME");
}

fn an_inner_rc_replaces_the_outer_one(shell: Shell) {
    let mut terminal = loaded(shell, "export OUTER=1\n");
    terminal.write("p/inner/.envrc", "export INNER=1\n");
    says(&terminal.run("cd inner"), "is blocked");
    has_not(&terminal, "OUTER");
    terminal.run("envr allow");
    has(&terminal, "INNER", "1");
    has_not(&terminal, "OUTER");
    terminal.run("cd ..");
    has(&terminal, "OUTER", "1");
    has_not(&terminal, "INNER");
}

fn an_inner_rc_with_source_up_adds_to_the_outer_one(shell: Shell) {
    let mut terminal = loaded(shell, "export OUTER=1 BOTH=outer\n");
    terminal.write("p/a/inner/.envrc", "source_up\nexport INNER=1 BOTH=$BOTH,inner\n");
    terminal.run("cd a/inner");
    terminal.run("envr allow");
    has(&terminal, "OUTER", "1");
    has(&terminal, "INNER", "1");
    has(&terminal, "BOTH", "outer,inner");
    terminal.run("cd ../..");
    has(&terminal, "BOTH", "outer");
    has_not(&terminal, "INNER");
    terminal.run("cd ..");
    has_not(&terminal, "OUTER");
    has_not(&terminal, "BOTH");
}

fn a_subshell_inherits_and_leaves_on_its_own(shell: Shell) {
    let mut terminal = loaded(shell, "echo run >> ~/runs\nexport FOO=1\n");
    let inside = terminal.env();
    terminal.run(shell.name());
    assert_eq!(terminal.env(), inside);
    assert_eq!(terminal.read("runs"), "run\n");
    says(&terminal.run("cd ~"), "unloading");
    has_not(&terminal, "FOO");
    terminal.run("exit");
    has(&terminal, "FOO", "1");
    says(&terminal.run("cd ~"), "unloading");
    has_not(&terminal, "FOO");
}

fn a_shell_in_place_of_the_shell(shell: Shell) {
    let mut terminal = loaded(shell, "echo run >> ~/runs\nexport FOO=1\n");
    terminal.run(&format!("exec {}", shell.name()));
    has(&terminal, "FOO", "1");
    assert_eq!(terminal.read("runs"), "run\n");
    says(&terminal.run("cd ~"), "unloading");
    has_not(&terminal, "FOO");
}

fn pushd_popd_and_back(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\n");
    terminal.run("pushd ~");
    has_not(&terminal, "FOO");
    terminal.run("popd");
    has(&terminal, "FOO", "1");
    terminal.run("cd ~");
    has_not(&terminal, "FOO");
    terminal.run("cd -");
    has(&terminal, "FOO", "1");
}

fn through_a_symlink(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1 HERE=$PWD\n");
    terminal.run("cd ~");
    terminal.run("ln -s p link");
    says(&terminal.run("cd link"), "loading ~/p/.envrc");
    has(&terminal, "HERE", &terminal.home("p").display().to_string());
    says(&terminal.run("cd ~"), "unloading");
}

fn a_new_terminal_with_the_state_of_another_project(shell: Shell) {
    let mut terminal = loaded(shell, "export FOO=1\nPATH_add bin\n");
    terminal.write("q/.envrc", "export BAR=1\n");
    terminal.run("envr allow ~/q");
    let inherited = |setup: crate::terminal::Setup| {
        let env = terminal.env().into_iter().filter(|(name, _)| name != "ENVR_TERMINAL");
        env.fold(setup, |setup, (name, value)| setup.env(name, value))
    };
    let plain = terminal.beside().start();

    let home = inherited(terminal.beside()).start();
    has_not(&home, "FOO");
    has_not(&home, "DIRENV_FILE");
    assert_eq!(home.var("PATH"), plain.var("PATH"));

    let other = inherited(terminal.beside()).directory(terminal.home("q")).start();
    has_not(&other, "FOO");
    has(&other, "BAR", "1");

    let same = inherited(terminal.beside()).directory(terminal.home("p")).start();
    has(&same, "FOO", "1");
    assert_eq!(same.var("PATH"), terminal.var("PATH"));
}
