//! The terminal view, in a real terminal.

use super::Services;
use crate::terminal::{Shell, Terminal};
use std::time::{Duration, Instant};

const TOML: &str = "[services.web]\ncommand = 'echo the needle; seq 100 300; echo web speaks; exec sleep 1000'\n\
    [services.worker]\ncommand = 'echo worker speaks; exec sleep 1000'\n";

/// Waits until the screen fits, by looking at it: that costs a process, which is pause enough.
#[track_caller]
fn shows(terminal: &Terminal, what: &str, fits: impl Fn(&str) -> bool) -> String {
    let late = Instant::now() + Duration::from_secs(20);
    loop {
        let screen = terminal.screen();
        if fits(&screen) {
            return screen;
        }
        assert!(Instant::now() < late, "{what}:\n{screen}");
    }
}

fn state_of(screen: &str, name: &str) -> String {
    let row = screen.lines().find(|line| line.starts_with(&format!("{name} ")));
    row.and_then(|row| row.split_whitespace().nth(1)).unwrap_or_default().to_string()
}

fn attached() -> Terminal {
    let mut terminal = Terminal::start(Shell::Bash);
    terminal.write("p/envr.toml", TOML);
    terminal.run("cd p");
    terminal.run("envr allow");
    terminal.run("envr up --wait");
    assert_eq!(terminal.status, 0, "{}", terminal.screen());
    terminal.type_line("envr attach");
    shows(&terminal, "it is drawn", |screen| {
        screen.contains("web speaks") && screen.contains("q detach")
    });
    terminal
}

#[test]
fn it_shows_finds_orders_and_leaves() {
    Shell::Bash.drive(|_| {
        let mut terminal = attached();
        terminal.type_bytes(b"j");
        shows(&terminal, "the next one", |screen| {
            screen.contains("worker speaks") && !screen.contains("web speaks")
        });
        terminal.type_bytes(b"k/NEEDLE\r");
        shows(&terminal, "what is looked for", |screen| {
            screen.contains("the needle") && !screen.contains("web speaks")
        });
        terminal.type_bytes(b"x");
        shows(&terminal, "stopped", |screen| state_of(screen, "web") == "down");
        terminal.type_bytes(b"s");
        shows(&terminal, "started", |screen| state_of(screen, "web") == "up");
        terminal.type_bytes(b"\x1b[Fr");
        shows(&terminal, "restarted", |screen| {
            screen.contains("1 restarts") || screen.contains("2 restarts")
        });
        terminal.type_bytes(b"q");
        terminal.wait_prompt();
        assert_eq!(terminal.status, 0);
        // The screen is as it was, and so is the terminal: what is typed is seen.
        assert!(!terminal.screen().contains("q detach"));
        assert_eq!(terminal.run("echo seen"), "seen\n");
        assert!(terminal.run("envr ps").contains("worker  up"));
        terminal.run("envr down");
    });
}

#[test]
fn it_outlives_the_supervisor() {
    Shell::Bash.drive(|_| {
        let mut terminal = attached();
        let mut other = terminal.beside().start();
        other.run("cd p");
        other.run("envr down");
        shows(&terminal, "the end", |screen| screen.contains("the supervisor ended"));
        other.run("envr up --wait");
        let screen = shows(&terminal, "the next one", |screen| screen.contains("q detach"));
        assert_eq!(state_of(&screen, "web"), "up");
        terminal.interrupt();
        terminal.wait_prompt();
        other.run("envr down");
    });
}

#[test]
fn without_a_terminal_it_says_so() {
    let services = Services::new(TOML);
    assert_eq!(
        services.fail(["attach"]),
        "envr: error: could not attach: standard input and output are not a terminal\n"
    );
}
