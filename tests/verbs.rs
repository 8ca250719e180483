//! The verbs around the prompt: edit, reload, status, stdlib, completions, version, help.

use crate::test::Project;
use serde_json::Value;

#[test]
fn edit_approves_what_was_written_and_not_what_was_only_looked_at() {
    let project = Project::new().env("EDITOR", "sh -c 'echo \"export A=1\" >\"$1\"' --");
    project.envr(["edit", "."]).success();
    assert_eq!(project.shell().any_prompt(0).lines().last(), Some("envr: export +A"));

    project.write(".envrc", "export B=1\n");
    let project = project.env("EDITOR", "true");
    project.envr(["edit"]).success();
    project.shell().any_prompt(1);
    let project = project.env("EDITOR", "false");
    project
        .envr(["edit"])
        .stderr("envr: error: could not edit `$DIR/project/.envrc`: `false` failed\n")
        .failure();
}

#[test]
fn edit_without_an_rc_says_how_to_make_one() {
    let project = Project::new().named_direnv();
    let said = "direnv: error .envrc or .env not found. Use `direnv edit .` to create a new .envrc in the current directory\n";
    project.envr(["edit"]).stderr(said).failure();
}

#[test]
fn reload_loads_again() {
    let project = Project::new();
    project.write(".envrc", "export A=$(cat f 2>/dev/null)\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write("f", "2");
    shell.prompt("");
    project.envr(["reload"]).success();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("2"));
    project.remove(".envrc");
    project
        .envr(["reload"])
        .stderr("envr: error: could not find an `.envrc` here or in a directory above\nenvr: hint: envr edit .\n")
        .failure();
}

#[test]
fn status_as_other_programs_read_it() {
    let project = Project::new();
    let status = |shell: &crate::test::Shell| -> Value {
        let run = project.envr(["status", "--json"]);
        let run =
            shell.env.iter().fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value));
        serde_json::from_slice(&run.any_stdout().success().stdout).unwrap()
    };
    let mut shell = project.shell();
    assert_eq!(status(&shell)["state"], serde_json::json!({ "foundRC": null, "loadedRC": null }));
    project.write(".envrc", "export A=1\n");
    let path = project.path("project/.envrc");
    assert_eq!(
        status(&shell)["state"]["foundRC"],
        serde_json::json!({ "path": path, "allowed": 1 })
    );
    project.allow();
    shell.any_prompt(0);
    let rc = serde_json::json!({ "path": path, "allowed": 0 });
    assert_eq!(status(&shell)["state"], serde_json::json!({ "foundRC": rc, "loadedRC": rc }));
    project.envr(["deny"]).success();
    assert_eq!(status(&shell)["state"]["foundRC"]["allowed"], 2);
    assert_eq!(
        status(&shell)["config"]["ConfigDir"],
        project.path("home/.config/direnv").to_str().unwrap()
    );
}

#[test]
fn status_in_words() {
    let project = Project::new();
    let text = |project: &Project| {
        String::from_utf8(project.envr(["status"]).any_stdout().success().stdout).unwrap()
    };
    let first = |shell: &crate::test::Shell, dir: &str| {
        let run = project.envr(["status"]).dir(dir);
        let run =
            shell.env.iter().fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value));
        let page = String::from_utf8(run.any_stdout().success().stdout).unwrap();
        let page = page.replace(project.path("project").to_str().unwrap(), "P");
        page.lines().next().unwrap().to_owned()
    };
    let mut shell = project.shell();
    let nothing = "Nothing is loaded: no `.envrc` or `envr.toml` is here or in a directory above.";
    assert_eq!(first(&shell, "project"), nothing);
    project.write(".envrc", "watch_file f\n");
    let blocked = "`P/.envrc` is not loaded at the next prompt either, see below.";
    assert_eq!(first(&shell, "project"), blocked);
    project.allow();
    assert_eq!(first(&shell, "project"), "`P/.envrc` is approved; the next prompt loads it.");
    shell.any_prompt(0);
    let came = "`P/.envrc` is what this shell came to last;";
    let unchanged = format!("{came} nothing that it depends on changed since.");
    assert_eq!(first(&shell, "project"), unchanged);
    let left = "`P/.envrc` is loaded; the next prompt takes it back.";
    assert_eq!(first(&shell, "elsewhere"), left);
    project.write("f", "");
    let before = project.read("project/.envrc");
    project.write(".envrc", "export A=1\n");
    let unseen = "`P/.envrc` governs here, and nothing of it is loaded; the next prompt looks again, for `P/.envrc`: it changed.";
    assert_eq!(first(&shell, "project"), unseen);
    project.allow();
    shell.any_prompt(0);
    project.write(".envrc", "export A=2\n");
    let edited = "`P/.envrc` is loaded as it was before it changed; the next prompt takes it back, see below.";
    assert_eq!(first(&shell, "project"), edited);
    project.envr(["deny"]).success();
    let denied = "`P/.envrc` is loaded, and denied since; the next prompt takes it back.";
    assert_eq!(first(&shell, "project"), denied);
    project.write(".envrc", before);
    project.allow();
    project.remove("f");
    shell.any_prompt(0);
    project.write("f", "");
    let again = format!("{came} the next prompt looks again, for `P/f`: it was not there.");
    assert_eq!(first(&shell, "project"), again);
    project.envr(["deny"]).success();
    let denied = "`P/.envrc` is denied; the next prompt loads nothing.";
    assert_eq!(first(&project.shell(), "project"), denied);
    project.remove(".envrc");
    project.remove("f");
    let project = Project::new();
    assert!(text(&project).contains("No .envrc or .env loaded\nNo .envrc or .env found\n"));
    project.write(".envrc", "source part\n");
    project.write("part", "");
    assert!(text(&project).ends_with("Found RC is blocked: it is not approved yet\n"));
    project.allow();
    assert!(text(&project).contains("Found RC allowed 0\n"));
    project.shell().any_prompt(0);
    project.write("part", ":");
    assert!(text(&project).ends_with("part`, which it executes, is not as it was approved\n"));
}

