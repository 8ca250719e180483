//! A server that stands for AWS and the machine, and notes what it is asked, by envr and by the real sops alike.

use super::vectors::peer;
use crate::test::Project;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/5bb4d510-d120-4ffd-a681-375e5cfe3670";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";
const ENCRYPTED: &str = r#"{"CiphertextBlob": "eHg=", "KeyId": "k"}"#;

/// What a container's host or an instance's metadata answers.
fn lent(key: &str) -> String {
    format!(
        r#"{{"Code": "Success", "AccessKeyId": "{key}", "SecretAccessKey": "hunter2", "Token": "T", "Expiration": "2099-01-01T00:00:00Z"}}"#
    )
}

/// What STS answers.
fn assumed(action: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASSUMED</AccessKeyId>\
         <SecretAccessKey>hunter2</SecretAccessKey><SessionToken>T</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
    )
}

struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &notes);
            }
        });
        Self { url, asked }
    }
}

fn answer(mut stream: TcpStream, notes: &Mutex<Vec<String>>) -> Option<()> {
    let request = Request::read(&mut stream)?;
    let told = request.tell();
    let answer = match () {
        () if told.starts_with("kms") => ENCRYPTED.to_string(),
        () if told.contains("=AssumeRoleWithWebIdentity ") => assumed("AssumeRoleWithWebIdentity"),
        () if told.contains("=AssumeRole ") => assumed("AssumeRole"),
        () if request.start.contains("/latest/api/token") => "of-metadata".to_string(),
        () if request.start.contains("/security-credentials/ ") => "shop".to_string(),
        () if request.start.contains("/security-credentials/") => lent("INSTANCE"),
        () if request.start.contains("/secret") => "hunter2".to_string(),
        () => lent("CONTAINER"),
    };
    notes.lock().unwrap().push(told);
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\
         x-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
    );
    stream.write_all(format!("{head}{answer}").as_bytes()).ok()
}

