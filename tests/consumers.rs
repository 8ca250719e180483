//! Programs that speak to direnv: what each of them sends, and what it reads out of the answer.

use crate::test::{Project, Shell, has};
use base64::Engine as _;
use serde_json::{Value, json};
use std::process::{Command, Output};

const LOADING: &str = "direnv: loading $DIR/project/.envrc\n";

/// A project called by the name that all of them use.
fn project() -> Project {
    let project = Project::new().named_direnv();
    project.write(".envrc", "export A=1\nPATH_add bin\n");
    project
}

fn allowed() -> Project {
    let project = project();
    project.allow();
    project
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `status --json` as a shell's child sees it.
fn status(project: &Project, shell: &Shell) -> Value {
    let run = project.envr(["status", "--json"]);
    let run =
        shell.env.iter().fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value));
    object(&run.any_stdout().success())
}

/// It reads the path and the number of both, once `DIRENV_FILE` or an `.envrc` is there.
#[test]
fn starship() {
    let project = project();
    let mut shell = project.shell();
    let path = project.path("project/.envrc");
    let rc = |allowed: u8| json!({ "path": path, "allowed": allowed });
    assert_eq!(status(&project, &shell)["state"], json!({ "foundRC": rc(1), "loadedRC": null }));
    project.allow();
    shell.any_prompt(0);
    assert_eq!(status(&project, &shell)["state"], json!({ "foundRC": rc(0), "loadedRC": rc(0) }));
    project.envr(["deny"]).success();
    assert_eq!(status(&project, &shell)["state"], json!({ "foundRC": rc(2), "loadedRC": rc(2) }));
}

/// better-direnv imports the object into a run configuration, and shows what it is told when there is none.
#[test]
fn jetbrains() {
    let project = project();
    let blocked =
        "direnv: error $DIR/project/.envrc is blocked. Run `direnv allow` to approve its content\n";
    project.envr(["export", "json"]).any_stdout().stderr(blocked).failure();
    project.envr(["allow"]).success();
    let run = project.envr(["export", "json"]).any_stderr();
    assert_eq!(object(&run.any_stdout().success())["A"], "1");
    project.envr(["export", "json"]).dir("elsewhere").success();
}

/// It shows its segment while `DIRENV_DIR` holds something; its instant prompt forbids every word.
#[test]
fn powerlevel10k() {
    let project = allowed().env("DIRENV_LOG_FORMAT", "");
    let mut shell = project.shell();
    shell.prompt("");
    let dir = format!("-{}", project.path("project").display());
    assert_eq!(shell.get("DIRENV_DIR"), Some(dir.as_str()));
    shell.cd("elsewhere");
    shell.prompt("");
    assert_eq!(shell.get("DIRENV_DIR"), None);
}

/// They test `DIRENV_DIFF`, or read a line of `status`.
#[test]
fn themes() {
    let project = allowed();
    let mut shell = project.shell();
    shell.prompt(&format!("{LOADING}direnv: export +A ~PATH\n"));
    assert!(!shell.get("DIRENV_DIFF").unwrap().is_empty());
    let output = project.envr(["status"]).any_stdout().success();
    let page = text(&output.stdout);
    assert!(page.contains("\nFound RC path ") && page.contains("\nFound RC allowed 0\n"), "{page}");
    assert!(page.contains("\nNo .envrc or .env loaded\n"), "{page}");
    shell.cd("elsewhere");
    shell.prompt("direnv: unloading\n");
    assert_eq!(shell.get("DIRENV_DIFF"), None);
}

/// It asks `status` first, then reads stdout as JSON and shows stderr; its verbs run with the environment outside.
#[test]
fn emacs_envrc() {
    let project = project();
    let shell = project.shell();
    assert_eq!(status(&project, &shell)["state"]["foundRC"]["allowed"], 1);
    project.envr(["allow"]).success();
    project.envr(["reload"]).success();
    let said = format!("{LOADING}direnv: export +A ~PATH\n");
    let answer = object(&project.envr(["export", "json"]).any_stdout().stderr(&said).success());
    assert_eq!(answer["A"], "1");
    project.envr(["deny"]).success();
    assert_eq!(status(&project, &shell)["state"]["foundRC"]["allowed"], 2);
}

