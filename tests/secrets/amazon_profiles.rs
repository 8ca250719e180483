//! AWS's files and variables, read as the SDK of the real sops reads them.

use super::amazon_asked::World;

const KEYS: &str = "[p]\naws_access_key_id = KEY\naws_secret_access_key = hunter2\n";
const SOURCE: &str = "[q]\naws_access_key_id = SOURCE\naws_secret_access_key = hunter2\n";
const OF_ROLE: &str = "[profile p]\nrole_arn = <ROLE>\n";
const ASKED_FOR_ROLE: &str = "Action=AssumeRole DurationSeconds=900 RoleArn=arn:aws:iam::123456789012:role/deploy RoleSessionName=* Version=2011-06-15";
const ASKED_WITH_TOKEN: &str = "sts  Action=AssumeRoleWithWebIdentity RoleArn=arn:aws:iam::123456789012:role/deploy RoleSessionName=";

fn world() -> World {
    World::with("", "")
}

fn with_variables(world: World) -> World {
    world.env("AWS_ACCESS_KEY_ID", "OUTER").env("AWS_SECRET_ACCESS_KEY", "hunter2")
}

fn with_token(world: World) -> World {
    world.project.write_at("home/token", "a.b.c");
    world.env("AWS_WEB_IDENTITY_TOKEN_FILE", "<HOME>/token").env("AWS_ROLE_ARN", "<ROLE>")
}

fn for_role(who: &str) -> String {
    format!("sts {who} {ASKED_FOR_ROLE}")
}

#[test]
fn comments_quotes_and_colons_of_the_files() {
    let world = world().without("AWS_ENDPOINT_URL_KMS");
    let keys = "[p] # mine\naws_access_key_id = KEY # k\naws_secret_access_key: \"S\" ; s\n";
    for line in [
        "endpoint_url = <URL>",
        "endpoint_url = <URL> # local",
        "endpoint_url = <URL>\t; local",
        "endpoint_url = \"<URL>\"",
        "endpoint_url: '<URL>'",
        "ENDPOINT_URL: <URL>",
        "output =\n  x = y\nendpoint_url = <URL>",
        "output = json\n  endpoint_url = <URL> # local",
        "services = local\n[services local] # s\nkms =\n  endpoint_url = <URL>",
    ] {
        world.write(&format!("[ profile\tp ] ; mine\nregion = eu-west-1\n{line}\n"), keys);
        world.asks(&["kms KEY"]);
    }
}

#[test]
fn variables_come_before_the_profile_that_they_name() {
    let world = with_variables(World::new()).env("AWS_PROFILE", "p");
    world.write("", KEYS);
    world.asks(&["kms OUTER"]);
    let world = with_token(world);
    world.asks(&["kms OUTER"]);
    let world = world.without("AWS_SECRET_ACCESS_KEY");
    world.asks(&[
        &format!("{ASKED_WITH_TOKEN}* Version=2011-06-15 WebIdentityToken=a.b.c"),
        "kms ASSUMED+T",
    ]);
    let world = world.env("AWS_ROLE_SESSION_NAME", "build@7");
    let named = format!("{ASKED_WITH_TOKEN}build@7 Version=2011-06-15 WebIdentityToken=a.b.c");
    world.asks(&[&named, "kms ASSUMED+T"]);
    world.without("AWS_WEB_IDENTITY_TOKEN_FILE").asks(&["kms KEY"]);
}

#[test]
fn the_profile_of_a_recipient_comes_first() {
    let world = with_token(with_variables(world()));
    world.write("", KEYS);
    world.asks(&["kms KEY"]);
    world.write("[profile p]\noutput = json\n", "");
    world.refuses("no AWS credentials are in the environment or the profile `p`");
}

#[test]
fn a_profile_that_somebody_names_must_be_there() {
    with_variables(world()).refuses("the AWS profile `p` is in no file");
    let world = with_variables(World::new()).env("AWS_PROFILE", "nowhere");
    world.refuses("the AWS profile `nowhere` is in no file");
    let world = world.without("AWS_PROFILE").env("AWS_DEFAULT_PROFILE", "nowhere");
    world.asks(&["kms OUTER"]);
}

#[test]
fn a_token_of_the_web_is_of_a_role() {
    let world = with_token(World::new()).without("AWS_ROLE_ARN");
    world.refuses("`AWS_WEB_IDENTITY_TOKEN_FILE` is there without `AWS_ROLE_ARN`");
    let world = World::with(&format!("{OF_ROLE}web_identity_token_file = <HOME>/token\n"), "");
    world.project.write_at("home/token", "a.b.c");
    let asked = format!("{ASKED_WITH_TOKEN}* Version=2011-06-15 WebIdentityToken=a.b.c");
    world.asks(&[&asked, "kms ASSUMED+T"]);
}

