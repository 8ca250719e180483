//! One service's life, as a machine without effects: what happens, in which state, and what is to be done about it.

#![warn(clippy::wildcard_enum_match_arm)]

use super::{Kind, Restart, RestartWhen, Spec, StartWhen};
use std::time::Duration;

/// A run that was ready for this long was healthy: the next one starts at once.
const HEALTHY: Duration = Duration::from_secs(1);
/// How long what a service left behind may take to end after SIGKILL.
const SWEEP: Duration = Duration::from_secs(5);
/// The exit code of `finish` by which a service asks not to be started again, as s6 has it.
const PERMANENT: i32 = 125;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing runs; it can be started.
    Down,
    /// It runs and has not said yet that it is ready.
    Starting,
    /// It runs, and has no way to say more.
    Up,
    Ready,
    /// It was told to end.
    Stopping,
    /// It ended; what it left behind is being ended.
    Sweeping,
    /// Its `finish` runs.
    Finishing,
    /// It waits for its next start.
    Backoff,
    /// It is left alone until somebody starts it.
    Failed,
    /// It has done its work.
    Completed,
}

/// What came of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Start,
    /// It could not be started; `permanent` when trying again is no use.
    SpawnFailed {
        permanent: bool,
    },
    SaidReady,
    /// It failed its liveness checks.
    Unhealthy,
    Stop,
    /// Everything of it is to end now.
    Kill,
    Exited(Exit),
    /// Nothing of it is left. `backgrounded` when what was left looked like the service itself.
    Swept {
        backgrounded: bool,
    },
    Finished(Exit),
    /// The time of the state is over.
    Deadline,
    /// Somebody wants it to start though it failed or completed.
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Spawn,
    /// Asks it to end.
    Signal,
    /// SIGKILL for all it started.
    Kill,
    /// Ends what is left of it; `Swept` follows.
    Sweep,
    RunFinish,
    KillFinish,
}

/// What the machine has to know of a service.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: Kind,
    says_ready: bool,
    /// How long it may be starting.
    start_timeout: Option<Duration>,
    restart: Restart,
    /// Who connects starts it, so its work is never done.
    is_called: bool,
    stop_timeout: Option<Duration>,
    has_finish: bool,
    finish_timeout: Option<Duration>,
}

/// Where a service is, and what it remembers. Times are from the supervisor's start.
#[derive(Clone, Debug)]
pub struct Life {
    pub state: State,
    /// When it came into this state.
    pub since: Duration,
    /// When `Deadline` is due.
    pub deadline: Option<Duration>,
    /// Failures in a row.
    pub failures: u32,
    /// How its last run ended.
    pub exit: Option<Exit>,
    /// It was asked to end, so its end is no failure.
    asked: bool,
    /// It was told to end for what it did not do, so its end is a failure, however it looks.
    gave_up: bool,
    ready_since: Option<Duration>,
    backgrounded: bool,
    /// It got SIGKILL.
    killed: bool,
    /// SIGKILL did not end it: it hangs in the kernel, and still runs.
    stuck: bool,
}

impl Policy {
    pub fn of(spec: &Spec) -> Self {
        Self {
            kind: spec.kind,
            says_ready: spec.ready.is_some(),
            start_timeout: spec.time_limit.or(spec.ready.as_ref().and_then(|ready| ready.timeout)),
            restart: spec.restart.clone(),
            is_called: spec.start == StartWhen::OnConnection,
            stop_timeout: spec.stop.timeout,
            has_finish: spec.finish.is_some(),
            finish_timeout: spec.finish.as_ref().and_then(|finish| finish.timeout),
        }
    }
}

impl State {
    /// Whether something of the service may run.
    pub fn is_active(self) -> bool {
        match self {
            Self::Down | Self::Backoff | Self::Failed | Self::Completed => false,
            Self::Starting
            | Self::Up
            | Self::Ready
            | Self::Stopping
            | Self::Sweeping
            | Self::Finishing => true,
        }
    }

    /// Whether its main process runs, as far as we know.
    pub fn is_running(self) -> bool {
        match self {
            Self::Starting | Self::Up | Self::Ready | Self::Stopping => true,
            Self::Down
            | Self::Sweeping
            | Self::Finishing
            | Self::Backoff
            | Self::Failed
            | Self::Completed => false,
        }
    }
}

