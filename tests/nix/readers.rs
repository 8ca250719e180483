//! What a project's own functions read of what they are given, in a flake and where an expression is not traced.

use super::inputs::{only, world_with};
use super::traced::bash;
use super::{World, has_nix};

const LIBRARY: &str = "rec {
  read = p: builtins.readFile (p + \"/v\");
  both = p: import p + read p;
  of = { dir }: both dir;
  buildThing = attributes: read attributes.src;
  mkDerivation = { src, ... }: read src;
  readSource = read;
  cleanSource = builtins.filterSource (path: kind: true);
  text = attributes: builtins.readFile attributes.file;
}";

/// A flake with such functions as `own`.
fn world_with_own(expression: &str) -> World {
    let world = world_with(&format!("let own = import ./own.nix; in {expression}"));
    world.project.write("own.nix", LIBRARY);
    world.project.write("cfg/default.nix", "\"\"");
    world.project.write("cfg/x.nix", "one");
    world.project.write("made.nix", "let mkDerivation = x: x; in mkDerivation { src = ./cfg; }");
    world
}

#[test]
fn what_a_function_of_the_flake_reads_below_its_argument_counts() {
    if !has_nix() {
        return;
    }
    let ways = [
        "own.read ./cfg",
        "own.both ./cfg",
        "toString (map own.both [ ./cfg ])",
        "own.of { dir = ./cfg; }",
        "own.buildThing { src = ./cfg; }",
        "own.mkDerivation { src = ./cfg; }",
        "builtins.readFile ((import ./made.nix).src + \"/v\")",
        "own.readSource ./cfg",
        "let src = own.cleanSource ./cfg; in builtins.readFile \"${src}/v\"",
        "toString (map builtins.readFile [ ./cfg/x.nix ])",
        "own.text { file = ./cfg/x.nix; }",
        "builtins.substring 0 3 (builtins.readFile ./cfg/v + \"-dev\")",
        "builtins.substring 0 3 (own.read ./cfg + \"/x\")",
    ];
    for way in ways {
        let world = world_with_own(way);
        assert_eq!(only(&world), "one", "{way}");
        bash(&world, "printf two >cfg/v; printf two >cfg/x.nix");
        assert_eq!((only(&world).as_str(), world.calls()), ("two", 2), "{way}");
        bash(&world, "find . -type f -exec touch {} +; echo more >apart/v");
        assert_eq!((only(&world).as_str(), world.calls()), ("two", 2), "{way}");
    }
}

/// Where nobody reads, what is only named does not count.
#[test]
fn what_nobody_reads_has_nix_asked_no_more_often() {
    if !has_nix() {
        return;
    }
    let ways = [
        "let cleanSource = builtins.filterSource (path: kind: true); src = cleanSource ./cfg; in builtins.seq pkgs.plain.drvPath \"one\"",
        "let modules = [ ./cfg/x.nix ./cfg/default.nix ]; in builtins.seq pkgs.plain.drvPath \"one\"",
        "let mkDerivation = x: x.name; in mkDerivation { name = \"one\"; src = ./cfg; }",
        "(f: \"one\") ./cfg",
    ];
    for way in ways {
        let world = world_with(way);
        world.project.write("cfg/default.nix", "\"\"");
        world.project.write("cfg/x.nix", "one");
        // A derivation that has no source at all says nothing of others.
        world.edit("pkgs.nix", "rec {", "rec { plain = derivation { name = \"p\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; };");
        assert_eq!(only(&world), "one", "{way}");
        bash(&world, "printf two >cfg/v; printf two >cfg/x.nix");
        assert_eq!((only(&world).as_str(), world.calls()), ("one", 1), "{way}");
    }
}

/// Though it may look around, nix copies the flake.
#[test]
fn a_flake_that_may_look_around_is_followed_outside_too() {
    if !has_nix() {
        return;
    }
    for arguments in ["--impure", "--option pure-eval false"] {
        for way in ["toString ./cfg", "OUTSIDE"] {
            let world = world_with("");
            let outside = world.project.path("outside").display().to_string();
            let way = way.replace("OUTSIDE", &outside);
            world.edit(
                "flake.nix",
                "ONLY = ",
                &format!("ONLY = let d = {way}; in builtins.readFile (d + \"/v\")"),
            );
            world.project.write_at("outside/v", "one");
            world.allow(&format!("use flake .#bare {arguments}\n"));
            assert_eq!(only(&world), "one", "{arguments} {way}");
            bash(&world, "printf two | tee cfg/v >../outside/v");
            assert_eq!(only(&world), "two", "{arguments} {way}");
        }
    }
}

