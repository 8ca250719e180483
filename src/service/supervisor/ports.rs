//! Ports: taken before a start, told to the service and to those who need it.

use super::Supervisor;
use super::starting::{Failure, MARK};
use super::supervised::Supervised;
use crate::env::Env;
use crate::service::ports::{self, Port};
use crate::service::process;
use std::os::unix::ffi::OsStrExt as _;

impl Supervisor<'_> {
    /// Picks what is to be picked. A port that somebody else holds is a reason not to start.
    pub fn take_ports(&mut self, index: usize) -> Result<(), Failure> {
        let wanted = self.services[index].spec.ports.clone();
        for (name, port) in wanted {
            match port {
                Port::Number(number) if ports::is_free(number) => {}
                Port::Number(number) => {
                    return Err(Failure { why: self.told_holder(number), is_permanent: true });
                }
                Port::Auto => self.pick_port(index, name)?,
            }
        }
        Ok(())
    }

    fn pick_port(&mut self, index: usize, name: String) -> Result<(), Failure> {
        let picked = self.services[index].picked.get(&name);
        if picked.is_some_and(|port| ports::is_free(*port)) {
            return Ok(());
        }
        let others = self.services.iter().flat_map(Supervised::ports);
        let taken: Vec<u16> = others.map(|(_, number)| number).collect();
        let words = [self.place.id.as_str(), &self.services[index].spec.name, &name];
        let Some(port) = ports::pick(&words, |port| taken.contains(&port)) else {
            return Err(Failure { why: "no port is free".to_string(), is_permanent: false });
        };
        self.services[index].picked.insert(name, port);
        Ok(())
    }

    fn told_holder(&self, port: u16) -> String {
        let Some(holder) = ports::holder(port) else {
            return format!("port {port} is taken, by a process that cannot be seen");
        };
        let mark = process::variable(holder.pid, MARK).unwrap_or_default();
        let mut parts = mark.as_bytes().split(|byte| *byte == b'/').map(String::from_utf8_lossy);
        let whose = match (parts.next(), parts.next()) {
            (Some(id), Some(name)) if id == self.place.id => format!(", of the service `{name}`"),
            (Some(_), Some(name)) => format!(", of the service `{name}` of another project"),
            _ => String::new(),
        };
        let whose = crate::ui::escape(&whose);
        format!("port {port} is taken by `{}`, pid {}{whose}", holder.program, holder.pid)
    }

    /// Its own ports, and those of all that it needs.
    pub fn tell_ports(&self, index: usize, env: &mut Env) {
        let service = &self.services[index];
        if service.spec.ports.is_empty() && service.spec.depends_on.is_empty() {
            return;
        }
        let own = [service.spec.name.clone()].into();
        for name in self.graph.with_dependencies(&own) {
            let Some(needed) = self.names.get(&name) else { continue };
            for (port, number) in self.services[*needed].ports() {
                env.set(ports::variable_of(&name, &port), number.to_string());
            }
        }
        for (port, number) in service.ports() {
            env.set(ports::variable(&port), number.to_string());
        }
    }
}
