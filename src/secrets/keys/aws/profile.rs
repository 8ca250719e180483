//! `~/.aws/config` and `~/.aws/credentials`, by the rules of AWS's SDK for Go, which sops reads them with.

use crate::env::Env;
use crate::fs::read_regular;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// In bytes.
const LIMIT: u64 = 1 << 20;

type Sections = BTreeMap<String, Section>;
type Section = BTreeMap<String, Property>;

/// What stands behind a key.
#[derive(Default)]
struct Property {
    text: String,
    /// The keys below it, where it has no text: those of a service.
    below: BTreeMap<String, String>,
}

pub struct Profiles {
    config: Sections,
    credentials: Sections,
}

/// As a file has them, all three of one file.
pub struct Keys<'a> {
    pub key: &'a str,
    pub secret: &'a str,
    pub token: Option<&'a str>,
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

    pub fn has(&self, profile: &str) -> bool {
        self.of_both(profile).next().is_some()
    }

    /// A key of a profile; the file of credentials comes first.
    pub fn text(&self, profile: &str, key: &str) -> Option<&str> {
        let mut found = self.of_both(profile).filter_map(|section| section.get(key));
        found.find_map(|property| Some(property.text.as_str()).filter(|text| !text.is_empty()))
    }

    pub fn keys(&self, profile: &str) -> Option<Keys<'_>> {
        self.of_both(profile).find_map(|section| {
            let text =
                |key: &str| Some(section.get(key)?.text.as_str()).filter(|text| !text.is_empty());
            Some(Keys {
                key: text("aws_access_key_id")?,
                secret: text("aws_secret_access_key")?,
                token: text("aws_session_token"),
            })
        })
    }

    /// `endpoint_url` of a service, or of all.
    pub fn endpoint(&self, profile: &str, service: &str) -> Option<String> {
        let is_ignored = self.text(profile, "ignore_configured_endpoint_urls");
        if is_ignored.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return None;
        }
        let of_services = || {
            let services = self.text(profile, "services")?;
            let section = self.config.get(&format!("services {services}"))?;
            section.get(service)?.below.get("endpoint_url").cloned()
        };
        of_services().or_else(|| self.text(profile, "endpoint_url").map(ToString::to_string))
    }

    fn of_both(&self, profile: &str) -> impl Iterator<Item = &Section> {
        let named = self.config.get(&format!("profile {profile}"));
        let of_config = named.or_else(|| self.config.get(profile).filter(|_| profile == "default"));
        self.credentials.get(profile).into_iter().chain(of_config)
    }
}

#[cfg(test)]
impl Profiles {
    pub fn of(config: &str, credentials: &str) -> Self {
        Self { config: parse(config), credentials: parse(credentials) }
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

fn parse(text: &str) -> Sections {
    let mut parser = Parser::default();
    for line in text.lines() {
        let bare = line.trim_matches([' ', '\t']);
        if !bare.is_empty() && !bare.starts_with(['#', ';']) {
            parser.line(line);
        }
    }
    parser.sections
}

#[derive(Default)]
struct Parser {
    sections: Sections,
    /// Empty before the first one, where nothing counts.
    section: String,
    /// The last one of the section.
    key: String,
}

impl Parser {
    fn line(&mut self, line: &str) {
        if let Some(name) = section_name(line) {
            self.key.clear();
            self.sections.entry(name.clone()).or_default();
            self.section = name;
        } else if !line.starts_with([' ', '\t']) {
            if let Some((key, value)) = split(without_comment(line)) {
                self.set(key, unquoted(value).to_string());
            }
        } else if let Some((key, value)) = split(line) {
            self.set_below(key, unquoted(value));
        } else if let Some(property) = self.last().filter(|property| !property.text.is_empty()) {
            property.text.push('\n');
            property.text.push_str(line.trim_start());
        }
    }

    fn set(&mut self, key: String, text: String) {
        if let Some(section) = self.sections.get_mut(&self.section) {
            section.insert(key.clone(), Property { text, below: BTreeMap::new() });
            self.key = key;
        }
    }

    /// Below a key with a text, it is one of the section. A comment is part of what stands below one without.
    fn set_below(&mut self, key: String, value: &str) {
        match self.last() {
            Some(property) if property.text.is_empty() => {
                property.below.insert(key, value.to_string());
            }
            _ => self.set(key, without_comment(value).trim().to_string()),
        }
    }

    fn last(&mut self) -> Option<&mut Property> {
        self.sections.get_mut(&self.section)?.get_mut(&self.key)
    }
}

/// `[profile NAME] # comment`
fn section_name(line: &str) -> Option<String> {
    let bare = line.split(['#', ';']).next().unwrap_or_default().trim();
    let name = bare.strip_prefix('[')?.strip_suffix(']')?.trim();
    Some(match name.split_once([' ', '\t']) {
        Some((kind, name)) => format!("{kind} {}", name.trim_start()),
        None => name.to_string(),
    })
}

/// A comment has a space before it.
fn without_comment(line: &str) -> &str {
    let ends = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| line.find(mark));
    line[..ends.min().unwrap_or(line.len())].trim_end()
}

/// At the first `=` or `:`.
fn split(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once(['=', ':'])?;
    Some((key.trim().to_ascii_lowercase(), value.trim()))
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_services() {
        let config = "[default]\nregion = eu-west-1\n[profile  work]\nservices = local\nrole_arn=arn:aws:iam::1:role/x\n\
             # no\n[services local]\nkms =\n  endpoint_url = http://localhost:1\ns3 =\n  endpoint_url = http://localhost:2\n";
        let profiles = Profiles::of(config, "[work]\naws_access_key_id = A\n");
        assert_eq!(profiles.text("default", "region"), Some("eu-west-1"));
        assert_eq!(profiles.text("work", "aws_access_key_id"), Some("A"));
        assert_eq!(profiles.text("work", "role_arn"), Some("arn:aws:iam::1:role/x"));
        assert_eq!(profiles.endpoint("work", "kms").as_deref(), Some("http://localhost:1"));
        assert_eq!(profiles.endpoint("default", "kms"), None);
    }

    #[track_caller]
    fn check(text: &str, key: &str, wanted: Option<&str>) {
        let profiles = Profiles::of(text, "");
        assert_eq!(profiles.text("p", key), wanted, "{text}");
    }

    #[test]
    fn comments_quotes_and_colons() {
        check("[profile p]\na = b # c\n", "a", Some("b"));
        check("[profile p] ; c\na = b\t; c\n", "a", Some("b"));
        check("[ profile\t p ]\na = b#c\n", "a", Some("b#c"));
        check("[profile p]\nA: \"b c\"\n", "a", Some("b c"));
        check("[profile p]\na : 'b=c'\n", "a", Some("b=c"));
        check("[profile p]\na = http://b:1\n", "a", Some("http://b:1"));
        check("a = b\n[profile p]\n", "a", None);
        check("[profile p]\na = b\n[profile q]\na = c\n", "a", Some("b"));
        check("[profile p]\nx = y\n  a = b # c\n", "a", Some("b"));
        check("[profile p]\na = b\n  c\n", "a", Some("b\nc"));
        check("[profile p]\na =\n  b = c\n", "b", None);
        check("[p]\na = b\n", "a", None);
    }

    #[test]
    fn a_key_and_its_secret_are_of_one_file() {
        let config = "[profile p]\naws_access_key_id=A\naws_secret_access_key=S # s\n";
        let profiles = Profiles::of(config, "[p]\naws_access_key_id=B\n");
        let keys = profiles.keys("p").unwrap();
        assert_eq!((keys.key, keys.secret, keys.token), ("A", "S", None));
    }
}