#[test]
fn status_tells_the_lane() {
    let project = Project::new();
    let lane = |project: &Project, script: &str| {
        project.write(".envrc", script);
        project.allow();
        let output = project.envr(["status"]).any_stdout().success();
        let text = String::from_utf8(output.stdout).unwrap();
        let lane = text.lines().last().unwrap().to_owned();
        lane.strip_prefix("Found RC lane ").unwrap().to_owned()
    };
    assert_eq!(lane(&project, "export A=$PWD\n"), "native");
    assert_eq!(lane(&project, "export A=1\nuse node\n"), "bash, for line 2: `use node`");
    assert_eq!(lane(&project, "layout python\n"), "bash, for line 1: `layout python`");
    let project = project.env("ENVR_LANE", "bash");
    assert_eq!(lane(&project, ":\n"), "bash, for ENVR_LANE");
    let project = project.env("ENVR_LANE", "").env("DIRENV_BASH", "/bin/bash");
    assert_eq!(lane(&project, ":\n"), "bash, for the bash of your choice");
    let project = project.env("DIRENV_BASH", "").env("LC_ALL", "ja_JP.SJIS");
    assert_eq!(lane(&project, ":\n"), "bash, for the locale or the home");
    let project = project.without("LC_ALL").env("IFS", ":");
    assert_eq!(lane(&project, ":\n"), "bash, for `IFS` in the environment");
    let project = project.without("IFS");
    project.write_at("home/.direnvrc", "");
    assert_eq!(lane(&project, ":\n"), "bash, for `~/.direnvrc`");
}

#[test]
fn stdlib_is_a_script_that_works_alone() {
    let project = Project::new();
    project.write(".env", "A=1\n");
    let script = format!(
        "set -eu; eval \"$({} stdlib)\"; dotenv; PATH_add x; echo \"$A ${{PATH%%:*}}\"",
        crate::test::ENVR
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("project"))
        .env("HOME", project.path("home"))
        .output()
        .unwrap();
    let expected = format!("1 {}\n", project.path("project/x").display());
    assert_eq!(
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        (expected.into(), "".into())
    );
}

#[test]
fn versions() {
    let project = Project::new();
    let version = concat!("envr ", env!("CARGO_PKG_VERSION"), " (direnv 2.37.1)\n");
    project.envr(["version"]).stdout(version).success();
    project.envr(["version", "2.30"]).success();
    project
        .envr(["version", "v9.0.0"])
        .stderr("envr: error: current version v2.37.1 is older than the desired version v9.0.0\n")
        .failure();
    project.envr(["version", "x"]).stderr("envr: error: `x` is not a version\n").failure();
    let project = Project::new().named_direnv();
    project.envr(["version"]).stdout("2.37.1\n").success();
    project.envr(["--version"]).stdout("2.37.1\n").success();
    for shell in ["-bash", "/usr/bin/zsh", "-fish"] {
        project.envr(["hook", shell]).any_stdout().success();
    }
}

#[test]
fn what_cannot_be_understood_is_told_in_one_voice() {
    let project = Project::new();
    project
        .envr(["alow"])
        .stderr("envr: error: unrecognized subcommand `alow`\nenvr: hint: envr help\n")
        .failure();
}

#[test]
fn what_is_missing_has_a_name() {
    let project = Project::new();
    project
        .envr(["completions"])
        .stderr("envr: error: could not run `completions`: no `<SHELL>` was named\nenvr: hint: envr completions --help\n")
        .failure();
}

#[test]
fn help_names_every_verb() {
    let project = Project::new();
    let help = String::from_utf8(project.envr(["help"]).any_stdout().success().stdout).unwrap();
    for verb in "hook export allow deny review edit exec reload status setup doctor why prune dotenv stdlib completions version".split(' ') {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}\n{help}");
        project.envr([verb, "--help"]).any_stdout().success();
    }
    project.envr::<&str>([]).any_stdout().success();
}

#[test]
fn completions_are_as_they_are_committed() {
    let project = Project::new();
    for (shell, file) in [
        ("bash", "envr.bash"),
        ("zsh", "_envr"),
        ("fish", "envr.fish"),
        ("elvish", "envr.elv"),
        ("powershell", "_envr.ps1"),
    ] {
        let made = project.envr(["completions", shell]).any_stdout().success().stdout;
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        #[expect(clippy::disallowed_methods, reason = "the test's own switch and file")]
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == made, "stale: run `UPDATE_EXPECT=1 make test`");
    }
}

#[test]
fn what_a_script_forgot_to_name_is_told_with_the_line_to_type() {
    let project = Project::new();
    for (verb, what, line) in [
        ("apply_dump", "apply a dump: no file was named", "apply_dump FILE"),
        ("show_dump", "show a dump: no text was given", "show_dump TEXT"),
        ("fetchurl", "fetch: no address was named", "fetchurl URL HASH"),
        ("watch", "watch: no shell was named", "watch SHELL FILE…"),
        ("watch-dir", "watch: no directory was named", "watch-dir SHELL DIR"),
        ("current", "compare: no file was named", "current FILE"),
        ("log", "log: no message was given", "log --status MESSAGE"),
        ("check-required", "check: no file was named", "check-required SHELL RC FILE…"),
    ] {
        let said = format!("envr: error: could not {what}\nenvr: hint: envr {line}\n");
        project.envr([verb]).stderr(&said).failure();
    }
}
