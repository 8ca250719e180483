//! What scripts do inside an evaluation: the library, direnv called by name, watches, dumps.

use crate::test::{Project, Shell};

/// Loads an rc and returns the shell after it.
#[track_caller]
fn loaded<'a>(project: &'a Project, rc: &str) -> Shell<'a> {
    project.write(".envrc", rc);
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    shell
}

#[test]
fn direnv_by_name_is_there_though_nobody_installed_it() {
    let project = Project::new();
    for program in ["bash", "env", "mktemp", "rm"] {
        let link = project.path(&format!("bin/{program}"));
        std::os::unix::fs::symlink(format!("/usr/bin/{program}"), link).unwrap();
    }
    let path = project.path("bin");
    let project = project.env("PATH", path);
    project.write("vars", "A=1\nB=\"two words\"\n");
    let rc = "eval \"$(direnv dotenv bash vars)\"\neval \"$(direnv watch bash w1 w2)\"\ndirenv_load env C=3 direnv dump\n";
    let shell = loaded(&project, rc);
    assert_eq!(
        (shell.get("A"), shell.get("B"), shell.get("C")),
        (Some("1"), Some("two words"), Some("3"))
    );
    assert!(!shell.get("PATH").unwrap().contains("envr/bin"));
    let print =
        project.envr(["watch-print"]).env("DIRENV_WATCHES", shell.get("DIRENV_WATCHES").unwrap());
    let printed = String::from_utf8(print.any_stdout().success().stdout).unwrap();
    assert!(printed.contains("/project/w1\n") && printed.contains("/project/w2\n"), "{printed}");
}

#[test]
fn a_watch_is_known_to_other_programs_at_once() {
    let project = Project::new();
    let rc = "watch_file one two\nexport LIST=$(\"$direnv\" watch-print --null | tr '\\0' ,)\n\
              \"$direnv\" current one && export CURRENT=1\n\"$direnv\" current three 2>/dev/null || export UNKNOWN=1\n";
    let shell = loaded(&project, rc);
    assert!(
        shell.get("LIST").unwrap().contains("/project/one,")
            && shell.get("LIST").unwrap().contains("/project/two,")
    );
    assert_eq!((shell.get("CURRENT"), shell.get("UNKNOWN")), (Some("1"), Some("1")));
}

#[test]
fn watches_that_a_script_takes_away_are_gone() {
    let project = Project::new();
    let shell = loaded(&project, "watch_file one\nunset DIRENV_WATCHES\nwatch_file two\n");
    let print =
        project.envr(["watch-print"]).env("DIRENV_WATCHES", shell.get("DIRENV_WATCHES").unwrap());
    let printed = String::from_utf8(print.any_stdout().success().stdout).unwrap();
    assert!(!printed.contains("/project/one") && printed.contains("/project/two"), "{printed}");
    assert!(printed.contains("/project/.envrc\n"), "the rc itself is always watched");
}

#[test]
fn show_dump_ends_each_entry_with_its_path() {
    let project = Project::new();
    let shell = loaded(&project, "watch_file 'a \"b'\n");
    let dump = project
        .envr(["show_dump", shell.get("DIRENV_WATCHES").unwrap()])
        .any_stdout()
        .success()
        .stdout;
    let dump = String::from_utf8(dump).unwrap();
    assert!(
        dump.contains("    \"path\": \"") && dump.contains("/project/a \\\"b\"\n  }"),
        "{dump}"
    );
}

#[test]
fn a_whole_directory_can_be_watched() {
    let project = Project::new();
    project.write("tree/deep/file", "1");
    let mut shell = loaded(&project, "watch_dir tree\nexport A=$(cat tree/deep/file)\n");
    project.write("tree/deep/file", "2");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("2"));
    project.write("tree/deep/new", "");
    assert!(!shell.any_prompt(0).is_empty());
}

#[test]
fn dump_writes_where_it_is_told() {
    let project = Project::new();
    project.write("file", "");
    let file = project.path("project/file");
    project.envr(["dump", "json", file.to_str().unwrap()]).env("X", "1").success();
    assert!(project.read("project/file").contains("\"X\": \"1\""));
    project.envr(["dump", "json"]).env("DIRENV_DUMP_FILE_PATH", "1").any_stdout().success();
    project
        .envr(["dump", "json", "gone"])
        .stderr("envr: error: could not write `gone`: no such file or directory\n")
        .failure();
    project.envr(["apply_dump", "file"]).any_stderr().failure();
}

