//! Every way out of an editor: the plaintext is gone, and what is to end envr ends it.

use super::writing::World;
use crate::terminal::{Setup, Shell, Terminal};
use crate::test::ENVR;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells where the plaintext is, and waits for a word.
const EDITOR: &str = "#!/bin/sh\necho \"$1\" >\"$HOME/where\"\nread word <\"$HOME/word\"\necho 'edited: yes' >>\"$1\"\n";

/// An editor that is open, where its text is, and who waits for it.
struct Edit {
    world: World,
    child: Child,
    text: PathBuf,
}

impl Edit {
    fn begin() -> Self {
        let world = World::new();
        world.project.write("s.yaml", "a: 1\n");
        world.secret(&["encrypt", "--in-place", "s.yaml"]);
        world.project.write_program("ed", EDITOR);
        for fifo in ["where", "word"] {
            let made = Command::new("mkfifo").arg(world.project.path("home").join(fifo)).status();
            assert!(made.unwrap().success());
        }
        let child = Command::new(ENVR)
            .args(["secret", "edit", "s.yaml"])
            .current_dir(world.project.path("project"))
            .env_clear()
            .envs(world.project.variables())
            .env("EDITOR", "ed")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        File::open(world.project.path("home/where")).unwrap().read_to_string(&mut text).unwrap();
        let text = PathBuf::from(text.trim_end());
        assert!(text.exists());
        Self { world, child, text }
    }

    fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    fn is_gone(&self) -> bool {
        !self.text.parent().is_some_and(Path::exists)
    }
}

#[test]
fn what_ends_envr_ends_its_editor_and_leaves_no_plaintext() {
    for (signal, number) in
        [("TERM", 15), ("HUP", 1), ("USR1", 10), ("ALRM", 14), ("ABRT", 6), ("XCPU", 24)]
    {
        let mut edit = Edit::begin();
        edit.send(signal);
        let status = edit.child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{signal}");
        assert!(edit.is_gone(), "{signal}");
        assert_eq!(edit.world.secret(&["decrypt", "s.yaml"]), b"a: 1\n");
    }
}

/// The editor hears them, too, and decides.
#[test]
fn the_keys_of_the_terminal_are_the_editors() {
    for signal in ["INT", "QUIT"] {
        let mut edit = Edit::begin();
        edit.send(signal);
        let word = edit.world.project.path("home/word");
        File::options().write(true).open(word).unwrap().write_all(b"go\n").unwrap();
        assert!(edit.child.wait().unwrap().success(), "{signal}");
        assert!(edit.is_gone());
        assert_eq!(edit.world.secret(&["get", "s.yaml", "edited"]), b"yes");
    }
}

#[test]
fn what_an_editor_left_that_cannot_be_read_is_told_as_that() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.project.write_program("ed", "#!/bin/sh\nrm \"$1\"\n");
    let said = "envr: error: could not edit `s.yaml`: could not read what the editor left: no such file or directory\n";
    world.project.envr(["secret", "edit", "s.yaml"]).env("EDITOR", "ed").stderr(said).failure();
}

/// Nothing but a text that can be read would let it go on.
/// What is not touched stays as it is, or the editor is not opened.
#[test]
fn what_a_text_cannot_show_is_not_edited() {
    for (name, text, value, described) in [
        ("s.env", "A=1\nB=2\n", &b"C:\\new\\x"[..], "a dotenv file"),
        ("s.json", "{\"A\": \"1\", \"B\": \"x\"}", b"\xff\xfe", "a JSON file"),
    ] {
        let world = World::new();
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        let set = world.project.envr(["secret", "set", name, "B"]);
        set.stdin(value).success();
        let before = world.project.read(&format!("project/{name}"));
        let edit = || {
            let run = world.project.envr(["secret", "edit", name]).any_stderr();
            run.env("EDITOR", "sed -i s/1/5/")
        };
        let said = String::from_utf8(edit().failure().stderr).unwrap();
        let why = format!("could not edit `{name}`: {described} cannot show `B` as it is");
        assert!(said.contains(&why), "{said}");
        assert_eq!(world.project.read(&format!("project/{name}")), before);
        world.set(&[name, "B"], "plain");
        edit().success();
        assert_eq!(world.secret(&["get", name, "A"]), b"5");
        assert_eq!(world.secret(&["get", name, "B"]), b"plain");
    }
}

/// Values of all kinds, of which one is changed.
#[test]
fn what_a_text_can_show_stays_as_it_is() {
    let world = World::new();
    for (name, text) in [
        (
            "s.yaml",
            "a: 1\nf: 1.0\ne: 1e300\ni: .inf\nn: .nan\nt: 2024-01-02T03:04:05.60Z\nu: ~\nb: !!binary /w==\nl: [[], {}, '', \"\\L\", ' x']\ns: \"1\"\ny: yes\nz: -0.0\nm: |\n  x\n\n  y\nh_unencrypted: 0x1f\n# end\n",
        ),
        (
            "s.json",
            "{\"a\": 1, \"f\": 1.50, \"l\": [null, {}, [], \"\\u2028\", true], \"a\": 1e21}",
        ),
        ("s.env", "a=1\nb= x \n# c\nd=\\t\ne=\\nx\n"),
        ("s.ini", "a = 1\n[s]\nb = \" x \"\nc = `#`\nd = \"\"\"x\ny\"\"\"\n[ s ]\ne = %(a)s\n"),
    ] {
        world.project.write(name, text);
        world.secret(&["encrypt", "--in-place", name]);
        let before = world.secret(&["decrypt", name]);
        let edit = world.project.envr(["secret", "edit", name]).any_stderr();
        edit.env("EDITOR", "sed -i 's/a\\(.*\\)1/a\\12/'").success();
        assert_ne!(world.secret(&["decrypt", name]), before, "{name}");
        let edit = world.project.envr(["secret", "edit", name]).any_stderr();
        edit.env("EDITOR", "sed -i 's/a\\(.*\\)2/a\\11/'").success();
        assert_eq!(world.secret(&["decrypt", name]), before, "{name}");
    }
}

#[test]
fn a_text_with_a_mistake_can_be_given_up() {
    Shell::Bash.drive(|shell| {
        // What is pressed while it runs is the editor's: begun has the question, as soon as the editor is gone.
        let editor = "#!/bin/sh\necho \"$1\" >~/where\necho 'a: [' >\"$1\"\n\
            (while [ -d /proc/$$ ]; do :; done; echo begun >\"$ENVR_TERMINAL/events\") &\n";
        let mut terminal = Setup::new(shell).program("ed", editor).start();
        terminal.run("mkdir p; cd p; envr secret init; export EDITOR=ed");
        // Ctrl-C, Ctrl-\ and Ctrl-D.
        for key in [b"\x03", b"\x1c", b"\x04"] {
            terminal.type_line("envr secret edit secrets.yaml");
            terminal.wait_for("begun");
            terminal.type_bytes(key);
            let said = ended(&mut terminal);
            assert!(said.contains("could not edit `secrets.yaml`: nothing was changed"), "{said}");
            let text = PathBuf::from(terminal.read("where").trim_end());
            assert!(!text.parent().is_some_and(Path::exists), "{}", text.display());
        }
    });
}

fn ended(terminal: &mut Terminal) -> String {
    let said = terminal.wait_prompt();
    assert_eq!(terminal.status, 1, "{said}");
    said
}
