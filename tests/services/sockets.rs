//! Sockets that are open before their service runs.

use super::Services;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

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
    super::kill(pid, "STOP");
    let waiting = TcpStream::connect(("127.0.0.1", port("http"))).unwrap();
    super::kill(pid, "KILL");
    let said = answer(waiting);
    assert_ne!(said, format!("http web {pid}"));
    assert!(said.starts_with("http web "), "{said}");
    services.run(["stop", "web"]);
    assert!(TcpStream::connect(("127.0.0.1", port("http"))).is_err());
    assert!(!super::exists(&path));
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
