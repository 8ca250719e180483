//! Keys of AWS KMS, as moto's server has them: what envr writes with them the real sops reads, and the other way round.

use super::vectors::peer;
use crate::test::{Project, has};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// moto's server on the loopback device, on a port of the system's choice.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// `None` where it is not installed.
    fn start() -> Option<Self> {
        let program = peer("moto/bin/moto_server")?;
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let url = said.find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_string()));
        // It logs every request.
        std::thread::spawn(move || said.for_each(drop));
        Some(Self { child, url: url.unwrap() })
    }

    /// The ARN of a key.
    fn key(&self) -> String {
        let scope = "Credential=test/20260101/eu-west-1/kms/aws4_request";
        let mut answer = ureq::post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "TrentService.CreateKey")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
            )
            .send("{}")
            .unwrap();
        let answer = answer.body_mut().read_to_string().unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct World {
    project: Project,
    server: Server,
    sops: Option<PathBuf>,
}

impl World {
    /// Without any credentials.
    fn new() -> Option<Self> {
        let server = Server::start()?;
        let project = Project::new()
            .env("AWS_ENDPOINT_URL", &server.url)
            .env("AWS_ENDPOINT_URL_STS", &server.url)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("SOPS_DISABLE_VERSION_CHECK", "1");
        project.write("s.yaml", "a: one of the values\n");
        Some(Self { project, server, sops: peer("sops") })
    }

    fn with_variables(self) -> Self {
        let project = self.project.env("AWS_ACCESS_KEY_ID", "test");
        Self { project: project.env("AWS_SECRET_ACCESS_KEY", "test"), ..self }
    }

    fn rules(&self, rule: &str) {
        self.project.write(".sops.yaml", format!("creation_rules:\n  - {rule}\n"));
    }

    #[track_caller]
    fn secret(&self, arguments: &[&str]) -> String {
        let run = self.project.envr([&["secret"], arguments].concat()).stdin("other");
        String::from_utf8(run.any_stdout().success().stdout).unwrap()
    }

    /// Both programs read the file.
    #[track_caller]
    fn reads(&self, text: &str) {
        assert_eq!(self.secret(&["decrypt", "s.yaml"]), text);
        if let Some(theirs) = self.sops(&["decrypt", "s.yaml"]) {
            assert_eq!(theirs, text);
        }
    }

    #[track_caller]
    fn sops(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(self.sops.as_ref()?)
            .args(arguments)
            .current_dir(self.project.path("project"))
            .env_clear()
            .envs(self.project.variables())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    }
}

const ONE: &str = "a: one of the values\n";

#[test]
fn a_rule_of_kms_serves_every_verb() {
    let Some(world) = World::new().map(World::with_variables) else { return };
    let [first, second] = [world.server.key(), world.server.key()];
    world.rules(&format!("kms: {first}"));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.reads(ONE);
    world.secret(&["set", "s.yaml", "b"]);
    world.reads("a: one of the values\nb: other\n");
    world.secret(&["unset", "s.yaml", "b"]);
    world.secret(&["rotate", "s.yaml"]);
    world.reads(ONE);
    world.rules(&format!("kms: {second}"));
    world.secret(&["updatekeys", "s.yaml"]);
    assert_eq!(world.secret(&["recipients", "list", "s.yaml"]), format!("kms {second}\n"));
    world.reads(ONE);
    world.secret(&["recipients", "add", "s.yaml", &first]);
    world.secret(&["recipients", "remove", "s.yaml", &second]);
    assert_eq!(world.secret(&["recipients", "list", "s.yaml"]), format!("kms {first}\n"));
    world.reads(ONE);
    world.sops(&["rotate", "-i", "s.yaml"]);
    world.reads(ONE);
}

