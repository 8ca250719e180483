//! What a prompt gets: loading, changing, leaving, and what stays as it was.

use crate::test::{Project, has};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Command;

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

#[test]
fn nothing_to_load_says_nothing() {
    let project = Project::new();
    project.shell().prompt("");
}

#[test]
fn loading_changing_and_leaving() {
    let project = Project::new();
    project.write(".envrc", "export A=1\nunset TERM\nPATH_add bin\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.env.clone();

    shell.prompt(&format!("{LOADING}envr: export +A -TERM ~PATH\n"));
    assert_eq!((shell.get("A"), shell.get("TERM")), (Some("1"), None));
    shell.prompt("");

    project.write(".envrc", "export B=2\n");
    project.allow();
    shell.prompt(&format!("{LOADING}envr: export +B\n"));
    assert_eq!((shell.get("A"), shell.get("B")), (None, Some("2")));

    shell.cd("elsewhere");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.env, before);
}

#[test]
fn a_directory_below_keeps_what_is_loaded_and_a_nearer_rc_takes_over() {
    let project = Project::new();
    project.write(".envrc", "export A=outer\n");
    project.write("inner/.envrc", "export B=inner\n");
    project.write("inner/deep/file", "");
    project.allow();
    project.envr(["allow", "inner"]).success();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));

    shell.cd("project/inner");
    shell.prompt("envr: loading $DIR/project/inner/.envrc\nenvr: export +B\n");
    assert_eq!((shell.get("A"), shell.get("B")), (None, Some("inner")));
    shell.cd("project/inner/deep");
    shell.prompt("");
    shell.cd("project");
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    assert_eq!((shell.get("A"), shell.get("B")), (Some("outer"), None));
}

#[test]
fn a_watched_file_reloads_when_it_comes_and_when_it_changes() {
    let project = Project::new();
    project.write(".envrc", "watch_file settings\nexport A=$(cat settings 2>/dev/null)\n");
    project.allow();
    let mut shell = project.shell();
    let loaded = format!("{LOADING}envr: export +A\n");
    shell.prompt(&loaded);
    project.write("settings", "1");
    shell.prompt(&loaded);
    project.write("settings", "2");
    shell.prompt(&loaded);
    assert_eq!(shell.get("A"), Some("2"));
    shell.prompt("");
}

#[test]
fn bytes_that_are_no_text_survive_a_load_and_its_undoing() {
    let project = Project::new();
    project.write(".envrc", "export A=$'\\xfe\\x01'\nexport OLD=new\n");
    project.allow();
    let old = OsString::from_vec(vec![0xff, b'"', b'\\', b'\n', 0x80]);
    let load = project.envr(["export", "bash"]).env("OLD", old.clone()).env("KEPT", old.clone());
    let code =
        load.any_stdout().stderr(&format!("{LOADING}envr: export +A ~OLD\n")).success().stdout;

    let script =
        |code: &[u8], then: &[u8]| OsString::from_vec([b"set -e; ", code, b"\n", then].concat());
    let bash = |script: OsString| {
        let output = Command::new("bash")
            .arg("-c")
            .arg(script)
            .env("OLD", &old)
            .env("KEPT", &old)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert_eq!(
        bash(script(&code, b"printf %s \"$A$KEPT\"")),
        [&[0xfe, 1], old.as_encoded_bytes()].concat()
    );

    let leave = format!(
        "cd {}; eval \"$({} export bash 2>/dev/null)\"; printf %s \"$OLD${{A-unset}}\"",
        project.path("elsewhere").display(),
        crate::test::ENVR
    );
    let left =
        bash(script(&[b"export HOME=/nowhere; ", code.as_slice()].concat(), leave.as_bytes()));
    assert_eq!(left, [old.as_encoded_bytes(), b"unset"].concat());
}

#[test]
fn the_undo_state_holds_no_value_that_was_loaded() {
    let project = Project::new();
    project.write(".envrc", "export TOKEN=hunter2hunter2\nexport PATH=/p/bin:$PATH\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}envr: export +TOKEN ~PATH\n"));
    let diff = shell.get("DIRENV_DIFF").unwrap().to_string();
    let shown = project.envr(["show_dump", &diff]).any_stdout().success();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["n"]["TOKEN"], "");
    assert_eq!(shown["p"].as_object().unwrap().keys().collect::<Vec<_>>(), ["PATH"]);
    assert!(!shown.to_string().contains("hunter2"));
}

