//! What nix warns of and traces is shown once, where somebody sees it.

use super::{World, has_nix, next};

const SHELL: &str = "default = pkgs.shell;";

/// What a command says beside the lines that any load has.
fn told(said: &[u8]) -> String {
    let said = String::from_utf8(said.to_vec()).unwrap();
    let quoted = said.lines().filter(|line| line.starts_with("    ") || line.contains("nix said"));
    quoted.collect::<Vec<_>>().join("\n")
}

fn loaded(world: &World) -> String {
    told(&world.project.envr(["exec", ".", "true"]).any_stderr().success().stderr)
}

#[test]
fn traces_are_told_once() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.edit("flake.nix", SHELL, r#"default = builtins.trace "one\ntwo" pkgs.shell;"#);
    assert_eq!(loaded(&world), "envr: nix said of `.`:\n    trace: one\n    two");
    assert_eq!(loaded(&world), "");
    let anew = world.project.envr(["nix", "refresh"]).any_stderr().success();
    assert_eq!(told(&anew.stderr), "envr: nix said of `.`:\n    trace: one\n    two");
    assert_eq!(loaded(&world), "");
    let log = world.project.envr(["nix", "log"]).any_stdout().success().stdout;
    assert!(String::from_utf8(log).unwrap().contains("\n  trace: one\n  two\n"));
}

#[test]
fn a_prompt_tells_what_nix_said_behind_its_back() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut ended = world.pipe("ended");
    world.project.write_at("after-roots", "echo >\"$root/ended\"\n");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    next(&mut ended);
    world.edit("flake.nix", SHELL, r#"default = builtins.trace "seen" pkgs.shell;"#);
    assert_eq!(told(shell.any_prompt(0).as_bytes()), "");
    next(&mut ended);
    assert_eq!(told(shell.any_prompt(0).as_bytes()), "envr: nix said of `.`:\n    trace: seen");
    world.edit("flake.nix", "seen", "anew");
    world.edit("flake.nix", "anew", "seen");
    assert_eq!(told(shell.any_prompt(0).as_bytes()), "");
}

#[test]
fn the_lock_that_nix_writes_is_told() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let said = loaded(&world);
    let first = said.lines().nth(1).unwrap_or_default();
    assert!(first.contains("creating lock file") && first.contains("flake.lock"), "{said}");
    assert_eq!(loaded(&world), "");
}

#[test]
fn an_error_stands_behind_what_was_traced_before_it() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let long = r#"builtins.concatStringsSep "" (builtins.genList (_: "x") 100000)"#;
    let traced = format!(r#"default = builtins.trace ({long}) (throw "the reason");"#);
    world.edit("flake.nix", SHELL, &traced);
    let output = world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = told(&output.stderr);
    assert!(said.starts_with("    trace: xxx") && said.contains("the reason"), "{said}");
    assert!(said.len() < 20_000, "{}", said.len());
}