/// It has both streams in one buffer, and parses from the last line that begins with `{`.
#[test]
fn emacs_direnv() {
    let project = allowed();
    let output = Command::new("/bin/sh")
        .args(["-c", "direnv export json 2>&1"])
        .current_dir(project.path("project"))
        .env_clear()
        .envs([("HOME", project.path("home"))])
        .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
        .output()
        .unwrap();
    assert!(output.status.success());
    let buffer = text(&output.stdout);
    let start = buffer.rfind("\n{").unwrap();
    let answer: Value = serde_json::from_str(&buffer[start..]).unwrap();
    assert_eq!(answer["A"], "1");
}

/// It executes each line of stdout.
#[test]
fn direnv_vim() {
    let project = allowed();
    let output = project.envr(["export", "vim"]).any_stdout().any_stderr().success();
    for line in text(&output.stdout).lines() {
        assert!(line.starts_with("call setenv('") && line.ends_with(')'), "{line}");
    }
    assert!(text(&output.stdout).contains("call setenv('A','1')\n"));
    let mut shell = project.shell();
    shell.any_prompt(0);
    let leave = project.envr(["export", "vim"]).dir("elsewhere");
    let leave =
        shell.env.iter().fold(leave, |run, (name, value)| run.env(name.to_str().unwrap(), value));
    let output = leave.any_stdout().stderr("direnv: unloading\n").success();
    assert!(text(&output.stdout).contains("call setenv('A',v:null)\n"));
}

/// It matches the errors, has the path from an editor that prints it, and watches what `DIRENV_WATCHES` names.
#[test]
fn direnv_vscode() {
    let project = project();
    project.envr(["version"]).stdout("2.37.1\n").success();
    let root = project.path("project");
    let missing = project.envr(["edit", "../elsewhere"]).env("EDITOR", "echo");
    missing.stdout("$DIR/elsewhere/.envrc\n").success();
    let said = ".envrc or .env not found. Use `direnv edit .` to create a new .envrc in the current directory";
    let none = project.envr(["edit"]).dir("elsewhere").env("EDITOR", "echo");
    none.stderr(&format!("direnv: error {said}\n")).failure();
    let here = project.envr(["edit", root.to_str().unwrap()]).env("EDITOR", "echo");
    here.stdout("$DIR/project/.envrc\n").success();

    let blocked =
        "direnv: error $DIR/project/.envrc is blocked. Run `direnv allow` to approve its content\n";
    let answer = object(&project.envr(["export", "json"]).any_stdout().stderr(blocked).failure());
    assert_eq!(answer["DIRENV_FILE"], root.join(".envrc").to_str().unwrap());
    project.envr(["allow", root.join(".envrc").to_str().unwrap()]).success();

    let output = project.envr(["export", "json"]).any_stdout().any_stderr().success();
    let packed = object(&output)["DIRENV_WATCHES"].as_str().unwrap().to_owned();
    let packed = base64::engine::general_purpose::URL_SAFE.decode(packed).unwrap();
    let inflated = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap();
    let watches: Value = serde_json::from_slice(&inflated).unwrap();
    let paths: Vec<&str> =
        watches.as_array().unwrap().iter().map(|watch| watch["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&root.join(".envrc").to_str().unwrap()), "{paths:?}");
    project.envr(["deny", root.join(".envrc").to_str().unwrap()]).success();
}

/// It takes an object of strings, or nothing at all.
#[test]
fn zed() {
    let project = allowed();
    let output = project.envr(["export", "json"]).any_stdout().any_stderr().success();
    let answer = object(&output);
    assert!(answer.as_object().unwrap().values().all(Value::is_string), "{answer}");
    project.envr(["export", "json"]).dir("elsewhere").success();
}

/// `direnv export json | from json --strict | default {} | load-env`
#[test]
fn nushell() {
    let project = allowed();
    let Some(nu) = crate::terminal::find_program("nu") else {
        println!("skipped: `nu` is not installed");
        return;
    };
    let line = "direnv export json | from json --strict | default {} | load-env; print $env.A; \
                direnv export json | from json --strict | default {} | load-env; print $env.A";
    let output = Command::new(nu)
        .args(["-n", "-c", line])
        .current_dir(project.path("project"))
        .env_clear()
        .envs([("HOME", project.path("home"))])
        .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "1\n1\n", "{}", text(&output.stderr));
}

/// Its module asks for hooks by path, and for silence by two settings that need 2.36.
#[test]
fn home_manager() {
    let project = allowed();
    for shell in ["bash", "zsh", "fish"] {
        let hook = project.envr(["hook", shell]).any_stdout().success();
        assert!(text(&hook.stdout).contains(project.path("bin/direnv").to_str().unwrap()));
    }
    project.envr(["version", "2.36.0"]).success();
    project.write_at(
        "home/.config/direnv/direnv.toml",
        "[global]\nlog_format = \"-\"\nlog_filter = \"^$\"\n",
    );
    project.write_at("home/.config/direnv/lib/hm-nix-direnv.sh", "use_mine() { export MINE=1; }\n");
    project.write(".envrc", "use mine\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt("");
    assert_eq!(shell.get("MINE"), Some("1"));
}

/// Its module moves the configuration, which sources the user's own, and silences by the environment.
#[test]
fn nixos() {
    let project = Project::new().named_direnv();
    let config = project.path("etc/direnv");
    project.write_at("etc/direnv/direnvrc", "source \"$HOME/.config/direnv/direnvrc\"\n");
    project.write_at("home/.config/direnv/direnvrc", "use_mine() { export MINE=1; }\n");
    project.write_at("etc/direnv/lib/zz-user.sh", "export ZZ=1\n");
    project.write_at("etc/direnv/direnv.toml", "[global]\nhide_env_diff = true\n");
    let project = project.env("DIRENV_CONFIG", config).env("DIRENV_LOG_FORMAT", "");
    project.write(".envrc", "use mine\n");
    project.allow();
    let mut shell = project.shell();
    shell.prompt("");
    assert_eq!((shell.get("MINE"), shell.get("ZZ")), (Some("1"), Some("1")));
}

/// `direnv allow . && direnv export gha > "$GITHUB_ENV"`, read back as the runner does.
#[test]
fn github_actions() {
    let project = project();
    project.envr(["allow", "."]).success();
    let output = project.envr(["export", "gha"]).any_stdout().any_stderr().success();
    let mut lines = text(&output.stdout).lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<ghadelimiter_").unwrap();
        let value: Vec<&str> = lines
            .by_ref()
            .take_while(|line| *line != format!("ghadelimiter_{delimiter}"))
            .collect();
        found.push((name, value.join("\n")));
    }
    assert!(found.contains(&("A", "1".to_owned())), "{found:?}");
    assert!(found.iter().any(|(name, value)| *name == "PATH" && value.contains("/project/bin:")));
}

/// A start file of shells that nobody sits at, one command in the environment, and a look at the approval.
#[test]
fn coding_agents() {
    if !has("zsh") {
        return;
    }
    let project = allowed();
    let line = r#"eval "$(direnv hook zsh)"; eval "$(DIRENV_LOG_FORMAT= direnv export zsh)""#;
    project.write_at("home/.zshenv", line);
    let output = Command::new("zsh")
        .args(["-c", "echo $A"])
        .current_dir(project.path("project"))
        .env_clear()
        .envs([("HOME", project.path("home"))])
        .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
        .output()
        .unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("1\n", ""));
    let exec = project.envr(["exec", ".", "sh", "-c", "echo $A"]);
    exec.stdout("1\n").stderr(LOADING).success();
    assert_eq!(status(&project, &project.shell())["state"]["foundRC"]["allowed"], 0);
}

