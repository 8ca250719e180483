//! What counts as an input of a shell: what nix reads without a word, what git tracks, what a script watches.

use super::{World, has_nix};
use crate::test::Project;

/// A flake whose shell has the value of an expression as `ONLY`.
pub fn world_with(expression: &str) -> World {
    let world = World::new();
    world.edit("flake.nix", "ONLY = \"this\"", &format!("ONLY = {expression}"));
    world.project.write("cfg/v", "one");
    world.project.write("apart/v", "one");
    world.allow("use flake .#bare\n");
    world
}

pub fn only(world: &World) -> String {
    world.settle();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    shell.get("ONLY").unwrap().to_string()
}

/// Whatever way the name takes from the flake to the function that reads.
#[test]
fn a_file_that_is_read_through_a_directory_counts() {
    if !has_nix() {
        return;
    }
    let ways = [
        "let f = d: builtins.readFile (d + \"/v\"); in f ./cfg",
        "let root = ./.; in builtins.readFile (root + \"/cfg/v\")",
        "let n = \"v\"; in builtins.readFile (./cfg + \"/${n}\")",
        "let n = \"v\"; in builtins.readFile ./cfg/${n}",
        "toString (map (n: builtins.readFile (./cfg + \"/${n}\")) (builtins.attrNames (builtins.readDir ./cfg)))",
        "builtins.readFile (self.outPath + \"/cfg/v\")",
        "builtins.readFile (./cfg + \"/v\" + \"\")",
        "builtins.readFile (./c + \"fg\" + \"/v\")",
        "let root = self; in builtins.readFile \"${root}/cfg/v\"",
        "builtins.readFile \"${toString ./.}/cfg/v\"",
        "let root = toString ./.; in builtins.readFile (root + \"/cfg/v\")",
        "let all = { inherit self; }; in builtins.readFile (all.self + \"/cfg/v\")",
        "with self; builtins.readFile (outPath + \"/cfg/v\")",
        "builtins.readFile (self.\"outPath\" + \"/cfg/v\")",
        "builtins.readFile (builtins.dirOf ./cfg/w + \"/v\")",
        "let here = ./cfg/w; in builtins.readFile (builtins.dirOf here + \"/v\")",
    ];
    for way in ways {
        let world = world_with(way);
        world.run("nix", &["flake", "lock"]).output().unwrap();
        assert_eq!(only(&world), "one", "{way}");
        world.edit("cfg/v", "one", "two");
        assert_eq!((only(&world).as_str(), world.calls()), ("two", 2), "{way}");
    }
}

#[test]
fn a_file_beside_what_is_read_does_not_count() {
    if !has_nix() {
        return;
    }
    let ways = [
        "builtins.readFile \"${toString ./.}/cfg/v\"",
        "let f = d: builtins.readFile (d + \"/v\"); in f ./cfg",
        "let mkDerivation = x: \"one\"; in mkDerivation { src = ./.; }",
    ];
    for way in ways {
        let world = world_with(way);
        assert_eq!(only(&world), "one", "{way}");
        world.edit("apart/v", "one", "two");
        assert_eq!((only(&world).as_str(), world.calls()), ("one", 1), "{way}");
    }
}

#[test]
fn what_git_tracks_decides_what_is_there() {
    if !has_nix() {
        return;
    }
    let there = "(if builtins.pathExists ./more then \"there\" else \"not\")";
    let names = "toString (builtins.attrNames (builtins.readDir ./cfg))";
    let world = world_with(&format!("{there} + \" \" + {names}"));
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
    assert_eq!(only(&world), "not v");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "lock"]);
    let mut calls = world.calls();
    let mut check = |value: &str, asks: bool| {
        assert_eq!(only(&world), value);
        calls += usize::from(asks);
        assert_eq!(world.calls(), calls, "{value}");
    };
    check("not v", false);
    world.project.write("more", "");
    world.project.write("cfg/w", "");
    check("not v", false);
    world.git(&["add", "more"]);
    check("there v", true);
    world.git(&["add", "-N", "cfg/w"]);
    check("there v w", true);
    world.git(&["add", "apart", "cfg/w"]);
    world.git(&["commit", "-qm", "y"]);
    check("there v w", false);
    world.git(&["rm", "-q", "--cached", "more"]);
    check("not v w", true);
    world.git(&["reset", "-q", "--hard"]);
    check("there v w", false);
}

