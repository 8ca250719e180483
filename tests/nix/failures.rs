//! nix that fails, is missing, or is not itself.

use super::{World, has_nix};
use std::fs;
use std::time::{Duration, Instant};

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

#[test]
fn what_nix_says_is_told_once_and_not_tried_again() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.run("nix", &["flake", "lock"]).output().unwrap();
    world.project.write("pkgs.nix", "{ }: {\n  shell = throw \"no shell today\";\n} }\n");
    let said = world.project.shell().any_prompt(1);
    assert!(said.contains("envr: error: could not make the nix shell `.`\n    error:"), "{said}");
    assert!(
        said.contains("unexpected '}'") && said.contains("at $DIR/project/pkgs.nix:3:3:"),
        "{said}"
    );
    let mut shell = world.project.shell();
    shell.failing_prompt(&format!(
        "{LOADING}envr: using flake\n\
         envr: error: could not make the nix shell `.`: nix failed before, and nothing changed\nenvr: hint: envr nix log\n\
         envr: hint: envr nix refresh\n"
    ));
    assert_eq!(world.calls(), 1);
    assert_eq!(shell.get("NIX_DIRENV_DID_FALLBACK"), None);
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    assert_eq!(world.calls(), 1);
    world.project.envr(["nix", "refresh"]).any_stderr().failure();
    assert_eq!(world.calls(), 2);
}

#[test]
fn the_last_good_shell_stays() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.edit("pkgs.nix", "PLAIN =", "PLAIN = throw \"not today\"; UNPLAIN =");
    let said = shell.any_prompt(0);
    assert!(
        said.contains("envr: nix: making `.` anew in the background: `pkgs.nix` changed\n"),
        "{said}"
    );
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = shell.any_prompt(1);
    assert!(said.contains("envr: the last nix shell that could be made stays in use\n"), "{said}");
    assert_eq!(shell.get("PLAIN"), Some("plain value"));
    assert_eq!(shell.get("NIX_DIRENV_DID_FALLBACK"), Some("1"));
    assert_eq!(world.calls(), 2);
    shell.prompt("");

    world.edit("pkgs.nix", "PLAIN = throw \"not today\"; UNPLAIN =", "PLAIN =");
    shell.any_prompt(0);
    assert_eq!(shell.get("NIX_DIRENV_DID_FALLBACK"), None);
    assert_eq!(world.calls(), 2);
}

#[test]
fn a_project_that_wants_no_old_shell_gets_none() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("nix_direnv_disallow_fallback\nuse flake\n");
    world.settle();
    world.edit("flake.nix", "outputs =", "outputs");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let mut shell = world.project.shell();
    shell.any_prompt(1);
    assert_eq!(shell.get("PLAIN"), None);
}

/// Whether nix's text or its message names it.
#[test]
fn a_file_that_was_missing_ends_the_failure() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    for (file, named) in
        [("named.nix", "./named.nix"), ("found.nix", "(./. + \"/${\"found\"}.nix\")")]
    {
        let text = world.project.read("project/pkgs.nix");
        world.edit("pkgs.nix", "\"plain value\"", &format!("import {named}"));
        world.project.envr(["exec", ".", "true"]).any_stderr().failure();
        world.project.write(file, format!("\"{file}\""));
        let run = world.project.envr(["exec", ".", "printenv", "PLAIN"]).any_stdout().any_stderr();
        assert_eq!(String::from_utf8(run.success().stdout).unwrap(), format!("{file}\n"));
        world.project.write("pkgs.nix", text);
    }
}

#[test]
fn a_build_that_fails_shows_its_log() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake .#unbuildable\n");
    let said = world.project.shell().any_prompt(1);
    assert!(said.contains("failed with exit code 1") && said.contains("> no\n"), "{said}");
}

#[test]
fn an_attribute_that_is_not_there_is_named() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake .#nope\nexport AFTER=1\n");
    let mut shell = world.project.shell();
    let said = shell.any_prompt(1);
    assert!(said.contains("does not provide attribute 'devShells.x86_64-linux.nope'"), "{said}");
    assert_eq!(shell.get("AFTER"), Some("1"));
}

/// As with nix-direnv: a failure that the script handles is none.
#[test]
fn a_script_that_has_something_else_takes_it() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let check = |rc: &str, taken: &str| {
        world.allow(rc);
        let run = world.project.envr(["exec", ".", "bash", "-c", "echo \"$ELSE $AFTER\""]);
        let run = run.any_stdout().any_stderr();
        assert_eq!(String::from_utf8(run.success().stdout).unwrap(), taken, "{rc}");
        let mut shell = world.project.shell();
        let said = shell.any_prompt(0);
        assert!(said.contains("envr: error: "), "{said}");
        assert_eq!(shell.get("ELSE"), Some("else"), "{rc}");
    };
    check("use flake .#nope || export ELSE=else\nexport AFTER=1\n", "else 1\n");
    check("set -e\nuse flake --wrong || export ELSE=else\nexport AFTER=1\n", "else 1\n");
    check("if ! use nix nope.nix; then\n  export ELSE=else\nfi\n", "else \n");

    world.allow("use flake .#nope\nexport AFTER=1\n");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    world.allow("set -E\ntrap 'export TRAPPED=1' ERR\nuse flake .#nope || true\n");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("TRAPPED"), None);
}

