//! The start files of shells, and the lines in them that call a hook.

use crate::host::Host;
use crate::shell::{Shell, bash_word};
use regex_lite::{Captures, Regex};
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

/// Other files that the shell reads at its start, and that exist: a hook may stand there as well.
pub fn others(host: &Host, shell: Shell) -> Vec<PathBuf> {
    let home = |names: &[&str]| -> Vec<PathBuf> {
        let home = host.home().unwrap_or_default();
        names.iter().map(|name| home.join(name)).collect()
    };
    let mut files = match shell {
        Shell::Bash => home(&[".bash_profile", ".bash_login", ".profile"]),
        Shell::Zsh => match host.directory("ZDOTDIR") {
            Some(dir) => vec![dir.join(".zprofile")],
            None => home(&[".zprofile"]),
        },
        Shell::Fish => path(host, shell).map_or_else(Vec::new, |main| {
            let parts = std::fs::read_dir(main.with_file_name("conf.d")).into_iter().flatten();
            parts.filter_map(|part| Some(part.ok()?.path())).collect()
        }),
        _ => Vec::new(),
    };
    let is_read =
        |file: &PathBuf| shell != Shell::Fish || file.extension() == Some("fish".as_ref());
    files.retain(|file| is_read(file) && file.is_file());
    files.sort();
    files
}