#[test]
fn a_prompt_sees_what_git_begins_to_track() {
    if !has_nix() {
        return;
    }
    let world = world_with("if builtins.pathExists ./more then \"there\" else \"not\"");
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    assert_eq!(only(&world), "not");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.write("more", "");
    world.git(&["add", "more"]);
    let said = shell.any_prompt(0);
    assert!(said.contains("making `.#bare` anew in the background: `more` changed\n"), "{said}");
    assert_eq!(only(&world), "there");
}

#[test]
fn a_file_that_the_script_watches_counts() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile (builtins.getEnv \"HOME\" + \"/v\")");
    world.project.write_at("home/v", "one");
    for (calls, rc) in [
        "watch_file ~/v\nuse flake .#bare --impure\n",
        "nix_direnv_watch_file ~/v cfg/v; use flake .#bare --impure\n",
        "f() { watch_dir cfg; watch_file ~/v; }; f; use flake .#bare --impure\n",
    ]
    .iter()
    .enumerate()
    {
        world.allow(rc);
        world.project.write_at("home/v", "one");
        assert_eq!(only(&world), "one", "{rc}");
        world.project.write_at("home/v", "two");
        assert_eq!(only(&world), "two", "{rc}");
        assert_eq!(world.calls(), 2 * (calls + 1), "{rc}");
    }
    assert_eq!(world.places().len(), 1);
}

#[test]
fn the_inputs_of_a_shell_are_not_those_of_another_in_the_script() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile ./cfg/v");
    world.allow("use nix\nuse flake .#bare\n");
    assert_eq!(only(&world), "one");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.edit("shell.nix", "shell", "shell ");
    let said = shell.any_prompt(0);
    assert!(
        said.contains("making `shell.nix` anew in the background: `shell.nix` changed\n"),
        "{said}"
    );
    assert!(!said.contains("making `.#bare`"), "{said}");
}

#[test]
fn a_flake_is_evaluated_where_it_is_as_soon_as_it_has_a_lock() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile (./. + (\"/cf\" + \"g/v\"))");
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nin_place = true\n");
    for count in 0..1100 {
        world.project.write(&format!("many/{count}"), "");
    }
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 1));
    world.edit("cfg/v", "one", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("two", 2));
}

/// It is mended as it would be without it: by nix.
#[test]
fn a_lock_that_does_not_fit_the_flake_is_not_evaluated_in_place() {
    if !has_nix() {
        return;
    }
    let world = world_with("sub.lib.greeting");
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nin_place = true\n");
    world.project.write_at("other/flake.nix", "{ outputs = _: { lib.greeting = \"other\"; }; }");
    let other = format!("inputs.sub.url = \"path:{}\";", world.project.path("other").display());
    assert_eq!((only(&world).as_str(), world.calls()), ("hello from the store", 1));
    world.edit("flake.nix", "inputs.sub.url = \"flake:fixture-sub\";", &other);
    assert_eq!((only(&world).as_str(), world.calls()), ("other", 2));
    world.edit("flake.nix", &other, &other.replace("sub", "more"));
    world.edit("flake.nix", "self, sub", "self, more");
    world.edit("flake.nix", "inherit (sub.lib) greeting;", "");
    world.edit("flake.nix", "= sub.lib", "= more.lib");
    assert_eq!((only(&world).as_str(), world.calls()), ("other", 3));
    world.edit("flake.nix", &other.replace("sub", "more"), "");
    world.edit("flake.nix", "self, more", "self, ...");
    world.edit("flake.nix", "more.lib.greeting", "\"none\"");
    assert_eq!(only(&world), "none");
    assert!(!world.project.read("project/flake.lock").contains("other"));
}

