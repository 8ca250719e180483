//! `direnv.toml` with every key, envr's own `config.toml`, and the variables that overrule them.

use crate::test::Project;

#[test]
fn where_no_person_reads_along_status_lines_are_left_out() {
    let project = Project::new().without("ENVR_QUIET");
    project.write(".envrc", "export A=1\nlog_error trouble\n");
    project.allow();
    let exec = || project.envr(["exec", "--", "true"]);
    let all = "envr: loading $DIR/project/.envrc\nenvr: trouble\nenvr: export +A\n";
    exec().stderr("envr: trouble\n").success();
    exec().env("ENVR_QUIET", "0").stderr(all).success();
    for name in ["AI_AGENT", "CI", "CLAUDECODE"] {
        exec().env(name, "1").stderr("envr: trouble\n").success();
        exec().env(name, "1").env("ENVR_QUIET", "0").stderr(all).success();
    }
    exec().env("DIRENV_LOG_FORMAT", "envr: %s").stderr(all).success();
    project.write_at("home/.config/envr/config.toml", "quiet_unattended = false\n");
    exec().stderr(all).success();
    let project = Project::new().without("ENVR_QUIET").named_direnv();
    project.write(".envrc", "export A=1\n");
    project.allow();
    project.envr(["exec", ".", "true"]).stderr("direnv: loading $DIR/project/.envrc\n").success();
}

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

fn configured(toml: &str) -> Project {
    let project = Project::new();
    project.write_at("home/.config/direnv/direnv.toml", toml);
    project.write(".envrc", "export A=1\n");
    project.allow();
    project
}

#[test]
fn log_format_filter_and_silence() {
    let loaded = |toml: &str| configured(toml).shell().any_prompt(0);
    assert_eq!(loaded(""), format!("{LOADING}envr: export +A\n"));
    assert_eq!(
        loaded("[global]\nlog_format = \"> %s (100%%)\"\n"),
        "> loading $DIR/project/.envrc (100%)\n> export +A (100%)\n"
    );
    assert_eq!(loaded("[global]\nlog_format = \"-\"\n"), "");
    assert_eq!(loaded("log_format = \"\"\n"), "");
    assert_eq!(loaded("[global]\nlog_filter = \"^export\"\n"), "envr: export +A\n");
    assert_eq!(loaded("[global]\nhide_env_diff = true\n"), LOADING);
}

#[test]
fn a_filter_that_is_no_regular_expression_is_told_where_it_would_hide_a_line() {
    let project = configured("[global]\nlog_filter = \"(\"\n");
    let mut shell = project.shell();
    let told = "envr: warning: could not read `$DIR/home/.config/direnv/direnv.toml`: `log_filter`: found open group without closing ')'\nenvr: hint: $EDITOR $DIR/home/.config/direnv/direnv.toml\n";
    shell.prompt(&format!("{told}{LOADING}envr: export +A\n"));
    assert_eq!(shell.get("A"), Some("1"));
    shell.prompt("");
}

#[test]
fn direnv_log_format_overrules_the_file_and_needs_none() {
    let project = configured("[global]\nlog_format = \"x %s\"\n").env("DIRENV_LOG_FORMAT", "");
    project.shell().prompt("");
    let project = Project::new().env("DIRENV_LOG_FORMAT", "y %s");
    project.write(".envrc", "log_status hello\n");
    project.allow();
    project.shell().prompt("y loading $DIR/project/.envrc\ny hello\n");
}

#[test]
fn quiet_with_one_switch_also_for_one_project() {
    let project = configured("").env("ENVR_QUIET", "1");
    project.shell().prompt("");

    let project = configured("");
    project.write_at("home/.config/envr/config.toml", "quiet = true\n");
    project.shell().prompt("");

    let dir = project.path("project");
    project.write_at("home/.config/envr/config.toml", format!("quiet_projects = [{dir:?}]\n"));
    project.shell().prompt("");
    project.write_at("elsewhere/.envrc", "export B=1\n");
    project.envr(["allow"]).dir("elsewhere").success();
    let mut shell = project.shell();
    shell.cd("elsewhere");
    shell.prompt("envr: loading $DIR/elsewhere/.envrc\nenvr: export +B\n");

    // It is the project that is quiet, wherever the user stands.
    let mut shell = project.shell();
    shell.any_prompt(0);
    shell.cd("home");
    shell.prompt("");
    project.envr(["exec", "../project", "true"]).dir("elsewhere").success();
    let mut shell = project.shell();
    shell.prompt("");
    shell.cd("elsewhere");
    shell.prompt("envr: loading $DIR/elsewhere/.envrc\nenvr: export +B\n");
    shell.cd("project");
    shell.prompt("");

    // Quiet is about status, not about what went wrong.
    project.write(".envrc", "exit 1\n");
    assert!(project.shell().any_prompt(1).starts_with("envr: error: "));
}

