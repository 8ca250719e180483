//! What can stand behind `use flake` and `use nix`, and nix-direnv's functions.

use super::{World, has_nix};

#[test]
fn two_shells_in_one_rc_do_not_disturb_each_other() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake\nuse flake .#bare\n");
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut shell = world.project.shell();
        shell.any_prompt(0);
        assert_eq!((shell.get("PLAIN"), shell.get("ONLY")), (Some("plain value"), Some("this")));
        assert_eq!(world.places().len(), 2);
        let finished = world.places().into_iter().map(|place| place.join("finished"));
        kept.push(
            finished.map(|file| file.metadata().unwrap().modified().unwrap()).collect::<Vec<_>>(),
        );
    }
    assert_eq!(kept[0], kept[1]);
}

#[test]
fn references_and_their_arguments_reach_nix() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write("below/.envrc", "use flake ..#bare --impure --option cores 1\n");
    world.project.envr(["allow", "below"]).success();
    let mut shell = world.project.shell();
    shell.cd("project/below");
    shell.any_prompt(0);
    assert_eq!(shell.get("ONLY"), Some("this"));
    assert!(world.project.read("calls").trim_end().ends_with("..#bare --impure --option cores 1"));

    world.allow("use flake --impure\n");
    world.project.shell().failing_prompt(
        "envr: loading $DIR/project/.envrc\nenvr: using flake --impure\n\
         envr: error: `use flake` wants a flake before `--impure`\nenvr: hint: use flake . --impure\n",
    );
}

#[test]
fn an_input_that_is_overridden_by_a_directory_counts() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at(
        "elsewhere/sub/flake.nix",
        "{ outputs = _: { lib.greeting = \"overridden\"; }; }",
    );
    world.allow("use flake . --override-input sub path:../elsewhere/sub\n");
    world.settle();
    world
        .project
        .write_at("elsewhere/sub/flake.nix", "{ outputs = _: { lib.greeting = \"again\"; }; }");
    world.settle();
    assert_eq!(world.calls(), 2);
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    let hello =
        shell.get("PATH").unwrap().split(':').find(|entry| entry.contains("hello-1.0")).unwrap();
    assert_eq!(world.run(&format!("{hello}/hello"), &[]).output().unwrap().stdout, b"again\n");
}

/// What the lock of an input from elsewhere names is in the store: nobody has to fetch it.
#[test]
fn the_lock_says_what_an_input_from_elsewhere_is() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.edit("flake.nix", "flake:fixture-sub", "github:owner/repository");
    let fetch = |greeting: &str, revision: u8| {
        let text = format!("{{ outputs = _: {{ lib.greeting = \"{greeting}\"; }}; }}");
        world.project.write_at("fetched/source/flake.nix", text);
        let source = world.project.path("fetched/source").display().to_string();
        let add = ["--add-fixed", "--recursive", "sha256", &source];
        assert!(world.run("nix-store", &add).output().unwrap().status.success());
        let hash = world.run("nix", &["hash", "path", &source]).output().unwrap().stdout;
        let locked = format!(
            r#""lastModified":1,"narHash":"{}","rev":"{}""#,
            String::from_utf8(hash).unwrap().trim(),
            revision.to_string().repeat(40)
        );
        let from = r#""owner":"owner","repo":"repository","type":"github""#;
        let lock = format!(
            r#"{{"nodes":{{"root":{{"inputs":{{"sub":"sub"}}}},"sub":{{"locked":{{{locked},{from}}},"original":{{{from}}}}}}},"root":"root","version":7}}"#
        );
        world.project.write("flake.lock", lock);
    };
    for (greeting, revision, calls) in [("first", 1, 1), ("second", 2, 2), ("first", 1, 2)] {
        fetch(greeting, revision);
        world.settle();
        assert_eq!((world.says(), world.calls()), (format!("{greeting}\n"), calls));
    }
}

