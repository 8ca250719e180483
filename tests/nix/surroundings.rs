//! Inputs that no file of a project names: nix's settings, its lock, the times of files, what it looks for on its way.

use super::inputs::{only, world_with};
use super::traced::bash;
use super::{World, has_nix};

/// Whether each change has nix asked once more.
fn check(world: &World, changes: &[&str]) {
    world.settle();
    for change in changes {
        let calls = world.calls();
        bash(world, change);
        world.settle();
        assert_eq!(world.calls(), calls + 1, "{change}");
    }
}

#[test]
fn settings_count_wherever_they_stand() {
    if !has_nix() {
        return;
    }
    let world = world_with("\"one\"");
    bash(
        &world,
        "echo '!include more.conf # it' >a.conf; echo >more.conf; cp a.conf b.conf; echo a >which",
    );
    world.allow("export NIX_USER_CONF_FILES=$PWD/$(cat which).conf\nuse nix\n");
    check(
        &world,
        &[
            "echo cores = 1 >more.conf",
            "echo include last.conf >>a.conf; echo >last.conf",
            "echo cores = 1 >last.conf",
            "echo b >which",
        ],
    );
    world.allow("unset NIX_USER_CONF_FILES\nexport XDG_CONFIG_DIRS=$PWD/all\nuse nix\n");
    check(&world, &["mkdir -p all/nix; echo cores = 1 >all/nix/nix.conf"]);
}

#[test]
fn an_overlay_that_comes_counts() {
    if !has_nix() {
        return;
    }
    let world = world_with("\"one\"");
    bash(&world, "mkdir -p ../home/.config/nixpkgs/overlays own");
    world.allow("export NIX_PATH=nixpkgs-overlays=$PWD/own\nuse nix\n");
    check(&world, &["echo >../home/.config/nixpkgs/overlays/a.nix", "echo >own/a.nix"]);
}

#[test]
fn a_flake_that_is_not_tracked_is_in_the_way_of_one_above() {
    if !has_nix() {
        return;
    }
    let world = world_with("\"one\"");
    world.project.write("below/.envrc", "use flake\n");
    world.run("nix", &["flake", "lock"]).output().unwrap();
    bash(&world, "commit");
    world.project.envr(["allow", "below"]).any_stderr().success();
    world.project.envr(["exec", "below", "true"]).any_stderr().success();
    world.project.write("below/flake.nix", "{ }");
    world.project.envr(["exec", "below", "true"]).any_stderr().failure();
}

/// Outside of a repository it is the time of the newest file.
#[test]
fn the_time_of_a_flake_counts_where_it_is_asked_for() {
    if !has_nix() {
        return;
    }
    for asked in ["toString self.lastModified", "builtins.substring 0 8 self.lastModifiedDate"] {
        let world = world_with(asked);
        bash(&world, "find . -exec touch -h -d 2020-01-02 {} +");
        let before = only(&world);
        bash(&world, "touch -d 2031-01-02 apart/v");
        assert_ne!(only(&world), before, "{asked}");
        let calls = world.calls();
        only(&world);
        assert_eq!(world.calls(), calls, "{asked}");
    }
}

#[test]
fn what_nix_saw_before_it_wrote_the_lock_is_not_kept() {
    if !has_nix() {
        return;
    }
    for (asked, value) in [
        ("if self ? rev then \"clean\" else \"dirty\"", "dirty"),
        ("if builtins.pathExists ./flake.lock then \"locked\" else \"not\"", "locked"),
        ("builtins.substring 0 0 (builtins.readFile ./flake.lock) + \"locked\"", "locked"),
    ] {
        let world = world_with(asked);
        bash(&world, "commit");
        assert_eq!((only(&world).as_str(), world.calls()), (value, 1), "{asked}");
    }
}

/// Some versions of nix evaluate without a lock what they evaluate otherwise with it, and the tree is another one.
#[test]
fn a_flake_without_a_lock_gets_it_before_it_is_evaluated() {
    if !has_nix() {
        return;
    }
    for (asked, inputs) in [
        ("\"${self}\"", ""),
        ("\"${own}\"", "inputs.own = { url = \"path:./cfg\"; flake = false; };"),
    ] {
        let world = world_with(asked);
        world.edit(
            "flake.nix",
            "outputs = { self, sub }",
            &format!("{inputs} outputs = {{ self, sub, ... }}"),
        );
        if !inputs.is_empty() {
            world.edit("flake.nix", "{ self, sub, ... }:", "{ self, sub, own }:");
        }
        let first = only(&world);
        assert_eq!(world.calls(), 1, "{asked}");
        world.project.envr(["nix", "refresh"]).any_stderr().success();
        assert_eq!(only(&world), first, "{asked}");
    }
}
