//! Keys as they are found and used: of a plugin, and in files that others read.

use super::writing::World;
use std::os::unix::fs::PermissionsExt;

/// What it encrypts is the key itself, for who asks.
const PLUGIN: &str = r#"#!/bin/sh
while read -r mark what rest; do
	case $what in
	wrap-file-key) read -r key ;;
	recipient-stanza) case $rest in '0 foo'*) read -r key ;; *) ;; esac ;;
	done) read -r mark && break ;;
	*) ;;
	esac
done
case $1 in
*recipient-v1) printf '%s\n' '-> recipient-stanza 0 foo' "$key" ;;
*) printf '%s\n' '-> file-key 0' "$key" ;;
esac
read -r mark && read -r mark
printf '%s\n' '-> done' ''
"#;

#[test]
fn a_plugin_encrypts_and_decrypts() {
    let world = World::new();
    world.project.write_program("age-plugin-foo", PLUGIN);
    let key = world.project.path("home/plugin");
    world.project.write_at("home/plugin", "AGE-PLUGIN-FOO-1QQQQQQQQQQQQQQQQQQQQPGN9UD\n");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    world.project.write("s.yaml", "a: hunter2\n");
    let run = |arguments: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", world.project.path("bin").display());
        let run = world.project.envr([&["secret"], arguments].concat()).env("PATH", path);
        run.env("SOPS_AGE_KEY_FILE", &key).any_stdout().success().stdout
    };
    run(&["encrypt", "--in-place", "-r", "age1foo1qqqqqqqqqqqqqqqqqqqqv666u4", "s.yaml"]);
    assert_eq!(run(&["decrypt", "s.yaml"]), b"a: hunter2\n");
    run(&["rotate", "s.yaml"]);
    assert_eq!(run(&["get", "s.yaml", "a"]), b"hunter2");
}

#[test]
fn a_key_file_that_others_read_is_told() {
    let world = World::new();
    world.project.write("s.yaml", "a: hunter2\n");
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    let file = world.project.path("home/keys.txt");
    let from = &world.project.variables()[std::ffi::OsStr::new("SOPS_AGE_KEY_FILE")];
    std::fs::copy(from, &file).unwrap();
    for (mode, is_told) in [(0o600, false), (0o640, true), (0o604, true)] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let run = world.project.envr(["secret", "get", "s.yaml", "a"]).stdout("hunter2");
        let run = run.env("SOPS_AGE_KEY_FILE", &file).any_stderr().success();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(said.contains("can be read by others: `chmod 600` it"), is_told, "{said}");
    }
}
