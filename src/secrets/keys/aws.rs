//! AWS as its own programs see it: profiles, credentials, endpoints, and requests that are signed.

mod profile;
mod sign;

use super::Search;
use crate::fs::read_regular;
use crate::secrets::{Secret, timestamp};
use anyhow::{Context as _, Result, bail};
use profile::Profiles;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;
use zeroize::Zeroizing;

pub use sign::escape_query;

/// A prompt cannot wait longer for an answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// No answer is larger than this many bytes.
const LIMIT: u64 = 1 << 20;
/// Profiles that name each other.
const DEPTH_LIMIT: usize = 5;

#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: Secret,
    token: Option<Secret>,
}

/// One user's configuration, as it is for one recipient.
pub struct Session<'a> {
    search: &'a Search<'a>,
    profiles: Profiles,
    profile: String,
    /// The recipient or `AWS_PROFILE` names it: it comes before the variables of keys.
    is_recipients: bool,
}

/// What a `credential_process` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl<'a> Session<'a> {
    pub fn new(search: &'a Search<'a>, profile: &str) -> Result<Self> {
        let env = search.env;
        let of_env = || {
            let name =
                env.non_empty("AWS_PROFILE").or_else(|| env.non_empty("AWS_DEFAULT_PROFILE"));
            name.map_or_else(|| "default".to_string(), |name| name.to_string_lossy().into_owned())
        };
        let is_recipients = !profile.is_empty();
        let profile = if is_recipients { profile.to_string() } else { of_env() };
        Ok(Self { search, profiles: Profiles::read(env)?, profile, is_recipients })
    }

    pub fn credentials(&self, region: &str, domain: &str) -> Result<Credentials> {
        if !self.is_recipients {
            if let Some(credentials) = self.of_variables() {
                return Ok(credentials);
            }
            let [file, role] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"]
                .map(|name| self.search.env.non_empty(name).and_then(|value| value.to_str()));
            if let (Some(file), Some(role)) = (file, role) {
                return self.of_web_identity(file, role, region, domain);
            }
        }
        self.of_profile(&self.profile, region, domain, 0)
    }

    fn of_variables(&self) -> Option<Credentials> {
        let text = |name: &str| Some(self.search.env.non_empty(name)?.to_str()?.to_string());
        Some(Credentials {
            key: text("AWS_ACCESS_KEY_ID")?,
            secret: text("AWS_SECRET_ACCESS_KEY")?.into(),
            token: text("AWS_SESSION_TOKEN").map(Secret::from),
        })
    }

    fn of_profile(
        &self,
        name: &str,
        region: &str,
        domain: &str,
        depth: usize,
    ) -> Result<Credentials> {
        if depth > DEPTH_LIMIT {
            bail!("the AWS profile `{name}` leads to itself");
        }
        let text = |key: &str| self.profiles.text(name, key);
        if let (Some(role), Some(file)) = (text("role_arn"), text("web_identity_token_file")) {
            return self.of_web_identity(file, role, region, domain);
        }
        if let (Some(role), Some(source)) = (text("role_arn"), text("source_profile")) {
            let credentials = if source == name {
                self.of_keys(name)
            } else {
                self.of_profile(source, region, domain, depth + 1).map(Some)
            };
            let credentials = credentials?.context("the source of the AWS profile has no keys")?;
            let options = self.role_options(name);
            return self.assume(&credentials, role, &options, [region, domain]);
        }
        if let Some(credentials) = self.of_keys(name)? {
            return Ok(credentials);
        }
        match text("credential_process") {
            Some(command) => self.of_process(command),
            None => bail!("no AWS credentials are in the environment or the profile `{name}`"),
        }
    }

    fn of_keys(&self, name: &str) -> Result<Option<Credentials>> {
        let text = |key: &str| self.profiles.text(name, key);
        let keys = text("aws_access_key_id").zip(text("aws_secret_access_key"));
        Ok(keys.map(|(key, secret)| Credentials {
            key: key.to_string(),
            secret: secret.into(),
            token: text("aws_session_token").map(Secret::from),
        }))
    }

    fn of_process(&self, command: &str) -> Result<Credentials> {
        // As all of AWS's own programs run it.
        let printed = self.search.run("sh".as_ref(), &["-c", command], b"")?;
        let printed: Printed = serde_json::from_slice(printed.bytes())
            .ok()
            .context("`credential_process` printed no credentials")?;
        Ok(Credentials {
            key: printed.access_key_id,
            secret: printed.secret_access_key.into(),
            token: printed.session_token.map(Secret::from),
        })
    }

    fn of_web_identity(
        &self,
        file: &str,
        role: &str,
        region: &str,
        domain: &str,
    ) -> Result<Credentials> {
        let token = read_regular(Path::new(file), LIMIT)
            .with_context(|| format!("could not read `{file}`"))?
            .map(Secret::from);
        let token =
            token.as_ref().and_then(Secret::as_str).context("the web identity is no text")?;
        let body = Secret::from(format!(
            "Action=AssumeRoleWithWebIdentity&RoleArn={}&RoleSessionName=sops&Version=2011-06-15&WebIdentityToken={}",
            escape_query(role),
            escape_query(token.trim())
        ));
        let request = self.sts(region, domain, body.as_str().unwrap_or_default());
        Credentials::of_sts(&self.send(&request, None)?)
    }

    pub fn role_of(
        &self,
        credentials: &Credentials,
        role: &str,
        region: &str,
        domain: &str,
    ) -> Result<Credentials> {
        let options = BTreeMap::from([("RoleSessionName", "sops".to_string())]);
        self.assume(credentials, role, &options, [region, domain])
    }

    /// What a profile says about how its role is to be had, by the names of STS.
    fn role_options(&self, profile: &str) -> BTreeMap<&'static str, String> {
        let named = [
            ("DurationSeconds", "duration_seconds"),
            ("ExternalId", "external_id"),
            ("RoleSessionName", "role_session_name"),
        ];
        let mut options = BTreeMap::from([("RoleSessionName", "sops".to_string())]);
        for (name, key) in named {
            if let Some(text) = self.profiles.text(profile, key).filter(|text| !text.is_empty()) {
                options.insert(name, text.to_string());
            }
        }
        options
    }

    fn assume(
        &self,
        credentials: &Credentials,
        role: &str,
        options: &BTreeMap<&str, String>,
        [region, domain]: [&str; 2],
    ) -> Result<Credentials> {
        if !role.starts_with("arn:aws") {
            bail!("the role `{role}` is no ARN");
        }
        let mut body = format!("Action=AssumeRole&RoleArn={}", escape_query(role));
        for (name, text) in options {
            body.extend(["&", name, "=", &escape_query(text)]);
        }
        body.push_str("&Version=2011-06-15");
        Credentials::of_sts(&self.send(&self.sts(region, domain, &body), Some(credentials))?)
    }

    fn sts<'r>(&self, region: &'r str, domain: &str, body: &'r str) -> Request<'r> {
        Request {
            service: "sts",
            region,
            url: self.endpoint("STS", &format!("sts.{region}.{domain}")),
            target: None,
            content_type: "application/x-www-form-urlencoded; charset=utf-8",
            body,
        }
    }

    /// Sends a request, signed where there are credentials.
    pub fn send(&self, request: &Request<'_>, credentials: Option<&Credentials>) -> Result<Secret> {
        let url = request.url.trim_end_matches('/').to_string();
        let could_not = || format!("could not ask `{url}`");
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        let mut post = Agent::new_with_config(config)
            .post(format!("{url}/"))
            .header("content-type", request.content_type);
        if let Some(target) = &request.target {
            post = post.header("x-amz-target", target);
        }
        if let Some(credentials) = credentials {
            let now = timestamp::compact();
            let headers = sign::headers(request, credentials, &now).with_context(could_not)?;
            for (name, value) in headers {
                post = post.header(name, value);
            }
        }
        let body = Zeroizing::new(request.body.to_string());
        let answered = self.search.watch(&url, move || -> Result<_, ureq::Error> {
            let mut response = post.send(body.as_str())?;
            let answer = response.body_mut().with_config().limit(LIMIT).read_to_vec()?;
            Ok((response.status(), Zeroizing::new(answer)))
        });
        let (status, mut answer) =
            answered.and_then(|answer| Ok(answer?)).with_context(could_not)?;
        let answer = Secret::from(std::mem::take(&mut *answer));
        if !status.is_success() {
            bail!("{}: {}", could_not(), failure(&answer, status.as_u16()));
        }
        Ok(answer)
    }

    /// Where the user wants a service's requests to go.
    pub fn endpoint(&self, service: &str, host: &str) -> String {
        let ignores = self.search.env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        if ignores.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return format!("https://{host}");
        }
        let variable = |name: &str| Some(self.search.env.non_empty(name)?.to_str()?.to_string());
        variable(&format!("AWS_ENDPOINT_URL_{service}"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| self.profiles.endpoint(&self.profile, &service.to_ascii_lowercase()))
            .unwrap_or_else(|| format!("https://{host}"))
    }
}

impl Credentials {
    /// Reads STS's answer.
    fn of_sts(answer: &Secret) -> Result<Self> {
        let text = answer.as_str().unwrap_or_default();
        let field = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.trim().to_string())
        };
        let all = (field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken"));
        let (Some(key), Some(secret), Some(token)) = all else {
            bail!("STS gave no credentials");
        };
        Ok(Self { key, secret: secret.into(), token: Some(token.into()) })
    }
}

/// A POST to one of AWS's services.
pub struct Request<'a> {
    pub service: &'static str,
    pub region: &'a str,
    pub url: String,
    pub target: Option<String>,
    pub content_type: &'static str,
    pub body: &'a str,
}

/// The name of what went wrong, from either kind of answer.
fn failure(answer: &Secret, status: u16) -> String {
    let text = answer.as_str().unwrap_or_default();
    let of_json = serde_json::from_str::<serde_json::Value>(text).ok();
    let name = of_json.as_ref().and_then(|json| json["__type"].as_str());
    let of_xml = || Some(text.split_once("<Code>")?.1.split_once('<')?.0);
    let name = name.or_else(of_xml).map(|name| name.rsplit('#').next().unwrap_or(name));
    name.map_or_else(|| format!("status {status}"), ToString::to_string)
}
