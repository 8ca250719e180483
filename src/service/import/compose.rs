//! A `docker-compose.yml`: the programs of its containers, run without containers.

use super::{Imported, Toml, child, merged, number, pairs, text, texts, variables};
use crate::secrets::{Branch, Value};

pub fn import(top: &Branch, services: &Branch) -> Imported {
    let mut imported = Imported::default();
    for (key, _) in pairs(top) {
        if !matches!(key, "version" | "services" | "name") && !key.starts_with("x-") {
            imported.report.push(format!("`{key}` is left out"));
        }
    }
    for (name, value) in pairs(services) {
        let Value::Branch(container) = value else { continue };
        let container = merged(container);
        match command(&container) {
            None => imported.tell(
                name,
                "left out: it has no `command`, and what its image runs is not known here",
            ),
            Some(command) => {
                let mut service = vec![("command".to_string(), command)];
                rest(name, &container, &mut service, &mut imported);
                imported.services.push((name.to_string(), service));
            }
        }
    }
    imported
}

/// The entrypoint with its arguments. In a line `$$` stands for `$`.
fn command(container: &Branch) -> Option<Toml> {
    let plain = |text: String| text.replace("$$", "$");
    let list = |value: &Value| matches!(value, Value::List(_));
    match (child(container, "entrypoint"), child(container, "command")) {
        (None, Some(value)) if !list(value) => Some(Toml::Text(plain(text(value)?))),
        (None, None) => None,
        (entrypoint, command) => {
            let words = entrypoint.into_iter().chain(command).flat_map(texts).map(plain);
            Some(Toml::List(words.map(Toml::Text).collect()))
        }
    }
}

fn rest(
    name: &str,
    container: &Branch,
    service: &mut Vec<(String, Toml)>,
    imported: &mut Imported,
) {
    let mut stop = Vec::new();
    for (key, value) in pairs(container) {
        let mut put = |key: &str, value: Toml| service.push((key.to_string(), value));
        match (key, value) {
            ("command" | "entrypoint" | "container_name" | "labels" | "hostname", _) => {}
            ("image" | "build", _) => {
                imported.tell(name, &format!("`{key}` is left out: its program has to be on PATH"));
            }
            ("environment", value) => {
                let variables = variables(value);
                if variables.iter().any(|(_, value)| value.to_string().contains("${")) {
                    imported.tell(name, "`environment`: `${…}` stays as it stands");
                }
                put("env", Toml::Table(variables));
            }
            ("depends_on", value) => put("depends_on", conditions(value)),
            ("healthcheck", Value::Branch(check)) => match healthcheck(check) {
                Some(ready) => put("ready", ready),
                None => imported.tell(name, "`healthcheck` is left out"),
            },
            ("ports", value) => {
                let ports = texts(value);
                match ports.as_slice() {
                    [one] if port(one).is_some() => {
                        put("port", Toml::Number(port(one).unwrap_or_default()));
                    }
                    ports => imported.tell(
                        name,
                        &format!(
                            "`ports` is left out: {}; it listens where it listens",
                            ports.join(", ")
                        ),
                    ),
                }
            }
            ("restart", value) => match text(value).as_deref().map(|word| word.split(':').next()) {
                Some(Some("no" | "false")) => put("restart", Toml::text("never")),
                Some(Some("on-failure")) => put("restart", Toml::text("on-failure")),
                _ => put("restart", Toml::text("always")),
            },
            ("stop_signal", value) => {
                stop.push(("signal".to_string(), Toml::text(text(value).unwrap_or_default())));
            }
            ("stop_grace_period", value) => {
                stop.push(("timeout".to_string(), Toml::text(text(value).unwrap_or_default())));
            }
            ("scale", value) => put("replicas", Toml::Number(number(value).unwrap_or(1))),
            ("profiles", _) => put("auto", Toml::Flag(false)),
            (key, _) => imported.tell(name, &format!("`{key}` is left out")),
        }
    }
    if !service.iter().any(|(key, _)| key == "restart") {
        service.push(("restart".to_string(), Toml::text("never")));
    }
    if !stop.is_empty() {
        service.push(("stop".to_string(), Toml::Table(stop)));
    }
}

/// `8080`, or `8080:8080`: where both ends are the same.
fn port(text: &str) -> Option<i64> {
    let text = text.trim_end_matches("/tcp");
    let (outside, inside) = text.rsplit_once(':').unwrap_or((text, text));
    let outside = outside.rsplit(':').next().unwrap_or(outside);
    inside.parse().ok().filter(|_| outside == inside)
}

fn conditions(value: &Value) -> Toml {
    let Value::Branch(needs) = value else {
        let started = texts(value).into_iter().map(|name| (name, Toml::text("started")));
        return Toml::Table(started.collect());
    };
    let condition = |(name, value): (&str, &Value)| {
        let said = value.branch().and_then(|branch| child(branch, "condition")).and_then(text);
        let word = match said.as_deref() {
            Some("service_healthy") => "ready",
            Some("service_completed_successfully") => "completed",
            _ => "started",
        };
        (name.to_string(), Toml::text(word))
    };
    Toml::Table(pairs(needs).map(condition).collect())
}

fn healthcheck(check: &Branch) -> Option<Toml> {
    let words = texts(child(check, "test")?);
    let line = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["NONE"] => return None,
        ["CMD-SHELL", line] | [line] => (*line).to_string(),
        ["CMD", words @ ..] => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    let mut table = vec![("exec".to_string(), Toml::Text(line.replace("$$", "$")))];
    for (key, own) in [("interval", "every"), ("timeout", "answer_within")] {
        if let Some(time) = child(check, key).and_then(text) {
            table.push((own.to_string(), Toml::Text(time)));
        }
    }
    if let Some(count) = child(check, "retries").and_then(number) {
        table.push(("failures".to_string(), Toml::Number(count)));
    }
    Some(Toml::Table(table))
}

fn quoted(word: &str) -> String {
    shell_words::quote(word).into_owned()
}
