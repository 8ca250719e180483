//! A prompt at which nothing changed starts no process, and one at which anything changed says so.

mod stale;
mod traced;

use crate::terminal::{ENVR, Shell, Terminal};
use crate::test::Project;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

drive! { every_byte_of_a_path a_bell_asks too_many_files_ask_always a_pruned_stamp_asks }

/// Asks until the shell has a check that holds: files must be older than a tick of the clock for that. From then on the
/// clock by which bash and fish ask again stands still.
#[track_caller]
fn settle(terminal: &mut Terminal) {
    terminal.run(match terminal.shell {
        Shell::Bash => {
            "unset EPOCHSECONDS; EPOCHSECONDS=1000000; until __envr_is_current; do _direnv_hook; done"
        }
        Shell::Zsh => "until __envr_is_current; do _direnv_hook; done",
        Shell::Fish => {
            "while not __envr_is_current; __envr_follow; end; set -g __envr_until 99999999"
        }
    });
}

/// A shell with a check that holds, in the project `~/p`.
#[track_caller]
fn settled(shell: Shell, rc: &str) -> Terminal {
    let mut terminal = Terminal::start(shell);
    terminal.write("p/.envrc", rc);
    envr(&terminal, &["allow", "p"]);
    terminal.run("cd ~/p");
    settle(&mut terminal);
    terminal
}

/// envr in another shell of the same person.
#[track_caller]
fn envr(terminal: &Terminal, arguments: &[&str]) {
    let home = terminal.home("");
    let mut command = Command::new(ENVR);
    command.args(arguments).current_dir(&home).env_clear().env("HOME", &home);
    let output = command.env("PATH", "/usr/bin:/bin").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether the next prompt would ask.
#[track_caller]
fn asks(terminal: &mut Terminal) -> bool {
    let line = match terminal.shell {
        Shell::Bash | Shell::Zsh => "__envr_is_current || echo asks",
        Shell::Fish => "__envr_is_current; or echo asks",
    };
    terminal.run(line) == "asks\n"
}

fn every_byte_of_a_path(shell: Shell) {
    let name = "a'b \"c\" $(touch pwned) `touch pwned` \\ \t * ~ ! {x,y} [z] ü\u{1} -a (";
    let mut terminal = Terminal::start(shell);
    terminal.write(format!("{name}/.envrc"), "export FOO=1\nwatch_file \"it's\"\n");
    envr(&terminal, &["allow", name]);
    terminal.run(&format!("cd {}", shell.quote(name)));
    settle(&mut terminal);
    assert!(!asks(&mut terminal));
    terminal.write(format!("{name}/it's"), "");
    let said = terminal.run("true");
    assert!(said.contains("loading"), "{said}");
    assert!(!terminal.home(name).join("pwned").exists());
}

fn a_bell_asks(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    for _ in 0..2 {
        assert!(!asks(&mut terminal));
        terminal.write(".local/share/envr/bell", "");
        assert!(asks(&mut terminal));
        settle(&mut terminal);
    }
}

fn too_many_files_ask_always(shell: Shell) {
    let mut terminal = settled(shell, "watch_file {1..40}\n");
    assert!(!asks(&mut terminal));
    terminal.write("p/.envrc", "watch_file {1..80}\n");
    envr(&terminal, &["allow", "p"]);
    terminal.run("true");
    // Longer than a file is too young for a check.
    let young = Instant::now();
    while young.elapsed() < Duration::from_millis(200) {
        assert!(asks(&mut terminal));
    }
}

fn a_pruned_stamp_asks(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    assert!(!asks(&mut terminal));
    envr(&terminal, &["prune"]);
    // zsh needs none.
    assert_eq!(asks(&mut terminal), shell != Shell::Zsh);
    settle(&mut terminal);
    assert!(!asks(&mut terminal));
}

#[test]
fn what_needs_no_stamp_makes_none() {
    let project = Project::new();
    for shell in ["bash", "fish", "zsh"] {
        check(&project, shell);
    }
    assert_eq!(fs::read_dir(project.path("home")).unwrap().count(), 0);
    assert!(!project.path("runtime").exists());
    project.write(".envrc", "export FOO=1\n");
    check(&project, "bash");
    let stamps = project.path("home/.local/share/envr/stamps");
    assert!(fs::read_dir(stamps).unwrap().count() > 0);
}

/// What others could write to is not compared with.
#[test]
fn stamps_are_in_private_directories() {
    let project = Project::new();
    project.write(".envrc", "export FOO=1\n");
    let runtime = project.path("runtime");
    let data = project.path("home/.local/share/envr/stamps");
    fs::create_dir_all(&data).unwrap();
    fs::create_dir(&runtime).unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&data, 0o700);
    for shell in ["bash", "fish"] {
        mode(&runtime, 0o700);
        let check = check(&project, shell);
        assert!(check.contains(&format!("{}/envr/stamps/", runtime.display())), "{check}");
        mode(&runtime, 0o777);
        let check = self::check(&project, shell);
        assert!(check.contains(&format!("{}/", data.display())), "{check}");
    }
    assert!(check(&project.named_direnv(), "bash").contains("/.local/share/envr/stamps/"));
}

#[test]
fn no_private_directory_no_check() {
    let project = Project::new();
    project.write(".envrc", "export FOO=1\n");
    let stamps = project.path("home/.local/share/envr/stamps");
    fs::create_dir_all(&stamps).unwrap();
    for (mode, is_private) in [(0o700, true), (0o777, false)] {
        fs::set_permissions(&stamps, fs::Permissions::from_mode(mode)).unwrap();
        check(&project, "zsh");
        for shell in ["bash", "fish"] {
            assert_eq!(has_check(&hook(&project, shell)), is_private, "{shell}");
        }
        assert!(!has_check(&hook(&project, "json")));
    }
}

/// What the hook gets as soon as there is a check in it.
fn check(project: &Project, shell: &str) -> String {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let code = hook(project, shell);
        if has_check(&code) {
            return code;
        }
    }
    panic!("{shell} always asks");
}

fn has_check(code: &str) -> bool {
    code.contains("__envr_is_current")
}

fn hook(project: &Project, shell: &str) -> String {
    let run = project.envr(["export", shell, "--hook"]).env("PWD", project.path("project"));
    let output = run.env("XDG_RUNTIME_DIR", project.path("runtime")).any_stdout().any_stderr();
    String::from_utf8(output.output().stdout).unwrap()
}