impl Exit {
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl Default for Life {
    fn default() -> Self {
        Self {
            state: State::Down,
            since: Duration::ZERO,
            deadline: None,
            failures: 0,
            exit: None,
            asked: false,
            gave_up: false,
            ready_since: None,
            backgrounded: false,
            killed: false,
            stuck: false,
        }
    }
}

impl Life {
    pub fn step(&mut self, policy: &Policy, event: Event, now: Duration) -> Vec<Action> {
        match self.state {
            State::Down => self.when_down(policy, event, now),
            State::Starting | State::Up | State::Ready => self.when_running(policy, event, now),
            State::Stopping => self.when_stopping(event, now),
            State::Sweeping => self.when_sweeping(policy, event, now),
            State::Finishing => self.when_finishing(policy, event, now),
            State::Backoff => self.when_waiting(event, now),
            State::Failed | State::Completed => self.when_done(event, now),
        }
    }

    /// Whether its process put itself into the background and ended.
    pub fn is_backgrounded(&self) -> bool {
        self.backgrounded
    }

    /// Whether its end is not left to itself any more.
    pub fn was_killed(&self) -> bool {
        self.killed
    }

    /// Whether it got SIGKILL and runs all the same.
    pub fn is_stuck(&self) -> bool {
        self.stuck
    }

    fn when_down(&mut self, policy: &Policy, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Start => {
                self.asked = false;
                self.gave_up = false;
                self.backgrounded = false;
                self.killed = false;
                self.ready_since = None;
                if policy.says_ready || policy.kind == Kind::Oneshot {
                    self.enter(State::Starting, now, policy.start_timeout);
                } else {
                    self.ready_since = Some(now);
                    self.enter(State::Up, now, None);
                }
                vec![Action::Spawn]
            }
            Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Stop
            | Event::Kill
            | Event::Exited(_)
            | Event::Swept { .. }
            | Event::Finished(_)
            | Event::Deadline
            | Event::Reset => vec![],
        }
    }

