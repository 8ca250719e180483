//! Fifty values that age encrypted: entering a project that loads them, and all of them in the clear, beside the real sops.

use super::process::Start;
use super::rival::Rival;
use super::world::{Variables, World};
use super::{Row, in_turn, median};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const COUNT: usize = 50;
const ROUNDS: usize = 300;
/// sops takes its time.
const SLOW_ROUNDS: usize = 60;

/// Each row with its base first.
pub struct Secrets {
    /// The same values as `export` lines, then as a file that is decrypted.
    pub load: Row,
    /// Decrypted by envr, then by sops where it is here.
    pub decrypt: Row,
    /// What sops calls itself.
    pub sops: Option<String>,
}

/// `None` without envr.
pub fn measure(world: &World, rivals: &[Rival]) -> Option<Secrets> {
    let envr = &rivals.iter().find(|rival| rival.name == "envr")?.program;
    let sops = std::env::var_os("SOPS").map(PathBuf::from).filter(|sops| sops.is_file());
    let variables = world.variables(0);
    let (plain, secret) = (world.path("plain"), world.path("secret"));
    make(envr, (&plain, &secret), &variables);
    let decrypt = [Some(envr.clone()), sops.clone()].map(|program| {
        program.map(|program| Start::new(&program, &decryption(&program, envr), &variables))
    });
    std::env::set_current_dir(&secret).expect("a directory of the bench");
    let decrypt = Row {
        what: "the whole file in the clear".to_string(),
        micros: in_turn(&decrypt, SLOW_ROUNDS),
    };
    let load = Row {
        what: "entering the project".to_string(),
        micros: entering(envr, [&plain, &secret], &variables),
    };
    Some(Secrets { load, decrypt, sops: sops.map(|sops| version(&sops)) })
}

/// Of envr and of sops.
fn decryption(program: &Path, envr: &Path) -> Vec<&'static str> {
    if program == envr {
        vec!["secret", "decrypt", "secrets.yaml"]
    } else {
        vec!["decrypt", "secrets.yaml"]
    }
}

/// The directories in turn.
fn entering(envr: &Path, dirs: [&Path; 2], variables: &Variables) -> Vec<Option<f64>> {
    let mut starts = dirs.map(|dir| {
        let mut variables = variables.clone();
        variables.insert("PWD".into(), dir.into());
        (dir, Start::new(envr, &["export", "bash", "--hook"], &variables), Vec::new())
    });
    for _ in 0..ROUNDS {
        for (dir, start, times) in &mut starts {
            std::env::set_current_dir(dir).expect("a directory of the bench");
            times.push(start.run());
        }
    }
    starts.map(|(_, _, times)| Some(median(times))).to_vec()
}

/// Two projects with the same values: one has them in the clear.
fn make(envr: &Path, (plain, secret): (&Path, &Path), variables: &Variables) {
    let (mut exports, mut values) = (String::new(), String::new());
    for index in 0..COUNT {
        let value = format!("value-{index}-{}", "x".repeat(24));
        _ = writeln!(exports, "export SECRET_{index}={value}");
        _ = writeln!(values, "SECRET_{index}: {value}");
    }
    for (dir, rc) in [(plain, exports.as_str()), (secret, "use sops\n")] {
        fs::create_dir_all(dir).expect("a directory of the bench");
        fs::write(dir.join(".envrc"), rc).expect("an rc");
    }
    let run = |dir: &Path, arguments: &[&str]| {
        let mut command = Command::new(envr);
        command.args(arguments).current_dir(dir).env_clear().envs(variables);
        let output = command.output().expect("envr starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "envr {arguments:?}: {said}");
    };
    run(secret, &["secret", "init"]);
    fs::write(secret.join("secrets.yaml"), values).expect("the values");
    run(secret, &["secret", "encrypt", "--in-place", "secrets.yaml"]);
    run(plain, &["allow"]);
    run(secret, &["allow"]);
}

fn version(sops: &Path) -> String {
    let mut command = Command::new(sops);
    command.arg("--version").env("SOPS_DISABLE_VERSION_CHECK", "1");
    let said = command.output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    said.split_whitespace().nth(1).unwrap_or_default().to_string()
}
