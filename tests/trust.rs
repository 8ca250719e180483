//! Nothing runs that was not approved: rc files, what they execute, worktrees, and direnv's store.

use crate::test::{Project, has};
use std::process::Command;

const NEW: &str = "envr: error: `$DIR/project/.envrc` is blocked: it is not approved yet\n";
const HINT: &str = "envr: hint: `envr review` shows it, `envr allow` approves it\n";
const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

#[test]
fn an_rc_runs_only_as_it_was_approved() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    let mut shell = project.shell();
    shell.failing_prompt(&format!("{NEW}{HINT}"));
    shell.prompt("");
    project.allow();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));

    project.write(".envrc", "export A=1\nexport B=2\ntouch ran\n");
    let changed = "envr: error: `$DIR/project/.envrc` is blocked: it changed since it was approved (2 lines added, 0 lines removed)\n";
    shell.failing_prompt(&format!("{changed}{HINT}"));
    assert_eq!(shell.get("A"), None);
    assert!(!project.path("project/ran").exists());
    shell.prompt("");

    // Back to what was approved: no need to ask again.
    project.write(".envrc", "export A=1\n");
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
}

#[test]
fn a_copy_elsewhere_is_not_approved() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    project.write_at("elsewhere/.envrc", "export A=1\n");
    let mut shell = project.shell();
    shell.cd("elsewhere");
    shell.failing_prompt(&format!("{}{HINT}", NEW.replace("project", "elsewhere")));
}

#[test]
fn denied_is_silent_and_comes_before_allowed() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    project.envr(["deny"]).success();
    shell.prompt("");
    assert_eq!(shell.get("A"), None);
    project
        .envr(["exec", "--", "true"])
        .stderr("envr: error: could not load `$DIR/project/.envrc`: it is denied\n")
        .failure();
    project.envr(["grant"]).success();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
}

#[test]
fn an_rc_that_is_a_link_is_approved_under_its_own_path() {
    let project = Project::new();
    project.write("shared/.envrc", "export A=1\n");
    std::os::unix::fs::symlink("shared/.envrc", project.path("project/.envrc")).unwrap();
    project.envr(["allow", ".envrc"]).success();
    project.shell().prompt(&format!("{LOADING}envr: export +A\n"));
    project.envr(["export", "json"]).dir("project/shared").any_stdout().any_stderr().failure();
}

#[test]
fn an_older_approval_keeps_its_own_list_of_files() {
    let project = Project::new();
    let mut shell = project.shell();
    project.write("lib.sh", "export LIB=1\n");
    for rc in ["source ./lib.sh\n", "export OTHER=1\n"] {
        project.write(".envrc", rc);
        project.allow();
        shell.any_prompt(0);
    }
    project.write("lib.sh", "touch ran\n");
    project.write(".envrc", "source ./lib.sh\n");
    let said = shell.any_prompt(1);
    assert!(said.contains("lib.sh`, which it executes, is not as it was approved"), "{said}");
    assert!(!project.path("project/ran").exists());
}