    fn when_running(&mut self, policy: &Policy, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::SpawnFailed { permanent: true } => {
                self.enter(State::Failed, now, None);
                vec![]
            }
            Event::SpawnFailed { permanent: false } => {
                self.ready_since = None;
                self.retry(policy, now);
                vec![]
            }
            Event::SaidReady if self.state == State::Starting && policy.says_ready => {
                self.ready_since = Some(now);
                self.enter(State::Ready, now, None);
                vec![]
            }
            // A service that fails its checks was not healthy, however long it was ready.
            Event::Unhealthy | Event::Deadline => {
                self.ready_since = None;
                self.gave_up = true;
                self.enter(State::Stopping, now, policy.stop_timeout);
                vec![Action::Signal]
            }
            Event::Stop => {
                self.asked = true;
                self.enter(State::Stopping, now, policy.stop_timeout);
                vec![Action::Signal]
            }
            Event::Kill => {
                self.asked = true;
                self.killed = true;
                self.enter(State::Stopping, now, Some(SWEEP));
                vec![Action::Kill]
            }
            Event::Exited(exit) => self.ended(exit, now),
            Event::Start
            | Event::SaidReady
            | Event::Swept { .. }
            | Event::Finished(_)
            | Event::Reset => vec![],
        }
    }

    fn when_stopping(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Exited(exit) => self.ended(exit, now),
            Event::Stop => {
                self.asked = true;
                vec![]
            }
            Event::Deadline if self.killed => {
                self.stuck = true;
                self.enter(State::Failed, now, None);
                vec![]
            }
            Event::Kill | Event::Deadline => {
                self.asked |= event == Event::Kill;
                self.killed = true;
                self.deadline = Some(now + SWEEP);
                vec![Action::Kill]
            }
            Event::Start
            | Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Swept { .. }
            | Event::Finished(_)
            | Event::Reset => vec![],
        }
    }

    fn when_sweeping(&mut self, policy: &Policy, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Swept { backgrounded } => {
                let looks_like_it =
                    policy.kind == Kind::Longrun && !self.asked && self.is_success();
                self.backgrounded = backgrounded && looks_like_it;
                if policy.has_finish {
                    self.enter(State::Finishing, now, policy.finish_timeout);
                    return vec![Action::RunFinish];
                }
                self.settle(policy, None, now);
                vec![]
            }
            Event::Deadline if self.asked && !self.killed => {
                self.killed = true;
                self.deadline = Some(now + SWEEP);
                vec![Action::Kill]
            }
            // What does not end on SIGKILL hangs in the kernel; nothing is won by waiting.
            Event::Deadline => {
                self.settle(policy, None, now);
                vec![]
            }
            Event::Stop => {
                self.asked = true;
                vec![]
            }
            Event::Kill => {
                self.asked = true;
                self.killed = true;
                self.deadline = Some(now + SWEEP);
                vec![Action::Kill]
            }
            Event::Start
            | Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Exited(_)
            | Event::Finished(_)
            | Event::Reset => vec![],
        }
    }

    fn when_finishing(&mut self, policy: &Policy, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Finished(exit) => {
                self.settle(policy, Some(exit), now);
                vec![]
            }
            Event::Stop => {
                self.asked = true;
                vec![]
            }
            Event::Kill => {
                self.asked = true;
                self.deadline = None;
                vec![Action::KillFinish]
            }
            Event::Deadline => {
                self.deadline = None;
                vec![Action::KillFinish]
            }
            Event::Start
            | Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Exited(_)
            | Event::Swept { .. }
            | Event::Reset => vec![],
        }
    }

    fn when_waiting(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Deadline => self.enter(State::Down, now, None),
            Event::Stop | Event::Kill | Event::Reset => {
                self.failures = 0;
                self.enter(State::Down, now, None);
            }
            Event::Start
            | Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Exited(_)
            | Event::Swept { .. }
            | Event::Finished(_) => {}
        }
        vec![]
    }

    fn when_done(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Exited(exit) => {
                self.exit = Some(exit);
                self.stuck = false;
            }
            Event::Reset if !self.stuck => {
                self.failures = 0;
                self.enter(State::Down, now, None);
            }
            Event::Reset
            | Event::Start
            | Event::SpawnFailed { .. }
            | Event::SaidReady
            | Event::Unhealthy
            | Event::Stop
            | Event::Kill
            | Event::Swept { .. }
            | Event::Finished(_)
            | Event::Deadline => {}
        }
        vec![]
    }

    fn ended(&mut self, exit: Exit, now: Duration) -> Vec<Action> {
        self.exit = Some(exit);
        // What is left of a service that was asked to end has the rest of its time for it.
        let left = self.deadline.map(|deadline| deadline.saturating_sub(now));
        let healthy = self.ready_since.is_some_and(|since| now.saturating_sub(since) >= HEALTHY);
        if !healthy {
            self.ready_since = None;
        }
        let time = if self.asked { left } else { Some(SWEEP) };
        self.killed = !self.asked;
        self.enter(State::Sweeping, now, time);
        vec![Action::Sweep]
    }

    /// What follows a run, once nothing of it is left.
    fn settle(&mut self, policy: &Policy, finish: Option<Exit>, now: Duration) {
        let success = self.is_success();
        let next = match policy.restart.when {
            _ if finish == Some(Exit::Code(PERMANENT)) || self.backgrounded => State::Failed,
            _ if self.asked => State::Down,
            _ if success && policy.is_called => return self.retry(policy, now),
            _ if success && policy.kind == Kind::Oneshot => State::Completed,
            RestartWhen::Never | RestartWhen::OnFailure if success => State::Completed,
            RestartWhen::Never => State::Failed,
            RestartWhen::Always | RestartWhen::OnFailure => return self.retry(policy, now),
        };
        self.enter(next, now, None);
    }

    /// Whether its run ended well.
    fn is_success(&self) -> bool {
        self.exit.is_some_and(Exit::is_success) && !self.gave_up
    }

    fn retry(&mut self, policy: &Policy, now: Duration) {
        if self.ready_since.take().is_some() {
            self.failures = 0;
            return self.enter(State::Down, now, None);
        }
        self.failures += 1;
        let Restart { delay, longest_delay, limit, .. } = policy.restart;
        if limit.is_some_and(|limit| self.failures > limit) {
            return self.enter(State::Failed, now, None);
        }
        let doubled = delay.saturating_mul(1 << (self.failures - 1).min(20));
        self.enter(State::Backoff, now, Some(doubled.min(longest_delay)));
    }

    fn enter(&mut self, state: State, now: Duration, time: Option<Duration>) {
        self.state = state;
        self.since = now;
        self.deadline = time.map(|time| now + time);
    }
}

#[cfg(test)]
mod tests;
