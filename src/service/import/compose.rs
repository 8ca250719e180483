//! A `docker-compose.yml`: the programs of its containers, run without containers.

mod command;
mod extends;
mod hosts;

use super::Imported;
use super::draft::{Draft, names, number, time};
use super::shell::Prelude;
use super::tree::{Map, Node};
use super::variables::Variables;
use super::words::Word;
use super::written::Toml;

/// What is converted with all that is filled in.
const FILLED_IN: [&str; 3] = ["command", "entrypoint", "healthcheck"];

pub fn import(top: &Map, services: &Map) -> Imported {
    let mut imported = Imported::default();
    for (key, _) in top.pairs() {
        if !matches!(key, "version" | "services" | "name") && !key.starts_with("x-") {
            imported.report.push(format!("`{key}` is left out"));
        }
    }
    for (name, node) in services.pairs() {
        let Some(container) = node.map() else { continue };
        let container = extends::extended(services, container).unwrap_or_else(|why| {
            imported.tell(name, &why);
            container.clone().without("extends")
        });
        let mut draft = Draft::default();
        let variables = container.child("environment").map(Variables::new).unwrap_or_default();
        let variables = variables.after(&container.names_in(&FILLED_IN));
        let prelude = Prelude::after(&variables);
        match command::command(&container, &mut draft) {
            Err(why) => imported.tell(name, &format!("left out: {why}")),
            Ok(words) => {
                draft.put("command", prelude.command(&words));
                if let Some(files) = container.child("env_file") {
                    imported.read_environment(&mut draft, files);
                }
                rest(&container, (&variables, &prelude), &mut draft);
                draft.tell_of_odd(&container);
                for (key, host) in hosts::named(&container, services) {
                    draft
                        .tell(format!("`{key}`: no host is called `{host}` here, but `localhost`"));
                }
                imported.take(name, draft);
            }
        }
    }
    imported
}

fn rest(container: &Map, (variables, prelude): (&Variables, &Prelude), draft: &mut Draft) {
    let mut stop = Vec::new();
    for (key, node) in container.pairs() {
        match key {
            _ if *node == Node::Null => {}
            "command" | "entrypoint" | "env_file" | "container_name" | "labels" | "hostname"
            | "expose" => {}
            "image" | "build" => draft.tell(left_out_image(key, container)),
            "environment" => {
                let fixed = variables.fixed();
                if !fixed.is_empty() {
                    draft.put("env", Toml::Table(fixed));
                }
                for name in &variables.left_out {
                    draft.leave_out(&format!("environment.{name}"));
                }
            }
            "depends_on" => depends_on(node, draft),
            "healthcheck" => match node.map() {
                Some(check) if is_off(check) => {}
                Some(check) => healthcheck(check, prelude, draft),
                None => draft.leave_out(key),
            },
            "ports" => ports(node, draft),
            "restart" => {
                if let Some(policy) = draft.read(key, node, restart) {
                    draft.put("restart", policy);
                }
            }
            "stop_signal" => {
                let signal = draft.text(key, node).map(Toml::Text);
                stop.extend(signal.map(|signal| ("signal".to_string(), signal)));
            }
            "stop_grace_period" => {
                let time = draft.read(key, node, time);
                stop.extend(time.map(|time| ("timeout".to_string(), time)));
            }
            "scale" => replicas(key, node, draft),
            "deploy" => match node.map() {
                Some(deploy) => deployed(deploy, draft),
                None => draft.leave_out(key),
            },
            "profiles" => {
                draft.put("auto", Toml::Flag(false));
                draft.tell("`profiles`: it starts when it is named, or needed");
            }
            key => draft.leave_out(key),
        }
    }
    if !draft.has("restart") {
        draft.put("restart", Toml::text("never"));
    }
    if !stop.is_empty() {
        draft.put("stop", Toml::Table(stop));
    }
}

fn left_out_image(key: &str, container: &Map) -> String {
    let entrypoint = match container.child("entrypoint") {
        Some(_) => "",
        None => ", and no entrypoint of it runs",
    };
    format!("`{key}` is left out: its program has to be on PATH{entrypoint}")
}

fn deployed(deploy: &Map, draft: &mut Draft) {
    for (key, node) in deploy.pairs() {
        match key {
            "replicas" => replicas("deploy.replicas", node, draft),
            key => draft.leave_out(&format!("deploy.{key}")),
        }
    }
}

fn replicas(key: &str, node: &Node, draft: &mut Draft) {
    if let Some(count) = draft.read(key, node, number) {
        draft.put("replicas", Toml::Number(count));
    }
}

