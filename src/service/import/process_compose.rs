//! A `process-compose.yaml`.

mod probe;

use super::Imported;
use super::draft::{Draft, number};
use super::shell::Prelude;
use super::template::Template;
use super::tree::{Map, Node};
use super::variables::Variables;
use super::words::Word;
use super::written::Toml;

/// Keys that mean one and the same here, with those that go before them.
const SAME: [(&str, &str); 2] = [("ready_log_line", "readiness_probe"), ("entrypoint", "command")];
/// What is converted with all that is filled in.
const FILLED_IN: [&str; 6] =
    ["command", "entrypoint", "working_dir", "readiness_probe", "liveness_probe", "shutdown"];

/// What a shell does not read as bash does.
const ONLY_BASH: [&str; 11] =
    ["[[", "<(", ">(", "<<<", "&>", "$'", "pipefail", "source ", "function ", "declare ", "${!"];

/// Whether texts are filled in at all.
pub fn fills_in(top: &Map) -> bool {
    !top.child("disable_env_expansion").is_some_and(Node::is_true)
}

pub fn import(top: &Map) -> Imported {
    let mut imported = Imported::default();
    let variables = top.child("environment").map(Variables::new).unwrap_or_default();
    imported.env = variables.fixed();
    let left_out = variables.left_out.iter().map(|name| format!("environment.{name}"));
    let known =
        ["version", "processes", "environment", "disable_env_expansion"].map(str::to_string);
    let keys = top.pairs().map(|(key, _)| key.to_string());
    for key in left_out.chain(keys.filter(|key| !known.contains(key))) {
        imported.report.push(format!("`{key}` is left out"));
    }
    let processes = top.child("processes").and_then(Node::map);
    for (name, node) in processes.iter().flat_map(|processes| processes.pairs()) {
        let Some(process) = node.map() else { continue };
        let mut draft = Draft::default();
        tell_templates(process, &mut draft);
        service(process, &variables, &mut draft, &mut imported);
        if !draft.has("command") {
            draft.tell("left out: it has no command");
        }
        imported.take(name, draft);
    }
    imported
}

fn service(process: &Map, of_all: &Variables, draft: &mut Draft, imported: &mut Imported) {
    let own = process.child("environment").map(Variables::new).unwrap_or_default();
    let fixed = own.fixed();
    let variables = of_all.with(own);
    let dir = process.child("working_dir").and_then(Node::template);
    let prelude = Prelude::new(&variables, dir.filter(|dir| dir.has_holes()));
    for (key, node) in process.pairs() {
        let first = SAME.iter().find(|(second, _)| *second == key).map(|(_, first)| *first);
        if let Some(first) = first.filter(|first| process.child(first).is_some()) {
            draft.tell(format!("`{key}` is left out: `{first}` says it, too"));
            continue;
        }
        match (key, node) {
            (_, Node::Null) | ("description", _) => {}
            ("command", Node::Text(line)) => draft.put("command", command(line, &prelude)),
            ("entrypoint", node) => {
                let words: Vec<Word> = node.templates().into_iter().map(Word::whole).collect();
                if !words.is_empty() {
                    draft.put("command", prelude.command(&words));
                }
            }
            ("working_dir", Node::Text(dir)) => {
                if let Some(dir) = dir.text() {
                    draft.put("cwd", Toml::Text(dir));
                }
            }
            ("environment", _) => {
                if !fixed.is_empty() {
                    draft.put("env", Toml::Table(fixed.clone()));
                }
                for name in &variables.left_out {
                    draft.leave_out(&format!("environment.{name}"));
                }
            }
            ("env_file", node) => imported.read_environment(draft, node),
            ("depends_on", Node::Map(needs)) => {
                let needs = conditions(needs, draft);
                draft.put("depends_on", needs);
            }
            ("availability", Node::Map(policy)) => restart(policy, draft),
            ("readiness_probe", Node::Map(asked)) => {
                if let Some(probe) = probe::probe(asked, key, &prelude, draft) {
                    draft.put("ready", probe);
                }
            }
            ("liveness_probe", Node::Map(asked)) => {
                if let Some(probe) = probe::probe(asked, key, &prelude, draft) {
                    draft.put("live", probe);
                }
            }
            ("ready_log_line", node) => {
                if let Some(line) = draft.text(key, node) {
                    let log = ("log".to_string(), Toml::Text(line));
                    draft.put("ready", Toml::Table(vec![log]));
                }
            }
            ("shutdown", Node::Map(how)) => stop(how, &prelude, draft),
            ("replicas", node) => {
                if let Some(count) = draft.read(key, node, number).filter(|count| *count > 1) {
                    draft.put("replicas", Toml::Number(count));
                }
            }
            ("schedule", Node::Map(when)) => schedule(when, draft),
            ("disabled", node) => {
                if draft.read(key, node, flag) == Some(true) {
                    draft.put("auto", Toml::Flag(false));
                }
            }
            ("is_daemon", node) => {
                if draft.read(key, node, flag) == Some(true) {
                    draft.tell("`is_daemon` is left out: it has to stay in the foreground");
                }
            }
            (key, _) => draft.leave_out(key),
        }
    }
    // What says nothing about it is not started again.
    if !draft.has("restart") && !draft.has("schedule") {
        draft.put("restart", Toml::text("never"));
    }
    draft.tell_of_odd(process);
    draft.tell_of_hidden(&process.names_in(&FILLED_IN), &variables);
}

