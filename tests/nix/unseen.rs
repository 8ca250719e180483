//! What an evaluation looks at in ways that its files do not show.

use super::inputs::{only, world_with};
use super::traced::bash;
use super::{World, has_nix};

/// A `shell.nix` whose shell has the value of an expression as `ONLY`.
fn expression_with(expression: &str) -> World {
    let world = World::new();
    let shell =
        format!("(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = {expression}; }}");
    world.project.write("shell.nix", shell);
    world.project.write("cfg/v", "one");
    world.project.write("cfg/default.nix", "builtins.readFile ./v");
    world.allow("use nix\n");
    world
}

fn commit(world: &World) {
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.git(&["commit", "-qm", "x"]);
}

#[test]
fn an_expression_follows_what_it_reads_by_whatever_name() {
    if !has_nix() {
        return;
    }
    for reads in [
        "builtins.hashFile \"sha256\" ./cfg/v",
        "__readFile ./cfg/v",
        "builtins.builtins.readFile ./cfg/v",
        "builtins.readFile \"${builtins.fetchTree { type = \"path\"; path = toString ./cfg; }}/v\"",
    ] {
        let world = expression_with(reads);
        let before = only(&world);
        world.edit("cfg/v", "one", "two");
        assert_ne!(only(&world), before, "{reads}");
    }
}

#[test]
fn a_directory_that_a_link_leads_to_is_evaluated_where_it_is() {
    if !has_nix() {
        return;
    }
    let link = |world: &World, target: &str| {
        let path = world.project.path("project/link");
        _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(target, path).unwrap();
    };
    let check = |world: &World| {
        world.project.write("cfg/default.nix", "\"one\"");
        world.project.write("other/default.nix", "\"other\"");
        link(world, "cfg");
        assert_eq!(only(world), "one");
        world.edit("cfg/default.nix", "one", "two");
        assert_eq!(only(world), "two");
        link(world, "other");
        assert_eq!(only(world), "other");
    };
    check(&expression_with("import ./link"));
    let world = expression_with("import ./link/sub");
    world.project.write("cfg/sub/default.nix", "\"one\"");
    link(&world, "cfg");
    assert_eq!(only(&world), "one");
    world.edit("cfg/sub/default.nix", "one", "two");
    assert_eq!(only(&world), "two");
    let world = world_with("import ./link");
    check(&world);
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nin_place = true\n");
    check(&world);
}

/// The first edit after a commit is the one that makes the tree another than its commit.
#[test]
fn a_repository_that_is_fetched_counts_with_its_working_tree() {
    if !has_nix() {
        return;
    }
    for fetched in [
        "builtins.fetchGit ./.",
        "builtins.fetchTree { type = \"git\"; url = \"file://${toString ./.}\"; }",
        "builtins.getFlake (toString ./.)",
        "(import ./fetch.nix) ./.",
    ] {
        let world = expression_with(&format!("builtins.readFile \"${{{fetched}}}/cfg/v\""));
        world.project.write("fetch.nix", "dir: fetchGit dir");
        world.project.write("flake.nix", "{ outputs = _: { }; }");
        commit(&world);
        assert_eq!(only(&world), "one", "{fetched}");
        world.edit("cfg/v", "one", "two");
        assert_eq!(only(&world), "two", "{fetched}");
        world.git(&["commit", "-qam", "y"]);
        assert_eq!(only(&world), "two", "{fetched}");
        world.edit("cfg/v", "two", "three");
        assert_eq!(only(&world), "three", "{fetched}");
    }
}

#[test]
fn a_directory_that_is_no_repository_is_fetched_whole() {
    if !has_nix() {
        return;
    }
    let world = expression_with("builtins.readFile \"${builtins.getFlake (toString ./cfg)}/v\"");
    world.project.write("cfg/flake.nix", "{ outputs = _: { }; }");
    assert_eq!(only(&world), "one");
    world.edit("cfg/v", "one", "two");
    assert_eq!(only(&world), "two");
}

#[test]
fn a_file_of_another_directory_counts_with_what_it_reads() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("elsewhere/default.nix", "builtins.readFile ./v");
    let elsewhere = world.project.path("elsewhere").display().to_string();
    for (import, variables) in [
        (elsewhere.clone(), String::new()),
        ("<np>".into(), format!("export NIX_PATH=np={elsewhere}\n")),
    ] {
        world.project.write_at("elsewhere/v", "one");
        world.project.write(
            "shell.nix",
            format!(
                "(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = import {import}; }}"
            ),
        );
        world.allow(&format!("{variables}use nix\n"));
        assert_eq!(only(&world), "one", "{import}");
        world.project.write_at("elsewhere/v", "two");
        assert_eq!(only(&world), "two", "{import}");
    }
}

