//! `envr setup` and `envr doctor`: start files changed with consent and taken back, and what a broken set-up is told.

use crate::test::{ENVR, Project};
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// A person with bash, with `envr` on PATH, and another program called `direnv` behind it.
fn person() -> Project {
    let project = Project::new().env("SHELL", "/bin/bash");
    symlink(ENVR, project.path("bin/envr")).unwrap();
    let path = format!("{}:/usr/bin:/bin", project.path("bin").display());
    project.env("PATH", path)
}

const DONE: &str = "changed; `envr setup --undo` takes it back, a new shell follows it\n";
const HOOK: &str = "eval \"$(envr hook bash)\"\n";

#[test]
fn the_hook_is_put_at_the_end_and_taken_out_again() {
    let project = person();
    project.write_at("home/.bashrc", "alias ll='ls -l'");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(project.path("home/.bashrc"), mode).unwrap();
    let shown =
        "~/.bashrc:\n  - alias ll='ls -l'\n  + alias ll='ls -l'\n  + eval \"$(envr hook bash)\"\n";

    let refused = "envr: error: could not ask whether to make these changes: standard input is no terminal\n\
                   envr: hint: envr setup --yes\n";
    project.envr(["setup"]).stdout(shown).stderr(refused).failure();
    assert_eq!(project.read("home/.bashrc"), "alias ll='ls -l'");

    project.envr(["setup", "--yes"]).stdout(&format!("{shown}{DONE}")).success();
    assert_eq!(project.read("home/.bashrc"), format!("alias ll='ls -l'\n{HOOK}"));
    let found = std::fs::metadata(project.path("home/.bashrc")).unwrap().permissions().mode();
    assert_eq!(found & 0o777, 0o600);
    project.envr(["setup", "--yes"]).stdout("nothing to change\n").success();

    project.envr(["setup", "--undo"]).stdout("~/.bashrc is as it was\n").success();
    assert_eq!(project.read("home/.bashrc"), "alias ll='ls -l'");
    project.envr(["setup", "--undo"]).stdout("nothing to take back\n").success();
}

#[test]
fn a_start_file_that_is_missing_is_made_and_removed() {
    let project = person().env("SHELL", "/usr/bin/fish");
    let shown = "~/.config/fish/config.fish, a new file:\n  + envr hook fish | source\n";
    project.envr(["setup", "--yes"]).stdout(&format!("{shown}{DONE}")).success();
    assert_eq!(project.read("home/.config/fish/config.fish"), "envr hook fish | source\n");
    project.envr(["setup", "--undo"]).stdout("~/.config/fish/config.fish is as it was\n").success();
    assert!(!project.path("home/.config/fish/config.fish").exists());
}

#[test]
fn direnvs_hook_is_replaced_only_when_that_is_asked_for() {
    let project = person();
    let before = "a\nif true; then\n  eval \"$(direnv hook bash)\"\nfi\nb\n";
    // Where it really is, and where it is looked for.
    project.write_at("home/dotfiles/bashrc", before);
    symlink(project.path("home/dotfiles/bashrc"), project.path("home/.bashrc")).unwrap();
    let remark =
        "envr: `~/dotfiles/bashrc:3` has direnv's hook; `envr setup --from-direnv` replaces it\n";
    project.envr(["setup", "--yes"]).stdout("nothing to change\n").stderr(remark).success();

    let run = project.envr(["setup", "--yes", "--from-direnv"]).any_stdout();
    let shown = run.success().stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("  -   eval \"$(direnv hook bash)\"\n"), "{shown}");
    assert!(shown.contains("~/.local/share/envr/bin/direnv: a link to "), "{shown}");
    let after = project.read("home/dotfiles/bashrc");
    let dir = project.path("home/.local/share/envr/bin");
    let line = format!("  export PATH=\"{}:$PATH\"\n  eval \"$(envr hook bash)\"\n", dir.display());
    assert_eq!(after, format!("a\nif true; then\n{line}fi\nb\n"));
    assert!(project.path("home/.bashrc").is_symlink());

    // A shell that starts with it has both.
    let script =
        "shopt -s expand_aliases; . ~/.bashrc 2>/dev/null; direnv version; type -t _direnv_hook";
    let bash = std::process::Command::new("bash")
        .args(["--norc", "-c", script])
        .env_clear()
        .env("HOME", project.path("home"))
        .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&bash.stdout), "2.37.1\nfunction\n");

    project.envr(["setup", "--undo"]).any_stdout().success();
    assert_eq!(project.read("home/dotfiles/bashrc"), before);
    assert!(!dir.join("direnv").exists());
}

