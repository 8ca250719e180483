//! Requests to AWS and to the machine, and what they are answered.

use super::{Credentials, LIMIT, Session, proxy, sign};
use crate::secrets::{Secret, timestamp};
use anyhow::{Context as _, Result, bail};
use std::time::Duration;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, Proxy};
use zeroize::Zeroizing;

/// A prompt cannot wait longer for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(15);

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
        let url = request.url.trim_end_matches('/').to_string();
        let uri: Uri = url.parse().context("the endpoint is no address")?;
        let proxy = proxy::of(self.search.env, &uri).with_context(|| could_not(&url))?;
        let post = agent(proxy, TIMEOUT).post(format!("{url}/"));
        let mut post = post.header("content-type", request.content_type);
        if let Some(target) = &request.target {
            post = post.header("x-amz-target", target);
        }
        if let Some(credentials) = credentials {
            let now = timestamp::compact();
            let headers = sign::headers(request, credentials, &now);
            for (name, value) in headers.with_context(|| could_not(&url))? {
                post = post.header(name, value);
            }
        }
        let body = Zeroizing::new(request.body.to_string());
        self.answer(&url, move || Ok(post.send(body.as_str())?))
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

    /// Where the user wants a service's requests to go.
    pub fn endpoint(&self, service: &str, host: &str) -> String {
        let ignores = self.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        if ignores.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return format!("https://{host}");
        }
        let variable = |name: &str| self.variable(name).map(ToString::to_string);
        variable(&format!("AWS_ENDPOINT_URL_{service}"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| self.profiles.endpoint(&self.profile, &service.to_ascii_lowercase()))
            .unwrap_or_else(|| format!("https://{host}"))
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

/// The timeout is of all that it does for one request.
pub fn agent(proxy: Option<Proxy>, timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .proxy(proxy)
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .build();
    Agent::new_with_config(config)
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
