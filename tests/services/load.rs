//! Many services at once: what they cost the supervisor, and that nothing of what they say is mixed up.

use super::Services;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

const MANY: usize = 200;

/// Says a hundred lines a second without a process for each pause.
const SPEAKER: &str = "$| = 1; my ($name, $count) = @ARGV;\n\
    for my $number (1 .. $count) { print \"$name $number\\n\"; select undef, undef, undef, 0.01 }\n";

/// Of the processor, since it started. Linux tells it in hundredths of a second.
fn spent(pid: i32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[test]
fn many_services_cost_little_and_end_together() {
    let mut toml = "[services]\n".to_string();
    for index in 0..MANY {
        writeln!(toml, "s{index} = 'exec sleep 1000'").unwrap();
    }
    let services = Services::new(&toml);
    let before = Instant::now();
    services.up();
    let up = before.elapsed();
    let supervisor = services.internal("service-supervisor");
    let status = fs::read_to_string(format!("/proc/{supervisor}/status")).unwrap();
    let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kilobytes: u64 = own.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 10 << 10, "{kilobytes} KB");
    assert!(status.contains("\nThreads:\t1\n"), "{status}");
    let before = Instant::now();
    services.run(["down"]);
    let down = before.elapsed();
    println!("{MANY} up in {up:?}, down in {down:?}, {kilobytes} KB of memory");
    // Far from both, and from what waiting for one after the other would take.
    assert!(up < Duration::from_secs(10) && down < Duration::from_secs(5), "{up:?}, {down:?}");
    assert_eq!(services.processes(), [0; 0]);
}

#[test]
fn many_that_speak_at_once_are_told_apart() {
    if !crate::test::has("perl") {
        return;
    }
    let seconds = super::times(1, 10);
    let services = Services::empty();
    services.project.write("speak.pl", SPEAKER);
    let mut toml = String::new();
    for index in 0..MANY {
        writeln!(
            toml,
            "[services.s{index}]\ncommand = ['perl', 'speak.pl', 's{index}', '{}']\noneshot = true",
            seconds * 100
        )
        .unwrap();
    }
    services.project.write("envr.toml", toml);
    services.allow();
    let before = Instant::now();
    services.run(["up", "-d"]);
    let supervisor = services.internal("service-supervisor");
    let names: Vec<String> = (0..MANY).map(|index| format!("s{index}")).collect();
    let wait = ["wait", "--for", "completed"].into_iter().chain(names.iter().map(String::as_str));
    let (code, _, said) = services.foreground(&wait.collect::<Vec<_>>()).end();
    assert_eq!(code, Some(0), "{said}");
    println!("{:?} of the processor in {:?}", spent(supervisor), before.elapsed());
    let log = services.run(["logs", "-t"]);
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = String::new();
    for line in log.lines() {
        let (time, line) = line.split_once(' ').unwrap();
        assert!(last.as_str() <= time, "{last} came before {time}");
        last = time.to_string();
        let (prefix, text) = line.split_once(" | ").unwrap();
        if text.starts_with("envr: ") {
            continue;
        }
        let (name, number) = text.split_once(' ').unwrap();
        assert_eq!(prefix.trim_end(), name);
        let next = next.entry(name.to_string()).or_default();
        *next += 1;
        assert_eq!(number, next.to_string(), "{name}");
    }
    assert_eq!(next.len(), MANY);
    assert!(next.values().all(|count| *count == seconds * 100));
}
