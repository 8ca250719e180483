//! The adversary: every way in which a loaded environment can go stale behind a check that held a moment ago.

use super::{asks, envr, settle, settled};
use crate::terminal::{Shell, Terminal};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

drive! {
    an_edit
    an_older_file_in_its_place
    moved_away_deleted_and_back
    a_nearer_rc
    a_nearer_rc_that_leads_nowhere
    a_dotenv_that_counts_from_now_on
    links_to_files_of_one_age
    files_of_one_age
    the_directory_renamed
    watched_files
    approval_taken_and_given
    the_time_set_back_to_the_nanosecond
    other_ways_to_change_directory
    state_that_the_user_unset
    shells_in_shells
    nothing_to_load_until_there_is
}
drive! { posix: a_directory_that_is_not_where_pwd_says }

#[track_caller]
fn notices(terminal: &mut Terminal, what: &str) {
    let said = terminal.run("true");
    assert!(said.contains(what), "`{what}` is not in:\n{said}\n{}", terminal.screen().trim_end());
    settle(terminal);
    assert_eq!(terminal.run("true"), "");
}

fn set_time(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn time_of(path: &Path) -> SystemTime {
    path.metadata().unwrap().modified().unwrap()
}

fn seconds(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// In the second of the load as a rule, of the same length, in place and by renaming.
fn an_edit(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    terminal.write("p/.envrc", "export FOO=2\n");
    notices(&mut terminal, "is blocked");
    envr(&terminal, &["allow", "p"]);
    notices(&mut terminal, "loading");
    terminal.write("p/draft", "export FOO=3\n");
    fs::rename(terminal.home("p/draft"), terminal.home("p/.envrc")).unwrap();
    notices(&mut terminal, "is blocked");
}

/// As `mv` and `cp -p` leave it, and every edit after the clock was set back.
fn an_older_file_in_its_place(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let rc = terminal.home("p/.envrc");
    terminal.write("p/old", "export FOO=2\n");
    set_time(&terminal.home("p/old"), seconds(1_000_000_000));
    fs::rename(terminal.home("p/old"), &rc).unwrap();
    notices(&mut terminal, "is blocked");
    envr(&terminal, &["allow", "p"]);
    notices(&mut terminal, "loading");
    terminal.write("p/.envrc", "export FOO=3\n");
    set_time(&rc, seconds(999_999_999));
    notices(&mut terminal, "is blocked");
}

fn moved_away_deleted_and_back(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let (rc, away) = (terminal.home("p/.envrc"), terminal.home("p/away"));
    fs::rename(&rc, &away).unwrap();
    notices(&mut terminal, "unloading");
    fs::rename(&away, &rc).unwrap();
    notices(&mut terminal, "loading");
    fs::remove_file(&rc).unwrap();
    notices(&mut terminal, "unloading");
}

fn a_nearer_rc(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    terminal.run("mkdir -p a/b");
    terminal.run("cd a/b");
    settle(&mut terminal);
    terminal.write("p/a/.envrc", "export FOO=2\n");
    notices(&mut terminal, "is blocked");
    terminal.write("p/a/b/.envrc", "export FOO=3\n");
    notices(&mut terminal, "p/a/b/.envrc` is blocked");
    fs::remove_file(terminal.home("p/a/b/.envrc")).unwrap();
    notices(&mut terminal, "p/a/.envrc` is blocked");
    fs::remove_file(terminal.home("p/a/.envrc")).unwrap();
    notices(&mut terminal, "loading ~/p/.envrc");
    terminal.write("p/a/envr.toml", "[env]\nFOO = 4\n");
    notices(&mut terminal, "p/a/envr.toml` is blocked");
    terminal.write("p/a/.envrc", "export FOO=5\n");
    notices(&mut terminal, "p/a/.envrc` is blocked");
}

fn a_nearer_rc_that_leads_nowhere(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    terminal.run("mkdir a; cd a");
    settle(&mut terminal);
    symlink("nowhere", terminal.home("p/a/.envrc")).unwrap();
    let said = terminal.run("true");
    assert!(said.contains("p/a/.envrc"), "{said}");
    // A link that leads nowhere is looked at each time.
    fs::remove_file(terminal.home("p/a/.envrc")).unwrap();
    notices(&mut terminal, "loading ~/p/.envrc");
}

fn a_dotenv_that_counts_from_now_on(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    terminal.run("mkdir a; cd a");
    terminal.write("p/a/.env", "BAR=1\n");
    settle(&mut terminal);
    terminal.write(".config/direnv/direnv.toml", "[global]\nload_dotenv = true\n");
    notices(&mut terminal, "p/a/.env` is blocked");
    terminal.write("p/a/.envrc", "export BAR=2\n");
    notices(&mut terminal, "p/a/.envrc` is blocked");
}

/// As in a store in which all files are of 1970.
fn links_to_files_of_one_age(shell: Shell) {
    let mut terminal = settled(shell, "watch_file current/in\nexport FOO=1\n");
    for version in ["one", "two"] {
        terminal.write(format!("store/{version}/in"), version);
        terminal.write(format!("store/{version}/.envrc"), format!("export FOO={version}\n"));
        set_time(&terminal.home(format!("store/{version}/in")), seconds(1));
        set_time(&terminal.home(format!("store/{version}/.envrc")), seconds(1));
    }
    let link = |to: &str, at: &str| {
        let draft = terminal.home("draft");
        symlink(terminal.home(to), &draft).unwrap();
        fs::rename(draft, terminal.home(at)).unwrap();
    };
    link("store/one", "p/current");
    let mut other = terminal.beside().start();
    other.run("cd ~/p");
    settle(&mut other);
    link("store/two", "p/current");
    notices(&mut other, "loading");
    drop(other);

    link("store/one/.envrc", "p/.envrc");
    envr(&terminal, &["allow", "p"]);
    terminal.run("true");
    settle(&mut terminal);
    let draft = terminal.home("draft");
    symlink(terminal.home("store/two/.envrc"), &draft).unwrap();
    fs::rename(draft, terminal.home("p/.envrc")).unwrap();
    notices(&mut terminal, "is blocked");
}

/// As on a file system that counts whole seconds: another file of the same second takes the place.
fn files_of_one_age(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let rc = terminal.home("p/.envrc");
    set_time(&rc, seconds(1_500_000_000));
    notices(&mut terminal, "loading");
    terminal.write("p/draft", "export FOO=2\n");
    set_time(&terminal.home("p/draft"), seconds(1_500_000_000));
    fs::rename(terminal.home("p/draft"), rc).unwrap();
    notices(&mut terminal, "is blocked");
}

fn the_directory_renamed(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    fs::rename(terminal.home("p"), terminal.home("q")).unwrap();
    let said = terminal.run("true");
    assert!(said.contains("q/.envrc` is blocked"), "{said}");
    // Another one in its place, with the same files: the shell is not there.
    terminal.run("cd ~");
    fs::rename(terminal.home("q"), terminal.home("p")).unwrap();
    terminal.run("cd ~/p");
    settle(&mut terminal);
    fs::rename(terminal.home("p"), terminal.home("q")).unwrap();
    fs::create_dir(terminal.home("p")).unwrap();
    fs::rename(terminal.home("q/.envrc"), terminal.home("p/.envrc")).unwrap();
    let said = terminal.run("true");
    assert!(said.contains("unloading"), "{said}");
}

fn watched_files(shell: Shell) {
    let mut terminal = settled(shell, "watch_file ~/w\nwatch_dir ~/d\nexport FOO=1\n");
    terminal.write("w", "1");
    notices(&mut terminal, "loading");
    terminal.write("w", "2");
    notices(&mut terminal, "loading");
    fs::remove_file(terminal.home("w")).unwrap();
    notices(&mut terminal, "loading");
    terminal.write("d/e/f", "1");
    terminal.run("touch .envrc");
    settle(&mut terminal);
    terminal.write("d/e/g", "1");
    notices(&mut terminal, "loading");
}

fn approval_taken_and_given(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    envr(&terminal, &["deny", "p"]);
    terminal.run("true");
    assert_eq!(terminal.var("FOO"), None);
    settle(&mut terminal);
    envr(&terminal, &["allow", "p"]);
    notices(&mut terminal, "loading");
    terminal.write("p/.envrc", "export FOO=2\n");
    notices(&mut terminal, "is blocked");
    envr(&terminal, &["allow", "p"]);
    notices(&mut terminal, "loading");
}

/// In place, and by another file, as two of one checkout may be. zsh reads inodes. The others ask again after ten
/// seconds, which the test lets pass.
fn the_time_set_back_to_the_nanosecond(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let rc = terminal.home("p/.envrc");
    let time = time_of(&rc);
    terminal.write("p/.envrc", "export FOO=2\n");
    set_time(&rc, time);
    ten_seconds_later(&mut terminal, "is blocked");
    envr(&terminal, &["allow", "p"]);
    notices(&mut terminal, "loading");
    terminal.write("p/other", "export FOO=3\n");
    set_time(&terminal.home("p/other"), time);
    fs::rename(terminal.home("p/other"), rc).unwrap();
    ten_seconds_later(&mut terminal, "is blocked");
}

#[track_caller]
fn ten_seconds_later(terminal: &mut Terminal, what: &str) {
    match terminal.shell {
        Shell::Bash => terminal.type_line("__envr_asked=1"),
        Shell::Fish => terminal.type_line("set -g __envr_until 1"),
        Shell::Zsh => terminal.type_line("true"),
    }
    let said = terminal.wait_prompt();
    assert!(said.contains(what), "{said}");
}

fn other_ways_to_change_directory(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let home = terminal.home("").display().to_string();
    let ways = match shell {
        Shell::Bash => vec!["pushd ~", "shopt -s autocd; ~", "cd() { builtin cd ~; }; cd"],
        Shell::Zsh => vec!["pushd ~", "setopt auto_cd; ~", "eval 'cd ~'"],
        Shell::Fish => vec!["pushd ~", "~/../home", "eval 'cd ~'"],
    };
    for way in ways {
        terminal.run(way);
        assert_eq!(terminal.var("FOO"), None, "{way}");
        settle(&mut terminal);
        let through_cdpath = match shell {
            Shell::Fish => format!("set -l CDPATH {home}; builtin cd p"),
            Shell::Bash | Shell::Zsh => format!("CDPATH={home} builtin cd p"),
        };
        terminal.run(&through_cdpath);
        assert_eq!(terminal.var("FOO").as_deref(), Some("1"), "{way}");
        settle(&mut terminal);
    }
}

fn a_directory_that_is_not_where_pwd_says(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    for lie in ["cd ~; PWD=~/p", "cd ~; unset PWD", "unset PWD; cd ~", "cd ~; export -n PWD; true"]
    {
        if shell == Shell::Zsh && lie.contains("-n") {
            continue;
        }
        terminal.run(lie);
        assert_eq!(terminal.var("FOO"), None, "{lie}");
        terminal.run("cd / && export PWD && cd ~/p");
        assert_eq!(terminal.var("FOO").as_deref(), Some("1"), "{lie}");
        settle(&mut terminal);
    }
}

fn state_that_the_user_unset(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    let unset = |name: &str| match shell {
        Shell::Fish => format!("set -e {name}"),
        Shell::Bash | Shell::Zsh => format!("unset {name}"),
    };
    for name in ["DIRENV_FILE", "DIRENV_WATCHES"] {
        let said = terminal.run(&unset(name));
        assert!(said.contains("loading"), "{name}: {said}");
        settle(&mut terminal);
    }
    for name in ["DIRENV_DIR", "DIRENV_DIFF"] {
        terminal.type_line(&format!(
            "{}; {}",
            unset(name),
            match shell {
                Shell::Fish => "__envr_is_current; or echo asks",
                Shell::Bash | Shell::Zsh => "__envr_is_current || echo asks",
            }
        ));
        assert_eq!(terminal.wait_prompt(), "asks\n", "{name}");
        settle(&mut terminal);
    }
}

/// A shell in a shell, one in its place, and one in a new terminal that inherits the state, functions included.
fn shells_in_shells(shell: Shell) {
    let mut terminal = settled(shell, "export FOO=1\n");
    if shell == Shell::Bash {
        terminal.run("export -f __envr_is_current; export __envr_asked");
    }
    for (round, start) in
        [shell.name().to_owned(), format!("exec {}", shell.name())].iter().enumerate()
    {
        terminal.run(start);
        settle(&mut terminal);
        terminal.write("p/.envrc", format!("export FOO=changed{round}\n"));
        notices(&mut terminal, "is blocked");
        envr(&terminal, &["allow", "p"]);
        notices(&mut terminal, "loading");
    }
    let env = terminal.env().into_iter().filter(|(name, _)| name != "ENVR_TERMINAL");
    let setup = terminal.beside().directory(terminal.home("p"));
    let mut inside = env.fold(setup, |setup, (name, value)| setup.env(name, value)).start();
    settle(&mut inside);
    inside.write("p/.envrc", "export FOO=inside\n");
    notices(&mut inside, "is blocked");
}

fn nothing_to_load_until_there_is(shell: Shell) {
    let mut terminal = Terminal::start(shell);
    terminal.run("mkdir -p a/b; cd a/b");
    settle(&mut terminal);
    assert!(!asks(&mut terminal));
    terminal.write(".envrc", "export FOO=1\n");
    notices(&mut terminal, "is blocked");
    envr(&terminal, &["allow", "."]);
    notices(&mut terminal, "loading");
}
