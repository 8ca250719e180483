//! `use sops` and `use age` in an .envrc, by both lanes; and that the plaintext is nowhere but in the environment.

use super::vectors::Vectors;
use crate::test::{ENVR, Project, Shell, has};
use base64::Engine as _;
use std::path::Path;
use std::process::Command;

/// What is in `yaml_env_types` and friends; the case whose values are looked for.
const CASE: &str = "cases/yaml_basic/enc.yaml";
const LANES: [&str; 2] = ["", "bash"];

struct World {
    project: Project,
    vectors: Vectors,
}

impl World {
    fn new(rc: &str) -> Self {
        let (project, vectors) = (Project::new(), Vectors::new());
        project.write("secrets.yaml", vectors.read(CASE));
        project.write(".envrc", rc);
        let key = vectors.path("keys/age1.txt");
        let project = project.env("SOPS_AGE_KEY_FILE", key);
        Self { project, vectors }
    }

    fn shell(&self, lane: &str) -> Shell<'_> {
        let mut shell = self.project.shell();
        shell.set("ENVR_LANE", lane);
        shell
    }

    /// Names and values that the file holds.
    fn values(&self) -> Vec<(String, String)> {
        let text = self.vectors.read("cases/yaml_basic/exec-env.json");
        let entries: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
        entries.iter().map(|entry| (text(&entry["name"]), text(&entry["value"]))).collect()
    }

    /// Those that are long enough to be looked for.
    fn secrets(&self) -> Vec<String> {
        let values = self.values().into_iter().map(|(_, value)| value);
        let secrets: Vec<String> = values.filter(|value| value.len() >= 12).collect();
        assert!(secrets.len() >= 3);
        secrets
    }
}

const ON_EXPORT: &str = "envr: export +api_key +db_password +debug +host +port\n";

#[test]
fn both_lanes_export_what_the_file_holds() {
    let world = World::new("use sops\n");
    world.project.allow();
    for lane in LANES {
        let mut shell = world.shell(lane);
        let loading = "envr: loading $DIR/project/.envrc\nenvr: using sops\n";
        shell.prompt(&format!("{loading}{ON_EXPORT}"));
        for (name, value) in world.values() {
            assert_eq!(shell.get(&name), Some(value.as_str()), "{lane}");
        }
        shell.cd("elsewhere");
        shell.any_prompt(0);
        assert_eq!(shell.get("db_password"), None);
    }
}

#[test]
fn values_that_are_code_stay_values() {
    let world = World::new("use sops special.yaml\n");
    world.project.write("special.yaml", world.vectors.read("cases/yaml_env_special/enc.yaml"));
    world.project.allow();
    let text = world.vectors.read("cases/yaml_env_special/exec-env.json");
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    for lane in LANES {
        let mut shell = world.shell(lane);
        shell.any_prompt(0);
        for entry in &entries {
            let (name, value) = (entry["name"].as_str().unwrap(), entry["value"].as_str());
            assert_eq!(shell.get(name), value, "{lane}: {name}");
        }
    }
}

#[test]
fn an_age_file_holds_what_a_dotenv_file_holds() {
    if !has("age") {
        return;
    }
    let world = World::new("use age env.age\n");
    let public = world.vectors.manifest["age"]["age1"].as_str().unwrap();
    world.project.write("plain", "A=1\nB='two words'\nC=\"$A\"\n");
    let encrypted = Command::new("age")
        .args(["-r", public, "-o"])
        .arg(world.project.path("project/env.age"))
        .arg(world.project.path("project/plain"))
        .status();
    assert!(encrypted.unwrap().success());
    world.project.allow();
    for lane in LANES {
        let mut shell = world.shell(lane);
        shell.any_prompt(0);
        let found = ["A", "B", "C"].map(|name| shell.get(name));
        assert_eq!(found, [Some("1"), Some("two words"), Some("1")], "{lane}");
    }
}

#[test]
fn a_key_that_the_rc_names_is_used() {
    let world = World::new("export SOPS_AGE_KEY_FILE=$PWD/key.txt\nuse sops\n");
    world.project.write("key.txt", world.vectors.read("keys/age1.txt"));
    world.project.allow();
    for lane in LANES {
        let mut shell = world.shell(lane);
        shell.set("SOPS_AGE_KEY_FILE", "/nowhere");
        shell.any_prompt(0);
        assert!(shell.get("db_password").is_some(), "{lane}");
    }
}

