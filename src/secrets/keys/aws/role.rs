//! A role that STS lends credentials of, and what it is asked for it.

use anyhow::{Result, bail};
use rustix::system::uname;
use std::fmt::Write as _;

/// No name of a session is longer, in bytes.
const NAME_LIMIT: usize = 64;

#[derive(Clone, Copy)]
pub struct Role<'a> {
    pub arn: &'a str,
    pub session: Option<&'a str>,
    pub external_id: Option<&'a str>,
    /// In seconds.
    pub duration: Option<u64>,
    /// The device whose code is wanted.
    pub device: Option<&'a str>,
}

impl<'a> Role<'a> {
    pub fn new(arn: &'a str) -> Self {
        Self { arn, session: None, external_id: None, duration: None, device: None }
    }

    /// The body of a request for it, as a form.
    pub fn form(&self, action: &str) -> Result<String> {
        if !self.arn.starts_with("arn:aws") {
            bail!("the role `{}` is no ARN", self.arn);
        }
        let session = self.session.map_or_else(session_name, ToString::to_string);
        let mut form = format!(
            "Action={action}&RoleArn={}&RoleSessionName={}&Version=2011-06-15",
            escape_query(self.arn),
            escape_query(&session)
        );
        if let Some(id) = self.external_id {
            _ = write!(form, "&ExternalId={}", escape_query(id));
        }
        if let Some(seconds) = self.duration {
            _ = write!(form, "&DurationSeconds={seconds}");
        }
        Ok(form)
    }
}

/// As sops names its own.
fn session_name() -> String {
    session_of(&uname().nodename().to_string_lossy())
}

fn session_of(host: &str) -> String {
    let is_allowed = |letter: &char| letter.is_ascii_alphanumeric() || "=,.@-".contains(*letter);
    "sops@".chars().chain(host.chars().filter(is_allowed)).take(NAME_LIMIT).collect()
}

/// Text as a value in a form.
pub fn escape_query(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_name_that_sts_takes() {
        assert_eq!(session_of("build-7.example"), "sops@build-7.example");
        assert_eq!(session_of("my_höst 1"), "sops@myhst1");
        assert_eq!(session_of(&"x".repeat(100)).len(), 64);
    }
}
