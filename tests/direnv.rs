//! Called `direnv`: each verb beside Debian's direnv, and what came after that version by the words of its pages.

mod library;
mod state;

use crate::test::{Project, Run, has};
use std::process::{Command, Output};

/// A project whose rc is approved, seen by both.
fn project() -> Project {
    let project = Project::new().named_direnv();
    project.write(".envrc", "export A=1\n");
    project.write(".env", "B=2\n");
    project.write("file", "");
    project.write("wrong", "A=1\nnot right\n");
    project.allow();
    project
}

/// What ran, what it printed and said, without colour and without the name it was called by.
fn told(output: &Output, called: &str) -> (String, String, Option<i32>) {
    let plain = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(called, "direnv");
        ["\x1b[31m", "\x1b[38;5;1m", "\x1b[0m", "\x1b[m"]
            .iter()
            .fold(text, |text, code| text.replace(code, ""))
    };
    (plain(&output.stdout), plain(&output.stderr), output.status.code())
}

fn real(project: &Project, args: &[&str]) -> Output {
    Command::new("/usr/bin/direnv")
        .args(args)
        .current_dir(project.path("project"))
        .env_clear()
        .envs([("HOME", project.path("home")), ("PATH", project.path("bin"))])
        .env("TERM", "dumb")
        .env("DIRENV_BASH", "/bin/bash")
        .output()
        .unwrap()
}

fn ours(project: &Project, args: &[&str]) -> Output {
    project.envr(args).env("PATH", project.path("bin")).env("DIRENV_BASH", "/bin/bash").output()
}

#[test]
fn what_is_typed_wrong_is_told_in_direnvs_words() {
    if !has("direnv") {
        return;
    }
    let project = project();
    let called = project.path("bin/direnv");
    for line in [
        "alow",
        "allow gone",
        "deny gone",
        "apply_dump",
        "apply_dump gone",
        "apply_dump .",
        "apply_dump .env",
        "apply_dump file",
        "current",
        "current file",
        "current gone",
        "dotenv bash gone",
        "dotenv bash .",
        "dotenv bash wrong",
        "dump json gone",
        "dump json gone/file",
        "dump nosuch",
        "exec",
        "exec .",
        "exec gone true",
        "exec . nosuch",
        "exec . -- true",
        "exec -- true",
        "exec --help",
        "exec . /nosuch",
        "exec . ./file",
        "exec ./file",
        "allow --help",
        "export",
        "export nosuch",
        "fetchurl",
        "fetchurl nonsense",
        "fetchurl ftp://127.0.0.1/file",
        "fetchurl http://127.0.0.1:1/",
        "fetchurl http://127.0.0.1:1/ nonsense",
        "fetchurl http://127.0.0.1:1/ sha256",
        "fetchurl http://127.0.0.1:1/ md5-AAAA",
        "fetchurl http://127.0.0.1:1/ sha256-%",
        "fetchurl http://127.0.0.1:1/ sha256-AAAAA",
        "hook",
        "hook nosuch",
        "hook json",
        "hook vim",
        "hook gzenv",
        "hook gha",
        "show_dump",
        "show_dump garbage",
        "show_dump aGVsbG8=",
        "show_dump =",
        "version 9",
        "version v9.1",
        "version nosuch",
        "--version nosuch",
        "watch",
        "watch nosuch file",
        "watch-dir",
        "watch-dir bash",
        "watch-dir bash gone",
        "-h",
        "--nosuch",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let newer = |text: String| text.replace("2.32.1", "2.37.1");
        let (stdout, stderr, code) = told(&real(&project, &args), "/usr/bin/direnv");
        let found = told(&ours(&project, &args), called.to_str().unwrap());
        assert_eq!(found, (newer(stdout), newer(stderr), code), "{line}");
        assert_eq!(found.2, Some(1), "{line}");
    }
    std::fs::remove_file(project.path("project/.envrc")).unwrap();
    for verb in ["allow", "permit", "grant", "block", "deny", "revoke", "edit", "reload"] {
        let expected = told(&real(&project, &[verb]), "/usr/bin/direnv");
        assert_eq!(told(&ours(&project, &[verb]), called.to_str().unwrap()), expected, "{verb}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_in_direnvs_words() {
    let project = project().without("HOME");
    for verb in ["status", "export", "allow", "edit"] {
        let said = "direnv: error couldn't find a configuration directory for direnv\n";
        project.envr([verb, "bash"]).stderr(said).failure();
    }
    let project = self::project();
    let file = "home/.config/direnv/direnv.toml";
    for (text, why) in [
        ("[global]\nwarn_timeout = \"soon\"\n", "time: invalid duration \"soon\"\n"),
        ("[global]\nstrict_env = 3\n", "toml: line 2: "),
    ] {
        project.write_at(file, text);
        let said =
            String::from_utf8(project.envr(["status"]).any_stderr().failure().stderr).unwrap();
        let path = project.path(file);
        let start = format!("direnv: error LoadConfig() failed to parse {}: {why}", path.display());
        assert!(said.starts_with(&start) && said.lines().count() == 1, "{said}");
    }
}

/// The variable itself holds no new values.
#[test]
fn show_dump_has_the_new_values_of_what_is_loaded() {
    let project = Project::new().named_direnv();
    project.write(".envrc", "export NEW=1 OLD=2\nunset GONE\n");
    project.allow();
    let mut shell = project.shell();
    shell.set("OLD", "1");
    shell.set("GONE", "1");
    shell.any_prompt(0);
    let diff = shell.get("DIRENV_DIFF").unwrap().to_owned();
    let shown = |loaded: bool| -> serde_json::Value {
        let run = project.envr(["show_dump", &diff]);
        let variables = shell.env.iter().filter(|_| loaded);
        let run = variables.fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value));
        serde_json::from_slice(&run.any_stdout().success().stdout).unwrap()
    };
    let inside = shown(true);
    assert_eq!(inside["p"], serde_json::json!({"GONE": "1", "OLD": "1"}));
    let file = project.path("project/.envrc");
    for (name, value) in [("NEW", "1"), ("OLD", "2"), ("DIRENV_FILE", file.to_str().unwrap())] {
        assert_eq!(inside["n"][name], value, "{inside}");
    }
    assert_eq!(inside["n"].get("GONE"), None);
    assert_eq!(shown(false)["n"]["NEW"], "");
}

