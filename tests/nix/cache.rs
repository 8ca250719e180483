//! When nix is asked, and when what is kept will do.

use super::{World, has_nix, next};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn nix_is_asked_once() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut first = world.project.shell();
    first.any_prompt(0);
    assert_eq!(world.calls(), 1);
    let mut second = world.project.shell();
    second.set("ENVR_LANE", "tell");
    let said = second.any_prompt(0);
    assert!(said.contains("lane: native"), "{said}");
    assert_eq!(world.calls(), 1);
    let without = |mut env: std::collections::BTreeMap<_, _>| {
        env.remove(std::ffi::OsStr::new("ENVR_LANE"));
        env
    };
    assert_eq!(without(first.visible()), without(second.visible()));
}

/// In a bash with the hook: what follows starts no process, by the check that it has itself.
#[test]
fn a_prompt_at_which_nothing_changed_asks_nobody() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let script = format!(
        "eval \"$('{}' hook bash)\"; unset EPOCHSECONDS; EPOCHSECONDS=1000000\n\
         _direnv_hook; until __envr_is_current; do _direnv_hook; done\n\
         echo \"$PLAIN\"; echo '# more' >>stdenv/setup; __envr_is_current || echo asks\n",
        crate::test::ENVR
    );
    let output = world.run("/bin/bash", &["--norc", "-c", &script]).output().unwrap();
    let (said, told) = (String::from_utf8(output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.unwrap(), "plain value\nasks\n", "{told}");
}

#[test]
fn what_looks_new_but_is_not_is_not_evaluated() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    for file in ["flake.nix", "flake.lock", "pkgs.nix", "stdenv/setup", "sub/flake.nix"] {
        let text = world.project.read(&format!("project/{file}"));
        world.project.remove(file);
        world.project.write(file, text);
    }
    let said = shell.any_prompt(0);
    assert!(!said.contains("nix:"), "{said}");
    world.edit("pkgs.nix", "plain value", "another");
    world.edit("pkgs.nix", "another", "plain value");
    world.settle();
    assert_eq!(world.calls(), 1);
}

/// Contents are compared once, and how the files look by then is what later loads compare.
#[test]
fn what_looks_new_is_compared_once() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let text = world.project.read("project/pkgs.nix");
    world.project.remove("pkgs.nix");
    world.project.write("pkgs.nix", text);
    let changed = world.project.path("project/pkgs.nix").metadata().unwrap().ctime_nsec();
    let kept = world.kept("shell-").pop().unwrap();
    let is_known = || {
        let kept = String::from_utf8(std::fs::read(&kept).unwrap()).unwrap();
        kept.lines().nth(1).unwrap().contains(&format!("{changed:09},\"size\""))
    };
    assert!(!is_known());
    // As long as a file is young its times tell nothing.
    let late = Instant::now() + Duration::from_secs(20);
    while !is_known() {
        world.project.shell().any_prompt(0);
        assert!(Instant::now() < late, "it stays unknown");
    }
    assert_eq!(world.calls(), 1);
}

#[test]
fn a_file_that_was_read_counts_wherever_it_is() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit(
        "flake.nix",
        "inherit (sub.lib) greeting;",
        "greeting = builtins.readFile ./words/hello.txt;",
    );
    world.project.write("words/hello.txt", "hello");
    world.project.write("words/unused.txt", "");
    world.settle();
    let mut calls = world.calls();
    let mut check = |file: &str, from: &str, to: &str, counts: bool| {
        world.edit(file, from, to);
        world.settle();
        calls += usize::from(counts);
        assert_eq!(world.calls(), calls, "{file}");
    };
    check("pkgs.nix", "plain value", "edited", true);
    check("stdenv/setup", "# The attribute", "# An attribute", true);
    check("words/hello.txt", "hello", "goodbye", true);
    check("words/unused.txt", "", "x", false);
    check("shell.nix", "shell", "shell ", false);
}

#[test]
fn a_shell_from_before_is_found_again() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    for (from, to) in [
        ("plain value", "of a branch"),
        ("of a branch", "plain value"),
        ("plain value", "of a branch"),
    ] {
        world.edit("pkgs.nix", from, to);
        world.settle();
        let mut shell = world.project.shell();
        shell.any_prompt(0);
        assert_eq!(shell.get("PLAIN"), Some(to));
    }
    assert_eq!(world.calls(), 2);
}

