//! When a scheduled service runs: after a time, or by the five fields of cron.

use super::zone::{Moments, Zone};
use crate::calendar::civil;
use crate::config::parse_duration;
use std::time::Duration;

/// A day that a schedule means comes within nine years: the leap day around a century without one.
const LONGEST: i64 = 9 * 366;
const DAY: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const SHORT: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// From one start to the next.
    Every(Duration),
    Cron(Cron),
}

/// When a run is due, by a clock that goes on while the machine sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// What clocks show, in seconds since the epoch.
    Wall(i64),
    /// Since the machine started: whoever sets clocks does not change it.
    Boot(Duration),
}

/// What both of these clocks show.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub wall: i64,
    pub boot: Duration,
}

/// For each field a bit for each number that it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// The clock that is set changes nothing: every hour counts as it comes.
    each_hour: bool,
    /// Both fields of days say something: one that fits is enough, as cron has it.
    either_day: bool,
}

impl Schedule {
    /// `10m`, `0 3 * * mon-fri`, or `@daily`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(time) = parse_duration(text).filter(|time| *time >= Duration::from_secs(1)) {
            return (!text.starts_with('-')).then_some(Self::Every(time));
        }
        let long = SHORT.iter().find(|(short, _)| *short == text).map_or(text, |(_, long)| long);
        Cron::parse(long).map(Self::Cron)
    }

    /// Whether there is a day that it means.
    pub fn can_come(&self) -> bool {
        match self {
            Self::Every(_) => true,
            Self::Cron(cron) => cron.can_come(),
        }
    }

    /// The next run; `None` where none will come.
    pub fn next(&self, now: Now, zone: &Zone) -> Option<Due> {
        match self {
            Self::Every(time) => Some(Due::Boot(now.boot + *time)),
            Self::Cron(cron) => cron.next(now.wall, zone).map(Due::Wall),
        }
    }
}

impl Due {
    pub fn has_come(self, now: Now) -> bool {
        match self {
            Self::Wall(time) => time <= now.wall,
            Self::Boot(time) => time <= now.boot,
        }
    }

    /// What clocks will show, in seconds since the epoch, if nobody sets them.
    pub fn shown(self, now: Now) -> i64 {
        match self {
            Self::Wall(time) => time,
            Self::Boot(time) => {
                let left = time.saturating_sub(now.boot) + Duration::from_millis(500);
                now.wall.saturating_add_unsigned(left.as_secs())
            }
        }
    }
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let is_said = |field: &str| !field.starts_with('*');
        let sunday_twice = numbers(weekdays, 0, 7, &WEEKDAYS)?;
        Some(Self {
            minutes: numbers(minutes, 0, 59, &[])?,
            hours: numbers(hours, 0, 23, &[])?,
            days: numbers(days, 1, 31, &[])?,
            months: numbers(months, 1, 12, &MONTHS)?,
            weekdays: (sunday_twice | sunday_twice >> 7) & 0x7f,
            each_hour: hours == "*",
            either_day: is_said(days) && is_said(weekdays),
        })
    }

    fn can_come(&self) -> bool {
        let first = i64::from(self.days.trailing_zeros());
        let has_it = |month: i64| {
            self.months >> month & 1 == 1
                && first
                    <= match month {
                        2 => 29,
                        4 | 6 | 9 | 11 => 30,
                        _ => 31,
                    }
        };
        self.either_day || (1..=12).any(has_it)
    }

    /// The first whole minute after a time.
    fn next(&self, now: i64, zone: &Zone) -> Option<i64> {
        // A clock that was set back may show a day again.
        let first = zone.shown(now).div_euclid(DAY) - 1;
        (first..first + LONGEST).filter(|day| self.has_day(*day)).find_map(|day| {
            let moments = self.times(day).flat_map(|shown| self.moments(zone.moments(shown)));
            moments.filter(|moment| *moment > now).min()
        })
    }

    /// What clocks show at its times of a day.
    fn times(&self, day: i64) -> impl Iterator<Item = i64> {
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        hours.flat_map(move |hour| {
            let minutes = (0..60).filter(|minute| has(self.minutes, *minute));
            minutes.map(move |minute| day * DAY + i64::from(hour) * 3600 + i64::from(minute) * 60)
        })
    }

    /// A time that clocks leave out counts when they do; one that they show twice counts once.
    fn moments(&self, moments: Moments) -> Vec<i64> {
        match moments {
            Moments::Once(moment) => vec![moment],
            Moments::Twice(first, second) if self.each_hour => vec![first, second],
            Moments::Twice(first, _) => vec![first],
            Moments::Never { .. } if self.each_hour => vec![],
            Moments::Never { jump } => vec![jump],
        }
    }

    /// A day since the epoch, which was a Thursday.
    fn has_day(&self, day: i64) -> bool {
        let (_, month, day_of_month) = civil(day);
        let by_month = has(self.days, u32::try_from(day_of_month).unwrap_or_default());
        let weekday = u32::try_from((day + 4).rem_euclid(7)).unwrap_or_default();
        let by_week = has(self.weekdays, weekday);
        let fits = if self.either_day { by_month || by_week } else { by_month && by_week };
        fits && has(self.months, u32::try_from(month).unwrap_or_default())
    }
}

