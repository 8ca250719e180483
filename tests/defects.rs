//! What direnv gets wrong and envr does not, each test named after the defect.

use crate::test::{ENVR, Project};
use rustix::fs::{CWD, FileType, Mode, Timespec, Timestamps, UTIME_OMIT, mknodat, utimensat};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

mod functions;

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

#[test]
fn deleted_rc_stays_loaded() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.env.clone();
    shell.any_prompt(0);
    project.remove(".envrc");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.env, before);
}

#[test]
fn edit_within_the_same_second_is_not_seen() {
    let project = Project::new();
    project.write(".envrc", "watch_file f\nexport A=$(cat f)\n");
    project.write("f", "1");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    // Same size, same inode, and the same times: as if the clock had not ticked between the two.
    let file = project.path("project/f");
    let times = times_of(&file);
    project.write("f", "2");
    set_times(&file, &times);
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    assert_eq!(shell.get("A"), Some("2"));
}

#[test]
fn an_older_file_put_in_place_is_not_seen() {
    let project = Project::new();
    project.write(".envrc", "watch_file f\nexport A=$(cat f)\n");
    project.write("f", "1");
    project.write("old", "2");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    set_times(&project.path("project/old"), &times_of(&project.path("project/f")));
    std::fs::rename(project.path("project/old"), project.path("project/f")).unwrap();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("2"));
}

fn times_of(file: &Path) -> Timestamps {
    let metadata = file.metadata().unwrap();
    let modified = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: modified,
    }
}

fn set_times(file: &Path, times: &Timestamps) {
    utimensat(CWD, file, times, rustix::fs::AtFlags::empty()).unwrap();
}

#[test]
fn watches_before_a_failure_are_lost() {
    let project = Project::new();
    project.write(".envrc", "watch_file needed\n[ -e needed ] || exit 1\nexport A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.failing_prompt(&format!(
        "{LOADING}envr: error: could not load `$DIR/project/.envrc`: it exited with status 1\n"
    ));
    shell.prompt("");
    project.write("needed", "");
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
}

/// Where the second of its edit has gone by.
#[test]
fn an_rc_that_touches_itself_is_loaded_at_each_prompt() {
    for (lane, touch) in
        [("bash", "touch .envrc"), ("tell", "touch .envrc"), ("tell", "cp .envrc x; mv x .envrc")]
    {
        let project = Project::new();
        project.write(".envrc", format!("{touch}\nexport A=1\n"));
        project.allow();
        let mut shell = project.shell();
        shell.set("ENVR_LANE", lane);
        shell.any_prompt(0);
        assert_eq!(shell.get("A"), Some("1"));
        shell.prompt("");
        // It is still watched.
        project.write(".envrc", "export A=2\n");
        shell.any_prompt(1);
        assert_eq!(shell.get("A"), None);
    }
}

#[test]
fn an_rc_that_executes_itself_is_told_of_once_more_than_it_is() {
    let project = Project::new();
    project.write(".envrc", "[ -n \"$A\" ] || { export A=1; source_env .; }\n");
    project.allow();
    project.shell().prompt(&format!("{LOADING}{LOADING}envr: export +A\n"));
}

#[test]
fn a_background_child_holds_the_prompt() {
    let project = Project::new();
    project.write(".envrc", "sleep 600 &\necho $! >pid\nexport A=1\n");
    project.allow();
    // stderr is the terminal's in life; here a file, for the child holds it, too.
    let stderr = std::fs::File::create(project.path("stderr")).unwrap();
    let output = Command::new(ENVR)
        .args(["export", "json"])
        .current_dir(project.path("project"))
        .env("HOME", project.path("home"))
        .env_remove("XDG_DATA_HOME")
        .stderr(stderr)
        .output()
        .unwrap();
    let pid = project.read("project/pid").trim().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).expect("the child outlives the load");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"A\""));
}

