//! Sockets that are open before their service runs.

use super::{Services, kill, until_gone, used};
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Answers each connection with what it was told, and ends when it was asked by a path to.
const SERVER: &str = "import os, select, socket\n\
    assert int(os.environ['LISTEN_PID']) == os.getpid()\n\
    names = os.environ['LISTEN_FDNAMES'].split(':')\n\
    assert len(names) == int(os.environ['LISTEN_FDS'])\n\
    sockets = {socket.socket(fileno=3 + i): name for i, name in enumerate(names)}\n\
    while True:\n\
    \x20   for s in select.select(list(sockets), [], [])[0]:\n\
    \x20       c = s.accept()[0]; c.sendall((sockets[s] + ' ' + os.environ['ENVR_SERVICE'] + ' ' + str(os.getpid())).encode()); c.close()\n";

fn answer(mut stream: impl std::io::Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn they_are_passed_and_outlive_a_restart() {
    let services = Services::empty();
    services.project.write("server.py", SERVER);
    services.project.write(
        "envr.toml",
        "[services.web]\ncommand = ['python3', 'server.py']\n\
         listen = { http = 'auto', local = './web.sock', other = '127.0.0.1:auto' }\n",
    );
    services.allow();
    services.up();
    let ports = services.status("web")["ports"].clone();
    let port = |name: &str| u16::try_from(ports[name].as_u64().unwrap()).unwrap();
    let path = services.project.path("project/web.sock");
    let ask = |name: &str| answer(TcpStream::connect(("127.0.0.1", port(name))).unwrap());
    let pid = services.pid("web");
    assert_eq!(ask("http"), format!("http web {pid}"));
    assert_eq!(ask("other"), format!("other web {pid}"));
    assert_eq!(answer(UnixStream::connect(&path).unwrap()), format!("local web {pid}"));
    // Whoever comes while it is down waits for the next run, and is not refused.
    kill(pid, "STOP");
    let waiting = TcpStream::connect(("127.0.0.1", port("http"))).unwrap();
    kill(pid, "KILL");
    let said = answer(waiting);
    assert_ne!(said, format!("http web {pid}"));
    assert!(said.starts_with("http web "), "{said}");
    services.run(["stop", "web"]);
    assert!(TcpStream::connect(("127.0.0.1", port("http"))).is_err());
    assert!(!super::exists(&path));
}

#[test]
fn what_is_no_socket_stays_where_it_is() {
    let services =
        Services::new("[services.x]\ncommand = 'exec sleep 1000'\nlisten = './app.db'\n");
    services.project.write("app.db", "precious");
    services.run(["up", "-d"]);
    services.failed("x");
    let path = services.project.path("project/app.db");
    assert!(
        services.note("x").ends_with("app.db`: something is there that is no socket"),
        "{}",
        services.note("x")
    );
    // Nor does one that was never opened take anything away.
    services
        .project
        .write("envr.toml", "[services.x]\ncommand = 'exec sleep 1000'\nlisten = './x.sock'\n");
    services.allow();
    services.up();
    services.run(["down"]);
    assert_eq!(std::fs::read(path).unwrap(), b"precious");
}

#[test]
fn a_socket_of_another_that_hangs_is_not_waited_for() {
    let services =
        Services::new("[services.x]\ncommand = 'exec sleep 1000'\nlisten = './busy.sock'\n");
    let path = services.project.path("project/busy.sock");
    let _busy = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let connect = || {
        use rustix::net::{
            AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
        };
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None)
                .unwrap();
        connect(&socket, &SocketAddrUnix::new(&path).unwrap()).map(|()| socket)
    };
    let mut queue = Vec::new();
    while let Ok(socket) = connect() {
        queue.push(socket);
    }
    services.run(["up", "-d"]);
    services.failed("x");
    assert!(
        services.note("x").ends_with("busy.sock`: address already in use"),
        "{}",
        services.note("x")
    );
    assert!(super::exists(&path));
}

#[test]
fn the_directory_of_a_socket_is_made_and_is_private() {
    let services = Services::empty();
    services.project.write("server.py", SERVER);
    services.project.write(
        "envr.toml",
        "[services.web]\ncommand = ['python3', 'server.py']\n\
         listen = { local = 'tmp/sockets/web.sock', http = 'auto' }\n",
    );
    services.allow();
    services.up();
    let dir = services.project.path("project/tmp/sockets");
    let mode = std::os::unix::fs::PermissionsExt::mode(&dir.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    let pid = services.pid("web");
    let said = answer(UnixStream::connect(dir.join("web.sock")).unwrap());
    assert_eq!(said, format!("local web {pid}"));
    let port = services.status("web")["ports"]["http"].as_u64().unwrap();
    let said = answer(TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap());
    assert_eq!(said, format!("http web {pid}"));
}

#[test]
fn one_that_is_taken_names_who_holds_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let services =
        Services::new(&format!("[services.x]\ncommand = 'exec sleep 1000'\nlisten = {port}\n"));
    services.fail(["up", "--wait"]);
    let note = services.note("x");
    assert!(
        note.starts_with(&format!("could not be started: port {port} is taken by `")),
        "{note}"
    );
}