fn flag(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// A line that only bash understands is given to it: there it is what runs them all.
fn command(line: &Template, prelude: &Prelude) -> Toml {
    let script = prelude.script(line);
    if ONLY_BASH.iter().any(|syntax| script.contains(syntax)) {
        let words = ["bash", "-c", script.as_str()];
        return Toml::List(words.map(Toml::text).to_vec());
    }
    Toml::Text(script)
}

/// Go's templates mean nothing here.
fn tell_templates(process: &Map, draft: &mut Draft) {
    for (key, node) in process.pairs() {
        let template = node.leaves().into_iter().find(|text| text.written.contains("{{"));
        if let Some(Template { written, .. }) = template {
            let start = written.find("{{").unwrap_or_default();
            let end = written.find("}}").map_or(written.len(), |end| end + 2);
            let part = written.get(start..end).unwrap_or("{{");
            draft.tell(format!("`{key}`: the template `{part}` stays as it stands"));
        }
    }
}

fn conditions(needs: &Map, draft: &mut Draft) -> Toml {
    let mut conditions = Vec::new();
    for (name, how) in needs.pairs() {
        let mut word = "started";
        for (key, node) in how.map().iter().flat_map(|how| how.pairs()) {
            match (key, node.text().as_deref()) {
                ("condition", Some("process_started")) => {}
                ("condition", Some("process_healthy" | "process_log_ready")) => word = "ready",
                ("condition", Some("process_completed_successfully")) => word = "completed",
                ("condition", Some("process_completed")) => {
                    draft.tell(format!("`depends_on`: `{name}` has to end with success"));
                    word = "completed";
                }
                (key, _) => draft.leave_out(&format!("depends_on.{name}.{key}")),
            }
        }
        conditions.push((name.to_string(), Toml::text(word)));
    }
    Toml::Table(conditions)
}

fn restart(policy: &Map, draft: &mut Draft) {
    let mut when = "never";
    let mut table = Vec::new();
    for (key, node) in policy.pairs() {
        let shown = format!("availability.{key}");
        match (key, node.text().as_deref()) {
            ("restart", Some("always")) => when = "always",
            ("restart", Some("on_failure")) => when = "on-failure",
            ("restart", Some("no" | "false")) | ("max_restarts", Some("0")) => {}
            ("backoff_seconds", _) => {
                if let Some(delay) = draft.read(&shown, node, seconds) {
                    table.push(("delay".to_string(), delay.clone()));
                    table.push(("longest_delay".to_string(), delay));
                }
            }
            ("max_restarts", _) => {
                if let Some(limit) = draft.read(&shown, node, number) {
                    table.push(("limit".to_string(), Toml::Number(limit)));
                    draft.tell("`max_restarts` counts failures in a row");
                }
            }
            (_, Some(word)) => draft.leave_out(&format!("{shown}: {word}")),
            (_, None) => drop(draft.text(&shown, node)),
        }
    }
    let when = Toml::text(when);
    if when == Toml::text("never") {
        return draft.put("restart", when);
    }
    table.insert(0, ("when".to_string(), when));
    draft.put("restart", Toml::Table(table));
}

fn seconds(text: &str) -> Option<Toml> {
    number(text).map(Toml::seconds)
}

fn stop(how: &Map, prelude: &Prelude, draft: &mut Draft) {
    let mut table = Vec::new();
    for (key, node) in how.pairs() {
        let shown = format!("shutdown.{key}");
        let (key, value) = match (key, node) {
            ("command", Node::Text(line)) => ("command", Some(Toml::Text(prelude.script(line)))),
            ("signal", node) => ("signal", draft.text(&shown, node).map(Toml::Text)),
            ("timeout_seconds", node) => ("timeout", draft.read(&shown, node, seconds)),
            ("parent_only", node) => {
                let only = draft.read(&shown, node, flag).filter(|only| *only);
                ("to", only.map(|_| Toml::text("main")))
            }
            _ => {
                draft.leave_out(&shown);
                continue;
            }
        };
        table.extend(value.map(|value| (key.to_string(), value)));
    }
    if !table.is_empty() {
        draft.put("stop", Toml::Table(table));
    }
}

fn schedule(when: &Map, draft: &mut Draft) {
    for (key, node) in when.pairs() {
        let shown = format!("schedule.{key}");
        let own = match key {
            "interval" if when.child("cron").is_some() => {
                draft.leave_out(&shown);
                continue;
            }
            "cron" | "interval" => "schedule",
            "timezone" => key,
            _ => {
                draft.leave_out(&shown);
                continue;
            }
        };
        if let Some(text) = draft.text(&shown, node) {
            draft.put(own, Toml::Text(text));
        }
    }
}