#[test]
fn a_fifo_named_envrc_hangs_the_prompt() {
    let project = Project::new();
    mknodat(CWD, project.path("project/.envrc"), FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let mut shell = project.shell();
    shell.failing_prompt(
        "envr: error: could not load `$DIR/project/.envrc`: is a FIFO, not a regular file\n",
    );
    shell.prompt("");
}

#[test]
fn a_syntax_error_loads_half() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n\nif true; then\necho x\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.visible();
    let said = shell.any_prompt(1);
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("envr: error: could not load `$DIR/project/.envrc:"), "{said}");
    assert!(last.ends_with("syntax error: unexpected end of file"), "{said}");
    assert_eq!(shell.visible(), before);
}

/// What bash shows of the first line is the file's own, and no line of ours.
#[test]
fn a_syntax_error_on_the_first_line_shows_the_file_alone() {
    for project in [Project::new(), Project::new().named_direnv()] {
        project.write("broken", ") of line one\n");
        for (rc, file) in [
            ("export A=1 ) of line one\n", "./.envrc"),
            (") of line one\n", "./.envrc"),
            ("source_env broken\n", "./broken"),
            ("source ./broken || true\n", "./broken"),
        ] {
            project.write(".envrc", rc);
            project.allow();
            let said = project.envr(["export", "json"]).env("ENVR_LANE", "bash").output().stderr;
            let said = String::from_utf8(said).unwrap();
            let told = format!("\n{file}:1: syntax error near unexpected token `)'\n{file}:1: `");
            let ends = said.contains(") of line one'\n");
            let shows_ours = said.contains("__envr") || said.contains("builtin");
            assert!(said.contains(&told) && ends && !shows_ours, "{rc}: {said}");
        }
    }
}

#[test]
fn a_failing_source_loads_half() {
    for (line, why) in [
        ("source ./missing.sh", "could not source `./missing.sh`: no such file or directory"),
        (". bad.sh", "could not source `bad.sh`: line 1: syntax error near unexpected token `)'"),
        ("source \"$PWD/dir\"", "could not source `$DIR/project/dir`: is a directory"),
    ] {
        let project = Project::new();
        project.write(".envrc", format!("export A=1\n{line}\nexport B=1\n"));
        project.write("bad.sh", "export C=1 )\n");
        project.write("dir/file", "");
        project.allow();
        let mut shell = project.shell();
        let before = shell.visible();
        let said = shell.any_prompt(1);
        let expected = format!("envr: error: could not load `$DIR/project/.envrc:2`: {why}");
        assert_eq!(said.lines().last(), Some(expected.as_str()), "{said}");
        assert_eq!(shell.visible(), before);
    }
}

#[test]
fn a_failing_source_loads_half_wherever_it_stands() {
    let missing = "could not source `./missing.sh`: no such file or directory";
    for (rc, place) in [
        ("source ./a.sh", "a.sh:2"),
        ("source ./b.sh", "a.sh:2"),
        ("source_env ./a.sh", "a.sh:2"),
        ("trap 'echo trapped' ERR; source ./missing.sh", ".envrc:1"),
        ("trap '' ERR; source ./missing.sh", ".envrc:1"),
        ("trap - ERR; source ./missing.sh", ".envrc:1"),
        ("f() { source ./missing.sh; return 0; }; f", ".envrc:1"),
        ("source ./c.sh; f", "c.sh:2"),
        ("(source ./missing.sh)", ".envrc:1"),
        ("source ./missing.sh | cat", ".envrc:1"),
        ("x=$(source ./missing.sh; echo y)", ".envrc:1"),
        ("! source ./missing.sh", ".envrc:1"),
        ("set -e; source ./missing.sh", ".envrc:1"),
        ("\\source ./missing.sh", ".envrc:1"),
    ] {
        let project = Project::new();
        project.write(".envrc", format!("{rc}\nexport B=1\n"));
        project.write("a.sh", "export A=1\nsource ./missing.sh\nexport C=1\n");
        project.write("b.sh", "source ./a.sh\n");
        project.write("c.sh", "f() {\n  source ./missing.sh\n}\n");
        project.allow();
        let mut shell = project.shell();
        let before = shell.visible();
        let said = shell.any_prompt(1);
        let expected = format!("envr: error: could not load `$DIR/project/{place}`: {missing}");
        assert_eq!(said.lines().last(), Some(expected.as_str()), "{rc}\n{said}");
        assert_eq!(shell.visible(), before, "{rc}");
    }
}

