//! Nobody waits who need not.

use super::{World, has_nix};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn a_prompt_goes_on_with_the_last_shell() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.write_at("before-nix", "read -r <\"$root/go\"\n");
    let go = world.project.path("go");
    rustix::fs::mkfifoat(rustix::fs::CWD, &go, rustix::fs::Mode::RWXU).unwrap();
    world.edit("pkgs.nix", "plain value", "made anew");
    let said = shell.any_prompt(0);
    assert!(
        said.contains("envr: nix: making `.` anew in the background: `pkgs.nix` changed\n"),
        "{said}"
    );
    assert_eq!(shell.get("PLAIN"), Some("plain value"));
    // Nothing happens until it is done.
    shell.prompt("");
    world.project.write("unrelated", "");
    shell.prompt("");
    std::io::Write::write_all(
        &mut std::fs::OpenOptions::new().write(true).open(&go).unwrap(),
        b"\n",
    )
    .unwrap();
    world.settle();
    let said = shell.any_prompt(0);
    assert!(!said.contains("anew"), "{said}");
    assert_eq!((shell.get("PLAIN"), world.calls()), (Some("made anew"), 2));
}

#[test]
fn ctrl_c_ends_the_waiting_alone() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("before-nix", "read -r <\"$root/go\"\n");
    let go = world.project.path("go");
    rustix::fs::mkfifoat(rustix::fs::CWD, &go, rustix::fs::Mode::RWXU).unwrap();
    let mut envr = world.run(crate::test::ENVR, &["export", "json"]);
    let mut envr = envr.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever opens the pipe for writing waits for nix to read.
    let mut nix = std::fs::OpenOptions::new().write(true).open(&go).unwrap();
    kill_process(Pid::from_child(&envr), Signal::INT).unwrap();
    let said: Vec<String> =
        BufReader::new(envr.stderr.take().unwrap()).lines().map(|line| line.unwrap()).collect();
    assert_eq!(envr.wait().unwrap().code(), Some(1));
    let note = "envr: nix goes on in the background; `envr nix log` shows what it does";
    assert!(said.iter().any(|line| line == note), "{said:?}");
    std::io::Write::write_all(&mut nix, b"\n").unwrap();
    world.settle();
    assert_eq!(world.calls(), 1);
}

#[test]
fn a_lock_goes_with_its_holder() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("before-nix", "kill -9 $PPID; kill -9 $$\n");
    let said = world.project.shell().any_prompt(1);
    assert!(
        said.contains("envr: error: could not make the nix shell `.`: nothing came to "),
        "{said}"
    );
    std::fs::remove_file(world.project.path("before-nix")).unwrap();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("plain value"));
}
