//! `examples/services`, as somebody who comes to it finds it.

use super::Services;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

#[test]
fn it_is_approved_runs_and_serves_its_page() {
    let services = Services::empty();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/services");
    let mut copy = Command::new("cp");
    copy.arg("--parents").args(["envr.toml", "bin/page"]).arg(services.project.path("project"));
    assert!(copy.current_dir(&example).status().unwrap().success());
    assert!(services.fail(["up", "-d"]).contains("is blocked"));
    services.allow();
    services.up();
    assert_eq!(services.state("setup"), "completed");
    let port = u16::try_from(services.status("web")["ports"]["port"].as_u64().unwrap()).unwrap();
    let page = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    assert!(page().contains("<h1>Hello, it is "), "{}", page());
    let mut logs = services.foreground(&["logs", "-f", "clock"]);
    logs.until(&format!("wrote the page on port {port}"));
    assert!(!page().contains("nobody yet"), "{}", page());
    logs.signal("KILL");
    logs.end();
}
