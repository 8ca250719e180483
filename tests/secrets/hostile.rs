//! Files of other kinds in the place of secrets, keys and rules; programs that print without an end or leave others
//! behind; disks without room.

use super::vectors::Vectors;
use crate::test::{Project, has};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

struct World {
    project: Project,
    vectors: Vectors,
}

impl World {
    /// `s.yaml` is encrypted for the first age key, which lies where sops has it.
    fn new() -> Self {
        let vectors = Vectors::new();
        let project = Project::new().env("PATH", "/usr/bin:/bin");
        let key = vectors.manifest["age"]["age1"].as_str().unwrap();
        project.write(".sops.yaml", format!("creation_rules:\n  - age: {key}\n"));
        project.write("s.yaml", "a: hunter2\n");
        project.envr(["secret", "encrypt", "--in-place", "s.yaml"]).success();
        Self { project, vectors }
    }

    fn key(&self) -> Vec<u8> {
        self.vectors.read("keys/age1.txt")
    }

    fn with_key(self) -> Self {
        self.private("home/.config/sops/age/keys.txt", &self.key());
        self
    }

    /// A file that only its user can read.
    fn private(&self, below: &str, content: &[u8]) {
        self.project.write_at(below, content);
        let mode = Command::new("chmod").arg("600").arg(self.project.path(below)).status();
        assert!(mode.unwrap().success());
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], why: &str) {
        let run = self.project.envr(arguments).stdin("x").any_stderr().failure();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.contains(why) && run.stdout.is_empty(), "{arguments:?}: {said}");
    }
}

/// One of each kind that is no file, and a sparse one.
fn make(at: &Path, kind: &str) {
    match kind {
        "is a FIFO" => {
            assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
        }
        "is a directory" => assert!(Command::new("mkdir").arg(at).status().unwrap().success()),
        "is a device" => symlink("/dev/zero", at).unwrap(),
        _ => File::create(at).unwrap().set_len(5 << 30).unwrap(),
    }
}

const KINDS: [&str; 4] = ["is a FIFO", "is a directory", "is a device", "large"];

#[test]
fn what_is_no_file_is_no_secrets_file() {
    let world = World::new().with_key();
    for kind in KINDS {
        make(&world.project.path("project/o.yaml"), kind);
        for verb in [&["decrypt", "o.yaml"][..], &["set", "o.yaml", "a"], &["encrypt", "o.yaml"]] {
            world.refused(&[&["secret"], verb].concat(), kind);
        }
        remove(&world.project.path("project/o.yaml"));
    }
}

#[test]
fn what_is_no_file_is_no_key_and_no_rule() {
    let world = World::new();
    let place = world.project.path("home/odd");
    let shown = place.to_str().unwrap().to_string();
    let world = World { project: world.project.env("SOPS_AGE_KEY_FILE", &shown), ..world };
    let rules = world.project.path("project/.sops.yaml");
    world.project.write_at(".sops.yaml", world.project.read("project/.sops.yaml"));
    world.project.write("p.yaml", "a: 1\n");
    remove(&rules);
    for kind in KINDS {
        make(&place, kind);
        make(&rules, kind);
        world.refused(&["secret", "decrypt", "s.yaml"], kind);
        world.refused(&["secret", "decrypt", "--identity", &shown, "s.yaml"], kind);
        // Not by those of a directory above.
        world.refused(&["secret", "encrypt", "p.yaml"], kind);
        remove(&place);
        remove(&rules);
    }
}

fn remove(path: &Path) {
    assert!(Command::new("rm").arg("-r").arg(path).status().unwrap().success());
}

#[test]
fn a_key_file_is_read_as_by_sops() {
    let world = World::new();
    let file = world.project.path("home/odd");
    let world = World { project: world.project.env("SOPS_AGE_KEY_FILE", file), ..world };
    let key = world.key();
    let text = std::str::from_utf8(&key).unwrap();
    let key = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    for read in [format!("{key}\r\n"), format!("# c\r\n\r\n{key}"), format!("\n{key}\n{key}\n")] {
        world.private("home/odd", read.as_bytes());
        let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
        assert_eq!(run.any_stdout().success().stdout, b"a: hunter2\n", "{read:?}");
    }
    for before in ["\u{feff}", " ", "\u{1b}[31m", "x"] {
        world.private("home/odd", format!("{before}{key}\n").as_bytes());
        world.refused(&["secret", "decrypt", "s.yaml"], "line 1 is no age key");
    }
    world.private("home/odd", format!("{key}\0\n").as_bytes());
    world.refused(&["secret", "decrypt", "s.yaml"], "line 1 is no age key");
}

