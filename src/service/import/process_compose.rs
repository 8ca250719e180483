//! A `process-compose.yaml`.

use super::{Imported, Toml, child, merged, number, pairs, text, texts, variables};
use crate::secrets::{Branch, Value};

/// Keys that mean one and the same here, with those that go before them.
const SAME: [(&str, &str); 2] = [("ready_log_line", "readiness_probe"), ("entrypoint", "command")];

pub fn import(top: &Branch, processes: &Branch) -> Imported {
    let mut imported = Imported::default();
    if let Some(environment) = child(top, "environment") {
        imported.env = variables(environment);
    }
    for (key, _) in pairs(top) {
        if !matches!(key, "version" | "processes" | "environment") {
            imported.report.push(format!("`{key}` is left out"));
        }
    }
    for (name, value) in pairs(processes) {
        let Value::Branch(process) = value else { continue };
        let process = merged(process);
        tell_templates(name, &process, &mut imported);
        let service = service(name, &process, &mut imported);
        if service.iter().any(|(key, _)| key == "command") {
            imported.services.push((name.to_string(), service));
        } else {
            imported.tell(name, "left out: it has no command");
        }
    }
    imported
}

fn service(name: &str, process: &Branch, imported: &mut Imported) -> Vec<(String, Toml)> {
    let mut service: Vec<(String, Toml)> = Vec::new();
    let mut put = |key: &str, value: Toml| service.push((key.to_string(), value));
    let (mut left_out, mut not_quite) = (Vec::new(), Vec::new());
    for (key, value) in pairs(process) {
        let first = SAME.iter().find(|(second, _)| *second == key).map(|(_, first)| *first);
        if let Some(first) = first.filter(|first| child(process, first).is_some()) {
            not_quite.push(format!("`{key}` is left out: `{first}` says it, too"));
            continue;
        }
        match (key, value) {
            ("command", value) => put("command", command(&text(value).unwrap_or_default())),
            ("entrypoint", value) => {
                put("command", Toml::List(texts(value).into_iter().map(Toml::Text).collect()));
            }
            ("working_dir", value) => put("cwd", Toml::text(text(value).unwrap_or_default())),
            ("environment", value) => put("env", Toml::Table(variables(value))),
            ("env_file", value) => imported.read_environment(name, value),
            ("depends_on", Value::Branch(needs)) => {
                put("depends_on", conditions(needs, &mut not_quite));
            }
            ("availability", Value::Branch(policy)) => {
                put("restart", restart(policy, &mut left_out, &mut not_quite));
            }
            ("readiness_probe", Value::Branch(asked)) => {
                put("ready", probe(asked, "readiness_probe", &mut left_out));
            }
            ("liveness_probe", Value::Branch(asked)) => {
                put("live", probe(asked, "liveness_probe", &mut left_out));
            }
            ("ready_log_line", value) => {
                let line = Toml::text(text(value).unwrap_or_default());
                put("ready", Toml::Table(vec![("log".to_string(), line)]));
            }
            ("shutdown", Value::Branch(how)) => put("stop", stop(how, &mut left_out)),
            ("replicas", value) => {
                if let Some(count) = number(value).filter(|count| *count > 1) {
                    put("replicas", Toml::Number(count));
                }
            }
            ("schedule", Value::Branch(when)) => {
                for (key, value) in pairs(when) {
                    match key {
                        "interval" if child(when, "cron").is_some() => {
                            left_out.push(format!("schedule.{key}"));
                        }
                        "cron" | "interval" => {
                            put("schedule", Toml::text(text(value).unwrap_or_default()));
                        }
                        "timezone" => put(key, Toml::text(text(value).unwrap_or_default())),
                        key => left_out.push(format!("schedule.{key}")),
                    }
                }
            }
            ("disabled", value) => {
                if text(value).as_deref() == Some("true") {
                    put("auto", Toml::Flag(false));
                }
            }
            ("is_daemon", value) => {
                if text(value).as_deref() == Some("true") {
                    not_quite.push(
                        "`is_daemon` is left out: it has to stay in the foreground".to_string(),
                    );
                }
            }
            ("description", _) => {}
            (key, _) => left_out.push(key.to_string()),
        }
    }
    // What says nothing about it is not started again.
    if !service.iter().any(|(key, _)| key == "restart" || key == "schedule") {
        service.push(("restart".to_string(), Toml::text("never")));
    }
    for what in not_quite {
        imported.tell(name, &what);
    }
    for key in left_out {
        imported.tell(name, &format!("`{key}` is left out"));
    }
    service
}

/// A line that only bash understands is given to it: there it is what runs them all.
fn command(line: &str) -> Toml {
    let line = line.replace("$$", "$");
    let only_bash = [
        "[[",
        "<(",
        ">(",
        "<<<",
        "&>",
        "$'",
        "pipefail",
        "source ",
        "function ",
        "declare ",
        "${!",
    ];
    if only_bash.iter().any(|syntax| line.contains(syntax)) {
        let words = ["bash", "-c", line.as_str()];
        return Toml::List(words.map(Toml::text).to_vec());
    }
    Toml::Text(line)
}

