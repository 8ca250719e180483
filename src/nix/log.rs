//! nix's log in its `internal-json` form, read line by line: what was looked at, what is going on, what went wrong.

use serde::Deserialize;
use serde_json::Value;
use std::io::{self, BufRead};
use std::path::PathBuf;

const MARK: &str = "@nix ";
/// nix's numbers for how grave a message is.
const ERROR: u64 = 0;
const WARNING: u64 = 1;
/// In bytes.
const LINE_LIMIT: u64 = 16 << 20;
/// nix's numbers for activities and their results.
const COPY_PATHS: u64 = 103;
const FILE_TRANSFER: u64 = 101;
const BUILD: u64 = 105;
const SUBSTITUTE: u64 = 108;
const BUILD_LOG_LINE: u64 = 101;
const PROGRESS: u64 = 105;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The evaluation looked at something.
    Looked(Look),
    Error(String),
    /// A warning, or what an expression traces.
    Remark(String),
    /// nix wrote the lock of a flake, and says what it put there.
    WroteLock(String),
    /// A line of some build's own.
    BuildLog(String),
    Began {
        id: u64,
        activity: Activity,
    },
    /// Bytes or paths of an activity, where it counts them.
    Progressed {
        id: u64,
        done: u64,
        expected: u64,
    },
    Ended {
        id: u64,
    },
    /// Nobody needs to know.
    Other,
}

/// What an evaluation looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It was evaluated or read.
    File(PathBuf),
    Directory(PathBuf),
    /// Only whether it is there, and whether it was.
    Presence(PathBuf, bool),
    /// Only whether it is a file, a directory or a link.
    Kind(PathBuf),
    /// It went to the store, with all below it.
    Tree {
        path: PathBuf,
        /// As what, where nix itself tells.
        stored: Option<PathBuf>,
    },
    /// A derivation was made.
    Derivation(PathBuf),
    /// A flake or a repository was asked for, by a reference or a path.
    Fetched(String),
    Variable(String),
    /// A nix file, or a directory with a `default.nix`, of which all is told that it looks at.
    Traced(PathBuf),
}

impl Look {
    /// The files that a traced name may stand for.
    pub fn traced(&self) -> Vec<PathBuf> {
        match self {
            Self::Traced(path) => vec![path.clone(), path.join("default.nix")],
            Self::File(_)
            | Self::Directory(_)
            | Self::Presence(..)
            | Self::Kind(_)
            | Self::Tree { .. }
            | Self::Derivation(_)
            | Self::Fetched(_)
            | Self::Variable(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    Building(String),
    Downloading(String),
    Copying,
    Transfer,
}

#[derive(Deserialize)]
struct Message {
    action: String,
    #[serde(default)]
    level: u64,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    id: u64,
    #[serde(rename = "type", default)]
    kind: u64,
    #[serde(default)]
    fields: Vec<Value>,
}

/// Reads on to the end of a line, or of a part of one that no nix says.
pub fn read_line(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    io::Read::take(&mut *log, LINE_LIMIT).read_until(b'\n', line)
}

impl Line {
    pub fn parse(line: &str) -> Self {
        let Some(json) = line.strip_prefix(MARK) else {
            // What is not nix's own is worth a look when it fails: a program in its place, or the system's loader.
            return if line.trim().is_empty() { Self::Other } else { Self::Error(plain(line)) };
        };
        let Ok(message) = serde_json::from_str::<Message>(json) else { return Self::Other };
        match message.action.as_str() {
            "msg" => Self::said(&message),
            "start" => Self::began(&message),
            "stop" => Self::Ended { id: message.id },
            "result" if message.kind == BUILD_LOG_LINE => {
                Self::BuildLog(plain(text(&message.fields, 0)))
            }
            "result" if message.kind == PROGRESS => Self::Progressed {
                id: message.id,
                done: number(&message.fields, 0),
                expected: number(&message.fields, 1),
            },
            _ => Self::Other,
        }
    }

    fn said(message: &Message) -> Self {
        let said = message.msg.as_str();
        let report =
            said.strip_prefix("trace: envr-read ").and_then(|report| report.split_once(' '));
        if let Some((kind, name)) = report {
            return match kind {
                "file" => Self::Looked(Look::File(name.into())),
                "import" => Self::Looked(Look::Traced(name.into())),
                "dir" => Self::Looked(Look::Directory(name.into())),
                "there" => Self::Looked(Look::Presence(name.into(), true)),
                "missing" => Self::Looked(Look::Presence(name.into(), false)),
                "type" => Self::Looked(Look::Kind(name.into())),
                "tree" => Self::Looked(Look::Tree { path: name.into(), stored: None }),
                "fetch" => Self::Looked(Look::Fetched(name.to_string())),
                "env" => Self::Looked(Look::Variable(name.to_string())),
                _ => Self::Other,
            };
        }
        if let Some(file) = quoted(said, "evaluating file '") {
            return Self::Looked(Look::File(file.into()));
        }
        if let Some(copied) = quoted(said, "copied source '") {
            let (path, stored) = became(copied);
            let (path, stored) = (path.into(), stored.map(PathBuf::from));
            return Self::Looked(Look::Tree { path, stored });
        }
        if let Some((_, Some(derivation))) = quoted(said, "instantiated '").map(became) {
            return Self::Looked(Look::Derivation(derivation.into()));
        }
        let text = plain(said);
        match message.level {
            WARNING if text.contains("ing lock file") => Self::WroteLock(text),
            ERROR if !text.starts_with("trace: ") => Self::Error(text),
            ERROR | WARNING => Self::Remark(text),
            _ => Self::Other,
        }
    }

    fn began(message: &Message) -> Self {
        let name = || store_name(text(&message.fields, 0));
        let activity = match message.kind {
            BUILD => Activity::Building(name()),
            SUBSTITUTE => Activity::Downloading(name()),
            COPY_PATHS => Activity::Copying,
            FILE_TRANSFER => Activity::Transfer,
            _ => return Self::Other,
        };
        Self::Began { id: message.id, activity }
    }
}

/// The text between a beginning and the last quote.
fn quoted<'a>(said: &'a str, beginning: &str) -> Option<&'a str> {
    said.strip_prefix(beginning)?.strip_suffix('\'')
}

/// Of `a' -> 'b`, both. What it became is in the store, where no name has quotes.
fn became(quoted: &str) -> (&str, Option<&str>) {
    quoted.rsplit_once("' -> '").map_or((quoted, None), |(from, to)| (from, Some(to)))
}

/// `/nix/store/HASH-hello-1.0.drv` as `hello-1.0`.
fn store_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".drv").unwrap_or(name);
    name.split_once('-').map_or(name, |(_, name)| name).to_string()
}

