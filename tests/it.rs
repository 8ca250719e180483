//! The one integration binary: real envr, real shells, real direnv.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says where"
)]

mod test;

mod bad_input;
mod cases;
mod config;
mod defects;
mod docs;
mod exec;
mod export;
mod lanes;
mod quoting;
mod rc;
mod scripts;
mod shells;
mod terminal;
mod trust;
mod verbs;
