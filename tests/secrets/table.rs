//! `[secrets]` of an `envr.toml`: who gets what, under which names, and where its files are.

use super::vectors::Vectors;
use crate::test::Project;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

/// A project whose secrets are encrypted for a key of its own.
struct World {
    project: Project,
    public: String,
}

impl World {
    fn new(toml: &str) -> Self {
        let (project, vectors) = (Project::new(), Vectors::new());
        project.write_at("key.txt", vectors.read("keys/age1.txt"));
        let key = project.path("key.txt");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let project = project.env("SOPS_AGE_KEY_FILE", key);
        let public = vectors.manifest["age"]["age1"].as_str().unwrap().to_string();
        let world = Self { project, public };
        world.encrypt("app.yaml", "token: t0p-secret\ndb:\n  password: hunter2\n  port: 5432\n");
        world.project.write("envr.toml", toml);
        world.project.write(".envrc", "export A=1\n");
        world.project.allow();
        world
    }

    fn encrypt(&self, name: &str, text: &str) {
        self.project.write(name, text);
        let arguments = ["secret", "encrypt", "--in-place", "-r", &self.public, name];
        self.project.envr(arguments).success();
    }

    /// What a command sees, sorted, of the variables that begin so.
    fn exec(&self, beginning: &str) -> Vec<String> {
        let output = self.project.envr(["exec", "--", "env"]).any_stdout().any_stderr().success();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(beginning));
        let mut lines: Vec<String> = lines.map(str::to_string).collect();
        lines.sort();
        lines
    }

    #[track_caller]
    fn fail(&self) -> String {
        let output = self.project.envr(["exec", "--", "env"]).any_stderr().failure();
        let said = String::from_utf8(output.stderr).unwrap();
        said.replace(self.project.path("").to_str().unwrap().trim_end_matches('/'), "$DIR")
    }
}

#[test]
fn a_command_gets_the_values_under_the_names_it_wants() {
    let world = World::new(
        "[[secrets.files]]\npath = \"app.yaml\"\nnested = \"_\"\nupper = true\nprefix = \"APP_\"\n\
         except = [\"db.port\"]\nrename = { \"db.password\" = \"PGPASSWORD\" }\n\
         [secrets.required]\nPGPASSWORD = \"ask in the team's room\"\n",
    );
    assert_eq!(world.exec("APP_"), ["APP_TOKEN=t0p-secret"]);
    assert_eq!(world.exec("PGPASS"), ["PGPASSWORD=hunter2"]);
    // The shell has what its `.envrc` says.
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("A"), shell.get("PGPASSWORD")), (Some("1"), None));
}

#[test]
fn a_shell_gets_what_is_not_for_commands_alone() {
    let world = World::new(
        "[env]\nA = 1\n[[secrets.files]]\npath = \"app.yaml\"\nonly = \"token\"\n\
         [[secrets.files]]\npath = \"app.yaml\"\nrename = { \"db.password\" = \"PASSWORD\" }\n\
         only = \"db.password\"\nexec_only = true\n",
    );
    world.project.remove(".envrc");
    world.project.allow();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("token"), shell.get("PASSWORD")), (Some("t0p-secret"), None));
    assert_eq!(world.exec("token"), ["token=t0p-secret"]);
    assert_eq!(world.exec("PASSWORD"), ["PASSWORD=hunter2"]);
    // What is for commands alone is watched and judged, too.
    world.encrypt("app.yaml", "token: other\ndb: {password: x}\n");
    let said = shell.any_prompt(1);
    assert!(said.contains("app.yaml`"), "{said}");
    assert_eq!(shell.get("token"), None);
    world.project.allow();
    shell.any_prompt(0);
    assert_eq!(shell.get("token"), Some("other"));
    shell.cd("elsewhere");
    shell.any_prompt(0);
    assert_eq!(shell.get("token"), None);
}

#[test]
fn leaving_takes_the_secrets_of_a_command_back() {
    let world = World::new("[secrets]\nfiles = { path = \"app.yaml\", only = \"token\" }\n");
    let program = crate::test::ENVR;
    let inner = "cd ../elsewhere && exec \"$0\" export json";
    let arguments = ["exec", "--", "/bin/sh", "-c", inner, program];
    let output = world.project.envr(arguments).any_stdout().any_stderr().success();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["token"], serde_json::Value::Null);
    assert!(answer.as_object().unwrap().contains_key("token"), "{answer}");
}