/// A gpg that keeps the key of the file, and then does as the script says.
fn with_gpg(script: &str) -> World {
    let world = World::new();
    world.project.write_program(
        "gpg",
        &format!("#!/bin/sh\ncase $* in *--encrypt*) cat >\"$HOME/kept\"; echo message ;; *) {script} ;; esac\n"),
    );
    let gpg = world.project.path("bin/gpg");
    let world = World { project: world.project.env("SOPS_GPG_EXEC", gpg), ..world };
    world.project.write("s.yaml", "a: hunter2\n");
    let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    world.project.envr(["secret", "encrypt", "--in-place", "-r", fingerprint, "s.yaml"]).success();
    world
}

#[test]
fn a_gpg_that_prints_nonsense_opens_nothing() {
    for (script, why) in [
        ("head -c 32 /dev/zero", "it was changed, moved or renamed after it was encrypted"),
        ("echo nonsense", "the key that its recipients decrypt has a wrong size"),
        ("true", "gpg gave nothing"),
        ("cat /dev/zero", "it prints without an end"),
        ("cat /dev/zero >&2", "it prints without an end"),
        (
            "printf 'a\\033[31mb\\n' >&2; exit 2",
            "a\\u{1b}[31mb)\nenvr: hint: gpg --list-secret-keys\n",
        ),
    ] {
        with_gpg(script).refused(&["secret", "decrypt", "s.yaml"], why);
    }
}

/// The end of a program counts, not that of its output.
#[test]
fn what_gpg_leaves_in_the_background_is_not_waited_for() {
    let world = with_gpg("cat \"$HOME/kept\"; cat \"$HOME/fifo\" &");
    let fifo = world.project.path("home/fifo");
    make(&fifo, "is a FIFO");
    let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
    assert_eq!(run.any_stdout().success().stdout, b"a: hunter2\n");
    // It ends with the last writer.
    drop(File::options().write(true).open(fifo).unwrap());
}

#[test]
fn a_plugin_that_fails_leaves_the_other_keys() {
    const PLUGIN: &str = "AGE-PLUGIN-FOO-1QQQQQQQQQQQQQQQQQQQQPGN9UD\n";
    let world = World::new();
    for script in ["head -c 100000 /dev/urandom", "yes nonsense", "exit 3"] {
        world.project.write_program("age-plugin-foo", &format!("#!/bin/sh\n{script}\n"));
        let path = format!("{}:/usr/bin:/bin", world.project.path("bin").display());
        world.private("home/plugin", PLUGIN.as_bytes());
        let plugin = world.project.path("home/plugin");
        let project = &world.project;
        let of = || {
            let run = project.envr(["secret", "decrypt", "s.yaml"]).env("PATH", path.as_str());
            run.env("SOPS_AGE_KEY_FILE", &plugin).any_stdout().any_stderr()
        };
        let said = String::from_utf8(of().failure().stderr).unwrap();
        assert!(said.contains("its plugin failed: "), "{script}: {said}");
        world.private("home/.config/sops/age/keys.txt", &world.key());
        assert_eq!(of().success().stdout, b"a: hunter2\n", "{script}");
        remove(&world.project.path("home/.config/sops/age/keys.txt"));
    }
}

/// What the library says of a plugin is for those who write one.
#[test]
fn a_plugin_that_does_not_encrypt_is_told_once() {
    let world = World::new();
    world.project.write("p.yaml", "a: 1\n");
    let recipient = "age1foo1qqqqqqqqqqqqqqqqqqqqv666u4";
    world.project.write_program("age-plugin-foo", "#!/bin/sh\nexit 3\n");
    let path = format!("{}:/usr/bin:/bin", world.project.path("bin").display());
    let run = world.project.envr(["secret", "encrypt", "-r", recipient, "p.yaml"]);
    let why = "its plugin failed: it ended before it answered";
    let why = format!("could not encrypt for age {recipient}: {why}");
    run.env("PATH", path)
        .stderr(&format!("envr: error: could not encrypt `p.yaml`: {why}\n"))
        .failure();
}

/// One file of keys often serves several machines, of which not all have the plugin.
#[test]
fn a_key_that_cannot_be_used_here_leaves_the_others_of_its_file() {
    let world = World::new();
    let key = String::from_utf8(world.key()).unwrap();
    let plugin = "AGE-PLUGIN-FOO-1QQQQQQQQQQQQQQQQQQQQPGN9UD";
    for (other, why) in [
        (plugin, "`age-plugin-foo` is not installed"),
        (
            "AGE-SECRET-KEY-PQ-1QQQQ",
            "line 1 is a post-quantum key, which only newer age programs read",
        ),
    ] {
        for text in [format!("{other}\n{key}"), format!("{key}\n{other}\n")] {
            world.private("home/.config/sops/age/keys.txt", text.as_bytes());
            let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
            assert_eq!(run.any_stdout().success().stdout, b"a: hunter2\n", "{text}");
        }
        world.private("home/.config/sops/age/keys.txt", other.as_bytes());
        world.refused(&["secret", "decrypt", "s.yaml"], why);
    }
    world.project.write_program("age-plugin-foo", "#!/bin/sh\nexit 3\n");
    let path = format!("{}:/usr/bin:/bin", world.project.path("bin").display());
    let world = World { project: world.project.env("PATH", path), ..world };
    world.refused(&["secret", "decrypt", "s.yaml"], "post-quantum");
    world.private("home/.config/sops/age/keys.txt", format!("{plugin}\n{key}").as_bytes());
    let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
    assert_eq!(run.any_stdout().success().stdout, b"a: hunter2\n");
    world.private("home/.config/sops/age/keys.txt", plugin.as_bytes());
    let why = "its plugin failed: it ended before it answered,";
    world.refused(&["secret", "decrypt", "s.yaml"], why);
}