#[test]
fn scripts_read_what_direnv_prints() {
    let project = project();
    project.write_at(
        "home/.config/direnv/direnv.toml",
        "[global]\nload_dotenv = true\n[whitelist]\nexact = [\"~/x\", \"/a/.env\"]\n",
    );
    let stdout = |args: &[&str]| {
        String::from_utf8(project.envr(args).any_stdout().success().stdout).unwrap()
    };
    assert_eq!(stdout(&["dotenv", "bash", ".env"]), "export B=2;\n");
    assert_eq!(stdout(&["dotenv", "json", ".env"]), "{\n  \"B\": \"2\"\n}\n");
    assert!(stdout(&["stdlib"]).starts_with("#!/usr/bin/env bash\n"));
    let exact = format!("map[/a/.env:true {}:true]", project.path("home/x/.envrc").display());
    assert!(stdout(&["status"]).contains(&exact));
    let empty =
        Command::new(project.path("bin/direnv")).args(["dump", "json", ""]).env_clear().output();
    assert_eq!(empty.unwrap().stdout, b"{}\n");
    project.write("dump", "eJyrVnJUslIyVKoFAAr9Ai0=");
    assert!(stdout(&["apply_dump", "dump"]).ends_with(";\n"));
    let help = stdout(&["help"]);
    for line in
        ["allow [PATH_TO_RC]:", "fetchurl <url> [<integrity-hash>]:", "help [SHOW_PRIVATE]:"]
    {
        assert!(help.contains(line), "{help}");
    }
    // A `.env` that is the rc is not announced.
    project.remove(".envrc");
    project.envr(["allow", ".env"]).success();
    project.shell().prompt("direnv: export +B\n");
}

#[test]
fn what_is_typed_beyond_need_is_passed_over() {
    let project = project();
    let code = |args: &[&str]| ours(&project, args).status.code();
    for line in [
        "allow . more",
        "deny . more",
        "permit . more",
        "reload more",
        "status --nosuch",
        "version 2.0 more",
        "stdlib more",
        "prune more",
        "help more",
        "hook bash more",
        "dotenv bash .env more",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        assert_eq!(code(&args), Some(0), "{line}");
        // Its `deny` takes back an approval, and fails where there is none.
        if has("direnv") && args[0] != "deny" {
            assert_eq!(real(&project, &args).status.code(), Some(0), "{line}");
        }
    }
}

