//! envr, as a library so that tests, benches and fuzzers can link it; the modules stand in reading order.

mod cli;
mod cmd;

// One prompt travels down this list.
mod enter;
mod world;
mod rc;
mod trust;
mod eval;
mod nix;
mod secrets;
mod diff;
mod session;
mod watch;
mod quiet;
mod shell;
mod start_file;

// What a project runs, and for how long.
#[cfg(target_os = "linux")]
mod service;

// The ground floor.
mod gzenv;
mod env;
mod toml;
mod config;
mod digest;
mod authorities;
mod calendar;
mod error;
mod fs;
mod host;
mod memory_dir;
mod memory_file;
mod ui;
mod words;
mod arena;

#[cfg(any(fuzzing, test))]
pub mod fuzz;

pub use arena::Arena;
pub use cli::main;