/// `nix-shell` would take it.
#[test]
fn a_prompt_sees_a_shell_nix_that_comes_beside_a_default_nix() {
    if !has_nix() {
        return;
    }
    let world = expression_with("\"one\"");
    let text = world.project.read("project/shell.nix");
    world.project.write("default.nix", &text);
    world.project.remove("shell.nix");
    assert_eq!(only(&world), "one");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.write("shell.nix", text.replace("one", "two"));
    shell.any_prompt(0);
    assert_eq!(shell.get("ONLY"), Some("two"));

    let world = World::new();
    world.project.remove("shell.nix");
    world.project.remove("default.nix");
    world.allow("use nix\n");
    let mut shell = world.project.shell();
    shell.any_prompt(1);
    world.project.write("shell.nix", text);
    shell.any_prompt(0);
    assert_eq!(shell.get("ONLY"), Some("one"));
}

#[test]
fn what_a_link_in_a_list_of_names_leads_to_counts() {
    if !has_nix() {
        return;
    }
    let link = |world: &World, target: &str, name: &str| {
        let path = world.project.path("project").join(name);
        _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(target, path).unwrap();
    };
    let world = world_with("import (./cfg + \"/${\"l\"}.nix\")");
    world.project.write("a.nix", "\"one\"");
    world.project.write("b.nix", "\"two\"");
    link(&world, "../a.nix", "cfg/l.nix");
    assert_eq!(only(&world), "one");
    link(&world, "../b.nix", "cfg/l.nix");
    assert_eq!(only(&world), "two");

    let world = world_with("(builtins.readDir ./cfg).v");
    assert_eq!(only(&world), "regular");
    link(&world, "/", "cfg/v");
    assert_eq!(only(&world), "symlink");
}

#[test]
fn a_nix_file_that_is_only_looked_for_may_go() {
    if !has_nix() {
        return;
    }
    let there = |path: &str| format!("if builtins.pathExists {path} then \"there\" else \"not\"");
    for path in ["./opt/local.nix", "(./opt + \"/local.nix\")"] {
        let world = world_with(&there(path));
        world.project.write("opt/local.nix", "1");
        assert_eq!(only(&world), "there", "{path}");
        world.project.write("opt/local.nix", "2");
        assert_eq!((only(&world).as_str(), world.calls()), ("there", 1), "{path}");
        world.project.remove("opt/local.nix");
        assert_eq!(only(&world), "not", "{path}");
    }
}

#[test]
fn a_revision_that_is_asked_of_another_name_counts() {
    if !has_nix() {
        return;
    }
    for asked in [
        "import ./version.nix self",
        "if builtins.hasAttr \"rev\" self then \"clean\" else \"dirty\"",
        "if builtins.any (n: builtins.match \"(re)v\" n != null) (builtins.attrNames self.sourceInfo) then \"clean\" else \"dirty\"",
        "if builtins.any (n: builtins.match \"(re)v\" n != null) (builtins.attrNames self) then \"clean\" else \"dirty\"",
        "let name = \"re\" + \"v\"; in if self.${name} or \"\" == \"\" then \"dirty\" else \"clean\"",
    ] {
        let world = world_with(asked);
        world.project.write("version.nix", "flake: if flake ? rev then \"clean\" else \"dirty\"");
        world.run("nix", &["flake", "lock"]).output().unwrap();
        commit(&world);
        assert_eq!(only(&world), "clean", "{asked}");
        world.project.write("apart/v", "two");
        assert_eq!(only(&world), "dirty", "{asked}");
        world.git(&["commit", "-qam", "y"]);
        assert_eq!(only(&world), "clean", "{asked}");
    }
}

#[test]
fn an_empty_directory_counts_where_all_below_does() {
    if !has_nix() {
        return;
    }
    let world = world_with(
        "let f = d: toString (builtins.attrNames (builtins.readDir (d + \"/in\"))); in f ./cfg",
    );
    world.project.write("cfg/in/v", "");
    assert_eq!(only(&world), "v");
    std::fs::create_dir(world.project.path("project/cfg/in/w")).unwrap();
    assert_eq!(only(&world), "v w");
}

#[test]
fn a_flake_that_a_registry_names_is_followed_there() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile ./cfg/v");
    let register = |dir: &str| {
        let path = world.project.path(dir).display().to_string();
        world.project.write_at(
            "home/.config/nix/registry.json",
            format!(
                r#"{{"version":2,"flakes":[{{"from":{{"type":"indirect","id":"mine"}},"to":{{"type":"path","path":"{path}"}}}}]}}"#
            ),
        );
    };
    world.run("nix", &["flake", "lock"]).output().unwrap();
    crate::cases::copy(&world.project.path("project"), &world.project.path("other"));
    world.project.write_at("other/cfg/v", "other");
    register("project");
    world.allow("use flake mine#bare\n");
    assert_eq!(only(&world), "one");
    world.edit("cfg/v", "one", "two");
    assert_eq!(only(&world), "two");
    register("other");
    assert_eq!(only(&world), "other");
}