/// Go's templates mean nothing here.
fn tell_templates(name: &str, process: &Branch, imported: &mut Imported) {
    for (key, value) in pairs(process) {
        let template = leaves(value).into_iter().find(|text| text.contains("{{"));
        if let Some(template) = template {
            let start = template.find("{{").unwrap_or_default();
            let end = template.find("}}").map_or(template.len(), |end| end + 2);
            let part = crate::ui::escape(template.get(start..end).unwrap_or("{{"));
            imported.tell(name, &format!("`{key}`: the template `{part}` stays as it stands"));
        }
    }
}

/// All texts of a value.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::Branch(branch) => pairs(branch).flat_map(|(_, value)| leaves(value)).collect(),
        Value::List(items) => items.iter().flat_map(leaves).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn conditions(needs: &Branch, not_quite: &mut Vec<String>) -> Toml {
    let condition = |(name, value): (&str, &Value)| {
        let said = value.branch().and_then(|branch| child(branch, "condition")).and_then(text);
        let word = match said.as_deref() {
            Some("process_healthy" | "process_log_ready") => "ready",
            Some("process_completed_successfully") => "completed",
            Some("process_completed") => {
                not_quite.push(format!("`depends_on`: `{name}` has to end with success"));
                "completed"
            }
            _ => "started",
        };
        (name.to_string(), Toml::text(word))
    };
    Toml::Table(pairs(needs).map(condition).collect())
}

fn restart(policy: &Branch, left_out: &mut Vec<String>, not_quite: &mut Vec<String>) -> Toml {
    let mut table = vec![("when".to_string(), Toml::text("never"))];
    let mut put = |key: &str, value: Toml| table.push((key.to_string(), value));
    let mut when = None;
    for (key, value) in pairs(policy) {
        match (key, text(value).as_deref()) {
            ("restart", Some("always")) => when = Some("always"),
            ("restart", Some("on_failure")) => when = Some("on-failure"),
            ("restart", Some("no" | "false")) | ("max_restarts", Some("0")) => {}
            ("backoff_seconds", _) => {
                let delay = Toml::seconds(number(value).unwrap_or(1));
                put("delay", delay.clone());
                put("longest_delay", delay);
            }
            ("max_restarts", _) => {
                put("limit", Toml::Number(number(value).unwrap_or(1)));
                not_quite.push("`max_restarts` counts failures in a row".to_string());
            }
            (key, word) => {
                left_out.push(format!("availability.{key}: {}", word.unwrap_or_default()));
            }
        }
    }
    match when {
        None => Toml::text("never"),
        Some(when) => {
            table[0].1 = Toml::text(when);
            Toml::Table(table)
        }
    }
}

fn probe(asked: &Branch, name: &str, left_out: &mut Vec<String>) -> Toml {
    let mut table = Vec::new();
    let mut put = |key: &str, value: Toml| table.push((key.to_string(), value));
    for (key, value) in pairs(asked) {
        match (key, value) {
            ("exec", Value::Branch(exec)) => {
                let extra = pairs(exec).map(|(key, _)| key).filter(|key| *key != "command");
                left_out.extend(extra.map(|key| format!("{name}.exec.{key}")));
                put("exec", Toml::text(child(exec, "command").and_then(text).unwrap_or_default()));
            }
            ("http_get", Value::Branch(get)) => {
                let part = |key: &str, default: &str| {
                    child(get, key).and_then(text).unwrap_or_else(|| default.to_string())
                };
                let extra = pairs(get).map(|(key, _)| key);
                let extra = extra.filter(|key| !matches!(*key, "host" | "port" | "path"));
                let is_plain = part("scheme", "http") == "http";
                let extra = extra.filter(|key| *key != "scheme" || !is_plain);
                left_out.extend(extra.map(|key| format!("{name}.http_get.{key}")));
                let (host, port) = (part("host", "localhost"), part("port", "80"));
                let port = port.replace("${", "$").replace('}', "");
                let path = part("path", "/");
                let path = path.trim_start_matches('/');
                put("http", Toml::text(format!("http://{host}:{port}/{path}")));
            }
            ("period_seconds", value) => put("every", Toml::seconds(number(value).unwrap_or(10))),
            ("timeout_seconds", value) => {
                put("answer_within", Toml::seconds(number(value).unwrap_or(1)));
            }
            ("failure_threshold", value) => {
                put("failures", Toml::Number(number(value).unwrap_or(3)));
            }
            // The first check comes at once, and one success is enough.
            (key, _) => left_out.push(format!("{name}.{key}")),
        }
    }
    Toml::Table(table)
}

fn stop(how: &Branch, left_out: &mut Vec<String>) -> Toml {
    let mut table = Vec::new();
    for (key, value) in pairs(how) {
        let (key, value) = match (key, text(value)) {
            ("command", Some(line)) => ("command", Toml::Text(line)),
            ("signal", Some(signal)) => ("signal", Toml::Text(signal)),
            ("timeout_seconds", _) => ("timeout", Toml::seconds(number(value).unwrap_or(10))),
            ("parent_only", Some(only)) if only == "true" => ("to", Toml::text("main")),
            ("parent_only", _) => continue,
            (key, _) => {
                left_out.push(format!("shutdown.{key}"));
                continue;
            }
        };
        table.push((key.to_string(), value));
    }
    Toml::Table(table)
}
