//! nix's options, as far as it takes to tell their values from the other words of a command line.

/// Those with two values.
const PAIRS: [&str; 7] =
    ["arg", "arg-from-file", "argstr", "option", "override-flake", "override-input", "redirect"];
/// Those with one; of the settings, of which each is an option, all that are neither on nor off.
const VALUES: [&str; 97] = [
    "access-tokens",
    "allowed-impure-host-deps",
    "allowed-uris",
    "allowed-users",
    "arg-from-stdin",
    "bash-prompt",
    "bash-prompt-prefix",
    "bash-prompt-suffix",
    "binary-cache-public-keys",
    "binary-caches",
    "binary-caches-parallel-connections",
    "build-chroot-dirs",
    "build-cores",
    "build-dir",
    "build-hook",
    "build-max-jobs",
    "build-max-log-size",
    "build-max-silent-time",
    "build-poll-interval",
    "build-repeat",
    "build-sandbox-paths",
    "build-timeout",
    "build-users-group",
    "builders",
    "commit-lock-file-summary",
    "commit-lockfile-summary",
    "connect-timeout",
    "cores",
    "diff-hook",
    "download-attempts",
    "download-buffer-size",
    "download-speed",
    "eval-attrset-update-layer-rhs-threshold",
    "eval-profile-file",
    "eval-profiler",
    "eval-profiler-frequency",
    "eval-store",
    "eval-system",
    "experimental-features",
    "external-builders",
    "extra-platforms",
    "flake-registry",
    "gc-reserved-space",
    "hashed-mirrors",
    "http-connections",
    "id-count",
    "ignored-acls",
    "impure-env",
    "inputs-from",
    "json-log-path",
    "lint-absolute-path-literals",
    "lint-short-path-literals",
    "lint-url-literals",
    "log-format",
    "log-lines",
    "max-build-log-size",
    "max-call-depth",
    "max-free",
    "max-jobs",
    "max-silent-time",
    "max-substitution-jobs",
    "min-free",
    "min-free-check-interval",
    "nar-buffer-size",
    "narinfo-cache-meta-ttl",
    "narinfo-cache-negative-ttl",
    "narinfo-cache-positive-ttl",
    "netrc-file",
    "nix-path",
    "output-lock-file",
    "plugin-files",
    "post-build-hook",
    "pre-build-hook",
    "reference-lock-file",
    "repeat",
    "sandbox-build-dir",
    "sandbox-dev-shm-size",
    "sandbox-paths",
    "secret-key-files",
    "ssl-cert-file",
    "stalled-download-timeout",
    "start-id",
    "store",
    "substituters",
    "substitution-max-jobs",
    "system",
    "system-features",
    "tarball-ttl",
    "timeout",
    "trusted-binary-caches",
    "trusted-public-keys",
    "trusted-substituters",
    "trusted-users",
    "update-input",
    "upgrade-nix-store-path-url",
    "user-agent-suffix",
    "warn-large-path-threshold",
];

/// How many words behind an option are its values.
pub fn values(option: &str) -> usize {
    let Some(name) = option.strip_prefix("--") else { return 0 };
    let is_value = |name: &str| VALUES.contains(&name);
    match name {
        name if PAIRS.contains(&name) => 2,
        name if is_value(name) || name.strip_prefix("extra-").is_some_and(is_value) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_values_unless_they_are_on_or_off() {
        let check = |option: &str, count| assert_eq!(values(option), count, "{option}");
        check("--arg-from-file", 2);
        check("--max-jobs", 1);
        check("--extra-substituters", 1);
        check("--extra-platforms", 1);
        check("--no-substitute", 0);
        check("--show-trace", 0);
        check("-L", 0);
    }
}
