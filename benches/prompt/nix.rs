//! Entering the shell of a flake that was entered before: envr beside direnv's own `use flake`, nix itself, and a bash that
//! does nothing, on the flake of the tests, in a store of the bench's own.

use super::process::Start;
use super::rival::Rival;
use super::world::{Variables, World};
use super::{Row, in_turn};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// nix and direnv take their time.
const ROUNDS: usize = 30;
const QUICK_ROUNDS: usize = 300;
/// Projects, and what stands in the hook of their shell.
const PROJECTS: [(&str, &str, &str); 3] = [
    ("no `shellHook`", "hookless", ""),
    ("a `shellHook` of assignments", "assigning", "export HOOK=1"),
    ("a `shellHook` that bash must run", "scripted", "for x in 1; do export HOOK=$x; done"),
];

pub const NAMES: [&str; 6] = [
    "empty program",
    "`bash --norc -c :`",
    "envr",
    "envr export",
    "direnv's `use flake`",
    "`nix print-dev-env`",
];

/// `None` where there is no nix.
pub fn measure(world: &World, rivals: &[Rival]) -> Option<Vec<Row>> {
    let nix = Path::new("/usr/bin/nix");
    if !nix.is_file() {
        println!("nix is not measured: it is not installed");
        return None;
    }
    let program = |name: &str| {
        rivals.iter().find(|rival| rival.name == name).map(|rival| rival.program.as_path())
    };
    let (empty, envr) = (program("empty program")?, program("envr")?);
    let variables = variables(world);
    run(Path::new("/usr/bin/nix-store"), &["--init"], world.path("").as_path(), &variables);
    let rows = PROJECTS.iter().map(|(what, name, hook)| {
        let dir = world.path(name);
        make(&dir, hook, &world.path("sub"));
        run(envr, &["allow"], &dir, &variables);
        run(envr, &["exec", ".", "true"], &dir, &variables);
        let mut variables = variables.clone();
        variables.insert("PWD".into(), dir.clone().into());
        let start = |program: &Path, arguments: &[&str]| Start::new(program, arguments, &variables);
        let direnv = program("direnv").inspect(|direnv| run(direnv, &["allow"], &dir, &variables));
        let quick = [
            Some(start(empty, &[])),
            Some(start(Path::new("/bin/bash"), &["--norc", "-c", ":"])),
            Some(start(envr, &["export", "bash", "--hook"])),
            Some(start(envr, &["export", "bash"])),
        ];
        let slow = [
            direnv.map(|direnv| start(direnv, &["export", "bash"])),
            Some(start(nix, &["print-dev-env"])),
        ];
        std::env::set_current_dir(&dir).expect("a directory of the bench");
        let micros = [in_turn(&quick, QUICK_ROUNDS), in_turn(&slow, ROUNDS)].concat();
        Row { what: (*what).to_string(), micros }
    });
    let rows = rows.collect();
    make_writable(&world.path("store"));
    Some(rows)
}

/// Nothing of it reaches the network, a daemon or `/nix`.
fn variables(world: &World) -> Variables {
    let mut variables = world.variables(0);
    for (name, dir) in [
        ("NIX_STORE_DIR", "store"),
        ("NIX_STATE_DIR", "var"),
        ("NIX_LOG_DIR", "log"),
        ("NIX_CONF_DIR", "etc"),
    ] {
        variables.insert(name.into(), world.path(dir).into());
    }
    let config = "experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group =\nsubstituters =\n";
    for (name, value) in
        [("NIX_REMOTE", "local"), ("NIX_USER_CONF_FILES", "/dev/null"), ("NIX_CONFIG", config)]
    {
        variables.insert(name.into(), value.into());
    }
    // nix's script makes a directory there each time it is sourced, and nobody removes it.
    variables.insert("TMPDIR".into(), world.path("").into());
    variables
}

/// The flake of the tests with another hook.
fn make(dir: &Path, hook: &str, sub: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nix/project");
    for (from, to) in [(fixture.clone(), dir), (fixture.join("sub"), sub)] {
        fs::create_dir_all(to.join("stdenv")).expect("a directory of the bench");
        for file in ["flake.nix", "pkgs.nix", "stdenv/setup"] {
            if from.join(file).is_file() {
                fs::copy(from.join(file), to.join(file)).expect("a file of the bench");
            }
        }
    }
    let replace = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(dir.join(file)).expect("a file of the bench");
        assert!(text.contains(from), "{file}: {from}");
        fs::write(dir.join(file), text.replacen(from, to, 1)).expect("a file of the bench");
    };
    replace("flake.nix", "flake:fixture-sub", &format!("path:{}", sub.display()));
    let text = fs::read_to_string(dir.join("pkgs.nix")).expect("a file of the bench");
    let (_, rest) = text.split_once("shellHook = ''").expect("the hook of the tests");
    let (old, _) = rest.split_once("'';").expect("its end");
    replace("pkgs.nix", old, hook);
    fs::write(dir.join(".envrc"), "use flake\n").expect("an rc");
}

fn run(program: &Path, arguments: &[&str], dir: &Path, variables: &Variables) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir).env_clear().envs(variables);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("it starts").success(), "{} {arguments:?}", program.display());
}

/// Store paths are read-only, for directories even in the way of their removal.
fn make_writable(dir: &Path) {
    _ = Command::new("chmod").args(["-R", "u+w"]).arg(dir).status();
}
