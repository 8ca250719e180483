//! Files that the real sops and age made, changed and refused, as envr reads them.

mod age_files;
mod amazon;
mod bombs;
mod commands;
mod editing;
mod example;
mod gpg;
mod hostile;
mod kept;
mod memory;
mod mutations;
mod races;
mod random;
mod read_back;
mod redacted;
mod safety;
mod sops_files;
mod spelling;
mod table;
mod use_in_rc;
mod vectors;
mod waiting;
mod writing;