/// The lines of a start file that call a hook, as far as they name the program. What is only text is none: a comment, a
/// here-document, a word in quotes.
pub fn hook_lines(text: &[u8]) -> Vec<HookLine> {
    let call = Regex::new(r#"(^|[^\w.-])(envr|direnv)["']?\s+hook\s"#).expect("it is one");
    let text = String::from_utf8_lossy(text).into_owned();
    let mut hooks = Vec::new();
    let mut document = None;
    for (line, number) in text.lines().zip(1..) {
        if let Some(end) = &document {
            if line.trim() == *end {
                document = None;
            }
            continue;
        }
        let code = without_comment(line);
        document = document_in(code);
        let Some(found) = call
            .captures(code)
            .filter(|found| found.get(2).is_some_and(|name| !is_in_quotes(&code[..name.start()])))
        else {
            continue;
        };
        let tool = if &found[2] == "envr" { Tool::Envr } else { Tool::Direnv };
        hooks.push(HookLine { tool, line: number });
    }
    hooks
}

fn without_comment(line: &str) -> &str {
    let begins = |at: usize| at == 0 || line[..at].ends_with([' ', '\t', ';']);
    let mut marks = line.match_indices('#').map(|(at, _)| at);
    marks.find(|at| begins(*at) && quote_at(&line[..*at]).is_none()).map_or(line, |at| &line[..at])
}

/// What ends the here-document that begins in a line.
fn document_in(code: &str) -> Option<String> {
    let begin = Regex::new(r#"(^|[^<])<<-?\s*(["']?)\\?([A-Za-z_]\w*)"#).expect("it is one");
    let found = begin.captures(code)?;
    let is_code = quote_at(&code[..found.get(3)?.start() - found[2].len()]).is_none();
    is_code.then(|| found[3].to_string())
}

/// Whether what follows is text and no call: in single quotes, or in double quotes outside of `$(…)`. What is handed to
/// `eval` or `-c` in quotes is a call.
fn is_in_quotes(before: &str) -> bool {
    let Some(at) = quote_at(before) else { return false };
    let (command, quoted) = before.split_at(at);
    let command = command.rsplit([';', '&', '|']).next().unwrap_or_default();
    let is_code = command.split_whitespace().any(|word| word == "eval" || word == "-c");
    !is_code && !holds_a_call(quoted)
}

fn holds_a_call(quoted: &str) -> bool {
    let is_double = quoted.starts_with('"');
    is_double && (quoted.contains("$(") || quoted.contains('`'))
}

/// Where the quote begins that is open at the end of a line's beginning.
fn quote_at(before: &str) -> Option<usize> {
    let mut open = None;
    let mut letters = before.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (letter, open) {
            ('\\', None | Some((_, '"'))) => _ = letters.next(),
            ('"' | '\'', None) => open = Some((at, letter)),
            (_, Some((_, quote))) if letter == quote => open = None,
            _ => {}
        }
    }
    open.map(|(at, _)| at)
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

/// A line that calls direnv's hook, with envr in direnv's place, if it does more than that; else `None`, for then all of
/// it can go. A test whether direnv is there is no more.
pub fn renamed(line: &str, program: &Path) -> Option<String> {
    let call = Regex::new(r#"([^\s"'`(<]*/)?direnv(["']?\s+hook\s)"#).expect("it is one");
    let rest = r#"^\s*(["']?\$\{?\w+\}?["']?|[\w-]+|\$\([^()]*\))["'`)\s]*(\|\s*(source|slurp)\b[\s)]*)?(\d?>\s*/dev/null\s*)?(\|\|\s*(true|:)\s*)?(#.*)?$"#;
    let rest = Regex::new(rest).expect("it is one");
    let found = call.find(line)?;
    let (head, tail) = (&line[..found.start()], &line[found.end()..]);
    let is_test = |guard: &str| guard.contains("direnv") && !guard.contains("||");
    let stands_alone = match head.rsplit_once("&&") {
        Some((guard, _)) => is_test(guard),
        None => !head.contains("||"),
    };
    if stands_alone && !head.contains([';', '{', '|']) && rest.is_match(tail) {
        return None;
    }
    let program = String::from_utf8_lossy(&bash_word(program.as_os_str().as_bytes())).into_owned();
    let named = |found: &Captures| format!("{program}{}", &found[2]);
    Some(call.replace(line, named).into_owned())
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
        check("a=1 # eval \"$(direnv hook bash)\"\n", &[]);
        check(
            "cat <<E\neval \"$(direnv hook bash)\"\nE\neval \"$(envr hook bash)\"",
            &[(Tool::Envr, 4)],
        );
        check("cat <<-'END' >x\n\tdirenv hook fish | source\n\tEND\n", &[]);
        check("echo 'eval \"$(direnv hook bash)\"'", &[]);
        check("echo \"use direnv hook bash\"; x='direnv hook zsh '", &[]);
        check("echo '#'; eval \"$(direnv hook bash)\"", &[(Tool::Direnv, 1)]);
        check("[ \"$1\" ] && eval \"`direnv hook bash`\"", &[(Tool::Direnv, 1)]);
        check("read x <<<y; eval \"$(\"direnv\" hook bash)\"", &[(Tool::Direnv, 1)]);
        check("fish -c 'direnv hook fish | source'", &[(Tool::Direnv, 1)]);
        check("znap eval direnv 'direnv hook zsh'", &[(Tool::Direnv, 1)]);
        check("eval \"$(x)\"; echo 'direnv hook zsh'", &[]);
        check("# eval \"$(direnv hook bash)\"\nalias x='mydirenv hook y'\ndirenv allow", &[]);
    }

    #[test]
    fn what_else_a_line_does_stays() {
        let stays = |line: &str, expected: &str| {
            assert_eq!(renamed(line, Path::new("envr")).as_deref(), Some(expected));
        };
        stays("eval \"$(direnv hook bash)\"; export A=1", "eval \"$(envr hook bash)\"; export A=1");
        stays(
            "if type -q direnv; /usr/bin/direnv hook fish | source; end",
            "if type -q direnv; envr hook fish | source; end",
        );
        stays(
            "export A=1 && eval \"$(direnv hook zsh)\"",
            "export A=1 && eval \"$(envr hook zsh)\"",
        );
        for alone in [
            "  eval \"$(direnv hook bash)\"  # direnv\r",
            "eval \"`/opt/bin/direnv hook bash`\"",
            "source <(direnv hook zsh)",
            "eval `direnv hook tcsh`",
            "execx($(direnv hook xonsh))",
            "eval (direnv hook elvish | slurp)",
            "direnv hook fish | source",
            "_evalcache direnv hook zsh",
            "(( $+commands[direnv] )) && emulate zsh -c \"$(direnv hook zsh)\"",
            "command -v direnv >/dev/null 2>&1 && eval \"$(direnv hook $(basename $SHELL))\" || true",
        ] {
            assert_eq!(renamed(alone, Path::new("envr")), None, "{alone}");
        }
    }

    #[test]
    fn every_hook_line_is_found_again() {
        for shell in SHELLS {
            check(&hook_line(shell, Path::new("envr")), &[(Tool::Envr, 1)]);
            check(&hook_line(shell, Path::new("/opt/a/envr")), &[(Tool::Envr, 1)]);
        }
    }
}