struct Request {
    start: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Request {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
            bytes.extend(&buffer[..count]);
            if let Some(request) = Self::parse(std::str::from_utf8(&bytes).ok()?) {
                return Some(request);
            }
        }
    }

    /// `None` while it is not whole.
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (start, headers) = head.split_once("\r\n")?;
        let pairs = headers.lines().filter_map(|line| line.split_once(':'));
        let headers: BTreeMap<_, _> = pairs
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_string()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let request = Self { start: start.to_string(), headers, body: body.to_string() };
        (body.len() >= length).then_some(request)
    }

    /// In one line: what is wanted, and who wants it.
    fn tell(&self) -> String {
        let header = |name: &str| self.headers.get(name).map_or("", String::as_str);
        let authorization = header("authorization");
        let key = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
        let (key, _) = key.split_once('/').unwrap_or_default();
        let token = header("x-amz-security-token");
        let who = if token.is_empty() { key.to_string() } else { format!("{key}+{token}") };
        if !header("x-amz-target").is_empty() {
            return format!("kms {who}");
        }
        if self.body.contains("Action=") {
            let mut fields: Vec<String> = self.body.split('&').map(plain).collect();
            fields.sort();
            return format!("sts {who} {}", fields.join(" "));
        }
        let words: Vec<&str> = self.start.split(' ').take(2).collect();
        let told = [words.join(" "), authorization.to_string()];
        let told = told.into_iter().chain([header("x-aws-ec2-metadata-token").to_string()]);
        told.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// A field of a form; a session's name that nobody chose is `*`.
fn plain(field: &str) -> String {
    let text = field.replace("%2F", "/").replace("%3A", ":").replace("%40", "@");
    match text.strip_prefix("RoleSessionName=") {
        Some(name) if is_made_up(name) => "RoleSessionName=*".to_string(),
        _ => text,
    }
}

fn is_made_up(session: &str) -> bool {
    session.starts_with("sops@")
        || session.trim_start_matches("aws-go-sdk-").bytes().all(|byte| byte.is_ascii_digit())
}

pub struct World {
    pub project: Project,
    server: Server,
    sops: Option<PathBuf>,
}

impl World {
    /// With a rule that names no profile.
    pub fn new() -> Self {
        let server = Server::start();
        let project = Project::new()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_KMS", &server.url)
            .env("AWS_ENDPOINT_URL_STS", &server.url)
            .env("SOPS_DISABLE_VERSION_CHECK", "1");
        project.write("s.yaml", "a: x\n");
        let world = Self { project, server, sops: peer("sops") };
        world.rule(&format!("kms: \"{KEY}\""));
        world
    }

    /// With a rule that names the profile `p`, and this in the files.
    pub fn with(config: &str, credentials: &str) -> Self {
        let world = Self::new();
        world.rule(&format!("kms: \"{KEY}\", aws_profile: p"));
        world.write(config, credentials);
        world
    }

    pub fn with_role() -> Self {
        let world = Self::new();
        world.rule(&format!("kms: \"{KEY}+{ROLE}\""));
        world
    }

    pub fn env(self, name: &str, value: &str) -> Self {
        let value = self.filled(value);
        Self { project: self.project.env(name, value), ..self }
    }

    pub fn without(self, name: &str) -> Self {
        Self { project: self.project.without(name), ..self }
    }

    pub fn write(&self, config: &str, credentials: &str) {
        self.project.write_at("home/.aws/config", self.filled(config));
        self.project.write_at("home/.aws/credentials", self.filled(credentials));
    }

    fn rule(&self, rule: &str) {
        self.project.write(".sops.yaml", format!("creation_rules:\n  - {{{rule}}}\n"));
    }

    fn filled(&self, text: &str) -> String {
        let home = self.project.path("home");
        let text = text.replace("<URL>", &self.server.url).replace("<ROLE>", ROLE);
        text.replace("<HOME>", home.to_str().unwrap())
    }

    /// Both encrypt the file, and ask this.
    #[track_caller]
    pub fn asks(&self, wanted: &[&str]) {
        for (name, output, asked) in self.runs() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {said}");
            assert_eq!(asked, wanted, "{name}: {said}");
        }
    }

    /// The same, in any number and order: sops has a token for each answer.
    #[track_caller]
    pub fn asks_once(&self, wanted: &[&str]) {
        for (name, output, asked) in self.runs() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {said}");
            let set =
                |asked: &[&str]| asked.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
            assert_eq!(asked.into_iter().collect::<BTreeSet<_>>(), set(wanted), "{name}: {said}");
        }
    }

    /// Both ask this, and get no further.
    #[track_caller]
    pub fn asks_in_vain(&self, wanted: &[&str]) {
        for (name, output, asked) in self.runs() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{name}: {said}");
            assert_eq!(asked, wanted, "{name}: {said}");
        }
    }

    /// Neither gets to KMS; envr says why, and shows nothing secret.
    #[track_caller]
    pub fn refuses(&self, why: &str) {
        for (name, output, asked) in self.runs() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{name}: {said}");
            assert!(!asked.iter().any(|asked| asked.starts_with("kms")), "{name}: {asked:?}");
            if name == "envr" {
                assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
            }
        }
    }

    fn runs(&self) -> Vec<(&str, Output, Vec<String>)> {
        let ours = self.project.envr(["secret", "encrypt", "s.yaml"]).output();
        let ours = ("envr", ours, self.asked());
        let theirs = self.sops.as_ref().map(|sops| {
            let mut sops = self.project.program(sops.to_str().unwrap());
            let output = sops.args(["encrypt", "s.yaml"]).stdin(Stdio::null()).output().unwrap();
            ("sops", output, self.asked())
        });
        [Some(ours), theirs].into_iter().flatten().collect()
    }

    /// Since the last time. sops asks again where an answer is slow.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.server.asked.lock().unwrap());
        asked.dedup();
        asked
    }
}