fn restart(policy: &str) -> Option<Toml> {
    match policy.split_once(':').unwrap_or((policy, "")) {
        ("no" | "false", "") => Some(Toml::text("never")),
        ("always" | "unless-stopped", "") => Some(Toml::text("always")),
        ("on-failure", "") => Some(Toml::text("on-failure")),
        ("on-failure", count) => Some(Toml::Table(vec![
            ("when".to_string(), Toml::text("on-failure")),
            ("limit".to_string(), Toml::Number(count.parse().ok()?)),
        ])),
        _ => None,
    }
}

/// One port that is the same on both ends.
fn ports(node: &Node, draft: &mut Draft) {
    let all: Vec<String> = match node {
        Node::List(items) => items.iter().filter_map(published).collect(),
        node => published(node).into_iter().collect(),
    };
    match all.as_slice() {
        [] => {}
        [one] if port(one).is_some() => {
            draft.put("port", Toml::Number(port(one).unwrap_or_default()));
        }
        all => draft
            .tell(format!("`ports` is left out: {}; it listens where it listens", all.join(", "))),
    }
}

/// As the short form has it: `ADDRESS:PUBLISHED:TARGET/PROTOCOL`.
fn published(node: &Node) -> Option<String> {
    let Some(long) = node.map() else { return Some(node.template()?.written.clone()) };
    let written = |key: &str| Some(long.child(key)?.template()?.written.clone());
    let parts = ["host_ip", "published", "target"].into_iter().filter_map(written);
    let protocol = written("protocol").map(|protocol| format!("/{protocol}"));
    Some(parts.collect::<Vec<_>>().join(":") + &protocol.unwrap_or_default())
}

/// `8080`, or `8080:8080`: where both ends are the same.
fn port(text: &str) -> Option<i64> {
    let text = text.trim_end_matches("/tcp");
    let (outside, inside) = text.rsplit_once(':').unwrap_or((text, text));
    let outside = outside.rsplit(':').next().unwrap_or(outside);
    inside.parse().ok().filter(|_| outside == inside)
}

fn depends_on(node: &Node, draft: &mut Draft) {
    let Some(needs) = node.map() else {
        let started = names(node).into_iter().map(|name| (name, Toml::text("started")));
        return draft.put("depends_on", Toml::Table(started.collect()));
    };
    let mut conditions = Vec::new();
    for (name, how) in needs.pairs() {
        let mut word = "started";
        for (key, node) in how.map().iter().flat_map(|how| how.pairs()) {
            match (key, node.text().as_deref()) {
                ("condition", Some("service_started")) => {}
                ("condition", Some("service_healthy")) => word = "ready",
                ("condition", Some("service_completed_successfully")) => word = "completed",
                (key, _) => draft.leave_out(&format!("depends_on.{name}.{key}")),
            }
        }
        conditions.push((name.to_string(), Toml::text(word)));
    }
    draft.put("depends_on", Toml::Table(conditions));
}

fn is_off(check: &Map) -> bool {
    let is_none = check.child("test").is_some_and(|test| names(test) == ["NONE"]);
    is_none || check.child("disable").is_some_and(Node::is_true)
}

fn healthcheck(check: &Map, prelude: &Prelude, draft: &mut Draft) {
    let test = check.child("test").map(Node::templates).unwrap_or_default();
    let kind = test.first().map(|first| first.written.as_str());
    let line = match (kind, test.as_slice()) {
        (Some("CMD-SHELL"), [_, line]) | (_, [line]) => prelude.script(line),
        (Some("CMD"), [_, words @ ..]) if !words.is_empty() => {
            let words: Vec<Word> = words.iter().cloned().map(Word::whole).collect();
            prelude.program(&words)
        }
        _ => return draft.leave_out("healthcheck"),
    };
    let mut table = vec![("exec".to_string(), Toml::Text(line))];
    for (key, node) in check.pairs() {
        let shown = format!("healthcheck.{key}");
        let (own, value) = match key {
            "test" | "disable" => continue,
            "interval" => ("every", draft.read(&shown, node, time)),
            "timeout" => ("answer_within", draft.read(&shown, node, time)),
            "retries" => ("failures", draft.read(&shown, node, number).map(Toml::Number)),
            _ => {
                draft.leave_out(&shown);
                continue;
            }
        };
        table.extend(value.map(|value| (own.to_string(), value)));
    }
    draft.put("ready", Toml::Table(table));
}