/// Nobody is asked for a passphrase that opens nothing.
#[test]
fn an_ssh_key_is_no_key_of_what_is_for_others() {
    if !(has("setsid") && has("ssh-keygen")) {
        return;
    }
    for kind in ["ed25519", "rsa"] {
        let world = World::new();
        world.project.write_at("home/.ssh/config", "");
        let key = world.project.path(&format!("home/.ssh/id_{kind}"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "fixture", "-f"])
            .arg(&key)
            .status();
        assert!(made.unwrap().success());
        let decrypt = || {
            let mut command = Command::new("setsid");
            command.args(["--wait", crate::test::ENVR, "secret", "decrypt", "s.yaml"]);
            command.current_dir(world.project.path("project")).env_clear();
            let output = command.envs(world.project.variables()).output().unwrap();
            String::from_utf8(output.stderr).unwrap()
        };
        let said = decrypt();
        assert!(said.contains(&format!("id_{kind}` has another key")), "{said}");
        let public = key.with_extension("pub");
        let arguments =
            ["secret", "encrypt", "--in-place", "-r", public.to_str().unwrap(), "s.yaml"];
        world.project.write("s.yaml", "a: hunter2\n");
        world.project.envr(arguments).success();
        let said = decrypt();
        assert!(said.contains(&format!("id_{kind}`: it needs a passphrase")), "{said}");
    }
}

#[test]
fn without_room_a_file_stays_as_it_is() {
    if !has("bash") {
        return;
    }
    let world = World::new().with_key();
    let before = world.project.read("project/s.yaml");
    let names = || {
        let listed = Command::new("ls").arg("-A").arg(world.project.path("project")).output();
        String::from_utf8(listed.unwrap().stdout).unwrap()
    };
    let names_before = names();
    let output = world
        .project
        .program("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; echo x | \"$ENVR\" secret set s.yaml b"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("could not change `s.yaml`: could not write"), "{said}");
    assert_eq!((world.project.read("project/s.yaml"), names()), (before, names_before));
}

/// Killed before the new bytes are written, before they are on the disk, and before they have the name.
#[test]
fn a_kill_leaves_the_old_file_and_nothing_in_the_clear() {
    if !has("strace") {
        return;
    }
    for call in ["write", "fsync", "rename"] {
        let world = World::new().with_key();
        let before = world.project.read("project/s.yaml");
        let kill = format!("inject={call}:signal=SIGKILL:when=1");
        let script = format!(
            "echo hunter3 | strace -qq -o \"$HOME/trace\" -e {kill} \"$ENVR\" secret set s.yaml b"
        );
        let killed = world.project.program("sh").args(["-c", &script]).output().unwrap();
        assert!(!killed.status.success(), "{call}");
        assert!(world.project.read("home/trace").contains("killed by SIGKILL"), "{call}");
        let found = Command::new("grep")
            .args(["-rl", "hunter", "."])
            .current_dir(world.project.path("project"))
            .output();
        assert_eq!(String::from_utf8(found.unwrap().stdout).unwrap(), "", "{call}");
        assert_eq!(world.project.read("project/s.yaml"), before, "{call}");
        let run = world.project.envr(["secret", "decrypt", "s.yaml"]);
        assert_eq!(run.any_stdout().success().stdout, b"a: hunter2\n", "{call}");
    }
}

/// What nobody can clean up at once the next one does.
#[test]
fn the_plaintext_of_a_killed_editor_is_gone_with_the_next() {
    let world = World::new().with_key();
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let ed = |script: &str| world.project.write_program("ed", &format!("#!/bin/sh\n{script}\n"));
    ed("echo \"$1\" >\"$HOME/where\"; kill -9 \"$PPID\"");
    let edit = || {
        let path = format!("{}:/usr/bin:/bin", world.project.path("bin").display());
        let run = world.project.envr(["secret", "edit", "s.yaml"]).env("PATH", path.as_str());
        run.env("XDG_RUNTIME_DIR", memory.path()).env("EDITOR", "ed").any_stderr().output()
    };
    assert!(!edit().status.success());
    let left = world.project.read("home/where").trim().to_string();
    assert_eq!(std::fs::read(&left).unwrap(), b"a: hunter2\n");
    ed("true");
    assert!(edit().status.success());
    assert!(!Path::new(&left).exists(), "{left}");
}
