//! `examples/python-nix`, with something in place of nixpkgs.

use super::{World, has_nix};
use crate::cases::copy;
use std::path::Path;

/// As much of nixpkgs as the example uses; its Python is the shell.
const NIXPKGS: &str = r#"{
  outputs = _: {
    lib.genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
    legacyPackages.x86_64-linux =
      let fixture = import ./pkgs.nix { system = "x86_64-linux"; }; in {
        mkShell = attrs: fixture.mkShell (removeAttrs attrs [ "packages" ] // { name = "example"; buildInputs = attrs.packages; });
        python3.withPackages = packages: fixture.mkDerivation {
          name = "python3-with-${builtins.head (packages { pytest = "pytest"; })}";
          buildCommand = "mkdir -p $out/bin; printf '#!/bin/sh\necho \"$GREETING\"\n' >$out/bin/python3; chmod +x $out/bin/python3";
        };
      };
  };
}"#;

#[test]
fn a_newcomer_enters_it() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("nixpkgs/flake.nix", NIXPKGS);
    copy(&world.project.path("project/stdenv"), &world.project.path("nixpkgs/stdenv"));
    let fixture = world.project.read("project/pkgs.nix");
    world.project.write_at("nixpkgs/pkgs.nix", fixture);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python-nix");
    copy(&example, &world.project.path("project"));
    let nixpkgs = format!("path:{}", world.project.path("nixpkgs").display());
    world.edit("flake.nix", "github:NixOS/nixpkgs/nixos-unstable", &nixpkgs);
    world.project.allow();
    let run = || {
        let run = world.project.envr(["exec", "--", "python3", "app.py"]).any_stdout().any_stderr();
        String::from_utf8(run.success().stdout).unwrap()
    };
    assert_eq!(run(), "Hello from a nix shell\n");
    world.edit("greeting.txt", "nix shell", "shell of nix");
    assert_eq!(run(), "Hello from a shell of nix\n");
    assert_eq!(run(), "Hello from a shell of nix\n");
    assert_eq!(world.calls(), 2);
}
