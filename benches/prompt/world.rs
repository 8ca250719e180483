//! The directories in which the rivals run, all with the same five variables to load.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub type Variables = BTreeMap<OsString, OsString>;

pub const MANY: [usize; 2] = [20, 1000];

pub struct World {
    root: TempDir,
}

impl World {
    pub fn new() -> Self {
        let world = Self { root: tempfile::tempdir().expect("a temporary directory") };
        for dir in ["home", "bin", "away/2/3/4/5/6/7/8/9"] {
            fs::create_dir_all(world.path(dir)).expect("a directory of the bench");
        }
        for project in world.projects() {
            fs::create_dir_all(&project).expect("a project");
            let mut rc = "export A=1\nexport B=2\nexport C=3\nexport D=4\nexport E=5\n".to_string();
            let toml = "[env]\nA = \"1\"\nB = \"2\"\nC = \"3\"\nD = \"4\"\nE = \"5\"\n";
            if let Some(count) = watched(&project) {
                fs::create_dir(project.join("watched")).expect("a directory");
                for index in 0..count {
                    fs::write(project.join(format!("watched/{index}")), "").expect("a file");
                }
                rc.push_str("watch_file watched/*\n");
            }
            fs::write(project.join(".envrc"), rc).expect("an rc");
            fs::write(project.join("mise.toml"), toml).expect("an rc of mise");
        }
        world
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn projects(&self) -> Vec<PathBuf> {
        let many = MANY.iter().map(|count| self.path(&format!("watching-{count}")));
        std::iter::once(self.path("project")).chain(many).collect()
    }

    /// A shell's environment before any hook, with so many more variables.
    pub fn variables(&self, more: usize) -> Variables {
        let mut variables: Variables = (0..more)
            .map(|index| (format!("EXTRA_{index}").into(), "x".repeat(40).into()))
            .collect();
        variables.insert("HOME".into(), self.path("home").into());
        variables.insert("PATH".into(), "/usr/bin:/bin".into());
        variables.insert("MISE_TRUSTED_CONFIG_PATHS".into(), self.root.path().into());
        variables
    }
}

/// How many files a project watches beside its rc.
fn watched(project: &Path) -> Option<usize> {
    project.to_str()?.rsplit_once("watching-")?.1.parse().ok()
}
