//! Files that others replace, cut and write while they are read: what comes out is one of them, whole, or nothing.

use super::writing::World;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, rename};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const ROUNDS: usize = 25;

/// Two encrypted files of many values, and what they hold.
struct Pair {
    world: World,
    plain: [String; 2],
    sealed: [Vec<u8>; 2],
}

impl Pair {
    fn new() -> Self {
        let world = World::new();
        let plain = ["first", "second"].map(|word| {
            let lines: Vec<String> =
                (0..400).map(|number| format!("k{number}: {word} {number}\n")).collect();
            lines.concat()
        });
        let sealed = plain.each_ref().map(|text| {
            world.project.write("s.yaml", text);
            world.secret(&["encrypt", "--in-place", "s.yaml"]);
            world.project.read("project/s.yaml").into_bytes()
        });
        Self { world, plain, sealed }
    }

    /// Reads as often as it takes while `swap` puts one after the other in the place of the file.
    fn read_during(&self, swap: impl Fn(&Path, &[u8]) + Sync, check: impl Fn(bool, &str, &str)) {
        let file = self.world.project.path("project/s.yaml");
        let (is_over, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    for text in &self.sealed {
                        swap(&file, text);
                        swaps.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            for _ in 0..ROUNDS {
                let output = self.world.project.envr(["secret", "decrypt", "s.yaml"]).output();
                let [stdout, stderr] = [output.stdout, output.stderr]
                    .map(|text| String::from_utf8_lossy(&text).into_owned());
                check(output.status.success(), &stdout, &stderr);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert!(swaps.into_inner() > ROUNDS);
    }

    fn is_one(&self, text: &str) -> bool {
        self.plain.iter().any(|plain| plain == text)
    }
}

#[test]
fn a_file_that_is_replaced_is_read_as_one_of_both() {
    let pair = Pair::new();
    let beside = pair.world.project.path("project/beside");
    let swap = |file: &Path, text: &[u8]| {
        File::create(&beside).unwrap().write_all(text).unwrap();
        rename(&beside, file).unwrap();
    };
    pair.read_during(swap, |is_success, stdout, stderr| {
        assert!(is_success && pair.is_one(stdout), "{stderr}{stdout}");
    });
}

/// As sops writes a file, and as an editor might: it is short for a time, or has parts of both.
#[test]
fn a_file_that_is_written_over_is_read_as_one_of_both_or_not_at_all() {
    let pair = Pair::new();
    let truncate = |file: &Path, text: &[u8]| {
        let mut file = File::create(file).unwrap();
        let (first, second) = text.split_at(text.len() / 2);
        file.write_all(first).unwrap();
        file.write_all(second).unwrap();
    };
    let mix = |file: &Path, text: &[u8]| {
        let mut file = File::options().write(true).open(file).unwrap();
        let half = text.len() / 2;
        file.seek(SeekFrom::Start(half as u64)).unwrap();
        file.write_all(&text[half..]).unwrap();
        file.rewind().unwrap();
        file.write_all(&text[..half]).unwrap();
        file.set_len(text.len() as u64).unwrap();
    };
    let check = |is_success: bool, stdout: &str, stderr: &str| {
        let is_refused = stdout.is_empty() && stderr.starts_with("envr: error: could not ");
        assert!(if is_success { pair.is_one(stdout) } else { is_refused }, "{stderr}{stdout}");
    };
    pair.read_during(truncate, check);
    pair.read_during(mix, check);
}

#[test]
#[cfg(target_os = "linux")]
fn who_encrypts_in_place_waits_for_who_changes_the_file() {
    let world = World::new();
    world.project.write("s.yaml", "a: 1\n");
    let file = File::open(world.project.path("project/s.yaml")).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    let mut encrypting = world.project.program(env!("CARGO_BIN_EXE_envr"));
    encrypting.args(["secret", "encrypt", "--in-place", "s.yaml"]);
    let mut encrypting = encrypting.spawn().unwrap();
    let waits = |id: u32| {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let of_it = |line: &str| line.split_whitespace().any(|word| word == id.to_string());
        locks.lines().any(|line| line.contains("->") && of_it(line))
    };
    while !waits(encrypting.id()) {
        assert!(encrypting.try_wait().unwrap().is_none(), "it did not wait");
        thread::yield_now();
    }
    world.project.write("s.yaml", "a: 2\n");
    drop(file);
    assert!(encrypting.wait().unwrap().success());
    assert_eq!(world.secret(&["decrypt", "s.yaml"]), b"a: 2\n");
}

/// Every change is there in the end, or its command said that it is not.
#[test]
fn a_change_during_which_the_file_is_replaced_is_made_or_told() {
    let pair = Pair::new();
    let beside = pair.world.project.path("project/beside");
    let swap = |file: &Path, text: &[u8]| {
        File::create(&beside).unwrap().write_all(text).unwrap();
        rename(&beside, file).unwrap();
    };
    let set = || {
        let run = pair.world.project.envr(["secret", "set", "s.yaml", "new"]).stdin("value");
        let said = run.output();
        let stderr = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.status.success() || stderr.contains("it was changed meanwhile"), "{stderr}");
    };
    pair.read_during(swap, |is_success, stdout, stderr| {
        let whole = stdout.strip_suffix("new: value\n").unwrap_or(stdout);
        assert!(is_success && pair.is_one(whole), "{stderr}{stdout}");
        set();
    });
}
