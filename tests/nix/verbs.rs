//! `envr nix …`

use super::{World, has_nix};
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

fn status(world: &World) -> String {
    let output = world.project.envr(["nix", "status"]).any_stdout().success();
    let text = String::from_utf8(output.stdout).unwrap();
    text.replace(world.project.path("").to_str().unwrap(), "$DIR/")
}

#[test]
fn status_tells_what_is_kept_and_whether_it_is_current() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    let status = || status(&world);
    assert_eq!(status(), "");
    world.settle();
    assert_eq!(status(), "$DIR/project: `.` is current\n  4 store paths, 0 MB\n");
    world.edit("pkgs.nix", "PLAIN =", "PLAIN");
    assert_eq!(
        status(),
        "$DIR/project: `.` is out of date: `pkgs.nix` changed\n  4 store paths, 0 MB\n"
    );
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    assert_eq!(
        status(),
        "$DIR/project: `.` could not be made: `envr nix log` says why\n  4 store paths, 0 MB\n"
    );
    let output = world.project.envr(["status"]).any_stdout().success();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("\nFound RC nix shell `.` could not be made: `envr nix log` says why\n"),
        "{text}"
    );
}

/// What a load would find, not what was made last.
#[test]
fn status_knows_the_shell_of_the_branch_before() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    for (from, to) in [("plain value", "of a branch"), ("of a branch", "plain value")] {
        world.edit("pkgs.nix", from, to);
        assert_eq!(status(&world).contains("is current"), from == "of a branch");
        if to == "of a branch" {
            world.settle();
        }
    }
    // A failure goes with the files that nix failed with.
    world.edit("pkgs.nix", "PLAIN =", "PLAIN");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    world.edit("pkgs.nix", "PLAIN", "PLAIN =");
    world.settle();
    assert!(status(&world).contains("is current"));
    world.edit("pkgs.nix", "PLAIN =", "PLAIN");
    assert!(status(&world).contains("could not be made"));
    assert_eq!(world.calls(), 3);
}

#[test]
fn of_two_shells_one_is_being_made() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake\nuse flake .#bare\n");
    world.settle();
    world.project.write_at("before-nix", "read -r <\"$root/go\"\n");
    let go = world.pipe("go");
    world.edit("flake.nix", "ONLY", "ALONE");
    world.project.shell().any_prompt(0);
    let late = Instant::now() + Duration::from_secs(20);
    let mut lines = status(&world);
    while !lines.contains("is being made") {
        assert!(Instant::now() < late, "{lines}");
        lines = status(&world);
    }
    assert_eq!(lines.matches("is being made").count(), 1, "{lines}");
    assert_eq!(lines.matches("is out of date: `flake.nix` changed").count(), 1, "{lines}");
    for _ in 0..2 {
        (&go).write_all(b"\n").unwrap();
    }
    world.settle();
    assert_eq!(status(&world).matches("is current").count(), 2);
}

#[test]
fn status_tells_what_is_of_no_use() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let place = world.place();
    let write = |name: &str| {
        let file = place.join(name);
        let below = file.strip_prefix(world.project.path("")).unwrap();
        world.project.write_at(below.to_str().unwrap(), "");
    };
    let size = "  4 store paths, 0 MB\n";
    let check = |expected: &str, size: &str| {
        assert_eq!(status(&world), format!("$DIR/project: `.` {expected}\n{size}"));
    };
    write("wanted");
    check("is out of date: another one is wanted", size);
    world.settle();

    let aside = place.with_file_name("aside");
    std::fs::rename(&place, &aside).unwrap();
    check("is of another machine, or of another version of envr", "");
    std::fs::rename(&aside, &place).unwrap();

    std::fs::rename(world.project.path("project"), world.project.path("moved")).unwrap();
    let run = world.project.envr(["nix", "status"]).dir("home").any_stdout().success();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(said.ends_with(&format!("`.` is of no use: its project is gone\n{size}")), "{said}");
    std::fs::rename(world.project.path("moved"), world.project.path("project")).unwrap();

    // Who made the shell may still be busy in there.
    while world.project.path("store").exists() {
        super::make_writable(&world.project.path("store"));
        _ = std::fs::remove_dir_all(world.project.path("store"));
    }
    check("is gone from the store", "");
    write("request.json");
    let said = status(&world);
    assert!(said.ends_with("` cannot be read: `envr nix gc` lets it go\n"), "{said}");
    let run = world.project.envr(["nix", "gc"]).any_stdout().any_stderr().success();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(said.ends_with("` is let go: it cannot be read\n"), "{said}");
    assert_eq!(world.places().len(), 0);
}

