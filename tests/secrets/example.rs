//! `examples/secrets`, as a newcomer enters it.

use crate::test::{ENVR, Project};
use std::path::Path;
use std::process::Command;

#[test]
fn the_example_makes_its_key_and_hands_its_password_to_a_command() {
    let project = Project::new();
    std::os::unix::fs::symlink(ENVR, project.path("bin/envr")).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/secrets");
    let copied = Command::new("cp").arg("-R").arg(example).arg(project.path("home")).status();
    assert!(copied.unwrap().success());
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env_clear().envs(project.variables());
        let output = command.current_dir(project.path("home/secrets")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run("./begin"), "EXAMPLE\ndb.password\n");
    let said = "connected to shop with a password of 24 letters\n";
    assert_eq!(run("envr exec -- connect"), said);
    assert_eq!(
        run(
            "envr exec -- sh -c 'env | grep -c DB_PASSWORD'; envr export json | grep -c DB_PASSWORD || :"
        ),
        "1\n0\n"
    );
}
