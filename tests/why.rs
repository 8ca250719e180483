//! `envr why`: the file and line that set a variable.

use crate::test::Project;

const LOADING: &str = "envr: loading $DIR/project/.envrc\n";

#[test]
fn each_line_that_changed_a_variable_is_told() {
    let project = Project::new();
    project.write(
        ".envrc",
        "export A=1\nsource_env part\nPATH_add bin\nset_it() {\n  A=3\n}\nset_it\nread -r A <<<4\n\
         (A=5)\nA=4\nsource ./plain.sh\neval 'export B=1'\n",
    );
    project.write("part", "# first\nexport A=2\n");
    project.write("plain.sh", "\n\nA=6\n");
    project.allow();
    let said = format!("{LOADING}envr: loading $DIR/project/part\n");
    let why = |name: &str, lines: &str| {
        project.envr(["why", name]).stdout(lines).stderr(&said).success();
    };
    why(
        "A",
        "$DIR/project/.envrc:1: export A=1\n\
         $DIR/project/part:2: export A=2\n\
         $DIR/project/.envrc:5: A=3\n\
         $DIR/project/.envrc:8: read -r A <<<4\n\
         $DIR/project/plain.sh:3: A=6\n",
    );
    why("PATH", "$DIR/project/.envrc:3: PATH_add bin\n");
    why("B", "$DIR/project/.envrc:12: eval 'export B=1'\n");
    let none = |name: &str, why: &str| {
        let error = format!("envr: error: `$DIR/project/.envrc` does not set `{name}`: {why}\n");
        project.envr(["why", name]).stderr(&format!("{said}{error}")).failure();
    };
    none("HOME", "its value comes from outside");
    none("C", "it is not set at all");
}

#[test]
fn what_the_users_own_functions_set_is_told() {
    let project = Project::new();
    project.write_at("home/.config/direnv/direnvrc", "use_mine() {\n  export MINE=1\n}\n");
    project.write_at("home/own.bash", "export OWN=1\n");
    project.write(".envrc", "use mine\nexport OWN_TOO=$OWN\n");
    project.allow();
    let own = project.path("home/own.bash");
    project
        .envr(["why", "MINE"])
        .stdout("~/.config/direnv/direnvrc:2: export MINE=1\n")
        .stderr("envr: loading $DIR/project/.envrc\nenvr: using mine\n")
        .success();
    let too = project.envr(["why", "OWN_TOO"]).env("BASH_ENV", own);
    too.stdout("$DIR/project/.envrc:2: export OWN_TOO=$OWN\n").any_stderr().success();
}

#[test]
fn a_dotenv_file_has_lines_too() {
    let project = Project::new();
    project.write_at("home/.config/direnv/direnv.toml", "[global]\nload_dotenv = true\n");
    project.write(".env", "A=1\nB='two\nA=lines'\nexport A=2\n");
    project.allow();
    let why = project.envr(["why", "A"]).stdout("$DIR/project/.env:4: export A=2\n");
    why.stderr("envr: loading $DIR/project/.env\n").success();
}

#[test]
fn what_is_not_approved_is_not_run_for_it() {
    let project = Project::new();
    project.write(".envrc", "touch ran\nexport A=1\n");
    let run = || project.envr(["why", "A"]).any_stderr().failure();
    assert!(String::from_utf8_lossy(&run().stderr).contains("is blocked"));
    project.envr(["deny"]).success();
    assert!(String::from_utf8_lossy(&run().stderr).contains("it is denied"));
    assert!(!project.path("project/ran").exists());
    project
        .envr(["why", "A B"])
        .stderr("envr: error: could not look for `A B`: it is not a variable's name\n")
        .failure();
}

#[test]
fn a_failing_rc_is_told_as_far_as_it_came() {
    let project = Project::new();
    project.write(".envrc", "export A=1\nexit 3\n");
    project.allow();
    let said = format!(
        "{LOADING}envr: error: could not load `$DIR/project/.envrc`: it exited with status 3\n"
    );
    project
        .envr(["why", "A"])
        .stdout("$DIR/project/.envrc:1: export A=1\n")
        .stderr(&said)
        .failure();
}

/// No prompt came since the shell left, or since the file changed.
#[test]
fn what_is_still_loaded_elsewhere_is_told_from_there() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.write_at("other/.envrc", "export B=1\n");
    project.allow();
    project.envr(["allow", project.path("other").to_str().unwrap()]).success();
    let mut shell = project.shell();
    shell.any_prompt(0);
    let why = |name: &str, dir: &str| {
        let run = project.envr(["why", name]).dir(dir);
        shell.env.iter().fold(run, |run, (name, value)| run.env(name.to_str().unwrap(), value))
    };
    for dir in ["other", "elsewhere"] {
        let note = "envr: `$DIR/project/.envrc` is still loaded; the next prompt takes it back\n";
        why("A", dir)
            .stdout("$DIR/project/.envrc:1: export A=1\n")
            .stderr(&format!("{note}{LOADING}"))
            .success();
    }
    let loading = "envr: loading $DIR/other/.envrc\n";
    why("B", "other").stdout("$DIR/other/.envrc:1: export B=1\n").stderr(loading).success();
    project.remove(".envrc");
    let gone = "envr: error: `A` is from `$DIR/project/.envrc`, which is gone: the next prompt takes it back\n";
    why("A", "project").stderr(gone).failure();
}