fn has(numbers: u64, number: u32) -> bool {
    numbers >> number & 1 == 1
}

/// `*`, `5`, `1-5`, `*/15`, `mon,wed`.
fn numbers(field: &str, least: u32, most: u32, names: &[&str]) -> Option<u64> {
    let first_name = u32::from(most == 12);
    let number = |text: &str| {
        let named = names.iter().position(|name| *name == text);
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + first_name);
        named.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number))
    };
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = step.parse::<usize>().ok().filter(|step| *step > 0)?;
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" => (least, most),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return None;
        }
        bits |= (from..=to).step_by(step).fold(0, |bits, number| bits | 1 << number);
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::rfc3339;

    /// 2026-03-01T12:34:56Z, a Sunday.
    const NOW: i64 = 1_772_368_496;

    fn next(text: &str, zone: &str, now: i64) -> String {
        let zone = Zone::named(zone).unwrap();
        let now = Now { wall: now, boot: Duration::from_secs(7) };
        let next = Schedule::parse(text).and_then(|schedule| schedule.next(now, &zone));
        next.map_or_else(|| "never".to_string(), |next| rfc3339(next.shown(now)))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(next(text, "UTC0", NOW), expected, "{text}");
    }

    /// The next runs one after the other.
    #[track_caller]
    fn check_runs(text: &str, zone: &str, from: i64, expected: &[&str]) {
        let mut now = from;
        for expected in expected {
            assert_eq!(next(text, zone, now), *expected, "{text}");
            let schedule = Schedule::parse(text).unwrap();
            let at = Now { wall: now, boot: Duration::ZERO };
            now = schedule.next(at, &Zone::named(zone).unwrap()).unwrap().shown(at);
        }
    }

    #[test]
    fn clocks_that_are_set() {
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        // 2026-03-28T12:00:00Z: the clocks go from 02:00 to 03:00 in the night after it.
        let spring = 1_774_699_200;
        let half = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        check_runs("30 2 * * *", berlin, spring, &half);
        check_runs("0 3 * * *", berlin, spring, &["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]);
        // Left out and due at the same moment, it runs once.
        check_runs(
            "0 2-3 * * *",
            berlin,
            spring,
            &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
        );
        let halves = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
        check_runs("*/30 * * * *", berlin, spring + 12 * 3600, &halves);
        // 2026-10-24T12:00:00Z: they go from 03:00 back to 02:00.
        let autumn = 1_792_843_200;
        let half = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        check_runs("30 2 * * *", berlin, autumn, &half);
        let halves = ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"];
        check_runs("*/30 * * * *", berlin, autumn + 12 * 3600, &halves);
        // Midnight itself is left out, and half an hour.
        let havana = "CST5CDT,M3.2.0/0,M11.1.0/1";
        check_runs(
            "@daily",
            havana,
            1_772_888_400,
            &["2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"],
        );
        let lord_howe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
        check_runs("15 2 * * *", lord_howe, 1_790_996_400, &["2026-10-03T15:30:00Z"]);
        check("0 12 * * sun", "2026-03-08T12:00:00Z");
    }

    #[test]
    fn the_next_run() {
        assert_eq!(rfc3339(NOW), "2026-03-01T12:34:56Z");
        check("90s", "2026-03-01T12:36:26Z");
        check("* * * * *", "2026-03-01T12:35:00Z");
        check("*/15 * * * *", "2026-03-01T12:45:00Z");
        check("34 12 * * *", "2026-03-02T12:34:00Z");
        check("0 3 * * mon-fri", "2026-03-02T03:00:00Z");
        check("0 3 * * 7", "2026-03-08T03:00:00Z");
        check("0 0 29 2 *", "2028-02-29T00:00:00Z");
        check("0 0 13 * fri", "2026-03-06T00:00:00Z");
        check("5/20 8-10 1 JAN,jul *", "2026-07-01T08:05:00Z");
        check("@monthly", "2026-04-01T00:00:00Z");
        check("0 0 31 2 *", "never");
    }

    #[test]
    fn a_machine_that_slept_and_clocks_that_were_set() {
        let zone = Zone::named("UTC0").unwrap();
        let boot = Duration::from_secs(1000);
        let before = Now { wall: NOW, boot };
        let due = |text: &str| Schedule::parse(text).unwrap().next(before, &zone).unwrap();
        let (every, hourly) = (due("1h"), due("@hourly"));
        assert!(!every.has_come(before) && !hourly.has_come(before));
        // Both clocks go on in a sleep of a night; the runs of that night are one.
        let night = 8 * 3600;
        let after = Now { wall: NOW + night, boot: boot + Duration::from_secs(8 * 3600) };
        assert!(every.has_come(after) && hourly.has_come(after));
        let next = Schedule::parse("@hourly").unwrap().next(after, &zone).unwrap();
        assert!(!next.has_come(after));
        // Who sets the clock changes what it shows, and no span of time.
        let set = Now { wall: NOW + night, boot };
        assert!(!every.has_come(set) && hourly.has_come(set));
    }

    #[test]
    fn what_is_no_schedule() {
        for text in
            ["", "0s", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "@noon"]
        {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