#[test]
fn control_characters_are_nixs_error_and_not_the_terminals() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit("pkgs.nix", "plain value", "plain \u{1b}[31mvalue");
    let said = world.project.shell().any_prompt(1);
    assert!(said.contains("control character U+001B (ESC)") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn no_nix_is_told() {
    let project = crate::test::Project::new();
    project.write(".envrc", "use flake\n");
    project.allow();
    let bare = project.path("bin").into_os_string();
    std::os::unix::fs::symlink("/bin/bash", project.path("bin/bash")).unwrap();
    project
        .envr(["export", "json"])
        .env("PATH", bare)
        .any_stdout()
        .stderr(
            "envr: loading $DIR/project/.envrc\nenvr: using flake\nenvr: error: could not find `nix` on PATH\n\
             envr: hint: export PATH=/nix/var/nix/profiles/default/bin:$PATH\n",
        )
        .failure();
}

#[test]
fn the_last_shell_stays_where_nix_cannot_be_asked() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.edit("pkgs.nix", "plain value", "another");
    let check = |told: &str, path: &str| {
        let mut shell = world.project.shell();
        if !path.is_empty() {
            shell.set("PATH", path);
        }
        let said = shell.any_prompt(1);
        assert!(said.contains(told) && !said.contains("in the background"), "{said}");
        assert!(said.contains("envr: the last nix shell that could be made stays in use\n"));
        let values = ["PLAIN", "NIX_DIRENV_DID_FALLBACK"].map(|name| shell.get(name));
        assert_eq!(values, [Some("plain value"), Some("1")]);
    };
    std::os::unix::fs::symlink("/bin/bash", world.project.path("elsewhere/bash")).unwrap();
    let bare = world.project.path("elsewhere").display().to_string();
    check("envr: error: could not find `nix` on PATH\n", &bare);
    // As on a disk that can only be read.
    let lock = world.place().with_file_name("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    check("/lock`: is a directory\n", "");
    let run = world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    assert!(String::from_utf8_lossy(&run.stderr).contains("/lock`: is a directory\n"));
    fs::remove_dir(&lock).unwrap();
    world.settle();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("another"));
}

/// A `nix` of a few lines in place of the real one.
#[track_caller]
fn check_fake(nix: &str, expected: &str) {
    let project = crate::test::Project::new();
    project.write_program("nix", &format!("#!/bin/sh\n{nix}\n"));
    project.write(".envrc", "use flake\n");
    project.allow();
    let said = project.shell().any_prompt(1);
    assert!(said.contains(expected) && said.len() < 1 << 20, "{said}");
    let size = |file: &std::path::Path| file.metadata().unwrap().len();
    let places = super::dirs(&super::dirs(&project.path("home/.cache/envr/nix"))[0]);
    let kept = fs::read_dir(&places[0]).unwrap().map(|entry| entry.unwrap().path());
    let failures = kept.filter(|file| file.to_string_lossy().contains("/failure-"));
    assert!(failures.map(|file| size(&file)).sum::<u64>() < 1 << 20);
}

#[test]
fn a_nix_that_is_none_is_told_from_one_that_fails() {
    check_fake("kill -9 $$", "    nix was ended by signal 9\n");
    check_fake("exit 3", "    nix exited with status 3\n");
    check_fake("echo 'error: unknown flag' >&2; exit 1", "    error: unknown flag\n");
    check_fake(
        "if [ \"$1\" = --version ]; then echo 'nix (Nix) 2.3.16'; exit 0; fi; echo \"error: unrecognised flag '$1'\" >&2; exit 1",
        "/bin/nix` is nix 2.3.16, and too old: `nix print-dev-env` came with 2.4\n    error: unrecognised flag",
    );
    check_fake(
        "echo garbage",
        "printed: it is not what `nix print-dev-env --json` prints: expected value at line 1",
    );
    check_fake("head -c 30000000 /dev/zero >&2; echo error: last >&2; exit 1", "shell `.`\n");
    check_fake("head -c 100000000 /dev/zero", "    nix printed more than 64 MiB\n");
    check_fake(
        "echo '{\"variables\":{\"A\":{\"type\":\"exported\"}}}'",
        "it is not what `nix print-dev-env --json` prints",
    );
}

