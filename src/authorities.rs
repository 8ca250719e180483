//! Whom to believe that a server is who it says: those the user names, else the system's, among them a company's own,
//! else Mozilla's, which the program carries for a machine that has none.

use crate::env::Env;
use crate::error::Hinted;
use anyhow::{Result, bail};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};
use std::path::Path;
use ureq::tls::{Certificate, RootCerts};

/// Where OpenSSL, and so nearly every other program, lets the user name certificate authorities.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

pub fn of(env: &Env) -> Result<RootCerts> {
    let named = VARIABLES.map(|variable| env.non_empty(variable).map(Path::new));
    let found = match named {
        [None, None] => load_native_certs(),
        [file, dir] => load_certs_from_paths(file, dir),
    };
    if !found.certs.is_empty() {
        let own = |der: &[u8]| Certificate::from_der(der).to_owned();
        return Ok(found.certs.iter().map(|der| own(der)).into());
    }
    let named = VARIABLES.into_iter().zip(named).find_map(|(name, path)| Some((name, path?)));
    let Some((variable, path)) = named else { return Ok(RootCerts::WebPki) };
    let why = found.errors.first().map_or("there is none".to_string(), ToString::to_string);
    bail!(Hinted::new(
        format!("could not read certificate authorities from `{}`: {why}", path.display()),
        format!("unset {variable}")
    ))
}
