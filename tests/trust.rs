//! Nothing runs that was not approved: rc files, worktrees, the whitelist, and direnv's store.

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
    assert!(project.path("home/.local/share/direnv/allow/garbage").exists());
    // What was approved last is still there to compare with, until the rc is gone.
    let page = project.envr(["review"]).any_stdout().success().stdout;
    assert!(String::from_utf8(page).unwrap().contains(".envrc: changed since approved\n"));
    let records =
        || std::fs::read_dir(project.path("home/.local/share/envr/last")).unwrap().count();
    assert_eq!(records(), 2);
    project.remove(".envrc");
    project.envr(["prune"]).stdout("pruned 0 approvals\n").success();
    assert_eq!(records(), 1);
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

#[test]
fn a_mark_of_an_old_direnv_approves() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let marks = project.path("home/.local/share/direnv/allow");
    let mark = std::fs::read_dir(marks).unwrap().next().unwrap().unwrap().file_name();
    let mark = format!("home/.local/share/direnv/allow/{}", mark.to_str().unwrap());
    project.write_at(&mark, "");
    project.shell().prompt(&format!("{LOADING}envr: export +A\n"));
    project.write_at(&mark, "/another/path/.envrc\n");
    project.shell().failing_prompt(&format!("{NEW}{HINT}"));
}

#[test]
fn a_project_cannot_bring_its_own_approvals_or_configuration() {
    for (rc, config) in [
        ("export XDG_DATA_HOME=$PWD/.data\n", ".data"),
        ("export HOME=$PWD/.home\n", ".home/.local/share"),
        ("unset XDG_DATA_HOME; export HOME=$PWD/.home XDG_CONFIG_HOME=$PWD/.config\n", ".data"),
    ] {
        let project = Project::new();
        project.write(".envrc", rc);
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        // The same approval holds at the next load.
        project.envr(["reload"]).success();
        shell.any_prompt(0);
        // Another project's is not found in places that this one named.
        let other = "touch ran\n";
        project.write("sub/.envrc", other);
        let path = project.path("project/sub/.envrc");
        let named = format!("{}\n", path.display());
        let digest = Command::new("sh")
            .args([
                "-c",
                "printf '%s\n%s' \"$1\" \"$2\" | sha256sum | cut -d ' ' -f 1 | tr -d '\n'",
                "sh",
            ])
            .args([path.to_str().unwrap(), other])
            .output()
            .unwrap();
        let digest = String::from_utf8(digest.stdout).unwrap();
        project.write(&format!("{config}/direnv/allow/{digest}"), &named);
        for place in [".config", ".home/.config"] {
            project
                .write(&format!("{place}/direnv/direnv.toml"), "[whitelist]\nprefix = [\"/\"]\n");
        }
        shell.cd("project/sub");
        let said = shell.any_prompt(1);
        assert!(said.contains("is blocked: it is not approved yet"), "{said}");
        assert!(!project.path("project/sub/ran").exists());
        assert_eq!(shell.get("DIRENV_OUTSIDE"), None);
    }
}

#[test]
fn prune_forgets_what_was_required_and_is_no_more() {
    let project = Project::new();
    project.write(".envrc", "require_allowed flake.nix\n");
    for content in ["1", "2"] {
        project.write("flake.nix", content);
        let run = project.envr(["allow"]).env("DIRENV_REQUIRED", "flake.nix");
        run.stdout("envr: allowing flake.nix\n").success();
    }
    let allowed = project.path("home/.local/share/direnv/allowed-required");
    let of_projects = || std::fs::read_dir(&allowed).unwrap().map(|dir| dir.unwrap().path());
    let count = || of_projects().map(|dir| std::fs::read_dir(dir).unwrap().count()).sum::<usize>();
    assert_eq!(count(), 2);
    project.envr(["prune"]).stdout("pruned 0 approvals\n").success();
    assert_eq!(count(), 1);
    project.shell().any_prompt(0);
    assert_eq!(project.shell().get("DIRENV_REQUIRED"), None);
    project.remove(".envrc");
    project.envr(["prune"]).stdout("pruned 1 approval\n").success();
    assert_eq!(of_projects().count(), 0);
}

#[test]
fn files_that_another_project_waits_for_are_not_approved() {
    let project = Project::new();
    project.write("a/.envrc", "require_allowed tasks.txt\n");
    project.write("a/tasks.txt", "a\n");
    project.write("b/.envrc", "export B=1\n");
    project.write("b/tasks.txt", "b\n");
    project.envr(["allow", "a"]).success();
    let mut shell = project.shell();
    shell.cd("project/a");
    shell.any_prompt(0);
    let required = shell.get("DIRENV_REQUIRED").unwrap();
    let file = shell.get("DIRENV_FILE").unwrap();
    let allow = |dir| {
        let run = project.envr(["allow", dir]).env("DIRENV_REQUIRED", required);
        run.env("DIRENV_FILE", file)
    };
    allow("b").success();
    allow("a").stdout("envr: allowing tasks.txt\n").success();
}

#[test]
fn review_shows_as_approved_what_another_word_approves() {
    let project = Project::new();
    project.write(".envrc", "source ./part.sh\n");
    project.write("part.sh", "export PART=1\n");
    git(
        &project,
        "init -q -b main && git add . && git commit -qm start && git worktree add -q ../tree",
    );
    project.allow();
    project
        .envr(["review"])
        .dir("tree")
        .stdout("$DIR/tree/.envrc: as approved\n\n$DIR/tree/part.sh: as approved\n\nThis is approved.\n")
        .success();
    // git can name worktrees by relative paths.
    project.write_at("tree/.git", "gitdir: ../project/.git/worktrees/tree\n");
    project.write(".git/worktrees/tree/gitdir", "../../../../tree/.git\n");
    let mut shell = project.shell();
    shell.cd("tree");
    shell.any_prompt(0);
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
fn a_refusal_comes_before_the_whitelist() {
    let project = Project::new();
    let prefix = project.path("project");
    let toml = format!("[whitelist]\nprefix = [{prefix:?}]\n");
    project.write_at("home/.config/direnv/direnv.toml", toml);
    project.write(".envrc", "touch ran\n");
    project.write("inner/.envrc", "source_up\n");
    project.envr(["deny"]).success();
    let mut shell = project.shell();
    shell.cd("project/inner");
    let said = shell.any_prompt(1);
    assert!(said.contains(".envrc`, which it executes, is denied"), "{said}");
    assert!(!project.path("project/ran").exists());
}
