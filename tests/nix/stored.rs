//! What the store has of a file beside its text: whether it is a program, and where a link leads.

use super::inputs::{only, world_with};
use super::traced::bash;
use super::{World, has_nix};

/// The shell of an expression in a `flake.nix`, the same in a git repository, and in a `shell.nix`.
fn worlds(expression: &str, prepare: &str) -> [World; 3] {
    let flake = world_with(expression);
    let in_git = world_with(expression);
    let shell = world_with("\"\"");
    shell.project.write(
        "shell.nix",
        format!("(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = {expression}; }}"),
    );
    shell.allow("use nix\n");
    for world in [&flake, &in_git, &shell] {
        bash(world, prepare);
    }
    bash(&in_git, "commit");
    [flake, in_git, shell]
}

/// Each change gives another store path, and its undoing the first one.
fn check(expression: &str, prepare: &str, changes: &[(&str, &str)]) {
    for world in worlds(expression, prepare) {
        let first = only(&world);
        for (change, back) in changes {
            bash(&world, change);
            assert_ne!(only(&world), first, "{expression}: {change}");
            bash(&world, back);
            assert_eq!(only(&world), first, "{expression}: {back}");
        }
    }
}

#[test]
fn a_file_that_becomes_a_program_is_another_one() {
    if !has_nix() {
        return;
    }
    let changes = [("chmod +x d/run", "chmod -x d/run")];
    check("\"${./d/run}\"", "mkdir d; echo ls > d/run", &changes);
    check("\"${./d}\"", "mkdir d; echo ls > d/run", &changes);
    check("\"${./d + \"/run\"}\"", "mkdir d; echo ls > d/run", &changes);
    // One that only the group may execute is none.
    let world = world_with("\"${./cfg/v}\"");
    only(&world);
    bash(&world, "chmod g+x cfg/v");
    only(&world);
    assert_eq!(world.calls(), 1);
}

/// The program is that of the flake's copy.
#[test]
fn a_program_of_the_flake_itself_is_the_one_that_is_there() {
    if !has_nix() {
        return;
    }
    for path in ["\"${self}/cfg/v\"", "toString ./cfg/v", "self + \"/cfg/v\""] {
        let world = world_with(path);
        let runs = |code: i32| {
            let output = world.project.envr(["exec", ".", "sh", "-c", "test -x \"$ONLY\""]);
            output.any_stderr().code(code);
        };
        runs(1);
        bash(&world, "chmod +x cfg/v");
        runs(0);
    }
}

#[test]
fn links_are_copied_as_links() {
    if !has_nix() {
        return;
    }
    let prepare = "mkdir -p d/e d/f; echo 1 | tee d/a d/b d/e/x > d/f/x; ln -s a d/link; ln -s e d/dir; ln -s no d/none";
    let changes = [
        ("ln -sf b d/a", "rm d/a; echo 1 > d/a"),
        ("ln -sf b d/link", "ln -sf a d/link"),
        ("ln -sfn f d/dir", "ln -sfn e d/dir"),
        ("ln -sfn nowhere d/none", "ln -sfn no d/none"),
    ];
    check("\"${./d}\"", prepare, &changes);
}

/// Only where it stands does something change.
#[test]
fn a_link_that_leads_nowhere_may_go() {
    if !has_nix() {
        return;
    }
    let there = "if builtins.pathExists ./d/none then \"there\" else \"not\"";
    for world in worlds(there, "mkdir d; ln -s no d/none; touch d/x") {
        // Versions of nix differ in what they call it.
        only(&world);
        bash(&world, "rm d/none");
        assert_eq!(only(&world), "not");
    }
}