#[test]
fn direnv_unloads_what_envr_loaded_and_envr_what_direnv_loaded() {
    if !has("direnv") {
        return;
    }
    let project = Project::new();
    project.write(".envrc", "export A=1\nunset TERM\nexport PATH=/p:$PATH\n");
    project.allow();
    let script = |first: &str, second: &str| {
        format!(
            "eval \"$({first} export bash 2>/dev/null)\"; [ \"$A\" = 1 ] || exit 1; cd ../elsewhere; \
             eval \"$({second} export bash 2>/dev/null)\"; env -u OLDPWD -u PWD -u SHLVL -u _ | sort"
        )
    };
    let (home, path) = (project.path("home"), "/usr/bin:/bin");
    let run = |script: &str| {
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(project.path("project"))
            .env_clear()
            .envs([("HOME", home.as_os_str()), ("PATH", path.as_ref()), ("TERM", "dumb".as_ref())])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let expected = format!("HOME={}\nPATH={path}\nTERM=dumb\n", home.display());
    assert_eq!(run(&script(crate::test::ENVR, "direnv")), expected);
    assert_eq!(run(&script("direnv", crate::test::ENVR)), expected);
}

#[test]
fn two_runs_print_the_same_bytes() {
    let project = Project::new();
    project.write(".envrc", "for i in {1..40}; do export VAR_$i=$i; done\n");
    project.allow();
    let run = || {
        let code = project.envr(["export", "fish"]).any_stdout().any_stderr().success().stdout;
        // A watch remembers the content of a file that is only just written.
        let lines = String::from_utf8(code).unwrap();
        lines
            .split(';')
            .filter(|line| !line.contains("DIRENV_WATCHES"))
            .collect::<Vec<_>>()
            .join(";")
    };
    assert_eq!(run(), run());
}

#[test]
fn a_new_shell_inherits_the_state_and_leaves_in_its_own_time() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    let before = shell.env.clone();
    shell.prompt(&format!("{LOADING}envr: export +A\n"));
    let mut inner = project.shell();
    inner.env = shell.env.clone();
    inner.prompt("");
    inner.cd("elsewhere");
    inner.prompt("envr: unloading\n");
    assert_eq!(inner.env, before);
}

#[test]
fn an_unknown_shell_is_an_error() {
    let project = Project::new();
    let said = "envr: error: could not write code for `tclsh`: it is none of bash, zsh, fish, tcsh, elvish, pwsh, murex, json, vim, gha, gzenv, systemd, nu, xonsh\n";
    for verb in ["export", "hook", "dump", "dotenv", "watch", "watch-list"] {
        project.envr([verb, "tclsh"]).stderr(said).failure();
    }
    for verb in ["export", "hook"] {
        let said = format!(
            "envr: error: could not {verb}: no shell was named\nenvr: hint: envr {verb} zsh\n"
        );
        project.envr([verb]).stderr(&said).failure();
    }
}

#[test]
fn a_dotenv_file_is_an_rc_where_the_user_wants_it() {
    let project = Project::new();
    project.write(".env", "A=1\nB=\"${A}2 $PWD\"\n");
    project.shell().prompt("");
    project.write_at("home/.config/direnv/direnv.toml", "[global]\nload_dotenv = true\n");
    let mut shell = project.shell();
    project.allow();
    shell.prompt("envr: loading $DIR/project/.env\nenvr: export +A +B\n");
    assert_eq!(shell.get("B"), Some(format!("12 {}", project.path("project").display()).as_str()));

    project.write(".env", "A=1\nB-C=2\n");
    project.allow();
    shell.failing_prompt(
        "envr: loading $DIR/project/.env\n\
         envr: error: could not load `$DIR/project/.env:2`: `B-C` is not a variable name\n",
    );
    assert_eq!(shell.get("A"), None);
}

/// bash takes the variable away with the mode that it stands for.
#[test]
fn what_turns_a_mode_of_bash_on_is_exported() {
    let project = Project::new();
    for (rc, expected) in [
        ("export POSIXLY_CORRECT=1", Some("1")),
        ("export POSIXLY_CORRECT='a \"b\"'", Some("a \"b\"")),
        ("POSIXLY_CORRECT=1", None),
        ("set -o posix", None),
    ] {
        project.write(".envrc", rc);
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        assert_eq!(shell.get("POSIXLY_CORRECT"), expected, "{rc}");
    }
}
