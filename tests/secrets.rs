//! Files that the real sops and age made, changed and refused, as envr reads them.

mod age_files;
mod bombs;
mod mutations;
mod redacted;
mod sops_files;
mod spelling;
mod table;
mod use_in_rc;
mod vectors;
mod writing;
