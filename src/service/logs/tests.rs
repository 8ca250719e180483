//! Logs written, cut off, filled up and read again.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

fn log(size: u64) -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let limits = LogLimits { size, files: 4 };
    let log = Log::new(dir.path().join("log"), limits);
    (dir, log)
}

fn texts(log: &Log) -> Vec<Vec<u8>> {
    last_lines(&log.dir, &Wanted::default()).into_iter().map(|line| line.text).collect()
}

#[test]
fn whatever_bytes_come_they_are_there_again() {
    let (_dir, mut log) = log(1 << 30);
    let mut clock = Clock::now();
    let long = vec![b'x'; 300_000];
    log.append(&mut clock, Stream::Stdout, b"one\n\0\xff\x1b[31m\rtwo\n\nope");
    log.append(&mut clock, Stream::Stderr, b"beside\n");
    log.append(&mut clock, Stream::Stdout, b"n\n");
    for piece in long.chunks(64 << 10) {
        log.append(&mut clock, Stream::Stdout, piece);
    }
    log.append(&mut clock, Stream::System, b"exited\n");
    let expected: [&[u8]; 7] =
        [b"one", b"\0\xff\x1b[31m\rtwo", b"", b"beside", b"open", &long, b"exited"];
    assert_eq!(texts(&log), expected);
}

#[test]
fn rotation_keeps_every_line_once_and_no_more_files_than_allowed() {
    let (_dir, mut log) = log(4096);
    let mut clock = Clock::now();
    for number in 0..600 {
        log.append(&mut clock, Stream::Stdout, format!("{number}\n").as_bytes());
    }
    let files = archives(&log.dir);
    assert_eq!(files.len(), 3);
    for file in &files {
        assert!(file.metadata().unwrap().len() <= 4096);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let numbers: Vec<usize> =
        texts(&log).iter().map(|text| String::from_utf8_lossy(text).parse().unwrap()).collect();
    assert!(numbers.len() > 290 && numbers[0] == 600 - numbers.len(), "{numbers:?}");
    assert!(numbers.is_sorted_by(|one, next| one + 1 == *next));
    let last: Vec<_> = last_lines(&log.dir, &Wanted { count: Some(2), since: None });
    assert_eq!(last.iter().map(|line| line.text.as_slice()).collect::<Vec<_>>(), [b"598", b"599"]);
}

#[test]
fn what_is_rotated_while_it_is_read_is_there_once() {
    let (_dir, mut log) = log(4096);
    let dir = log.dir.clone();
    let writer = std::thread::spawn(move || {
        let mut clock = Clock::now();
        for number in 0..60_000 {
            log.append(&mut clock, Stream::Stdout, format!("{number}\n").as_bytes());
        }
    });
    while !writer.is_finished() {
        let mut follow = Follow::new().unwrap();
        let both = [
            last_lines(&dir, &Wanted::default()),
            follow.add_after("a", &dir, &Wanted::default()).unwrap(),
        ];
        for lines in both {
            let number =
                |line: &Line| String::from_utf8_lossy(&line.text).parse::<usize>().unwrap();
            let numbers: Vec<usize> = lines.iter().map(number).collect();
            assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{numbers:?}");
        }
    }
    writer.join().unwrap();
}

#[test]
fn a_record_that_was_cut_off_spoils_no_other() {
    let (_dir, mut first) = log(1 << 20);
    let mut clock = Clock::now();
    first.append(&mut clock, Stream::Stdout, b"whole\ncut off\n");
    let current = first.dir.join(CURRENT);
    let file = OpenOptions::new().write(true).open(&current).unwrap();
    file.set_len(file.metadata().unwrap().len() - 4).unwrap();
    let mut second = Log::new(first.dir.clone(), first.limits.clone());
    second.append(&mut clock, Stream::Stdout, b"next\n");
    assert_eq!(texts(&second), [b"whole".as_slice(), b"cut ", b"next"]);
}

#[test]
fn a_full_disk_is_counted_and_told_once_there_is_room() {
    let (_dir, mut log) = log(1 << 20);
    let mut clock = Clock::now();
    log.append(&mut clock, Stream::Stdout, b"before\n");
    let good = log.file.replace(OpenOptions::new().append(true).open("/dev/full").unwrap());
    log.append(&mut clock, Stream::Stdout, b"lost\nlost\n");
    log.append(&mut clock, Stream::Stdout, b"lost\n");
    assert_eq!(log.trouble(), Some(Errno::NOSPC));
    log.file = good;
    log.append(&mut clock, Stream::Stdout, b"after\n");
    assert_eq!(log.trouble(), None);
    let expected: [&[u8]; 3] = [b"before", b"after", b"3 records could not be written here"];
    assert_eq!(texts(&log), expected);
}

#[test]
fn a_reader_follows_over_rotations() {
    let (_dir, mut log) = log(4096);
    let mut clock = Clock::now();
    log.append(&mut clock, Stream::Stdout, b"old\n");
    let mut follow = Follow::new().unwrap();
    follow.add("a", &log.dir);
    follow.await_growth().unwrap();
    let mut seen = Vec::new();
    for number in 0..500 {
        log.append(&mut clock, Stream::Stdout, format!("{number}\n").as_bytes());
        if number % 50 == 49 {
            seen.extend(follow.read());
        }
    }
    let numbers: Vec<String> =
        seen.iter().map(|(_, line)| String::from_utf8_lossy(&line.text).into_owned()).collect();
    assert_eq!(numbers, (0..500).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn one_that_is_removed_is_made_anew_and_followed_on() {
    let (_dir, mut log) = log(1 << 20);
    let mut clock = Clock::now();
    let mut follow = Follow::new().unwrap();
    follow.add("a", &log.dir);
    follow.await_growth().unwrap();
    let mut check = |remove: &dyn Fn(&Path), text: &str| {
        log.append(&mut clock, Stream::Stdout, b"before\n");
        follow.read();
        remove(&log.dir);
        // Whoever follows may look before anything is written.
        assert_eq!(follow.read(), []);
        log.append(&mut clock, Stream::Stdout, format!("{text}\n").as_bytes());
        assert_eq!(texts(&log), [text.as_bytes()]);
        let seen: Vec<Vec<u8>> = follow.read().into_iter().map(|(_, line)| line.text).collect();
        assert_eq!(seen, [text.as_bytes()]);
    };
    check(&|dir| std::fs::remove_file(dir.join(CURRENT)).unwrap(), "one");
    check(&|dir| std::fs::rename(dir.join(CURRENT), dir.join("old")).unwrap(), "moved");
    check(&|dir| std::fs::remove_dir_all(dir).unwrap(), "two");
    check(&|dir| std::fs::remove_dir_all(dir).unwrap(), "three");
}
