//! Credentials of the container that we run in, from where its host says that they are.

use super::ask::{TIMEOUT, could_not, near_agent};
use super::{Credentials, LIMIT, Session, proxy};
use crate::fs::read_regular;
use crate::secrets::Secret;
use anyhow::{Context as _, Result, bail};
use std::net::ToSocketAddrs as _;
use std::path::Path;
use ureq::http::Uri;

/// Where ECS answers a path.
const ECS: &str = "http://169.254.170.2";
/// Those of ECS and EKS, which a request without encryption reaches within the machine.
const HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

impl Session<'_> {
    /// `None` where no host says anything.
    pub fn of_container(&self) -> Result<Option<Credentials>> {
        let url = match self.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => format!("{ECS}{path}"),
            None => match self.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(url) => url.to_string(),
                None => return Ok(None),
            },
        };
        let token = match self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => {
                let token = read_regular(Path::new(file), LIMIT);
                let token = token.with_context(|| format!("could not read `{file}`"))?;
                Some(Secret::from(token.with_context(|| format!("`{file}` is no token"))?))
            }
            None => self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::from),
        };
        self.of_server(&url, token.as_ref()).map(Some)
    }

    fn of_server(&self, url: &str, token: Option<&Secret>) -> Result<Credentials> {
        let uri: Uri = url.parse().context("the container's host has no address")?;
        // The token must not cross a network that others can read, nor a proxy.
        let (agent, is_encrypted) = match uri.scheme_str() {
            Some("https") => (self.agent(&uri)?, true),
            Some("http") => (near_agent(TIMEOUT), false),
            _ => bail!("the container's host has no address"),
        };
        let mut get = agent.get(&uri).header("accept", "application/json");
        if let Some(token) = token {
            let token = token.as_str().context("the token of the container is no text")?;
            get = get.header("authorization", token);
        }
        let answer = self.answer(url, move || {
            if !is_encrypted && !is_near(&uri) {
                bail!("it is neither of this machine nor encrypted");
            }
            Ok(get.call()?)
        })?;
        let read = Credentials::of_json(&answer);
        read.with_context(|| format!("{}: it gave no credentials", could_not(url)))
    }
}

/// Its name may have to be looked up.
fn is_near(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let is_looked_up_so = || {
        let mut found = (host, 80).to_socket_addrs().ok()?.peekable();
        found.peek()?;
        Some(found.all(|address| address.ip().is_loopback()))
    };
    HOSTS.contains(&host) || proxy::is_loopback(host) || is_looked_up_so().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_nowhere_in_the_clear() {
        let is_near = |url: &str| is_near(&url.parse().unwrap());
        for url in [
            "http://127.0.0.1:1/x",
            "http://127.1.2.3/x",
            "http://[::1]/x",
            "http://localhost:1/x",
            "http://169.254.170.2/v1",
            "http://169.254.170.23/v1",
            "http://[fd00:ec2::23]/v1",
        ] {
            assert!(is_near(url), "{url}");
        }
        for url in
            ["http://169.254.169.254/", "http://192.0.2.1/x", "http://127.0.0.1@192.0.2.1/", "x:1"]
        {
            assert!(!is_near(url), "{url}");
        }
    }
}