/// The lines of `docs/shells.md` for shells without a prompt, which an rc may start, too.
#[test]
fn start_files_that_every_shell_reads() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/shells.md"));
    let page = page.unwrap().replace("\\|", "|").replace("envr export", "direnv export");
    for (shell, file) in [("zsh", "~/.zshenv"), ("bash", "BASH_ENV")] {
        if !has(shell) {
            return;
        }
        let row = page.lines().find(|line| line.starts_with('|') && line.contains(file)).unwrap();
        let line = row.trim_end_matches("` |").rsplit_once(" | `").unwrap().1;
        let project = allowed();
        project.write(".envrc", format!("export A=1\nexport INNER=$({shell} -c 'echo in')\n"));
        project.allow();
        project.write_at("home/.zshenv", line);
        let output = Command::new(shell)
            .args(["-c", "echo $A $INNER; cd ../elsewhere; echo gone: $A"])
            .current_dir(project.path("project"))
            .env_clear()
            .envs([("HOME", project.path("home")), ("BASH_ENV", project.path("home/.zshenv"))])
            .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout), "1 in\ngone: 1\n", "{}", text(&output.stderr));
    }
}

/// They grep the last field of each entry, log and watch; their reload is an `exec` that does nothing.
#[test]
fn nix_direnv_and_devenv() {
    let project = Project::new().named_direnv();
    project.write(
        ".envrc",
        r#"has direnv_version && direnv_version 2.21.3 || exit 1
watch_file one two
log_status "it is $(direnv_layout_dir)"
log_error "no trouble"
export WATCHED=$("$direnv" show_dump "$DIRENV_WATCHES" | sed -nE 's|^.*"[Pp]ath": "(.+)"$|\1|p' | tr '\n' ,)
"#,
    );
    project.allow();
    let mut shell = project.shell();
    let said = shell.any_prompt(0);
    assert!(said.contains("direnv: it is $DIR/project/.direnv\n"), "{said}");
    assert!(said.contains("direnv: no trouble\n"), "{said}");
    let watched = shell.get("WATCHED").unwrap();
    assert!(watched.contains("/project/one,") && watched.contains("/project/two,"), "{watched}");
    let project_dir = project.path("project");
    let reload = ["exec", project_dir.to_str().unwrap(), "true"];
    project.envr(reload).any_stderr().success();
}

