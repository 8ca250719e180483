//! Credentials of the machine: of a container's host, and of an instance's metadata where somebody wants it asked.

use super::amazon_asked::World;

const OF_ROLE: &str = "[profile p]\nrole_arn = <ROLE>\ncredential_source = ";
const ROLE: &str = "Action=AssumeRole DurationSeconds=900 RoleArn=arn:aws:iam::123456789012:role/deploy RoleSessionName=* Version=2011-06-15";

fn with_container(world: World) -> World {
    world.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "<URL>/v2/credentials/5-6")
}

#[test]
fn the_host_of_a_container_gives_its_credentials() {
    let world = with_container(World::new());
    world.asks(&["GET /v2/credentials/5-6", "kms CONTAINER+T"]);
    let world = world.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the variable");
    world.asks(&["GET /v2/credentials/5-6 of the variable", "kms CONTAINER+T"]);
    let world = world.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "<HOME>/token");
    world.refuses("could not read `");
    world.project.write_at("home/token", "of the file");
    world.asks(&["GET /v2/credentials/5-6 of the file", "kms CONTAINER+T"]);
    world.project.write_at("home/token", "hunter2\nx-other: y");
    world.refuses("could not ask `http://127.0.0.1:");
    let world = world.env("AWS_ACCESS_KEY_ID", "OUTER").env("AWS_SECRET_ACCESS_KEY", "hunter2");
    world.asks(&["kms OUTER"]);
}

#[test]
fn a_container_may_be_the_source_of_a_role() {
    let world = with_container(World::with(&format!("{OF_ROLE}EcsContainer\n"), ""));
    let role = format!("sts CONTAINER+T {ROLE}");
    world.asks(&["GET /v2/credentials/5-6", &role, "kms ASSUMED+T"]);
    let world = world.without("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    world.refuses("no AWS credentials are in the environment or the profile `p`");
}

#[test]
fn no_credentials_are_asked_of_who_is_far() {
    for (far, why) in [
        (
            "http://192.0.2.1/hunter2",
            "`http://192.0.2.1`: it is neither of this machine nor encrypted",
        ),
        ("http://me:hunter2@169.254.169.254/", "`http://169.254.169.254`: it is neither of this"),
        ("hunter2", "the container's host has no address"),
    ] {
        World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", far).refuses(why);
    }
}

/// The token of a container would be seen by it.
#[test]
fn what_is_near_is_asked_through_no_proxy() {
    let world = with_container(World::new()).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2");
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"];
    let world = proxies.iter().fold(world, |world, name| world.env(name, "http://127.0.0.1:1"));
    world.asks(&["GET /v2/credentials/5-6 hunter2", "kms CONTAINER+T"]);
}

#[test]
fn what_answers_with_no_credentials_is_not_shown() {
    let world = World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "<URL>/secret");
    world.refuses("it gave no credentials");
}

/// An instance has credentials for who asks, which are no key of the user's.
#[test]
fn an_instance_is_asked_where_somebody_says_so() {
    let world = World::with(&format!("{OF_ROLE}Ec2InstanceMetadata\n"), "")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "<URL>/");
    world.refuses("wants the metadata of the instance, which is asked where");
    let roles = "GET /latest/meta-data/iam/security-credentials/";
    let world = world.env("AWS_EC2_METADATA_DISABLED", "False");
    let asked = [
        "PUT /latest/api/token".to_string(),
        format!("{roles} of-metadata"),
        format!("{roles}shop of-metadata"),
    ];
    let role = format!("sts INSTANCE+T {ROLE}");
    world.asks_once(&[&asked[0], &asked[1], &asked[2], &role, "kms ASSUMED+T"]);
    world.write("[profile p]\noutput = json\n", "");
    world.asks_once(&[&asked[0], &asked[1], &asked[2], "kms INSTANCE+T"]);
    with_container(world).asks(&["GET /v2/credentials/5-6", "kms CONTAINER+T"]);
}

#[test]
fn an_instance_is_not_asked_where_nobody_says_so() {
    let world = World::new()
        .without("AWS_EC2_METADATA_DISABLED")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "<URL>");
    let run = world.project.envr(["secret", "encrypt", "s.yaml"]).any_stderr().failure();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("no AWS credentials are in the environment or the profile"), "{said}");
    assert!(world.asked().is_empty());
}
