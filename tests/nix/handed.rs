//! What of a flake goes to the code of others, as a whole: functions of its inputs, and derivations.

use super::inputs::{only, world_with};
use super::{World, has_nix};

/// The flake itself, by no name that tells.
const FIRST: &str = "builtins.elemAt (builtins.attrValues inputs) 0";
const SETTINGS: [&str; 2] = ["", "[nix]\nin_place = true\n"];

/// A flake whose shell has what a function of its input makes of all inputs as `ONLY`.
fn world_with_function(function: &str) -> World {
    let world = world_with("sub.lib.make { inherit inputs; }");
    world.edit("flake.nix", "{ self, sub }:", "{ self, sub }@inputs:");
    world.edit("flake.nix", "inherit (sub.lib) greeting;", "");
    let flake = format!("{{ outputs = _: {{ lib.make = {{ inputs }}: {function}; }}; }}");
    world.project.write("sub/flake.nix", flake);
    world
}

#[test]
fn a_function_of_an_input_may_read_the_flake_it_is_given() {
    if !has_nix() {
        return;
    }
    let world = world_with_function(&format!("builtins.readFile ({FIRST} + \"/cfg/v\")"));
    for settings in SETTINGS {
        world.project.write_at("home/.config/envr/config.toml", settings);
        world.project.write("cfg/v", "one");
        assert_eq!(only(&world), "one", "{settings}");
        world.edit("cfg/v", "one", "two");
        assert_eq!(only(&world), "two", "{settings}");
    }
}

/// As what makes a flake of parts.
#[test]
fn a_function_of_an_input_that_reads_nothing_has_nix_asked_no_more_often() {
    if !has_nix() {
        return;
    }
    for function in ["\"one\"", "builtins.readFile ./v", "\"one\" # builtins.readFile inputs.self"]
    {
        let world = world_with_function(&format!("{function}\n"));
        world.project.write("sub/v", "one");
        assert_eq!(only(&world), "one", "{function}");
        world.edit("apart/v", "one", "two");
        assert_eq!((only(&world).as_str(), world.calls()), ("one", 1), "{function}");
    }
}

#[test]
fn a_derivation_that_is_made_of_the_flake_follows_it() {
    if !has_nix() {
        return;
    }
    let made = "name = \"x\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"";
    let world = world_with_function(&format!(
        "builtins.seq (builtins.derivation {{ {made}; src = {FIRST}; }}).drvPath \"one\""
    ));
    world.run("nix", &["flake", "lock"]).output().unwrap();
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 1));
    world.edit("apart/v", "one", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 2));
}

/// nix does not tell what a filter looks at.
#[test]
fn a_source_that_is_cleaned_counts_where_a_derivation_has_it() {
    if !has_nix() {
        return;
    }
    let make = |name: &str| {
        format!(
            "let cleanSource = builtins.filterSource (path: kind: true); made = pkgs.mkDerivation {{ name = \"made\"; src = cleanSource ./cfg; buildCommand = \": >$out\"; }}; in \"${{{name}}}\""
        )
    };
    for (name, calls) in [("made", 2), ("toString 1", 1)] {
        let world = world_with(&make(name));
        let before = only(&world);
        world.edit("cfg/v", "one", "two");
        assert_eq!(only(&world) != before, calls == 2, "{name}");
        assert_eq!(world.calls(), calls, "{name}");
    }
    let world = World::new();
    let only_made = make("made").replace("pkgs.", "(import ./pkgs.nix { }).");
    world.project.write("cfg/v", "one");
    world.project.write(
        "shell.nix",
        format!("(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = {only_made}; }}"),
    );
    world.allow("use nix\n");
    let before = only(&world);
    world.edit("cfg/v", "one", "two");
    assert_ne!(only(&world), before);
}
