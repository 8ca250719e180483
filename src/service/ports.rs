//! TCP ports: which are free, which are picked, and who holds one.

use super::process;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use rustix::process::Pid;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr as UnixSocketAddr, UnixDatagram};
use std::path::PathBuf;

/// The port that the key `port` means, among those that have names.
pub const MAIN: &str = "port";
/// Ports are picked from here on, below those that the system gives to clients.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// A port that a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Number(u16),
    /// One that is free.
    Auto,
}

/// A socket that is open before its service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    Tcp(IpAddr, Port),
    Unix(PathBuf),
}

/// Who listens at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: Pid,
    pub program: String,
}

/// A port that was picked, and is picked by nobody else as long as this is held.
#[derive(Debug)]
pub struct Picked {
    pub port: u16,
    _name: Option<UnixDatagram>,
}

/// The variable that a port of a service has: `PORT`, `ADMIN_PORT`.
pub fn variable(port: &str) -> String {
    let name = spelled(port);
    if port == MAIN { name } else { format!("{name}_PORT") }
}

/// The variable that the same port has for those who need the service: `WEB_PORT`, `WEB_ADMIN_PORT`.
pub fn variable_of(service: &str, port: &str) -> String {
    format!("{}_{}", spelled(service), variable(port))
}

/// Letters, digits and underscores in capitals.
fn spelled(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    name.chars().map(letter).collect::<String>().to_ascii_uppercase()
}

/// A free port, the same one for the same words as long as it stays free, and picked by nobody else.
pub fn pick(words: &[&str], is_taken: impl Fn(u16) -> bool) -> Option<Picked> {
    let digest = crate::digest::Digest::of(words.join("/").as_bytes());
    let start = digest
        .as_str()
        .bytes()
        .take(8)
        .fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
    let candidates = (0..COUNT).map(|step| FIRST + (start % COUNT + step) % COUNT);
    candidates.filter(|port| !is_taken(*port) && is_free(*port)).find_map(reserve)
}

/// Keeps a port from other supervisors that pick one, of whichever project and user, until it is dropped: the kernel gives
/// a name to one socket at a time, in the same network as the port itself. Who does not ask for the name is not kept off.
fn reserve(port: u16) -> Option<Picked> {
    let name = format!("envr-port-{port}");
    let named =
        UnixSocketAddr::from_abstract_name(name).and_then(|name| UnixDatagram::bind_addr(&name));
    match named {
        Ok(name) => Some(Picked { port, _name: Some(name) }),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
        // Without a name it is no worse than any other.
        Err(_) => Some(Picked { port, _name: None }),
    }
}

/// Whether somebody could listen there, on every address.
pub fn is_free(port: u16) -> bool {
    let addresses = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    // What is not allowed, or not there at all, is not taken.
    addresses
        .iter()
        .all(|address| try_bind(SocketAddr::new(*address, port)) != Err(Errno::ADDRINUSE))
}

fn try_bind(address: SocketAddr) -> Result<(), Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // Connections that ended a moment ago do not count.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &address)
}

/// The process that listens at a port, as far as it can be seen.
pub fn holder(port: u16) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter();
    let tables = tables.filter_map(|path| std::fs::read_to_string(path).ok());
    let inodes: Vec<String> = tables.flat_map(|table| listening(&table, port)).collect();
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let has_it = |process: &Pid| {
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
        descriptors.flatten().any(|descriptor| {
            let target = std::fs::read_link(descriptor.path()).unwrap_or_default();
            links.iter().any(|link| target.as_os_str().as_bytes() == link.as_bytes())
        })
    };
    let pid = process::processes().find(has_it).filter(|_| !links.is_empty())?;
    let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let program = crate::ui::escape(String::from_utf8_lossy(name.trim_ascii()).as_ref());
    Some(Holder { pid, program })
}

/// The inodes of the sockets that listen at a port, by a table as the kernel shows it.
fn listening(table: &str, port: u16) -> Vec<String> {
    let is_it = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().and_then(|address| address.rsplit(':').next());
        local == Some(&format!("{port:04X}")) && fields.nth(1) == Some(LISTENS)
    };
    let inode = |line: &str| line.split_whitespace().nth(9).map(String::from);
    table.lines().skip(1).filter(is_it).filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn names_of_variables() {
        assert_eq!((variable("port"), variable("admin")), ("PORT".into(), "ADMIN_PORT".into()));
        assert_eq!(variable_of("my-db", "port"), "MY_DB_PORT");
        assert_eq!(variable_of("web", "admin"), "WEB_ADMIN_PORT");
    }

    #[test]
    fn who_listens_is_known() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        let holder = holder(port).unwrap();
        assert_eq!(holder.pid, rustix::process::getpid());
        drop(listener);
    }

    #[test]
    fn the_same_words_pick_the_same_port() {
        let picked = |words: &[&str], taken: u16| pick(words, |port| port == taken).unwrap();
        let own = &["a test", "web"];
        let first = picked(own, 0).port;
        assert!((FIRST..FIRST + COUNT).contains(&first));
        assert_ne!(picked(own, first).port, first);
        let held = picked(own, 0);
        assert_eq!(held.port, first);
        assert_ne!(picked(own, 0).port, first, "somebody else has picked it");
        drop(held);
        assert_eq!(picked(own, 0).port, first);
    }

    #[test]
    fn tables_of_the_kernel() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n\
            \x20  1: 0100007F:1F90 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0\n";
        assert_eq!(listening(table, 8080), ["4711"]);
        assert_eq!(listening(table, 8081), [""; 0]);
    }
}
