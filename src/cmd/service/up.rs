//! `up`: joins the supervisor that runs, or starts one.

use super::{PATIENCE, Project, Up, foreground};
use crate::service::control::{Connection, Reply, Request, Status, Until};
use crate::service::keeper::{self, Start, Started};
use crate::service::logs::{self, Wanted};
use crate::service::{environment, project};
use crate::session::Session;
use crate::ui;
use anyhow::{Result, bail};
use std::borrow::Cow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// So many letters of each of them.
const LONGEST_LINE: usize = 500;
/// How many of its last lines are shown of a service that does not become ready.
const LAST_LINES: usize = 5;

/// How often a supervisor is started that somebody else ends at once.
const ATTEMPTS: usize = 3;

/// The supervisor that was asked for.
struct Reached {
    connection: Connection,
    /// Where it is in the foreground.
    started: Option<Started>,
    /// It was started here.
    is_ours: bool,
}

pub fn up(project: &Project, options: &Up) -> Result<ExitCode> {
    let Project { host, place, root, .. } = project;
    // All that can be wrong is found before anything runs.
    let graph = project::load(project.world(), root)?;
    let named = graph.named(&options.names)?;
    for warning in &graph.warnings {
        ui::warn(host, warning);
    }
    let is_detached = options.detach || options.wait;
    let start_lock = place.lock_start()?;
    let mut attempts = (0..ATTEMPTS).map(|_| reach(project, is_detached).transpose());
    let Some(reached) = attempts.find_map(|reached| reached) else {
        bail!("could not reach the supervisor: `envr down` ends each one that is started");
    };
    let Reached { mut connection, started, is_ours } = reached?;
    drop(start_lock);
    let request = Request::Up { names: options.names.clone(), owns: started.is_some() };
    if !is_detached {
        let names = graph.specs.keys().cloned().collect();
        return foreground::run(project, connection, request, names, started);
    }
    if let Err(error) = connection.ask(request) {
        // Nobody wanted a supervisor that runs nothing.
        if is_ours {
            _ = connection.ask(Request::Down);
        }
        return Err(error);
    }
    if !is_ours {
        ui::note(host, "joined the supervisor that was running");
    }
    if !options.wait {
        return Ok(ExitCode::SUCCESS);
    }
    let names = named.into_iter().collect();
    wait(project, connection, Request::Wait { names, until: Until::Ready }, options.timeout)
}

/// `None` where somebody else's `down` ends the supervisor before it can be asked anything.
fn reach(project: &Project, is_detached: bool) -> Result<Option<Reached>> {
    let Project { host, place, root, .. } = project;
    let there = place.connect()?.map(Connection::new);
    let is_reached = there.is_some();
    if let Some(connection) = there.and_then(answers) {
        environment::check(project.world(), root)?;
        return Ok(Some(Reached { connection, started: None, is_ours: false }));
    }
    let env = environment::evaluate(host, root)?;
    let lock = match place.lock()? {
        Some(lock) => lock,
        None => {
            ui::note(host, "waiting for the supervisor that is ending");
            if is_reached {
                place.wait_for_lock()?
            } else {
                // Only a keeper is left, which is not long about it.
                place.lock_within(PATIENCE)?.ok_or_else(|| project.unreachable())?
            }
        }
    };
    keeper::end_leftovers(host, place)?;
    // Evaluating it told already where there is no way back.
    let outer = Session::from_env(&host.env).outside(&host.env);
    let start = Start { host, place, outer: &outer, env: &env, lock };
    let started = if is_detached {
        keeper::start_keeper(start)?;
        None
    } else {
        Some(keeper::start_supervisor(start)?)
    };
    let connection = place.connect()?.map(Connection::new).and_then(answers);
    Ok(connection.map(|connection| Reached { connection, started, is_ours: true }))
}

/// Nobody is asked anything who is about to end.
fn answers(mut connection: Connection) -> Option<Connection> {
    connection.ask(Request::Hello).is_ok().then_some(connection)
}

/// Waits for the reply; tells what is missing when that takes too long, or is not going to come.
pub fn wait(
    project: &Project,
    mut connection: Connection,
    request: Request,
    timeout: Option<Duration>,
) -> Result<ExitCode> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    connection.send(request)?;
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        connection.stream().set_read_timeout(Some(left))?;
    }
    let error = match connection.receive() {
        Ok(Reply::Done { notes, .. }) => {
            project.note(&notes);
            return Ok(ExitCode::SUCCESS);
        }
        Ok(_) => bail!("the supervisor did not answer"),
        Err(_) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
            anyhow::anyhow!("the time is over")
        }
        Err(error) => error,
    };
    ui::error(project.host, &error);
    if let Ok(Reply::Services { services }) =
        project.connection().and_then(|mut connection| connection.ask(Request::Ps))
    {
        for service in &services {
            tell_why(project, service);
        }
    }
    Ok(ExitCode::FAILURE)
}

fn tell_why(project: &Project, service: &Status) {
    let Status { name, state, note, .. } = service;
    if matches!(state.as_str(), "ready" | "up" | "completed" | "down") {
        return;
    }
    let note = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    ui::note(project.host, &format!("`{name}` is {state}{note}"));
    let dir = logs::directory_of(&project.place.logs(), name);
    let wanted = Wanted { count: Some(LAST_LINES), since: None };
    for line in logs::last_lines(&dir, &wanted) {
        let text = String::from_utf8_lossy(&line.text);
        ui::note(project.host, &format!("  {name} | {}", in_short(&text)));
    }
}

fn in_short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => Cow::from(format!("{}…", &text[..end])),
        None => Cow::from(text),
    }
}
