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

fn running(toml: &str) -> Terminal {
    let mut terminal = Terminal::start(Shell::Bash);
    terminal.write("p/envr.toml", toml);
    terminal.run("cd p");
    terminal.run("envr allow");
    terminal.run("envr up --wait");
    assert_eq!(terminal.status, 0, "{}", terminal.screen());
    terminal
}

fn attached() -> Terminal {
    let mut terminal = running(TOML);
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

const SPEAKERS: &str = r#"
[services.colours]
command = '''
printf '\033[31mred\033[0m plain \033]0;TITLE\007\033[2J\033[?1049l\377\000 end\n'
echo "$(head -c 200 /dev/zero | tr '\000' y)END"; exec sleep 1000
'''
[services.flood]
command = 'exec seq 1 1000000000'
log = { size = '1M', files = 2 }
[services.many]
command = 'seq -f "line %.0f" 1 10000; exec sleep 1000'
"#;

#[test]
fn whatever_services_say_in_windows_of_every_size() {
    let mut terminal = running(SPEAKERS);
    terminal.type_line("envr attach");
    shows(&terminal, "all of it is text", |screen| {
        screen.contains("red plain \\u{1b}]0;TITLE\\u{7}\\u{1b}[2J\\u{1b}[?1049l")
    });
    let coloured = terminal.coloured();
    let red = ["\x1b[31mred\x1b[", "\x1b[38;5;1mred\x1b["];
    assert!(red.iter().any(|red| coloured.contains(red)), "{coloured:?}");
    terminal.type_bytes(b"w");
    shows(&terminal, "a long line in several rows", |screen| screen.contains("yEND"));
    for (columns, rows) in [(20, 5), (200, 50), (3, 2), (100, 30), (20, 5)] {
        terminal.resize(columns, rows);
    }
    shows(&terminal, "a small window", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.len() == 5 && lines[0].starts_with("services──") && lines[4].starts_with("q detach")
    });
    terminal.resize(80, 24);
    // Who cannot keep up with a flood still hears its keys.
    terminal.type_bytes(b"j");
    shows(&terminal, "the flood", |screen| screen.contains("flood  pid "));
    terminal.type_bytes(b"j");
    shows(&terminal, "the last of many", |screen| screen.contains("│line 10000"));
    terminal.type_bytes(b"\x1b[H");
    shows(&terminal, "the first of many", |screen| screen.contains("│line 5\n"));
    terminal.type_bytes(b"fE 999\r");
    shows(&terminal, "those with the words", |screen| {
        screen.contains("only `E 999`")
            && screen.contains("line 9999")
            && !screen.contains("line 5\n")
    });
    terminal.type_bytes(b"q");
    terminal.wait_prompt();
    terminal.run("envr down");
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    let mut terminal = running(TOML);
    for end in ["q", "\x03", "TERM", "INT", "HUP"] {
        terminal.type_line("sh -c 'echo $$ >../pid; exec envr attach'");
        shows(&terminal, "it is drawn", |screen| screen.contains("q detach"));
        if end.len() > 1 {
            let pid = terminal.read("pid").trim().parse().unwrap();
            super::kill(pid, end);
        } else {
            terminal.type_bytes(end.as_bytes());
        }
        terminal.wait_prompt();
        assert_eq!(terminal.status, 0, "{end}");
        assert_eq!(terminal.run("echo seen"), "seen\n", "{end}");
        assert!(!terminal.screen().contains("q detach"), "{end}");
    }
    assert!(terminal.run("TERM=dumb envr attach").contains(
        "envr: error: could not attach: the terminal is `dumb`, it only shows lines\n\
         envr: hint: envr logs -f\n"
    ));
    terminal.run("envr down");
    assert!(terminal.run("envr attach").contains("no services of this project are running"));
}

#[test]
fn without_a_terminal_it_says_so() {
    let services = Services::new(TOML);
    assert_eq!(
        services.fail(["attach"]),
        "envr: error: could not attach: standard input and output are not a terminal\n"
    );
}