fn text(fields: &[Value], index: usize) -> &str {
    fields.get(index).and_then(Value::as_str).unwrap_or_default()
}

fn number(fields: &[Value], index: usize) -> u64 {
    fields.get(index).and_then(Value::as_u64).unwrap_or_default()
}

/// Without nix's colours.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        shown.push_str(before);
        rest =
            after.find(|end: char| end.is_ascii_alphabetic()).map_or("", |end| &after[end + 1..]);
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_nix_say_what_it_does() {
        let parse = |json: &str| Line::parse(&format!("@nix {json}"));
        assert_eq!(
            parse(r#"{"action":"msg","level":4,"msg":"evaluating file '/s/it's/flake.nix'"}"#),
            Line::Looked(Look::File("/s/it's/flake.nix".into()))
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":5,"msg":"copied source '/p/a' -> '/s/1-a'"}"#),
            Line::Looked(Look::Tree { path: "/p/a".into(), stored: Some("/s/1-a".into()) })
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":4,"msg":"evaluating file '/a' -> 'b/c'"}"#),
            Line::Looked(Look::File("/a' -> 'b/c".into()))
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":5,"msg":"copied source '/a' -> 'b/c' -> '/s/1-c'"}"#),
            Line::Looked(Look::Tree { path: "/a' -> 'b/c".into(), stored: Some("/s/1-c".into()) })
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":5,"msg":"instantiated 'a' -> '/s/2-a.drv'"}"#),
            Line::Looked(Look::Derivation("/s/2-a.drv".into()))
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":0,"msg":"trace: envr-read env BUILD"}"#),
            Line::Looked(Look::Variable("BUILD".into()))
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":0,"msg":"trace: x"}"#),
            Line::Remark("trace: x".into())
        );
        assert_eq!(
            parse(r#"{"action":"msg","level":1,"msg":"\u001b[35;1mwarning:\u001b[0m old"}"#),
            Line::Remark("warning: old".into())
        );
        assert_eq!(parse(r#"{"action":"msg","level":3,"msg":"building"}"#), Line::Other);
        assert_eq!(
            parse(r#"{"action":"msg","level":0,"msg":"\u001b[31;1merror:\u001b[0m no"}"#),
            Line::Error("error: no".into())
        );
        assert_eq!(
            parse(
                r#"{"action":"start","fields":["/s/1-a-2.drv","",1,1],"id":7,"level":3,"text":"","type":105}"#
            ),
            Line::Began { id: 7, activity: Activity::Building("a-2".into()) }
        );
        assert_eq!(
            parse(r#"{"action":"result","fields":[1,2,0,0],"id":7,"type":105}"#),
            Line::Progressed { id: 7, done: 1, expected: 2 }
        );
        assert_eq!(parse("{"), Line::Other);
        assert_eq!(Line::parse("Killed"), Line::Error("Killed".into()));
    }
}