#[test]
fn help_has_every_verb_of_direnvs_own() {
    let project = project();
    let page = |run: Run| String::from_utf8(run.any_stdout().success().stdout).unwrap();
    let names = |page: &str| -> Vec<String> {
        let lines = page.lines().filter(|line| line.ends_with(':') && !line.starts_with(' '));
        lines.map(|line| line.trim_end_matches(':').split(' ').next().unwrap().to_owned()).collect()
    };
    let all = names(&page(project.envr(["help", "all"])));
    for name in &all {
        let bare = name.trim_start_matches('*');
        let said = told(&ours(&project, &[bare]), "").1;
        assert!(!said.contains("not found\n") || bare == "edit", "{name}: {said}");
    }
    let bare = page(project.envr::<&str>([]));
    assert_eq!(bare, page(project.envr(["help"])));
    assert_eq!(bare, page(project.envr(["--help"])));
    assert!(names(&bare).iter().all(|name| !name.starts_with('*')));
    assert!(bare.starts_with("direnv v2.37.1\nUsage: direnv COMMAND [...ARGS]\n"));
    if has("direnv") {
        let theirs = String::from_utf8(real(&project, &["help", "all"]).stdout).unwrap();
        for name in names(&theirs) {
            assert!(all.contains(&name), "`{name}` is not in {all:?}");
        }
    }
}

#[test]
fn current_says_why_not() {
    let project = project();
    let watched = |names: &[&str]| {
        let args = ["watch", "json"].iter().chain(names);
        let json = project.envr(args).any_stdout().success().stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        json["DIRENV_WATCHES"].as_str().unwrap().to_owned()
    };
    let watches = watched(&["file", "other", "gone"]);
    let current = |name: &str| project.envr(["current", name]).env("DIRENV_WATCHES", &watches);
    current("file").success();
    current("gone").success();
    let said =
        |name: &str, why: &str| format!("direnv: error File \"$DIR/project/{name}\" {why}\n");
    current("new").stderr(&said("new", "is unknown")).failure();
    project.write("file", "longer");
    current("file").stderr(&said("file", "has changed")).failure();
    project.remove("file");
    current("file").stderr(&said("file", "is missing (Stat)")).failure();
    project.write("gone", "");
    current("gone").stderr(&said("gone", "newly created")).failure();
}

#[test]
fn a_watch_list_has_a_time_and_a_path_in_each_line() {
    let project = project();
    let run = |lines: &str| project.envr(["watch-list", "json"]).stdin(lines);
    run("1 file\n").any_stdout().success();
    for (lines, why) in [
        ("1 file\nfile\n", "line 2: expected to contain two elements"),
        ("x y\n", "line 1: strconv.Atoi: parsing \"x\": invalid syntax"),
    ] {
        run(lines).stderr(&format!("direnv: error {why}\n")).failure();
    }
}

/// `setup --from-direnv` has put it there.
#[test]
fn the_directory_of_the_link_stays_on_path() {
    let project = Project::new();
    let own = project.path("home/.local/share/envr/bin");
    let path = format!("{}:{}", project.path("bin").display(), own.display());
    let project = project.env("PATH", path).env("DIRENV_BASH", "/bin/bash");
    let project = project.env("ENVR_LANE", "bash");
    project.write(".envrc", "export A=$PATH\n");
    project.allow();
    project.shell().prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
}

#[test]
fn reload_of_what_is_denied_says_that_it_is_blocked() {
    let project = project();
    project.envr(["deny"]).success();
    project
        .envr(["reload"])
        .stderr("direnv: error $DIR/project/.envrc is blocked. Run `direnv allow` to approve its content\n")
        .failure();
    project.allow();
    project.envr(["reload"]).success();
}

#[test]
fn approval_has_many_names() {
    let project = project();
    let mut shell = project.shell();
    for (deny, allow) in
        [("deny", "allow"), ("block", "permit"), ("revoke", "grant"), ("disallow", "allow")]
    {
        project.envr([deny]).success();
        shell.prompt("");
        assert_eq!((shell.get("A"), shell.get("DIRENV_FILE").is_some()), (None, true), "{deny}");
        project.envr([allow]).success();
        shell.prompt("direnv: loading $DIR/project/.envrc\ndirenv: export +A\n");
        assert_eq!(shell.get("A"), Some("1"), "{allow}");
    }
}