#[test]
fn what_is_wrong_is_told_with_its_file() {
    for (toml, wanted) in [
        (
            "[secrets]\nfiles = \"app.yaml\"\n",
            "envr: error: could not load `$DIR/project/app.yaml`: `db` is a map or a list, which no variable can hold\n",
        ),
        (
            "[secrets]\nfiles = [\"gone.yaml\"]\n",
            "envr: error: could not load `$DIR/project/gone.yaml`: there is no such file\n",
        ),
        (
            "[secrets]\nfiles = { path = \"app.yaml\", only = [\"toke\"] }\n",
            "envr: error: could not load `$DIR/project/app.yaml`: `only` names `toke`, which has no value in it\n",
        ),
        (
            "[secrets]\nfiles = { path = \"app.yaml\", only = \"token\", rename = { token = \"PATH\" } }\n",
            "envr: error: could not load `$DIR/project/app.yaml`: it sets `PATH`, which decides what runs\n",
        ),
        (
            "[secrets]\nfiles = { path = \"app.yaml\", only = \"token\" }\nrequired = { KEY = \"see docs/keys\" }\n",
            "envr: error: `KEY` is required and not set: see docs/keys\n",
        ),
        (
            "[secrets]\nfiles = { file = \"app.yaml\" }\n",
            "envr: error: could not read `$DIR/project/envr.toml:2:9`: `secrets.files`: it has no `path`\nenvr: hint: $EDITOR $DIR/project/envr.toml\n",
        ),
    ] {
        let said = World::new(toml).fail();
        let (_, said) = said.split_once("export +A\n").unwrap_or(("", &said));
        assert_eq!(said, wanted);
    }
}

#[test]
fn a_file_that_may_be_absent_is_no_mistake() {
    let world = World::new("[secrets]\nfiles = [{ path = \"mine.yaml\", if_exists = true }]\n");
    assert_eq!(world.exec("A="), ["A=1"]);
    // One that comes later is not approved.
    world.encrypt("mine.yaml", "A: 2\n");
    assert!(world.fail().contains("mine.yaml"), "{}", world.fail());
    world.project.allow();
    assert_eq!(world.exec("A="), ["A=2"]);
}

#[test]
fn the_files_are_part_of_the_approval() {
    let world = World::new("[secrets]\nfiles = { path = \"app.yaml\", only = \"token\" }\n");
    assert_eq!(world.exec("token"), ["token=t0p-secret"]);
    world.encrypt("app2.yaml", "token: other\n");
    fs::rename(world.project.path("project/app2.yaml"), world.project.path("project/app.yaml"))
        .unwrap();
    let said = world.fail();
    assert!(said.contains("app.yaml`"), "{said}");
    assert!(said.contains("is not as it was approved"), "{said}");
    world.project.allow();
    assert_eq!(world.exec("token"), ["token=other"]);
}

#[test]
fn a_table_that_nobody_approved_is_not_used() {
    let world = World::new("");
    world
        .project
        .write("envr.toml", "[secrets]\nfiles = { path = \"app.yaml\", only = \"token\" }\n");
    let said = world.fail();
    assert!(said.contains("envr.toml` is blocked"), "{said}");
}

const AS_PATH: &str = "[[secrets.files]]\npath = \"tls.key\"\nname = \"TLS_KEY\"\nas_path = true\n";

#[test]
fn a_binary_secret_is_a_private_file_as_long_as_the_command_runs() {
    let world = World::new(AS_PATH);
    world.encrypt("tls.key", "a\nb\0c\n");
    world.project.allow();
    let script = "stat -f -c %T \"$TLS_KEY\"; stat -c %a \"$TLS_KEY\" \"$(dirname \"$TLS_KEY\")\"; \
                  od -An -c \"$TLS_KEY\"; echo \"$TLS_KEY\"; exit 7";
    let arguments = ["exec", "--", "sh", "-c", script];
    let output = world.project.envr(arguments).any_stdout().any_stderr().code(7);
    let text = String::from_utf8(output.stdout).unwrap();
    let (shown, path) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(shown, "tmpfs\n600\n700\n   a  \\n   b  \\0   c  \\n");
    assert!(path.ends_with("/TLS_KEY"), "{path}");
    assert!(!Path::new(path).parent().unwrap().exists(), "{path} is gone");
}

#[test]
fn the_file_goes_when_a_signal_ends_the_command() {
    let world = World::new(AS_PATH);
    world.encrypt("tls.key", "secret\n");
    world.project.allow();
    let report = world.project.path("report");
    // The command has envr, its parent, ended, which passes the signal on.
    let script =
        format!("echo \"$TLS_KEY\" >'{}'; kill -TERM $PPID; exec sleep 60", report.display());
    let mut command = Command::new(crate::test::ENVR);
    command.args(["exec", "--", "sh", "-c", &script]).env_clear();
    let command =
        command.envs(world.project.variables()).current_dir(world.project.path("project"));
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    let path = fs::read_to_string(report).unwrap();
    assert!(!Path::new(path.trim_end()).exists(), "{path}");
}