#[test]
fn an_expression_takes_attributes_and_arguments() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write(
        "many.nix",
        "{ word ? \"none\", number ? 0, inNixShell ? false }: let p = import ./pkgs.nix { }; in {\n\
           a.b = p.mkShell { name = \"x\"; WORD = word; NUMBER = number; inherit inNixShell; };\n}",
    );
    world.allow(
        "use nix many.nix -A a.b --argstr word w --arg number '1 + 1' --run ignored --pure\n",
    );
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    let values = ["WORD", "NUMBER", "inNixShell", "IN_NIX_SHELL"].map(|name| shell.get(name));
    assert_eq!(values, [Some("w"), Some("2"), Some("1"), Some("impure")]);
}

#[test]
fn an_expression_may_stand_in_the_rc() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write("word", "one");
    world.allow(
        "use nix -j 2 -Q -E 'let p = import ./pkgs.nix { }; in { a = p.mkShell { name = \"x\";\n\
         WORD = builtins.readFile ./word + builtins.getEnv \"MORE\"; }; }' -A a\n",
    );
    let word = |more: &str| {
        let run = world.project.envr(["exec", ".", "printenv", "WORD"]).env("MORE", more);
        String::from_utf8(run.any_stdout().any_stderr().success().stdout).unwrap()
    };
    assert_eq!([word(""), word("2"), word("")], ["one\n", "one2\n", "one\n"]);
    assert_eq!(world.calls(), 2);
    world.project.write("word", "two");
    assert_eq!((word(""), world.calls()), ("two\n".to_string(), 3));
}

#[test]
fn the_files_of_a_submodule_count() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let git = |dir: &str, arguments: &[&str]| {
        let mut git = world.run("/usr/bin/git", arguments);
        assert!(git.current_dir(world.project.path(dir)).output().unwrap().status.success());
    };
    let config = "[user]\nname = x\nemail = x@y\n[protocol \"file\"]\nallow = always\n";
    world.project.write_at("home/.gitconfig", config);
    world.project.write_at("elsewhere/text", "text");
    world.project.write_at("elsewhere/word.nix", "\"word\"");
    let words = "${builtins.readFile ./lib/text} ${import ./lib/word.nix}";
    world.edit("pkgs.nix", "plain value", words);
    for (dir, arguments) in [
        ("elsewhere", ["init", "-q"].as_slice()),
        ("elsewhere", &["add", "-A"]),
        ("elsewhere", &["commit", "-qm", "x"]),
        ("project", &["init", "-q"]),
        ("project", &["submodule", "add", "-q", "../elsewhere", "lib"]),
        ("project", &["add", "-A"]),
        ("project", &["commit", "-qm", "x"]),
    ] {
        git(dir, arguments);
    }
    world.allow("use flake '.?submodules=1'\n");
    world.settle();
    for (calls, file, from, to, expected) in [
        (2, "lib/word.nix", "word", "edited", "text edited\n"),
        (3, "lib/text", "text", "also", "also edited\n"),
    ] {
        world.edit(file, from, to);
        let run = world.project.envr(["exec", ".", "printenv", "PLAIN"]).any_stdout().any_stderr();
        assert_eq!(String::from_utf8(run.success().stdout).unwrap(), expected);
        assert_eq!(world.calls(), calls);
    }
}

#[test]
fn packages_come_from_the_search_path() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("channel/default.nix", "{ }: import ../project/pkgs.nix { }");
    let path = format!("nixpkgs={}", world.project.path("channel").display());
    world.allow(&format!("export NIX_PATH={path}\nuse nix -p hello data\n"));
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert!(shell.get("PATH").unwrap().contains("hello-1.0/bin"));
    shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(world.calls(), 1);
    world.edit("pkgs.nix", "plain value", "edited");
    world.settle();
    assert_eq!(world.calls(), 2);
}

#[test]
fn a_variable_that_the_expression_reads_makes_another_shell() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write(
        "default.nix",
        "let p = import ./pkgs.nix { }; in\n\
         if builtins.getEnv \"BUILD\" == \"1\" then p.hello else p.mkShell { name = \"x\"; DEV = \"1\"; }",
    );
    world.project.remove("shell.nix");
    world.allow("use nix\n");
    let run = |build: &str| {
        let show = "echo \"${DEV-none} ${file+package}\"";
        let run = world.project.envr(["exec", "--", "bash", "-c", show]).env("BUILD", build);
        String::from_utf8(run.any_stdout().any_stderr().success().stdout).unwrap()
    };
    for _ in 0..2 {
        assert_eq!(run(""), "1 \n");
        assert_eq!(run("1"), "none package\n");
    }
    assert_eq!(world.calls(), 2);
}

