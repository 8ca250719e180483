//! An `envr.toml` as the rc: found, approved, loaded, watched, taken back, and its mistakes with their place.

use crate::test::Project;

const LOADING: &str = "envr: loading $DIR/project/envr.toml\n";
const ALL: &str = "[env]\nGREETING = \"it's $HOME\"\nWORKERS = 4\nTERM = false\n\
                   [path]\nadd = [\"tools\", \"/opt/bin\"]\n\
                   [dotenv]\nfiles = [\".env\"]\nif_exists = [\".env.local\"]\n";

fn with(toml: &str) -> Project {
    let project = Project::new();
    project.write("envr.toml", toml);
    project
}

#[test]
fn it_is_approved_loaded_watched_and_taken_back() {
    let project = with(ALL);
    project.write(".env", "A=1\n");
    let mut shell = project.shell();
    let before = shell.env.clone();
    shell.failing_prompt(
        "envr: error: `$DIR/project/envr.toml` is blocked: it is not approved yet\n\
         envr: hint: `envr review` shows it, `envr allow` approves it\n",
    );
    project.allow();
    let export = "envr: export +A +GREETING +WORKERS -TERM ~PATH\n";
    shell.prompt(&format!("{LOADING}{export}"));
    assert_eq!(shell.get("GREETING"), Some("it's $HOME"));
    assert_eq!(
        (shell.get("WORKERS"), shell.get("TERM"), shell.get("A")),
        (Some("4"), None, Some("1"))
    );
    let tools = project.path("project/tools");
    assert!(shell.get("PATH").unwrap().starts_with(&format!("{}:/opt/bin:", tools.display())));
    shell.prompt("");

    project.write(".env.local", "A=2\n");
    shell.prompt(&format!("{LOADING}{export}"));
    assert_eq!(shell.get("A"), Some("2"));
    project.write("envr.toml", format!("{ALL}# more\n"));
    shell.failing_prompt(
        "envr: error: `$DIR/project/envr.toml` is blocked: it changed since it was approved (1 line added, 0 lines removed)\n\
         envr: hint: `envr review` shows it, `envr allow` approves it\n",
    );
    assert_eq!(shell.get("A"), None);
    project.envr(["deny"]).success();
    shell.prompt("");
    shell.cd("elsewhere");
    shell.prompt("envr: unloading\n");
    assert_eq!(shell.env, before);
}

#[test]
fn the_first_of_envrc_toml_and_dotenv_counts() {
    let project = with("[env]\nBY = 'toml'\n");
    project.write_at("home/.config/direnv/direnv.toml", "[global]\nload_dotenv = true\n");
    project.write(".env", "BY=dotenv\n");
    project.write(".envrc", "export BY=envrc\n");
    for (file, by) in [(".envrc", "envrc"), ("envr.toml", "toml"), (".env", "dotenv")] {
        project.allow();
        let run = project.envr(["exec", "--", "sh", "-c", "echo $BY"]);
        let said = format!("envr: loading $DIR/project/{file}\nenvr: export +BY\n");
        run.stdout(&format!("{by}\n")).stderr(&said).success();
        project.remove(file);
    }
    // A nearer one of any kind comes first, one that cannot be read included.
    project.write(".envrc", "export BY=envrc\n");
    project.allow();
    std::os::unix::fs::symlink("nowhere", project.path("project/envr.toml")).unwrap();
    std::fs::create_dir_all(project.path("project/below")).unwrap();
    std::os::unix::fs::symlink("nowhere", project.path("project/below/envr.toml")).unwrap();
    let mut shell = project.shell();
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +BY\n");
    shell.cd("project/below");
    shell.failing_prompt(
        "envr: error: could not load `$DIR/project/below/envr.toml`: it is a link to nothing\n",
    );
}

#[test]
fn direnv_knows_nothing_of_it() {
    let project = with("[env]\nA = 1\n").named_direnv();
    project.shell().prompt("");
}