#[test]
fn a_source_that_names_no_file_is_told() {
    for line in ["source", "source ''", ". --"] {
        let project = Project::new();
        project.write(".envrc", format!("{line}\nexport B=1\n"));
        project.allow();
        project.shell().failing_prompt(&format!(
            "{LOADING}envr: error: could not load `$DIR/project/.envrc:1`: could not source: no file is named\n"
        ));
    }
}

#[test]
fn a_failure_that_a_caller_handles_stays_handled() {
    for handled in [
        "source ./a.sh 2>/dev/null || true",
        "source_env ./a.sh 2>/dev/null || true",
        "if source ./a.sh 2>/dev/null; then :; fi",
        "source ./missing.sh 2>/dev/null && echo found",
        "f() { source ./missing.sh 2>/dev/null; }; f || true",
        "(source ./missing.sh) 2>/dev/null || true",
        "eval 'source ./missing.sh' 2>/dev/null || true",
        "trap 'echo trapped' ERR; { source ./missing.sh 2>/dev/null; } || true",
        "set -e; while source ./missing.sh 2>/dev/null; do :; done",
    ] {
        let project = Project::new();
        project.write(".envrc", format!("{handled}\nexport B=1\n"));
        project.write("a.sh", "source ./missing.sh\n");
        project.allow();
        let mut shell = project.shell();
        let said = shell.any_prompt(0);
        assert!(!said.contains("error") && !said.contains("trapped"), "{handled}\n{said}");
        assert_eq!(shell.get("B"), Some("1"), "{handled}");
    }
}

#[test]
fn a_handled_or_merely_false_source_is_no_error() {
    let project = Project::new();
    let lines = "source ./missing.sh 2>/dev/null || true\nif source ./missing.sh 2>/dev/null; then :; fi\n\
                 [ -e x ] && source x\nsource last-is-false.sh\nexport A=1\nfalse\n";
    project.write(".envrc", lines);
    project.write("last-is-false.sh", "export L=1\n[ -n \"$NOPE\" ] && export M=1\n");
    project.allow();
    project.shell().prompt(&format!("{LOADING}envr: export +A +L\n"));
}

