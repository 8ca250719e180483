//! `fetchurl`: a file from the network, kept under the hash that it must have.

use crate::authorities;
use crate::digest::hex;
use crate::error::{in_voice, misused};
use crate::gzenv::broken_at;
use crate::host::{Host, Voice};
use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{ErrorKind, IsTerminal as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::tls::TlsConfig;

/// A script larger than this many bytes is something else.
const LIMIT: u64 = 64 << 20;
/// A server that does not answer by then is not there: somebody waits at a prompt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Enough for `LIMIT` at 2 megabits a second; a server that sends a byte now and then must not hold a prompt for good.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// `fetchurl URL` prints the hash of what is there; `fetchurl URL HASH` prints the path of a file with that hash, from
/// the cache if it is there.
pub fn fetchurl(host: &Host, arguments: &[OsString]) -> Result<()> {
    let (url, integrity) = match arguments {
        [url] => (url, None),
        [url, integrity, ..] => (url, Some(Integrity::parse(host, &integrity.to_string_lossy())?)),
        [] => bail!(misused(
            host,
            "missing URL argument",
            "fetch: no address was named",
            "fetchurl URL HASH"
        )),
    };
    let url = url
        .to_str()
        .with_context(|| format!("could not fetch `{}`: it is not text", url.display()))?;
    let cache = host
        .xdg("XDG_CACHE_HOME", ".cache")
        .context("could not find the cache directory: neither `XDG_CACHE_HOME` nor `HOME` is set")?
        .join("direnv/cas");
    match integrity {
        None => tell_hash(host, &cache, url),
        Some(integrity) => tell_path(host, &cache, url, &integrity),
    }
}

fn tell_hash(host: &Host, cache: &Path, url: &str) -> Result<()> {
    let bytes = fetch(host, url)?;
    let integrity = Integrity::of(Algorithm::Sha256, &bytes);
    keep(&integrity.path(cache), &bytes)?;
    if !std::io::stdout().is_terminal() {
        return host.print_line(integrity.to_string());
    }
    host.print_line(format!(
        "Found hash: {integrity}\n\nInvoke fetchurl again with the hash as an argument to get the path:\n\n    \
         {} fetchurl \"{url}\" \"{integrity}\"",
        host.voice.name()
    ))
}

fn tell_path(host: &Host, cache: &Path, url: &str, integrity: &Integrity) -> Result<()> {
    let path = integrity.path(cache);
    // What is cached may have been changed since, or be half of what a full disk took.
    let cached = crate::fs::read_regular(&path, LIMIT).ok().flatten();
    if cached.is_none_or(|bytes| Integrity::of(integrity.algorithm, &bytes) != *integrity) {
        let bytes = fetch(host, url)?;
        let found = Integrity::of(integrity.algorithm, &bytes);
        if found != *integrity {
            let theirs = format!("hash mismatch. Expected '{integrity}' but got '{found}'");
            let ours = anyhow!("could not trust `{url}`: its hash is `{found}`, not `{integrity}`");
            bail!(in_voice(host, theirs, ours));
        }
        keep(&path, &bytes)?;
    }
    host.print_line(path.as_os_str().as_encoded_bytes())
}

/// A hash in the notation of browsers: `sha256-` and base64. Some tools write `_` for `/`, so that it can name a file.
#[derive(PartialEq, Eq)]
struct Integrity {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

impl Integrity {
    fn parse(host: &Host, text: &str) -> Result<Self> {
        let refuse = || format!("could not read the hash `{text}`");
        let parts = text.split_once('-');
        let (name, digest) = parts.unwrap_or((text, ""));
        let known = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        let known = known.filter(|_| parts.is_some());
        let algorithm = known.ok_or_else(|| {
            let theirs = match parts {
                Some(_) => format!("sri: unsupported algo {name}"),
                None => format!("sri: not a hash {text}"),
            };
            let why = "it does not begin with `sha256-`, `sha384-` or `sha512-`";
            in_voice(host, theirs, anyhow!("{}: {why}", refuse()))
        })?;
        let digest = digest.replace('_', "/");
        let digest = STANDARD.decode(&digest).map_err(|error| {
            let at = broken_at(digest.as_bytes(), &error);
            let theirs = format!("illegal base64 data at input byte {at}");
            in_voice(host, theirs, Error::new(error).context(refuse()))
        })?;
        let (found, needed) = (digest.len(), algorithm.digest_length());
        // direnv takes it for the hash of something else.
        if host.voice == Voice::Envr {
            ensure!(found == needed, "{}: it has {found} bytes, {name} has {needed}", refuse());
        }
        Ok(Self { algorithm, digest })
    }

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self { algorithm, digest: algorithm.digest(bytes) }
    }

    fn path(&self, cache: &Path) -> PathBuf {
        cache.join(hex(&self.digest))
    }
}

impl std::fmt::Display for Integrity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.algorithm.name(), STANDARD.encode(&self.digest))
    }
}

/// What nobody can make a second file for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// In bytes.
    fn digest_length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

fn fetch(host: &Host, url: &str) -> Result<Vec<u8>> {
    let tls = TlsConfig::builder().root_certs(authorities::of(&host.env)?).build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(WHOLE_TIMEOUT));
    let fetched = config.build().new_agent().get(url).call();
    fetched
        .and_then(|response| response.into_body().into_with_config().limit(LIMIT).read_to_vec())
        .map_err(|error| {
            let theirs = match &error {
                ureq::Error::StatusCode(code) => format!("expected status code 200 but got {code}"),
                ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                    format!("Get \"{url}\": unsupported protocol scheme \"{}\"", scheme(url))
                }
                ureq::Error::Io(error) => {
                    let why = crate::ui::plain(error);
                    match (error.kind(), address(url)) {
                        (ErrorKind::ConnectionRefused, Some(address)) => {
                            format!("Get \"{url}\": dial tcp {address}: connect: {why}")
                        }
                        _ => format!("Get \"{url}\": {why}"),
                    }
                }
                error => format!("Get \"{url}\": {error}"),
            };
            in_voice(host, theirs, Error::new(error).context(format!("could not fetch `{url}`")))
        })
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// Where a server was looked for, if the URL names it by its number.
fn address(url: &str) -> Option<SocketAddr> {
    let (host, _) = url.split_once("://")?.1.split_once('/').unwrap_or((url, ""));
    host.parse().ok()
}

fn keep(path: &Path, bytes: &[u8]) -> Result<()> {
    crate::fs::write_atomic(path, bytes)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o500))
        .with_context(|| format!("could not protect `{}`", path.display()))
}
