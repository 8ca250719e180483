//! When a service counts as ready.

use super::Services;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[track_caller]
fn becomes_ready(command: &str, ready: &str) -> Services {
    let services =
        Services::new(&format!("[services.x]\ncommand = \"\"\"{command}\"\"\"\nready = {ready}\n"));
    services.up();
    assert_eq!(services.state("x"), "ready");
    services
}

#[test]
fn a_newline_on_the_descriptor() {
    becomes_ready(
        "printf some >&3; head -c 1000000 /dev/zero >&3; echo >&3; exec sleep 1000",
        "{ fd = 3 }",
    );
    becomes_ready("echo >&7; exec 7>&-; exec sleep 1000", "{ fd = 7 }");
}

#[test]
fn who_is_ready_and_dies_at_once_was_never_healthy() {
    let services = Services::empty();
    let mut fifo = services.fifo("starts");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'echo start >{}; echo >&3; exit 1'\nready.fd = 3\n\
             restart = {{ delay = '1ms', limit = 6 }}\n",
            fifo.path()
        ),
    );
    services.allow();
    let before = Instant::now();
    services.run(["up", "-d"]);
    let said = services.failed("x");
    assert!(said.contains("`x` is failed"), "{said}");
    // 1, 2, 4 … 32 ms: had a run counted as healthy, the limit would never be reached.
    assert!(before.elapsed() >= Duration::from_millis(63), "{:?}", before.elapsed());
    let starts: Vec<String> = (0..7).map(|_| fifo.line()).collect();
    assert_eq!(starts, ["start"; 7]);
    assert_eq!(services.status("x")["restarts"], 6);
}

#[test]
fn an_end_without_a_newline_is_seen() {
    let services = Services::empty();
    let mut fifo = services.fifo("closed");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'printf no >&3; exec 3>&-; echo closed >{}; exec sleep 1000'\n\
             ready.fd = 3\n",
            fifo.path()
        ),
    );
    services.allow();
    services.run(["up", "-d"]);
    fifo.line();
    // The supervisor hears of it before, or with, our question: both come through the same loop.
    let seen = (0..100).map(|_| services.note("x")).find(|note| !note.is_empty());
    assert_eq!(seen.as_deref(), Some("it closed its descriptor without a word"));
    assert_eq!(services.state("x"), "starting");
}

#[test]
fn a_datagram_as_systemd_has_it() {
    let python = "import os, socket, time\n\
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        s.connect(os.environ['NOTIFY_SOCKET'])\n\
        s.send(b'\\xff\\x00 rubbish')\n\
        if os.fork() == 0: s.send(b'STATUS=x\\nREADY=1\\n')\n\
        time.sleep(1000)\n";
    let services = Services::empty();
    services.project.write("notify.py", python);
    services
        .project
        .write("envr.toml", "[services.x]\ncommand = 'exec python3 notify.py'\nready = 'notify'\n");
    services.allow();
    services.up();
    assert_eq!(services.state("x"), "ready");
}

#[test]
fn a_watchdog_that_hears_nothing_starts_its_service_again() {
    let python = "import os, socket, sys, time\n\
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        s.connect(os.environ['NOTIFY_SOCKET'])\n\
        for word in sys.argv[2:]: s.send(word.encode())\n\
        open(sys.argv[1], 'w').write(os.environ['WATCHDOG_USEC'] + '\\n')\n\
        time.sleep(1000)\n";
    let services = Services::empty();
    services.project.write("notify.py", python);
    let mut fifos = ["silent", "ill", "ending"].map(|name| services.fifo(name));
    let mut toml = String::new();
    for (name, watchdog, says) in [
        ("silent", "300ms", "'READY=1'"),
        ("ill", "1h", "'READY=1', 'WATCHDOG=1', 'WATCHDOG=trigger'"),
        ("ending", "300ms", "'READY=1', 'STOPPING=1', 'WATCHDOG=1'"),
    ] {
        let fifo = services.project.path(name);
        write!(
            toml,
            "[services.{name}]\ncommand = ['python3', 'notify.py', '{}', {says}]\n\
             ready = {{ notify = true, watchdog = '{watchdog}' }}\nrestart.delay = '1ms'\n",
            fifo.display()
        )
        .unwrap();
    }
    services.project.write("envr.toml", toml);
    services.allow();
    services.run(["up", "-d"]);
    let [silent, ill, ending] = &mut fifos;
    assert_eq!((ill.line(), ill.line()), ("3600000000".into(), "3600000000".into()));
    assert_eq!(ending.line(), "300000");
    for _ in 0..4 {
        assert_eq!(silent.line(), "300000");
    }
    let has = |name: &str, text: &str| services.log(name).contains(&format!("envr: {text}"));
    assert!(has("silent", "its watchdog heard nothing of it in time"));
    assert!(has("ill", "it asked its watchdog to start it again"));
    assert_eq!(services.status("ending")["restarts"], 0);
}

#[test]
fn a_line_of_the_log_even_in_pieces() {
    becomes_ready(
        "printf 'server is list'; sleep 0.05; echo 'ening now'; exec sleep 1000",
        "{ log = 'is listening' }",
    );
}

#[test]
fn two_streams_are_not_one_text() {
    let services = Services::empty();
    let mut fifo = services.fifo("said");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'printf rea; sleep 0.1; printf dy >&2; sleep 0.1; echo said >{}; exec sleep 1000'\n\
             ready.log = 'ready'\n",
            fifo.path()
        ),
    );
    services.allow();
    services.run(["up", "-d"]);
    fifo.line();
    assert_eq!(services.state("x"), "starting");
}

