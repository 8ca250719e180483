//! Version 4 of AWS's signatures, for a POST.

use super::{Credentials, Request};
use crate::digest::hex;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use zeroize::Zeroizing;

/// The headers to add; `now` is `YYYYMMDDTHHMMSSZ`.
pub fn headers(
    request: &Request<'_>,
    uri: &Uri,
    credentials: &Credentials,
    now: &str,
) -> Vec<(&'static str, String)> {
    let Request { service, region, .. } = request;
    let place = uri.authority().map_or("", Authority::as_str);
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let mut signed = vec![("content-type", request.content_type.to_string())];
    signed.push(("host", host.to_string()));
    signed.push(("x-amz-date", now.to_string()));
    if let Some(token) = &credentials.token {
        signed.push(("x-amz-security-token", token.as_str().unwrap_or_default().to_string()));
    }
    if let Some(target) = &request.target {
        signed.push(("x-amz-target", target.clone()));
    }
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("POST\n{}\n\n", uri.path());
    for (name, value) in &signed {
        _ = writeln!(canonical, "{name}:{value}");
    }
    _ = write!(canonical, "\n{names}\n{}", hex(&Sha256::digest(request.body)));

    let date = &now[..8];
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let digest = hex(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}");
    let mut key = Zeroizing::new([b"AWS4", credentials.secret.bytes()].concat());
    for part in [date, region, service, "aws4_request"] {
        key = Zeroizing::new(code(&key, part));
    }
    let signature = hex(&code(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.key
    );
    let is_ours = |name: &str| !matches!(name, "content-type" | "host" | "x-amz-target");
    let mut headers: Vec<(&'static str, String)> =
        signed.into_iter().filter(|(name, _)| is_ours(name)).collect();
    headers.push(("authorization", authorization));
    headers
}

fn code(key: &[u8], text: &str) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    code.update(text.as_bytes());
    code.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of AWS's documentation, and a signature that botocore made of the same request.
    #[test]
    fn a_signature_is_what_others_make() {
        let credentials = Credentials {
            key: "AKIDEXAMPLE".to_string(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            token: Some("token".into()),
        };
        let request = Request {
            service: "kms",
            region: "eu-west-1",
            url: "https://kms.eu-west-1.amazonaws.com".to_string(),
            target: Some("TrentService.Decrypt".to_string()),
            content_type: "application/x-amz-json-1.1",
            body: "{}",
        };
        for (url, signature) in [
            (&*request.url, "8fd6551e6baa587e88f887a2d3e7c0f49c6cb2fa0766633652588fa3c830b2db"),
            (
                "https://kms.eu-west-1.amazonaws.com/some/where",
                "6562ece24e5557f3a1caad37288a40fd2c67dc269929f05d7300dc11d8f34cdd",
            ),
        ] {
            let headers =
                headers(&request, &url.parse().unwrap(), &credentials, "20260102T030405Z");
            assert_eq!(headers.last().unwrap().1, format!("{SIGNED}{signature}"));
        }
    }

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
}