#[test]
fn a_change_while_nix_runs_is_not_lost() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at(
        "after-nix",
        "if [[ ! -e $root/edited ]]; then sed -i 's/plain value/edited meanwhile/' pkgs.nix; touch \"$root/edited\"; fi\n",
    );
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("edited meanwhile"));
    assert_eq!(world.calls(), 2);

    // A file of a directory that went to the store as a whole.
    world.project.write_at(
        "after-nix",
        "if [[ ! -e $root/added ]]; then echo 'export ADDED=1' >>stdenv/setup; touch \"$root/added\"; fi\n",
    );
    world.edit("stdenv/setup", "# The attribute", "# An attribute");
    world.settle();
    shell.any_prompt(0);
    assert_eq!(shell.get("ADDED"), Some("1"));
    assert_eq!(world.calls(), 4);
}

#[test]
fn ten_shells_have_nix_evaluate_once() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let start = |_| {
        let mut envr = world.run(crate::test::ENVR, &["export", "json"]);
        envr.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let shells: Vec<_> = (0..10).map(start).collect();
    for shell in shells {
        let output = shell.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("plain value"), "{said}");
    }
    assert_eq!(world.calls(), 1);
}

#[test]
fn what_is_kept_but_damaged_is_made_anew() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let shell = world.kept("shell-").pop().unwrap();
    let text = std::fs::read(&shell).unwrap();
    let changed = String::from_utf8(text.clone()).unwrap().replace("plain value", "plain valuf");
    let of_another_version = [b"envr-nix 999 ", &text[11..]].concat();
    for (count, damaged) in
        [&text[..text.len() / 2], changed.as_bytes(), &of_another_version, b"", b"\0\xff"]
            .iter()
            .enumerate()
    {
        let name = shell.strip_prefix(world.project.path("")).unwrap().to_str().unwrap();
        world.project.write_at(name, damaged);
        let mut shell = world.project.shell();
        shell.any_prompt(0);
        assert_eq!(shell.get("PLAIN"), Some("plain value"));
        assert_eq!(world.calls(), count + 2);
    }
}

#[test]
fn the_garbage_collector_leaves_what_is_in_use() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let collect = || {
        let collected = world.run("nix-store", &["--gc"]).output().unwrap();
        assert!(collected.status.success());
    };
    collect();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(world.calls(), 1);
    let hello =
        shell.get("PATH").unwrap().split(':').find(|entry| entry.contains("hello-1.0")).unwrap();
    let said = world.run(&format!("{hello}/hello"), &[]).output().unwrap();
    assert_eq!(said.stdout, b"hello from the store\n");

    // Without its root the shell is collected, and made anew.
    for link in world.kept("profile") {
        std::fs::remove_file(link).unwrap();
    }
    collect();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("PLAIN"), world.calls()), (Some("plain value"), 2));
}

#[test]
fn the_inputs_of_a_flake_have_roots() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut made = world.pipe("made");
    world.project.write_at("after-roots", "echo >\"$root/made\"\n");
    world.settle();
    next(&mut made);
    let roots = world.place().join("roots");
    let inputs: Vec<_> =
        std::fs::read_dir(&roots).unwrap().map(|root| root.unwrap().path()).collect();
    assert_eq!(inputs.len(), 1);
    assert!(world.run("nix-store", &["--gc"]).output().unwrap().status.success());
    let text = std::fs::read_to_string(inputs[0].join("flake.nix")).unwrap();
    assert_eq!(text, world.project.read("project/sub/flake.nix"));
}

#[test]
fn an_input_that_is_a_directory_counts_and_its_lock_says_which_one_it_is() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.edit("sub/flake.nix", "hello from", "goodbye to");
    world.settle();
    assert_eq!((world.calls(), world.says()), (2, "hello from the store\n".to_string()));
    let update = |words: &[&str]| world.run("nix", words).output().unwrap().status.success();
    assert!(
        update(&["flake", "update", "sub"]) || update(&["flake", "lock", "--update-input", "sub"])
    );
    world.settle();
    assert_eq!((world.calls(), world.says()), (3, "goodbye to the store\n".to_string()));
}

#[test]
fn what_makes_no_other_derivation_builds_nothing() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.edit("pkgs.nix", "PLAIN =", "/* a comment */ PLAIN =");
    let output = world.project.envr(["exec", ".", "true"]).any_stderr().success();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("building"), "{said}");
    assert_eq!(world.calls(), 2);
    let store = world.project.path("store");
    let built = std::fs::read_dir(store).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(built.filter(|name| name.to_string_lossy().ends_with("-shell-env")).count(), 1);
}

