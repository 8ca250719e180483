//! Lives told as lists of events, with what came of each.

use super::*;
use crate::service::{Program, Readiness, Ready};

struct Told {
    policy: Policy,
    life: Life,
    now: Duration,
}

fn told(change: impl Fn(&mut Spec)) -> Told {
    let mut spec = Spec::new("a", "/".into(), Program::shell("true"));
    change(&mut spec);
    Told { policy: Policy::of(&spec), life: Life::default(), now: Duration::ZERO }
}

fn says_ready(spec: &mut Spec) {
    spec.ready = Some(Ready { how: Readiness::Descriptor(3), timeout: None });
}

impl Told {
    fn after(mut self, milliseconds: u64) -> Self {
        self.now += Duration::from_millis(milliseconds);
        self
    }

    #[track_caller]
    fn then(mut self, event: Event, state: State, actions: &[Action]) -> Self {
        let done = self.life.step(&self.policy, event, self.now);
        assert_eq!((self.life.state, done.as_slice()), (state, actions), "after {event:?}");
        self
    }

    #[track_caller]
    fn ends(self, exit: Exit, state: State) -> Self {
        self.then(Event::Exited(exit), State::Sweeping, &[Action::Sweep]).then(
            Event::Swept { backgrounded: false },
            state,
            &[],
        )
    }

    #[track_caller]
    fn due_in(self, milliseconds: u64) -> Self {
        assert_eq!(self.life.deadline, Some(self.now + Duration::from_millis(milliseconds)));
        self
    }
}

const CRASH: Exit = Exit::Signal(9);

#[test]
fn a_crash_loop_waits_longer_each_time_and_a_healthy_run_forgets_it() {
    let mut told = told(says_ready);
    for delay in [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000] {
        told = told
            .then(Event::Start, State::Starting, &[Action::Spawn])
            .ends(CRASH, State::Backoff)
            .due_in(delay)
            .after(delay)
            .then(Event::Deadline, State::Down, &[]);
    }
    told.then(Event::Start, State::Starting, &[Action::Spawn])
        .then(Event::SaidReady, State::Ready, &[])
        .after(1000)
        .ends(CRASH, State::Down)
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .ends(CRASH, State::Backoff)
        .due_in(100);
}

#[test]
fn ready_for_less_than_a_second_is_not_healthy() {
    told(says_ready)
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .after(5000)
        .then(Event::SaidReady, State::Ready, &[])
        .after(999)
        .ends(CRASH, State::Backoff);
}

#[test]
fn a_limit_of_failures() {
    let mut told = told(|spec| spec.restart.limit = Some(2));
    for _ in 0..2 {
        told = told
            .then(Event::Start, State::Up, &[Action::Spawn])
            .ends(Exit::Code(1), State::Backoff)
            .then(Event::Deadline, State::Down, &[]);
    }
    told.then(Event::Start, State::Up, &[Action::Spawn])
        .ends(Exit::Code(1), State::Failed)
        .then(Event::Start, State::Failed, &[])
        .then(Event::Reset, State::Down, &[]);
}

#[test]
fn stop_escalates_and_leftovers_have_the_rest_of_the_time() {
    told(|_| {})
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::Stop, State::Stopping, &[Action::Signal])
        .due_in(10_000)
        .after(4000)
        .then(Event::Exited(Exit::Code(0)), State::Sweeping, &[Action::Sweep])
        .due_in(6000)
        .after(6000)
        .then(Event::Deadline, State::Sweeping, &[Action::Kill])
        .then(Event::Swept { backgrounded: false }, State::Down, &[]);
    told(|_| {})
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::Stop, State::Stopping, &[Action::Signal])
        .after(10_000)
        .then(Event::Deadline, State::Stopping, &[Action::Kill])
        .ends(CRASH, State::Down);
}

#[test]
fn what_sigkill_does_not_end_is_given_up_but_not_started_again() {
    told(|_| {})
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::Kill, State::Stopping, &[Action::Kill])
        .due_in(5000)
        .after(5000)
        .then(Event::Deadline, State::Failed, &[])
        .then(Event::Reset, State::Failed, &[])
        .then(Event::Exited(CRASH), State::Failed, &[])
        .then(Event::Reset, State::Down, &[]);
}

#[test]
fn finish_decides_and_is_killed_in_time() {
    let with_finish = |spec: &mut Spec| {
        let timeout = Some(Duration::from_secs(5));
        spec.finish = Some(super::super::Finish { file: "./finish".into(), timeout });
    };
    let finishing = || {
        told(with_finish)
            .then(Event::Start, State::Up, &[Action::Spawn])
            .then(Event::Exited(CRASH), State::Sweeping, &[Action::Sweep])
            .then(Event::Swept { backgrounded: false }, State::Finishing, &[Action::RunFinish])
    };
    finishing().then(Event::Finished(Exit::Code(125)), State::Failed, &[]);
    finishing().then(Event::Finished(Exit::Code(0)), State::Backoff, &[]);
    finishing().due_in(5000).then(Event::Deadline, State::Finishing, &[Action::KillFinish]).then(
        Event::Finished(CRASH),
        State::Backoff,
        &[],
    );
    finishing().then(Event::Stop, State::Finishing, &[]).then(
        Event::Finished(Exit::Code(0)),
        State::Down,
        &[],
    );
}