#[test]
fn required_files_wait_for_their_own_approval() {
    let project = Project::new().named_direnv();
    project.write(".envrc", "require_allowed flake.nix\nexport A=1\n");
    project.write("flake.nix", "{}");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("A"), shell.get("DIRENV_REQUIRED")), (None, Some("flake.nix")));
    project
        .envr(["allow"])
        .env("DIRENV_REQUIRED", "flake.nix")
        .stdout("direnv: allowing flake.nix\n")
        .success();
    shell.any_prompt(0);
    assert_eq!((shell.get("A"), shell.get("DIRENV_REQUIRED")), (Some("1"), None));
}

#[test]
fn required_files_that_wait_are_not_asked_for_again() {
    for project in [Project::new(), Project::new().named_direnv()] {
        project.write(".envrc", "require_allowed flake.nix\nexport A=1\n");
        project.write("flake.nix", "{}");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        let waits = |shell: &mut Shell| {
            assert_eq!((shell.get("A"), shell.get("DIRENV_REQUIRED")), (None, Some("flake.nix")));
            for _ in 0..10 {
                shell.prompt("");
            }
        };
        waits(&mut shell);
        let allow = || {
            let run = project.envr(["allow"]).env("DIRENV_REQUIRED", "flake.nix");
            run.any_stdout().success();
        };
        allow();
        shell.any_prompt(0);
        assert_eq!((shell.get("A"), shell.get("DIRENV_REQUIRED")), (Some("1"), None));
        shell.prompt("");
        project.write("flake.nix", "{ }");
        shell.any_prompt(0);
        waits(&mut shell);
        project.write("flake.nix", "{}");
        shell.any_prompt(0);
        assert_eq!(shell.get("A"), Some("1"));
        std::fs::remove_dir_all(project.path("home/.local/share/direnv/allowed-required")).unwrap();
        shell.any_prompt(0);
        waits(&mut shell);
    }
}

#[test]
fn what_is_not_there_yet_says_when_it_comes() {
    let project = Project::new();
    project.write(".envrc", "layout uv\nlayout poetry\nlayout pdm\nexport A=1\n");
    project.allow();
    let said = project.shell().any_prompt(0);
    assert_eq!(said.matches("comes with envr 0.").count(), 3, "{said}");
}

#[test]
fn few_processes() {
    if !crate::test::has("strace") {
        return;
    }
    let project = Project::new();
    project.write(
        ".envrc",
        "PATH_add bin\nwatch_file a b c\nlog_status hello\nsource_env part\nexport A=1\n",
    );
    project.write("part", "path_add B x\n");
    project.allow();
    for (lane, expected) in [("", (1, 0)), ("bash", (2, 1))] {
        assert_eq!(starts_and_forks(&project, lane), expected, "{lane}");
    }
}

fn starts_and_forks(project: &Project, lane: &str) -> (usize, usize) {
    let trace = project.path("trace");
    let output = std::process::Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"])
        .arg(&trace)
        .args([crate::test::ENVR, "export", "bash"])
        .current_dir(project.path("project"))
        .env_clear()
        .env("HOME", project.path("home"))
        .env("PATH", "/usr/bin:/bin")
        .env("ENVR_LANE", lane)
        .output()
        .unwrap();
    let trace = project.read("trace");
    assert!(output.status.success());
    let starts =
        trace.lines().filter(|line| line.contains("execve") && line.ends_with("= 0")).count();
    let forks = trace
        .lines()
        .filter(|line| {
            ["clone", "fork("].iter().any(|call| line.contains(call)) && !line.contains("resumed")
        })
        .count();
    (starts, forks)
}

#[test]
fn a_path_through_a_link_is_the_one_that_the_system_finds() {
    for lane in ["", "bash"] {
        let project = Project::new().env("ENVR_LANE", lane);
        project.write(".envrc", "dotenv x/../.env\n");
        project.write(".env", "A=by-letters\n");
        project.write("sub/.env", "A=by-the-link\n");
        project.write("sub/dir/file", "");
        std::os::unix::fs::symlink("sub/dir", project.path("project/x")).unwrap();
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        assert_eq!(shell.get("A"), Some("by-the-link"), "{lane}");
    }
}

#[test]
fn what_a_failed_load_did_not_come_to_may_run_later() {
    let project = Project::new();
    project
        .write(".envrc", "watch_file ok\n[ -e ok ] || exit 1\nname=late.sh\nsource \"./$name\"\n");
    project.write("late.sh", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(1);
    project.write("ok", "");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("1"));
}
