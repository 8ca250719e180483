//! Points in time as sops writes them: RFC 3339.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// The digits of a fraction that Go keeps.
const NANOSECONDS: usize = 9;

/// A point in time as it was written.
struct Time {
    date: [u32; 3],
    clock: [u32; 3],
    fraction: String,
    /// In minutes east of Greenwich.
    offset: i32,
}

/// How Go spells its layouts: `01-02T04:05` or `1-2T4:5`. Of an hour one digit does in both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    Two,
    OneOrTwo,
}

/// Checks RFC 3339 text and gives it the form that is hashed: no zeros at the end of a fraction, `Z` for no offset.
pub fn rfc3339(text: &str) -> Option<String> {
    let mut reader = Reader(text.as_bytes());
    let date = reader.date(Digits::Two)?;
    reader.byte(b"T")?;
    let (clock, fraction) = reader.clock(Digits::Two)?;
    let offset = reader.offset()?;
    reader
        .end(Time { date, clock, fraction, offset })
        .filter(|time| !time.is_beyond_days())
        .map(|time| time.text())
}

/// The same without the fraction, as a MAC is bound to it.
pub fn rfc3339_seconds(text: &str) -> Option<String> {
    let text = rfc3339(text)?;
    let Some((seconds, rest)) = text.split_once('.') else { return Some(text) };
    Some(format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit())))
}

/// A timestamp of YAML, in the forms that sops takes as one.
pub fn yaml(text: &str) -> Option<String> {
    of_yaml(text).map(|time| time.text())
}

/// Whether YAML has it as a timestamp, but its offset is one that Go reads and does not write.
pub fn is_beyond_days(text: &str) -> bool {
    of_yaml(text).is_some_and(|time| time.is_beyond_days())
}

/// `2006-1-2T15:4:5.999999999Z07:00`, the same with `t`, `2006-1-2 15:4:5.999999999` or `2006-1-2`.
fn of_yaml(text: &str) -> Option<Time> {
    let mut reader = Reader(text.as_bytes());
    let date = reader.date(Digits::OneOrTwo)?;
    let (clock, fraction, offset) = match reader.0.first() {
        None => ([0; 3], String::new(), 0),
        Some(b' ') => {
            reader.0 = reader.0.trim_ascii_start();
            let (clock, fraction) = reader.clock(Digits::OneOrTwo)?;
            (clock, fraction, 0)
        }
        Some(_) => {
            reader.byte(b"Tt")?;
            let (clock, fraction) = reader.clock(Digits::OneOrTwo)?;
            (clock, fraction, reader.offset()?)
        }
    };
    reader.end(Time { date, clock, fraction, offset })
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

/// What is left of a text. Each step gives `None` where something else stands there.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn date(&mut self, digits: Digits) -> Option<[u32; 3]> {
        let (year, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        let year = number(year)?;
        self.byte(b"-")?;
        let month = self.number(digits)?;
        self.byte(b"-")?;
        let day = self.number(digits)?;
        let is_date = (1..=12).contains(&month)
            && day >= 1
            && u64::from(day) <= month_length(year.into(), month.into());
        is_date.then_some([year, month, day])
    }

    /// Hour, minute and second, and what is behind the point or comma.
    fn clock(&mut self, digits: Digits) -> Option<([u32; 3], String)> {
        let hour = self.number(Digits::OneOrTwo)?;
        self.byte(b":")?;
        let minute = self.number(digits)?;
        self.byte(b":")?;
        let second = self.number(digits)?;
        let mut fraction = String::new();
        if let [b'.' | b',', rest @ ..] = self.0
            && rest.first().is_some_and(u8::is_ascii_digit)
        {
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            fraction.extend(rest[..length.min(NANOSECONDS)].iter().copied().map(char::from));
            self.0 = &rest[length..];
        }
        (hour < 24 && minute < 60 && second < 60).then_some(([hour, minute, second], fraction))
    }

    /// `Z` or `+07:00`, also of 24 hours and 60 minutes, as some people write.
    fn offset(&mut self) -> Option<i32> {
        if self.byte(b"Z").is_some() {
            return Some(0);
        }
        let is_west = self.0.first() == Some(&b'-');
        self.byte(b"+-")?;
        let hours = self.number(Digits::Two)?;
        self.byte(b":")?;
        let minutes = self.number(Digits::Two)?;
        let offset = i32::try_from(hours * 60 + minutes).ok()?;
        (hours <= 24 && minutes <= 60).then_some(if is_west { -offset } else { offset })
    }

    fn number(&mut self, digits: Digits) -> Option<u32> {
        let length = self.0.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        number(text).filter(|_| length == 2 || digits == Digits::OneOrTwo)
    }

    fn byte(&mut self, wanted: &[u8]) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| self.0 = rest)
    }

    fn end(&self, time: Time) -> Option<Time> {
        self.0.is_empty().then_some(time)
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let are_digits = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| are_digits)?.parse().ok()
}

impl Time {
    fn is_beyond_days(&self) -> bool {
        self.offset.abs() >= 24 * 60
    }

    fn text(&self) -> String {
        let [year, month, day] = self.date;
        let [hour, minute, second] = self.clock;
        let fraction = self.fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let (sign, offset) = (if self.offset < 0 { '-' } else { '+' }, self.offset.abs());
        let zone = match offset {
            0 => "Z".to_string(),
            _ => format!("{sign}{:02}:{:02}", offset / 60, offset % 60),
        };
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
            ("2001-12-14T1:2:3z", None),
            ("2001-12-14T1:2:3", None),
            ("2001-12-14 1:2:3Z", None),
            ("2001-12-14   1:2:3,50", Some("2001-12-14T01:02:03.5Z")),
            ("2001-12-14T1:2:3.1234567890Z", Some("2001-12-14T01:02:03.123456789Z")),
            ("2001-12-14T1:2:3.Z", None),
            ("2001-12-14T1:2:3+14:60", Some("2001-12-14T01:02:03+15:00")),
            ("2001-12-14T1:2:3-00:00", Some("2001-12-14T01:02:03Z")),
            ("2001-12-14T1:2:3+25:00", None),
            ("2001-12-14T1:2:3+1:00", None),
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
            ("2026-11-21T3:41:07Z", Some("2026-11-21T03:41:07Z")),
            ("2026-11-21t23:41:07Z", None),
            ("2026-11-21T23:41:07z", None),
            ("2026-1-21T23:41:07Z", None),
            ("2026-11-21T23:41:07+24:00", None),
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
