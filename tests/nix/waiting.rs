//! Nobody waits who need not.

use super::{World, has_nix};
use crate::terminal::{Shell, Terminal};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

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

/// A `nix` that says what it builds, and goes on when a line comes.
const SLOW: &str = r#"#!/bin/sh
echo '@nix {"action":"start","fields":["/s/0123-slow-1.0.drv"],"id":1,"type":105}' >&2
echo '@nix {"action":"result","fields":["step one"],"id":1,"type":101}' >&2
read -r line <~/go
echo '{"variables":{"A":{"type":"exported","value":"made"}}}'
"#;

#[test]
fn a_terminal_shows_what_nix_does() {
    Shell::Bash.drive(|shell| {
        let mut terminal = Terminal::start(shell);
        terminal.write("tools/nix", SLOW);
        terminal.write("p/.envrc", "use flake\n");
        terminal.run("chmod +x ~/tools/nix; mkfifo ~/go; PATH=~/tools:$PATH; cd ~/p");
        terminal.type_line("envr allow");
        let late = Instant::now() + Duration::from_secs(20);
        while !terminal.screen().contains("envr: nix: building `slow-1.0`, 0 done\n") {
            assert!(Instant::now() < late, "{}", terminal.screen());
        }
        terminal.interrupt();
        let said = terminal.wait_prompt();
        let note = "envr: nix goes on in the background; `envr nix log` shows what it does\n";
        assert!(said.contains(note) && !said.contains("0 done"), "{said}");
        assert!(terminal.run("envr status").contains("nix shell `.` is being made\n"));
        terminal.type_line("envr nix log");
        while !terminal.screen().contains("  building `slow-1.0`\n  > step one\n") {
            assert!(Instant::now() < late, "{}", terminal.screen());
        }
        // It follows until nix has ended; the prompt after that has the shell.
        terminal.write("go", "\n");
        terminal.wait_prompt();
        assert_eq!(terminal.var("A").as_deref(), Some("made"));
    });
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

    // A command does not run in the last shell instead.
    world.project.write_at("before-nix", "kill -9 $PPID; kill -9 $$\n");
    world.edit("pkgs.nix", "plain value", "another");
    let run = world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("could not make the nix shell `.`: nothing came to "), "{said}");
}
