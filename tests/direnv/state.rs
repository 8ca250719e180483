//! State that another program wrote over: called `direnv`, each verb does with it what Debian's direnv does.

use super::told;
use crate::test::{Project, has};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output};

const GARBAGE: [&str; 5] =
    ["garbage", "!!!", "aGVsbG8gd29ybGQ=", "eJwDAAAAAAE=", "eJzLK83JAQAEXwG8"];
const VERBS: [&str; 9] = [
    "export bash",
    "exec . true",
    "exec / true",
    "reload",
    "watch bash f",
    "watch-list",
    "current f",
    "current .envrc",
    "status",
];

/// A shell that has loaded the project with one of the two.
struct Shell {
    program: PathBuf,
    env: BTreeMap<OsString, OsString>,
}

impl Shell {
    fn new(project: &Project, program: PathBuf) -> Self {
        let mut shell = Self { program, env: project.variables().clone() };
        let json = shell.run(project, "project", "export json").stdout;
        let changes: BTreeMap<String, String> = serde_json::from_slice(&json).unwrap();
        shell.env.extend(changes.into_iter().map(|(name, value)| (name.into(), value.into())));
        shell
    }

    fn run(&self, project: &Project, dir: &str, line: &str) -> Output {
        let mut command = Command::new(&self.program);
        command.args(line.split(' ')).env_clear().envs(&self.env);
        command.current_dir(project.path(dir)).stdin(std::process::Stdio::null());
        command.output().unwrap()
    }

    /// What it says, how it ends, and whether it prints something.
    fn told(&self, project: &Project, dir: &str, line: &str) -> (String, Option<i32>, bool) {
        let output = self.run(project, dir, line);
        let (printed, said, code) = told(&output, self.program.to_str().unwrap());
        (said, code, printed.is_empty())
    }
}

#[test]
fn garbage_is_met_as_by_direnv() {
    if !has("direnv") {
        return;
    }
    let project = Project::new().named_direnv();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let [theirs, ours] = ["/usr/bin/direnv".into(), project.path("bin/direnv")]
        .map(|program| Shell::new(&project, program));
    for (name, garbage) in ["DIRENV_WATCHES", "DIRENV_DIFF"]
        .into_iter()
        .flat_map(|name| GARBAGE.map(|garbage| (name, garbage)))
    {
        for (dir, is_loaded) in
            [("project", true), ("project", false), ("elsewhere", true), ("elsewhere", false)]
        {
            let [theirs, ours] = [&theirs, &ours].map(|shell| {
                let mut env = shell.env.clone();
                env.insert(name.into(), garbage.into());
                if !is_loaded {
                    env.remove(std::ffi::OsStr::new("DIRENV_FILE"));
                }
                Shell { program: shell.program.clone(), env }
            });
            for verb in VERBS {
                assert_eq!(
                    ours.told(&project, dir, verb),
                    theirs.told(&project, dir, verb),
                    "{verb} in {dir} with {name}={garbage}, loaded: {is_loaded}"
                );
            }
        }
    }
}