#[test]
fn an_answer_in_pieces() {
    let server = "import os, socket, time\n\
        s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n\
        while True:\n    \
            c = s.accept()[0]; c.recv(1000)\n    \
            c.send(b'HTTP/1.'); time.sleep(0.05); c.send(b'1 200 OK\\r\\n\\r\\n'); c.close()\n";
    let services = Services::empty();
    services.project.write("server.py", server);
    services.project.write(
        "envr.toml",
        "[services.x]\ncommand = 'exec python3 server.py'\nport = 'auto'\n\
         ready = { http = 'http://localhost:$PORT/', every = '20ms' }\n",
    );
    services.allow();
    services.up();
    assert_eq!(services.state("x"), "ready");
}

#[test]
fn a_line_with_colours_around_and_in_it() {
    becomes_ready(
        "printf '\\\\033[1;32mserver\\\\033[0m is \\\\033[3'; sleep 0.05; printf '8;5;1mlist\\\\033[mening\\\\n'; exec sleep 1000",
        "{ log = 'server is listening' }",
    );
}

#[test]
fn a_command_that_succeeds() {
    let services = becomes_ready(
        "sleep 0.1; touch there; exec sleep 1000",
        "{ exec = 'echo noise; head -c 100000000 /dev/zero; test -e there', answer_within = '20s' }",
    );
    assert_eq!(services.said("x"), [""; 0], "what a check prints is nobody's");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_it_started() {
    let services = Services::empty();
    let mut fifo = services.fifo("tries");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'exec sleep 1000'\n\
             ready = {{ exec = 'echo $$ >{}; sleep 1000 & sleep 1000', answer_within = '50ms', every = '10ms' }}\n",
            fifo.path()
        ),
    );
    services.allow();
    services.run(["up", "-d"]);
    let first = fifo.number();
    let second = fifo.number();
    assert_ne!(first, second);
    assert!(!super::is_alive(first), "two checks of one service at a time");
}

#[test]
fn a_port_that_accepts_and_one_that_answers() {
    let server = "import http.server, sys\n\
        s = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n\
        s.serve_forever()\n";
    let services = Services::empty();
    services.project.write("server.py", server);
    let python =
        "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])";
    let free = || {
        let output = std::process::Command::new("python3").args(["-c", python]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    };
    let (one, other) = (free(), free());
    services.project.write(
        "envr.toml",
        format!(
            "[services.tcp]\ncommand = 'exec python3 -m http.server --bind 127.0.0.1 {one}'\nready.tcp = {one}\n\
             [services.http]\ncommand = 'exec python3 -m http.server --bind 127.0.0.1 {other}'\n\
             ready.http = 'http://127.0.0.1:{other}/'\n"
        ),
    );
    services.allow();
    services.up();
    assert_eq!([services.state("tcp"), services.state("http")], ["ready", "ready"]);
}

#[test]
fn not_ready_in_time_is_a_failure() {
    let services = Services::new(
        "[services.x]\ncommand = 'exec sleep 1000'\nready = { fd = 3, timeout = '50ms' }\n\
         restart = { limit = 1, delay = '1ms' }\n",
    );
    let said = services.fail(["up", "--wait"]);
    assert!(said.contains("envr: error: `x` is failed"), "{said}");
    let log = services.log("x");
    let count = log.iter().filter(|line| *line == "envr: it was not ready in time").count();
    assert_eq!(count, 2, "{log:?}");
}

#[test]
fn a_service_that_fails_its_checks_is_started_again() {
    let services = Services::empty();
    let mut fifo = services.fifo("starts");
    services.project.write(
        "envr.toml",
        format!(
            "[services.x]\ncommand = 'touch healthy; echo $$ >{}; exec sleep 1000'\n\
             live = {{ exec = 'test -e healthy', every = '20ms', failures = 2 }}\n\
             ready.exec = 'test -e healthy'\n",
            fifo.path()
        ),
    );
    services.allow();
    services.up();
    let first = fifo.number();
    services.project.remove("healthy");
    let second = fifo.number();
    assert_ne!(first, second);
    assert!(!super::is_alive(first));
    assert!(services.log("x").contains(&"envr: it failed its liveness checks".to_string()));
}

#[test]
fn whoever_waits_misses_nothing() {
    let services = Services::new(
        "[services.x]\ncommand = 'echo >&3; exec sleep 1000'\nready.fd = 3\nrestart.delay = '1ms'\n",
    );
    services.up();
    let times = super::times(50, 10_000);
    for _ in 0..times {
        services.run(["restart", "x"]);
        services.run(["wait", "x", "--timeout", "20s"]);
    }
    assert_eq!(services.status("x")["restarts"], times);
}

#[test]
fn rubbish_on_the_socket_harms_nobody() {
    let services = Services::new("[services]\nx = 'exec sleep 1000'\n");
    services.up();
    let answer = |bytes: &[u8]| {
        let mut stream = services.socket();
        stream.write_all(bytes).unwrap();
        let mut answer = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut answer).unwrap();
        answer
    };
    assert!(answer(b"rubbish\n").contains("did not understand"));
    assert!(answer(b"{\"version\":1,\"request\":\"fly\"}\n").contains("did not understand"));
    assert!(answer(b"{\"version\":7,\"request\":\"ps\"}\n").contains("speaks version 1"));
    drop(services.socket().write_all(b"{\"version\":1,"));
    let mut flood = services.socket();
    // It is hung up on before it has said all.
    _ = flood.write_all(&vec![b'x'; 10 << 20]);
    assert_eq!(services.state("x"), "up");
}
