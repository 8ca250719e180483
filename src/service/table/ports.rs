//! `port` and `ports`, and the ports that checks ask at.

use crate::service::ports::{MAIN, Port};
use crate::service::{Check, PortOf};
use crate::toml::{Table, Value};
use anyhow::Result;
use std::collections::BTreeMap;

/// `port = 8080` is short for a port of that name.
pub fn ports(table: &mut Table) -> Result<BTreeMap<String, Port>> {
    let mut ports = BTreeMap::new();
    if let Some(value) = table.take("port") {
        ports.insert(MAIN.to_string(), port(value)?);
    }
    if let Some(named) = table.table("ports")? {
        for (name, value) in named.into_entries() {
            let is_word = |name: &str| crate::env::is_name(name.replace('-', "_").as_bytes());
            if !is_word(&name) || name == MAIN {
                return Err(value.mistake(&format!("`{name}` cannot be a port's name")));
            }
            ports.insert(name, port(value)?);
        }
    }
    Ok(ports)
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
    if value.is_string() {
        let text = value.string()?;
        let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", &text));
        let is_address = port.starts_with('$') || text.contains(':');
        let port = port_of(port).filter(|_| is_address).ok_or(wrong)?;
        return Ok(Check::Tcp { host: host.trim_matches(['[', ']']).to_string(), port });
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
    let host = host.trim_matches(['[', ']']).to_string();
    Ok(Check::Http { host, port, path: path.to_string() })
}

/// `8080`, or `$PORT`.
fn port_of(text: &str) -> Option<PortOf> {
    if let Some(name) = text.strip_prefix('$') {
        let is_name = crate::env::is_name(name.as_bytes());
        return is_name.then(|| PortOf::Variable(name.to_string()));
    }
    text.parse().ok().filter(|port| *port > 0).map(PortOf::Number)
}
