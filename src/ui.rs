//! Every word on stderr: `envr: error:`, `envr: hint:`, status lines, colour, and the escaping of what came from files.

use crate::config::Config;
use crate::error::Hinted;
use crate::host::{Host, Voice};
use anyhow::{Context as _, Result};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, Write as _};

const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// What a message shows of one thing that it quotes, in letters.
const QUOTED: usize = 1000;
/// What is shown of a whole message, in letters.
const MESSAGE: usize = 16_000;

/// Prints a failure with its causes, then its hints; direnv knows no hints, and what runs it shows each line.
pub fn error(host: &Host, error: &anyhow::Error) {
    fail(host, &causes(error));
    hints(host, error);
}

/// As `error`, for what keeps nobody from going on.
pub fn warn_of(host: &Host, error: &anyhow::Error) {
    warn(host, &causes(error));
    hints(host, error);
}

fn hints(host: &Host, error: &anyhow::Error) {
    if host.voice == Voice::Direnv {
        return;
    }
    for hinted in error.chain().filter_map(|cause| cause.downcast_ref::<Hinted>()) {
        for text in hinted.hints() {
            hint(host, text);
        }
    }
}

pub fn fail(host: &Host, message: &str) {
    print(&error_line(host, message));
}

pub fn error_line(host: &Host, message: &str) -> String {
    let name = host.voice.name();
    let line = format!(
        "{name}: error{} {}",
        if host.voice == Voice::Envr { ":" } else { "" },
        escape(&brief(message))
    );
    if is_coloured(host) { format!("{RED}{line}{PLAIN}") } else { line }
}

pub fn hint(host: &Host, text: &str) {
    print(&format!("{}: hint: {}", host.voice.name(), escape(text)));
}

/// An error and its causes in one line.
pub fn causes(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| cause.downcast_ref().map_or_else(|| without_number(&cause.to_string()), plain))
        .collect();
    causes.join(": ")
}

pub fn warn(host: &Host, message: &str) {
    print(&format!("{}: warning: {}", host.voice.name(), escape(&brief(message))));
}

/// Asks a person; anything but a yes is a no.
pub fn ask(host: &Host, question: &str) -> Result<bool> {
    say(format!("{}: {} [y/N] ", host.voice.name(), escape(question)).as_bytes());
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("could not read standard input")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A line that no configuration silences.
pub fn note(host: &Host, message: &str) {
    print(&format!("{}: {}", host.voice.name(), escape(message)));
}

/// A line about what is going on; `log_format` and `log_filter` of the configuration decide over it.
pub fn status(host: &Host, config: &Config, message: &str) {
    if let Some(line) = status_line(host, config, message) {
        print(&line);
    }
}

/// The finished status line, or `None` when it is not wanted.
pub fn status_line(host: &Host, config: &Config, message: &str) -> Option<String> {
    script_status_line(host, config, host.env.get("DIRENV_LOG_FORMAT"), message)
}

/// That of a script's `log_status`, which may have a format of its own.
pub fn script_status_line(
    host: &Host,
    config: &Config,
    format: Option<&OsStr>,
    message: &str,
) -> Option<String> {
    let format = config.log_format(host, format)?;
    if config.log_filter(host).is_some_and(|filter| !filter.is_match(message)) {
        return None;
    }
    Some(fill(&format, &escape(message)))
}

/// A script's `log_error`.
pub fn script_error(host: &Host, message: &str) {
    print(&script_error_line(host, message));
}

/// The finished line of a script's `log_error`.
pub fn script_error_line(host: &Host, message: &str) -> String {
    let line = format!("{}: {}", host.voice.name(), escape(message));
    if is_coloured(host) { format!("{RED}{line}{PLAIN}") } else { line }
}

/// The system's words without its ` (os error 2)`, in our case.
pub fn plain(error: &io::Error) -> String {
    let text = without_number(&error.to_string());
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn without_number(text: &str) -> String {
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_string(),
        None => text.to_string(),
    }
}

/// A message without the middle of what is too long to be read: what it quotes of a file may be as long as the file.
pub fn brief(message: &str) -> Cow<'_, str> {
    if message.len() <= QUOTED {
        return Cow::Borrowed(message);
    }
    let parts = message.split('`').enumerate().map(|(index, part)| {
        let is_quoted = index % 2 == 1;
        if is_quoted { without_middle(part, QUOTED) } else { Cow::Borrowed(part) }
    });
    let parts: Vec<Cow<str>> = parts.collect();
    Cow::Owned(without_middle(&parts.join("`"), MESSAGE).into_owned())
}

