//! Signals in words.

/// As direnv tells of one that ended a program; bash begins with a capital letter.
pub fn in_words(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        16 => "stack fault",
        24 => "CPU time limit exceeded",
        25 => "file size limit exceeded",
        26 => "virtual timer expired",
        27 => "profiling timer expired",
        29 => "I/O possible",
        30 => "power failure",
        31 => "bad system call",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use signal_hook::consts::{SIGSYS, SIGXCPU, SIGXFSZ};

    #[test]
    fn limits_have_words() {
        assert_eq!(in_words(SIGXCPU), Some("CPU time limit exceeded"));
        assert_eq!(in_words(SIGXFSZ), Some("file size limit exceeded"));
        assert_eq!(in_words(SIGSYS), Some("bad system call"));
        assert_eq!(in_words(64), None);
    }
}
