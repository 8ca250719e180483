//! `fetchurl`: a file from the network, kept under the hash that it must have.

use crate::digest::hex;
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A script larger than this many bytes is something else.
const LIMIT: u64 = 64 << 20;

/// `fetchurl URL` prints the hash of what is there; `fetchurl URL HASH` prints the path of a file with that hash, from
/// the cache if it is there.
pub fn fetchurl(host: &Host, arguments: &[OsString]) -> Result<()> {
    let (url, integrity) = match arguments {
        [url] => (url, None),
        [url, integrity] => (url, Some(Integrity::parse(&integrity.to_string_lossy())?)),
        _ => bail!("which address? Type `fetchurl URL [HASH]`"),
    };
    let url = url.to_str().context("the address is not text")?;
    let cache = host
        .xdg("XDG_CACHE_HOME", ".cache")
        .context("could not find the cache directory: neither `XDG_CACHE_HOME` nor `HOME` is set")?
        .join("direnv/cas");
    let Some(integrity) = integrity else {
        let bytes = fetch(url)?;
        keep(&cache, &Integrity::sha256(&bytes), &bytes)?;
        let hash = Integrity::sha256(&bytes).to_string();
        let say = format!(
            "Found hash: {hash}\n\nInvoke fetchurl again with the hash as an argument to get the path:\n\n"
        );
        let again = format!("    {} fetchurl \"{url}\" \"{hash}\"", host.voice.name());
        let is_for_a_person = rustix::termios::isatty(std::io::stdout());
        host.print_line(if is_for_a_person { say + &again } else { hash })?;
        return Ok(());
    };
    let path = integrity.path(&cache);
    if !path.exists() {
        let bytes = fetch(url)?;
        let found = integrity.of(&bytes);
        if found != integrity {
            bail!("could not trust `{url}`: its hash is `{found}`, not `{integrity}`");
        }
        keep(&cache, &integrity, &bytes)?;
    }
    host.print_line(path.as_os_str().as_encoded_bytes())?;
    Ok(())
}

/// A hash in the notation of browsers: `sha256-` and base64. Some tools write `_` for `/`, so that it can name a file.
#[derive(PartialEq, Eq)]
struct Integrity {
    algorithm: &'static str,
    digest: Vec<u8>,
}

impl Integrity {
    fn parse(text: &str) -> Result<Self> {
        let (algorithm, digest) =
            text.split_once('-').with_context(|| format!("`{text}` is not a hash"))?;
        let Some(algorithm) =
            ["sha256", "sha384", "sha512"].into_iter().find(|known| *known == algorithm)
        else {
            bail!("`{algorithm}` is not a hash that can be trusted: use sha256, sha384 or sha512");
        };
        let digest = STANDARD
            .decode(digest.replace('_', "/"))
            .with_context(|| format!("`{text}` is not a hash"))?;
        Ok(Self { algorithm, digest })
    }

    fn sha256(bytes: &[u8]) -> Self {
        Self { algorithm: "sha256", digest: Sha256::digest(bytes).to_vec() }
    }

    /// The hash of other bytes by the same algorithm.
    fn of(&self, bytes: &[u8]) -> Self {
        let digest = match self.algorithm {
            "sha512" => Sha512::digest(bytes).to_vec(),
            "sha384" => Sha384::digest(bytes).to_vec(),
            _ => return Self::sha256(bytes),
        };
        Self { algorithm: self.algorithm, digest }
    }

    fn path(&self, cache: &Path) -> PathBuf {
        cache.join(hex(&self.digest))
    }
}

impl std::fmt::Display for Integrity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.algorithm, STANDARD.encode(&self.digest))
    }
}

fn fetch(url: &str) -> Result<Vec<u8>> {
    let fetched = ureq::get(url)
        .call()
        .and_then(|response| response.into_body().into_with_config().limit(LIMIT).read_to_vec());
    fetched.with_context(|| format!("could not fetch `{url}`"))
}

fn keep(cache: &Path, integrity: &Integrity, bytes: &[u8]) -> Result<()> {
    let path = integrity.path(cache);
    crate::fs::write_atomic(&path, bytes)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o500))
        .with_context(|| format!("could not protect `{}`", path.display()))
}