/// Its plugin defines the function itself and puts it into the lists of zsh, under the name that the hook has.
#[test]
fn oh_my_zsh() {
    if !has("zsh") {
        return;
    }
    let project = allowed();
    let script = r#"
_direnv_hook() { trap -- '' SIGINT; eval "$(direnv export zsh)"; trap - SIGINT; }
precmd_functions=(_direnv_hook); chpwd_functions=(_direnv_hook)
eval "$(direnv hook zsh)"
print $precmd_functions, $chpwd_functions; _direnv_hook; print $A"#;
    let output = Command::new("zsh")
        .args(["-f", "-c", script])
        .current_dir(project.path("project"))
        .env_clear()
        .envs([("HOME", project.path("home"))])
        .env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()))
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "_direnv_hook, _direnv_hook\n1\n");
}

/// A library that people source, with what bash 4.4 has: name references, maps, process substitution.
#[test]
fn libraries_for_a_real_bash() {
    let project = Project::new().named_direnv();
    project.write_program("layered", "#!/bin/sh\necho \"watch_file third; export LAYER='$1'\"\n");
    project.write(
        "library.sh",
        r#"
declare -gA seen=()
_watched() {
  local -n into=$1
  local path
  into=()
  while IFS= read -r -d '' path; do into+=("$path"); done < <("$direnv" watch-print --null)
}
_stale() {
  local file
  for file in "$@"; do "$direnv" current "$file" 2>/dev/null || return 0; done
  return 1
}
use_library() {
  local -a before after
  _watched before
  watch_file "$PWD/first" second
  _watched after
  seen[added]=$((${#after[@]} - ${#before[@]}))
  _stale "$PWD/first" || seen[fresh]=yes
  _stale "$PWD/never" && seen[unknown]=yes
  mapfile -t lines < <("$direnv" show_dump "$DIRENV_WATCHES" | grep -E '"[Pp]ath": ".*second"$')
  seen[lines]=${#lines[@]}
  local saved=$DIRENV_WATCHES
  unset DIRENV_WATCHES
  eval "$("$direnv" watch bash only)"
  _watched after
  seen[only]=${#after[@]}:${after[0]##*/}
  export DIRENV_WATCHES=$saved
  eval "$(layered one)"
  [[ $LAYER =~ ^o(.)e$ ]] && seen[match]=${BASH_REMATCH[1]}
  direnv_load env INSIDE=1 "$direnv" dump
  local dump; dump=$(mktemp)
  env AGAIN=1 "$direnv" dump gzenv "$dump"
  direnv_apply_dump "$dump"
  rm "$dump"
  PATH_add bin
  local key
  for key in added fresh unknown lines only match; do export "SEEN_$key=${seen[$key]-}"; done
}
"#,
    );
    project.write(".envrc", "source ./library.sh\nuse library\n");
    project.allow();
    let mut shell = project.shell();
    let said = shell.any_prompt(0);
    for (name, value) in [
        ("SEEN_added", "2"),
        ("SEEN_fresh", "yes"),
        ("SEEN_unknown", "yes"),
        ("SEEN_lines", "1"),
        ("SEEN_only", "1:only"),
        ("SEEN_match", "n"),
        ("INSIDE", "1"),
        ("AGAIN", "1"),
    ] {
        assert_eq!(shell.get(name), Some(value), "{name}: {said}");
    }
    project.write("third", "");
    assert!(shell.any_prompt(0).contains("loading"));
}
