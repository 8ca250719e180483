//! `envr secret init`

use crate::test::Project;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_first_file_with_its_key_and_rules() {
    let project = Project::new();
    project.envr(["secret", "init"]).any_stderr().success();
    let mode = |path: &str| project.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("home/.config/sops/age/keys.txt"), 0o600);
    project.envr(["secret", "decrypt", "secrets.yaml"]).stdout("EXAMPLE: replace me\n").success();
    project.write(".envrc", "use sops\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("EXAMPLE"), Some("replace me"));
    let key = project.read("home/.config/sops/age/keys.txt");
    project.envr(["secret", "init"]).stderr("envr: `secrets.yaml` is there already\n").success();
    assert_eq!(project.read("home/.config/sops/age/keys.txt"), key);
}

/// A second key would read nothing, a second file of rules would hide the first one.
#[test]
fn keys_and_rules_that_are_there_serve_a_first_file() {
    let project = Project::new();
    project.envr(["secret", "init"]).any_stderr().success();
    let (own, key) = (".config/sops/age/keys.txt", project.read("home/.config/sops/age/keys.txt"));
    std::fs::rename(project.path("home").join(own), project.path("elsewhere.txt")).unwrap();
    project.write("sub/x", "");
    let wrote = "envr: wrote `secrets.yaml`: `envr secret edit secrets.yaml` changes it\n";
    let file = project.path("elsewhere.txt");
    let init = || {
        let init = project.envr(["secret", "init"]).dir("project/sub");
        init.env("SOPS_AGE_KEY_FILE", &file)
    };
    let shown = format!("envr: `$DIR/project/.sops.yaml` says for whom\n{wrote}");
    init().stderr(&shown).success();
    assert!(!project.path("project/sub/.sops.yaml").exists());
    let decrypt = || project.envr(["secret", "decrypt", "sub/secrets.yaml"]);
    decrypt().env("SOPS_AGE_KEY_FILE", &file).stdout("EXAMPLE: replace me\n").success();
    project.remove(".sops.yaml");
    project.remove("sub/secrets.yaml");
    init().stderr(&format!("envr: wrote `.sops.yaml`\n{wrote}")).success();
    decrypt().env("SOPS_AGE_KEY", key).stdout("EXAMPLE: replace me\n").success();
    assert!(!project.path("home").join(own).exists());
}