#[test]
fn another_nix_is_tried_where_one_failed() {
    let project = crate::test::Project::new();
    project.write_program("nix", "#!/bin/sh\necho 'error: too old' >&2; exit 1\n");
    project.write(".envrc", "use flake\n");
    project.allow();
    project.shell().any_prompt(1);
    project.write_program(
        "nix-of-today/nix",
        "#!/bin/sh\necho '{\"variables\":{\"A\":{\"type\":\"exported\",\"value\":\"1\"}}}'\n",
    );
    let mut shell = project.shell();
    let bin = project.path("bin/nix-of-today").display().to_string();
    let path = format!("{bin}:{}", shell.get("PATH").unwrap());
    shell.set("PATH", path);
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("1"));
}

/// Whatever it says.
#[test]
fn a_run_that_failed_with_the_lock_that_it_wrote_is_tried_once_more() {
    let wrote = r#"@nix {"action":"msg","level":4,"msg":"evaluating file '$NIX_STORE_DIR/1-s/flake.nix'"}
@nix {"action":"msg","level":1,"msg":"warning: creating lock file"}"#;
    let shell = r#"{"variables":{"A":{"type":"exported","value":"1"}}}"#;
    for (second, code) in [(format!("echo '{shell}'"), 0), ("exit 1".to_string(), 1)] {
        let project = crate::test::Project::new();
        let store = project.path("store");
        let project = project.env("NIX_STORE_DIR", &store);
        project.write_at("store/1-s/flake.nix", "1");
        let (wrote, store) =
            (wrote.replace("$NIX_STORE_DIR", &store.to_string_lossy()), store.display());
        let first = format!(
            "echo \"$(cat ../wrote)\" >&2; echo \"error: not yet at {store}/1-s/flake.nix:1:1\" >&2; : >flake.lock; exit 1"
        );
        project.write_at("wrote", wrote);
        let nix = format!(
            "case $* in *print-dev-env*) echo >>../calls ;; *) exit 1 ;; esac; if [ ! -e flake.lock ]; then {first}; fi; {second}"
        );
        project.write_program("nix", &format!("#!/bin/sh\n{nix}\n"));
        project.write(".envrc", "use flake\n");
        project.write("flake.nix", "1");
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(code);
        assert_eq!(shell.get("A"), Some("1").filter(|_| code == 0));
        assert_eq!(project.read("calls"), "\n\n");
    }
}

#[test]
fn a_killed_nix_is_tried_again() {
    let project = crate::test::Project::new();
    project.write_program("nix", "#!/bin/sh\nif [ ! -e ../killed ]; then touch ../killed; kill -9 $$; fi\necho '{\"variables\":{\"A\":{\"type\":\"exported\",\"value\":\"1\"}}}'\n");
    project.write(".envrc", "use flake\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(1);
    shell.prompt("");
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("1"));
}

/// Another place to work at may have a network.
#[test]
fn a_download_that_failed_is_tried_again() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/made", server.local_addr().unwrap());
    let fetched = format!(r#"ONLY = builtins.readFile (builtins.fetchurl "{url}");"#);
    world.edit("flake.nix", r#"ONLY = "this";"#, &fetched);
    world.allow("use flake .#bare --impure --option download-attempts 1\n");
    drop(server);
    let fails = |world: &World| {
        let output = world.project.envr(["exec", ".", "true"]).any_stderr().failure();
        String::from_utf8(output.stderr).unwrap()
    };
    for _ in 0..2 {
        let said = fails(&world);
        assert!(said.contains("unable to download"), "{said}");
    }
    assert_eq!(world.calls(), 2);
    world.edit("flake.nix", &fetched, "ONLY = throw \"no\";");
    for _ in 0..2 {
        fails(&world);
    }
    assert_eq!(world.calls(), 3);
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let project = crate::test::Project::new();
    project.write_program("nix", "#!/bin/sh\necho '{\"variables\":{}}'\n");
    project.write(".envrc", "use flake\n");
    project.allow();
    project.write_at("home/.cache/envr", "a file");
    let said = project.shell().any_prompt(1);
    assert!(
        said.contains("envr: error: could not make directory `$DIR/home/.cache/envr/nix/"),
        "{said}"
    );
}

/// Nothing at all can be written: not even what went wrong.
#[test]
fn a_shell_that_cannot_be_made_anew_is_not_taken_for_the_last_one() {
    let project = crate::test::Project::new();
    let shell = |value: &str| {
        format!("{{\"variables\":{{\"A\":{{\"type\":\"exported\",\"value\":\"{value}\"}}}}}}")
    };
    project.write_at("shell.json", shell("1"));
    project.write_program("nix", "#!/bin/sh\ncat ../shell.json\n");
    project.write("envr.toml", "[nix]\nflake = \".\"\n");
    project.write("flake.nix", "1");
    project.allow();
    project.envr(["exec", ".", "true"]).any_stderr().success();
    project.write_at("shell.json", shell("2"));
    project.write("flake.nix", "2");
    let run = "exec . printenv A";
    let script = format!("trap '' XFSZ; ulimit -f 0; exec '{}' {run} 2>&1", crate::test::ENVR);
    let mut bash = std::process::Command::new("/bin/bash");
    bash.args(["-c", &format!("({script}) | cat; exit ${{PIPESTATUS[0]}}")]);
    bash.env_clear().envs(project.variables()).current_dir(project.path("project"));
    let output = bash.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("envr: error: could not make the nix shell `.`: could not write `")
            && said.contains(": file too large"),
        "{said}"
    );
    assert_eq!(
        project.envr(["exec", ".", "printenv", "A"]).any_stdout().any_stderr().success().stdout,
        b"2\n"
    );
}