#[test]
fn direnvs_hook_is_found_in_each_file_that_the_shell_reads() {
    let project = person().env("SHELL", "/usr/bin/bash");
    symlink(ENVR, project.path("bin/direnv")).unwrap();
    let profile = "eval \"$(direnv hook bash)\"; export A=1\n";
    project.write_at("home/.bash_profile", profile);
    let remark =
        "envr: `~/.bash_profile:1` has direnv's hook; `envr setup --from-direnv` replaces it\n";
    project.envr(["setup", "--yes"]).stdout("nothing to change\n").stderr(remark).success();
    let problem = "`~/.bash_profile:1` has direnv's hook, and the last one counts -> envr setup --from-direnv";
    assert_eq!(problems(&project), [problem]);

    project.envr(["setup", "--yes", "--from-direnv"]).any_stdout().success();
    assert_eq!(project.read("home/.bash_profile"), "eval \"$(envr hook bash)\"; export A=1\n");
    assert!(!project.path("home/.bashrc").exists());
    assert_eq!(problems(&project), Vec::<String>::new());
    project.envr(["setup", "--yes"]).stdout("nothing to change\n").success();

    project.write_at("home/.config/fish/conf.d/direnv.fish", "direnv hook fish | source\n");
    let project = project.env("SHELL", "/usr/bin/fish");
    project.envr(["setup", "--yes", "--from-direnv"]).any_stdout().success();
    assert_eq!(project.read("home/.config/fish/conf.d/direnv.fish"), "envr hook fish | source\n");
    assert!(!project.path("home/.config/fish/config.fish").exists());
    project.envr(["setup", "--undo"]).any_stdout().success();
    assert_eq!(project.read("home/.bash_profile"), profile);
}

#[test]
fn the_link_goes_where_path_leads_first() {
    let project = person();
    let own = project.path("home/bin");
    std::fs::create_dir(&own).unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", own.display(), project.path("bin").display());
    let project = project.env("PATH", path);
    project.write_at("home/.bashrc", "eval \"$(direnv hook bash)\"\n");
    project.envr(["setup", "--yes", "--from-direnv"]).any_stdout().success();
    assert_eq!(project.read("home/.bashrc"), HOOK);
    assert_eq!(own.join("direnv").canonicalize().unwrap(), std::fs::canonicalize(ENVR).unwrap());
    project.envr(["setup", "--yes", "--from-direnv"]).stdout("nothing to change\n").success();
}

#[test]
fn what_was_changed_since_is_not_taken_back() {
    let project = person();
    project.write_at("home/.bashrc", "a\n");
    project.envr(["setup", "--yes"]).any_stdout().success();
    project.write_at("home/.bashrc", format!("a\n{HOOK}b\n"));
    let said = "envr: error: could not take back `$DIR/home/.bashrc`: it was changed since\n\
                envr: hint: diff $DIR/home/.local/share/envr/setup/0.before $DIR/home/.bashrc\n\
                envr: hint: envr setup --undo --force\n";
    project.envr(["setup", "--undo"]).stderr(said).failure();
    assert_eq!(project.read("home/.local/share/envr/setup/0.before"), "a\n");
    // By hand, and then it is done.
    project.write_at("home/.bashrc", "a\n");
    project.envr(["setup", "--undo"]).stdout("~/.bashrc is as it was\n").success();

    // Or by force, and nothing is lost.
    project.envr(["setup", "--yes"]).any_stdout().success();
    let later = format!("a\n{HOOK}b\n");
    project.write_at("home/.bashrc", &later);
    let copy = "home/.local/share/envr/setup/0.after";
    let said =
        "~/.bashrc is as it was; ~/.local/share/envr/setup/0.after is what it was meanwhile\n";
    project.envr(["setup", "--undo", "--force"]).stdout(said).success();
    assert_eq!((project.read("home/.bashrc"), project.read(copy)), ("a\n".to_owned(), later));
}

