//! Which proxy a request goes through, by the variables that programs in Go heed.

use crate::env::Env;
use anyhow::{Context as _, Result};
use std::net::IpAddr;
use ureq::Proxy;
use ureq::http::Uri;

/// `None` for one that goes straight to its server, as it always does within the machine.
pub fn of(env: &Env, uri: &Uri) -> Result<Option<Proxy>> {
    let host = uri.host().unwrap_or_default();
    let either =
        |names: [&str; 2]| names.into_iter().find_map(|name| env.non_empty(name)?.to_str());
    let proxy = match uri.scheme_str() {
        Some("https") => either(["HTTPS_PROXY", "https_proxy"]),
        _ => either(["HTTP_PROXY", "http_proxy"]),
    };
    let direct = either(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let is_direct = is_loopback(host) || direct.split(',').any(|entry| covers(entry.trim(), host));
    proxy
        .filter(|_| !is_direct)
        // It may have a password, which the error shows not.
        .map(|proxy| Proxy::new(proxy).context("the proxy is no address"))
        .transpose()
}

/// Without a question to any name server.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// `*`, a host, a domain with its hosts, or with a dot or `*.` before it those alone.
fn covers(entry: &str, host: &str) -> bool {
    let (entry, host) = (entry.to_ascii_lowercase(), host.to_ascii_lowercase());
    let domain = entry.trim_start_matches('*');
    match domain.strip_prefix('.') {
        _ if entry == "*" => true,
        Some(_) => host.ends_with(domain),
        None => {
            let before = host.strip_suffix(domain).filter(|_| !domain.is_empty());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], url: &str, wanted: Option<&str>) {
        let env = variables.iter().copied().collect();
        let proxy = of(&env, &url.parse().unwrap()).unwrap();
        assert_eq!(proxy.as_ref().map(Proxy::host), wanted, "{variables:?} {url}");
    }

    #[test]
    fn variables_name_a_proxy_for_what_is_far() {
        let kms = "https://kms.eu-west-1.amazonaws.com";
        let both = [("HTTPS_PROXY", "http://one:1"), ("http_proxy", "two:2")];
        check(&[], kms, None);
        check(&both, kms, Some("one"));
        check(&both, "http://kms.example", Some("two"));
        for near in ["http://127.0.0.1:1", "https://localhost:1/x", "http://[::1]:1"] {
            check(&both, near, None);
        }
        check(&[("ALL_PROXY", "one:1")], kms, None);
        for (direct, wanted) in [
            ("*", None),
            ("amazonaws.com", None),
            (".amazonaws.com", None),
            ("*.amazonaws.com", None),
            ("x, kms.eu-west-1.AMAZONAWS.com", None),
            ("zonaws.com", Some("one")),
            (".kms.eu-west-1.amazonaws.com", Some("one")),
            ("", Some("one")),
        ] {
            check(&[both[0], ("NO_PROXY", direct)], kms, wanted);
        }
        assert!(
            of(&Env::from_iter([("HTTPS_PROXY", "http://u:p w@x")]), &kms.parse().unwrap())
                .is_err()
        );
    }
}
