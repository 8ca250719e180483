//! `fetchurl` and `source_url` against servers on this machine: hashes, the cache, certificate authorities.

use crate::test::{Project, has};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

const BODY: &str = "export FETCHED=1\n";
const HASH: &str = "sha256-dTZt2KCqKPU4yKl199iQ4lTM+gfBiIhalglgZ1tSHHs=";

/// Answers so many requests with `BODY`, then ends.
fn serve(times: usize) -> (String, JoinHandle<()>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/lib.sh", server.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        for _ in 0..times {
            let (mut client, _) = server.accept().unwrap();
            _ = client.read(&mut [0; 4096]).unwrap();
            let length = BODY.len();
            write!(
                client,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{BODY}"
            )
            .unwrap();
        }
    });
    (url, answers)
}

#[test]
fn a_file_fetched_from_the_network_must_have_its_hash() {
    let project = Project::new();
    let (url, answers) = serve(3);
    project.envr(["fetchurl", &url]).stdout(&format!("{HASH}\n")).success();
    let wrong = format!("sha256-{}=", "A".repeat(43));
    let said =
        format!("envr: error: could not trust `{url}`: its hash is `{HASH}`, not `{wrong}`\n");
    project.envr(["fetchurl", &url, &wrong]).stderr(&said).failure();
    let wrong = format!("sha512-{}==", "A".repeat(86));
    let said = project.envr(["fetchurl", &url, &wrong]).any_stderr().failure().stderr;
    assert!(String::from_utf8(said).unwrap().contains("its hash is `sha512-"));
    answers.join().unwrap();

    // From the cache: nobody listens any more.
    project.write(".envrc", format!("source_url {url} {HASH}\n"));
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    assert_eq!(shell.get("FETCHED"), Some("1"));
}

#[test]
fn a_hash_that_is_none_is_refused_before_anything_is_fetched() {
    let project = Project::new();
    for (hash, why) in [
        ("sha256-", "it has 0 bytes, sha256 has 32"),
        ("sha256-AAAA", "it has 3 bytes, sha256 has 32"),
        (&HASH.replace("256", "512"), "it has 32 bytes, sha512 has 64"),
        ("sha256-?", "Invalid symbol 63, offset 0."),
        ("md5-AAAA", "it does not begin with `sha256-`, `sha384-` or `sha512-`"),
        ("", "it does not begin with `sha256-`, `sha384-` or `sha512-`"),
    ] {
        let said = format!("envr: error: could not read the hash `{hash}`: {why}\n");
        project.envr(["fetchurl", "http://127.0.0.1:1/", hash]).stderr(&said).failure();
    }
}

#[test]
fn a_cached_file_that_was_changed_is_fetched_again() {
    let project = Project::new();
    let (url, answers) = serve(2);
    project.envr(["fetchurl", &url]).any_stdout().success();
    let digest = "75366dd8a0aa28f538c8a975f7d890e254ccfa07c188885a960960675b521c7b";
    let cached = format!("home/.cache/direnv/cas/{digest}");
    project.write_at(&cached, "touch pwned\n");
    project.envr(["fetchurl", &url, HASH]).stdout(&format!("$DIR/{cached}\n")).success();
    assert_eq!(project.read(&cached), BODY);
    answers.join().unwrap();
}

#[test]
fn a_companys_certificate_authority_is_believed_where_the_user_names_it() {
    if !has("openssl") {
        return;
    }
    let project = Project::new();
    let authority = certificate(&project, "authority", &["basicConstraints=critical,CA:TRUE"], &[]);
    let signed = ["-CA", "authority.pem", "-CAkey", "authority.key"];
    certificate(&project, "server", &["subjectAltName=IP:127.0.0.1"], &signed);
    project.write("lib.sh", BODY);
    let (mut server, url) = serve_tls(&project, 2);

    let said = project.envr(["fetchurl", &url]).any_stderr().failure().stderr;
    assert!(String::from_utf8(said).unwrap().contains("UnknownIssuer"));
    let run = project.envr(["fetchurl", &url]).env("SSL_CERT_FILE", authority);
    run.stdout(&format!("{HASH}\n")).success();
    assert!(server.0.wait().unwrap().success());
}

#[test]
fn authorities_that_cannot_be_read_are_not_replaced_by_others() {
    let project = Project::new();
    project.write("empty.pem", "");
    let empty = project.path("project/empty.pem").into_os_string().into_string().unwrap();
    for (variable, path, why) in [
        ("SSL_CERT_FILE", "/nowhere", "failed to read PEM from file: No such file or directory"),
        ("SSL_CERT_DIR", "/nowhere", "opening directory: No such file or directory"),
        ("SSL_CERT_FILE", &empty, "there is none"),
    ] {
        let shown = path.replace(&empty, "$DIR/project/empty.pem");
        let said = format!(
            "envr: error: could not read certificate authorities from `{shown}`: {why}\nenvr: hint: unset {variable}\n"
        );
        let run = project.envr(["fetchurl", "https://127.0.0.1:1/"]).env(variable, path);
        run.stderr(&said).failure();
    }
}

/// Ends with its test, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Makes `NAME.pem` and `NAME.key` in the project, and returns the path of the first.
fn certificate(
    project: &Project,
    name: &str,
    extensions: &[&str],
    signer: &[&str],
) -> std::path::PathBuf {
    let mut command = Command::new("openssl");
    command.current_dir(project.path("project")).env_clear();
    command.args([
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    command.args(["-config", "/dev/null", "-subj", &format!("/CN={name}")]);
    command.args(["-out", &format!("{name}.pem"), "-keyout", &format!("{name}.key")]);
    for extension in extensions {
        command.args(["-addext", extension]);
    }
    let output = command.args(signer).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    project.path(&format!("project/{name}.pem"))
}

/// A server for so many connections, and the address of `lib.sh` there.
fn serve_tls(project: &Project, connections: usize) -> (Server, String) {
    let mut server = Command::new("openssl")
        .args(["s_server", "-WWW", "-accept", "127.0.0.1:0", "-naccept", &connections.to_string()])
        .args(["-cert", "server.pem", "-key", "server.key"])
        .current_dir(project.path("project"))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_string()));
    // It goes on to write about each connection.
    std::thread::spawn(move || lines.for_each(drop));
    (Server(server), format!("https://{}/lib.sh", address.unwrap()))
}