#[test]
fn exec_does_not_tell_the_difference() {
    let project = project();
    project
        .envr(["exec", ".", "/bin/sh", "-c", "echo $A; exit 7"])
        .stdout("1\n")
        .stderr("direnv: loading $DIR/project/.envrc\n")
        .code(7);
}

#[test]
fn edit_tells_the_path_to_an_editor_that_only_prints_it() {
    let project = project();
    let path = "$DIR/project/.envrc\n";
    for args in [["edit"].as_slice(), &["edit", "."], &["edit", ".envrc"]] {
        project.envr(args).env("EDITOR", "echo").stdout(path).success();
    }
    // The path is one more word of the line, which has no parameters.
    let editor = "echo $# $0 #";
    project.envr(["edit"]).env("EDITOR", editor).stdout("0 /usr/bin/bash\n").success();
    project.envr(["edit"]).env("EDITOR", "false").stderr("direnv: error exit status 1\n").failure();
}

#[test]
fn a_dotenv_without_a_name_is_the_usual_one() {
    let project = project();
    project.envr(["dotenv", "bash", ""]).stdout("export B=2;\n").success();
}

#[test]
fn a_watch_list_holds_what_was_seen() {
    if !has("direnv") {
        return;
    }
    let project = project();
    std::fs::create_dir(project.path("project/dir")).unwrap();
    for (stdin, path) in
        [("1 file\n", "file"), ("1 gone\n", "gone"), ("2 .envrc\n3 .envrc\n", ".envrc")]
    {
        let output = project.envr(["watch-list", "json"]).stdin(stdin).any_stdout().success();
        let watches: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let watches = watches["DIRENV_WATCHES"].as_str().unwrap();
        let current = project.envr(["current", path]).env("DIRENV_WATCHES", watches);
        let said = String::from_utf8(current.any_stderr().failure().stderr).unwrap();
        let real = Command::new("/usr/bin/direnv")
            .args(["current", path])
            .current_dir(project.path("project"))
            .env_clear()
            .envs(project.variables())
            .env("DIRENV_WATCHES", watches)
            .output()
            .unwrap();
        assert_eq!(said, told(&real, "/usr/bin/direnv").1, "{stdin}");
    }
    project.envr(["watch-dir", "json", "file"]).any_stdout().success();
}

#[test]
fn exec_where_it_is_denied_says_that_it_is_blocked() {
    let project = project();
    project.envr(["deny"]).success();
    let said =
        "direnv: error $DIR/project/.envrc is blocked. Run `direnv allow` to approve its content\n";
    project.envr(["exec", ".", "true"]).stderr(said).failure();
}

#[test]
fn prune_needs_a_store() {
    let project = Project::new().named_direnv();
    let said =
        "direnv: error open $DIR/home/.local/share/direnv/allow: no such file or directory\n";
    project.envr(["prune"]).stderr(said).failure();
    project.write(".envrc", "");
    project.allow();
    project.envr(["prune"]).success();
}

#[test]
fn status_lists_what_the_found_rc_depends_on() {
    let project = project();
    project.write_at(
        "home/.config/direnv/direnv.toml",
        "[whitelist]\nprefix = [\"/one\", \"/two\"]\nexact = [\"/three/.envrc\"]\n",
    );
    let output = project.envr(["status"]).dir("project").any_stdout().success();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("\nwhitelist.prefix [/one /two]\nwhitelist.exact map[/three/.envrc:true]\n"),
        "{text}"
    );
    assert!(text.contains("\nFound watch: \".envrc\" - 20"), "{text}");
    assert!(text.contains("\nFound watch: \"../home/.local/share/direnv/allow/"), "{text}");
    assert!(text.contains("\nFound RC allowed 0\n"), "{text}");
    std::fs::create_dir(project.path("project/sub")).unwrap();
    let below = project.envr(["status"]).dir("project/sub").any_stdout().success();
    assert_eq!(String::from_utf8(below.stdout).unwrap(), text);
}