#[test]
fn strict_env_ends_at_the_first_failure() {
    let project = configured("[global]\nstrict_env = true\n");
    project.write(".envrc", "export A=1\nfalse\nexport B=1\n");
    project.allow();
    let why = "envr: error: could not load `$DIR/project/.envrc`: it exited with status 1\n";
    // In between, bash may say a word of its own about leaving its functions that way.
    let said = project.shell().any_prompt(1);
    assert!(said.starts_with(LOADING) && said.ends_with(why), "{said}");
    project.write(
        ".envrc",
        "dotenv_if_exists\nPATH_add bin\nhas ls && export A=1\nlog_status ok\nwatch_file x\n",
    );
    project.allow();
    project.shell().prompt(&format!("{LOADING}envr: ok\nenvr: export +A ~PATH\n"));
}

#[test]
fn disable_stdin_and_bash_path() {
    let project = configured("[global]\ndisable_stdin = true\n");
    project.write(".envrc", "read -r A && export A=got-$A\n");
    project.allow();
    project.envr(["exec", "--", "printenv", "A"]).stdin("x\n").any_stderr().code(1);
    project.write_at("home/.config/direnv/direnv.toml", "");
    project
        .envr(["exec", "--", "printenv", "A"])
        .stdin("x\n")
        .stdout("got-x\n")
        .any_stderr()
        .success();

    let project = configured("");
    project.write_program("mybash", "#!/bin/sh\nMARK=1 exec bash \"$@\"\n");
    project.write_at(
        "home/.config/direnv/direnv.toml",
        format!("bash_path = {:?}\n", project.path("bin/mybash")),
    );
    assert!(project.shell().any_prompt(0).contains("+MARK"));
    project.write_at("home/.config/direnv/direnv.toml", "");
    let project = {
        let bash = project.path("bin/mybash");
        project.env("DIRENV_BASH", bash)
    };
    assert!(project.shell().any_prompt(0).contains("+MARK"));
}

#[test]
fn a_load_that_takes_long_says_so_once() {
    for (project, warning) in [
        (Project::new(), "envr: warning: loading takes a while; press Ctrl-C to give up\n".to_string()),
        (
            Project::new().named_direnv(),
            "direnv: ([$DIR/bin/direnv export json]) is taking a while to execute. Use CTRL-C to give up.\n".to_string(),
        ),
    ] {
        project.write_at("home/.config/direnv/direnv.toml", "[global]\nwarn_timeout = \"1ms\"\n");
        project.write(".envrc", "[ -p never ] || mkfifo never\nread -r -t 0.3 <>never || true\n");
        project.allow();
        let said = project.shell().any_prompt(0);
        assert!(said.contains(&warning), "{said}");
        assert_eq!(said.matches("while").count(), 1);
        project.write_at("home/.config/direnv/direnv.toml", "[global]\nwarn_timeout = \"0\"\n");
        assert!(!project.shell().any_prompt(0).contains("while"));
    }
    let project = Project::new();
    project.write_at("home/.config/direnv/direnv.toml", "warn_timeout = \"5 apples\"\n");
    let file = "$DIR/home/.config/direnv/direnv.toml";
    let said = format!(
        "envr: error: could not read `{file}`: `warn_timeout`: `5 apples` is not a duration such as `5s` or `1m30s`\nenvr: hint: $EDITOR {file}\n"
    );
    project.envr(["export", "json"]).stderr(&said).failure();
}

#[test]
fn the_older_file_name_and_another_directory() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    project.write_at("home/.config/direnv/config.toml", "[global]\nlog_format = \"old %s\"\n");
    assert!(project.shell().any_prompt(0).starts_with("old "));
    project.write_at("other/direnv.toml", "[global]\nlog_format = \"other %s\"\n");
    project.write_at("other/direnvrc", "export FROM_RC=1\n");
    let other = project.path("other");
    let project = project.env("DIRENV_CONFIG", other);
    assert_eq!(
        project.shell().any_prompt(0),
        "other loading $DIR/project/.envrc\nother export +A +FROM_RC\n"
    );
}

#[test]
fn a_directory_brings_no_bash_of_its_own() {
    let project = Project::new();
    project.write("bash", "#!/bin/sh\ntouch ran\n");
    project.write("tools/bash", "#!/bin/sh\ntouch ran\n");
    for file in ["bash", "tools/bash"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.path(&format!("project/{file}")), mode).unwrap();
    }
    project.write(".envrc", "PATH_add tools\nexport A=$((1 + 1))\n");
    project.allow();
    let mut shell = project.shell();
    shell.set("PATH", ".::/usr/bin:/bin");
    for _ in 0..2 {
        shell.any_prompt(0);
        assert_eq!(shell.get("A"), Some("2"));
        project.envr(["reload"]).success();
    }
    assert!(!project.path("project/ran").exists());
}