/// The command takes our place, for nothing is to be cleaned up; what it inherits can be read as often as it wants.
#[test]
fn a_binary_secret_is_held_open_for_the_command() {
    let toml = "[[secrets.files]]\npath = \"tls.key\"\nname = \"TLS_KEY\"\nas_fd = true\n\
                [secrets.required]\nTLS_KEY = \"ask for it\"\n";
    let world = World::new(toml);
    world.encrypt("tls.key", "a\nb\0c\n");
    world.project.allow();
    let script = "od -An -c $TLS_KEY; od -An -c $TLS_KEY; (echo x >$TLS_KEY) 2>&1 | grep -o 'not permitted'; \
                  readlink $TLS_KEY; echo $PPID";
    let run = |redact: &[&str]| {
        let arguments = [&["exec"], redact, &["--", "sh", "-c", script]].concat();
        String::from_utf8(world.project.envr(arguments).any_stdout().any_stderr().success().stdout)
    };
    let text = run(&[]).unwrap();
    let (shown, parent) = text.trim_end().rsplit_once('\n').unwrap();
    let once = "   a  \\n   b  \\0   c  \\n\n";
    assert_eq!(shown, format!("{once}{once}not permitted\n/memfd:TLS_KEY (deleted)"));
    assert_eq!(parent, std::process::id().to_string());
    assert!(run(&["--redact"]).unwrap().starts_with(once));
}

#[test]
fn services_get_them_too() {
    let toml = "[secrets]\nfiles = [{ path = \"tls.key\", name = \"TLS_KEY\", as_path = true }, \
                { path = \"tls.key\", name = \"HELD\", as_fd = true }, \
                { path = \"app.yaml\", only = \"token\", exec_only = true }]\n\
                [services]\nweb = { command = \"echo $token; cat $TLS_KEY $HELD; echo $TLS_KEY >../path\", \
                oneshot = true }\n";
    let world = World::new("");
    world.encrypt("tls.key", "the key\n");
    world.project.write("envr.toml", toml);
    world.project.allow();
    world.project.envr(["up", "--wait", "--timeout", "60s"]).any_stdout().any_stderr().success();
    let logs = world.project.envr(["logs", "web"]).any_stdout().success().stdout;
    let logs = String::from_utf8(logs).unwrap();
    assert!(logs.contains("t0p-secret\nthe key\nthe key\n"), "{logs}");
    let path = world.project.read("path");
    assert!(Path::new(path.trim_end()).exists());
    world.project.envr(["down"]).any_stdout().any_stderr().success();
    assert!(!Path::new(path.trim_end()).exists());
}

#[test]
fn what_a_service_gets_is_in_no_file_and_no_argument() {
    let mut world = World::new("");
    let toml = "[secrets]\nfiles = [{ path = \"app.yaml\", only = \"token\", exec_only = true }]\n\
                [services]\nweb = \"echo has ${#token}; exec sleep 1000\"\n";
    world.project.write("envr.toml", toml);
    let runtime = world.project.path("run");
    fs::create_dir(&runtime).unwrap();
    world.project = world.project.env("XDG_RUNTIME_DIR", runtime);
    world.project.allow();
    world.project.envr(["up", "-d", "--wait"]).any_stdout().any_stderr().success();
    let logs = world.project.envr(["logs", "web"]).any_stdout().success().stdout;
    assert!(String::from_utf8(logs).unwrap().contains("has 10\n"));
    // Files first, then what our processes were started with.
    let root = world.project.path("");
    let mut search = Command::new("grep");
    let found = search.args(["-rl", "-D", "skip", "t0p-secret"]).arg(&root).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let ours =
        processes.filter(|dir| dir.join("cwd").read_link().is_ok_and(|at| at.starts_with(&root)));
    let started: Vec<_> = ours.filter_map(|dir| fs::read(dir.join("cmdline")).ok()).collect();
    assert!(started.iter().any(|line| line.starts_with(b"sleep")));
    assert!(!started.concat().windows(10).any(|part| part == b"t0p-secret"));
    world.project.envr(["down"]).any_stdout().any_stderr().success();
}

#[test]
fn the_file_that_a_variable_is_from_is_told() {
    let world = World::new("[secrets]\nfiles = { path = \"app.yaml\", only = \"token\" }\n");
    world.project.remove(".envrc");
    world.project.allow();
    let why = world.project.envr(["why", "token"]).stdout("$DIR/project/app.yaml\n");
    why.stderr("envr: loading $DIR/project/envr.toml\n").success();
}

/// Whatever it takes to have it, the key is looked for once.
#[test]
fn several_files_of_one_key_ask_for_it_once() {
    let world = World::new("[secrets]\nfiles = [\"a.yaml\", \"b.yaml\", \"c.yaml\"]\n");
    for name in ["a", "b", "c"] {
        world.encrypt(&format!("{name}.yaml"), &format!("VALUE_{name}: x\n"));
    }
    world.project.allow();
    let key = fs::read_to_string(world.project.path("key.txt")).unwrap();
    let key = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    let asked = world.project.path("asked");
    let program = format!("#!/bin/sh\necho x >>{}\necho {key}\n", asked.display());
    world.project.write_program("key", &program);
    let command = world.project.path("bin/key");
    let run = world.project.envr(["exec", "--", "env"]).env("SOPS_AGE_KEY_CMD", command);
    let run = run.env("SOPS_AGE_KEY_FILE", "").any_stdout().any_stderr().success();
    let printed = String::from_utf8(run.stdout).unwrap();
    for name in ["a", "b", "c"] {
        assert!(printed.contains(&format!("VALUE_{name}=x\n")), "{printed}");
    }
    assert_eq!(fs::read_to_string(asked).unwrap(), "x\n");
}
