//! The verbs of services: `up`, `attach`, `down`, `ps`, `start`, `stop`, `restart`, `signal`, `logs`, `wait`.

mod attach;
mod foreground;
mod import;
mod logs;
mod up;

use crate::config::{Config, parse_duration};
use crate::host::Host;
use crate::memory_dir;
use crate::rc;
use crate::service::control::{Connection, Note, Reply, Request, Status, Until};
use crate::service::place::{self, Place};
use crate::service::{environment, keeper, listener, project, signal_number, view};
use crate::trust::Store;
use crate::ui;
use crate::world::World;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long a killed supervisor's keeper may take to end what it left.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start the project's services, supervised
    Up(Up),
    /// Show the services in the terminal, with their logs and keys to restart them
    Attach,
    /// Stop the services and their supervisor
    Down,
    /// List the services
    Ps {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Start services, and what they need
    Start {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Stop services, after those that need them
    Stop {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Stop services, start them again, and wait until they are back
    Restart {
        #[arg(required = true)]
        names: Vec<String>,
        /// Give up waiting after this time, such as 30s
        #[arg(long, value_parser = duration)]
        timeout: Option<Duration>,
    },
    /// Send a signal to the main process of services
    Signal {
        /// HUP, USR1, …, or a number
        signal: String,
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Look after the definitions of services
    Services {
        #[command(subcommand)]
        verb: Definitions,
    },
    /// Show what services said
    Logs(Logs),
    /// Wait for services
    Wait {
        #[arg(required = true)]
        names: Vec<String>,
        /// What they have to be
        #[arg(long = "for", default_value = "ready")]
        until: What,
        /// Give up after this time, such as 30s
        #[arg(long, value_parser = duration)]
        timeout: Option<Duration>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Definitions {
    /// Print the services of a process-compose.yaml, docker-compose.yml or Procfile as tables of an `envr.toml`
    Import {
        /// Add them to the `envr.toml` beside the file
        #[arg(long)]
        write: bool,
        /// The file; the first that is here where none is named
        file: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub struct Up {
    /// Leave the services running in the background
    #[arg(short, long)]
    detach: bool,
    /// Leave them running, and return when they are ready
    #[arg(short, long)]
    wait: bool,
    /// Give up waiting after this time, such as 30s
    #[arg(long, value_parser = duration, requires = "wait")]
    timeout: Option<Duration>,
    /// Services; all that start by themselves where none is named
    names: Vec<String>,
}

#[derive(Args, Debug)]
pub struct Logs {
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    /// The last lines only
    #[arg(short = 'n', long)]
    lines: Option<usize>,
    /// What is no older than this, such as 10m, or 2026-01-31T12:00 in UTC
    #[arg(long, value_parser = since)]
    since: Option<Since>,
    /// Show when each line came, in UTC
    #[arg(short, long)]
    time: bool,
    /// Services; all where none is named
    names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    Ago(Duration),
    /// As RFC 3339 has it, in UTC, from the left to wherever it ends.
    Time(String),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum What {
    Ready,
    Completed,
}

pub fn run(host: &Host, verb: Verb) -> Result<ExitCode> {
    if let Verb::Services { verb: Definitions::Import { write, file } } = &verb {
        return import::import(host, file.as_deref(), *write);
    }
    let project = match verb {
        Verb::Up(_) => Project::find(host)?,
        _ => Project::find_running(host)?,
    };
    match verb {
        Verb::Services { .. } => Ok(ExitCode::SUCCESS),
        Verb::Up(options) => up::up(&project, &options),
        Verb::Attach => attach::attach(&project),
        Verb::Down => project.down(),
        Verb::Ps { json } => project.ps(json),
        Verb::Start { names } => project.start(Request::Start { names }),
        Verb::Restart { names, timeout } => project.restart(names, timeout),
        Verb::Stop { names } => project.outcome(Request::Stop { names }),
        Verb::Signal { signal, names } => {
            let number = signal_number(&signal)
                .with_context(|| format!("`{signal}` is not a signal such as `HUP`"))?;
            project.outcome(Request::Signal { names, signal: number })
        }
        Verb::Logs(options) => logs::logs(&project, &options),
        Verb::Wait { names, until, timeout } => {
            let until = match until {
                What::Ready => Until::Ready,
                What::Completed => Until::Completed,
            };
            let connection = project.connection()?;
            up::wait(&project, connection, Request::Wait { names, until }, timeout)
        }
    }
}

/// The processes that nobody types. `None` for other verbs.
pub fn run_inner(host: &Host, verb: &OsStr, arguments: &[OsString]) -> Option<Result<()>> {
    Some(match verb.to_str()? {
        keeper::KEEPER => keeper::keep(host, arguments),
        keeper::SUPERVISOR => keeper::supervise(host, arguments),
        environment::VERB => evaluate(host, arguments),
        listener::VERB => listener::run(host, arguments),
        _ => return None,
    })
}

fn evaluate(host: &Host, arguments: &[OsString]) -> Result<()> {
    let [root] = arguments else { bail!("this is not to be typed") };
    let env = environment::evaluate(host, Path::new(root))?;
    host.print(&environment::encode(&env))
}

/// The project of the working directory.
struct Project<'a> {
    host: &'a Host,
    config: Config,
    store: Store,
    root: PathBuf,
    place: Place,
}

impl<'a> Project<'a> {
    fn find(host: &'a Host) -> Result<Self> {
        let config = Config::load(host)?;
        let store = Store::open(host)?;
        let root = project::find(World { host, config: &config, store: &store })?;
        let place = Place::of(host, &root)?;
        Ok(Self { host, config, store, root, place })
    }

    /// The nearest that defines services, or whose supervisor runs though its definitions are gone.
    fn find_running(host: &'a Host) -> Result<Self> {
        let start = rc::working_directory(host)?;
        let is_here = |dir: &&Path| !project::definitions(dir).is_empty();
        let nearest = start.ancestors().find(|dir| is_here(dir) || Place::runs(host, dir));
        match nearest.filter(|dir| !is_here(dir)) {
            None => Self::find(host),
            Some(root) => {
                let (config, store) = (Config::load(host)?, Store::open(host)?);
                let place = Place::of(host, root)?;
                Ok(Self { host, config, store, root: root.to_path_buf(), place })
            }
        }
    }

    fn world(&self) -> World<'_> {
        World { host: self.host, config: &self.config, store: &self.store }
    }

    fn connection(&self) -> Result<Connection> {
        let stream = self.reach()?.ok_or_else(|| {
            crate::error::Hinted::new("no services of this project are running", "envr up -d")
        })?;
        Ok(Connection::new(stream))
    }

    /// `None` where there is no supervisor; one that cannot be reached is a mistake.
    fn reach(&self) -> Result<Option<UnixStream>> {
        let stream = self.place.connect()?;
        let is_there = || matches!(self.place.lock(), Ok(None));
        if stream.is_none() && is_there() && keeper::supervisor(&self.place).is_some() {
            let stream = self.connect_after_a_start()?;
            return stream.map(Some).ok_or_else(|| self.unreachable());
        }
        Ok(stream)
    }

    fn down(&self) -> Result<ExitCode> {
        let Some(stream) = self.connect_after_a_start()? else {
            // One that was killed may have left something, which its keeper ends, or nobody.
            let _lock = self.place.lock_within(PATIENCE)?.ok_or_else(|| self.unreachable())?;
            keeper::end_leftovers(self.host, &self.place)?;
            memory_dir::remove_lasting(self.host, &self.place.secrets());
            ui::note(self.host, "nothing is running");
            return Ok(ExitCode::SUCCESS);
        };
        let supervisor = place::peer(&stream)?;
        let ends = supervisor.map(keeper::ends_of).unwrap_or_default();
        supervisor.inspect(|supervisor| keeper::wake(*supervisor));
        let done = self.until_done(Connection::new(stream), Request::Down);
        // One that hung up has ended, or is about to: others told it to, or killed it.
        if done.is_err() && self.connection().and_then(|mut one| one.ask(Request::Ps)).is_ok() {
            return done;
        }
        self.place.wait_for_end(supervisor)?;
        keeper::wait_for_ends(&ends);
        Ok(done.unwrap_or(ExitCode::SUCCESS))
    }

    fn unreachable(&self) -> anyhow::Error {
        let message = "the supervisor cannot be reached: its socket is gone";
        match keeper::holder(&self.place) {
            Some(pid) => crate::error::Hinted::new(message, format!("kill {pid}")).into(),
            None => anyhow::anyhow!(message),
        }
    }

    /// The supervisor; also one that is just being started.
    fn connect_after_a_start(&self) -> Result<Option<UnixStream>> {
        if let Some(stream) = self.place.connect()? {
            return Ok(Some(stream));
        }
        let _start = self.place.lock_start()?;
        self.place.connect()
    }

    /// Tells how far it is, and what became of it.
    fn until_done(&self, mut connection: Connection, request: Request) -> Result<ExitCode> {
        connection.send(request)?;
        loop {
            match connection.receive()? {
                Reply::Stopping { running } => {
                    ui::note(self.host, &format!("stopping: {}", running.join(", ")));
                }
                Reply::Done { killed, failed, .. } => return Ok(self.told(&killed, &failed)),
                Reply::Services { .. } | Reply::Refused { .. } => {}
            }
        }
    }

    /// Services that failed before are no failure of stopping; those that hang are.
    fn told(&self, killed: &[String], failed: &[String]) -> ExitCode {
        if !killed.is_empty() {
            ui::warn(self.host, &format!("ended only by SIGKILL: {}", killed.join(", ")));
        }
        if failed.is_empty() {
            return ExitCode::SUCCESS;
        }
        ui::warn(self.host, &format!("failed: {}", failed.join(", ")));
        ExitCode::FAILURE
    }

    fn note(&self, notes: &[Note]) {
        for Note { message, hint } in notes {
            ui::note(self.host, message);
            ui::hint(self.host, hint);
        }
    }

    fn ps(&self, json: bool) -> Result<ExitCode> {
        let services = match self.reach()? {
            Some(stream) => {
                self.warn_of_definitions();
                match Connection::new(stream).ask(Request::Ps)? {
                    Reply::Services { services } => services,
                    _ => bail!("the supervisor did not answer"),
                }
            }
            None => self.all_down()?,
        };
        if json {
            self.host.print_line(serde_json::to_string_pretty(&services)?)?;
        } else {
            self.host.print(view::table(&services).as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn all_down(&self) -> Result<Vec<Status>> {
        let graph = project::load(self.world(), &self.root)?;
        Ok(graph.specs.into_keys().map(Status::down).collect())
    }

    /// What starts something asks for approval first.
    fn start(&self, request: Request) -> Result<ExitCode> {
        environment::check(self.world(), &self.root)?;
        let connection = self.connection()?;
        self.warn_of_definitions();
        self.outcome_of(connection, request)
    }

    fn restart(&self, names: Vec<String>, timeout: Option<Duration>) -> Result<ExitCode> {
        environment::check(self.world(), &self.root)?;
        let connection = self.connection()?;
        self.warn_of_definitions();
        up::wait(self, connection, Request::Restart { names }, timeout)
    }

    /// Where they cannot be used, services go on as they were defined before.
    fn warn_of_definitions(&self) {
        if project::definitions(&self.root).is_empty() {
            return;
        }
        if let Err(error) = project::load(self.world(), &self.root) {
            ui::warn_of(self.host, &error);
        }
    }

    fn outcome(&self, request: Request) -> Result<ExitCode> {
        self.outcome_of(self.connection()?, request)
    }

    fn outcome_of(&self, mut connection: Connection, request: Request) -> Result<ExitCode> {
        match connection.ask(request)? {
            Reply::Done { killed, failed, notes } => {
                self.note(&notes);
                Ok(self.told(&killed, &failed))
            }
            _ => bail!("the supervisor did not answer"),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let found = parse_duration(text).filter(|duration| !duration.is_zero());
    found.ok_or_else(|| format!("`{text}` is not a time such as `5s` or `1m30s`"))
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(time) = duration(text) {
        return Ok(Since::Ago(time));
    }
    let pattern = "0000-00-00T00:00:00.000000";
    let time = text.trim_end_matches('Z').replace(' ', "T");
    let fits = time.chars().zip(pattern.chars()).all(|(letter, place)| match place {
        '0' => letter.is_ascii_digit(),
        place => letter == place,
    });
    if fits && (10..=pattern.len()).contains(&time.len()) && is_moment(&time) {
        return Ok(Since::Time(time));
    }
    Err(format!("`{text}` is neither a time such as `10m` nor one such as `2026-01-31T12:00`"))
}

/// Whether such a day and such an hour exist, as far as they are said.
fn is_moment(time: &str) -> bool {
    let part = |from: usize| time.get(from..from + 2).and_then(|digits| digits.parse::<u8>().ok());
    let year = time.get(..4).and_then(|digits| digits.parse::<u16>().ok()).unwrap_or_default();
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match part(5) {
        Some(2) => 28 + u8::from(is_leap_year),
        Some(4 | 6 | 9 | 11) => 30,
        Some(1..=12) => 31,
        _ => return false,
    };
    let is_below = |from, limit| part(from).is_none_or(|number| number < limit);
    part(8).is_some_and(|day| (1..=days).contains(&day))
        && is_below(11, 24)
        && is_below(14, 60)
        && is_below(17, 61)
}