#[test]
fn another_nix_or_other_settings_make_another_shell() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let conf = |text: &str| world.project.write_at("etc/nix.conf", text);
    conf("# nothing\n");
    world.settle();
    assert_eq!(world.calls(), 2);
    let exec = |name: &str, value: &str| {
        let run = world.project.envr(["exec", ".", "true"]).env(name, value);
        run.any_stderr().success();
        world.calls()
    };
    let variables = world.project.variables();
    let variable = |name: &str| variables[std::ffi::OsStr::new(name)].to_str().unwrap();
    let config = format!("{}show-trace = true\n", variable("NIX_CONFIG"));
    assert_eq!(exec("NIX_CONFIG", &config), 3);
    assert_eq!(exec("NIX_CONFIG", &config), 3);
    let path = variable("PATH");
    let other = world.project.path("bin/other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(exec("PATH", &format!("{}:{path}", other.display())), 3);
    std::fs::copy(world.project.path("bin/nix"), other.join("nix")).unwrap();
    let path = format!("{}:{path}", other.display());
    assert_eq!((exec("PATH", &path), exec("PATH", &path)), (3, 3));
    let calls = || world.project.read("bin/calls").lines().count();
    assert_eq!(calls(), 1);
    world.settle();
    assert_eq!((world.calls(), calls()), (3, 1));
}

#[test]
fn older_generations_go() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut last = "plain value".to_string();
    for count in 0..6 {
        world.settle();
        let next = format!("value {count}");
        world.edit("pkgs.nix", &last, &next);
        last = next;
    }
    assert_eq!(world.kept("shell-").len(), 4);
    assert_eq!(world.kept("profile-").len(), 4);
}

/// Also in a working tree beside the first, whose branches are in that one's repository.
#[test]
fn a_shell_that_asks_for_the_commit_follows_it() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit("flake.nix", "ONLY = \"this\"", "ONLY = self.rev or \"none\"");
    world.allow("use flake .#bare\n");
    world.git(&["init", "-qb", "first"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
    world.run("nix", &["flake", "lock"]).output().unwrap();
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "lock"]);
    world.git(&["worktree", "add", "-q", "../beside", "-b", "second"]);
    for dir in ["project", "beside"] {
        let path = world.project.path(dir).display().to_string();
        let in_dir = |words: &[&str]| world.git(&[&["-C", &path], words].concat());
        world.project.envr(["allow", &path]).success();
        let mut shell = world.project.shell();
        shell.cd(dir);
        for _ in 0..3 {
            in_dir(&["commit", "-q", "--allow-empty", "-m", "y"]);
            let mut asked = world.run("/usr/bin/git", &["-C", &path, "rev-parse", "HEAD"]);
            let commit = String::from_utf8(asked.output().unwrap().stdout).unwrap();
            world.project.envr(["exec", &path, "true"]).any_stderr().success();
            shell.any_prompt(0);
            assert_eq!(shell.get("ONLY"), Some(commit.trim()));
            in_dir(&["pack-refs", "--all"]);
        }
    }
}

#[test]
fn a_project_in_git_is_known_by_its_tree() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
    world.settle();
    world.git(&["add", "flake.lock"]);
    world.git(&["commit", "-qm", "lock"]);
    world.settle();
    assert_eq!(world.calls(), 1);
    world.git(&["checkout", "-qb", "branch"]);
    world.edit("pkgs.nix", "plain value", "of the branch");
    world.git(&["commit", "-qam", "y"]);
    world.git(&["checkout", "-q", "-"]);
    world.settle();
    assert_eq!(world.calls(), 1);
    world.git(&["checkout", "-q", "branch"]);
    world.settle();
    assert_eq!(world.calls(), 2);

    // From a directory below, the flake is found above.
    world.project.write("below/.envrc", "use flake\n");
    world.project.envr(["allow", "below"]).success();
    let mut shell = world.project.shell();
    shell.cd("project/below");
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("of the branch"));
    world.edit("pkgs.nix", "of the branch", "seen from below");
    world.project.envr(["exec", "below", "true"]).any_stderr().success();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("seen from below"));
}

#[test]
fn a_link_to_the_flake_is_followed() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write("linked/default.nix", "{ }");
    symlink("pkgs.nix", world.project.path("project/link.nix")).unwrap();
    world.edit("flake.nix", "./pkgs.nix", "./link.nix");
    world.settle();
    world.edit("pkgs.nix", "plain value", "edited");
    world.settle();
    assert_eq!(world.calls(), 2);
}
