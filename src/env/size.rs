//! What the kernel lets a program start with: an environment beyond it would leave a shell that can start nothing.

use super::Env;
use rustix::process::{Resource, getrlimit};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

/// Bytes of one variable, from its name to the zero at its end: Linux' `MAX_ARG_STRLEN`.
#[cfg(target_os = "linux")]
const VARIABLE_LIMIT: usize = 128 << 10;
#[cfg(not(target_os = "linux"))]
const VARIABLE_LIMIT: usize = usize::MAX;
/// Bytes of all variables and arguments that every stack has room for: `ARG_MAX`.
const LEAST_LIMIT: u64 = 128 << 10;
/// The same, where the stack may grow without a limit: `_STK_LIM / 4 * 3`.
const TOTAL_LIMIT: u64 = 6 << 20;
/// Bytes that are left to arguments.
const FOR_ARGUMENTS: u64 = 32 << 10;

/// Why no program can be started in an environment.
#[derive(Debug, PartialEq, Eq)]
pub enum TooLarge {
    Variable { name: OsString, bytes: usize },
    All { bytes: u64 },
}

/// What no program can be started in, if it is so.
pub fn too_large(env: &Env) -> Option<TooLarge> {
    too_large_for(env, LEAST_LIMIT - FOR_ARGUMENTS).and_then(|_| {
        let limit = getrlimit(Resource::Stack).current.map_or(TOTAL_LIMIT, |stack| stack / 4);
        too_large_for(env, limit.clamp(LEAST_LIMIT, TOTAL_LIMIT) - FOR_ARGUMENTS)
    })
}

fn too_large_for(env: &Env, limit: u64) -> Option<TooLarge> {
    let mut total = 0;
    for (name, value) in env.iter() {
        let bytes = name.as_bytes().len() + value.as_bytes().len() + 2;
        if bytes > VARIABLE_LIMIT {
            return Some(TooLarge::Variable { name: name.to_os_string(), bytes });
        }
        total += (bytes + size_of::<*const u8>()) as u64;
    }
    (total > limit).then_some(TooLarge::All { bytes: total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_refuses_is_refused() {
        let env = |length: usize| Env::from_iter([("A", "x".repeat(length))]);
        let most = (128 << 10) - 3;
        assert_eq!(too_large_for(&env(most), u64::MAX), None);
        let beyond = TooLarge::Variable { name: "A".into(), bytes: most + 4 };
        assert_eq!(too_large_for(&env(most + 1), u64::MAX), Some(beyond));
        assert_eq!(too_large_for(&env(5), 16), None);
        assert_eq!(too_large_for(&env(6), 16), Some(TooLarge::All { bytes: 17 }));
    }
}
