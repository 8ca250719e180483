//! Renders what changed in an environment as the code of one shell, and holds the hooks that ask for it.

mod fish;
mod gha;
mod json;
mod names;
mod posix;
mod pwsh;
mod quiet;
mod systemd;
mod tcsh;
mod vim;
mod xonsh;

use crate::diff::Changes;
use crate::gzenv;
use crate::quiet::Check;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub use posix::quote as bash_word;

const HOLE: &str = "@ENVR@";

/// What reads the output: shells, and some readers that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Tcsh,
    Elvish,
    Pwsh,
    Murex,
    Json,
    Vim,
    Gha,
    Gzenv,
    Systemd,
    Nu,
    Xonsh,
}

impl Shell {
    pub const ALL: [Self; 14] = [
        Self::Bash,
        Self::Zsh,
        Self::Fish,
        Self::Tcsh,
        Self::Elvish,
        Self::Pwsh,
        Self::Murex,
        Self::Json,
        Self::Vim,
        Self::Gha,
        Self::Gzenv,
        Self::Systemd,
        Self::Nu,
        Self::Xonsh,
    ];

    /// From what a person or `$0` says: `bash`, `-zsh`, `/usr/bin/fish`, `nushell`.
    pub fn from_name(said: &OsStr) -> Option<Self> {
        let name = said.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        match name.strip_prefix(b"-").unwrap_or(name) {
            b"nushell" => Some(Self::Nu),
            b"powershell" => Some(Self::Pwsh),
            name => Self::ALL.into_iter().find(|shell| shell.name().as_bytes() == name),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Tcsh => "tcsh",
            Self::Elvish => "elvish",
            Self::Pwsh => "pwsh",
            Self::Murex => "murex",
            Self::Json => "json",
            Self::Vim => "vim",
            Self::Gha => "gha",
            Self::Gzenv => "gzenv",
            Self::Systemd => "systemd",
            Self::Nu => "nu",
            Self::Xonsh => "xonsh",
        }
    }

    /// Code that makes the shell follow `changes`, in name order; nothing when there is nothing it can follow.
    ///
    /// What the shell cannot hold is left out, see `names::holds`. Every other value arrives byte for byte, except
    /// where the format is text: there, bytes that are not UTF-8 become U+FFFD (`elvish`, `json`, `murex`, `nu`,
    /// `pwsh`, `systemd`).
    pub fn render(self, changes: &Changes) -> Vec<u8> {
        let mut changes: Vec<Change> = changes
            .iter()
            .map(|(name, value)| Change {
                name: name.as_bytes(),
                value: value.as_deref().map(OsStr::as_bytes),
            })
            .filter(|change| names::holds(self, change))
            .collect();
        if changes.is_empty() {
            return Vec::new();
        }
        // zsh goes no further than the first name that it refuses, and shall know what to take back.
        if self == Self::Zsh {
            changes.sort_by_key(|change| {
                !(change.value.is_some() && change.name.starts_with(b"DIRENV_"))
            });
        }
        match self {
            Self::Bash => each(&changes, posix::bash),
            Self::Zsh => each(&changes, posix::zsh),
            Self::Fish => each(&changes, fish::statement),
            Self::Tcsh => each(&changes, tcsh::statement),
            Self::Pwsh => each(&changes, pwsh::statement),
            Self::Vim => each(&changes, vim::statement),
            Self::Xonsh => each(&changes, xonsh::statement),
            Self::Gha => each(&changes, gha::entry),
            Self::Systemd => each(&changes, systemd::line),
            Self::Json => json::pretty(&changes),
            Self::Elvish | Self::Murex | Self::Nu => json::compact(&changes),
            Self::Gzenv => state(&changes),
        }
    }

    /// The function that says whether a check still holds; empty for shells whose hook knows none.
    pub fn check(self, check: &Check) -> Vec<u8> {
        match self {
            Self::Bash => quiet::bash(check),
            Self::Zsh => quiet::zsh(check),
            Self::Fish => quiet::fish(check),
            _ => Vec::new(),
        }
    }

