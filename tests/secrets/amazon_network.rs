//! The way to AWS's servers: which they are, through which proxy, and who says that they are AWS's.

use super::amazon_asked::World;

fn far() -> World {
    World::new()
        .without("AWS_ENDPOINT_URL_KMS")
        .env("AWS_ACCESS_KEY_ID", "OUTER")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("HTTPS_PROXY", "<URL>")
}

const KMS: &str = "CONNECT kms.eu-west-1.amazonaws.com:443";

#[test]
fn what_is_far_is_asked_through_the_proxy() {
    far().asks_in_vain(&[KMS]);
    far().env("HTTP_PROXY", "http://127.0.0.1:1").asks_in_vain(&[KMS]);
    far().without("HTTPS_PROXY").env("https_proxy", "<URL>").asks_in_vain(&[KMS]);
}

#[test]
fn servers_with_a_certificate_of_fips_are_asked_where_they_are_wanted() {
    let kms = KMS.replace("kms", "kms-fips");
    far().env("AWS_USE_FIPS_ENDPOINT", "true").asks_in_vain(&[&kms]);
    let world = far().env("AWS_PROFILE", "p");
    world.write("[profile p]\nuse_fips_endpoint = true\n", "");
    world.asks_in_vain(&[&kms]);
}

#[test]
fn authorities_that_cannot_be_read_are_not_replaced_by_others() {
    let world = far().env("AWS_CA_BUNDLE", "<HOME>/authorities.pem");
    world.refuses("could not read certificate authorities from `");
    world.project.write_at("home/authorities.pem", "none");
    world.refuses("home/authorities.pem`: there is none");
    let world = world.without("AWS_CA_BUNDLE").env("AWS_PROFILE", "p");
    world.write("[profile p]\nca_bundle = <HOME>/authorities.pem\n", "");
    world.refuses("home/authorities.pem`: there is none");
}
