//! What counts as an input of an expression's shell: whatever it looks at, by any name, wherever it is.

use super::{World, has_nix, versions};
use std::path::Path;

/// A world whose `shell.nix` has the value of an expression as `ONLY`, in a project that a script prepared.
fn world_with(bin: &Path, prepare: &str, expression: &str) -> World {
    let world = World::with(bin);
    world.project.write("shell.nix", shell(expression));
    world.project.write("v", "one");
    world.project.write("other", "one");
    world.allow("use nix\n");
    bash(&world, prepare);
    world
}

fn shell(expression: &str) -> String {
    format!(
        "(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = toString ({expression}); }}\n"
    )
}

/// Has bash change files of the project.
pub fn bash(world: &World, script: &str) {
    let prelude = "set -e; git() { command git -c user.name=a -c user.email=a@b \"$@\"; }; commit() { git init -q \"$@\"; git -C \"${1-.}\" add -A; git -C \"${1-.}\" commit -qm x; }; ";
    let script = [prelude, script].concat();
    let output = world.run("/bin/bash", &["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

fn only(world: &World) -> String {
    let output = world.project.envr(["exec", ".", "printenv", "ONLY"]).any_stdout().any_stderr();
    String::from_utf8(output.success().stdout).unwrap().trim_end().to_string()
}

/// Each change has nix asked once more and gives a value; then the old content has no nix asked.
#[track_caller]
fn check(prepare: &str, expression: &str, first: &str, changes: &[(&str, &str)]) {
    if !has_nix() {
        return;
    }
    for bin in versions() {
        let world = world_with(&bin, prepare, expression);
        assert_eq!(only(&world), first, "{expression}");
        for (count, (change, value)) in changes.iter().enumerate() {
            bash(&world, change);
            let is = (only(&world), world.calls());
            assert_eq!(is, ((*value).to_string(), count + 2), "{expression}: {change}");
        }
        let calls = world.calls();
        bash(&world, "echo more > apart; find . -name .git -prune -o -type f -exec touch {} +");
        only(&world);
        assert_eq!(world.calls(), calls, "{expression}");
    }
}

#[test]
fn a_file_is_read_by_any_name_of_the_function() {
    let two = [("echo two > v", "two")];
    check("", "__readFile ./v", "one", &two);
    check("", "builtins.builtins.readFile ./v", "one", &two);
    check("", "with builtins; readFile ./v", "one", &two);
    check("", "if __pathExists ./w then \"there\" else \"not\"", "not", &[("touch w", "there")]);
    check(
        "",
        "builtins.substring 0 4 (builtins.hashFile \"sha256\" ./v)",
        "7692",
        &[("printf two > v", "3fc4")],
    );
}

#[test]
fn what_kind_of_a_file_it_is_counts_where_nix_can_tell() {
    if !has_nix() {
        return;
    }
    for bin in versions() {
        let kind = "if builtins ? readFileType then builtins.readFileType ./kind else \"none\"";
        let world = world_with(&bin, "mkdir kind", kind);
        if only(&world) == "none" {
            continue;
        }
        for (change, value) in
            [("rmdir kind; touch kind", "regular"), ("rm kind; ln -s v kind", "symlink")]
        {
            bash(&world, change);
            assert_eq!(only(&world), value);
        }
    }
}

#[test]
fn what_a_file_outside_of_the_project_reads_counts() {
    let prepare =
        "mkdir ../far; echo 'builtins.readFile ./v' > ../far/default.nix; echo one > ../far/v";
    let two = [("echo two > ../far/v", "two")];
    check(prepare, "import ../far", "one", &two);
    check(prepare, "builtins.scopedImport { } ../far", "one", &two);
    check(
        "mkdir ../far; echo 'p: builtins.readFile p' > ../far/default.nix",
        "import ../far ./v",
        "one",
        &[("echo two > v", "two")],
    );
    // As `lib.fileContents` of nixpkgs does.
    check(
        "",
        "import (builtins.toFile \"read.nix\" \"p: builtins.readFile p\") ./v",
        "one",
        &[("echo two > v", "two")],
    );
}

#[test]
fn where_a_name_is_looked_for_counts() {
    if !has_nix() {
        return;
    }
    let prepare = "mkdir near far; echo '\"one\"' > far/x.nix";
    let world = world_with(&versions().pop().unwrap(), prepare, "import <x.nix>");
    world.allow("use nix -I near -I far\n");
    assert_eq!(only(&world), "one");
    bash(&world, "echo '\"two\"' > near/x.nix");
    assert_eq!(only(&world), "two");
}

#[test]
fn links_on_the_way_to_what_is_evaluated_count() {
    let two = "mkdir -p a/sub b/sub; for d in a b; do echo 'builtins.readFile ./v' | tee $d/default.nix > $d/sub/default.nix; done; echo one | tee a/v > a/sub/v; echo two | tee b/v > b/sub/v; ln -s a dir; ln -s a/default.nix file.nix; ";
    check(two, "import ./dir", "one", &[("ln -sfn b dir", "two")]);
    check(two, "import ./dir", "one", &[("echo '\"two\"' > a/default.nix", "two")]);
    check(two, "import ./dir/sub", "one", &[("ln -sfn b dir", "two"), ("echo 3 > b/sub/v", "3")]);
    check(two, "import ./file.nix", "one", &[("ln -sfn b/default.nix file.nix", "two")]);
    let shells = "mkdir a b; for d in a b; do sed s,./pkgs,../pkgs, shell.nix > $d/shell.nix; echo $d > $d/v; done; ln -sf a/shell.nix .";
    check(shells, "builtins.readFile ./v", "a", &[("ln -sf b/shell.nix .", "b")]);
}

#[test]
fn a_repository_that_is_fetched_counts_with_all_that_git_tracks() {
    let prepare = "mkdir lib; echo one > lib/v; commit";
    let edits = [("echo two > lib/v", "two"), ("echo three > lib/v", "three"), ("commit", "three")];
    for tree in [
        "builtins.fetchGit ./.",
        "fetchGit ./.",
        "builtins.fetchTree { type = \"git\"; url = \"file://${toString ./.}\"; }",
    ] {
        check(prepare, &format!("builtins.readFile (({tree}) + \"/lib/v\")"), "one", &edits);
    }
    check(
        "mkdir lib; echo one > lib/v; commit lib",
        "builtins.readFile (builtins.fetchGit ./lib + \"/v\")",
        "one",
        &[("echo two > lib/v", "two"), ("git -C lib commit -qam y", "two")],
    );
    check(
        "mkdir lib; echo one > lib/v; commit lib; git -C lib branch b",
        "builtins.readFile (builtins.fetchGit { url = ./lib; ref = \"b\"; } + \"/v\")",
        "one",
        &[(
            "echo two > lib/v; git -C lib commit -qam y; git -C lib branch -f b; git -C lib reset -q --hard HEAD^",
            "two",
        )],
    );
}

#[test]
fn what_else_is_fetched_of_this_machine_counts() {
    let prepare = "mkdir lib; echo one > lib/v; echo '{ outputs = _: { v = builtins.readFile ./v; }; }' > lib/flake.nix";
    let edits = [("echo two > lib/v", "two")];
    check(prepare, "(builtins.getFlake (toString ./lib)).v", "one", &edits);
    check(
        &[prepare, "; commit lib"].concat(),
        "(builtins.getFlake \"git+file://${toString ./lib}\").v",
        "one",
        &edits,
    );
    check(
        prepare,
        "builtins.readFile (builtins.fetchTree { type = \"path\"; path = toString ./lib; } + \"/v\")",
        "one",
        &edits,
    );
}

/// Of which nix itself takes no notice for an hour, unless it is told to.
#[test]
fn a_file_that_is_downloaded_from_this_machine_counts() {
    if !has_nix() {
        return;
    }
    let expression = "builtins.readFile (builtins.fetchurl \"file://${toString ./v}\")";
    let world = world_with(&versions().pop().unwrap(), "", expression);
    world.allow("use nix --option tarball-ttl 0\n");
    assert_eq!(only(&world), "one");
    world.project.write("v", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("two", 2));
}

/// Without a word about the file, the directory's is another as soon as there is a `shell.nix`.
#[test]
fn a_shell_file_that_comes_to_be_is_taken() {
    if !has_nix() {
        return;
    }
    for old in ["default.nix", "none.nix"] {
        let world = world_with(&versions().pop().unwrap(), "", "\"one\"");
        bash(&world, &format!("rm default.nix; mv shell.nix {old}"));
        let mut terminal = world.project.shell();
        let status = i32::from(old == "none.nix");
        terminal.any_prompt(status);
        world.project.write("shell.nix", shell("\"two\""));
        terminal.any_prompt(0);
        world.settle();
        terminal.any_prompt(0);
        assert_eq!(terminal.get("ONLY"), Some("two"), "{old}");
    }
}

/// What nix found while it ran counts, not what is there when it has ended.
#[test]
fn a_file_that_is_there_for_a_moment_is_not_kept() {
    if !has_nix() {
        return;
    }
    let world = world_with(
        &versions().pop().unwrap(),
        "",
        "if builtins.pathExists ./w then \"there\" else \"not\"",
    );
    world.project.write_at("before-nix", "touch \"$root/project/w\"; rm \"$root/before-nix\"");
    world.project.write_at("after-nix", "rm \"$root/project/w\" \"$root/after-nix\"");
    assert_eq!((only(&world).as_str(), world.calls()), ("not", 2));
}
