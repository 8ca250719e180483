//! The clocks that go on while the machine sleeps: they wake the loop for what is due by them.

use super::poller::{Poller, Source};
use crate::service::schedule::{Due, Now};
use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One timer for each clock.
#[derive(Debug)]
pub struct Alarms {
    wall: Alarm,
    boot: Alarm,
}

#[derive(Debug)]
struct Alarm {
    timer: OwnedFd,
    flags: TimerfdTimerFlags,
    /// What it is set to.
    due: Option<Duration>,
}

impl Alarms {
    pub fn new(poller: &Poller) -> Result<Self> {
        // Whoever sets clocks is told of.
        let wall_flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        let alarms = Self {
            wall: Alarm::new(TimerfdClockId::Realtime, wall_flags)?,
            boot: Alarm::new(TimerfdClockId::Boottime, TimerfdTimerFlags::ABSTIME)?,
        };
        poller.add(&alarms.wall.timer, Source::Alarm)?;
        poller.add(&alarms.boot.timer, Source::Alarm)?;
        Ok(alarms)
    }

    /// For the first of each clock.
    pub fn set(&mut self, due: &[Due]) -> Result<()> {
        let wall = due.iter().filter_map(|due| match due {
            Due::Wall(time) => Some(Duration::from_secs(u64::try_from(*time).unwrap_or_default())),
            Due::Boot(_) => None,
        });
        let boot = due.iter().filter_map(|due| match due {
            Due::Wall(_) => None,
            Due::Boot(time) => Some(*time),
        });
        self.wall.set(wall.min())?;
        self.boot.set(boot.min())
    }

    /// Hears what has come.
    pub fn were_clocks_set(&mut self) -> bool {
        self.boot.hear();
        self.wall.hear()
    }
}

impl Alarm {
    fn new(clock: TimerfdClockId, flags: TimerfdTimerFlags) -> Result<Self> {
        let create = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(clock, create).context("could not make a timer")?;
        Ok(Self { timer, flags, due: None })
    }

    fn set(&mut self, due: Option<Duration>) -> Result<()> {
        if due == self.due {
            return Ok(());
        }
        self.due = due;
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A time of nothing would be none at all.
        let value = due.map_or(none, |due| Timespec {
            tv_sec: due.as_secs().cast_signed(),
            tv_nsec: i64::from(due.subsec_nanos().max(1)),
        });
        let spec = Itimerspec { it_interval: none, it_value: value };
        timerfd_settime(&self.timer, self.flags, &spec).map(drop).context("could not set a timer")
    }

    /// Whether its clock was set. Then, and when its time has come, it has to be set anew.
    fn hear(&mut self) -> bool {
        match rustix::io::read(&self.timer, &mut [0; 8]) {
            Err(Errno::AGAIN | Errno::INTR) => return false,
            Err(Errno::CANCELED) => {
                self.due = None;
                return true;
            }
            Ok(_) | Err(_) => self.due = None,
        }
        false
    }
}

pub fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let boot = clock_gettime(ClockId::Boottime);
    Now {
        wall: i64::try_from(wall.as_secs()).unwrap_or(i64::MAX),
        boot: Duration::new(
            u64::try_from(boot.tv_sec).unwrap_or_default(),
            u32::try_from(boot.tv_nsec).unwrap_or_default(),
        ),
    }
}