#[test]
fn a_changed_file_waits_for_approval() {
    for lane in LANES {
        let world = World::new("use sops\n");
        world.project.allow();
        let mut shell = world.shell(lane);
        shell.any_prompt(0);
        assert!(shell.get("db_password").is_some());
        world.project.write("secrets.yaml", world.vectors.read("cases/yaml_env_types/enc.yaml"));
        let said = shell.any_prompt(1);
        assert!(
            said.contains("secrets.yaml`, whose secrets it loads, is not as it was approved"),
            "{said}"
        );
        assert_eq!((shell.get("db_password"), shell.get("I1")), (None, None));
        world.project.allow();
        shell.any_prompt(0);
        assert!(shell.get("F1").is_some(), "{lane}");
    }
}

/// `secret set` by the user is their word; what was there before must have been approved, too.
#[test]
fn an_approval_follows_what_its_user_changes_with_envr() {
    let world = World::new("use sops\n");
    world.project.allow();
    let set = || world.project.envr(["secret", "set", "secrets.yaml", "api_key"]).stdin("mine");
    set().stderr("envr: the approval of `$DIR/project/.envrc` goes with it\n").success();
    let mut shell = world.shell("");
    shell.any_prompt(0);
    assert_eq!(shell.get("api_key"), Some("mine"));
    // Somebody without a key calls a plain value by another name.
    let text = world.project.read("project/secrets.yaml");
    world.project.write("secrets.yaml", format!("{text}# not by the user\n"));
    set().success();
    let said = shell.any_prompt(1);
    assert!(said.contains("secrets.yaml`, whose secrets it loads"), "{said}");
    // Nobody approves what is not approved at all by writing a secret.
    let world = World::new("use sops\n");
    world.project.envr(["secret", "set", "secrets.yaml", "api_key"]).stdin("mine").success();
    assert!(world.shell("").any_prompt(1).contains("is not approved yet"));
}

#[test]
fn what_does_not_load_says_why_and_sets_nothing() {
    for (rc, file, reason) in [
        (
            "use sops gone.yaml\nexport A=1\n",
            CASE,
            "use sops: could not load `$DIR/project/gone.yaml`: there is no such file",
        ),
        (
            "use sops\nexport A=1\n",
            "bad/value_swapped/enc.yaml",
            "it was changed, moved or renamed after it was encrypted",
        ),
        ("use sops\nexport A=1\n", "bad/mac_removed/enc.yaml", "it has no MAC"),
        ("use sops\nexport A=1\n", "bad/key_wrong/enc.yaml", "no key is there that decrypts it"),
        (
            "use sops\nexport A=1\n",
            "cases/yaml_nested/enc.yaml",
            "is a map or a list, which no variable can hold",
        ),
        ("use sops a b\nexport A=1\n", CASE, "use sops: it takes one file"),
        ("use age\nexport A=1\n", CASE, "use age: the file is missing"),
    ] {
        let world = World::new(rc);
        world.project.write("secrets.yaml", world.vectors.read(file));
        world.project.allow();
        for lane in LANES {
            let mut shell = world.shell(lane);
            if file.contains("key_wrong") {
                shell.set("SOPS_AGE_KEY_FILE", world.vectors.path("keys/age2.txt"));
            }
            let said = shell.any_prompt(0);
            assert!(said.contains(reason), "{lane}: {said}");
            assert_eq!(shell.get("A"), Some("1"), "{lane}");
            assert_eq!(
                shell
                    .visible()
                    .keys()
                    .filter(|name| name.to_str().unwrap().contains("_password"))
                    .count(),
                0
            );
        }
    }
}

/// To sops the ending alone says of which type a file is.
#[test]
fn the_type_may_be_said_where_the_name_does_not() {
    let world = World::new("");
    let key = world.vectors.manifest["age"]["age1"].as_str().unwrap();
    world.project.write("p.env", "A=one\nB=two words\n");
    let encrypted = |arguments: &[&str]| {
        let run = world.project.envr([&["secret", "encrypt", "-r", key], arguments].concat());
        run.any_stdout().success().stdout
    };
    world.project.write(".env.prod", encrypted(&["p.env"]));
    world.project.write("as-binary", encrypted(&["--input-type", "binary", "p.env"]));
    for (line, is_set, why) in [
        ("use sops --input-type dotenv .env.prod", true, ""),
        ("use sops .env.prod --input-type dotenv", true, ""),
        (
            "use sops .env.prod",
            false,
            "it has no sops metadata: it is not encrypted, or `--input-type` has to say of which type\n",
        ),
        (
            "use sops as-binary",
            false,
            "it is of type binary, one value: `name` in an `envr.toml` says of which variable\n",
        ),
        (
            "use sops --input-type env .env.prod",
            false,
            "use sops: there is no type `env`: one of yaml, json, dotenv, ini, binary\n",
        ),
        ("use sops .env.prod --input-type", false, "use sops: `--input-type` needs a type\n"),
        (
            "use age --input-type dotenv x.age",
            false,
            "use age: `--input-type` is no option of it\n",
        ),
    ] {
        world.project.write(".envrc", format!("{line}\n"));
        world.project.allow();
        for lane in LANES {
            let mut shell = world.shell(lane);
            let said = shell.any_prompt(0);
            assert_eq!(shell.get("B"), is_set.then_some("two words"), "{lane}: {said}");
            assert_eq!(shell.get("data"), None, "{lane}");
            assert!(said.contains(why), "{lane}: {line}: {said}");
        }
    }
}

