//! `attach`: a terminal view of the services, drawn anew when something happened, and left without touching them.

mod draw;
mod model;

use super::Project;
use crate::error::Hinted;
use crate::service::control::{Connection, Reply, Request};
use crate::service::keeper;
use crate::service::logs::{self, Follow, Wanted};
use anyhow::{Context as _, Result, bail};
use model::{KEPT, Model, Wish};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGWINCH;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

/// How often a supervisor is looked for that ended.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// crossterm does not even look where it may not wait at all.
const AT_ONCE: Duration = Duration::from_millis(1);

struct Attached<'a> {
    project: &'a Project<'a>,
    /// Tells of every change; `None` where nobody is there.
    news: Option<Connection>,
    /// Does what is asked.
    orders: Option<Connection>,
    follow: Follow,
    model: Model,
}

pub fn attach(project: &Project) -> Result<ExitCode> {
    if !rustix::termios::isatty(std::io::stdin()) || !rustix::termios::isatty(std::io::stdout()) {
        bail!("could not attach: standard input and output are not a terminal");
    }
    if project.host.env.get("TERM").is_some_and(|terminal| terminal == "dumb") {
        let message = "could not attach: the terminal is `dumb`, it only shows lines";
        return Err(Hinted::new(message, "envr logs -f").into());
    }
    // Who is there is asked before the screen is taken.
    drop(project.connection()?);
    let resized = keeper::bytes_for(&[SIGWINCH])?;
    let stop = keeper::signals_to_stop()?;
    let mut attached = Attached {
        project,
        news: None,
        orders: None,
        follow: Follow::new()?,
        model: Model::default(),
    };
    let mut terminal = ratatui::try_init().context("could not use the terminal")?;
    let result = attached.run(&mut terminal, &resized, &stop);
    ratatui::restore();
    result.map(|()| ExitCode::SUCCESS)
}

impl Attached<'_> {
    fn run(
        &mut self,
        terminal: &mut DefaultTerminal,
        resized: &UnixStream,
        stop: &UnixStream,
    ) -> Result<()> {
        loop {
            if self.news.is_none() {
                self.connect();
            }
            self.read_logs()?;
            terminal.draw(|frame| draw::draw(frame, &mut self.model)).context("could not draw")?;
            let stdin = std::io::stdin();
            let mut fds = vec![
                PollFd::new(&stdin, PollFlags::IN),
                PollFd::new(stop, PollFlags::IN),
                PollFd::new(resized, PollFlags::IN),
                PollFd::new(&self.follow, PollFlags::IN),
            ];
            let streams = [&self.news, &self.orders].into_iter().flatten().map(Connection::stream);
            fds.extend(streams.map(|stream| PollFd::new(stream, PollFlags::IN)));
            let patience = self.news.is_none().then_some(&PATIENCE);
            _ = poll(&mut fds, self.follow.patience().or(patience));
            let is_ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
            let (is_told_to_stop, has_news, has_answer) = (is_ready(1), is_ready(4), is_ready(5));
            let is_closed = fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR);
            drop(fds);
            // Where the size is as it was there may have been another one in between, and the terminal moved its lines.
            if keeper::drain(resized) > 0 {
                terminal.clear().context("could not draw")?;
            }
            if is_told_to_stop || is_closed || self.serve_keys()? {
                return Ok(());
            }
            if has_answer {
                self.hear_answer();
            }
            if has_news {
                self.hear_news();
            }
        }
    }

    fn connect(&mut self) {
        let connection = || self.project.place.connect().ok().flatten().map(Connection::new);
        let Some((mut news, orders)) = connection().zip(connection()) else { return };
        if news.send(Request::Watch).is_ok() {
            (self.news, self.orders) = (Some(news), Some(orders));
            self.hear_news();
        }
    }

    fn hear_news(&mut self) {
        let Some(news) = &mut self.news else { return };
        loop {
            match news.receive() {
                Ok(Reply::Services { services }) => self.model.take_services(services),
                Ok(_) => {}
                Err(_) => {
                    self.model.lose_supervisor();
                    (self.news, self.orders) = (None, None);
                    return;
                }
            }
            if !news.has_reply() {
                return;
            }
        }
    }

    fn hear_answer(&mut self) {
        let Some(orders) = &mut self.orders else { return };
        match orders.receive() {
            Ok(Reply::Done { notes, .. }) => {
                self.model.message = notes.into_iter().next().map(|note| note.message);
            }
            Ok(_) => self.model.message = None,
            Err(error) => self.model.message = Some(crate::ui::causes(&error)),
        }
    }

    /// Whether it is time to leave.
    fn serve_keys(&mut self) -> Result<bool> {
        while event::poll(AT_ONCE).context("could not read a key")? {
            let Event::Key(key) = event::read().context("could not read a key")? else { continue };
            if key.kind == KeyEventKind::Release {
                continue;
            }
            match self.model.press(key) {
                Wish::Nothing => {}
                Wish::Leave => return Ok(true),
                Wish::Ask(request) => self.order(request),
            }
        }
        Ok(false)
    }

    fn order(&mut self, request: Request) {
        let sent = self.orders.as_mut().map(|orders| orders.send(request));
        if !matches!(sent, Some(Ok(()))) {
            self.model.message = Some("no supervisor is there".to_string());
        }
    }

    /// A log is read from when its service is chosen first.
    fn read_logs(&mut self) -> Result<()> {
        if let Some(name) = self.model.name().map(str::to_string)
            && !self.follow.follows(&name)
        {
            let dir = logs::directory_of(&self.project.place.logs(), &name);
            let wanted = Wanted { count: Some(KEPT), since: None };
            for line in self.follow.add_after(&name, &dir, &wanted)? {
                self.model.take_line(&name, line);
            }
        }
        for (name, line) in self.follow.read() {
            self.model.take_line(&name, line);
        }
        Ok(())
    }
}
