//! What differs between the shells: the start file, quoting, assignment.

use super::{find_program, variable};

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// Runs a scenario in this shell; a machine without it skips, but never in CI.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "a skip that nobody sees is a lie")]
    pub fn drive(self, scenario: impl FnOnce(Self)) {
        for program in [self.name(), "tmux"] {
            if find_program(program).is_none() {
                assert!(variable("CI").is_none(), "`{program}` is not installed");
                println!("skipped: `{program}` is not installed");
                return;
            }
        }
        scenario(self);
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    pub fn start_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Bash => (".bashrc", include_str!("start.bash")),
            Self::Zsh => (".zshrc", include_str!("start.zsh")),
            Self::Fish => (".config/fish/config.fish", include_str!("start.fish")),
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
