//! A `process-compose.yaml`.

use super::{Imported, Toml, child, merged, number, pairs, text, texts, variables};
use crate::secrets::{Branch, Value};

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
        let service = service(name, &merged(process), &mut imported);
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
    let mut left_out = Vec::new();
    for (key, value) in pairs(process) {
        match (key, value) {
            ("command", value) => put("command", Toml::text(text(value).unwrap_or_default())),
            ("entrypoint", value) => {
                put("command", Toml::List(texts(value).into_iter().map(Toml::Text).collect()));
            }
            ("working_dir", value) => put("cwd", Toml::text(text(value).unwrap_or_default())),
            ("environment", value) => put("env", Toml::Table(variables(value))),
            ("depends_on", Value::Branch(needs)) => put("depends_on", conditions(needs)),
            ("availability", Value::Branch(policy)) => {
                if let Some(restart) = restart(policy, &mut left_out) {
                    put("restart", restart);
                }
            }
            ("readiness_probe", Value::Branch(asked)) => put("ready", probe(asked)),
            ("liveness_probe", Value::Branch(asked)) => put("live", probe(asked)),
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
                let when = child(when, "cron").or_else(|| child(when, "interval"));
                put("schedule", Toml::text(when.and_then(text).unwrap_or_default()));
            }
            ("disabled", value) => {
                if text(value).as_deref() == Some("true") {
                    put("auto", Toml::Flag(false));
                }
            }
            ("description", _) => {}
            (key, _) => left_out.push(key.to_string()),
        }
    }
    for key in left_out {
        imported.tell(name, &format!("`{key}` is left out"));
    }
    service
}

fn conditions(needs: &Branch) -> Toml {
    let condition = |(name, value): (&str, &Value)| {
        let said = value.branch().and_then(|branch| child(branch, "condition")).and_then(text);
        let word = match said.as_deref() {
            Some("process_healthy" | "process_log_ready") => "ready",
            Some("process_completed" | "process_completed_successfully") => "completed",
            _ => "started",
        };
        (name.to_string(), Toml::text(word))
    };
    Toml::Table(pairs(needs).map(condition).collect())
}

fn restart(policy: &Branch, left_out: &mut Vec<String>) -> Option<Toml> {
    let mut table = Vec::new();
    for (key, value) in pairs(policy) {
        let (key, value) = match (key, text(value).as_deref()) {
            ("restart", Some("always")) => ("when", Toml::text("always")),
            ("restart", Some("on_failure")) => ("when", Toml::text("on-failure")),
            ("restart", Some("no" | "false")) => ("when", Toml::text("never")),
            ("backoff_seconds", _) => ("delay", Toml::seconds(number(value).unwrap_or(1))),
            ("max_restarts", Some("0")) => continue,
            ("max_restarts", _) => ("limit", Toml::Number(number(value).unwrap_or(1))),
            (key, word) => {
                left_out.push(format!("availability.{key}: {}", word.unwrap_or_default()));
                continue;
            }
        };
        table.push((key.to_string(), value));
    }
    (!table.is_empty()).then_some(Toml::Table(table))
}

fn probe(asked: &Branch) -> Toml {
    let mut table = Vec::new();
    let mut put = |key: &str, value: Toml| table.push((key.to_string(), value));
    for (key, value) in pairs(asked) {
        match (key, value) {
            ("exec", Value::Branch(exec)) => {
                put("exec", Toml::text(child(exec, "command").and_then(text).unwrap_or_default()));
            }
            ("http_get", Value::Branch(get)) => {
                let part = |key: &str, default: &str| {
                    child(get, key).and_then(text).unwrap_or_else(|| default.to_string())
                };
                let (host, port) = (part("host", "localhost"), part("port", "80"));
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
            _ => {}
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
