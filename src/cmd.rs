//! The verbs, one file each or one for a family.

pub mod allow;
pub mod direnv;
pub mod dotenv;
pub mod dump;
pub mod edit;
pub mod exec;
pub mod export;
pub mod fetchurl;
pub mod print;
pub mod review;
pub mod status;
pub mod watch;
