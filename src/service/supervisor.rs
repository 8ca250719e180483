//! The one loop: what happens to processes, pipes, clients and clocks goes to the machines, and what they want is done.

mod poller;
mod supervised;
mod starting;
mod ending;
mod output;
mod probing;
mod ports;
mod watching;
mod connections;
mod scheduling;
mod alarms;
mod clients;
mod requests;
mod statuses;
mod waiting;

use super::Kind;
use super::control_group::Group;
use super::environment::Environment;
use super::graph::Graph;
use super::keeper;
use super::logs::Clock;
use super::place::Place;
use super::process;
use super::state::{Event, Exit, State};
use super::watch::Watching;
use crate::config::Config;
use crate::host::Host;
use crate::trust::Store;
use crate::world::World;
use alarms::Alarms;
use anyhow::{Context as _, Result};
use clients::Client;
use poller::{Poller, Source};
use rustix::process::{Pid, Rlimit};
use starting::Evaluation;
use std::collections::{BTreeMap, HashMap};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use supervised::{Goal, Supervised};

pub use ending::signal_name;
pub use starting::MARK;

pub struct Supervisor<'a> {
    host: &'a Host,
    config: Config,
    store: Store,
    place: Place,
    /// The control group with those of the services below it, where we may have one.
    group: Option<Group>,
    environment: Environment,
    /// Nothing was started in it yet.
    is_environment_new: bool,
    /// A new evaluation that runs; nothing is started before it is over.
    evaluation: Option<Evaluation>,
    graph: Graph,
    /// In the order in which they became known; an index stays a service's for ever.
    services: Vec<Supervised>,
    names: BTreeMap<String, usize>,
    /// Our children, and what each of them is.
    children: HashMap<i32, Child>,
    clients: BTreeMap<u32, Client>,
    next_client: u32,
    listener: UnixListener,
    /// When clients are accepted again, for whom no descriptor was free.
    accepts_again: Option<Duration>,
    /// A byte for each end of a child.
    ends: UnixStream,
    /// A byte for each signal that asks us to end.
    requests_to_end: UnixStream,
    /// Made for the first service that has a schedule.
    alarms: Option<Alarms>,
    /// The files for which services are restarted.
    watching: Option<Watching>,
    poller: Poller,
    /// Pipes that are not waited for, but looked at together.
    resting: Vec<Source>,
    /// When they are.
    round: Option<Duration>,
    clock: Clock,
    started: Instant,
    /// What our children may open: what we were given.
    open_files: Rlimit,
    ending: Ending,
    buffer: Vec<u8>,
    /// Something is otherwise than when everybody was looked at last.
    has_happened: bool,
    /// The list of processes for the next supervisor is not up to date.
    is_list_stale: bool,
}

/// What a child of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Child {
    Main(usize),
    Finish(usize),
    Probe(usize),
    /// What asks it to stop.
    Stopper(usize),
    Evaluation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    NotYet,
    InOrder,
    Now,
}

impl<'a> Supervisor<'a> {
    /// For who holds the project's lock. Afterwards clients can reach it.
    pub fn new(host: &'a Host, place: Place, environment: Environment) -> Result<Self> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .context("could not take care of orphans")?;
        let open_files = raise_open_files();
        let poller = Poller::new()?;
        let ends = keeper::ends_of_children()?;
        poller.add(&ends, Source::Ends)?;
        keeper::outlive_file_limits()?;
        let requests_to_end = keeper::signals_to_stop()?;
        poller.add(&requests_to_end, Source::RequestsToEnd)?;
        let listener = place.listen()?;
        poller.add(&listener, Source::Listener)?;
        Ok(Self {
            host,
            config: Config::load(host)?,
            store: Store::open(host)?,
            group: Group::make(&place),
            place,
            environment,
            is_environment_new: true,
            evaluation: None,
            graph: Graph::default(),
            services: Vec::new(),
            names: BTreeMap::new(),
            children: HashMap::new(),
            clients: BTreeMap::new(),
            next_client: 0,
            listener,
            accepts_again: None,
            ends,
            requests_to_end,
            alarms: None,
            watching: None,
            poller,
            resting: Vec::new(),
            round: None,
            clock: Clock::now(),
            started: Instant::now(),
            open_files,
            ending: Ending::NotYet,
            buffer: vec![0; 64 << 10],
            has_happened: true,
            is_list_stale: false,
        })
    }