#[test]
fn a_directory_that_is_too_large_is_told() {
    if !has_nix() {
        return;
    }
    let world = world_with("let f = d: builtins.readFile (d + \"/v\"); in f ./cfg");
    for count in 0..1100 {
        world.project.write(&format!("cfg/{count}"), "");
    }
    assert_eq!(only(&world), "one");
    let output = world.project.envr(["nix", "status"]).any_stdout().success();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("too large to be looked through at each load: `"), "{said}");
    assert!(said.contains("project/cfg`\n"), "{said}");
    world.allow("watch_file cfg/v\nuse flake .#bare\n");
    assert_eq!(only(&world), "one");
    world.edit("cfg/v", "one", "two");
    assert_eq!(only(&world), "two");
}

/// In a repository, with the caches of nix and envr in what the shell is made of.
#[test]
fn a_shell_is_made_once_wherever_its_caches_are() {
    if !has_nix() {
        return;
    }
    for settings in ["", "[nix]\nin_place = true\n"] {
        for has_git in [true, false] {
            let mut world = world_with("let f = d: builtins.readFile (d + \"/cfg/v\"); in f ./.");
            let cache = world.project.path("project/.cache");
            let project = std::mem::replace(&mut world.project, Project::new());
            world.project = project.env("XDG_CACHE_HOME", cache);
            world.project.write_at("home/.config/envr/config.toml", settings);
            world.run("nix", &["flake", "lock"]).output().unwrap();
            if has_git {
                world.git(&["init", "-q"]);
                world.git(&["add", "-A"]);
                world.git(&["commit", "-qm", "x"]);
            }
            assert_eq!((only(&world).as_str(), world.calls()), ("one", 1), "{settings}{has_git}");
            world.edit("cfg/v", "one", "two");
            assert_eq!((only(&world).as_str(), world.calls()), ("two", 2), "{settings}{has_git}");
        }
    }
}

#[test]
fn a_watched_file_counts_whether_git_tracks_it_or_not() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile (builtins.getEnv \"ROOT\" + \"/secret\")");
    world.project.write("secret", "one");
    world.project.write(".gitignore", "secret\n");
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.allow("export ROOT=$PWD\nwatch_file secret\nuse flake .#bare --impure\n");
    assert_eq!(only(&world), "one");
    world.project.write("secret", "two");
    assert_eq!(only(&world), "two");
}

/// They are copied as a whole, and nix does not tell what of them is read.
#[test]
fn directories_that_are_inputs_count_with_all_below() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit(
        "sub/flake.nix",
        "{",
        "{ outputs = _: { lib.greeting = builtins.readFile ./v; }; }\n# {",
    );
    world.edit("flake.nix", "ONLY = \"this\"", "ONLY = sub.lib.greeting");
    world.project.write("sub/v", "one");
    world
        .project
        .write_at("other/flake.nix", "{ outputs = _: { lib.greeting = builtins.readFile ./v; }; }");
    world.project.write_at("other/v", "one");
    world.allow("use flake .#bare --override-input sub ../other\n");
    assert_eq!(only(&world), "one");
    world.project.write_at("other/v", "two");
    assert_eq!(only(&world), "two");
}

/// A shell says whether the tree is that of the commit, and each further edit says nothing new.
#[test]
fn whether_a_tree_differs_from_its_commit_counts() {
    if !has_nix() {
        return;
    }
    let world = world_with("if self ? rev then \"clean\" else \"dirty\"");
    world.run("nix", &["flake", "lock"]).output().unwrap();
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
    assert_eq!((only(&world).as_str(), world.calls()), ("clean", 1));
    for (text, state, calls) in [("two", "dirty", 2), ("three", "dirty", 2), ("one", "clean", 2)] {
        world.project.write("apart/v", text);
        assert_eq!((only(&world).as_str(), world.calls()), (state, calls), "{text}");
    }
}