    /// What the shell runs at start-up to ask `program` at each prompt; `None` for what is no shell.
    pub fn hook(self, program: &Path) -> Option<Vec<u8>> {
        let program = program.as_os_str().as_bytes();
        let (hook, program) = match self {
            Self::Bash => (include_str!("../shell-hooks/hook.bash"), posix::quote(program)),
            Self::Zsh => (include_str!("../shell-hooks/hook.zsh"), posix::quote(program)),
            Self::Fish => (include_str!("../shell-hooks/hook.fish"), fish::quote(program)),
            Self::Tcsh => (include_str!("../shell-hooks/hook.tcsh"), tcsh::word(program)),
            Self::Elvish => (include_str!("../shell-hooks/hook.elv"), doubled(program)),
            Self::Murex => (include_str!("../shell-hooks/hook.mx"), posix::quote(program)),
            Self::Pwsh => (include_str!("../shell-hooks/hook.ps1"), doubled(program)),
            Self::Nu => (include_str!("../shell-hooks/hook.nu"), json::word(program)),
            Self::Xonsh => (include_str!("../shell-hooks/hook.xsh"), xonsh::word(program)),
            Self::Json | Self::Vim | Self::Gha | Self::Gzenv | Self::Systemd => return None,
        };
        // tcsh reads all of it as one line, in which a comment would hide the rest.
        let lines = hook.lines().filter(|line| self != Self::Tcsh || !line.starts_with('#'));
        let hook = lines.fold(String::new(), |hook, line| hook + line + "\n");
        let parts: Vec<&[u8]> = hook.split(HOLE).map(str::as_bytes).collect();
        Some(parts.join(program.as_slice()))
    }
}

/// One name to export, or to unset.
struct Change<'a> {
    name: &'a [u8],
    value: Option<&'a [u8]>,
}

/// A literal string of elvish and PowerShell.
fn doubled(text: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in text {
        word.extend(if byte == b'\'' { b"''".as_slice() } else { std::slice::from_ref(&byte) });
    }
    word.push(b'\'');
    word
}

fn each(changes: &[Change], render: impl Fn(&mut Vec<u8>, &Change)) -> Vec<u8> {
    let mut code = Vec::new();
    for change in changes {
        render(&mut code, change);
    }
    code
}

/// direnv's own encoding, as in its state variables: here, too, every byte survives.
fn state(changes: &[Change]) -> Vec<u8> {
    let mut json = Vec::new();
    gzenv::push_object(
        &mut json,
        changes.iter().map(|change| (change.name, change.value)),
        |json, value| match value {
            Some(value) => gzenv::push_string(json, value),
            None => json.extend(b"null"),
        },
    );
    gzenv::encode(&json).into_bytes()
}

/// Shared by the tests of the formats.
#[cfg(test)]
fn changes<'a>(changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Changes {
    let own = |bytes: &[u8]| OsStr::from_bytes(bytes).to_os_string();
    changes.into_iter().map(|(name, value)| (own(name), value.map(own))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_shell() {
        for shell in Shell::ALL {
            for prefix in ["", "-", "/usr/bin/", "-/bin/"] {
                let name = format!("{prefix}{}", shell.name());
                assert_eq!(Shell::from_name(name.as_ref()).unwrap(), shell, "{name}");
            }
        }
        assert_eq!(Shell::from_name("nushell".as_ref()).unwrap(), Shell::Nu);
        for name in ["", "-", "/", "bash/", "sh", "BASH", "--bash"] {
            assert!(Shell::from_name(name.as_ref()).is_none(), "{name}");
        }
    }

    #[test]
    fn nothing_to_follow_is_nothing_to_print() {
        for shell in Shell::ALL {
            assert_eq!(shell.render(&Changes::new()), b"", "{}", shell.name());
            assert_eq!(shell.render(&changes([(b"=".as_slice(), None)])), b"", "{}", shell.name());
        }
    }

    #[test]
    fn the_state_keeps_names_in_order_and_every_byte() {
        let state = Shell::Gzenv
            .render(&changes([(b"B".as_slice(), None), (b"A", Some([0xff].as_slice()))]));
        assert_eq!(gzenv::decode(&state).unwrap(), b"{\"A\":\"\xff\",\"B\":null}");
    }

    #[test]
    fn a_hook_calls_the_program_by_its_quoted_path() {
        let hook =
            |shell: Shell| String::from_utf8(shell.hook(Path::new("/it's here")).unwrap()).unwrap();
        assert!(hook(Shell::Bash).contains(r"$(\command $'/it\'s here' export bash "));
        assert!(hook(Shell::Zsh).contains(r"$(\command $'/it\'s here' export zsh "));
        assert!(hook(Shell::Fish).contains(r"command '/it\'s here' export fish $quiet |"));
        assert!(hook(Shell::Tcsh).starts_with(r"set __envr = $'/it\047s\040here' ;"));
        assert!(hook(Shell::Elvish).contains("(external '/it''s here') export elvish --hook"));
        assert!(hook(Shell::Pwsh).contains("& '/it''s here' export pwsh --hook"));
        assert!(hook(Shell::Nu).contains("^\"/it's here\" export nu --hook"));
        assert!(hook(Shell::Xonsh).contains(r"['/it\'s here', 'export', 'xonsh', '--hook']"));
        assert!(hook(Shell::Murex).contains(r"exec $'/it\'s here' export murex --hook"));
        let with_hooks =
            Shell::ALL.into_iter().filter(|shell| shell.hook(Path::new("/envr")).is_some());
        assert!(with_hooks.clone().all(|shell| !hook(shell).contains(HOLE)));
        assert_eq!(with_hooks.count(), 9);
    }
}