    /// Returns when it was told to end and everything has ended.
    pub fn run(mut self) -> Result<()> {
        loop {
            self.settle();
            self.write_list();
            self.write_logs();
            self.answer_who_waits();
            if self.is_over() {
                self.say_goodbye();
                return Ok(());
            }
            self.set_alarms()?;
            self.has_happened = false;
            // Who only says something changes nothing, so nobody else is looked at.
            while !self.has_happened {
                self.serve_whoever_comes()?;
            }
        }
    }

    /// Waits for who is next, serves them, and passes the deadlines that are over by then.
    fn serve_whoever_comes(&mut self) -> Result<()> {
        let left = self.time_left();
        let deadline = left.map(|left| self.started.elapsed() + left);
        let round = self.round.map(|round| round.saturating_sub(self.started.elapsed()));
        let sources = self.poller.wait(left.into_iter().chain(round).min())?;
        let is_output = |source: &Source| matches!(source, Source::Stdout(_) | Source::Stderr(_));
        self.has_happened |= !sources.iter().all(is_output);
        for source in sources {
            self.serve(source);
        }
        self.go_round();
        self.has_happened |= deadline.is_some_and(|deadline| deadline <= self.started.elapsed());
        if self.has_happened {
            self.pass_deadlines();
        }
        Ok(())
    }

    fn serve(&mut self, source: Source) {
        match source {
            Source::Ends => {
                keeper::drain(&self.ends);
                self.reap();
            }
            Source::RequestsToEnd => {
                keeper::drain(&self.requests_to_end);
                self.end(Ending::InOrder);
            }
            Source::Listener => self.accept(),
            Source::Client(number) => self.serve_client(number),
            Source::Stdout(index) | Source::Stderr(index) => {
                self.hear(index, source);
            }
            Source::Ready(index) => self.read_readiness(index),
            Source::Probe(index) => self.go_on_with_probe(index),
            Source::Evaluation => self.read_evaluation(),
            Source::Files => self.read_changes(),
            Source::Connection(index) => self.called(index),
            Source::Alarm => self.heed_alarms(),
        }
    }

    /// Everybody who has ended, and then those who wait for the end of others.
    fn reap(&mut self) {
        while let Some(pid) = process::next_dead() {
            match self.children.remove(&pid.as_raw_nonzero().get()) {
                Some(Child::Main(index)) => self.main_ended(index, pid),
                Some(Child::Finish(index)) => {
                    process::signal_group(pid, signal_hook::consts::SIGKILL);
                    if let Some(exit) = process::reap(pid) {
                        self.happen(index, Event::Finished(exit));
                    }
                }
                Some(Child::Probe(index)) => {
                    process::signal_group(pid, signal_hook::consts::SIGKILL);
                    let exit = process::reap(pid);
                    self.probe_answered(index, exit.is_some_and(Exit::is_success));
                }
                Some(Child::Stopper(index)) => {
                    process::signal_group(pid, signal_hook::consts::SIGKILL);
                    let exit = process::reap(pid);
                    self.stopper_ended(index, exit);
                }
                Some(Child::Evaluation) => {
                    let exit = process::reap(pid);
                    self.evaluation_ended(exit.is_some_and(Exit::is_success));
                }
                // Left to us by somebody who ended.
                None => _ = process::reap(pid),
            }
        }
        self.look_after_swept();
    }

    /// Starts what can start and stops what can stop, until nothing more follows from it.
    fn settle(&mut self) {
        loop {
            self.watch_sockets();
            let moves: Vec<(usize, Event)> = (0..self.services.len())
                .filter_map(|index| Some((index, self.next_move(index)?)))
                .collect();
            if moves.is_empty() {
                return;
            }
            let is_start = moves.iter().any(|(_, event)| *event == Event::Start);
            if is_start && !self.is_environment_current() {
                return;
            }
            let kills = is_start.then(process::kills_for_memory).flatten().unwrap_or_default();
            for (index, event) in moves {
                if event == Event::Start {
                    self.services[index].kills_before = kills;
                }
                self.happen(index, event);
            }
        }
    }

    fn next_move(&self, index: usize) -> Option<Event> {
        let service = &self.services[index];
        let state = service.life.state;
        match service.goal {
            Goal::Up if service.restarting && state.is_active() => (!service.is_told
                && !self.is_leant_on(index, Supervised::is_to_end))
            .then_some(Event::Stop),
            Goal::Up if service.waits_to_be_due() && !service.is_due => None,
            Goal::Up if state == State::Down && self.evaluation.is_none() => {
                let is_met = |(needed, condition): &(usize, _)| {
                    let needed = &self.services[*needed];
                    !needed.restarting && needed.fulfils(*condition)
                };
                service.needs.iter().all(is_met).then_some(Event::Start)
            }
            Goal::Up => None,
            Goal::Down => {
                let is_idle = matches!(state, State::Down | State::Failed | State::Completed);
                let can = !service.is_told && !is_idle && !self.is_leant_on(index, |_| true);
                can.then_some(Event::Stop)
            }
        }
    }

