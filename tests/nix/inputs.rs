//! What counts as an input of a shell: what nix reads without a word, what git tracks, what a script watches.

use super::{World, has_nix};

/// A flake whose shell has the value of an expression as `ONLY`.
fn world_with(expression: &str) -> World {
    let world = World::new();
    world.edit("flake.nix", "ONLY = \"this\"", &format!("ONLY = {expression}"));
    world.project.write("cfg/v", "one");
    world.project.write("apart/v", "one");
    world.allow("use flake .#bare\n");
    world
}

fn only(world: &World) -> String {
    world.settle();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    shell.get("ONLY").unwrap().to_string()
}

fn git(world: &World, arguments: &[&str]) {
    let mut git = world.run("/usr/bin/git", &["-c", "user.name=a", "-c", "user.email=a@b"]);
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
        "let root = self; in builtins.readFile \"${root}/cfg/v\"",
        "builtins.readFile \"${toString ./.}/cfg/v\"",
    ];
    for way in ways {
        let world = world_with(way);
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
        "(x: \"one\") { src = ./.; root = \"${toString ./.}\"; }",
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
    git(&world, &["init", "-q"]);
    git(&world, &["add", "-A"]);
    git(&world, &["commit", "-qm", "x"]);
    assert_eq!(only(&world), "not v");
    git(&world, &["add", "-A"]);
    git(&world, &["commit", "-qm", "lock"]);
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
    git(&world, &["add", "more"]);
    check("there v", true);
    git(&world, &["add", "-N", "cfg/w"]);
    check("there v w", true);
    git(&world, &["add", "apart", "cfg/w"]);
    git(&world, &["commit", "-qm", "y"]);
    check("there v w", false);
    git(&world, &["rm", "-q", "--cached", "more"]);
    check("not v w", true);
    git(&world, &["reset", "-q", "--hard"]);
    check("there v w", false);
}

#[test]
fn a_prompt_sees_what_git_begins_to_track() {
    if !has_nix() {
        return;
    }
    let world = world_with("if builtins.pathExists ./more then \"there\" else \"not\"");
    git(&world, &["init", "-q"]);
    git(&world, &["add", "-A"]);
    assert_eq!(only(&world), "not");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.write("more", "");
    git(&world, &["add", "more"]);
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
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 2));
    world.edit("cfg/v", "one", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("two", 3));
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