#[test]
fn policies_of_restart() {
    let ends = |when, exit, state| {
        told(|spec| spec.restart.when = when)
            .then(Event::Start, State::Up, &[Action::Spawn])
            .ends(exit, state);
    };
    ends(RestartWhen::Never, Exit::Code(0), State::Completed);
    ends(RestartWhen::Never, Exit::Code(1), State::Failed);
    ends(RestartWhen::OnFailure, Exit::Code(0), State::Completed);
    ends(RestartWhen::OnFailure, CRASH, State::Backoff);
    ends(RestartWhen::Always, Exit::Code(0), State::Backoff);
    told(|spec| spec.kind = Kind::Oneshot)
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .ends(Exit::Code(0), State::Completed);
}

#[test]
fn who_goes_into_the_background_has_failed() {
    told(|_| {})
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::Exited(Exit::Code(0)), State::Sweeping, &[Action::Sweep])
        .then(Event::Swept { backgrounded: true }, State::Failed, &[]);
}

#[test]
fn not_ready_in_time_and_unhealthy_are_failures() {
    let timeout = Some(Duration::from_secs(3));
    told(|spec| spec.ready = Some(Ready { how: Readiness::Notify { watchdog: None }, timeout }))
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .due_in(3000)
        .after(3000)
        .then(Event::Deadline, State::Stopping, &[Action::Signal])
        .ends(Exit::Code(0), State::Backoff);
    told(says_ready)
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .then(Event::SaidReady, State::Ready, &[])
        .after(60_000)
        .then(Event::Unhealthy, State::Stopping, &[Action::Signal])
        .ends(Exit::Code(0), State::Backoff);
}

#[test]
fn what_could_not_be_started() {
    told(|_| {})
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::SpawnFailed { permanent: false }, State::Backoff, &[])
        .then(Event::Stop, State::Down, &[])
        .then(Event::Start, State::Up, &[Action::Spawn])
        .then(Event::SpawnFailed { permanent: true }, State::Failed, &[]);
}

/// Whatever happens in whatever order: nothing is spawned while something runs, and an end is never missed.
#[test]
fn no_order_of_events_starts_two() {
    let events = [
        Event::Start,
        Event::SpawnFailed { permanent: false },
        Event::SaidReady,
        Event::Unhealthy,
        Event::Stop,
        Event::Kill,
        Event::Exited(CRASH),
        Event::Swept { backgrounded: false },
        Event::Finished(Exit::Code(0)),
        Event::Deadline,
        Event::Reset,
    ];
    let mut seed = 1_u64;
    for _ in 0..2000 {
        let mut told = told(says_ready);
        let mut runs = 0;
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let event = events[usize::try_from(seed >> 33).unwrap() % events.len()];
            // Only what can happen: who does not run does not exit.
            let can = match event {
                Event::Exited(_) => runs == 1,
                Event::SpawnFailed { .. } => false,
                Event::Swept { .. } => told.life.state == State::Sweeping,
                Event::Start
                | Event::SaidReady
                | Event::Unhealthy
                | Event::Stop
                | Event::Kill
                | Event::Finished(_)
                | Event::Deadline
                | Event::Reset => true,
            };
            if !can {
                continue;
            }
            for action in told.life.step(&told.policy, event, told.now) {
                runs += i32::from(action == Action::Spawn);
            }
            runs -= i32::from(matches!(event, Event::Exited(_)));
            assert!((0..=1).contains(&runs), "{event:?} gave {runs} runs");
            let runs_now = told.life.state.is_running() || told.life.is_stuck();
            assert_eq!(runs_now, runs == 1, "after {event:?}");
        }
    }
}

#[test]
fn what_was_told_to_end_for_its_time_or_its_checks_failed_however_it_ends() {
    let told_to_end = |told: Told, event: Event, state: State| {
        told.then(event, State::Stopping, &[Action::Signal]).ends(Exit::Code(0), state)
    };
    let oneshot = told(|spec| {
        spec.kind = Kind::Oneshot;
        spec.restart.when = RestartWhen::Never;
        spec.time_limit = Some(Duration::from_millis(500));
    });
    let oneshot = oneshot.then(Event::Start, State::Starting, &[Action::Spawn]).due_in(500);
    told_to_end(oneshot.after(500), Event::Deadline, State::Failed)
        .then(Event::Reset, State::Down, &[])
        .then(Event::Start, State::Starting, &[Action::Spawn])
        .ends(Exit::Code(0), State::Completed);
    let unhealthy = told(|spec| spec.restart.when = RestartWhen::OnFailure);
    let unhealthy = unhealthy.then(Event::Start, State::Up, &[Action::Spawn]);
    told_to_end(unhealthy.after(5000), Event::Unhealthy, State::Backoff);
}
