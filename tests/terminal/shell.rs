//! What differs between the shells: the start file, quoting, assignment.

use super::{find_program, variable};

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What a terminal must know of the shell in it.
pub trait Program: Copy {
    fn name(self) -> &'static str;

    /// Where it lies below home, and what stands in it.
    fn start_file(self) -> (&'static str, &'static str);
}

/// The shells that fewer people have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Other {
    Tcsh,
    Elvish,
    Xonsh,
    Nu,
}

impl Program for Shell {
    fn name(self) -> &'static str {
        Self::name(self)
    }

    fn start_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Bash => (".bashrc", include_str!("start.bash")),
            Self::Zsh => (".zshrc", include_str!("start.zsh")),
            Self::Fish => (".config/fish/config.fish", include_str!("start.fish")),
        }
    }
}

impl Program for Other {
    fn name(self) -> &'static str {
        match self {
            Self::Tcsh => "tcsh",
            Self::Elvish => "elvish",
            Self::Xonsh => "xonsh",
            Self::Nu => "nu",
        }
    }

    fn start_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Tcsh => (".tcshrc", include_str!("start.tcsh")),
            Self::Elvish => (".config/elvish/rc.elv", include_str!("start.elv")),
            Self::Xonsh => (".xonshrc", include_str!("start.xsh")),
            Self::Nu => (".config/nushell/config.nu", include_str!("start.nu")),
        }
    }
}

impl Other {
    /// Runs a scenario in this shell; a machine without it skips, in CI only what Debian has no package of.
    #[track_caller]
    pub fn drive(self, scenario: impl FnOnce(Self)) {
        let is_packaged = matches!(self, Self::Tcsh | Self::Elvish);
        if is_installed(self.name(), variable("CI").is_some() && is_packaged) {
            scenario(self);
        }
    }

    /// The statement that exports a variable.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Tcsh => format!("setenv {name} '{value}'"),
            Self::Elvish => format!("set E:{name} = '{value}'"),
            Self::Xonsh => format!("${name} = '{value}'"),
            Self::Nu => format!("$env.{name} = '{value}'"),
        }
    }
}

impl Shell {
    /// Runs a scenario in this shell; a machine without it skips, but never in CI.
    #[track_caller]
    pub fn drive(self, scenario: impl FnOnce(Self)) {
        if is_installed(self.name(), variable("CI").is_some()) {
            scenario(self);
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// One word of this shell, in ASCII, whatever the bytes are.
    pub fn quote(self, bytes: impl AsRef<OsStr>) -> String {
        let escape = |byte: &u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' => {
                char::from(*byte).to_string()
            }
            _ if self == Self::Fish => format!("\\X{byte:02x}"),
            _ => format!("\\x{byte:02x}"),
        };
        let escaped: String = bytes.as_ref().as_bytes().iter().map(escape).collect();
        if self == Self::Fish { escaped } else { format!("$'{escaped}'") }
    }

    /// The statement that exports a variable; `value` is this shell's own syntax.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Fish => format!("set -gx {name} {value}"),
            Self::Bash | Self::Zsh => format!("export {name}={value}"),
        }
    }
}

/// With tmux, in which it runs.
#[track_caller]
#[expect(clippy::print_stdout, reason = "a skip that nobody sees is a lie")]
fn is_installed(program: &str, must_be: bool) -> bool {
    let missing = [program, "tmux"].into_iter().find(|program| find_program(program).is_none());
    if let Some(missing) = missing {
        assert!(!must_be, "`{missing}` is not installed");
        println!("skipped: `{missing}` is not installed");
    }
    missing.is_none()
}