#[test]
fn status_tells_what_the_script_asks_for_no_more() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake\n");
    world.settle();
    world.allow("use flake .#bare\n");
    assert_eq!(status(&world).matches("is current").count(), 1);
    world.settle();
    let said = status(&world);
    assert!(said.contains("project: `.` is not asked for any more\n"), "{said}");
    assert!(said.contains("project: `.#bare` is current\n"), "{said}");
    world.allow("use flake\nuse flake .#bare\n");
    world.settle();
    assert_eq!(status(&world).matches("is current").count(), 2);
    assert_eq!(world.calls(), 2);
}

#[test]
fn the_log_can_be_read() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.allow("use flake .#unbuildable\n");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    let output = world.project.envr(["nix", "log"]).any_stdout().success();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("`.#unbuildable`:\n"), "{text}");
    assert!(text.contains("\n  > no\n") && text.contains("\n  error: "), "{text}");
}

#[test]
fn refresh_asks_nix_whatever_is_kept() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    let mut shell = world.project.shell();
    shell.any_prompt(0);
    world.project.envr(["nix", "refresh"]).any_stderr().success();
    assert_eq!(world.calls(), 2);
    shell.any_prompt(0);
    shell.prompt("");
    assert_eq!(world.calls(), 2);
}

#[test]
fn gc_lets_go_what_nobody_uses() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.settle();
    world.project.envr(["nix", "gc", "--older-than", "30d"]).success();
    assert_eq!(world.places().len(), 1);
    let long_ago = SystemTime::now() - Duration::from_secs(31 * 24 * 3600);
    for file in ["used", "finished", "request.json"] {
        let file = std::fs::OpenOptions::new().write(true).open(world.place().join(file)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    world.project.envr(["nix", "gc"]).success();
    world
        .project
        .envr(["nix", "gc", "--older-than", "30d"])
        .stdout("$DIR/project: `.` is let go: it was not used\n")
        .stderr("envr: hint: nix-collect-garbage\n")
        .success();
    assert_eq!(world.places().len(), 0);
    world.settle();
    world.project.remove(".envrc");
    world
        .project
        .envr(["nix", "gc"])
        .stdout("$DIR/project: `.` is let go: its project is gone\n")
        .stderr("envr: hint: nix-collect-garbage\n")
        .success();
    assert_eq!(world.places().len(), 0);
    world.project.write("envr.toml", "[nix]\nflake = \".\"\n");
    world.project.allow();
    world.settle();
    world.project.envr(["nix", "gc"]).success();
    assert_eq!(world.places().len(), 1);
    world
        .project
        .envr(["nix", "gc", "--older-than", "long"])
        .stderr("envr: error: `long` is not an age: write it as `12h`, `30d` or `8w`\n")
        .failure();
}

#[test]
fn who_gets_the_shell_from_a_cache_builds_nothing() {
    if !has_nix() {
        return;
    }
    let world = World::new();
    world.project.write_at("no-archive", "");
    // What the rc asked for once is in nobody's way.
    world.allow("use flake .#nope\n");
    world.project.envr(["exec", ".", "true"]).any_stderr().failure();
    world.allow("use flake\n");
    let cache = format!("file://{}", world.project.path("cache").display());
    world.project.envr(["nix", "copy", "--to", &cache]).any_stderr().success();
    // Another machine: nothing but the sources.
    super::make_writable(&world.project.path("store"));
    for dir in ["store", "var", "log", "home/.cache"] {
        _ = std::fs::remove_dir_all(world.project.path(dir));
    }
    assert!(world.run("nix-store", &["--init"]).status().unwrap().success());
    let config = world.project.variables()[std::ffi::OsStr::new("NIX_CONFIG")].to_str().unwrap();
    let config = config.replace("substituters =", &format!("substituters = {cache}"));
    let config = format!("{config}require-sigs = false\n");
    let output =
        world.project.envr(["export", "json"]).env("NIX_CONFIG", config).any_stdout().any_stderr();
    let output = output.success();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !said.contains("building") && said.contains("downloading `fixture-shell-env`"),
        "{said}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("plain value"));
}
