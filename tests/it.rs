//! The one integration binary: real envr, real shells, real direnv.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says where"
)]

#[macro_use]
mod terminal;
mod test;

mod bad_input;
mod budget;
mod cases;
mod config;
mod consumers;
mod defects;
mod direnv;
mod docs;
mod exec;
mod export;
mod hooks;
mod fetchurl;
mod quiet;
mod lanes;
mod nix;
mod quoting;
mod rc;
mod scale;
mod scripts;
mod setup;
mod secrets;
#[cfg(target_os = "linux")]
mod services;
mod shells;
mod source;
mod envr_toml;
mod executed;
mod trust;
mod verbs;
mod why;