/// In the background, where nobody hears of it.
#[test]
fn a_prompt_tells_once_that_nothing_could_be_kept() {
    let project = crate::test::Project::new();
    let shell = r#"{"variables":{"A":{"type":"exported","value":"1"}}}"#;
    project.write_program("nix", &format!("#!/bin/sh\ngrep -q 1 flake.nix && echo '{shell}'\n"));
    project.write(".envrc", "use flake\n");
    project.write("flake.nix", "1");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let place = super::dirs(&super::dirs(&project.path("home/.cache/envr/nix"))[0]).remove(0);
    let files = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.map(|name| name.into_string().unwrap());
    let kept = names.into_iter().find(|name| name.starts_with("shell-")).unwrap();
    let variant = kept.split('-').nth(1).unwrap();
    fs::create_dir(place.join(format!("failure-{variant}.json"))).unwrap();
    project.write("flake.nix", "2");
    shell.any_prompt(0);
    project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = shell.any_prompt(1);
    assert!(
        said.contains("envr: error: could not make the nix shell `.`: could not write `")
            && said.contains("envr: hint: envr nix refresh\n"),
        "{said}"
    );
    assert_eq!(shell.get("A"), Some("1"));
    shell.prompt("");
}

/// A limit on the size of files stands for a disk that is full: a write fails in the middle.
#[test]
fn a_shell_that_cannot_be_kept_whole_is_not_kept() {
    let project = crate::test::Project::new();
    let value = "x".repeat(65_400);
    let json =
        format!("{{\"variables\":{{\"A\":{{\"type\":\"exported\",\"value\":\"{value}\"}}}}}}");
    project.write_at("shell.json", json);
    project.write_program("nix", "#!/bin/sh\ncat ../shell.json\n");
    project.write(".envrc", "use flake\n");
    project.allow();
    let script = format!("trap '' XFSZ; ulimit -f 64; exec '{}' export json", crate::test::ENVR);
    let limited = || {
        let mut bash = std::process::Command::new("/bin/bash");
        bash.args(["-c", &script]).env_clear().envs(project.variables());
        bash.current_dir(project.path("project")).output().unwrap()
    };
    let output = limited();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("envr: error: could not make the nix shell `.`\n    could not write `")
            && said.contains(": File too large"),
        "{said}"
    );
    let places = super::dirs(&super::dirs(&project.path("home/.cache/envr/nix"))[0]);
    let names = fs::read_dir(&places[0]).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let names: Vec<&str> = names.iter().map(|name| name.split('-').next().unwrap()).collect();
    assert_eq!(names, ["failure", "finished", "log", "request.json", "used", "variables.json"]);

    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some(value.as_str()));
    // A shell that is kept is not harmed by a disk that is full later.
    assert!(limited().status.success());
}

/// As by the kernel where memory is short.
#[test]
fn a_prompt_tells_that_the_evaluation_behind_its_back_was_killed() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.write_at("before-nix", "rm \"$root/before-nix\"; kill -KILL $PPID; exit 1\n");
    world.edit("pkgs.nix", "plain value", "made anew");
    let finished = world.place().join("finished");
    let before = fs::read(&finished).unwrap();
    shell.any_prompt(0);
    let late = Instant::now() + Duration::from_secs(20);
    while fs::read(&finished).unwrap() == before {
        assert!(Instant::now() < late);
        std::thread::yield_now();
    }
    let said = shell.any_prompt(1);
    assert!(
        said.contains(
            "envr: error: could not make the nix shell `.`: envr was ended by signal 9 while nix worked\n\
             envr: hint: envr nix refresh\n"
        ),
        "{said}"
    );
    assert_eq!(shell.get("PLAIN"), Some("plain value"));
    shell.prompt("");
    world.settle();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("made anew"));
}
