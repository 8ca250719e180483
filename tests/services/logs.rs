//! What services say: every line once, in order, whatever it holds and whoever dies.

use super::{Services, kill};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn lines_of_every_kind() {
    let length = super::times(3_000_000, 100_000_000);
    let services = Services::new(&format!(
        "[services.x]\ncommand = '''printf 'one\\n\\0\\377\\033[31m\\rtwo\\n'; head -c {length} /dev/zero | tr '\\0' y; \
         echo; printf unfinished'''\noneshot = true\nlog.size = '200M'\n",
    ));
    services.run(["up", "-d"]);
    services.run(["wait", "--for", "completed", "x"]);
    let output = services.project.envr(["logs", "x"]).any_stdout().success().stdout;
    let lines: Vec<&[u8]> = output.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines[1], b"one");
    assert_eq!(lines[2], b"\0\xff\x1b[31m\rtwo");
    let long: usize = lines[3..lines.len() - 3].iter().map(|line| line.len()).sum();
    assert_eq!(long, length);
    assert_eq!(lines[lines.len() - 3], b"unfinished");
    assert_eq!(lines[lines.len() - 2], b"envr: exited with 0");
}

#[test]
fn rotated_logs_hold_each_line_once_and_no_more_than_they_may() {
    let services = Services::new(
        "[services.x]\ncommand = 'seq 1 200000'\noneshot = true\nlog = { size = '64K', files = 5 }\n",
    );
    services.run(["up", "-d"]);
    services.run(["wait", "--for", "completed", "x"]);
    // The oldest file that is left may begin in the middle of a line.
    let said = services.said("x");
    let numbers: Vec<u32> = said[1..].iter().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers.last(), Some(&200_000));
    assert!(numbers.is_sorted_by(|one, next| one + 1 == *next));
    let dir = services.logs_of("x");
    let sizes: Vec<u64> =
        fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
    assert!(sizes.len() <= 5 && sizes.iter().all(|size| *size <= 64 << 10), "{sizes:?}");
}

#[test]
fn a_flood_neither_fills_memory_nor_holds_up_others() {
    let lines = super::times(2_000_000, 100_000_000);
    let services = Services::new(&format!(
        "[services.flood]\ncommand = 'seq 1 {lines}'\noneshot = true\nlog = {{ size = '1M', files = 2 }}\n\
         [services.calm]\ncommand = 'echo calm; exec sleep 1000'\n"
    ));
    services.run(["up", "-d"]);
    services.run(["wait", "calm"]);
    let supervisor = services.internal("service-supervisor");
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{supervisor}/statm")).unwrap();
        status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    };
    let before = memory();
    let mut answers = Vec::new();
    while services.state("flood") != "completed" {
        let asked = Instant::now();
        services.run(["restart", "calm"]);
        services.run(["wait", "calm"]);
        answers.push(asked.elapsed());
        assert!(memory() < before + (8 << 20), "{before} bytes grew to {}", memory());
    }
    answers.sort_unstable();
    // Two programs, in the time of one answer that another flood holds up.
    assert!(answers[answers.len() / 2] < Duration::from_millis(600), "{answers:?}");
    assert_eq!(services.said("flood").last(), Some(&lines.to_string()));
    assert_eq!(services.said("calm").last().map(String::as_str), Some("calm"));
}

#[test]
fn followers_see_what_comes_and_stalled_ones_stop_nobody() {
    let services = Services::empty();
    let fifo = services.fifo("in");
    services.project.write(
        "envr.toml",
        format!(
            "[services]\nx = 'echo first; while read line; do echo \"$line\"; done <{}'\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let mut follower = services.foreground(&["logs", "-f", "-n", "1", "x"]);
    let stalled = services.foreground(&["logs", "-f", "x"]);
    follower.until("");
    fs::File::options()
        .write(true)
        .open(fifo.path())
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, "line\n".repeat(40_000).as_bytes())
        })
        .unwrap();
    super::write_line_of(fifo.path(), "the end");
    follower.until("the end");
    follower.signal("KILL");
    stalled.signal("KILL");
    let mut rest = Vec::new();
    stalled.stdout.unwrap().read_to_end(&mut rest).unwrap();
    assert!(rest.len() < 1 << 20);
}