/// One name after another is refused, and allowed then.
#[test]
fn what_a_common_program_starts_or_trusts_must_be_allowed() {
    const NAMES: &str = "RSYNC_RSH SVN_SSH CVS_RSH TAR_OPTIONS GH_EDITOR KUBE_EDITOR SYSTEMD_EDITOR GH_PAGER \
        SYSTEMD_PAGER DELTA_PAGER FZF_DEFAULT_COMMAND PHPRC PHP_INI_SCAN_DIR BUNDLE_GEMFILE GEM_PATH JULIA_LOAD_PATH \
        EMACSLOADPATH GUILE_LOAD_PATH TCLLIBPATH MAVEN_OPTS GRADLE_OPTS GRADLE_USER_HOME SBT_OPTS ERL_FLAGS \
        ERL_AFLAGS ELIXIR_ERL_OPTIONS COR_PROFILER CORECLR_PROFILER_PATH HGRCPATH ANSIBLE_CONFIG STARSHIP_CONFIG \
        TF_CLI_CONFIG_FILE SOPS_AGE_KEY_FILE AWS_SHARED_CREDENTIALS_FILE AWS_WEB_IDENTITY_TOKEN_FILE \
        NODE_EXTRA_CA_CERTS SSL_CERT_FILE CURL_CA_BUNDLE CONFIG_SITE TF_REATTACH_PROVIDERS TMOUT";
    let world = World::new("");
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    world.project.write("plain.yaml", names.join(": evil\n") + ": evil\n");
    let key = world.vectors.manifest["age"]["age1"].as_str().unwrap();
    let run = world.project.envr(["secret", "encrypt", "-r", key, "plain.yaml"]);
    world.project.write("secrets.yaml", run.any_stdout().success().stdout);
    let mut line = "use sops".to_string();
    for name in names {
        world.project.write(".envrc", &line);
        world.project.allow();
        let said = world.shell("").any_prompt(0);
        assert!(
            said.contains(&format!("it sets `{name}`, which decides what runs")),
            "{name}: {said}"
        );
        line = format!("{line} --allow {name}");
    }
}

#[test]
fn names_that_decide_what_runs_must_be_allowed() {
    for (rc, is_set) in
        [("use sops\n", false), ("use sops --allow LD_PRELOAD secrets.yaml\n", true)]
    {
        let world = World::new(rc);
        // The name of a plain value is protected by nothing.
        let text = world.vectors.read("cases/rule_comment_enc_00/enc.yaml");
        let text = String::from_utf8(text).unwrap();
        world.project.write("secrets.yaml", text.replacen("\nb: 2", "\nLD_PRELOAD: 2", 1));
        world.project.allow();
        for lane in LANES {
            let mut shell = world.shell(lane);
            let said = shell.any_prompt(0);
            assert_eq!(shell.get("LD_PRELOAD").is_some(), is_set, "{lane}: {said}");
            assert_eq!(
                said.contains("it sets `LD_PRELOAD`, which decides what runs"),
                !is_set,
                "{said}"
            );
        }
    }
}

#[test]
fn tracing_shows_no_secret() {
    let world = World::new("set -x\nuse sops\nexport A=1\nset +x\n");
    world.project.allow();
    let mut shell = world.shell("bash");
    let said = shell.any_prompt(0);
    assert!(said.contains("export A=1"), "it is traced: {said}");
    assert!(shell.get("db_password").is_some());
    for secret in world.secrets() {
        assert!(!said.contains(&secret), "{said}");
    }
}

#[test]
fn the_state_and_what_is_said_hold_no_secret() {
    let world = World::new("use sops\n");
    world.project.allow();
    for lane in LANES {
        let mut shell = world.shell(lane);
        let said = shell.any_prompt(0);
        let status = world.project.envr(["status"]);
        let status = String::from_utf8(status.any_stdout().any_stderr().output().stdout).unwrap();
        for secret in world.secrets() {
            assert!(!said.contains(&secret) && !status.contains(&secret));
            for name in ["DIRENV_DIFF", "DIRENV_WATCHES", "DIRENV_FILE", "DIRENV_DIR"] {
                let state = shell.get(name).unwrap();
                let packed =
                    base64::engine::general_purpose::URL_SAFE.decode(state).unwrap_or_default();
                let unpacked =
                    miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap_or_default();
                assert!(
                    !state.contains(&secret) && !contains(&unpacked, secret.as_bytes()),
                    "{name}"
                );
            }
        }
    }
}

