//! Ports: taken before a start, told to the service and to those who need it.

use super::Supervisor;
use super::starting::{Failure, MARK};
use super::supervised::Supervised;
use crate::env::Env;
use crate::service::ports::{self, Listen, Port};
use crate::service::process;
use anyhow::{Context as _, Result};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::DirBuilder;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The descriptor of the first of a service's sockets.
const FIRST_SOCKET: i32 = 3;

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
                Port::Auto => _ = self.pick_port(index, name)?,
            }
        }
        self.open_sockets(index)
    }

    /// Those that are not open yet: they stay open from one run to the next, and nobody is refused in between.
    pub fn open_sockets(&mut self, index: usize) -> Result<(), Failure> {
        for (name, listen) in self.services[index].spec.listen.clone() {
            if self.services[index].sockets.contains_key(&name) {
                continue;
            }
            let (opened, shown) = match listen {
                Listen::Tcp(host, port) => {
                    let number = match port {
                        Port::Number(number) => number,
                        Port::Auto => self.pick_port(index, name.clone())?,
                    };
                    let opened = TcpListener::bind((host, number)).map(OwnedFd::from);
                    if matches!(&opened, Err(error) if error.kind() == io::ErrorKind::AddrInUse) {
                        let why = self.told_holder(number);
                        return Err(Failure { why, is_permanent: true });
                    }
                    (opened, format!("{host}:{number}"))
                }
                Listen::Unix(path) => {
                    let opened = unix_listener(&path).map(OwnedFd::from);
                    (opened, path.display().to_string())
                }
            };
            let opened = opened.map_err(|error| Failure {
                why: format!("could not listen at `{shown}`: {}", crate::ui::plain(&error)),
                is_permanent: true,
            })?;
            self.services[index].sockets.insert(name, opened);
        }
        Ok(())
    }

    fn pick_port(&mut self, index: usize, name: String) -> Result<u16, Failure> {
        let picked = self.services[index].picked.get(&name);
        if let Some(picked) = picked.filter(|picked| ports::is_free(picked.port)) {
            return Ok(picked.port);
        }
        let others = self.services.iter().flat_map(Supervised::ports);
        let taken: Vec<u16> = others.map(|(_, number)| number).collect();
        let words = [self.place.id.as_str(), &self.services[index].spec.name, &name];
        let Some(picked) = ports::pick(&words, |port| taken.contains(&port)) else {
            return Err(Failure { why: "no port is free".to_string(), is_permanent: false });
        };
        let port = picked.port;
        self.services[index].picked.insert(name, picked);
        Ok(port)
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

impl Supervised {
    /// Its sockets, from descriptor 3 on, as systemd passes them; `LISTEN_PID` follows when there is one.
    pub fn pass_sockets(&self, env: &mut Env) -> Result<Vec<(i32, OwnedFd)>> {
        if self.sockets.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = self.sockets.keys().map(String::as_str).collect();
        env.set("LISTEN_FDS", names.len().to_string());
        env.set("LISTEN_FDNAMES", names.join(":"));
        let copies = (FIRST_SOCKET..).zip(self.sockets.values());
        let copies = copies.map(|(number, socket)| Ok((number, socket.try_clone()?)));
        copies.collect::<io::Result<_>>().context("could not pass its sockets on")
    }

    pub fn close_sockets(&mut self) {
        let opened = std::mem::take(&mut self.sockets);
        for socket in opened.keys().filter_map(|name| self.spec.listen.get(name)) {
            if let Listen::Unix(path) = socket
                && is_socket(path)
            {
                _ = crate::fs::remove_if_there(path);
            }
        }
    }
}

/// A socket that is left there is nobody's if nobody answers; anything else is somebody's. A directory that is missing is made for this user alone.
fn unix_listener(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dir = path.parent().unwrap_or(Path::new("/"));
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            UnixListener::bind(path)
        }
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse
                && is_socket(path)
                && !is_listened_at(path) =>
        {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_socket(path) => {
            Err(io::Error::new(error.kind(), "something is there that is no socket"))
        }
        result => result,
    }
}

/// Who hangs, and has a full queue, listens too: that is not waited for.
fn is_listened_at(path: &Path) -> bool {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let connected = socket.and_then(|socket| connect(&socket, &SocketAddrUnix::new(path)?));
    !matches!(connected, Err(Errno::CONNREFUSED))
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|status| status.file_type().is_socket())
}