#[test]
fn what_an_expression_looks_at_counts() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write(
        "shell.nix",
        "(import ./pkgs.nix { }).mkShell { name = \"x\"; TEXT = builtins.readFile ./text; THERE = builtins.pathExists ./there;\n\
         NAMES = toString (builtins.attrNames (builtins.readDir ./names)); }",
    );
    world.project.write("text", "one");
    world.project.write("names/a", "");
    world.allow("use nix\n");
    world.settle();
    let check = |change: &dyn Fn(), calls: usize| {
        change();
        world.settle();
        assert_eq!(world.calls(), calls);
    };
    check(&|| world.project.write("names/a", "changed"), 1);
    check(&|| world.project.write("other", ""), 1);
    check(&|| world.project.write("text", "two"), 2);
    check(&|| world.project.write("there", ""), 3);
    check(&|| world.project.write("names/b", ""), 4);
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!([shell.get("TEXT"), shell.get("NAMES")], [Some("two"), Some("a b")]);
}

/// nixpkgs evaluates a file in its own way, and nobody is told what that one reads.
#[test]
fn what_a_package_of_the_project_names_counts() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("channel/default.nix", "{ callPackage = f: import f; }");
    world.project.write(
        "shell.nix",
        "(import ./pkgs.nix { }).mkShell ((import <nixpkgs>).callPackage ./nix/package.nix // (import ./dir))",
    );
    world.project.write("dir/default.nix", "{ DIR = builtins.pathExists ./there; }");
    world
        .project
        .write("nix/package.nix", "{ name = \"x\"; VERSION = builtins.readFile ../version; }");
    world.project.write("version", "1");
    let path = format!("nixpkgs={}", world.project.path("channel").display());
    world.allow(&format!("export NIX_PATH={path}\nuse nix\n"));
    let mut shell = world.project.shell();
    let mut check = |change: &dyn Fn(), calls: usize, version: &str| {
        change();
        world.settle();
        shell.any_prompt(0);
        assert_eq!((shell.get("VERSION"), world.calls()), (Some(version), calls));
    };
    check(&|| {}, 1, "1");
    check(&|| world.project.write("version", "2"), 2, "2");
    check(&|| world.project.write("dir/there", ""), 3, "2");
    // Only whether it is there was asked.
    check(&|| world.project.write("dir/there", "more"), 3, "2");
    check(
        &|| {
            world.project.write_at(
                "channel/default.nix",
                "{ callPackage = f: import f // { VERSION = \"3\"; }; }",
            );
        },
        4,
        "3",
    );
    world
        .project
        .write_at("other/default.nix", "{ callPackage = f: import f // { VERSION = \"4\"; }; }");
    let path = format!("nixpkgs={}", world.project.path("other").display());
    check(&|| world.allow(&format!("export NIX_PATH={path}\nuse nix\n")), 5, "4");
}

#[test]
fn scripts_for_nix_direnv_run_as_they_are() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow(
        "if ! has nix_direnv_version || ! nix_direnv_version 3.0.6; then\n  source_url https://localhost/ sha256-x\nfi\n\
         nix_direnv_watch_file pkgs.nix\nuse flake\n",
    );
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("PLAIN"), Some("plain value"));
    let mut shell = world.project.shell();
    shell.set("ENVR_LANE", "tell");
    assert!(shell.any_prompt(0).contains("lane: native"));
}

#[test]
fn a_manual_reload_is_the_users() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.allow("nix_direnv_manual_reload\nuse flake\n");
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.edit("pkgs.nix", "plain value", "reloaded");
    let said = shell.any_prompt(0);
    let told = "envr: warning: the nix shell `.` is out of date: `pkgs.nix` changed\nenvr: hint: nix-direnv-reload\n";
    assert!(said.contains(told), "{said}");
    assert_eq!(world.calls(), 1);
    let mut reload = world.run("/bin/bash", &["-c", "nix-direnv-reload"]);
    let reloaded = reload.env_clear().envs(&shell.env).output().unwrap();
    assert!(reloaded.status.success(), "{}", String::from_utf8_lossy(&reloaded.stderr));
    shell.any_prompt(0);
    assert_eq!((shell.get("PLAIN"), world.calls()), (Some("reloaded"), 2));
}