#[test]
fn a_role_is_asked_for_as_the_profile_says() {
    let source = "source_profile = q\n";
    let world = World::with(&format!("{OF_ROLE}{source}"), SOURCE);
    world.asks(&[&for_role("SOURCE"), "kms ASSUMED+T"]);
    let more = "external_id = shop/7 # them\nrole_session_name = deploy\nduration_seconds = 3600\n";
    world.write(&format!("{OF_ROLE}{source}{more}"), SOURCE);
    let role = "sts SOURCE Action=AssumeRole DurationSeconds=3600 ExternalId=shop/7 \
        RoleArn=arn:aws:iam::123456789012:role/deploy RoleSessionName=deploy Version=2011-06-15";
    world.asks(&[role, "kms ASSUMED+T"]);
    world.write(&format!("{OF_ROLE}{source}mfa_serial = arn:aws:iam::1:mfa/me\n"), SOURCE);
    world.refuses("wants a code of `arn:aws:iam::1:mfa/me`, for which nobody is asked");
}

#[test]
fn roles_are_assumed_in_their_order() {
    let one =
        "source_profile = q\n[profile q]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = r\n";
    let other = "[r]\naws_access_key_id = LAST\naws_secret_access_key = hunter2\n";
    let world = World::with(&format!("{OF_ROLE}{one}"), other);
    let first = "sts LAST Action=AssumeRole DurationSeconds=900 RoleArn=arn:aws:iam::1:role/one RoleSessionName=* Version=2011-06-15";
    world.asks(&[first, &for_role("ASSUMED+T"), "kms ASSUMED+T"]);
    // One with keys ends the way, and has its role yet.
    world.write(&format!("{OF_ROLE}{one}"), &format!("{SOURCE}{other}"));
    world.asks(&[&first.replace("LAST", "SOURCE"), &for_role("ASSUMED+T"), "kms ASSUMED+T"]);
    // The role that the recipient names is sops's own.
    let world = with_variables(World::with_role());
    world.asks(&[&for_role("OUTER").replace("DurationSeconds=900 ", ""), "kms ASSUMED+T"]);
}

#[test]
fn a_profile_that_makes_no_sense_is_refused() {
    let world = with_variables(world());
    let refuses = |config: &str, credentials: &str, why: &str| {
        world.write(config, credentials);
        world.refuses(why);
    };
    refuses(
        "[profile p]\nsource_profile = q\n",
        &format!("{KEYS}{SOURCE}"),
        "the AWS profile `p` has `source_profile` without `role_arn`",
    );
    refuses(
        &format!("{OF_ROLE}source_profile = q\ncredential_process = echo\n"),
        SOURCE,
        "the AWS profile `p` has both `source_profile` and `credential_process`",
    );
    refuses(
        &format!("{OF_ROLE}source_profile = q\n[profile q]\noutput = json\n"),
        "",
        "no credentials are in the AWS profile `q`",
    );
    refuses(
        &format!(
            "{OF_ROLE}source_profile = q\n[profile q]\nrole_arn = <ROLE>\nsource_profile = p\n"
        ),
        "",
        "no credentials are in the AWS profile `p`",
    );
    refuses(
        "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n",
        "",
        "single sign-on",
    );
}

#[test]
fn the_environment_may_be_the_source_of_a_role() {
    let world = World::with(&format!("{OF_ROLE}credential_source = Environment\n"), "");
    world.refuses("no AWS credentials are in the environment or the profile `p`");
    let world = with_variables(world);
    world.asks(&[&for_role("OUTER"), "kms ASSUMED+T"]);
    world.write(&format!("{OF_ROLE}credential_source = Elsewhere\n"), "");
    world.refuses("has a `credential_source` that is none: `Elsewhere`");
}

#[test]
fn a_shell_runs_the_credential_process() {
    let printed = r#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hunter2"}"#;
    let world = world();
    world.project.write_program("credentials of mine", &format!("#!/bin/sh\necho '{printed}'\n"));
    let program = world.project.path("bin/credentials of mine");
    world.project.write_at("home/where", program.to_str().unwrap());
    let run =
        |command: &str| world.write(&format!("[profile p]\ncredential_process = {command}\n"), "");
    for command in [
        "'exec \"$(cat ~/where)\"'",
        "X=1 \"$(cat ~/where)\" one 'two#three'",
        "false || \"$(cat ~/where)\"",
        "cat ~/where >/dev/null; exec \"$(cat ~/where)\" # mine",
    ] {
        run(command);
        world.asks(&["kms A"]);
    }
    for (command, why) in [
        ("echo 'a # comment'", "`credential_process`: `sh`: "),
        ("nobody-knows-it", "`credential_process`: `sh`: "),
        ("echo hunter2", "`credential_process` printed no credentials"),
        (
            &format!("echo '{}'", printed.replace('1', "2")),
            "`credential_process` printed no credentials",
        ),
        (
            &format!("echo '{}'", printed.replace("hunter2", "")),
            "`credential_process` printed no credentials",
        ),
    ] {
        run(command);
        world.refuses(why);
    }
}