#[test]
fn a_role_and_a_context_are_part_of_the_key() {
    let Some(world) = World::new().map(World::with_variables) else { return };
    let key = world.server.key();
    world.rules(&format!(
        "key_groups: [{{kms: [{{arn: \"{key}\", role: \"{ROLE}\", context: {{app: shop, stage: test}}}}]}}]"
    ));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.reads(ONE);
    world.secret(&["rotate", "s.yaml"]);
    world.reads(ONE);
    let text = world.project.read("project/s.yaml");
    assert!(text.contains(ROLE) && text.contains("stage: test"), "{text}");
    world.project.write("s.yaml", text.replace("app: shop", "app: bank"));
    let refused = world.project.envr(["secret", "decrypt", "s.yaml"]).any_stderr().failure();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("InvalidCiphertextException"), "{said}");
}

/// As it is spelled: conditions on it compare letters.
#[test]
fn what_a_context_says_is_a_text() {
    let Some(world) = World::new().map(World::with_variables) else { return };
    let key = world.server.key();
    let context = "T: true, N: NO, V: 1.50, X: 0x1f, U: 1_000, D: 2024-01-01, E: ''";
    world.rules(&format!("key_groups: [{{kms: [{{arn: \"{key}\", context: {{{context}}}}}]}}]"));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.reads(ONE);
    let context = |text: &str| {
        let lines = text.lines().skip_while(|line| line.trim() != "context:").skip(1);
        lines.take(7).map(str::trim).map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut ours = context(&world.project.read("project/s.yaml"));
    ours.sort();
    world.project.write("s.yaml", ONE);
    if let Some(theirs) = world.sops(&["encrypt", "s.yaml"]) {
        let mut theirs = context(&theirs);
        theirs.sort();
        assert_eq!(ours, theirs);
    }
    world.rules(&format!("key_groups: [{{kms: [{{arn: \"{key}\", context: {{K: ~}}}}]}}]"));
    let refused = world.project.envr(["secret", "encrypt", "s.yaml"]).any_stderr().failure();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("`K` in a `context` of `kms` is no text"), "{said}");
}

#[test]
fn credentials_of_a_profile() {
    let Some(world) = World::new() else { return };
    let keys = "[shop]\naws_access_key_id = test\naws_secret_access_key = test\n";
    world.project.write_at("home/.aws/credentials", keys);
    let key = world.server.key();
    world.rules(&format!("{{kms: \"{key}\", aws_profile: shop}}"));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.reads(ONE);
    world.project.remove("../home/.aws/credentials");
    let refused = world.project.envr(["secret", "decrypt", "s.yaml"]).any_stderr().failure();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("the AWS profile `shop` is in no file"));
}

#[test]
fn credentials_of_a_web_identity() {
    let Some(mut world) = World::new() else { return };
    world.project.write_at("home/token", "header.payload.signature\n");
    let token = world.project.path("home/token");
    world.project =
        world.project.env("AWS_WEB_IDENTITY_TOKEN_FILE", token).env("AWS_ROLE_ARN", ROLE);
    let key = world.server.key();
    world.rules(&format!("kms: {key}"));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.reads(ONE);
}

/// The server is gone when the file is decrypted for the second time.
#[test]
fn what_kms_answered_is_kept_for_the_same_question() {
    let Some(world) = World::new().map(World::with_variables).filter(|_| has("keyctl")) else {
        return;
    };
    let key = world.server.key();
    world.rules(&format!("kms: {key}"));
    world.secret(&["encrypt", "--in-place", "s.yaml"]);
    world.project.write_at("home/.config/envr/config.toml", "[secrets]\ncache = \"15m\"\n");
    let gone = "AWS_ENDPOINT_URL=http://127.0.0.1:1";
    let script = format!(
        "open() {{ \"$ENVR\" secret decrypt s.yaml 2>/dev/null || echo nothing; }}
         {gone} open; open; {gone} open
         sed 's/aws_profile: .*/aws_profile: other/' s.yaml >changed; cp changed s.yaml; {gone} open"
    );
    let output = world
        .project
        .program("keyctl")
        .args(["session", "-", "bash", "-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("nothing\n{ONE}{ONE}nothing\n"));
}