#[test]
fn a_flake_of_a_branch_is_that_of_its_commit() {
    if !has_nix() {
        return;
    }
    let world = world_with("builtins.readFile ./cfg/v");
    world.run("nix", &["flake", "lock"]).output().unwrap();
    commit(&world);
    world.git(&["branch", "-M", "main"]);
    let url = format!("git+file://{}?ref=main", world.project.path("project").display());
    world.allow(&format!("use flake '{url}#bare'\n"));
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 1));
    world.edit("cfg/v", "one", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("one", 1));
    world.git(&["commit", "-qam", "y"]);
    assert_eq!((only(&world).as_str(), world.calls()), ("two", 2));
}

/// One that knows of fewer inputs would be found again as soon as one of the others changes.
#[test]
fn a_shell_that_is_made_anew_takes_the_place_of_one_that_knew_less() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write("cfg/v", "one");
    world.project.write("other.nix", "builtins.readFile ./cfg/v");
    let value = "if builtins.getEnv (\"A\" + \"A\") == \"1\" then import ./other.nix else \"none\"";
    let shell = format!("(import ./pkgs.nix {{ }}).mkShell {{ name = \"x\"; ONLY = {value}; }}");
    world.allow(&format!("export AA=$(cat aa)\nuse nix -E '{shell}'\n"));
    world.project.write("aa", "0");
    assert_eq!(only(&world), "none");
    world.project.write("aa", "1");
    assert_eq!(only(&world), "none");
    world.project.envr(["nix", "refresh"]).any_stderr().success();
    assert_eq!(only(&world), "one");
    world.project.write("cfg/v", "two");
    assert_eq!(only(&world), "two");
}

/// Below a directory with a flake of its own.
#[test]
fn a_flake_that_a_reference_asks_for_below_another_counts() {
    if !has_nix() {
        return;
    }
    for reference in [".?dir=lib", ".?dir=l%69b"] {
        let world = world_with("import ./x.nix + builtins.readFile ./cfg/v");
        crate::cases::copy(&world.project.path("project"), &world.project.path("other"));
        std::fs::rename(world.project.path("other"), world.project.path("project/lib")).unwrap();
        world.project.write("lib/x.nix", "\"x\"");
        world.project.write("flake.nix", "{ outputs = _: { }; }");
        world.run("nix", &["flake", "lock", "./lib"]).output().unwrap();
        commit(&world);
        world.allow(&format!("use flake '{reference}#bare'\n"));
        assert_eq!(only(&world), "xone", "{reference}");
        world.edit("lib/x.nix", "x", "y");
        assert_eq!(only(&world), "yone", "{reference}");
        world.edit("lib/cfg/v", "one", "two");
        assert_eq!(only(&world), "ytwo", "{reference}");
        let calls = world.calls();
        world.project.write("x.nix", "\"z\"");
        assert_eq!((only(&world).as_str(), world.calls()), ("ytwo", calls), "{reference}");
    }
}

/// Outside of git, by its whole path. Older versions of nix do not know such a reference.
#[test]
fn a_part_of_a_directory_that_is_no_repository_counts() {
    if !has_nix() {
        return;
    }
    let world = world_with("import ./x.nix + builtins.readFile ./cfg/v");
    let lib = world.project.path("lib");
    crate::cases::copy(&world.project.path("project"), &lib);
    std::fs::rename(lib, world.project.path("project/lib")).unwrap();
    world.project.write("lib/x.nix", "\"x\"");
    world.project.remove("flake.nix");
    let path = world.project.path("project").display().to_string();
    let reference = format!("path:{path}?dir=lib");
    if !world.run("nix", &["flake", "lock", &reference]).status().unwrap().success() {
        return;
    }
    world.allow(&format!("use flake '{reference}#bare'\n"));
    assert_eq!(only(&world), "xone");
    world.edit("lib/x.nix", "x", "y");
    assert_eq!(only(&world), "yone");
    world.edit("lib/cfg/v", "one", "two");
    assert_eq!((only(&world).as_str(), world.calls()), ("ytwo", 3));
    bash(&world, "touch lib/cfg/v lib/x.nix");
    assert_eq!((only(&world).as_str(), world.calls()), ("ytwo", 3));
}

/// Versions of nix differ in whether it is there: who asks nix is told.
#[test]
fn a_link_that_leads_nowhere_may_come() {
    if !has_nix() {
        return;
    }
    let world = world_with("if builtins.pathExists ./opt/local.nix then \"there\" else \"not\"");
    world.project.write("opt/other", "");
    only(&world);
    let calls = world.calls();
    bash(&world, "ln -s nowhere opt/local.nix");
    only(&world);
    assert_eq!(world.calls(), calls + 1);
    only(&world);
    assert_eq!(world.calls(), calls + 1);
}