    /// Whether something runs that needed this one when it was started, and is such.
    fn is_leant_on(&self, index: usize, is_such: fn(&Supervised) -> bool) -> bool {
        self.services[index].dependents.iter().any(|dependent| {
            let dependent = &self.services[*dependent];
            dependent.life.state.is_active()
                && dependent.leans_on.contains(&index)
                && is_such(dependent)
        })
    }

    /// Gives the machine an event, and does what it wants.
    fn happen(&mut self, index: usize, event: Event) {
        let now = self.started.elapsed();
        let service = &mut self.services[index];
        let before = service.life.state;
        if event == Event::Stop {
            service.is_told = true;
        }
        self.has_happened = true;
        let actions = service.life.step(&service.policy, event, now);
        if before != service.life.state {
            service.since = self.clock.time();
            self.entered(index, before);
        }
        for action in actions {
            self.perform(index, action);
        }
    }

    fn entered(&mut self, index: usize, before: State) {
        let service = &mut self.services[index];
        let state = service.life.state;
        if !state.is_active() {
            service.is_told = false;
            service.restarting = false;
            service.stop_listening(&self.poller);
            service.is_due &= state != State::Failed && state != State::Completed;
            if service.goal == Goal::Down {
                service.close_sockets();
            }
            self.group_of(index).inspect(Group::remove);
        }
        let service = &mut self.services[index];
        if state != State::Ready {
            service.watchdog = None;
        }
        match state {
            State::Ready => {
                service.say(&mut self.clock, "ready");
                service.next_probe =
                    service.spec.live.as_ref().map(|live| self.started.elapsed() + live.every);
            }
            State::Failed if service.life.is_stuck() => {
                service.tell(&mut self.clock, "SIGKILL did not end it: it hangs in the kernel");
            }
            State::Failed if service.life.is_backgrounded() => service.tell(
                &mut self.clock,
                "it put itself into the background: it has to stay in the foreground, or to be \
                 started with `exec`",
            ),
            State::Stopping if before == State::Starting && !service.is_told => {
                let what = if service.spec.kind == Kind::Oneshot { "done" } else { "ready" };
                service.tell(&mut self.clock, &format!("it was not {what} in time"));
            }
            _ => {}
        }
    }

    fn pass_deadlines(&mut self) {
        let now = self.started.elapsed();
        self.accept_if_due(now);
        for index in 0..self.services.len() {
            if self.services[index].life.deadline.is_some_and(|deadline| deadline <= now) {
                self.happen(index, Event::Deadline);
            }
            self.probe_if_due(index, now);
            self.watch_if_due(index, now);
            self.restart_if_due(index, now);
            self.run_if_due(index);
        }
    }

    /// Until the next deadline; `None` where nothing is going to happen by itself.
    fn time_left(&self) -> Option<Duration> {
        let now = self.started.elapsed();
        let deadlines = self.services.iter().flat_map(Supervised::deadlines);
        deadlines.chain(self.accepts_again).min().map(|deadline| deadline.saturating_sub(now))
    }

    fn is_over(&mut self) -> bool {
        self.ending != Ending::NotYet
            && self.evaluation.is_none()
            && self.services.iter().all(|service| !service.life.state.is_active())
            && self.no_stranger_is_left()
    }

    fn end(&mut self, how: Ending) {
        if self.ending != Ending::Now {
            self.ending = how;
        }
        for index in 0..self.services.len() {
            let service = &mut self.services[index];
            service.goal = Goal::Down;
            // Who was killed before is no news.
            service.was_killed &= service.life.state.is_active();
            if how == Ending::Now {
                self.happen(index, Event::Kill);
            }
        }
        self.stop_evaluation();
    }

    /// The control group of a service's last run, where there is one.
    fn group_of(&self, index: usize) -> Option<Group> {
        let service = &self.services[index];
        Some(self.group.as_ref()?.of_run(&service.spec.name, service.runs))
    }

    fn world(&self) -> World<'_> {
        World { host: self.host, config: &self.config, store: &self.store }
    }
}

/// The number of a process for maps and messages.
fn number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

/// Five descriptors for each service are more than some machines give without asking. Returns what there was.
fn raise_open_files() -> Rlimit {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let given = getrlimit(Resource::Nofile);
    _ = setrlimit(Resource::Nofile, Rlimit { current: given.maximum, maximum: given.maximum });
    given
}
