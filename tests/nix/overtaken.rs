//! What comes, goes or changes while nix runs: the shell that is kept is that of the files as they are.

use super::inputs::{only, world_with};
use super::traced::bash;
use super::{World, has_nix};

/// Once nix has evaluated, a script runs as if it had been at work meanwhile.
fn while_nix_runs(world: &World, script: &str) {
    let script = format!("cd \"$root/project\"\n{script}\nrm \"$root/after-nix\"\n");
    world.project.write_at("after-nix", script);
}

#[test]
fn what_comes_or_goes_while_nix_runs_is_in_the_shell() {
    if !has_nix() {
        return;
    }
    let there = "if builtins.pathExists ./l.nix then import ./l.nix else \"not\"";
    let names = "toString (builtins.attrNames (builtins.readDir (./d + \"/${\"s\"}\")))";
    let cases = [
        (there, "true", "echo '\"new\"' >l.nix", "new"),
        (there, "echo '\"old\"' >l.nix", "rm l.nix", "not"),
        (
            "import ./d",
            "mkdir d e; echo 1 >d/default.nix; echo 2 >e/default.nix",
            "mv d f; mv e d",
            "2",
        ),
        (names, "mkdir -p d/s; touch d/s/a d/s/b", "rm d/s/b", "a"),
        (
            "\"${./d}\" + builtins.readFile ./d/a",
            "mkdir d; echo 1 >d/a; echo 2 >e",
            "mv e d/a",
            "2",
        ),
    ];
    for (expression, prepare, change, value) in cases {
        let flake = world_with(&format!("toString ({expression})"));
        let shell = world_with("\"\"");
        shell.project.write(
            "shell.nix",
            format!("(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = {expression}; }}"),
        );
        shell.allow("use nix\n");
        for world in [flake, shell] {
            bash(&world, prepare);
            while_nix_runs(&world, change);
            let is = only(&world);
            assert!(is.trim_end().ends_with(value), "{expression}: {change}: {is}");
            let calls = world.calls();
            only(&world);
            assert_eq!(world.calls(), calls, "{expression}: {change}");
        }
    }
}

#[test]
fn a_tree_that_leaves_its_commit_while_nix_runs_is_in_the_shell() {
    if !has_nix() {
        return;
    }
    let world = world_with("if self ? rev then \"clean\" else \"dirty\"");
    world.run("nix", &["flake", "lock"]).output().unwrap();
    bash(&world, "commit");
    while_nix_runs(&world, "echo two >apart/v");
    assert_eq!((only(&world).as_str(), world.calls()), ("dirty", 2));
}

#[test]
fn what_does_not_count_may_change_while_nix_runs() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile ./cfg/v");
    while_nix_runs(&world, "echo two >apart/v; touch new cfg/new; mv apart else");
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 1));
}

/// In git, nix sees what git tracks alone.
#[test]
fn files_that_git_does_not_track_may_come_and_go_while_nix_runs() {
    if !has_nix() {
        return;
    }
    for expression in
        ["\"${self}\"", "\"${./cfg}\"", "toString (builtins.attrNames (builtins.readDir ./cfg))"]
    {
        let world = world_with(expression);
        bash(&world, "commit");
        while_nix_runs(&world, "touch cfg/swap; rm cfg/swap; echo x >cfg/log; echo x >log");
        only(&world);
        assert_eq!(world.calls(), 1, "{expression}");
        while_nix_runs(&world, "touch cfg/swap; git add cfg/swap");
        world.edit("flake.nix", "ONLY", "MORE = 1; ONLY");
        only(&world);
        assert_eq!(world.calls(), 3, "{expression}");
    }
}

/// An error that is mended before nix has told it is none.
#[test]
fn a_failure_that_was_overtaken_is_forgotten() {
    if !has_nix() {
        return;
    }
    let world = world_with("import ./x.nix");
    world.run("nix", &["flake", "lock"]).output().unwrap();
    world.project.write("x.nix", "throw \"not yet\"");
    while_nix_runs(&world, "echo '\"one\"' >x.nix");
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 2));
}
