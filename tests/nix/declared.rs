//! `[nix]` of an `envr.toml`.

use super::{World, has_nix};

fn without_envrc() -> World {
    let world = World::new();
    world.project.remove(".envrc");
    world
}

fn declare(world: &World, toml: &str) {
    world.project.write("envr.toml", toml);
    world.project.allow();
}

#[test]
fn a_flake_comes_before_what_else_is_declared() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    declare(
        &world,
        "[nix]\nflake = \".\"\n[path]\nadd = \"tools\"\n[env]\nPLAIN = \"mine\"\nEMPTY = false\n",
    );
    world.run("nix", &["flake", "lock"]).output().unwrap();
    for building in ["envr: nix: building `greeting-1.0`\nenvr: nix: building `hello-1.0`\n", ""] {
        let mut shell = world.project.shell();
        shell.prompt(&format!(
            "envr: loading $DIR/project/envr.toml\n{building}welcome to the fixture shell\n\
             envr: export +FLAG_FALSE +FLAG_TRUE +FROM_SETUP +HOOK_RAN +IN_NIX_SHELL +LIST +MULTILINE +PLAIN \
             +PROJECT_BIN +QUOTED +UNICODE +XDG_DATA_DIRS +envSetup ~PATH\n"
        ));
        let project = world.project.path("project");
        let project = project.display();
        assert_eq!(shell.get("PLAIN"), Some("mine"));
        assert!(shell.get("PATH").unwrap().starts_with(&format!("{project}/tools:{project}/bin:")));
        assert_eq!(shell.get("PROJECT_BIN"), Some(format!("{project}/bin").as_str()));
        shell.prompt("");
        shell.cd("");
        shell.prompt("envr: unloading\n");
    }
    assert_eq!(world.calls(), 1);

    let places = [("FROM_SETUP", "1: [nix]"), ("PLAIN", "6: PLAIN = \"mine\"")];
    for (name, place) in places {
        let why = world.project.envr(["why", name]).dir("project").any_stderr();
        why.stdout(&format!("$DIR/project/envr.toml:{place}\n")).success();
    }
}

#[test]
fn a_manual_reload_makes_the_first_shell_too() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.remove(".envrc");
    let toml = "[env]\nBESIDE = \"1\"\n[nix]\nflake = \".\"\nmanual_reload = true\n";
    world.project.write("envr.toml", toml);
    world.project.allow();
    let run = world.project.envr(["exec", ".", "printenv", "BESIDE"]).any_stderr();
    let run = run.stdout("1\n").success();
    let said = String::from_utf8(run.stderr).unwrap();
    let told = "envr: warning: the nix shell `.` is not made yet\nenvr: hint: envr nix refresh\n";
    assert!(said.contains(told), "{said}");
    world.project.envr(["nix", "refresh"]).any_stderr().success();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!((shell.get("PLAIN"), world.calls()), (Some("plain value"), 1));
}

#[test]
fn an_expression_takes_an_attribute_and_arguments() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    world.project.write(
        "many.nix",
        "{ word }: let p = import ./pkgs.nix { }; in { a = p.mkShell { name = \"x\"; WORD = word; }; }",
    );
    declare(
        &world,
        "[nix]\nfile = \"many.nix\"\nattribute = \"a\"\narguments = [\"--argstr\", \"word\", \"yes\"]\n",
    );
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("WORD"), Some("yes"));
}

#[test]
fn a_hook_that_only_bash_can_run_is_run_by_one() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    world.edit(
        "pkgs.nix",
        "echo \"welcome",
        "twice() { local i; for i in 1 2; do echo $i; done; }; twice; alias a=b; echo \"welcome",
    );
    for policy in ["always", "on-change"] {
        world.project.write_at(
            "home/.config/envr/config.toml",
            format!("[nix]\nshell_hook = \"{policy}\"\n"),
        );
        declare(&world, "nix.flake = \".\"\n");
        let said = world.project.shell().any_prompt(0);
        assert!(said.contains("1\n2\nwelcome to the fixture shell\n"), "{said}");
        let mut shell = world.project.shell();
        let said = shell.any_prompt(0);
        assert_eq!(said.contains("welcome"), policy == "always", "{said}");
        assert_eq!(shell.get("HOOK_RAN"), Some("yes"));
    }
}

#[test]
fn a_shell_that_cannot_be_made_is_no_environment() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    declare(&world, "nix.flake = \".#broken\"\nenv.A = 1\n");
    let mut shell = world.project.shell();
    let said = shell.any_prompt(1);
    assert!(said.contains("the broken shell does not evaluate"), "{said}");
    assert_eq!(shell.get("A"), None);
    shell.prompt("");
}

#[test]
fn the_last_good_shell_stays() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    declare(&world, "nix.flake = \".\"\nenv.A = 1\n");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.edit("pkgs.nix", "PLAIN =", "PLAIN = throw \"not today\"; UNPLAIN =");
    let said = shell.any_prompt(0);
    assert!(said.contains("making `.` anew in the background: `pkgs.nix` changed\n"), "{said}");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let said = shell.any_prompt(1);
    assert!(said.contains("envr: the last nix shell that could be made stays in use\n"), "{said}");
    assert_eq!((shell.get("PLAIN"), shell.get("A")), (Some("plain value"), Some("1")));
    assert_eq!(shell.get("NIX_DIRENV_DID_FALLBACK"), Some("1"));
}

#[test]
fn what_makes_no_shell_is_told_with_its_place() {
    if !has_nix() {
        return;
    }
    let world = without_envrc();
    for toml in [
        "[nix]\n",
        "[nix]\nflake = \".\"\nfile = \"shell.nix\"\n",
        "[nix]\nflake = \".\"\nattribute = \"x\"\n",
        "[nix]\npackages = []\n",
    ] {
        declare(&world, toml);
        world.project.shell().failing_prompt(
            "envr: loading $DIR/project/envr.toml\n\
             envr: error: could not read `$DIR/project/envr.toml:1:1`: `nix`: it wants one of `flake`, `file` and \
             `packages`; `attribute` goes with `file`\nenvr: hint: $EDITOR $DIR/project/envr.toml\n",
        );
    }
    assert_eq!(world.calls(), 0);
}