#[test]
fn the_last_lines_of_all_in_the_order_of_time() {
    let services = Services::new(
        "[services.a]\ncommand = 'echo a1; echo a2'\noneshot = true\n\
         [services.b]\ncommand = 'echo b1; echo b2 >&2'\noneshot = true\ndepends_on = { a = 'completed' }\n",
    );
    services.run(["up", "-d"]);
    services.run(["wait", "--for", "completed", "b"]);
    let lines = services.run(["logs", "-n", "4"]);
    let mut lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.pop(), Some("b | envr: exited with 0"));
    lines[1..].sort_unstable();
    assert!(lines[0].starts_with("b | envr: started, pid "), "{lines:?}");
    assert_eq!(lines[1..], ["b | b1", "b | b2"]);
    let timed = services.run(["logs", "-t", "-n", "1", "a"]);
    assert!(timed.starts_with("20") && timed.ends_with("Z envr: exited with 0\n"), "{timed}");
    assert_eq!(
        services.fail(["logs", "c"]),
        "envr: error: `c` has no log; did you mean `a`?\nenvr: hint: envr ps\n"
    );
}

#[test]
fn a_killed_supervisor_loses_no_line_that_it_read() {
    let services = Services::empty();
    let mut fifo = services.fifo("said");
    let script = format!("#!/bin/sh\nseq 1 500\necho all >{}\nexec sleep 1000\n", fifo.path());
    services.script("services/x/run", &script);
    services.project.write(".envrc", "");
    services.allow();
    for _ in 0..5 {
        services.up();
        assert_eq!(fifo.line(), "all");
        // What was in the pipe before the first question has been read before the second is answered.
        services.run(["ps"]);
        services.run(["ps"]);
        let keeper = services.internal("service-keeper");
        kill(services.internal("service-supervisor"), "KILL");
        super::until_gone(keeper);
    }
    let numbers: Vec<u32> = services.said("x").iter().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=500).collect::<Vec<_>>().repeat(5));
}

/// At any moment, in the middle of a rotation, too: what was written is whole, in order, and there once.
#[test]
fn a_killed_supervisor_leaves_logs_that_are_whole() {
    let services = Services::empty();
    services.project.write(
        "envr.toml",
        "[services.y]\ncommand = 'test -e run && read run <run || run=0; echo $((run + 1)) >run; exec seq -f \"$run %.0f\" 1 1000000000'\n\
         log = { size = '4K', files = 100 }\n",
    );
    services.allow();
    let mut random = super::Random(11);
    for run in 0..super::times(4, 100) {
        services.run(["up", "-d"]);
        let logs = services.logs_of("y");
        // To look at it is a pause of no certain length.
        while newest(&logs).is_none() {}
        let seen = newest(&logs);
        while newest(&logs) == seen {}
        for _ in 0..random.below(300) {
            newest(&logs);
        }
        let keeper = services.internal("service-keeper");
        kill(services.internal("service-supervisor"), "KILL");
        super::until_gone(keeper);
        let mut runs: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        // The oldest file may begin in the middle of a line.
        for line in services.said("y").into_iter().skip(1) {
            let (run, number) = line.split_once(' ').unwrap_or((&line, "0"));
            runs.entry(run.parse().unwrap()).or_default().push(number.parse().unwrap_or(0));
        }
        let oldest = *runs.keys().next().unwrap();
        assert!(runs.keys().all(|known| *known <= run), "{:?}", runs.keys());
        for (number, mut lines) in runs {
            // Its last line may have been cut off, and the oldest ones may be gone with their file.
            lines.pop();
            assert!(
                number == oldest || lines.first().is_none_or(|first| *first == 1),
                "run {number}"
            );
            assert!(lines.is_sorted_by(|one, next| one + 1 == *next), "run {number}: {lines:?}");
        }
    }
}

/// The name of the file that was rotated last.
fn newest(logs: &Path) -> Option<String> {
    let files = fs::read_dir(logs).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter(|name| name.starts_with('@')).max()
}
