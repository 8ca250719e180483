//! The functions of the library beside those of Debian's direnv: what they say, the status they return, and how an rc ends.

use super::{ours, real, told};
use crate::test::{Project, has};

/// Loads an rc in both, and compares all that it says.
#[track_caller]
fn says_the_same(project: &Project, rc: &str) {
    let called = project.path("bin/direnv");
    project.write(".envrc", rc);
    project.allow();
    let (_, theirs, code) = told(&real(project, &["export", "json"]), "/usr/bin/direnv");
    let (_, found, found_code) =
        told(&ours(project, &["export", "json"]), called.to_str().unwrap());
    assert_eq!((without_lines(&found), found_code), (without_lines(&theirs), code), "{rc}");
}

/// The library has its lines elsewhere.
fn without_lines(said: &str) -> String {
    let line =
        |line: &str| match line.strip_prefix("environment:").and_then(|at| at.split_once(':')) {
            Some((_, what)) => what.trim_start().to_owned(),
            None => line.to_owned(),
        };
    said.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_missing_is_told_as_by_direnv() {
    if !has("direnv") {
        return;
    }
    let project = Project::new().named_direnv();
    let called = project.path("bin/direnv");
    project.write_program("git", "#!/bin/sh\nexit 128\n");
    for program in ["find", "head", "sort"] {
        project.write_program(program, &format!("#!/bin/sh\nexec /usr/bin/{program} \"$@\"\n"));
    }
    project.write_at("project/versions/node-v1.2.3/file", "");
    project.write_at("project/versions/julia-1.2.3/file", "");
    for line in [
        "source_url",
        "source_url http://127.0.0.1:1/",
        "use node",
        "NODE_VERSIONS=$PWD use node",
        "NODE_VERSIONS=$PWD use node 1",
        "NODE_VERSIONS=$PWD/versions use node 1",
        "use julia",
        "JULIA_VERSIONS=$PWD/versions use julia 1.2.3",
        "use nodenv 12",
        "use rbenv",
        "use nosuch thing",
        "on_git_branch",
        "on_git_branch main",
        "layout ruby",
        "layout pipenv",
    ] {
        says_the_same(&project, &format!("{line}\necho status $?\n"));
    }
    // What came after that version: whether it failed is not told.
    for (line, words) in [
        ("layout nosuch", "layout_nosuch: command not found\nstatus 0"),
        ("layout opam", "opam: command not found\nstatus 0\ndirenv: export +OPAMSWITCH"),
        ("use guix", "direnv: using guix\nguix: command not found\nstatus 0"),
        (
            "layout anaconda",
            "direnv: Could not determine conda env name (set in environment.yml or pass explicitly)\nstatus 0",
        ),
        (
            "layout anaconda some",
            "conda: command not found\ndirenv: Could not find environment.yml\nstatus 0",
        ),
    ] {
        project.write(".envrc", format!("{line}\necho status $?\n"));
        project.allow();
        let (_, said, _) = told(&ours(&project, &["export", "json"]), called.to_str().unwrap());
        let said = without_lines(&said);
        let said = said.split_once('\n').unwrap().1;
        assert_eq!(said, words, "{line}");
    }
}

/// A script may silence its own lines, or make them look otherwise.
#[test]
fn the_log_format_of_a_script_counts() {
    for lane in ["native", "bash"] {
        let project = Project::new().named_direnv().env("ENVR_LANE", lane);
        project.write("part", "export B=1\n");
        let rc = "log_status one\nexport DIRENV_LOG_FORMAT='>> %s'\nlog_status two\n\
                  source_env part\nexport DIRENV_LOG_FORMAT=\nlog_status three\n\
                  unset DIRENV_LOG_FORMAT\nlog_status four\n";
        project.write(".envrc", rc);
        project.allow();
        project.shell().prompt(
            "direnv: loading $DIR/project/.envrc\ndirenv: one\n>> two\n\
             >> loading $DIR/project/part\ndirenv: four\ndirenv: export +B\n",
        );
    }
}

/// A script that shows what is read sees its own lines, and an error names no file of ours, in a subshell, too.
#[test]
fn the_library_shows_itself_as_little_as_direnvs() {
    let project = Project::new().named_direnv();
    let rc = "set -v\nhas ls\n(has ls)\n(use nosuch)\n";
    project.write(".envrc", rc);
    project.allow();
    let said = project.shell().any_prompt(0);
    assert_eq!(
        without_lines(&said),
        "direnv: loading $DIR/project/.envrc\nhas ls\n(has ls)\n(use nosuch)\ndirenv: using nosuch\n\
         use_nosuch: command not found\n__envr_finish"
    );
}

#[test]
fn what_replaces_user_rel_path_says_the_path() {
    let project = Project::new().named_direnv();
    project.write(".envrc", "user_rel_path() { echo \"<$1>\"; }\nsource_env sub\n");
    project.write("sub/.envrc", "export A=1\n");
    project.allow();
    project.shell().prompt(
        "direnv: loading $DIR/project/.envrc\ndirenv: loading <$DIR/project/sub/.envrc>\n\
         direnv: export +A\n",
    );
}

#[test]
fn an_rc_ends_as_with_direnv() {
    if !has("direnv") {
        return;
    }
    let project = Project::new().named_direnv();
    for line in ["kill -9 $$", "kill -TERM $$", "exit 3", "exit 0", "return 3"] {
        says_the_same(&project, &format!("export A=1\n{line}\n"));
    }
}

#[test]
fn a_dotenv_that_is_none_is_told_as_by_direnv() {
    if !has("direnv") {
        return;
    }
    let project = Project::new().named_direnv();
    project.write(".env", "A=1\nb c d\n");
    says_the_same(&project, "dotenv || true\n");
    project.write(".env", "A=1\nSECRET=one two\n");
    project.envr(["dotenv", "bash"]).stderr("direnv: error invalid line: SECRET=…\n").failure();
}

/// `/dev/fd/63` is a pipe.
#[test]
fn pipes_are_read_where_files_are() {
    for project in [Project::new(), Project::new().named_direnv()] {
        project.write(
            ".envrc",
            "export BEFORE=1\n\
             direnv_apply_dump <(DUMPED=1 \"$direnv\" dump)\n\
             dotenv <(echo DOTENV=1)\n\
             dotenv_if_exists /dev/stdin <<<IF_EXISTS=1\n\
             source <(echo export SOURCED=1)\n\
             mkfifo fifo; (echo FIFO=1 >fifo &)\n\
             dotenv fifo\n",
        );
        project.allow();
        let mut shell = project.shell();
        let said = shell.any_prompt(0);
        for name in ["BEFORE", "DUMPED", "DOTENV", "IF_EXISTS", "SOURCED", "FIFO"] {
            assert_eq!(shell.get(name), Some("1"), "{name}: {said}");
        }
    }
}

/// It would evaluate itself without an end.
#[test]
fn an_rc_that_asks_for_its_own_environment_gets_what_there_is() {
    for (rc, name) in [
        ("export A=1\nexport B=$(\"$direnv\" exec . /bin/sh -c 'echo $A')\n", "native"),
        (
            "f() { :; }\nf\nexport A=1\nexport B=$(\"$direnv\" exec \"$PWD\" /bin/sh -c 'echo $A')\n",
            "bash",
        ),
        ("export A=1\neval \"$(\"$direnv\" export bash)\"\nexport B=$A\n", "export"),
        (
            "export A=1\nexport B=$(\"$direnv\" exec ../other \"$direnv\" exec ../project /bin/sh -c 'echo $A')\n",
            "round",
        ),
    ] {
        let project = Project::new().named_direnv();
        project.write(".envrc", rc);
        project.write_at("other/.envrc", "export OTHER=1\n");
        project.allow();
        project.envr(["allow", project.path("other").to_str().unwrap()]).success();
        let mut shell = project.shell();
        let said = shell.any_prompt(0);
        let told =
            "direnv: `$DIR/project/.envrc` is being loaded: the environment stays as it is\n";
        assert!(said.matches(told).count() == 1, "{name}: {said}");
        assert_eq!((shell.get("A"), shell.get("B")), (Some("1"), Some("1")), "{name}: {said}");
        assert_eq!(shell.get("DIRENV_LOADING"), None);
    }
}

/// What an rc leaves behind, such as a server with shells of its own, loads like any other.
#[test]
fn what_an_ended_evaluation_left_behind_loads() {
    let project = Project::new().named_direnv();
    project.write(".envrc", "export A=1\n/usr/bin/env >env\n");
    project.allow();
    project.shell().any_prompt(0);
    let left = project.read("project/env");
    assert!(left.lines().all(|line| line.contains('=')), "{left}");
    let marker = left.lines().find_map(|line| line.strip_prefix("DIRENV_LOADING=")).unwrap();
    let output = project.envr(["export", "json"]).env("DIRENV_LOADING", marker).any_stderr();
    assert!(String::from_utf8(output.any_stdout().success().stdout).unwrap().contains("\"A\""));
}

#[test]
fn a_function_that_is_first_called_under_set_a_is_not_exported() {
    let project = Project::new();
    project.write("x", "X=1\n");
    for set in ["set -a;", "set -a\n", "B=(1); set -a\n"] {
        let rc =
            format!("{set} has ls; source ./x; set +a\nexport A=$(env | grep -c ^BASH_FUNC_)\n");
        project.write(".envrc", &rc);
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        assert_eq!((shell.get("A"), shell.get("X")), (Some("0"), Some("1")), "{set}");
    }
}