#[test]
fn what_is_read_through_a_link_counts_where_it_is() {
    if !has_nix() {
        return;
    }
    let world = world_with(
        "toString (builtins.attrNames (builtins.readDir ./link)) + builtins.readFile (./tree + (\"/in\" + \"to/v\"))",
    );
    std::os::unix::fs::symlink("cfg", world.project.path("project/link")).unwrap();
    world.project.write("tree/a", "");
    std::os::unix::fs::symlink("../apart", world.project.path("project/tree/into")).unwrap();
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    assert_eq!(only(&world), "vone");
    world.project.write("cfg/w", "");
    let calls = world.calls();
    assert_eq!((only(&world).as_str(), world.calls()), ("vone", calls));
    world.git(&["add", "cfg"]);
    assert_eq!(only(&world), "v wone");
    world.edit("apart/v", "one", "two");
    assert_eq!(only(&world), "v wtwo");
}

/// nix tells of the file that is evaluated, and not by which of its names.
#[test]
fn links_to_what_a_flake_evaluates_count() {
    if !has_nix() {
        return;
    }
    let ways = [
        "import ./link",
        "import ./link/sub",
        "import (./link + \"/default.nix\")",
        "import ./link.nix",
        "let n = \"link.nix\"; in import (./. + \"/${n}\")",
    ];
    for settings in ["", "[nix]\nin_place = true\n"] {
        for way in ways {
            let world = world_with(way);
            world.project.write_at("home/.config/envr/config.toml", settings);
            let link = |from: &str, to: &str| {
                let to = world.project.path("project").join(to);
                _ = std::fs::remove_file(&to);
                std::os::unix::fs::symlink(from, to).unwrap();
            };
            for (dir, text) in [("cfg", "one"), ("apart", "two")] {
                for sub in ["", "/sub"] {
                    world.project.write(&format!("{dir}{sub}/v"), text);
                    let file = format!("{dir}{sub}/default.nix");
                    world.project.write(&file, "builtins.readFile ./v");
                }
            }
            link("cfg", "link");
            link("cfg/default.nix", "link.nix");
            world.run("nix", &["flake", "lock"]).output().unwrap();
            if settings.is_empty() {
                world.git(&["init", "-q"]);
                world.git(&["add", "-A"]);
            }
            assert_eq!(only(&world), "one", "{way} {settings}");
            link("apart", "link");
            link("apart/default.nix", "link.nix");
            assert_eq!((only(&world).as_str(), world.calls()), ("two", 2), "{way} {settings}");
        }
    }
}

#[test]
fn a_repository_that_comes_to_be_hides_what_it_does_not_track() {
    if !has_nix() {
        return;
    }
    let world = world_with("if builtins.pathExists ./more then \"there\" else \"not\"");
    world.project.write("more", "");
    assert_eq!(only(&world), "there");
    world.git(&["init", "-q"]);
    world.git(&["add", "flake.nix", "flake.lock", "pkgs.nix", "stdenv", "sub"]);
    assert_eq!(only(&world), "not");
}

#[test]
fn an_expression_that_fetches_its_own_repository_follows_it() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let shell = "let tree = builtins.fetchGit ./.; in (import ./pkgs.nix { }).mkShell { name = \"x\"; ONLY = toString (builtins.attrNames (builtins.readDir \"${tree}/cfg\")); }";
    world.project.write("shell.nix", shell);
    world.project.write("cfg/v", "");
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
    world.allow("use nix\n");
    assert_eq!(only(&world), "v");
    world.project.write("cfg/w", "");
    world.git(&["add", "-A"]);
    assert_eq!(only(&world), "v w");
}

/// Of two that are kept, the one that was in use when nix began to fail.
#[test]
fn the_last_good_shell_is_the_one_that_was_loaded_last() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile ./cfg/v");
    for text in ["one", "two", "one"] {
        world.project.write("cfg/v", text);
        assert_eq!(only(&world), text);
    }
    world.edit("flake.nix", "ONLY = builtins", "ONLY = throw builtins");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let mut shell = world.project.shell();
    shell.any_prompt(1);
    assert_eq!(shell.get("ONLY"), Some("one"));
}
