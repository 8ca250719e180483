//! Ports: picked, told, listed, and a clash that names who holds one.

use super::Services;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};

const SERVE: &str = "import http.server, os\n\
    http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), \
    http.server.SimpleHTTPRequestHandler).serve_forever()\n";

/// Free now, and not one that is picked.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn picked_told_and_listed() {
    let services = Services::empty();
    services.project.write("serve.py", SERVE);
    services.project.write(
        "envr.toml",
        "[services.web]\ncommand = 'exec python3 serve.py'\nport = 'auto'\n\
         ports = { admin = 'auto' }\nready = { http = 'http://localhost:$PORT/' }\n\
         [services.my-db]\ncommand = 'exec sleep 1000'\nport = 'auto'\nenv = { PORT = 'own' }\n\
         ready = { exec = 'test $PORT = own' }\n\
         [services.user]\ncommand = 'echo $WEB_PORT $WEB_ADMIN_PORT ${PORT-none} ${MY_DB_PORT-none}; exec sleep 1000'\n\
         depends_on = ['web']\nready = { tcp = '127.0.0.1:$WEB_PORT' }\n",
    );
    services.allow();
    services.up();
    let ports = services.status("web")["ports"].clone();
    let (port, admin) = (ports["port"].as_u64().unwrap(), ports["admin"].as_u64().unwrap());
    assert_ne!(port, admin);
    assert_eq!(services.said("user"), [format!("{port} {admin} none none")]);
    let table = services.run(["ps"]);
    assert!(table.contains(&format!("admin={admin},{port}")), "{table}");
    let pid = services.pid("web");
    services.run(["restart", "web"]);
    services.run(["wait", "web"]);
    assert_ne!(services.pid("web"), pid);
    assert_eq!(services.status("web")["ports"], ports, "they stay its own");
    services.run(["down"]);
    services.up();
    assert_eq!(services.status("web")["ports"], ports, "and do so from one supervisor to the next");
}

/// A process that listens at a port of its own: whatever this one has open, those that it starts may have for a moment.
struct Holder {
    child: Child,
    port: u16,
}

impl Holder {
    fn new() -> Self {
        let line = "import socket, sys; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); \
            print(s.getsockname()[1], flush=True); sys.stdin.read()";
        let mut command = Command::new("python3");
        command.args(["-c", line]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().parse().unwrap() }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_clash_names_who_holds_it() {
    let holder = Holder::new();
    let port = holder.port;
    let services = Services::new(&format!(
        "[services.web]\ncommand = 'exec sleep 1000'\nport = {port}\n\
         [services.other]\ncommand = 'exec sleep 1000'\n"
    ));
    let said = services.fail(["up", "--wait"]);
    let pid = holder.child.id();
    let clash = format!("could not be started: port {port} is taken by `python3`, pid {pid}");
    assert!(said.contains(&clash), "{said}");
    assert_eq!((services.state("web"), services.state("other")), ("failed".into(), "up".into()));
    drop(holder);
    services.run(["start", "web"]);
    services.run(["wait", "web"]);
}

#[test]
fn a_clash_of_two_services_names_the_service() {
    let port = free_port();
    let services = Services::empty();
    services.project.write("serve.py", SERVE);
    services.project.write(
        "envr.toml",
        format!(
            "[services.web]\ncommand = 'exec python3 serve.py'\nport = {port}\nready = {{ tcp = {port} }}\n\
             [services.later]\ncommand = 'exec sleep 1000'\nport = {port}\ndepends_on = ['web']\n\
             auto = false\n"
        ),
    );
    services.allow();
    services.fail(["up", "--wait", "later"]);
    let pid = services.pid("web");
    let clash = format!(
        "could not be started: port {port} is taken by `python3`, pid {pid}, of the service `web`"
    );
    assert_eq!(services.note("later"), clash);
}

#[test]
fn a_clash_of_two_projects_names_the_other_s_service() {
    let port = free_port();
    let services = Services::empty();
    services.project.write("serve.py", SERVE);
    let toml = format!(
        "[services.web]\ncommand = 'exec python3 serve.py'\nport = {port}\nready.tcp = {port}\n"
    );
    services.project.write("envr.toml", &toml);
    services.allow();
    services.up();
    services.project.write("inner/envr.toml", toml.replace("web", "api"));
    let inner = |args: &[&str]| services.project.envr(args.iter().copied()).dir("project/inner");
    inner(&["allow"]).any_stderr().success();
    let said = inner(&["up", "--wait"]).any_stdout().any_stderr().failure().stderr;
    let said = String::from_utf8_lossy(&said).into_owned();
    let pid = services.pid("web");
    let clash = format!(
        "port {port} is taken by `python3`, pid {pid}, of the service `web` of another project"
    );
    assert!(said.contains(&clash), "{said}");
    inner(&["down"]).any_stderr().any_stdout().output();
}

#[test]
fn what_ps_says_of_a_service() {
    let services = Services::new("[services]\nx = 'exec sleep 1000'\n");
    let mut expected = vec!["name", "state", "pid", "since", "restarts", "ports", "exit"];
    expected.sort_unstable();
    let keys = |services: &Services| {
        let status = services.status("x");
        status.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&services), expected);
    services.up();
    assert_eq!(keys(&services), expected);
}

#[test]
fn a_port_that_another_supervisor_picked_is_not_picked_again() {
    let services = Services::new("[services.x]\ncommand = 'exec sleep 1000'\nport = 'auto'\n");
    let port = || services.status("x")["ports"]["port"].as_u64().unwrap();
    services.up();
    let first = port();
    let name = SocketAddr::from_abstract_name(format!("envr-port-{first}")).unwrap();
    assert!(UnixDatagram::bind_addr(&name).is_err(), "nobody else picks it");
    services.run(["down"]);
    let other = UnixDatagram::bind_addr(&name).unwrap();
    services.up();
    assert_ne!(port(), first);
    services.run(["down"]);
    drop(other);
    services.up();
    assert_eq!(port(), first);
}
