//! What `source` and `.` do in an rc, against the builtins of plain bash: a table of what is the same, and one of what
//! is not, with what either makes of it.

use crate::test::{ENVR, Project};
use std::process::{Command, Stdio};

/// Cases: `## name`, the lines of the rc, and `-- file` before the lines of each file beside it.
const SAME: &str = include_str!("source/same.txt");
/// The same, and the output: bash's below `-- bash`, envr's below `-- envr`.
const DIFFERS: &str = include_str!("source/differs.txt");

/// As direnv runs an rc: in a function, with its options.
const BASH: &str = r#"shopt -s gnu_errfmt nullglob extglob
source_env() { pushd . >/dev/null; pushd "${1%/*}/" >/dev/null; . "./${1##*/}"; popd >/dev/null; popd >/dev/null; }
source_env "$1"
"#;

#[test]
fn a_script_runs_as_with_the_builtin() {
    let failures: Vec<String> = cases(SAME)
        .filter_map(|case| {
            let [bash, envr] = [false, true].map(|is_envr| case.output(is_envr));
            (bash != envr)
                .then(|| format!("## {}\n--- bash\n{bash}\n--- envr\n{envr}\n", case.name))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_differs_from_the_builtin_is_known() {
    for case in cases(DIFFERS) {
        for (who, is_envr) in [("bash", false), ("envr", true)] {
            let said = case.output(is_envr);
            let expected = case.files.iter().find(|(name, _)| *name == who).unwrap().1.trim_end();
            assert_eq!(said, expected, "{}, with {who}", case.name);
        }
    }
}

struct Case {
    name: &'static str,
    rc: &'static str,
    files: Vec<(&'static str, &'static str)>,
}

fn cases(table: &'static str) -> impl Iterator<Item = Case> {
    table.split("\n## ").map(|case| {
        let (name, body) = case.trim_start_matches("## ").split_once('\n').unwrap();
        let mut parts = body.split("\n-- ");
        let rc = parts.next().unwrap();
        let files = parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect();
        Case { name, rc, files }
    })
}

impl Case {
    /// What the scripts write to either stream, in order, in a project that is made for it.
    fn output(&self, is_envr: bool) -> String {
        let project = Project::new();
        project.write(".envrc", format!("{}\n", self.rc));
        for (name, content) in &self.files {
            project.write(name, format!("{content}\n"));
        }
        project.allow();
        let dir = project.path("project");
        let mut command = Command::new("bash");
        if is_envr {
            command.args(["-c", "exec \"$0\" exec . true 2>&1", ENVR]);
        } else {
            let script = format!("exec 2>&1\n{BASH}");
            command.args(["-c", &script, "bash"]).arg(dir.join(".envrc"));
        }
        command.current_dir(&dir).env_clear().envs(&project.shell().env).stdin(Stdio::null());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        // In bash's own words: `set -e` left a function.
        let is_a_scripts =
            |line: &&str| !line.starts_with("envr: ") && !line.contains(": pop_var_context: ");
        let said = said.replace(dir.to_str().unwrap(), "$DIR");
        said.lines().filter(is_a_scripts).collect::<Vec<_>>().join("\n")
    }
}
