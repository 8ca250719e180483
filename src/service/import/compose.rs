//! A `docker-compose.yml`: the programs of its containers, run without containers.

use super::shell::{exported, line_of, pass_through, plain, quoted};
use super::{
    Imported, Toml, child, environment, merged, number, pairs, text, texts, time, without, words,
};
use crate::secrets::{Branch, Entry, Value};

/// How many services one may take over from, one after the other.
const DEEPEST: usize = 20;

pub fn import(top: &Branch, services: &Branch) -> Imported {
    let mut imported = Imported::default();
    for (key, _) in pairs(top) {
        if !matches!(key, "version" | "services" | "name") && !key.starts_with("x-") {
            imported.report.push(format!("`{key}` is left out"));
        }
    }
    for (name, value) in pairs(services) {
        let Value::Branch(container) = value else { continue };
        let container = extended(services, container, DEEPEST).unwrap_or_else(|why| {
            imported.tell(name, &why);
            without(&merged(container), "extends")
        });
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

/// With what it takes over from others of its file.
fn extended(services: &Branch, container: &Branch, depth: usize) -> Result<Branch, String> {
    let own = merged(container);
    let (base, file) = match child(&own, "extends") {
        None => return Ok(own),
        Some(Value::Branch(from)) => {
            (child(from, "service").and_then(text), child(from, "file").and_then(text))
        }
        Some(name) => (text(name), None),
    };
    if let Some(file) = file {
        return Err(format!("`extends` is left out: it is in `{file}`"));
    }
    let base = base.as_deref().and_then(|name| child(services, name));
    let (Some(Value::Branch(base)), true) = (base, depth > 0) else {
        return Err("`extends` is left out: it leads nowhere".to_string());
    };
    let mut all = extended(services, base, depth - 1)?;
    for entry in without(&own, "extends") {
        let Entry::Pair(name, value) = entry else { continue };
        let before = child(&all, &name).cloned();
        all = without(&all, &name);
        all.push(Entry::Pair(name.clone(), over(&name, before, value)));
    }
    Ok(all)
}

/// A value over the one that is taken over: of two maps the pairs, of all else the value itself.
fn over(key: &str, before: Option<Value>, value: Value) -> Value {
    let branch = |value: &Value| match (key, value) {
        (_, Value::Branch(branch)) => Some(merged(branch)),
        ("environment", list) => Some(environment(list)),
        _ => None,
    };
    let (Some(mut all), Some(own)) = (before.as_ref().and_then(branch), branch(&value)) else {
        return value;
    };
    for (name, _) in pairs(&own) {
        all = without(&all, name);
    }
    all.extend(own);
    Value::Branch(all)
}

/// The entrypoint with its arguments, behind the variables that are made of others.
fn command(container: &Branch) -> Option<Toml> {
    let exported = child(container, "environment").map(|value| exported(&environment(value)));
    let exported = exported.unwrap_or_default();
    let is_list = |value: &Value| matches!(value, Value::List(_));
    match (child(container, "entrypoint"), child(container, "command")) {
        (None, None) => None,
        (None, Some(value)) if !is_list(value) => {
            Some(Toml::Text(format!("{exported}{}", plain(&text(value)?))))
        }
        (entrypoint, command) => {
            let words: Vec<String> =
                entrypoint.into_iter().chain(command).flat_map(words).collect();
            line_of(&words, &exported)
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
            ("command" | "entrypoint" | "container_name" | "labels" | "hostname" | "expose", _) => {
            }
            ("image" | "build", _) => {
                imported.tell(name, &format!("`{key}` is left out: its program has to be on PATH"));
            }
            ("environment", value) => {
                let variables = pass_through(&environment(value));
                if !variables.is_empty() {
                    put("env", Toml::Table(variables));
                }
            }
            ("env_file", value) => imported.read_environment(name, value),
            ("depends_on", value) => put("depends_on", conditions(value)),
            ("healthcheck", Value::Branch(check)) if is_off(check) => {}
            ("healthcheck", Value::Branch(check)) => {
                let mut left_out = Vec::new();
                match healthcheck(check, &mut left_out) {
                    Some(ready) => put("ready", ready),
                    None => imported.tell(name, "`healthcheck` is left out"),
                }
                for key in left_out {
                    imported.tell(name, &format!("`healthcheck.{key}` is left out"));
                }
            }
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
            ("restart", value) => put("restart", restart(&text(value).unwrap_or_default())),
            ("stop_signal", value) => {
                stop.push(("signal".to_string(), Toml::text(text(value).unwrap_or_default())));
            }
            ("stop_grace_period", value) => match time(value) {
                Some(time) => stop.push(("timeout".to_string(), time)),
                None => imported.tell(name, "`stop_grace_period` is left out"),
            },
            ("scale", value) => put("replicas", Toml::Number(number(value).unwrap_or(1))),
            ("deploy", Value::Branch(deploy)) => {
                for (key, value) in pairs(deploy) {
                    match (key, number(value)) {
                        ("replicas", Some(count)) => put("replicas", Toml::Number(count)),
                        _ => imported.tell(name, &format!("`deploy.{key}` is left out")),
                    }
                }
            }
            ("profiles", _) => {
                put("auto", Toml::Flag(false));
                imported.tell(name, "`profiles`: it starts when it is named, or needed");
            }
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

fn restart(policy: &str) -> Toml {
    match policy.split_once(':').unwrap_or((policy, "")) {
        ("no" | "false", _) => Toml::text("never"),
        ("on-failure", count) => match count.parse() {
            Ok(count) => Toml::Table(vec![
                ("when".to_string(), Toml::text("on-failure")),
                ("limit".to_string(), Toml::Number(count)),
            ]),
            Err(_) => Toml::text("on-failure"),
        },
        _ => Toml::text("always"),
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

fn is_off(check: &Branch) -> bool {
    let is_none = child(check, "test").is_some_and(|test| texts(test) == ["NONE"]);
    is_none || child(check, "disable").and_then(text).as_deref() == Some("true")
}

fn healthcheck(check: &Branch, left_out: &mut Vec<String>) -> Option<Toml> {
    let words = texts(child(check, "test")?);
    let line = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["CMD-SHELL", line] | [line] => plain(line),
        ["CMD", words @ ..] => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    let mut table = vec![("exec".to_string(), Toml::Text(line))];
    for (key, value) in pairs(check) {
        let (own, value) = match key {
            "test" | "disable" => continue,
            "interval" => ("every", time(value)),
            "timeout" => ("answer_within", time(value)),
            "retries" => ("failures", number(value).map(Toml::Number)),
            _ => ("", None),
        };
        match value {
            Some(value) => table.push((own.to_string(), value)),
            None => left_out.push(key.to_string()),
        }
    }
    Some(Toml::Table(table))
}
