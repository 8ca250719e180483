//! Points in time as sops writes them: RFC 3339.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// The parts of a date as YAML and RFC 3339 write it.
struct Parts<'a> {
    date: [u32; 3],
    clock: [u32; 3],
    fraction: &'a str,
    zone: String,
}

/// Checks RFC 3339 text and gives it the form that is hashed: no zeros at the end of a fraction, `Z` for no offset.
pub fn rfc3339(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_full = bytes.len() >= 20
        && [4, 7].iter().all(|at| bytes[*at] == b'-')
        && matches!(bytes[10], b'T' | b't')
        && [13, 16].iter().all(|at| bytes[*at] == b':');
    if !is_full {
        return None;
    }
    let (clock, zone) = split_zone(&text[11..])?;
    parts(&text[..10], clock, zone?).map(|parts| parts.text())
}

/// The same without the fraction, as a MAC is bound to it.
pub fn rfc3339_seconds(text: &str) -> Option<String> {
    let text = rfc3339(text)?;
    let Some((seconds, rest)) = text.split_once('.') else { return Some(text) };
    Some(format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit())))
}

/// A timestamp of YAML, in the forms that sops takes as one.
pub fn yaml(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let Some(end) = text.find(['T', 't', ' ']) else {
        return parts(text, "0:0:0", "Z").map(|parts| parts.text());
    };
    let (date, rest) = (&text[..end], &text[end + 1..]);
    match (bytes[end], split_zone(rest)) {
        (b' ', None) => parts(date, rest, "Z"),
        (b' ', Some(_)) | (_, None) => None,
        (_, Some((clock, zone))) => parts(date, clock, zone?),
    }
    .map(|parts| parts.text())
}

pub fn now() -> String {
    let (date, clock) = utc(SystemTime::now());
    let [year, month, day] = date;
    let [hour, minute, second] = clock;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `YYYYMMDDTHHMMSSZ`, as AWS signs it.
pub fn compact() -> String {
    now().replace(['-', ':'], "")
}

/// Year, month and day, then hour, minute and second.
fn utc(time: SystemTime) -> ([u64; 3], [u64; 3]) {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / DAY, seconds % DAY);
    (civil(days), [rest / 3600, rest / 60 % 60, rest % 60])
}

/// The date of a day since the epoch: whole years first, then months.
fn civil(mut days: u64) -> [u64; 3] {
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let mut month = 1;
    while days >= month_length(year, month) {
        days -= month_length(year, month);
        month += 1;
    }
    [year, month, days + 1]
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn month_length(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The clock and, where one is written, the zone: `None` inside when it is written wrongly.
fn split_zone(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some("Z")));
    }
    let at = text.rfind(['+', '-'])?;
    Some((&text[..at], Some(&text[at..]).filter(|zone| zone.len() == 6)))
}

fn parts<'a>(date: &str, clock: &'a str, zone: &str) -> Option<Parts<'a>> {
    let numbers = |text: &str, separator: char| -> Option<[u32; 3]> {
        let parts: Vec<&str> = text.split(separator).collect();
        let is_number = |part: &&str| {
            (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let [first, second, third] = parts.as_slice() else { return None };
        let all = [first, second, third];
        if !all.into_iter().all(is_number) || second.len() > 2 || third.len() > 2 {
            return None;
        }
        Some(all.map(|part| part.parse().unwrap_or(u32::MAX)))
    };
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let (date, clock) = (numbers(date, '-')?, numbers(seconds, ':')?);
    let is_date = (1..=12).contains(&date[1])
        && date[2] >= 1
        && u64::from(date[2]) <= month_length(date[0].into(), date[1].into());
    let is_clock = clock[0] < 24 && clock[1] < 60 && clock[2] < 60;
    let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let zone = match zone.as_bytes() {
        b"Z" | b"+00:00" | b"-00:00" => "Z".to_string(),
        [b'+' | b'-', hour @ .., b':', m1, m2]
            if [hour, &[*m1, *m2]].concat().iter().all(u8::is_ascii_digit) && hour.len() == 2 =>
        {
            zone.to_string()
        }
        _ => return None,
    };
    (is_date && is_clock && is_fraction).then_some(Parts { date, clock, fraction, zone })
}

impl Parts<'_> {
    fn text(&self) -> String {
        let [year, month, day] = self.date;
        let [hour, minute, second] = self.clock;
        let fraction = self.fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let zone = &self.zone;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_dates() {
        for (text, expected) in [
            ("2024-01-02", Some("2024-01-02T00:00:00Z")),
            ("2024-1-2", Some("2024-01-02T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-14 21:59:43.10", Some("2001-12-14T21:59:43.1Z")),
            ("2001-12-14 21:59:43.10 -5", None),
            ("2001-02-30", None),
            ("2001-13-01", None),
            ("20010-1-1", None),
            ("12-14-2001", None),
            ("2001-12-14T1:2:3Z", Some("2001-12-14T01:02:03Z")),
        ] {
            assert_eq!(yaml(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_form_that_a_mac_is_bound_to() {
        for (text, expected) in [
            ("2026-11-21T23:41:07Z", Some("2026-11-21T23:41:07Z")),
            ("2026-11-21T23:41:07.5+00:00", Some("2026-11-21T23:41:07Z")),
            ("2026-11-21T23:41:07+02:00", Some("2026-11-21T23:41:07+02:00")),
            ("yesterday", None),
            ("2026-11-21", None),
        ] {
            assert_eq!(rfc3339_seconds(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), [1970, 1, 1]);
        assert_eq!(civil(59), [1970, 3, 1]);
        assert_eq!(civil(11_016), [2000, 2, 29]);
        assert_eq!(civil(20_778), [2026, 11, 21]);
    }
}