#[test]
fn a_manual_reload_makes_the_first_shell_too() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let told = "envr: warning: the nix shell `.` is not made yet\nenvr: hint: nix-direnv-reload\n";
    for reload in ["nix-direnv-reload", "envr nix refresh"] {
        _ = std::fs::remove_dir_all(world.project.path("home/.cache"));
        _ = std::fs::remove_file(world.project.path("calls"));
        world.allow("nix_direnv_manual_reload\nuse flake\nexport AFTER=1\n");
        let run = world.project.envr(["exec", ".", "printenv", "AFTER"]);
        let run = run.any_stdout().any_stderr().success();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), "1\n");
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.contains(told), "{said}");
        let mut shell = world.project.shell();
        let said = shell.any_prompt(0);
        assert!(said.contains(told), "{said}");
        assert_eq!((shell.get("AFTER"), shell.get("PLAIN"), world.calls()), (Some("1"), None, 0));
        shell.prompt("");
        let reload = reload.replace("envr ", &format!("{} ", crate::test::ENVR));
        let mut bash = world.run("/bin/bash", &["-c", &reload]);
        let output = bash.env_clear().envs(&shell.env).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        shell.any_prompt(0);
        assert_eq!((shell.get("PLAIN"), world.calls()), (Some("plain value"), 1));
    }
}

#[test]
fn a_script_that_sourced_the_library_has_the_functions() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let script = format!(
        "eval \"$({0} stdlib)\"; direnv={0}; use flake .#bare; echo \"$ONLY\"",
        crate::test::ENVR
    );
    let output = world.run("/bin/bash", &["-c", &script]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "this\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_flake_in_place_is_not_copied() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("no-archive", "");
    world.edit("pkgs.nix", "FLAG_TRUE = true;", "TEXT = builtins.readFile ./text;");
    world.project.write("text", "one");
    world.project.write("untouched/large", "nobody reads this");
    let mut copied = world.project.shell();
    copied.any_prompt(0);
    world.project.write_at("home/.config/envr/config.toml", "[nix]\nin_place = true\n");
    let sources = || {
        let entries = std::fs::read_dir(world.project.path("store")).unwrap();
        let names = entries.map(|entry| entry.unwrap().path());
        names.filter(|path| path.join("untouched").exists()).count()
    };
    let before = sources();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.visible(), copied.visible());
    for (file, from, to) in [("text", "one", "two"), ("pkgs.nix", "plain value", "in place")] {
        let calls = world.calls();
        world.edit(file, from, to);
        world.settle();
        assert_eq!(world.calls(), calls + 1, "{file}");
    }
    world.project.write("untouched/large", "still");
    world.settle();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    assert_eq!([shell.get("TEXT"), shell.get("PLAIN")], [Some("two"), Some("in place")]);
    assert_eq!((world.calls(), sources()), (4, before));

    world.allow("use flake .#bare\nuse flake .#nope\n");
    let mut shell = world.project.shell();
    let said = shell.any_prompt(1);
    assert_eq!(shell.get("ONLY"), Some("this"));
    assert!(said.contains("does not provide attribute 'nope'"), "{said}");
}

#[test]
fn a_flake_in_place_knows_the_tree_it_is_in() {
    if !has_nix() {
        return;
    }
    let expression = "builtins.readFile (self.sourceInfo.outPath + \"/v\")";
    let world = super::inputs::world_with(expression);
    crate::cases::copy(&world.project.path("project"), &world.project.path("other"));
    std::fs::rename(world.project.path("other"), world.project.path("project/lib")).unwrap();
    world.project.write("v", "one");
    world.git(&["init", "-q"]);
    world.git(&["add", "-A"]);
    world.allow("use flake ./lib#bare\n");
    for settings in ["", "[nix]\nin_place = true\n"] {
        world.project.write_at("home/.config/envr/config.toml", settings);
        for value in ["one", "two"] {
            world.project.write("v", value);
            assert_eq!(super::inputs::only(&world), value, "{settings}");
        }
    }
}