/// Every write of a load goes to a pipe, a terminal or the shell that asked; every argument is free of secrets.
#[test]
fn no_file_and_no_argument_holds_a_secret() {
    if !has("strace") {
        return;
    }
    let world = World::new("use sops\n");
    world.project.allow();
    for lane in LANES {
        let trace = world.project.path("trace");
        let output = Command::new("strace")
            .args([
                "-f",
                "-qq",
                "-y",
                "-s",
                "100000",
                "-e",
                "trace=write,writev,pwrite64,pwritev,sendto,execve",
                "-o",
            ])
            .arg(&trace)
            .args([ENVR, "export", "json"])
            .current_dir(world.project.path("project"))
            .env_clear()
            .env("HOME", world.project.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("ENVR_LANE", lane)
            .env("SOPS_AGE_KEY_FILE", world.vectors.path("keys/age1.txt"))
            .output()
            .unwrap();
        assert!(output.status.success());
        let trace = std::fs::read_to_string(&trace).unwrap();
        let secrets = world.secrets();
        let lines = trace.lines().filter(|line| secrets.iter().any(|secret| line.contains(secret)));
        let lines: Vec<&str> = lines.collect();
        assert!(!lines.is_empty(), "the answer itself is seen");
        for line in lines {
            let is_in_memory = ["<pipe:[", "</memfd:"].iter().any(|kind| line.contains(kind));
            assert!(is_in_memory, "{lane}: {line}");
        }
        assert_eq!(
            trace.matches("execve(").count(),
            if lane.is_empty() { 1 } else { 2 },
            "{trace}"
        );
    }
}

#[test]
fn review_and_approval_cover_the_file() {
    let world = World::new("use sops\n");
    let page = world.project.envr(["review"]).any_stdout().success().stdout;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("/project/secrets.yaml: not approved yet"), "{page}");
    world.project.allow();
    world.project.write("secrets.yaml", "sops: {}\n");
    let said = world.shell("").any_prompt(1);
    assert!(said.contains("is not as it was approved"), "{said}");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A file of the vectors is a project's file like any other.
#[test]
fn an_unreadable_file_is_told() {
    let world = World::new("use sops dir\n");
    std::fs::create_dir(world.project.path("project/dir")).unwrap();
    world.project.allow();
    for lane in LANES {
        let said = world.shell(lane).any_prompt(0);
        assert!(said.contains("could not load `$DIR/project/dir`: is a directory"), "{said}");
    }
    assert!(Path::new(ENVR).exists());
}

#[test]
fn the_file_that_a_variable_is_from_is_told() {
    let world = World::new("export A=1\nuse sops\n");
    world.project.allow();
    let why = |name: &str, lines: &str| {
        let loading = "envr: loading $DIR/project/.envrc\nenvr: using sops\n";
        world.project.envr(["why", name]).stdout(lines).stderr(loading).success();
    };
    why("db_password", "$DIR/project/.envrc:2: use sops\n$DIR/project/secrets.yaml\n");
    why("A", "$DIR/project/.envrc:1: export A=1\n");
}

/// Letter for letter, as sops exports it; the line of the wild reads the same file as a `.env` file.
#[test]
fn quotes_of_a_dotenv_file_are_letters_unless_it_is_read_as_one() {
    let world = World::new("");
    let key = world.vectors.manifest["age"]["age1"].as_str().unwrap();
    let encrypt = |text: &str| {
        world.project.write("x.env", text);
        world.project.envr(["secret", "encrypt", "--in-place", "-r", key, "x.env"]).success();
    };
    let recipe = format!("eval \"$({ENVR} dotenv bash <({ENVR} secret decrypt x.env))\"\n");
    let load = |rc: &str| {
        world.project.write(".envrc", rc);
        world.project.allow();
        let mut shell = world.shell("");
        let said = shell.any_prompt(0);
        (["Q", "S"].map(|name| shell.get(name).map(str::to_string)), said)
    };
    let values = |quoted: &str, spaced: &str| [Some(quoted.to_string()), Some(spaced.to_string())];
    encrypt("Q=\"quoted\"\nS=a # b\n");
    assert_eq!(load("use sops x.env\n").0, values("\"quoted\"", "a # b"));
    assert_eq!(load(&recipe).0, values("quoted", "a"));
    encrypt("export Q=x\nexport S='a b'\n");
    let (found, said) = load("use sops x.env\n");
    assert!(said.contains("`export Q` cannot be the name of a variable in a shell"), "{said}");
    assert_eq!(found, [None, None]);
    assert_eq!(load(&recipe).0, values("x", "a b"));
}
