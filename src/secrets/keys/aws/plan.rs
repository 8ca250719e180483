//! What a profile says about where its credentials are, by the rules of AWS's SDK for Go.

use super::profile::{Keys, Profiles};
use super::role::Role;
use anyhow::{Context as _, Result, bail};

/// In seconds. The SDK asks for this where a profile says nothing, or less.
const DURATION: u64 = 900;
/// The ways to credentials, of which a profile has one; keys of its own may be beside it.
const WAYS: [&str; 4] =
    ["source_profile", "credential_source", "credential_process", "web_identity_token_file"];
const SIGN_ON: [&str; 5] =
    ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "login_session"];

/// Where the first credentials are, and the roles that are had with them, each with those before it.
pub struct Plan<'a> {
    pub source: Source<'a>,
    pub roles: Vec<Role<'a>>,
}

pub enum Source<'a> {
    Keys(Keys<'a>),
    Environment,
    Container,
    Instance,
    /// A command that prints them.
    Process(&'a str),
    /// The file of a token, for a role.
    WebIdentity(&'a str, Role<'a>),
    /// What somebody gets who signs on at a browser, in this profile.
    SignOn(&'a str),
    /// Nothing is said: whatever the machine has.
    Machine,
}

impl<'a> Plan<'a> {
    /// Where no profile is.
    pub fn of_machine() -> Self {
        Self { source: Source::Machine, roles: Vec::new() }
    }

    /// Along `source_profile`. A profile that comes again has no role, and no other source than itself.
    pub fn of(profiles: &'a Profiles, first: &'a str) -> Result<Self> {
        let mut plan = Self::of_machine();
        let mut seen = Vec::new();
        let mut name = first;
        loop {
            let profile = Profile::of(profiles, name, seen.contains(&name))?;
            let keys = profile.keys().filter(|_| !seen.is_empty());
            if keys.is_none() {
                profile.check_ways()?;
            }
            if let (None, Some(next)) = (&keys, profile.next) {
                plan.roles.extend(profile.role);
                seen.push(name);
                name = next;
                continue;
            }
            plan.source = profile.source()?;
            if matches!(plan.source, Source::Machine) && !seen.is_empty() {
                bail!("no credentials are in the AWS profile `{name}`");
            }
            if !matches!(plan.source, Source::WebIdentity(..)) {
                plan.roles.extend(profile.role);
            }
            plan.roles.reverse();
            return Ok(plan);
        }
    }
}

struct Profile<'a> {
    profiles: &'a Profiles,
    name: &'a str,
    role: Option<Role<'a>>,
    next: Option<&'a str>,
}

impl<'a> Profile<'a> {
    fn of(profiles: &'a Profiles, name: &'a str, is_known: bool) -> Result<Self> {
        if !profiles.has(name) {
            bail!("the AWS profile `{name}` is in no file");
        }
        let mut profile = Self { profiles, name, role: None, next: None };
        if !is_known {
            profile.role = profile.text("role_arn").map(|arn| profile.role(arn));
            profile.next = profile.text("source_profile");
            let of_role = |way: &&str| *way != "credential_process" && profile.text(way).is_some();
            if let (None, Some(way)) = (profile.role, WAYS.into_iter().find(of_role)) {
                bail!("the AWS profile `{name}` has `{way}` without `role_arn`");
            }
        }
        Ok(profile)
    }

    fn role(&self, arn: &'a str) -> Role<'a> {
        let wanted = self.text("duration_seconds").and_then(|text| text.parse().ok());
        Role {
            session: self.text("role_session_name"),
            external_id: self.text("external_id"),
            duration: wanted.filter(|seconds| *seconds >= DURATION).or(Some(DURATION)),
            device: self.text("mfa_serial"),
            ..Role::new(arn)
        }
    }

    fn check_ways(&self) -> Result<()> {
        let is_said = |way: &&str| match *way {
            "source_profile" => self.next.is_some(),
            way => self.text(way).is_some(),
        };
        let mut ways = WAYS.into_iter().filter(is_said);
        if let (Some(one), Some(other)) = (ways.next(), ways.next()) {
            bail!("the AWS profile `{}` has both `{one}` and `{other}`", self.name);
        }
        Ok(())
    }

    /// Its own, without any other profile.
    fn source(&self) -> Result<Source<'a>> {
        if let Some(keys) = self.keys() {
            return Ok(Source::Keys(keys));
        }
        let name = self.name;
        match self.text("credential_source") {
            None => {}
            Some("Environment") => return Ok(Source::Environment),
            Some("EcsContainer") => return Ok(Source::Container),
            Some("Ec2InstanceMetadata") => return Ok(Source::Instance),
            Some(other) => {
                bail!("the AWS profile `{name}` has a `credential_source` that is none: `{other}`")
            }
        }
        if let Some(file) = self.text("web_identity_token_file") {
            let role = self.role.with_context(|| {
                format!("the AWS profile `{name}` has `web_identity_token_file` without `role_arn`")
            })?;
            let role = Role { session: role.session, ..Role::new(role.arn) };
            return Ok(Source::WebIdentity(file, role));
        }
        Ok(match self.text("credential_process") {
            Some(command) => Source::Process(command),
            None if SIGN_ON.into_iter().any(|key| self.text(key).is_some()) => Source::SignOn(name),
            None => Source::Machine,
        })
    }

    fn keys(&self) -> Option<Keys<'a>> {
        self.profiles.keys(self.name)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.profiles.text(self.name, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "
        [profile keys]
        aws_access_key_id = A
        aws_secret_access_key = S
        [profile process]
        credential_process = print
        [profile nothing]
        [profile environment]
        role_arn = arn:aws:iam::1:role/e
        credential_source = Environment
    ";

    #[track_caller]
    fn check(profile: &str, wanted: &str) {
        let lines = [SOURCES, "[profile p]", profile].join("\n");
        let lines: Vec<&str> = lines.lines().map(str::trim).collect();
        let profiles = Profiles::of(&lines.join("\n"), "");
        let told = match Plan::of(&profiles, "p") {
            Ok(plan) => tell(&plan),
            Err(error) => error.to_string(),
        };
        assert_eq!(told, wanted, "{profile}");
    }

    fn tell(plan: &Plan) -> String {
        let source = match &plan.source {
            Source::Keys(keys) => format!("keys {}", keys.key),
            Source::Environment => "environment".to_string(),
            Source::Container => "container".to_string(),
            Source::Instance => "instance".to_string(),
            Source::Process(command) => format!("process {command}"),
            Source::WebIdentity(file, role) => format!("token {file} for {}", role.arn),
            Source::SignOn(profile) => format!("sign-on {profile}"),
            Source::Machine => "machine".to_string(),
        };
        let role = |role: &Role| format!(", {}", role.arn.trim_start_matches("arn:aws:iam::"));
        source + &plan.roles.iter().map(role).collect::<String>()
    }

    const ROLE: &str = "role_arn = arn:aws:iam::1:role/p\n";

    #[test]
    fn one_way_leads_to_credentials() {
        check("", "machine");
        check("credential_process = x", "process x");
        check("sso_session = x", "sign-on p");
        check("sso_session = x\ncredential_process = x", "process x");
        check(
            "source_profile = keys",
            "the AWS profile `p` has `source_profile` without `role_arn`",
        );
        check(
            &format!("{ROLE}credential_process = x\nsource_profile = keys"),
            "the AWS profile `p` has both `source_profile` and `credential_process`",
        );
        check(&format!("{ROLE}credential_source = Ec2InstanceMetadata"), "instance, 1:role/p");
        check(
            &format!("{ROLE}credential_source = environment"),
            "the AWS profile `p` has a `credential_source` that is none: `environment`",
        );
    }

    #[test]
    fn roles_are_had_in_their_order() {
        let of = |source: &str| format!("{ROLE}source_profile = {source}");
        check(ROLE, "machine, 1:role/p");
        check(&of("keys"), "keys A, 1:role/p");
        check(&of("process"), "process print, 1:role/p");
        check(&of("environment"), "environment, 1:role/e, 1:role/p");
        check(&of("nothing"), "no credentials are in the AWS profile `nothing`");
        check(&of("nowhere"), "the AWS profile `nowhere` is in no file");
        check(&of("p"), "no credentials are in the AWS profile `p`");
        let own = "\naws_access_key_id = O\naws_secret_access_key = S\n";
        check(&(of("p") + own), "keys O, 1:role/p");
        check(&(of("keys") + own), "keys A, 1:role/p");
        let other = "\n[profile q]\nrole_arn = arn:aws:iam::1:role/q\nsource_profile = p";
        check(&(of("q") + other), "no credentials are in the AWS profile `p`");
        check(&(of("q") + own + other), "keys O, 1:role/q, 1:role/p");
        check(&format!("{ROLE}web_identity_token_file = f"), "token f for arn:aws:iam::1:role/p");
    }
}
