//! The bash lane: starts bash on an rc and turns its end and its report into an evaluation.

mod running;
mod foresight;
mod conversation;
pub mod stage;
pub mod library;
mod nix;
pub mod report;
pub mod terminal;

pub use nix::print as print_nix;

use super::link::DirenvLink;
use super::signals;
use super::vigil::Interrupt;
use super::{Evaluation, Lane, Outcome, Start, in_progress};
use crate::host::{Host, Voice};
use crate::session;
use crate::trust::Trusted;
use anyhow::{Error, Result, anyhow};
use conversation::Conversation;
use running::{End, Running};
use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

pub fn run(start: &Start, trusted: &mut Trusted, lane: Lane) -> Result<Evaluation> {
    let host = start.world.host;
    let bash = start.world.config.bash(host, start.outer)?;
    let link = DirenvLink::needed_by(host, start.outer);
    let mut env = start.outer.clone();
    session::set_watches(&mut env, &start.watches);
    env.set("DIRENV_IN_ENVRC", "1");
    in_progress::begin(&mut env, &trusted.rc().path);
    link.add_to(&mut env);

    let mut conversation = Conversation::new(start, trusted)?;
    let mut running = Running::start(&bash, &env, &conversation)?;
    // While bash starts.
    conversation.stage.sweep_beside();
    let end = running.wait(&mut conversation)?;

    let Conversation { watches: asked, failure, refused, scripts, fell_short, secrets, .. } =
        conversation;
    trusted.look_again();
    let outcome = match (refused, failure, end) {
        (Some(reason), ..) => Outcome::Refused(reason),
        (None, Some(failure), _) => Outcome::Failed(failure),
        (None, None, End { interrupt: Interrupt::Forced, .. }) => Outcome::Interrupted,
        (None, None, End { status, interrupt: Interrupt::Asked }) if !status.success() => {
            Outcome::Interrupted
        }
        (None, None, End { status, .. }) if !status.success() => {
            Outcome::Failed(why(host, trusted, status))
        }
        (None, None, End { .. }) => match running.report.take() {
            None => Outcome::Silent,
            Some(report) => {
                let aliases = report.aliases.iter().map(|name| format!("alias `{name}`"));
                let functions = left_behind(host, &scripts, &report.functions);
                let left_behind = match host.voice {
                    Voice::Envr => aliases.chain(functions).collect(),
                    Voice::Direnv => Vec::new(),
                };
                let mut env = report::with_what_bash_cannot_hold(start.outer, report.exported);
                // What the script left in its variable counts, for other programs add to it and take from it, too;
                // where it is gone, what was asked for.
                let mut watches = start.watches.clone();
                watches.merge(session::watches_of(&env).unwrap_or(asked));
                session::clear(&mut env);
                env.unset("DIRENV_IN_ENVRC");
                in_progress::end(&mut env, start.outer);
                link.remove_from(&mut env);
                return Ok(Evaluation {
                    lane,
                    outcome: Outcome::Loaded(env),
                    watches,
                    left_behind,
                    fell_short,
                    secrets,
                });
            }
        },
    };
    Ok(Evaluation::new(lane, outcome, asked))
}

/// Functions of the project that nothing in its scripts can be seen to use: those meant for the prompt.
pub fn left_behind(host: &Host, scripts: &[u8], functions: &[String]) -> Vec<String> {
    if host.voice == Voice::Direnv || functions.is_empty() {
        return Vec::new();
    }
    let mentions = mentions(scripts);
    // What is mentioned elsewhere alone, a copy of another function, is there to be called.
    let is_for_the_prompt = |name: &&String| {
        !["use_", "layout_", "_"].iter().any(|prefix| name.starts_with(prefix))
            && mentions.get(name.as_bytes()) == Some(&Mentions { all: 1, definitions: 1 })
    };
    let functions = functions.iter().filter(is_for_the_prompt);
    functions.map(|name| format!("function `{name}`")).collect()
}

/// How often a word stands somewhere, and how often as `NAME ()` or `function NAME`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mentions {
    all: usize,
    definitions: usize,
}

/// The words of scripts. Comments, and the `export -f` that hands a function on, are no use of it.
fn mentions(scripts: &[u8]) -> HashMap<&[u8], Mentions> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let commands = scripts
        .split(|byte| *byte == b'\n')
        .flat_map(|line| without_comment(line).split(|byte| b";&|".contains(byte)))
        .filter(|command| !exports_functions(command));
    let mut mentions = HashMap::<&[u8], Mentions>::new();
    for command in commands {
        let (mut rest, mut before) = (command, &b""[..]);
        while let Some(start) = rest.iter().position(is_part) {
            let end = rest[start..].iter().position(|byte| !is_part(byte));
            let (word, after) = rest[start..].split_at(end.unwrap_or(rest.len() - start));
            let mention = mentions.entry(word).or_default();
            mention.all += 1;
            let has_parentheses = after.trim_ascii_start().starts_with(b"(");
            mention.definitions += usize::from(before == b"function" || has_parentheses);
            (rest, before) = (after, word);
        }
    }
    mentions
}

/// What looks like a comment in quotes goes, too: that is rare, and hides a mention at worst.
fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: &usize| line[*at] == b'#' && (*at == 0 || b" \t;".contains(&line[at - 1]));
    &line[..(0..line.len()).find(begins).unwrap_or(line.len())]
}

fn exports_functions(command: &[u8]) -> bool {
    let mut words = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let declares = [b"export".as_slice(), b"declare", b"typeset", b"readonly"];
    words.next().is_some_and(|first| declares.contains(&first))
        && words.next().is_some_and(|flags| flags.starts_with(b"-") && flags.contains(&b'f'))
}

/// The failure of an rc that ended with this status.
pub fn why(host: &Host, trusted: &Trusted, status: ExitStatus) -> Error {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) if host.voice == Voice::Direnv => return anyhow!("exit status {code}"),
        (None, Some(signal)) if host.voice == Voice::Direnv => {
            let core = if status.core_dumped() { " (core dumped)" } else { "" };
            let words = signals::in_words(signal);
            let words = words.map_or_else(|| format!("signal {signal}"), str::to_owned);
            return anyhow!("signal: {words}{core}");
        }
        (Some(code), _) => format!("it exited with status {code}"),
        (None, Some(signal)) => format!("bash was ended by signal {signal}"),
        (None, None) => "bash ended".to_string(),
    };
    anyhow!("could not load `{}`: {how}", host.tilde(&trusted.rc().path))
}