/// What `doctor` says is wrong, with what mends it.
#[track_caller]
fn problems(project: &Project) -> Vec<String> {
    let output = project.envr(["doctor"]).output();
    let page = String::from_utf8(output.stdout).unwrap();
    let page = page.replace(project.path("").to_str().unwrap().trim_end_matches('/'), "$DIR");
    let lines: Vec<&str> = page.lines().collect();
    let bad = lines.windows(2).filter(|pair| pair[0].starts_with("problem: "));
    let problems: Vec<String> =
        bad.map(|pair| format!("{} -> {}", &pair[0][9..], pair[1].trim_start())).collect();
    assert_eq!(output.status.code(), Some(i32::from(!problems.is_empty())), "{page}");
    assert!(lines.len() > problems.len() * 2 || problems.len() > 5, "{page}");
    problems
}

#[test]
fn a_set_up_in_order_has_no_problem() {
    assert_eq!(problems(&project_in_order()), Vec::<String>::new());
}

fn project_in_order() -> Project {
    let project = person();
    project.write_at("home/.bashrc", HOOK);
    symlink(ENVR, project.path("bin/direnv")).unwrap();
    project
}

#[test]
fn each_problem_comes_with_what_mends_it() {
    let project = person();
    symlink(ENVR, project.path("bin/direnv")).unwrap();
    let only = |project: &Project, problem: &str| assert_eq!(problems(project), [problem]);
    only(&project, "`~/.bashrc` has no line with the hook -> envr setup");
    project.write_at("home/.bashrc", "eval \"$(direnv hook bash)\"\n");
    only(
        &project,
        "`~/.bashrc:1` has direnv's hook, and the last one counts -> envr setup --from-direnv",
    );
    project.write_at("home/.bashrc", format!("{HOOK}PROMPT_COMMAND=mine\n"));
    only(&project, "`~/.bashrc:2` sets what the hook in line 1 added to -> $EDITOR ~/.bashrc");
    project.write_at("home/.bashrc", format!("{HOOK}PROMPT_COMMAND=\"mine;$PROMPT_COMMAND\"\n"));
    assert_eq!(problems(&project), Vec::<String>::new());

    project.write(".envrc", "export A=1\n");
    only(&project, "`$DIR/project/.envrc` is blocked: it is not approved yet -> envr review");
    project.allow();
    let idle = "`$DIR/project/.envrc` is approved, but this shell has not loaded it: it runs no hook -> exec $SHELL";
    only(&project, idle);
    project.envr(["deny"]).success();
    only(&project, "`$DIR/project/.envrc` is denied -> envr allow");
    project.remove(".envrc");

    only(
        &project.without("SHELL"),
        "`SHELL` is not set: which start file is yours is not known -> export SHELL=\"$(command -v bash)\"",
    );
    let project = project_in_order();
    let bash = "`/bin/false`, which is to run an `.envrc`, is no bash -> unset DIRENV_BASH";
    only(&project.env("DIRENV_BASH", "/bin/false"), bash);
    let project = project_in_order();
    project.write_at("home/.config/direnv/direnv.toml", "bash_path = \"/bin/false\"\n");
    let bash = "`/bin/false`, which is to run an `.envrc`, is no bash -> $EDITOR ~/.config/direnv/direnv.toml";
    only(&project, bash);
    let project = project_in_order();
    project.write_at("home/.local/share/direnv", "");
    let store = "`~/.local/share/direnv` is a file where the directory of approvals belongs -> mv ~/.local/share/direnv ~/.local/share/direnv.old";
    only(&project, store);
    std::fs::remove_file(project.path("home/.local/share/direnv")).unwrap();
    project.write_at("home/.local/share/direnv/allow/1", "");
    let page = String::from_utf8(project.envr(["doctor"]).output().stdout).unwrap();
    assert!(page.contains("holds 1 approval\n"), "{page}");

    project.write_program("bash", "#!/bin/sh\necho 'GNU bash, version 3.2.57(1)-release'\n");
    only(&project, "`$DIR/bin/bash` is bash 3.2; many libraries need 4.4 -> export DIRENV_BASH=…");
    let old = project.env("SHELL", "bin/bash").env("DIRENV_BASH", "/bin/bash");
    let old = old.env("DIRENV_DIFF", "garbage");
    let found = problems(&old);
    assert!(
        found.iter().any(|problem| problem.starts_with("could not read the state")),
        "{found:?}"
    );
    std::fs::remove_file(old.path("bin/direnv")).unwrap();
    let found = problems(&old);
    assert!(
        found.iter().any(|problem| problem.ends_with(" -> envr setup --from-direnv")),
        "{found:?}"
    );
    old.write_at("home/.config/direnv/direnv.toml", "[global\n");
    let found = problems(&old);
    assert!(found.iter().any(|problem| problem.contains("direnv.toml`: line 1")), "{found:?}");
}
