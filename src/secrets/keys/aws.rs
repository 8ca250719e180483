//! AWS as its own programs see it: where credentials are looked for, in which order, and how they are had.

mod ask;
mod container;
mod endpoint;
mod instance;
mod plan;
mod profile;
mod proxy;
mod role;
mod sign;

use super::Search;
use super::kms::Arn;
use crate::fs::read_regular;
use crate::secrets::Secret;
use anyhow::{Context as _, Result, bail};
use plan::{Plan, Source};
use profile::Profiles;
use role::escape_query;
use serde::Deserialize;
use std::path::Path;

pub use ask::Request;
pub use role::Role;

/// No answer, and no file of a token, is larger than this many bytes.
const LIMIT: u64 = 1 << 20;

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
    chooser: Chooser,
    region: &'a str,
    partition: &'a str,
}

/// Who wants this profile.
#[derive(Clone, Copy, PartialEq)]
enum Chooser {
    /// It comes before the variables of keys, and must be there.
    Recipient,
    /// It must be there.
    User,
    Nobody,
}

impl<'a> Session<'a> {
    pub fn new(search: &'a Search<'a>, profile: &'a str, arn: &Arn<'a>) -> Result<Self> {
        let variable = |name| search.env.non_empty(name)?.to_str();
        let (profile, chooser) = match variable("AWS_PROFILE") {
            _ if !profile.is_empty() => (profile, Chooser::Recipient),
            Some(profile) => (profile, Chooser::User),
            None => (variable("AWS_DEFAULT_PROFILE").unwrap_or("default"), Chooser::Nobody),
        };
        Ok(Self {
            search,
            profiles: Profiles::read(search.env)?,
            profile: profile.to_string(),
            chooser,
            region: arn.region,
            partition: arn.partition,
        })
    }

    /// What a profile says must make sense even where other credentials come first.
    pub fn credentials(&self) -> Result<Credentials> {
        let plan = match self.chooser {
            Chooser::Nobody if !self.profiles.has(&self.profile) => Plan::of_machine(),
            _ => Plan::of(&self.profiles, &self.profile)?,
        };
        if self.chooser != Chooser::Recipient
            && let Some(credentials) = self.of_environment()?
        {
            return Ok(credentials);
        }
        let first = self.of_source(&plan.source)?;
        plan.roles.iter().try_fold(first, |credentials, role| self.of_role(role, &credentials))
    }

    fn of_environment(&self) -> Result<Option<Credentials>> {
        if let Some(credentials) = self.of_variables() {
            return Ok(Some(credentials));
        }
        let Some(file) = self.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
        let role = self.variable("AWS_ROLE_ARN");
        let role = role.context("`AWS_WEB_IDENTITY_TOKEN_FILE` is there without `AWS_ROLE_ARN`")?;
        let session = self.variable("AWS_ROLE_SESSION_NAME");
        self.of_web_identity(file, &Role { session, ..Role::new(role) }).map(Some)
    }

    fn of_variables(&self) -> Option<Credentials> {
        let either = |name, other| self.variable(name).or_else(|| self.variable(other));
        Some(Credentials {
            key: either("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY")?.to_string(),
            secret: either("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")?.into(),
            token: self.variable("AWS_SESSION_TOKEN").map(Secret::from),
        })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.search.env.non_empty(name)?.to_str()
    }

    fn of_source(&self, source: &Source) -> Result<Credentials> {
        let name = &self.profile;
        let found = match source {
            Source::Keys(keys) => Some(Credentials {
                key: keys.key.to_string(),
                secret: keys.secret.into(),
                token: keys.token.map(Secret::from),
            }),
            Source::Environment => self.of_variables(),
            Source::Container => self.of_container()?,
            Source::Instance if self.asks_instance() => Some(self.of_instance()?),
            Source::Instance => bail!(
                "the AWS profile `{name}` wants the metadata of the instance, which is asked where \
                 `AWS_EC2_METADATA_DISABLED` is `false`"
            ),
            Source::Process(command) => Some(self.of_process(command)?),
            Source::WebIdentity(file, role) => Some(self.of_web_identity(file, role)?),
            Source::SignOn(profile) => bail!(
                "the AWS profile `{profile}` has single sign-on, which its `credential_process = aws configure \
                 export-credentials --profile {profile}` knows"
            ),
            Source::Machine => match self.of_container()? {
                None if self.asks_instance() => Some(self.of_instance()?),
                found => found,
            },
        };
        found.with_context(|| {
            format!("no AWS credentials are in the environment or the profile `{name}`")
        })
    }

    /// A shell runs it, as AWS's programs have it.
    fn of_process(&self, command: &str) -> Result<Credentials> {
        let printed = self.search.run("sh".as_ref(), &["-c", command], b"");
        let printed = printed.context("`credential_process`")?;
        Credentials::of_process(&printed).context("`credential_process` printed no credentials")
    }

    fn of_web_identity(&self, file: &str, role: &Role<'_>) -> Result<Credentials> {
        let token = read_regular(Path::new(file), LIMIT)
            .with_context(|| format!("could not read `{file}`"))?
            .map(Secret::from);
        let token =
            token.as_ref().and_then(Secret::as_str).context("the web identity is no text")?;
        let body = Secret::from(format!(
            "{}&WebIdentityToken={}",
            role.form("AssumeRoleWithWebIdentity")?,
            escape_query(token.trim())
        ));
        let request = self.sts(body.as_str().unwrap_or_default());
        Credentials::of_sts(&self.send(&request, None)?)
    }

    pub fn of_role(&self, role: &Role<'_>, credentials: &Credentials) -> Result<Credentials> {
        if let Some(device) = role.device {
            bail!("the role `{}` wants a code of `{device}`, for which nobody is asked", role.arn);
        }
        let body = role.form("AssumeRole")?;
        Credentials::of_sts(&self.send(&self.sts(&body), Some(credentials))?)
    }

    fn sts<'r>(&'r self, body: &'r str) -> Request<'r> {
        Request {
            service: "sts",
            region: self.region,
            url: self.endpoint("sts"),
            target: None,
            content_type: "application/x-www-form-urlencoded; charset=utf-8",
            body,
        }
    }
}

/// What a `credential_process` prints, and what a container's host or an instance's metadata answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    version: Option<u32>,
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "SessionToken")]
    token: Option<String>,
}

impl Credentials {
    fn of_json(text: &Secret) -> Option<Self> {
        Self::of_told(serde_json::from_slice(text.bytes()).ok()?)
    }

    /// Of the only version that there is.
    fn of_process(printed: &Secret) -> Option<Self> {
        let told: Told = serde_json::from_slice(printed.bytes()).ok()?;
        let is_known = told.version == Some(1);
        Self::of_told(told).filter(|_| is_known)
    }

    fn of_told(told: Told) -> Option<Self> {
        let key = told.access_key_id;
        let secret = Secret::from(told.secret_access_key);
        let token = told.token.filter(|token| !token.is_empty()).map(Secret::from);
        let is_whole = !key.is_empty() && !secret.is_empty();
        is_whole.then_some(Self { key, secret, token })
    }

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