#[test]
fn what_an_argument_reads_counts() {
    if !has_nix() {
        return;
    }
    let world = world_with("");
    world.project.write(
        "shell.nix",
        "{ v ? \"\", ... }: (import ./pkgs.nix { }).mkShell { name = \"x\"; ONLY = v; }",
    );
    world.project.write("read.nix", "p: builtins.readFile p");
    world.project.write("cfg/v", "one");
    for argument in ["builtins.readFile ./cfg/v", "(import ./read.nix) ./cfg/v # it"] {
        world.allow(&format!("use nix --arg v '{argument}'\n"));
        world.project.write("cfg/v", "one");
        assert_eq!(only(&world), "one", "{argument}");
        world.project.write("cfg/v", "two");
        assert_eq!(only(&world), "two", "{argument}");
    }
}

#[test]
fn a_flake_that_goes_to_its_inputs_counts_whole() {
    if !has_nix() {
        return;
    }
    let world =
        world_with("builtins.readFile (builtins.head (builtins.attrValues inputs) + \"/cfg/v\")");
    world.edit("flake.nix", "{ self, sub }:", "{ self, sub }@inputs:");
    assert_eq!(only(&world), "one");
    world.project.write("cfg/v", "two");
    assert_eq!(only(&world), "two");

    let world = world_with("sub.lib.v");
    world.edit("flake.nix", "outputs =", "inputs.sub.inputs.root.follows = \"\"; outputs =");
    world.edit("flake.nix", "inherit (sub.lib) greeting;", "");
    world.project.write(
        "sub/flake.nix",
        "{ outputs = { self, root }: { lib.v = builtins.readFile \"${root}/cfg/v\"; }; }",
    );
    assert_eq!(only(&world), "one");
    world.project.write("cfg/v", "two");
    assert_eq!(only(&world), "two");
}

/// Newer nix names the files of such an input otherwise than by where the store has them.
#[test]
fn an_input_in_git_may_read_what_it_is_given() {
    if !has_nix() {
        return;
    }
    let read = "p: builtins.readFile (p + \"/v\")";
    let cases = [
        (read, "sub.lib.f ./cfg", ["one", "two"]),
        (read, "sub.lib.f (self + \"/cfg\")", ["one", "two"]),
        ("p: \"same\"", "sub.lib.f ./cfg", ["same", "same"]),
    ];
    for (function, expression, values) in cases {
        let world = world_with(expression);
        world.project.write("cfg/default.nix", "{ }");
        world.project.write_at("lib/flake.nix", "{ outputs = _: { lib = import ./lib.nix; }; }");
        world.project.write_at("lib/lib.nix", format!("{{ f = {function}; greeting = \"\"; }}"));
        bash(&world, "commit ../lib");
        let url = format!("git+file://{}", world.project.path("lib").display());
        world.edit("flake.nix", "flake:fixture-sub", &url);
        assert_eq!((only(&world).as_str(), world.calls()), (values[0], 1), "{expression}");
        world.project.write("cfg/v", "two");
        let calls = 1 + usize::from(values[0] != values[1]);
        assert_eq!((only(&world).as_str(), world.calls()), (values[1], calls), "{expression}");
    }
}

/// What is behind a link is not what stands in the directory.
#[test]
fn a_link_to_a_large_directory_makes_no_large_one() {
    if !has_nix() {
        return;
    }
    let copied = world_with("\"${./.}\"");
    let expression = world_with("");
    expression
        .project
        .write("shell.nix", "(import ./pkgs.nix { }).mkShell { name = \"x\"; ONLY = \"${./.}\"; }");
    expression.allow("use nix\n");
    for world in [copied, expression] {
        bash(
            &world,
            "mkdir ../many; touch ../many/{1..1001}; ln -s ../many result; ln -s ../outside near; mkdir ../outside",
        );
        let before = only(&world);
        world.project.write("apart/v", "two");
        assert_ne!(only(&world), before);
    }
}
