//! The directories in which cases are loaded, and what comes of it.

use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Between two cases: what the first one changed is told, and as it was again.
const RESET: &str = "\
set +a
echo \"$?|$A|$B|$C|$D|$LIST|$EMPTY|$OUTER|$_b2|$direnv_layout_dir|$PATH|$PWD\"
echo \"${A-unset} ${B-unset} ${C-unset} ${LIST-unset} ${EMPTY-unset} ${OUTER-unset} ${HOME-unset} ${PATH-unset}\"
env_vars_required A B C D LIST EMPTY OUTER _b2 direnv_layout_dir
direnv_layout_dir=
unset A B C D _b2 direnv_layout_dir LIST EMPTY OUTER PATH HOME MANPATH
";

/// A small tree of files with a `project/.envrc` in it.
#[derive(Default)]
pub struct Case {
    pub name: String,
    pub files: BTreeMap<String, String>,
    /// Not to be loaded together with others.
    pub is_alone: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== {}", self.name)?;
        self.files.iter().try_for_each(|(name, text)| writeln!(f, "--- {name}\n{text}"))
    }
}

pub struct World {
    root: TempDir,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Load {
    pub said: String,
    pub changes: BTreeMap<String, Value>,
    pub code: Option<i32>,
}

impl Load {
    pub fn is_native(&self) -> bool {
        !self.said.contains("without bash: ")
    }
}

impl World {
    pub fn new(cases: &[Case]) -> Self {
        let world = Self { root: TempDir::new().unwrap() };
        let root = world.root.path();
        for dir in ["home", "run"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        // On a busy machine a load may take long, and one lane would say so.
        let config = format!(
            "[global]\nwarn_timeout = \"0\"\n[whitelist]\nprefix = [\"{}\"]\n",
            root.display()
        );
        world.write("home/.config/direnv/direnv.toml", &config);
        for (number, case) in cases.iter().enumerate() {
            fs::create_dir_all(root.join(format!("{number}/project/bin"))).unwrap();
            world.write(&format!("{number}/project/a b/file"), "x");
            for (name, text) in &case.files {
                world.write(&format!("{number}/{name}"), text);
            }
            if case.files.values().any(|text| text.contains(".venv/bin/activate")) {
                world.make_venv(&format!("{number}/project/.venv"));
            }
        }
        world
    }

    #[expect(clippy::disallowed_methods, reason = "a test's file, not envr's")]
    fn write(&self, below: &str, content: &str) {
        let path = self.root.path().join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        if path.parent().unwrap().ends_with("tools") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Puts a program on PATH.
    pub fn write_program(&self, name: &str, script: &str) {
        self.write(&format!("tools/{name}"), script);
    }

    /// As Python makes it, if there is a Python.
    fn make_venv(&self, below: &str) {
        if crate::test::has("python3") {
            let mut command = Command::new("python3");
            command.args(["-m", "venv", "--without-pip"]).arg(self.root.path().join(below));
            assert!(command.status().unwrap().success());
        }
    }

    pub fn load_case(&self, case: usize, lane: &str) -> Load {
        self.load(&self.root.path().join(format!("{case}/project")), lane)
    }

    /// One after the other, as parts of one rc.
    pub fn load_batch(&self, cases: &[usize], lane: &str) -> Load {
        let outside = self.outside().map(|(name, value)| format!("export {name}='{value}'\n"));
        let between = [RESET, &outside.concat()].concat();
        let parts = cases.iter().map(|case| format!("source_env ../{case}/project\n{between}"));
        let parts: Vec<String> = parts.collect();
        self.write("batch/.envrc", &parts.concat());
        self.load(&self.root.path().join("batch"), lane)
    }

    fn outside(&self) -> [(&'static str, String); 6] {
        [
            ("PATH", format!("{}:/usr/bin:/bin", self.root.path().join("tools").display())),
            ("OUTER", "from outside".into()),
            ("EMPTY", String::new()),
            ("LIST", "/one:/two:".into()),
            ("MANPATH", "/usr/share/man".into()),
            ("HOME", self.root.path().join("home").display().to_string()),
        ]
    }

    fn load(&self, dir: &Path, lane: &str) -> Load {
        let root = self.root.path();
        // What the other lane remembered is not to help this one.
        _ = fs::remove_dir_all(root.join("home/.local"));
        let output = Command::new("/usr/bin/timeout")
            .args(["--signal=KILL", "60", crate::test::ENVR, "export", "json"])
            .current_dir(dir)
            .env_clear()
            .envs(self.outside())
            .envs([("LANG", "C.UTF-8"), ("TERM", "dumb"), ("ENVR_LANE", lane)])
            .env("XDG_RUNTIME_DIR", root.join("run"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut changes: BTreeMap<String, Value> =
            serde_json::from_slice(&output.stdout).unwrap_or_default();
        changes.remove("DIRENV_DIFF");
        if let Some(Value::String(watches)) = changes.get("DIRENV_WATCHES") {
            let paths = watched(watches);
            changes.insert("DIRENV_WATCHES".into(), paths);
        }
        Load {
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
            changes,
            code: output.status.code(),
        }
    }
}

/// The paths, without the times.
fn watched(watches: &str) -> Value {
    let packed = base64::engine::general_purpose::URL_SAFE.decode(watches).unwrap();
    let json = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&json).unwrap();
    rows.iter().map(|row| row["path"].clone()).collect()
}
