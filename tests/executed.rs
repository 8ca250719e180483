//! The files that an rc executes are approved with it: which ones, how they are judged, and what takes them back.

use crate::test::{Project, Shell};

const HINT: &str = "envr: hint: `envr review` shows it, `envr allow` approves it\n";
const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

/// The next prompt is blocked by a file that the rc executes, and nothing of it ran.
#[track_caller]
fn blocked_by(shell: &mut Shell<'_>, project: &Project, file: &str) {
    let said = shell.any_prompt(1);
    let why = format!("{file}`, which it executes, is not as it was approved");
    assert!(said.contains(&why), "{said}");
    assert!(!project.path("project/ran").exists());
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
fn a_parents_files_are_judged_in_the_child_too() {
    for source in ["source ./lib.sh", ". \"$PWD/lib.sh\"", "f=lib.sh; source ./$f"] {
        let project = Project::new();
        project.write(".envrc", format!("{source}\n"));
        project.write("lib.sh", "export LIB=1\n");
        project.write("child/.envrc", "source_up\nexport CHILD=1\n");
        project.allow();
        project.envr(["allow", "child"]).success();
        let mut shell = project.shell();
        shell.any_prompt(0);
        shell.cd("project/child");
        shell.any_prompt(0);
        project.write("lib.sh", "touch ran; touch ../ran; export LIB=2\n");
        blocked_by(&mut shell, &project, "lib.sh");
        // Approving it with the parent is enough.
        project.write("lib.sh", "export LIB=3\n");
        project.allow();
        shell.any_prompt(0);
        assert_eq!((shell.get("LIB"), shell.get("CHILD")), (Some("3"), Some("1")), "{source}");
    }
}

#[test]
fn a_child_that_is_new_does_not_run_what_its_parent_refuses() {
    let project = Project::new();
    project.write(".envrc", "source ./lib.sh\n");
    project.write("lib.sh", "export LIB=1\n");
    project.allow();
    project.shell().any_prompt(0);
    project.write("lib.sh", "touch ran; touch ../ran\n");
    project.write("child/.envrc", "source_up\n");
    project.envr(["allow", "child"]).success();
    let mut shell = project.shell();
    shell.cd("project/child");
    blocked_by(&mut shell, &project, "lib.sh");
}

#[test]
fn a_file_is_judged_where_the_system_finds_it() {
    let project = Project::new();
    project.write(".envrc", "watch_file go\nsource vendor/../env.sh\n");
    project.write("env.sh", "export S=1\n");
    project.write("sub/env.sh", "touch ran; touch ../ran\n");
    project.write("sub/inner/.keep", "");
    project.write("vendor/.keep", "");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    std::fs::remove_dir_all(project.path("project/vendor")).unwrap();
    std::os::unix::fs::symlink("sub/inner", project.path("project/vendor")).unwrap();
    for lane in ["native", "bash"] {
        project.write("go", lane);
        shell.set("ENVR_LANE", lane);
        blocked_by(&mut shell, &project, "sub/env.sh");
    }
}

#[test]
fn what_others_write_during_a_load_is_not_executed() {
    let project = Project::new();
    project.write(
        ".envrc",
        "watch_file go\n[ ! -e go ] || cp other late.sh\n[ ! -e late.sh ] || source ./late.sh\nexport A=1\n",
    );
    project.write("other", "touch ran\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("go", "");
    blocked_by(&mut shell, &project, "late.sh");
    // Who approves it then approves that the rc makes it.
    project.write("other", "export LATE=1\n");
    project.allow();
    for value in ["1", "2"] {
        project.write("other", format!("export LATE={value}\n"));
        project.write("go", value);
        shell.any_prompt(0);
        assert_eq!(shell.get("LATE"), Some(value));
    }
}

#[test]
fn a_file_that_the_rc_made_once_may_be_made_again_later() {
    let project = Project::new();
    project.write(
        ".envrc",
        "watch_file go\n[ -e kept ] || { : >old; until [[ new -nt old ]]; do : >new; done; cp go made.sh; }\nsource ./made.sh\n",
    );
    project.write("go", "export MADE=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("kept", "");
    project.write("go", "export MADE=2\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("MADE"), Some("1"));
    project.remove("kept");
    project.write("go", "export MADE=3\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("MADE"), Some("3"));
}

#[test]
fn a_listed_file_that_is_gone_is_not_held_against_the_rc() {
    let project = Project::new();
    project.write(".envrc", "[ ! -e part.sh ] || source ./part.sh\nexport A=1\n");
    project.write("part.sh", "export PART=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.remove("part.sh");
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
}

#[test]
fn a_file_that_is_as_it_was_again_frees_the_rc() {
    let project = Project::new();
    project.write(".envrc", "source ./part.sh\n");
    project.write("part.sh", "export PART=1\n");
    project.allow();
    project.shell().any_prompt(0);
    project.write("part.sh", "touch ran\n");
    let mut shell = project.shell();
    blocked_by(&mut shell, &project, "part.sh");
    shell.prompt("");
    project.write("part.sh", "export PART=1\n");
    shell.prompt(&format!("{LOADING}envr: export +PART\n"));
}

#[test]
fn a_list_stays_complete() {
    // Neither a load that fails nor the same approval again makes room for a file that is not on the list.
    for between in ["load", "allow"] {
        let project = Project::new();
        project.write(
            ".envrc",
            "watch_file go\n[ \"$(cat go)\" != fail ] || exit 3\n[ ! -e late.sh ] || source ./late.sh\nexport A=1\n",
        );
        project.write("go", "");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        if between == "load" {
            project.write("go", "fail");
            shell.any_prompt(1);
        } else {
            project.allow();
        }
        project.write("go", "again");
        project.write("late.sh", "touch ran\n");
        blocked_by(&mut shell, &project, "late.sh");
    }
}

#[test]
fn a_new_approval_takes_up_what_the_last_one_listed() {
    let project = Project::new();
    project.write(".envrc", "f=part.sh; source ./$f\n");
    project.write("part.sh", "export PART=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write(".envrc", "f=part.sh; source ./$f\nexport A=1\n");
    project.write("part.sh", "export PART=2\n");
    let page = project.envr(["review"]).any_stdout().success().stdout;
    assert!(String::from_utf8(page).unwrap().contains("part.sh: changed since approved\n"));
    project.allow();
    project.write("part.sh", "touch ran\n");
    blocked_by(&mut shell, &project, "part.sh");
}

#[test]
fn an_edit_approves_the_rc_alone() {
    let project = Project::new();
    project.write(".envrc", "source ./part.sh\nexport A=1\n");
    project.write("part.sh", "export PART=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("part.sh", "touch ran\n");
    project.envr(["edit"]).env("EDITOR", "sed -i s/A=1/A=2/").success();
    blocked_by(&mut shell, &project, "part.sh");
}

#[test]
fn an_approval_during_a_load_counts() {
    let project = Project::new();
    project.write_program("approve", &format!("#!/bin/sh\nexec {:?} allow\n", crate::test::ENVR));
    project.write(
        ".envrc",
        "watch_file go\nsource ./part.sh\n[ ! -e go ] || { cp go part.sh; approve; }\n",
    );
    project.write("part.sh", "export PART=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("go", "export PART=2\n");
    shell.any_prompt(0);
    shell.any_prompt(0);
    assert_eq!(shell.get("PART"), Some("2"));
}

#[test]
fn what_lies_outside_or_in_the_layout_directory_is_not_judged() {
    let project = Project::new();
    let rc = "source .direnv/x.sh\nsource ../elsewhere/y.sh\nwatch_file go\n";
    for rc in [rc.to_string(), format!("d=.direnv\nsource $d/x.sh\n{rc}")] {
        project.write(".envrc", rc);
        project.write(".direnv/x.sh", "export X=1\n");
        project.write_at("elsewhere/y.sh", "export Y=1\n");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        project.write(".direnv/x.sh", "export X=2\n");
        project.write_at("elsewhere/y.sh", "export Y=2\n");
        project.write("go", "");
        shell.any_prompt(0);
        assert_eq!((shell.get("X"), shell.get("Y")), (Some("2"), Some("2")));
        project.remove("go");
    }
}
