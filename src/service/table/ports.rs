//! `port`, `ports` and `listen`, and the ports that checks ask at.

use crate::service::ports::{Listen, MAIN, Port};
use crate::service::{Check, PortOf};
use crate::toml::{Table, Value};
use anyhow::Result;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// `port = 8080` is short for a port of that name.
pub fn ports(table: &mut Table) -> Result<BTreeMap<String, Port>> {
    let mut ports = BTreeMap::new();
    if let Some(value) = table.take("port") {
        ports.insert(MAIN.to_string(), port(value)?);
    }
    if let Some(named) = table.table("ports")? {
        for (name, value) in named.into_entries() {
            if !is_word(&name) || name == MAIN {
                return Err(value.key_mistake(&format!("`{name}` cannot be a port's name")));
            }
            ports.insert(name, port(value)?);
        }
    }
    Ok(ports)
}

/// `listen = 8080` is short for a socket called `port`.
pub fn listen(value: Value, dir: &Path) -> Result<BTreeMap<String, Listen>> {
    if !value.is_table() {
        return Ok(BTreeMap::from([(MAIN.to_string(), socket(value, dir)?)]));
    }
    let mut sockets = BTreeMap::new();
    for (name, value) in value.table()?.into_entries() {
        if name.contains(':') || !is_word(&name) {
            return Err(value.key_mistake(&format!("`{name}` cannot be a socket's name")));
        }
        sockets.insert(name, socket(value, dir)?);
    }
    Ok(sockets)
}

/// `8080`, `"auto"`, `"0.0.0.0:8080"`, or a path with a slash.
fn socket(value: Value, dir: &Path) -> Result<Listen> {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if !value.is_string() {
        return Ok(Listen::Tcp(local, port(value)?));
    }
    let wrong =
        value.mistake(&format!("`{}` is neither a port, an address nor a path", value.name));
    let text = value.string()?;
    if text.contains('/') {
        return Ok(Listen::Unix(crate::fs::clean(&dir.join(text))));
    }
    let (host, number) = text.rsplit_once(':').unwrap_or(("127.0.0.1", &text));
    let host = host.trim_matches(['[', ']']).parse().ok();
    let number = match number {
        "auto" => Some(Port::Auto),
        number => number.parse().ok().filter(|number| *number > 0).map(Port::Number),
    };
    match (host, number) {
        (Some(host), Some(number)) => Ok(Listen::Tcp(host, number)),
        _ => Err(wrong),
    }
}

fn is_word(name: &str) -> bool {
    crate::env::is_name(name.replace('-', "_").as_bytes())
}

fn port(value: Value) -> Result<Port> {
    let wrong = value.mistake(&format!("`{}` is neither a port nor `\"auto\"`", value.name));
    if value.is_string() {
        return if value.string()? == "auto" { Ok(Port::Auto) } else { Err(wrong) };
    }
    match u16::try_from(value.number()?) {
        Ok(number @ 1..) => Ok(Port::Number(number)),
        _ => Err(wrong),
    }
}

/// `5432`, `"$PORT"`, or `"host:5432"`.
pub fn tcp(value: Value) -> Result<Check> {
    let wrong = value.mistake(&format!("`{}` is neither a port nor `\"HOST:PORT\"`", value.name));
    let wrong_host = no_host(&value);
    if value.is_string() {
        let text = value.string()?;
        let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", &text));
        let is_address = port.starts_with('$') || text.contains(':');
        let port = port_of(port).filter(|_| is_address).ok_or(wrong)?;
        return Ok(Check::Tcp { host: host_of(host).ok_or(wrong_host)?, port });
    }
    match u16::try_from(value.number()?) {
        Ok(port @ 1..) => {
            Ok(Check::Tcp { host: "localhost".to_string(), port: PortOf::Number(port) })
        }
        _ => Err(wrong),
    }
}

/// `"http://localhost:8080/health"`.
pub fn http(value: Value) -> Result<Check> {
    let wrong = value.mistake(&format!(
        "`{}` is not a URL such as `\"http://localhost:8080/health\"`",
        value.name
    ));
    let wrong_host = no_host(&value);
    let text = value.string()?;
    let parts = text.strip_prefix("http://").map(|rest| match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    });
    let Some((authority, path)) = parts else { return Err(wrong) };
    let is_plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_graphic());
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port_of(port) {
            Some(port) => (host, port),
            None => return Err(wrong),
        },
        _ => (authority, PortOf::Number(80)),
    };
    if host.is_empty() || !is_plain(path) || !is_plain(host) {
        return Err(wrong);
    }
    Ok(Check::Http { host: host_of(host).ok_or(wrong_host)?, port, path: path.to_string() })
}

/// Names are not looked up: that can take any time.
fn host_of(text: &str) -> Option<String> {
    let host = text.trim_matches(['[', ']']);
    (host == "localhost" || host.parse::<IpAddr>().is_ok()).then(|| host.to_string())
}

fn no_host(value: &Value) -> anyhow::Error {
    value.mistake(&format!("the host of `{}` is neither `localhost` nor an address", value.name))
}

/// `8080`, or `$PORT`.
fn port_of(text: &str) -> Option<PortOf> {
    if let Some(name) = text.strip_prefix('$') {
        let is_name = crate::env::is_name(name.as_bytes());
        return is_name.then(|| PortOf::Variable(name.to_string()));
    }
    text.parse().ok().filter(|port| *port > 0).map(PortOf::Number)
}
