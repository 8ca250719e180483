//! What direnv gets wrong with functions of the script, of the user and of the library.

use super::LOADING;
use crate::test::Project;

#[test]
fn aliases_and_functions_are_dropped_silently() {
    let project = Project::new();
    let rc = "alias ll='ls -l'\ngreet() { echo hi; }\nhelper() { export A=1; }\nhelper\nuse_x() { :; }\nuse x\n";
    project.write(".envrc", rc);
    project.allow();
    let said = project.shell().any_prompt(0);
    let warning = "envr: warning: `$DIR/project/.envrc` defines alias `ll`, function `greet`: no shell gets these from an rc";
    assert_eq!(said.lines().last(), Some(warning), "{said}");
}

#[test]
fn functions_are_dropped_silently_for_a_comment_an_export_or_another_file() {
    let project = Project::new();
    let rc = "# deploy: puts it up\ndeploy() { :; }\nship() { :; }; export -f ship\n\
              source ./more.sh\nsource_env part\n";
    project.write(".envrc", rc);
    project.write("more.sh", "extra() { :; } # extra\nused() { :; }\nused\n");
    project.write("part/.envrc", "# part\npart_of() { :; }\n");
    project.allow();
    let said = project.shell().any_prompt(0);
    let warning = "envr: warning: `$DIR/project/.envrc` defines function `deploy`, function `extra`, function `part_of`, function `ship`: no shell gets these from an rc";
    assert_eq!(said.lines().last(), Some(warning), "{said}");
}

#[test]
fn a_copy_of_a_function_that_is_wrapped_is_of_use() {
    let project = Project::new();
    let rc = "eval \"orig_$(declare -f dotenv)\"\nfunction dotenv { orig_dotenv \"$@\"; export W=1; }\ndotenv\n";
    project.write(".envrc", rc);
    project.write(".env", "A=1\n");
    project.allow();
    project.shell().prompt(&format!("{LOADING}envr: export +A +W\n"));
}

#[test]
fn edits_of_the_users_own_functions_are_not_noticed() {
    let project = Project::new();
    project.write(".envrc", "use thing\n");
    project.write_at("home/.config/direnv/lib/a.sh", "use_thing() { export A=1; }\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    project.write_at("home/.config/direnv/lib/a.sh", "use_thing() { export A=2; }\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("2"));
    project.write_at("home/.config/direnv/lib/b.sh", "use_thing() { export A=3; }\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("3"));
    project.write_at("home/.direnvrc", "use_thing() { export A=4; }\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("4"));
    project.write_at("home/.config/direnv/direnvrc", "use_thing() { export A=5; }\n");
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("5"));
}

#[test]
fn a_function_of_the_library_is_of_use_in_another_bash() {
    let rc = "export -f has; export A=$(bash -c 'has ls && echo yes')\n\
              export B=$(bash -c \"$(declare -f has); has nothing-such || echo no\")\n";
    for project in [Project::new(), Project::new().named_direnv()] {
        project.write(".envrc", rc);
        project.allow();
        let mut shell = project.shell();
        shell.any_prompt(0);
        assert_eq!((shell.get("A"), shell.get("B")), (Some("yes"), Some("no")));
    }
}