/// So many bytes of a text at most, without a part of a letter at the end.
pub fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn without_middle(text: &str, most: usize) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= most {
        return Cow::Borrowed(text);
    }
    let (head, tail) = (most - most / 4, most / 4);
    let at = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}…{}", &text[..at(head)], &text[at(count - tail)..]))
}

/// Text from a file or a variable as a terminal may see it: control characters, and those that reorder or hide text,
/// are shown instead of obeyed.
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmless(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    shown
}

fn is_harmless(character: char) -> bool {
    let hides_or_reorders = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !hides_or_reorders
}

/// A printf format of which only `%s` and `%%` mean something, as in direnv's configuration.
fn fill(format: &str, message: &str) -> String {
    format.replace("%%", "%\0").replace("%s", message).replace("%\0", "%")
}

pub fn is_read_at_a_terminal() -> bool {
    rustix::termios::isatty(io::stderr())
}

fn is_coloured(host: &Host) -> bool {
    is_read_at_a_terminal()
        && host.env.non_empty("NO_COLOR").is_none()
        && host.env.get("TERM").is_some_and(|term| term != "dumb")
}

/// A line that is written over by the next one, where there is a terminal; `None` takes it away.
pub fn progress(host: &Host, message: Option<&str>) {
    if !rustix::termios::isatty(io::stderr()) {
        return;
    }
    let width =
        rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| usize::from(size.ws_col));
    let line = message.map(|message| format!("{}: {}", host.voice.name(), escape(message)));
    let line: String = line.unwrap_or_default().chars().take(width.saturating_sub(1)).collect();
    _ = io::stderr().lock().write_all(format!("\r\x1b[K{line}").as_bytes());
}

/// The same, where no line can be written over.
pub fn milestone(host: &Host, message: &str) {
    if !rustix::termios::isatty(io::stderr()) {
        note(host, message);
    }
}

/// What another program said, indented, each line escaped.
pub fn quote(text: &str) {
    for line in text.trim_end().lines() {
        print(&format!("    {}", escape(line)));
    }
}

/// What a script said, as it stands.
pub fn say(bytes: &[u8]) {
    _ = io::stderr().lock().write_all(bytes);
}

/// Where stderr is closed or full there is nobody to tell.
fn print(line: &str) {
    // One write: a line stays whole among those of others.
    _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_cannot_drive_the_terminal() {
        assert_eq!(escape("é \x1b[31m\n\u{202e}x"), "é \\u{1b}[31m\\n\\u{202e}x");
    }

    #[test]
    fn a_message_is_never_a_format() {
        assert_eq!(fill("direnv: %s (100%%)", "%s %d 5%%"), "direnv: %s %d 5%% (100%)");
    }

    #[test]
    fn what_is_too_long_loses_its_middle() {
        let long = "é".repeat(3_000_000);
        let shown =
            brief(&format!("could not read `a.env`: it has `{long}`: it is cut")).into_owned();
        let (head, tail) = ("é".repeat(750), "é".repeat(250));
        assert_eq!(shown, format!("could not read `a.env`: it has `{head}…{tail}`: it is cut"));
        assert_eq!(brief(&long).chars().count(), MESSAGE + 1);
        assert_eq!(brief(&"`".repeat(3_000_000)).len(), MESSAGE + "…".len());
        let short = "é".repeat(QUOTED);
        assert_eq!(brief(&format!("`{short}`")), format!("`{short}`"));
    }
}
