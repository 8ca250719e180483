//! The vectors of `tests/vectors/sops.tar.gz`, unpacked, with the manifest that says what the real programs did.

use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

const ARCHIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/sops.tar.gz");

pub struct Vectors {
    root: TempDir,
    pub manifest: Value,
}

impl Vectors {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        let unpacked =
            Command::new("tar").args(["-xzf", ARCHIVE, "-C"]).arg(root.path()).status().unwrap();
        assert!(unpacked.success());
        let manifest = fs::read(root.path().join("sops/manifest.json")).unwrap();
        let vectors = Self { manifest: serde_json::from_slice(&manifest).unwrap(), root };
        // Git and tar keep no such modes.
        for key in fs::read_dir(vectors.path("keys")).unwrap() {
            let key = key.unwrap().path();
            if key.is_file() {
                fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
        for key in [".config/sops/age/keys.txt", ".ssh/id_ed25519"] {
            let key = vectors.path("keys/home").join(key);
            if key.exists() {
                fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
        fs::create_dir(root_of(&vectors).join("home")).unwrap();
        vectors
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join("sops").join(below)
    }

    pub fn read(&self, below: &str) -> Vec<u8> {
        fs::read(self.path(below)).unwrap()
    }

    /// A home for gpg with the two keys of the vectors.
    pub fn gnupg(&self) -> PathBuf {
        let home = self.root.path().join("g");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        for key in ["keys/pgp_rsa.asc", "keys/pgp_ecc.asc"] {
            let import = Command::new("gpg")
                .args(["--batch", "--quiet", "--import"])
                .arg(self.path(key))
                .env("GNUPGHOME", &home)
                .output()
                .unwrap();
            assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
        }
        home
    }

    /// Cases of one kind.
    pub fn cases(&self, kind: &str) -> Vec<&Value> {
        let cases = self.manifest["cases"].as_array().unwrap();
        cases.iter().filter(|case| case["kind"] == kind).collect()
    }

    /// `envr secret …` with the environment of a case.
    pub fn secret(&self, case: &Value, places: &Places, arguments: &[&str]) -> Output {
        let mut variables: Vec<(String, OsString)> = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("HOME".into(), root_of(self).join("home").into()),
        ];
        for (name, value) in case["env"].as_object().into_iter().flatten() {
            let value =
                value.as_str().unwrap().replace("{KEYS}", self.path("keys").to_str().unwrap());
            let value = value.replace("{GNUPGHOME}", &places.gnupg).replace("{KMS}", &places.kms);
            variables.push((name.clone(), value.into()));
        }
        Command::new(crate::test::ENVR)
            .arg("secret")
            .args(arguments)
            .current_dir(root_of(self))
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// What stands in the manifest as a hole.
#[derive(Default)]
pub struct Places {
    pub gnupg: String,
    pub kms: String,
}

/// A stand-in for KMS and STS, which knows the keys of the vectors and looks at signatures.
pub struct KeyServer {
    child: Child,
    port: u16,
}

impl KeyServer {
    pub fn start(vectors: &Vectors) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = Command::new("python3")
            .arg(vectors.path("kms_stub.py"))
            .arg(vectors.path("keys"))
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "READY\n");
        Self { child, port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn root_of(vectors: &Vectors) -> &Path {
    vectors.root.path()
}

/// Goes through all cases on two threads, and fails with everything that was found.
#[track_caller]
pub fn check_all(cases: &[&Value], check: impl Fn(&Value) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = String::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(what) = check(case) {
                wrong.extend([case["name"].as_str().unwrap(), ": ", &what, "\n"]);
            }
        }
        wrong
    };
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work() + &other.join().unwrap()
    });
    assert!(wrong.is_empty(), "{wrong}");
}

/// The output of a run that must succeed in silence.
pub fn stdout(output: Output) -> Result<Vec<u8>, String> {
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.success(), said.is_empty()) {
        (true, true) => Ok(output.stdout),
        _ => Err(format!("{}, {said}", output.status)),
    }
}

/// A program that `dev/install-test-needs` puts beside the build.
pub fn peer(below: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let [target, must] = ["CARGO_TARGET_DIR", "CI"].map(std::env::var_os);
    let target =
        target.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let program = target.join("peers").join(below);
    assert!(program.exists() || must.is_none(), "`{}` is not there", program.display());
    if !program.exists() {
        println!("skipped: `{}` is not there", program.display());
    }
    program.exists().then_some(program)
}