#[test]
fn direnv_keeps_its_semantics_under_its_name() {
    let project = Project::new().named_direnv();
    project.write(".envrc", "export A=1\nsource ./missing.sh\nexport B=1\nif\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("A"), shell.get("B")), (Some("1"), Some("1")));
}

#[test]
fn the_users_own_path_edits_are_lost_when_leaving() {
    let project = Project::new();
    project.write(".envrc", "PATH_add bin\nPATH_rm /bin\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.get("PATH").unwrap().to_string();
    shell.any_prompt(0);
    let inside = format!("/mine:{}:/last", shell.get("PATH").unwrap());
    shell.set("PATH", inside);
    shell.cd("elsewhere");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.get("PATH"), Some(format!("/mine:{before}:/last").as_str()));
}

#[test]
fn the_users_own_path_edits_are_lost_when_reloading() {
    let project = Project::new();
    project.write(".envrc", "PATH_add bin\nwatch_file f\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.get("PATH").unwrap().to_string();
    shell.any_prompt(0);
    shell.set("PATH", format!("/mine:{}", shell.get("PATH").unwrap()));
    project.write("f", "");
    shell.any_prompt(0);
    let bin = project.path("project/bin");
    assert_eq!(shell.get("PATH"), Some(format!("{}:/mine:{before}", bin.display()).as_str()));
}

#[test]
fn a_log_message_is_taken_for_a_format() {
    let project = Project::new();
    project.write(".envrc", "log_error '100% %s %d'\nlog_status '%s\\n'\n");
    project.allow();
    project.shell().prompt(&format!("{LOADING}envr: 100% %s %d\nenvr: %s\\n\n"));
}

#[test]
fn ctrl_c_restarts_the_load_at_the_next_prompt() {
    let project = Project::new();
    project.write(
        ".envrc",
        "watch_file f\nexport A=$((A + 1))\nif [ -e f ]; then echo begun >&2; sleep 600; fi\n",
    );
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let loaded = shell.visible();
    project.write("f", "");

    // As under a hook: SIGINT is ignored in the shell, and Ctrl-C goes to everything in the foreground.
    let script = format!("trap '' INT; exec {ENVR} export json");
    let mut child = Command::new("setsid")
        .args(["bash", "-c", &script])
        .current_dir(project.path("project"))
        .env_clear()
        .envs(&shell.env)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while line != "begun\n" {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    rustix::process::kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    line.clear();
    stderr.read_line(&mut line).unwrap();
    assert!(line.ends_with(".envrc`: interrupted\n"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(1));

    shell.follow(printed.as_bytes());
    assert_eq!(shell.visible(), loaded);
    shell.prompt("");
    project.remove("f");
    shell.any_prompt(0);
    assert_eq!(shell.visible(), loaded);
}

#[test]
fn nothing_is_coloured_into_a_pipe() {
    let project = Project::new().env("TERM", "xterm-256color");
    project.write(".envrc", "log_error x\nexit 1\n");
    let mut shell = project.shell();
    assert!(!shell.any_prompt(1).contains('\x1b'));
    project.allow();
    assert!(!shell.any_prompt(1).contains('\x1b'));
}

#[test]
fn a_directory_named_like_a_pattern_hangs_the_prompt() {
    for name in ["[slug]", "@(x)", "+(a)", "a\\b", "a*b"] {
        let project = Project::new();
        project.write(&format!("{name}/.envrc"), "PATH_add bin\nsource_env part\nwatch_file f\n");
        project.write(&format!("{name}/part"), "export A=$(expand_path x)\n");
        let dir = format!("project/{name}");
        project.envr(["allow"]).dir(&dir).success();
        let mut shell = project.shell();
        shell.cd(&dir);
        shell.any_prompt(0);
        let expected = project.path(&dir).join("x");
        assert_eq!(shell.get("A"), expected.to_str(), "{name}");
    }
}

#[test]
fn the_words_of_a_source_are_expanded_once() {
    let project = Project::new();
    let rc = "source ./gen.sh >out.txt\nsource \"$(cd . && echo x >>count; pwd)/part\"\n";
    project.write(".envrc", rc);
    project.write("gen.sh", "echo data\n");
    project.write("part", "declare -A map=([k]=v)\ndeclare word=w\nexport P=1\n");
    project.allow();
    project.shell().any_prompt(0);
    let written = (project.read("project/out.txt"), project.read("project/count"));
    assert_eq!(written, ("data\n".to_string(), "x\n".to_string()));
    project.write(".envrc", "source ./part\nexport SEEN=\"${map[k]}$word\"\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("SEEN"), Some("vw"), "what a script declares is there after it");
}

#[test]
fn a_load_that_is_ended_from_outside_leaves_nothing_behind() {
    use std::os::unix::process::ExitStatusExt as _;
    for signal in [Signal::TERM, Signal::HUP] {
        let project = Project::new();
        std::fs::create_dir(project.path("run")).unwrap();
        let run = project.path("run");
        let project = project.env("XDG_RUNTIME_DIR", run);
        project.write(".envrc", "echo begun >&2; exec sleep 600\n");
        project.allow();
        let shell = project.shell();
        let mut child = Command::new(ENVR)
            .args(["export", "json"])
            .current_dir(project.path("project"))
            .env_clear()
            .envs(&shell.env)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while lines.next().unwrap().unwrap() != "begun" {}
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        assert_eq!(std::fs::read_dir(project.path("run")).unwrap().count(), 0);
        // The pipe ends when nothing of the load is left to hold it.
        assert!(lines.next().is_none());
    }
}
