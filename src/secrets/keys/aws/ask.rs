//! Requests to AWS and to the machine, and what they are answered.

use super::{Credentials, LIMIT, Session, proxy, sign};
use crate::authorities;
use crate::fs::read_regular;
use crate::secrets::{Secret, timestamp};
use anyhow::{Context as _, Result, bail, ensure};
use std::path::Path;
use std::time::Duration;
use ureq::config::ConfigBuilder;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body};
use zeroize::Zeroizing;

/// A prompt cannot wait longer for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Of a failure, in bytes.
const NAME_LIMIT: usize = 100;

/// A POST to one of AWS's services.
pub struct Request<'a> {
    pub service: &'static str,
    pub region: &'a str,
    pub url: String,
    pub target: Option<String>,
    pub content_type: &'static str,
    pub body: &'a str,
}

impl Session<'_> {
    /// Sends a request, signed where there are credentials.
    pub fn send(&self, request: &Request<'_>, credentials: Option<&Credentials>) -> Result<Secret> {
        let url = request.url.clone();
        let uri: Uri = url.parse().context("the endpoint is no address")?;
        let agent = self.agent(&uri).with_context(|| could_not(&url))?;
        let mut post = agent.post(&uri).header("content-type", request.content_type);
        if let Some(target) = &request.target {
            post = post.header("x-amz-target", target);
        }
        if let Some(credentials) = credentials {
            let now = timestamp::compact();
            for (name, value) in sign::headers(request, &uri, credentials, &now) {
                post = post.header(name, value);
            }
        }
        let body = Zeroizing::new(request.body.to_string());
        self.answer(&url, move || Ok(post.send(body.as_str())?))
    }

    /// For a server that may be far.
    pub fn agent(&self, uri: &Uri) -> Result<Agent> {
        let config = config(TIMEOUT).proxy(proxy::of(self.search.env, uri)?);
        if uri.scheme_str() != Some("https") {
            return Ok(config.build().new_agent());
        }
        let tls = TlsConfig::builder().root_certs(self.authorities()?).build();
        Ok(config.tls_config(tls).build().new_agent())
    }

    fn authorities(&self) -> Result<RootCerts> {
        let of_profile = || self.profiles.text(&self.profile, "ca_bundle");
        let Some(file) = self.variable("AWS_CA_BUNDLE").or_else(of_profile) else {
            return authorities::of(self.search.env);
        };
        let could_not_read = || format!("could not read certificate authorities from `{file}`");
        let text = read_regular(Path::new(file), LIMIT).with_context(could_not_read)?;
        let found = parse_pem(text.as_deref().unwrap_or_default()).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let found: Vec<Certificate> = found.collect();
        ensure!(!found.is_empty(), "{}: there is none", could_not_read());
        Ok(found.into_iter().into())
    }

    /// What a server answers, where it does what it is asked.
    pub fn answer(
        &self,
        url: &str,
        ask: impl FnOnce() -> Result<Response<Body>> + Send + 'static,
    ) -> Result<Secret> {
        let answered = self.search.watch(&server(url), move || -> Result<_> {
            let mut response = ask()?;
            let answer = response.body_mut().with_config().limit(LIMIT).read_to_vec()?;
            Ok((response.status(), Zeroizing::new(answer)))
        });
        let (status, mut answer) =
            answered.and_then(|answer| answer).with_context(|| could_not(url))?;
        let answer = Secret::from(std::mem::take(&mut *answer));
        if !status.is_success() {
            bail!("{}: {}", could_not(url), failure(&answer, status.as_u16()));
        }
        Ok(answer)
    }
}

pub fn could_not(url: &str) -> String {
    format!("could not ask `{}`", server(url))
}

/// Without what opens its doors: a password, or the path that a container has to itself.
pub fn server(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let server = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    let Some((scheme, authority)) = server else { return "…".to_string() };
    let (_, place) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
    format!("{scheme}://{place}")
}

/// For a server next to us.
pub fn near_agent(timeout: Duration) -> Agent {
    config(timeout).proxy(None).build().new_agent()
}

/// The timeout is of all that is done for one request.
fn config(timeout: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
}

/// The name of what went wrong, from either kind of answer.
fn failure(answer: &Secret, status: u16) -> String {
    let text = answer.as_str().unwrap_or_default();
    let of_json = serde_json::from_str::<serde_json::Value>(text).ok();
    let name = of_json.as_ref().and_then(|json| json["__type"].as_str());
    let of_xml = || Some(text.split_once("<Code>")?.1.split_once('<')?.0);
    let name = name.or_else(of_xml).map(|name| name.rsplit('#').next().unwrap_or(name));
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let name = name.filter(is_name).filter(|name| (1..=NAME_LIMIT).contains(&name.len()));
    name.map_or_else(|| format!("status {status}"), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_what_opens_its_doors() {
        for (url, named) in [
            ("https://kms.eu-west-1.amazonaws.com", "https://kms.eu-west-1.amazonaws.com"),
            ("http://me:word@127.0.0.1:80/v2/credentials/5-6", "http://127.0.0.1:80"),
            ("http://[::1]:80?a=b", "http://[::1]:80"),
            ("http://me:word", "http://me:word"),
            ("me:wo rd@127.0.0.1", "…"),
            ("", "…"),
        ] {
            assert_eq!(server(url), named);
        }
    }
}
