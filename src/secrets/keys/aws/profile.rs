//! `~/.aws/config` and `~/.aws/credentials`.

use crate::env::Env;
use crate::fs::read_regular;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// In bytes.
const LIMIT: u64 = 1 << 20;

type Sections = BTreeMap<String, BTreeMap<String, String>>;

pub struct Profiles {
    config: Sections,
    credentials: Sections,
}

impl Profiles {
    pub fn read(env: &Env) -> Result<Self> {
        let file = |variable: &str, name: &str| {
            let named = env.non_empty(variable).map(PathBuf::from);
            named.or_else(|| Some(PathBuf::from(env.non_empty("HOME")?).join(".aws").join(name)))
        };
        Ok(Self {
            config: sections(file("AWS_CONFIG_FILE", "config"))?,
            credentials: sections(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?,
        })
    }

    /// A key of a profile; the file of credentials comes first.
    pub fn text(&self, profile: &str, key: &str) -> Option<&str> {
        let of_credentials = self.credentials.get(profile).and_then(|section| section.get(key));
        let found = of_credentials.or_else(|| self.section(profile)?.get(key));
        found.map(String::as_str)
    }

    /// `endpoint_url` of a service, or of all.
    pub fn endpoint(&self, profile: &str, service: &str) -> Option<String> {
        let of_services = || {
            let services = self.text(profile, "services")?;
            let section = self.config.get(&format!("services {services}"))?;
            section.get(&format!("{service}.endpoint_url")).cloned()
        };
        of_services().or_else(|| self.text(profile, "endpoint_url").map(ToString::to_string))
    }

    fn section(&self, profile: &str) -> Option<&BTreeMap<String, String>> {
        let named = self.config.get(&format!("profile {profile}"));
        named.or_else(|| self.config.get(profile).filter(|_| profile == "default"))
    }
}

fn sections(file: Option<PathBuf>) -> Result<Sections> {
    let Some(file) = file else { return Ok(Sections::new()) };
    match read_regular(&file, LIMIT) {
        Ok(Some(bytes)) => Ok(parse(&String::from_utf8_lossy(&bytes))),
        Ok(None) => bail!("`{}` is larger than {} MiB", file.display(), LIMIT >> 20),
        Err(_) => Ok(Sections::new()),
    }
}

/// Keys below a key are indented, and are named after it: `kms.endpoint_url`.
fn parse(text: &str) -> Sections {
    let mut sections = Sections::new();
    let (mut section, mut above) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.split_whitespace().collect::<Vec<_>>().join(" ");
            above.clear();
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else { continue };
        let (key, value) = (key.trim().to_ascii_lowercase(), plain(value));
        let is_below = line.starts_with([' ', '\t']) && !above.is_empty();
        let name = if is_below { format!("{above}.{key}") } else { key.clone() };
        if !is_below {
            above = if value.is_empty() { key } else { String::new() };
        }
        sections.entry(section.clone()).or_default().insert(name, value.to_string());
    }
    sections
}

/// A value without a comment behind it and quotes around it.
fn plain(value: &str) -> &str {
    let ends = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark));
    let value = value[..ends.min().unwrap_or(value.len())].trim();
    let unquoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    unquoted('"').or_else(|| unquoted('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_services() {
        let config = parse(
            "[default]\nregion = eu-west-1\n[profile  work]\nservices = local\nrole_arn=arn:aws:iam::1:role/x\n\
             # no\n[services local]\nkms =\n  endpoint_url = http://localhost:1\ns3 =\n  endpoint_url = http://localhost:2\n",
        );
        let credentials = parse("[work]\naws_access_key_id = A\n");
        let profiles = Profiles { config, credentials };
        assert_eq!(profiles.text("default", "region"), Some("eu-west-1"));
        assert_eq!(profiles.text("work", "aws_access_key_id"), Some("A"));
        assert_eq!(profiles.text("work", "role_arn"), Some("arn:aws:iam::1:role/x"));
        assert_eq!(profiles.endpoint("work", "kms").as_deref(), Some("http://localhost:1"));
        assert_eq!(profiles.endpoint("default", "kms"), None);
    }

    #[test]
    fn values_may_have_quotes_and_comments() {
        for (line, value) in [
            ("a = x # c", "x"),
            ("a = x\t; c", "x"),
            ("a = x#y;z", "x#y;z"),
            ("a = \"x y\"", "x y"),
            ("a: 'x'", "x"),
            ("a = http://h:1/", "http://h:1/"),
            ("a: http://h:1/?b=c", "http://h:1/?b=c"),
            ("a = # c", ""),
            ("a = \"", "\""),
        ] {
            let sections = parse(&format!("[s]\n{line}\n"));
            assert_eq!(sections["s"]["a"], value, "{line}");
        }
    }
}
