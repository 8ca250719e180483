//! The start files of shells, and the lines in them that call a hook.

use crate::host::Host;
use crate::shell::{Shell, bash_word};
use regex_lite::Regex;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Shells that have one file in which every interactive shell finds its hook.
pub const SHELLS: [Shell; 6] =
    [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Tcsh, Shell::Elvish, Shell::Xonsh];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Envr,
    Direnv,
}

/// A line that installs a hook; lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookLine {
    pub tool: Tool,
    pub line: usize,
}

/// Where a shell's start file is, whether it exists or not; `None` where no home is known or the shell has none.
pub fn path(host: &Host, shell: Shell) -> Option<PathBuf> {
    let home = host.home()?;
    let config = host.xdg("XDG_CONFIG_HOME", ".config")?;
    Some(match shell {
        Shell::Bash => home.join(".bashrc"),
        Shell::Zsh => host.directory("ZDOTDIR").unwrap_or(home).join(".zshrc"),
        Shell::Fish => config.join("fish/config.fish"),
        Shell::Tcsh => Some(home.join(".tcshrc"))
            .filter(|file| file.exists())
            .unwrap_or_else(|| home.join(".cshrc")),
        Shell::Elvish => config.join("elvish/rc.elv"),
        Shell::Xonsh => home.join(".xonshrc"),
        _ => return None,
    })
}

/// The lines of a start file that call a hook, as far as they name the program.
pub fn hook_lines(text: &[u8]) -> Vec<HookLine> {
    let call = Regex::new(r#"(^|[^\w.-])(envr|direnv)["']?\s+hook\s"#).expect("it is one");
    let text = String::from_utf8_lossy(text).into_owned();
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    code.filter_map(|(index, line)| {
        let tool = match call.captures(line)?.get(2)?.as_str() {
            "envr" => Tool::Envr,
            _ => Tool::Direnv,
        };
        Some(HookLine { tool, line: index + 1 })
    })
    .collect()
}

/// The line that installs envr's hook, calling it as `program`: a name on PATH, or a path.
pub fn hook_line(shell: Shell, program: &Path) -> String {
    let program = String::from_utf8_lossy(&bash_word(program.as_os_str().as_bytes())).into_owned();
    let name = shell.name();
    match shell {
        Shell::Fish => format!("{program} hook fish | source"),
        Shell::Tcsh => format!("eval `{program} hook tcsh`"),
        Shell::Elvish => format!("eval ({program} hook elvish | slurp)"),
        Shell::Xonsh => format!("execx($({program} hook xonsh))"),
        _ => format!("eval \"$({program} hook {name})\""),
    }
}

/// The line that puts a directory first on PATH.
pub fn path_line(shell: Shell, dir: &Path) -> String {
    let dir = dir.display();
    match shell {
        Shell::Fish => format!("set -gx PATH '{dir}' $PATH"),
        Shell::Tcsh => format!("setenv PATH \"{dir}:$PATH\""),
        Shell::Elvish => format!("set paths = ['{dir}' $@paths]"),
        Shell::Xonsh => format!("$PATH.insert(0, '{dir}')"),
        _ => format!("export PATH=\"{dir}:$PATH\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Tool, usize)]) {
        let found: Vec<(Tool, usize)> =
            hook_lines(text.as_bytes()).iter().map(|hook| (hook.tool, hook.line)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_hook_is_known_by_its_call() {
        check("eval \"$(direnv hook bash)\"\n", &[(Tool::Direnv, 1)]);
        check("\n  eval \"$(/opt/bin/direnv hook zsh)\"", &[(Tool::Direnv, 2)]);
        check(
            "direnv hook fish | source\nenvr hook fish|source",
            &[(Tool::Direnv, 1), (Tool::Envr, 2)],
        );
        check(
            "(( ${+commands[direnv]} )) && eval \"$(\"direnv\" hook zsh)\"",
            &[(Tool::Direnv, 1)],
        );
        check("# eval \"$(direnv hook bash)\"\nalias x='mydirenv hook y'\ndirenv allow", &[]);
    }

    #[test]
    fn every_hook_line_is_found_again() {
        for shell in SHELLS {
            check(&hook_line(shell, Path::new("envr")), &[(Tool::Envr, 1)]);
            check(&hook_line(shell, Path::new("/opt/a/envr")), &[(Tool::Envr, 1)]);
        }
    }
}
