//! Clocks on the wall: what they show at a moment, and the moments at which they show a time.

use crate::fs::read_regular;
use std::io;
use std::path::Path;
use tz::TimeZone;
use tz::timezone::TimeZoneSettings;

/// Where systems keep the rules of time zones.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo"];
/// A file of rules larger than this many bytes is something else.
const LIMIT: u64 = 1 << 20;
/// No clock is further from UTC, or is set by more at once, than this many seconds.
const FURTHEST: i64 = 86_400;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The moments, in seconds since the epoch, at which clocks show a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moments {
    Once(i64),
    /// They were set back.
    Twice(i64, i64),
    /// They were set forward over it, at this moment.
    Never {
        jump: i64,
    },
}

impl Zone {
    /// `Europe/Berlin`, or what else `TZ` may hold.
    pub fn named(name: &str) -> Option<Self> {
        settings().parse_posix_tz(name).ok().map(Self)
    }

    /// That of the machine.
    pub fn local() -> Self {
        Self(settings().parse_local().unwrap_or_else(|_| TimeZone::utc()))
    }

    /// Seconds since the epoch as the clocks there show them.
    pub fn shown(&self, moment: i64) -> i64 {
        moment + self.offset(moment)
    }

    pub fn moments(&self, shown: i64) -> Moments {
        let (earlier, later) = (self.offset(shown - FURTHEST), self.offset(shown + FURTHEST));
        let is_shown = |offset: i64| self.offset(shown - offset) == offset;
        let (before, after) = (shown - earlier, shown - later);
        match (is_shown(earlier), is_shown(later)) {
            (true, true) if before != after => Moments::Twice(before.min(after), before.max(after)),
            (true, _) => Moments::Once(before),
            (false, true) => Moments::Once(after),
            (false, false) => {
                Moments::Never { jump: self.jump(before.min(after), before.max(after)) }
            }
        }
    }

    /// East of UTC, in seconds. What the rules do not tell of is as in UTC.
    fn offset(&self, moment: i64) -> i64 {
        self.0.find_local_time_type(moment).map_or(0, |local| local.ut_offset().into())
    }

    /// The first moment after which the offset is that of `to`.
    fn jump(&self, from: i64, to: i64) -> i64 {
        let (mut before, mut after) = (from, to);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.offset(middle) == self.offset(to) { after = middle } else { before = middle }
        }
        after
    }
}

fn settings() -> TimeZoneSettings<'static> {
    TimeZoneSettings::new(&DIRECTORIES, |file| {
        let bytes = read_regular(Path::new(file), LIMIT)?;
        Ok(bytes.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::rfc3339;

    /// Central Europe: forward at 01:00 UTC on 2026-03-29, back at 01:00 UTC on 2026-10-25.
    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
    /// 2026-03-29T00:00:00Z and 2026-10-25T00:00:00Z.
    const SPRING: i64 = 1_774_742_400;
    const AUTUMN: i64 = 1_792_886_400;

    fn minutes(day: i64, hour: i64, minute: i64) -> i64 {
        day + hour * 3600 + minute * 60
    }

    #[test]
    fn clocks_that_are_set() {
        assert_eq!(rfc3339(SPRING), "2026-03-29T00:00:00Z");
        assert_eq!(rfc3339(AUTUMN), "2026-10-25T00:00:00Z");
        let zone = Zone::named(BERLIN).unwrap();
        let jump = SPRING + 3600;
        assert_eq!(zone.shown(jump - 1), minutes(SPRING, 1, 59) + 59);
        assert_eq!(zone.shown(jump), minutes(SPRING, 3, 0));
        assert_eq!(zone.moments(minutes(SPRING, 1, 59)), Moments::Once(jump - 60));
        assert_eq!(zone.moments(minutes(SPRING, 2, 0)), Moments::Never { jump });
        assert_eq!(zone.moments(minutes(SPRING, 2, 59)), Moments::Never { jump });
        assert_eq!(zone.moments(minutes(SPRING, 3, 0)), Moments::Once(jump));
        let back = AUTUMN + 3600;
        assert_eq!(zone.moments(minutes(AUTUMN, 1, 59)), Moments::Once(back - 3660));
        assert_eq!(zone.moments(minutes(AUTUMN, 2, 0)), Moments::Twice(back - 3600, back));
        assert_eq!(zone.moments(minutes(AUTUMN, 2, 59)), Moments::Twice(back - 60, back + 3540));
        assert_eq!(zone.moments(minutes(AUTUMN, 3, 0)), Moments::Once(back + 3600));
    }

    #[test]
    fn names() {
        assert_eq!(Zone::named("UTC0").unwrap().shown(7), 7);
        for name in ["", "Europe/Nowhere", "../../etc/passwd"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
    }
}
