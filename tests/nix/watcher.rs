//! The watcher of `nix.watch`: what changes is made anew before a prompt asks.

use super::{World, has_nix, next};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::net::UnixStream;

const DIR: &str = "home/.cache/envr/nix-watcher";

/// A world with a watcher that watches for so long, in which nix tells through a pipe that it evaluates.
fn world(watched: &str) -> (World, File) {
    let world = World::new();
    world
        .project
        .write_at("home/.config/envr/config.toml", format!("[nix]\nwatch = \"{watched}\"\n"));
    world.project.write_at("no-archive", "");
    let pipe = world.pipe("evaluates");
    world.project.write_at("before-nix", "echo \"$PWD\" >\"$root/evaluates\"\n");
    (world, pipe)
}

/// What was written until now.
fn drain(pipe: &mut File) -> String {
    let mut bytes = Vec::new();
    // It has no end: whoever reads it is told to come again.
    _ = pipe.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Waits until no watcher has the lock.
fn end(world: &World) {
    let lock = File::open(world.project.path(DIR).join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
}

#[test]
fn a_shell_is_made_anew_before_a_prompt_asks() {
    if !has_nix() {
        return;
    }
    let (world, mut pipe) = world("10m");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    next(&mut pipe);
    // An edit in the very tick in which nix begins has it run twice.
    for (from, to) in [("plain value", "seen at once"), ("seen at once", "seen again")] {
        drain(&mut pipe);
        world.edit("pkgs.nix", from, to);
        next(&mut pipe);
        world.settle();
        let said = shell.any_prompt(0);
        assert!(!said.contains("anew"), "{said}");
        assert_eq!(shell.get("PLAIN"), Some(to));
    }
    // What looks new but is not, and what was not read, has nobody ask nix, even where a prompt has the watcher look.
    drain(&mut pipe);
    world.project.write_at("before-nix", "grep -c changed stdenv/setup >\"$root/evaluates\"\n");
    world.edit("pkgs.nix", "seen again", "seen again");
    world.project.write("unrelated", "");
    world.project.shell().any_prompt(0);
    world.edit("stdenv/setup", "# The attribute", "# changed");
    assert_eq!(next(&mut pipe).lines().next(), Some("1"));
    // Nothing is at work when the world goes.
    world.settle();
}

#[test]
fn a_directory_that_gives_its_place_to_another_is_seen() {
    if !has_nix() {
        return;
    }
    let (world, mut pipe) = world("10m");
    world.edit("pkgs.nix", "\"plain value\"", "import ./dir/a.nix");
    world.project.write("dir/a.nix", "\"one\"");
    world.project.write("other/a.nix", "\"two\"");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    next(&mut pipe);
    world.settle();
    drain(&mut pipe);
    // Two names change places, so that at no time there is none.
    let [dir, other] = ["dir", "other"].map(|name| world.project.path("project").join(name));
    let cwd = rustix::fs::CWD;
    rustix::fs::renameat_with(cwd, &dir, cwd, &other, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    next(&mut pipe);
    world.settle();
    drain(&mut pipe);
    world.edit("dir/a.nix", "two", "three");
    next(&mut pipe);
    world.settle();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("three"));
}

#[test]
fn there_is_one_watcher_for_all_projects_and_it_starts_again() {
    if !has_nix() {
        return;
    }
    let (world, mut pipe) = world("10m");
    let (project, other) = (world.project.path("project"), world.project.path("other"));
    crate::cases::copy(&project, &other);
    world.project.envr(["allow", "../other"]).success();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    next(&mut pipe);
    let socket = world.project.path(DIR).join("socket");
    let inode = |path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    let first = inode(&socket);
    let mut shell = world.project.shell();
    shell.cd("other");
    shell.any_prompt(0);
    next(&mut pipe);
    drain(&mut pipe);
    assert_eq!(inode(&socket), first);

    // What is denied by now is left alone.
    world.project.envr(["deny"]).success();
    world.edit("pkgs.nix", "plain value", "not evaluated");
    world.project.write_at(
        "other/pkgs.nix",
        world.project.read("other/pkgs.nix").replace("plain value", "evaluated"),
    );
    let mut evaluated = next(&mut pipe);
    world.project.envr(["exec", "../other", "true"]).any_stderr().success();
    evaluated.push_str(&drain(&mut pipe));
    assert!(evaluated.lines().all(|dir| dir == other.to_str().unwrap()), "{evaluated}");

    // It goes with its socket; the next load has another one.
    std::fs::remove_file(&socket).unwrap();
    end(&world);
    shell.any_prompt(0);
    let mut shell = world.project.shell();
    shell.cd("other");
    shell.any_prompt(0);
    UnixStream::connect(&socket).unwrap();
}

#[test]
fn it_ends_when_nothing_was_loaded_for_long() {
    if !has_nix() {
        return;
    }
    let (world, mut pipe) = world("1ms");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    next(&mut pipe);
    end(&world);
    // Without it all is as ever.
    world.edit("pkgs.nix", "plain value", "seen by a prompt");
    let said = shell.any_prompt(0);
    assert!(said.contains("anew in the background"), "{said}");
    world.settle();
    shell.any_prompt(0);
    assert_eq!((shell.get("PLAIN"), world.calls()), (Some("seen by a prompt"), 2));
}

#[test]
fn without_a_word_in_the_configuration_there_is_none() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.shell().any_prompt(0);
    world.project.shell().any_prompt(0);
    assert!(!world.project.path(DIR).exists());
}
