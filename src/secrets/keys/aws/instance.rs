//! Credentials of the machine that we run on, from its metadata, by the second version of its protocol.

use super::ask::{could_not, near_agent, server};
use super::{Credentials, Session};
use crate::secrets::Secret;
use anyhow::{Context as _, Result};
use std::time::Duration;

const PLACE: &str = "http://169.254.169.254";
const PLACE_OF_SIX: &str = "http://[fd00:ec2::254]";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";
/// It is next to us, or not there at all.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a token is good, in seconds.
const TOKEN: &str = "60";

impl Session<'_> {
    /// Only who says so wants it asked: elsewhere than there a prompt would wait for it in vain.
    pub fn asks_instance(&self) -> bool {
        let variable = self.variable("AWS_EC2_METADATA_DISABLED");
        variable.is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    pub fn of_instance(&self) -> Result<Credentials> {
        let place = server(self.place());
        let url = format!("{place}/latest/api/token");
        let put = near_agent(TIMEOUT).put(&url);
        let put = put.header("x-aws-ec2-metadata-token-ttl-seconds", TOKEN);
        let token = self.answer(&url, move || Ok(put.send_empty()?))?;
        let url = format!("{place}/{ROLES}");
        let roles = self.of_metadata(&url, &token)?;
        let role = roles.as_str().and_then(|roles| roles.lines().next()).map(str::trim);
        let role = role.filter(|role| is_name(role));
        let url = role.map(|role| format!("{url}{role}")).context("the instance has no role")?;
        let read = Credentials::of_json(&self.of_metadata(&url, &token)?);
        read.with_context(|| format!("{}: it gave no credentials", could_not(&url)))
    }

    fn place(&self) -> &str {
        let of_profile = |key| self.profiles.text(&self.profile, key);
        let place = self
            .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            .or_else(|| of_profile("ec2_metadata_service_endpoint"));
        let mode = self
            .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
            .or_else(|| of_profile("ec2_metadata_service_endpoint_mode"));
        let is_six = mode.is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        place.unwrap_or(if is_six { PLACE_OF_SIX } else { PLACE })
    }

    fn of_metadata(&self, url: &str, token: &Secret) -> Result<Secret> {
        let token =
            token.as_str().context("its token is no text").with_context(|| could_not(url))?;
        let get = near_agent(TIMEOUT).get(url).header("x-aws-ec2-metadata-token", token);
        self.answer(url, move || Ok(get.call()?))
    }
}

/// As those of a role are.
fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    !text.is_empty() && text.chars().all(is_letter)
}
