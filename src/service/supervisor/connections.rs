//! Starts by connections: the sockets of a service that is down are watched, and whoever comes first starts it.

use super::Supervisor;
use super::poller::Source;
use super::supervised::{Goal, Supervised};
use crate::service::StartWhen;
use crate::service::state::State;

impl Supervised {
    /// Whether a connection is what it lacks.
    fn is_to_be_called(&self) -> bool {
        self.spec.start == StartWhen::OnConnection
            && self.goal == Goal::Up
            && self.life.state == State::Down
            && !self.is_due
    }

    fn is_left_alone(&self) -> bool {
        self.goal == Goal::Down && !self.life.state.is_active()
    }
}

impl Supervisor<'_> {
    /// Watches the sockets of those who wait for connections, and closes those of whom nobody wants anything. A
    /// connection is left for the service: who was called is watched no more, so that it is told of once.
    pub fn watch_sockets(&mut self) {
        for index in 0..self.services.len() {
            let service = &mut self.services[index];
            match (service.is_to_be_called(), service.is_called_by_connection) {
                (true, false) => self.watch_sockets_of(index),
                (false, true) => self.ignore_sockets_of(index),
                (true, true) | (false, false) => {}
            }
            let service = &mut self.services[index];
            if service.is_left_alone() && !service.sockets.is_empty() {
                service.close_sockets();
            }
        }
    }

    /// Somebody has come.
    pub fn called(&mut self, index: usize) {
        self.services[index].is_due = true;
        self.ignore_sockets_of(index);
    }

    /// What cannot be opened is told by the start that fails for it.
    fn watch_sockets_of(&mut self, index: usize) {
        let are_open = self.open_sockets(index).is_ok();
        let service = &mut self.services[index];
        let mut sockets = service.sockets.values();
        let source = Source::Connection(index);
        if are_open && sockets.all(|socket| self.poller.add(socket, source).is_ok()) {
            service.is_called_by_connection = true;
        } else {
            self.called(index);
        }
    }

    pub fn ignore_sockets_of(&mut self, index: usize) {
        let service = &mut self.services[index];
        for socket in service.sockets.values() {
            self.poller.remove(socket);
        }
        service.is_called_by_connection = false;
    }
}