#[test]
fn an_edit_of_an_executed_file_during_the_load_is_seen() {
    for execute in ["source ./part.sh", "source_env part.sh", ". ./part.sh; watch_file part.sh"] {
        let project = Project::new();
        project.write(".envrc", format!("{execute}\necho 'touch ran' >part.sh\n"));
        project.write("part.sh", "export PART=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        let said = shell.any_prompt(1);
        assert!(said.contains("part.sh`, which it executes, is not as it was approved"), "{said}");
        assert!(!project.path("project/ran").exists());
    }
}

#[test]
fn a_denied_parent_does_not_run_through_source_up() {
    for source_up in ["source_up", "[ -d . ] && source_up"] {
        let project = Project::new();
        project.write(".envrc", "export OUTER=1\n");
        project.write("inner/.envrc", format!("{source_up}\nexport INNER=1\n"));
        project.envr(["allow", "inner"]).success();
        let mut shell = project.shell();
        shell.cd("project/inner");
        shell.any_prompt(0);
        assert_eq!(shell.get("OUTER"), Some("1"));

        project.envr(["deny"]).success();
        shell.failing_prompt(&format!(
            "envr: error: `$DIR/project/inner/.envrc` is blocked: `$DIR/project/.envrc`, which it executes, is denied\n{HINT}"
        ));
        assert_eq!((shell.get("OUTER"), shell.get("INNER")), (None, None));
        shell.prompt("");
        project.allow();
        shell.any_prompt(0);
        assert_eq!((shell.get("OUTER"), shell.get("INNER")), (Some("1"), Some("1")));
    }
}

#[test]
fn approvals_are_shared_with_direnv() {
    if !has("direnv") {
        return;
    }
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    let direnv = |args: &[&str]| {
        Command::new("direnv")
            .args(args)
            .current_dir(project.path("project"))
            .env_clear()
            .envs([("HOME", project.path("home").as_os_str()), ("PATH", "/usr/bin:/bin".as_ref())])
            .output()
            .unwrap()
    };
    assert!(direnv(&["allow"]).status.success());
    project.shell().prompt(&format!("{LOADING}envr: export +A\n"));

    project.write(".envrc", "export B=2\n");
    assert!(!direnv(&["export", "json"]).status.success());
    project.allow();
    assert!(direnv(&["export", "json"]).status.success());
}

#[test]
fn what_an_rc_sources_is_part_of_its_approval() {
    for (rc, which) in [
        ("source ./part.sh\n", "source"),
        (". \"$PWD/part.sh\"\n", "dot"),
        ("source_env part.sh\n", "source_env"),
        ("f=part.sh; . \"$(dirname \"${BASH_SOURCE[0]}\")/$f\"\n", "a path that only bash knows"),
    ] {
        let project = Project::new();
        project.write(".envrc", rc);
        project.write("part.sh", "export PART=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("part.sh", "export PART=2\ntouch ran\n");
        let said = shell.any_prompt(1);
        let blocked = "envr: error: `$DIR/project/.envrc` is blocked: `$DIR/project/part.sh`, which it executes, is not as it was approved\n";
        assert_eq!(said, format!("{blocked}{HINT}"), "{which}");
        assert!(!project.path("project/ran").exists(), "{which}");
        project.allow();
        shell.any_prompt(0);
        assert_eq!(shell.get("PART"), Some("2"), "{which}");
    }
}

#[test]
fn a_file_that_appears_after_the_approval_is_not_executed() {
    let project = Project::new();
    project.write(".envrc", "source_env_if_exists .envrc.local\nexport A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    project.write(".envrc.local", "touch ran\nexport LOCAL=1\n");
    let said = shell.any_prompt(1);
    assert!(
        said.contains("`$DIR/project/.envrc.local`, which it executes, is not as it was approved"),
        "{said}"
    );
    assert!(!project.path("project/ran").exists());
    project.allow();
    assert_eq!(shell.any_prompt(0).lines().last(), Some("envr: export +A +LOCAL"));
}

#[test]
fn a_plain_source_of_a_file_that_appears_is_not_executed() {
    for rc in [
        "if [ -f late.sh ]; then source late.sh; fi\n",
        "for f in late*.sh; do . \"$f\"; done\n",
        "f() { [ -e late.sh ] && source -- ./late.sh; }; f\n",
        "[ -e late.sh ] && . \"$PWD/late.sh\" x y\n",
    ] {
        let project = Project::new();
        project.write(".envrc", format!("watch_file late.sh\n{rc}export A=1\n"));
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("late.sh", "touch ran\nexport LATE=1\n");
        let said = shell.any_prompt(1);
        assert!(
            said.contains("late.sh`, which it executes, is not as it was approved"),
            "{rc}{said}"
        );
        assert!(!project.path("project/ran").exists(), "{rc}");
        project.allow();
        shell.any_prompt(0);
        assert_eq!(shell.get("LATE"), Some("1"), "{rc}");
    }
}

#[test]
fn no_way_of_sourcing_escapes_the_record() {
    for rc in [
        "f() { source ./other; }; f\n",
        "(source ./other)\n",
        "x=$(source ./other)\n",
        "source -- ./other\n",
        "X=1 . -- ./other\n",
        "source ./other $(echo x)\n",
        "trap 'source ./other' DEBUG; :; trap - DEBUG\n",
        "PATH_add sub; source path_only\n",
        "n=other; PATH=.:$PATH; source $n\n",
        "n=path_only; PATH=sub::$PATH; . $n\n",
        "\\source ./other\n",
        "dot=.; $dot ./other\n",
        "n=other; unalias -a\nsource ./$n\n",
        "n=other; alias x=y\nsource ./$n\n",
        "n=other; shopt -u expand_aliases\n. ./$n\n",
        "source ./other | cat\n",
    ] {
        let project = Project::new();
        project.write(".envrc", format!("watch_file go\n{rc}"));
        project.write("other", "export O=1\n");
        project.write("sub/path_only", "export O=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("other", "touch ran\n");
        project.write("sub/path_only", "touch ran\n");
        shell.any_prompt(1);
        assert!(!project.path("project/ran").exists(), "{rc}");
    }
}

#[test]
fn a_file_swapped_during_the_load_is_not_executed() {
    let project = Project::new();
    project.write(
        ".envrc",
        "watch_file go\nif [ -e go ]; then mv swapped other; fi\nsource ./other\n",
    );
    project.write("other", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("swapped", "touch ran\n");
    project.write("go", "");
    shell.any_prompt(1);
    assert!(!project.path("project/ran").exists());
}

#[test]
fn a_path_with_a_newline_is_not_taken_for_another_path_and_content() {
    let project = Project::new();
    project.write(".envrc\nfoo/.envrc", "export OK=1\n");
    project.envr(["allow"]).dir("project/.envrc\nfoo").success();
    // Same digest input: the path `…/.envrc`, a newline, and this content.
    project.write(".envrc", "foo/.envrc\nexport OK=1\n");
    project.envr(["export", "json"]).any_stdout().any_stderr().failure();
}

#[test]
fn a_directory_cannot_approve_itself_through_a_relative_path() {
    let project = Project::new();
    project.write(".envrc", "touch ran\n");
    project.write("direnv.toml", "[whitelist]\nprefix = [\"/\"]\n");
    project.write("direnv/direnv.toml", "[whitelist]\nprefix = [\"/\"]\n");
    for name in ["DIRENV_CONFIG", "XDG_CONFIG_HOME"] {
        project.envr(["export", "json"]).env(name, ".").any_stdout().any_stderr().failure();
    }
    assert!(!project.path("project/ran").exists());
}

#[test]
fn a_parents_rc_that_is_approved_itself_may_change() {
    let project = Project::new();
    project.write(".envrc", "export OUTER=1\n");
    project.write("inner/.envrc", "source_up\nexport INNER=1\n");
    project.allow();
    project.envr(["allow", "inner"]).success();
    let mut shell = project.shell();
    shell.cd("project/inner");
    shell.any_prompt(0);
    project.write(".envrc", "export OUTER=2\n");
    shell.any_prompt(1);
    project.allow();
    shell.any_prompt(0);
    assert_eq!((shell.get("OUTER"), shell.get("INNER")), (Some("2"), Some("1")));
}

#[test]
fn a_sourced_file_may_change_under_direnvs_rule() {
    for direnv in [true, false] {
        let mut project = Project::new();
        if direnv {
            project = project.named_direnv();
        } else {
            project.write_at("home/.config/envr/config.toml", "[trust]\nsourced = \"follow\"\n");
        }
        project.write(".envrc", "watch_file part.sh\nsource_env part.sh\n");
        project.write("part.sh", "export PART=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write("part.sh", "export PART=2\n");
        shell.any_prompt(0);
        assert_eq!(shell.get("PART"), Some("2"));
    }
}

#[test]
fn a_subshell_is_checked_too() {
    let project = Project::new();
    project.write(".envrc", "export A=$(source_env part.sh; echo \"$PART\")\n");
    project.write("part.sh", "export PART=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("1"));
    project.write("part.sh", "touch ran\n");
    project.envr(["export", "json"]).any_stdout().any_stderr().failure();
    assert!(!project.path("project/ran").exists());
}

#[test]
fn worktrees_of_one_repository_share_approvals() {
    let project = Project::new();
    project.write(".envrc", "source ./part.sh\n");
    project.write("part.sh", "export PART=1\n");
    git(
        &project,
        "init -q -b main && git add . && git commit -qm start && git worktree add -q ../tree",
    );
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    shell.cd("tree");
    assert_eq!(shell.any_prompt(0), "envr: loading $DIR/tree/.envrc\nenvr: export +PART\n");

    project.write_at("tree/part.sh", "touch ran\n");
    let said = project.envr(["export", "json"]).dir("tree").any_stdout().any_stderr().failure();
    assert!(String::from_utf8_lossy(&said.stderr).contains("part.sh`, which it executes"));
    assert!(!project.path("tree/ran").exists());
}

#[test]
fn a_denied_worktree_approves_nothing_elsewhere() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    git(
        &project,
        "init -q -b main && git add . && git commit -qm start && git worktree add -q ../tree",
    );
    project.allow();
    let mut shell = project.shell();
    shell.cd("tree");
    shell.any_prompt(0);
    // The approval of the older bytes stands beside the refusal.
    project.write(".envrc", "export A=2\n");
    project.envr(["deny"]).success();
    shell.failing_prompt(&format!("{}{HINT}", NEW.replace("project", "tree")));
}

#[test]
fn a_directory_that_claims_to_be_a_worktree_gains_nothing() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    git(
        &project,
        "init -q -b main && git add . && git commit -qm start && git worktree add -q ../tree",
    );
    project.allow();
    project.write_at("elsewhere/.envrc", "export A=1\n");
    let claims = format!("gitdir: {}\n", project.path("project/.git/worktrees/tree").display());
    project.write_at("elsewhere/.git", claims);
    project.envr(["export", "json"]).dir("elsewhere").any_stdout().any_stderr().failure();

    let evil = project.path("elsewhere");
    let check_blocked = || {
        _ = project.envr(["export", "json"]).dir("elsewhere").any_stdout().any_stderr().failure();
    };
    project.write_at("elsewhere/.git", "gitdir: g\n");
    project.write_at("elsewhere/g/gitdir", format!("{}\n", evil.join(".git").display()));
    project.write_at("elsewhere/g/commondir", "../../project/.git\n");
    check_blocked();
    project.write_at("elsewhere/worktrees/g/gitdir", format!("{}\n", evil.join(".git").display()));
    project.write_at("elsewhere/.git", "gitdir: worktrees/g\n");
    check_blocked();
    std::fs::remove_file(evil.join(".git")).unwrap();
    std::os::unix::fs::symlink("../project/.git", evil.join(".git")).unwrap();
    check_blocked();

    std::fs::remove_file(project.path("elsewhere/.git")).unwrap();
    let names_ours = format!("{}\n", project.path("project/.git").display());
    project.write_at("elsewhere/.git/worktrees/x/gitdir", names_ours);
    project.envr(["export", "json"]).dir("elsewhere").any_stdout().any_stderr().failure();
}

fn git(project: &Project, commands: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("git {commands}")])
        .current_dir(project.path("project"))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", project.path("home"))
        .envs(
            ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"]
                .map(|name| (name, "test")),
        )
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn review_shows_what_changed_and_makes_the_invisible_visible() {
    let project = Project::new();
    project.write(".envrc", "export A=1\nsource part.sh\n");
    project.write("part.sh", "export P=1\n");
    project
        .envr(["review"])
        .stdout(
            "$DIR/project/.envrc: not approved yet\n  + export A=1\n  + source part.sh\n\n\
             $DIR/project/part.sh: not approved yet\n  + export P=1\n\n\
             This is not approved; `envr allow` approves it.\n",
        )
        .success();
    project.allow();
    project
        .envr(["review"])
        .stdout("$DIR/project/.envrc: as approved\n\n$DIR/project/part.sh: as approved\n\nThis is approved.\n")
        .success();
    project.write("part.sh", "export P=1\necho \x1b[2K\u{202e} &\tx\r\n");
    project
        .envr(["review"])
        .stdout(
            "$DIR/project/.envrc: as approved\n\n\
             $DIR/project/part.sh: changed since approved\n    export P=1\n  + echo \\u{1b}[2K\\u{202e} &\tx\\r\n\n\
             This is not approved; `envr allow` approves it.\n",
        )
        .success();
}

#[test]
fn what_is_judged_is_what_runs() {
    // The first thing bash does, long after the judgement, is to swap the rc; what was approved runs all the same.
    let project = Project::new();
    project.write(".envrc", "export A=approved\n");
    project.write_at(
        "home/.config/direnv/direnvrc",
        "echo 'touch ran; export A=swapped' > \"$SWAP/.envrc\"\n",
    );
    project.allow();
    let mut shell = project.shell();
    shell.set("SWAP", project.path("project"));
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    assert_eq!(shell.get("A"), Some("approved"));
    assert!(!project.path("project/ran").exists());
}

#[test]
fn prune_forgets_what_is_gone_or_changed() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.write("kept/.envrc", "export K=1\n");
    project.allow();
    project.envr(["allow", "kept"]).success();
    project.write(".envrc", "export A=2\n");
    project.write_at("home/.local/share/direnv/allow/garbage", "\x00\u{1f4a9}");
    project.envr(["prune"]).stdout("pruned 1 approval\n").success();
    project.envr(["prune"]).stdout("pruned 0 approvals\n").success();
    let mut shell = project.shell();
    shell.cd("project/kept");
    shell.prompt("envr: loading $DIR/project/kept/.envrc\nenvr: export +K\n");
}

#[test]
fn the_whitelist_approves_whole_directories() {
    let project = Project::new();
    let prefix = project.path("project/a");
    project.write_at(
        "home/.config/direnv/direnv.toml",
        format!("[whitelist]\nprefix = [{prefix:?}]\nexact = [\"~/x\"]\n"),
    );
    for dir in ["a", "a/b", "ab"] {
        project.write(&format!("{dir}/.envrc"), "export A=1\n");
    }
    project.write_at("home/x/.envrc", "export A=1\n");
    for (dir, code) in [("project/a", 0), ("project/a/b", 0), ("project/ab", 1), ("home/x", 0)] {
        project.envr(["export", "json"]).dir(dir).any_stdout().any_stderr().code(code);
    }
}

#[test]
fn a_file_that_the_rc_makes_anew_is_its_own_word() {
    let project = Project::new();
    let rc = "watch_file go\n: >old; until [[ new -nt old ]]; do : >new; done; echo \"export MADE=$RANDOM$RANDOM\" >made.sh\nsource ./made.sh\n";
    project.write(".envrc", rc);
    project.allow();
    let mut shell = project.shell();
    for go in ["1", "2", "3"] {
        project.write("go", go);
        shell.any_prompt(0);
    }
    // Approving again, with the file there, changes nothing of that.
    project.allow();
    for go in ["4", "5", "6"] {
        project.write("go", go);
        shell.any_prompt(0);
    }
}

#[test]
fn who_trusts_a_directory_trusts_what_stands_beside_the_rc() {
    let project = Project::new();
    let prefix = project.path("project");
    project.write_at(
        "home/.config/direnv/direnv.toml",
        format!("[whitelist]\nprefix = [{prefix:?}]\n"),
    );
    project.write(".envrc", "source ./part.sh\n");
    for value in ["1", "2"] {
        project.write("part.sh", format!("export PART={value}\n"));
        let mut shell = project.shell();
        shell.any_prompt(0);
        assert_eq!(shell.get("PART"), Some(value));
    }
}

#[test]
fn a_relative_whitelist_approves_nothing() {
    let project = Project::new();
    project.write(".envrc", "touch ran\n");
    for prefix in [".", "", "a/.."] {
        let toml = format!("[whitelist]\nprefix = [{prefix:?}]\nexact = [{prefix:?}]\n");
        project.write_at("home/.config/direnv/direnv.toml", toml);
        project.envr(["export", "json"]).any_stdout().any_stderr().failure();
    }
    assert!(!project.path("project/ran").exists());
}