#[test]
fn the_first_connection_starts_it() {
    let services = Services::empty();
    services.project.write("server.py", SERVER);
    services.project.write(
        "envr.toml",
        "[services.web]\ncommand = ['python3', 'server.py']\nlisten = { http = 'auto', local = './web.sock' }\n\
         start = 'on-connection'\n\
         [services.user]\ncommand = 'exec sleep 1000'\ndepends_on = ['web']\n",
    );
    services.allow();
    services.up();
    services.run(["wait", "--for", "ready", "web"]);
    assert_eq!((services.state("web"), services.state("user")), ("down".into(), "up".into()));
    assert_eq!(services.note("web"), "it waits for a connection");
    let port = services.status("web")["ports"]["http"].as_u64().unwrap();
    let port = u16::try_from(port).unwrap();
    let ask = || answer(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let said = ask();
    let first = services.pid("web");
    assert_eq!(said, format!("http web {first}"));
    assert_eq!(services.state("web"), "up");
    // It is not missed before somebody asks for it, and nobody is refused meanwhile.
    kill(first, "KILL");
    until_gone(first);
    let path = services.project.path("project/web.sock");
    let said = answer(UnixStream::connect(&path).unwrap());
    let second = services.pid("web");
    assert_eq!(said, format!("local web {second}"));
    services.run(["stop", "web"]);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err() && !super::exists(&path));
    // Who names it starts it.
    services.run(["start", "web"]);
    services.run(["wait", "web"]);
    assert_ne!(services.pid("web"), second);
    assert!(ask().starts_with("http web "));
}

#[test]
fn one_that_has_done_its_work_is_woken_by_the_next_connection() {
    let services = Services::empty();
    let script = "import os, socket\n\
        c = socket.socket(fileno=3).accept()[0]; c.sendall(str(os.getpid()).encode()); c.close()\n";
    services.project.write("once.py", script);
    let table = |name: &str, when: &str| {
        format!(
            "[services.{name}]\ncommand = ['python3', 'once.py']\nlisten = './{name}.sock'\n\
             start = 'on-connection'\nrestart = {{ when = '{when}', delay = '1ms' }}\n"
        )
    };
    services.project.write("envr.toml", table("a", "never") + &table("b", "on-failure"));
    services.allow();
    services.up();
    for name in ["a", "b"] {
        let path = services.project.path("project").join(format!("{name}.sock"));
        let mut pids: Vec<String> =
            (0..3).map(|_| answer(UnixStream::connect(&path).unwrap())).collect();
        pids.dedup();
        assert_eq!(pids.len(), 3, "{name}: {pids:?}");
    }
}

#[test]
fn one_that_was_never_called_stops_listening_with_a_stop() {
    let services = Services::new(
        "[services.x]\ncommand = 'exec sleep 1000'\nlisten = './x.sock'\nstart = 'on-connection'\n",
    );
    services.up();
    let path = services.project.path("project/x.sock");
    assert!(super::exists(&path) && services.status("x")["pid"].is_null());
    services.run(["stop", "x"]);
    assert!(!super::exists(&path));
    assert_eq!(services.status("x")["note"], serde_json::Value::Null);
}

#[test]
fn who_ends_at_each_connection_is_started_at_intervals() {
    let services = Services::empty();
    let mut fifo = services.fifo("starts");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'echo $$ >{}; exit 1'\nlisten = './x.sock'\n\
             start = 'on-connection'\nrestart = {{ delay = '20ms', longest_delay = '60s', limit = 20 }}\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let supervisor = services.internal("service-supervisor");
    let mut waiting = UnixStream::connect(services.project.path("project/x.sock")).unwrap();
    for _ in 0..7 {
        fifo.number();
    }
    // The next start is due after 1280 ms; until then the connection that waits wakes up nobody.
    let before = used(supervisor);
    waiting.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert_eq!(waiting.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(used(supervisor) - before < 5, "it spins");
    assert_eq!(services.state("x"), "backoff");
    fifo.number();
}
