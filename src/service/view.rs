//! What people see of services: lines of logs with a name before each, and the table of `ps`.

use super::control::Status;
use super::logs::{Line, Stream};
use super::ports;
use crate::host::Host;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Of a terminal's colours those that can be read on light and dark.
const COLOURS: [&str; 6] = ["36", "33", "32", "35", "34", "31"];
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// How lines of logs are shown.
#[derive(Debug)]
pub struct View {
    /// A terminal obeys what it is shown; who reads a pipe wants the bytes.
    is_terminal: bool,
    has_colours: bool,
    /// The letters of the longest name; 0 shows no names.
    width: usize,
    names: Vec<String>,
    pub shows_time: bool,
}

impl View {
    /// Names are shown where there is more than one.
    pub fn new(host: &Host, names: Vec<String>) -> Self {
        let longest = names.iter().map(String::len).max().unwrap_or_default();
        Self {
            is_terminal: rustix::termios::isatty(std::io::stdout()),
            has_colours: host.shows_colours(),
            width: if names.len() > 1 { longest } else { 0 },
            names,
            shows_time: false,
        }
    }

    pub fn line(&self, name: &str, line: &Line) -> Vec<u8> {
        let mut shown = Vec::with_capacity(line.text.len() + 32);
        if self.shows_time {
            shown.extend(line.time.as_bytes());
            shown.push(b' ');
        }
        if self.width > 0 {
            let index = self.names.iter().position(|known| known == name).unwrap_or_default();
            let prefix = format!("{name:0$} | ", self.width);
            if self.has_colours {
                let colour = COLOURS[index % COLOURS.len()];
                shown.extend(format!("\x1b[{colour}m{prefix}{PLAIN}").into_bytes());
            } else {
                shown.extend(prefix.into_bytes());
            }
        }
        let text = match line.stream {
            Stream::System if self.has_colours => {
                Cow::from(format!("{DIM}envr: {}{PLAIN}", safe(&line.text, false)).into_bytes())
            }
            Stream::System if self.is_terminal => {
                Cow::from(format!("envr: {}", safe(&line.text, false)).into_bytes())
            }
            Stream::System => Cow::from([b"envr: ", line.text.as_slice()].concat()),
            _ if self.is_terminal => Cow::from(safe(&line.text, self.has_colours).into_bytes()),
            _ => Cow::from(&line.text),
        };
        shown.extend_from_slice(&text);
        shown.push(b'\n');
        shown
    }
}

/// Text that cannot drive the terminal; colours stay where they are wanted, and end with the line.
pub fn safe(text: &[u8], colours: bool) -> String {
    let text = String::from_utf8_lossy(text);
    // A carriage return draws a line anew, as a progress bar does: what it drew last is what counts.
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').next().unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_coloured = false;
    while let Some(at) = rest.find(['\x1b', '\t']) {
        shown.push_str(&crate::ui::escape(&rest[..at]));
        rest = &rest[at..];
        let length = if rest.starts_with('\t') { 1 } else { colour_length(rest).unwrap_or(0) };
        let (special, after) = rest.split_at(length);
        match special {
            "\t" => shown.push('\t'),
            "" => {
                shown.push_str("\\u{1b}");
                rest = &rest[1..];
                continue;
            }
            colour if colours => {
                shown.push_str(colour);
                is_coloured = true;
            }
            _ => {}
        }
        rest = after;
    }
    shown.push_str(&crate::ui::escape(rest));
    if is_coloured {
        shown.push_str(PLAIN);
    }
    shown
}

/// The bytes of `ESC [ 1 ; 31 m` at the start of a text, if that is what stands there.
fn colour_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

/// `8080,admin=8081`
pub fn ports(service: &Status) -> String {
    let shown = service.ports.iter().map(|(name, number)| match name.as_str() {
        ports::MAIN => number.to_string(),
        name => format!("{name}={number}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

pub fn table(services: &[Status]) -> String {
    let heading =
        ["NAME", "STATE", "PID", "SINCE", "RESTARTS", "PORTS", "EXIT", ""].map(String::from);
    let row = |service: &Status| {
        [
            service.name.clone(),
            service.state.clone(),
            service.pid.map_or_else(String::new, |pid| pid.to_string()),
            service.since.get(..19).map_or_else(String::new, |time| format!("{time}Z")),
            service.restarts.to_string(),
            ports(service),
            service.exit.clone().unwrap_or_default(),
            crate::ui::escape(service.note.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(services.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut table = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        _ = writeln!(table, "{}", line.trim_end());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_service_cannot_drive_the_terminal() {
        let text = b"started\r\x1b[2J".to_vec();
        let line = Line { time: String::new(), stream: Stream::System, text };
        for (has_colours, expected) in [
            (false, "envr: \\u{1b}[2J\n".to_string()),
            (true, format!("{DIM}envr: \\u{{1b}}[2J{PLAIN}\n")),
        ] {
            let view = View {
                is_terminal: true,
                has_colours,
                width: 0,
                names: Vec::new(),
                shows_time: false,
            };
            assert_eq!(String::from_utf8(view.line("a", &line)).unwrap(), expected);
        }
    }

    #[test]
    fn what_a_service_says_cannot_drive_the_terminal() {
        assert_eq!(safe(b"\x1b[1;31mred\x1b[0m\tx", true), "\x1b[1;31mred\x1b[0m\tx\x1b[0m");
        assert_eq!(safe(b"\x1b[31mred", false), "red");
        assert_eq!(safe(b"\x1b[2J\x1b]0;title\x07", true), "\\u{1b}[2J\\u{1b}]0;title\\u{7}");
        assert_eq!(safe(b"10 %\r20 %\r\n".trim_ascii_end(), true), "20 %");
        assert_eq!(safe(b"\xff\0", true), "\u{fffd}\\u{0}");
        assert_eq!(safe(b"\x1b", true), "\\u{1b}");
    }
}
