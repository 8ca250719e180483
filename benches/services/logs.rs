//! How fast a service can talk: envr's log beside s6-log with its stamps, the same lines into the same file system.

use crate::world::{World, is_there};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of a line, its end included.
const LENGTHS: [usize; 4] = [2, 20, 80, 200];
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 2;

/// A service that says lines of one length for a while, in blocks, and then writes how many bytes it got rid of.
pub fn produce(arguments: &[String]) {
    let length: usize = arguments[0].parse().unwrap();
    let line = format!("{}\n", "x".repeat(length - 1));
    let block = line.repeat((64 << 10) / length).into_bytes();
    let mut total = 0;
    let mut stdout = std::io::stdout().lock();
    let end = Instant::now() + TIME;
    while Instant::now() < end {
        stdout.write_all(&block).unwrap();
        total += block.len();
    }
    fs::write(&arguments[1], total.to_string()).unwrap();
}

/// A table of MB/s.
pub fn measure() -> String {
    let has_s6 = is_there("s6-log");
    let mut page = "Log throughput, MB/s | envr | s6-log t\n--- | --- | ---\n".to_string();
    for length in LENGTHS {
        let best =
            |measure: fn(usize) -> f64| (0..ROUNDS).map(|_| measure(length)).fold(0.0, f64::max);
        let theirs = if has_s6 { format!("{:.0}", best(s6)) } else { "—".to_string() };
        writeln!(page, "lines of {length} bytes | {:.0} | {theirs}", best(envr)).unwrap();
    }
    page
}

fn s6(length: usize) -> f64 {
    let world = World::new(0);
    let (total, logs) = (world.root.path().join("total"), world.root.path().join("logs"));
    let mut log = Command::new("s6-log")
        .args(["t", "s16777216", "n20"])
        .arg(&logs)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["produce", &length.to_string()])
        .arg(&total)
        .stdout(log.stdin.take().unwrap())
        .status();
    assert!(status.unwrap().success());
    log.wait().unwrap();
    megabytes(&total)
}

fn envr(length: usize) -> f64 {
    let world = World::new(0);
    let total = world.root.path().join("total");
    let program = std::env::current_exe().unwrap();
    let command =
        [program.to_str().unwrap(), "produce", &length.to_string(), total.to_str().unwrap()];
    let text = format!(
        "[services.x]\ncommand = {command:?}\noneshot = true\nlog = {{ size = \"16M\", files = 20 }}\n"
    );
    fs::write(world.project().join("envr.toml"), text).unwrap();
    fs::set_permissions(world.project(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = std::env::var_os("ENVR").unwrap();
    for arguments in [&["allow"][..], &["up"]] {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(world.project()).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("HOME", world.root.path().join("home"));
        command.env("XDG_RUNTIME_DIR", world.root.path().join("run"));
        // The one who shows the logs is not what is measured.
        if arguments == ["up"] {
            command.args(["--wait"]);
        }
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }
    let mut down = Command::new(&program);
    down.arg("down").current_dir(world.project()).env_clear();
    down.env("HOME", world.root.path().join("home"));
    down.env("XDG_RUNTIME_DIR", world.root.path().join("run"));
    _ = down.stderr(Stdio::null()).status();
    megabytes(&total)
}

fn megabytes(total: &Path) -> f64 {
    let total: f64 = fs::read_to_string(total).unwrap().parse().unwrap();
    total / TIME.as_secs_f64() / 1e6
}
