//! A file without a name, in memory, that a command inherits and that nobody can change.

use anyhow::{Context as _, Result};
use std::os::fd::OwnedFd;

/// `name` is what `/proc` shows of it.
#[cfg(target_os = "linux")]
pub fn inherited(name: &str, bytes: &[u8]) -> Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use std::fs::File;
    use std::io::Write as _;
    let could_not = || format!("could not hold `{name}` open");
    let file = memfd_create(name, MemfdFlags::ALLOW_SEALING).with_context(could_not)?;
    let mut file = File::from(file);
    file.write_all(bytes).with_context(could_not)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals).with_context(could_not)?;
    Ok(file.into())
}

#[cfg(not(target_os = "linux"))]
pub fn inherited(name: &str, _: &[u8]) -> Result<OwnedFd> {
    None.with_context(|| format!("could not hold `{name}` open: this system has no such files"))
}