#[test]
fn mistakes_have_a_place_and_nothing_is_loaded() {
    let check = |toml: &str, expected: &str| {
        let project = with(toml);
        project.allow();
        let said = project.shell().any_prompt(1);
        let said = said.strip_prefix(LOADING).unwrap();
        let hint = "envr: hint: $EDITOR $DIR/project/envr.toml\n";
        let error = said.strip_suffix(hint).unwrap_or_else(|| panic!("no hint: {said}"));
        let error = error.replace("could not read `$DIR/project/envr.toml:", "`");
        assert_eq!(error, format!("envr: error: {expected}\n"));
    };
    check("[evn]\nA = 1\n", "`1:2`: unknown key `evn`; did you mean `env`?");
    check(
        "[env]\nA = 1.5\n",
        "`2:5`: `env.A` is a number with a fraction, not a string, a whole number or `false`",
    );
    check("[env]\n'A=B' = 1\n", "`2:9`: `A=B` cannot be a variable's name");
    check("[path]\nad = 'bin'\n", "`2:1`: unknown key `path.ad`; did you mean `add`?");
    check("[dotenv]\nfiles = [1]\n", "`2:10`: `dotenv.files` is a whole number, not a string");
    check("[env\n", "`1:5`: unclosed table, expected `]`");
    check("[env]\nA = '1'\nA = '2'\n", "`3:1`: duplicate key");
}

#[test]
fn a_dotenv_file_that_is_wrong_is_named() {
    let project = with("[env]\nB = 1\n[dotenv]\nfiles = '.env'\n");
    project.allow();
    let mut shell = project.shell();
    shell.failing_prompt(&format!(
        "{LOADING}envr: error: could not load `$DIR/project/.env`: no such file or directory\n"
    ));
    project.write(".env", "A=1\n?\n");
    assert!(shell.any_prompt(1).contains("could not load `$DIR/project/.env:2`: "));
    project.write(".env", "A=1\n");
    shell.prompt(&format!("{LOADING}envr: export +A +B\n"));
}

#[test]
fn why_names_the_lines() {
    let project = with(ALL);
    project.write(".env", "\nA=1\nWORKERS=3\n");
    project.allow();
    let why = |name: &str, lines: &str| {
        project.envr(["why", name]).stdout(lines).stderr(LOADING).success();
    };
    why("A", "$DIR/project/.env:2: A=1\n");
    why("WORKERS", "$DIR/project/.env:3: WORKERS=3\n$DIR/project/envr.toml:3: WORKERS = 4\n");
    why("PATH", "$DIR/project/envr.toml:6: add = [\"tools\", \"/opt/bin\"]\n");
    why("TERM", "$DIR/project/envr.toml:4: TERM = false\n");
    let none = "envr: error: `$DIR/project/envr.toml` does not set `B`: it is not set at all\n";
    project.envr(["why", "B"]).stderr(&format!("{LOADING}{none}")).failure();
}

#[test]
fn the_verbs_know_it() {
    let project = with("[env]\nA = 1\n");
    project.allow();
    let status = project.envr(["status"]).any_stdout().success().stdout;
    let status = String::from_utf8(status).unwrap();
    assert!(
        status.contains("/project/envr.toml` is approved; the next prompt loads it."),
        "{status}"
    );
    assert!(status.contains("Found RC lane native\n"), "{status}");
    let review = project.envr(["review"]).any_stdout().success().stdout;
    let review = String::from_utf8(review).unwrap();
    assert_eq!(review.matches("envr.toml").count(), 1, "{review}");
    // What is edited is what governs, and an `.envrc` beside it would govern in its place.
    let edit = project.envr(["edit", "."]).env("EDITOR", "printf '[env]\\nA = 2\\n' >");
    edit.success();
    project.shell().prompt(&format!("{LOADING}envr: export +A\n"));
    assert!(!project.path("project/.envrc").exists());
}
